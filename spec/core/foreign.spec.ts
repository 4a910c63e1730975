import { NEVER, Observable, of, Subject } from 'rxjs';
import {
  afterFunc,
  background,
  CanceledError,
  contextKey,
  DeadlineExceededError,
  remaining,
  throwIfDone,
  withCancel,
  withCancelOn,
  withDeadline,
  withoutCancel,
  withScheduler,
  withTimeout,
  withValue,
} from '../../lib/index.js';
import type { Context, ContextError } from '../../lib/index.js';
import { listenerCount } from '../../lib/testing/index.js';
import { Clock } from '../helpers/clock.js';
import { mock, wrap } from '../helpers/foreign.js';
import { listen } from '../helpers/listen.js';

describe('a foreign context', () => {
  const user = contextKey<string>('user');
  const retries = contextKey('retries', { default: 3 });

  describe('(that wraps one of ours)', () => {
    it('ends its descendants with its err and its cause', () => {
      const [ctx, cancel] = withCancel(background());
      const [child] = withCancel(wrap(ctx));
      const [grandchild] = withCancel(wrap(child));
      expect(grandchild.err).toBeUndefined();
      cancel('gone');
      expect(grandchild.err).toBe(ctx.err);
      expect(child.err).toBe(ctx.err);
      expect(grandchild.cause).toBe('gone');
    });

    it('tells the listeners below inside cancel', () => {
      const [ctx, cancel] = withCancel(background());
      const [child] = withCancel(wrap(wrap(ctx)));
      const heard = listen(child);
      cancel('gone');
      expect(heard.errs).toEqual([ctx.err!]);
      expect(heard.completed).toBe(1);
    });

    it('does not end with its children', () => {
      const [ctx] = withCancel(background());
      const [child, cancel] = withCancel(wrap(ctx));
      const [sibling] = withCancel(wrap(ctx));
      const heard = listen(sibling);
      cancel('own');
      expect(child.cause).toBe('own');
      expect(ctx.err).toBeUndefined();
      expect(sibling.err).toBeUndefined();
      expect(heard.completed).toBe(0);
    });

    it('hands values and their defaults down', () => {
      const child = withValue(wrap(withValue(background(), user, 'Ann')), contextKey<number>('other'), 1);
      const [grandchild] = withCancel(child);
      for (const ctx of [child, grandchild, withoutCancel(child)]) {
        expect(ctx.value(user)).toBe('Ann');
        expect(ctx.value(retries)).toBe(3);
        expect(ctx.value(contextKey<string>('unknown'))).toBeUndefined();
      }
    });

    it('hands values down that lie between two foreign contexts', () => {
      const upper = wrap(withValue(background(), user, 'Ann'));
      const lower = wrap(withValue(upper, retries, 5));
      const [ctx] = withCancel(lower);
      expect(ctx.value(user)).toBe('Ann');
      expect(ctx.value(retries)).toBe(5);
      expect(withValue(ctx, user, 'Bob').value(user)).toBe('Bob');
    });

    it('hands its deadline down', () => {
      const [ctx] = withDeadline(withScheduler(background(), new Clock()), 10);
      expect(withCancel(wrap(ctx))[0].deadline).toBe(10);
      expect(withValue(wrap(ctx), user, 'Ann').deadline).toBe(10);
      expect(withoutCancel(wrap(ctx)).deadline).toBeUndefined();
    });

    it('lets its deadline hold in synchronous code', () => {
      const clock = new Clock();
      const [ctx] = withTimeout(withScheduler(background(), clock), 10);
      const [child] = withCancel(wrap(ctx));
      const heard = listen(child);
      clock.jump(10);
      expect(child.err).toBeInstanceOf(DeadlineExceededError);
      expect(heard.errs).toEqual([]);
      clock.advance(0);
      expect(heard.errs).toEqual([ctx.err!]);
    });

    it('arms the timer above while somebody below listens', () => {
      const clock = new Clock();
      const [ctx] = withTimeout(withScheduler(background(), clock), 10);
      const [child] = withCancel(wrap(ctx));
      expect(clock.actions.length).toBe(0);
      const heard = listen(child);
      expect(clock.actions.length).toBe(1);
      heard.unsubscribe();
      expect(clock.actions.length).toBe(0);
    });

    it('cannot end when what it wraps cannot', () => {
      const child = withValue(wrap(background()), user, 'Ann');
      expect(child.done$).toBe(NEVER);
      expect(child.err).toBeUndefined();
      expect(child.deadline).toBeUndefined();
    });

    it('may have its members on a class', () => {
      class Request implements Context {
        constructor(private readonly ctx: Context) {}
        get deadline() {
          return this.ctx.deadline;
        }
        get done$() {
          return this.ctx.done$;
        }
        get err() {
          return this.ctx.err;
        }
        get cause() {
          return this.ctx.cause;
        }
        get signal() {
          return this.ctx.signal;
        }
        value: Context['value'] = (key) => this.ctx.value(key);
      }
      const [ctx, cancel] = withCancel(withValue(background(), user, 'Ann'));
      const [child] = withCancel(new Request(ctx));
      expect(child.value(user)).toBe('Ann');
      cancel();
      expect(child.err).toBe(ctx.err);
    });
  });

  describe('(that is a mock)', () => {
    it('is not subscribed to by deriving, reading or looking up', () => {
      const parent = mock(1e15);
      const [child] = withCancel(parent);
      withValue(child, user, 'Ann').value(retries);
      withoutCancel(parent);
      withScheduler(parent, new Clock());
      throwIfDone(child);
      expect(remaining(child)).toBeGreaterThan(0);
      expect(child.err).toBeUndefined();
      expect(child.deadline).toBe(1e15);
      expect(parent.total).toBe(0);
    });

    it('is subscribed to while somebody listens, once for all', () => {
      const parent = mock();
      const [one] = withCancel(parent);
      const [other] = withCancel(parent);
      const [below] = withCancel(other);
      const heard = [listen(one), listen(one), listen(below)];
      expect(parent.open).toBe(1);
      expect(parent.total).toBe(1);
      heard[0]!.unsubscribe();
      heard[1]!.unsubscribe();
      expect(parent.open).toBe(1);
      heard[2]!.unsubscribe();
      expect(parent.open).toBe(0);
      listen(below);
      expect(parent.open).toBe(1);
      expect(parent.total).toBe(2);
    });

    it('is left when the child that listened is canceled', () => {
      const parent = mock();
      const [child, cancel] = withCancel(parent);
      const heard = listen(child);
      cancel();
      expect(heard.completed).toBe(1);
      expect(parent.open).toBe(0);
    });

    it('ends those who listen when it speaks, and they leave', () => {
      const parent = mock();
      const [child] = withCancel(parent);
      const [below] = withCancel(child);
      const heard = { child: listen(child), below: listen(below) };
      const err = new CanceledError('why');
      parent.end(err, 'why');
      expect(heard.child.errs).toEqual([err]);
      expect(heard.below.errs).toEqual([err]);
      expect(below.err).toBe(err);
      expect(below.cause).toBe('why');
      expect(parent.open).toBe(0);
    });

    it('is believed when its err says so, before it speaks', () => {
      const parent = mock();
      const [child] = withCancel(parent);
      const heard = listen(child);
      const err = new DeadlineExceededError();
      parent.set(err, 'why');
      expect(child.err).toBe(err);
      expect(child.cause).toBe('why');
      expect(heard.errs).toEqual([]);
      parent.end(err, 'why');
      expect(heard.errs).toEqual([err]);
      expect(heard.completed).toBe(1);
    });

    it('is believed for good: err does not change when its err does', () => {
      const parent = mock();
      const [child] = withCancel(parent);
      const err = new CanceledError();
      parent.set(err);
      expect(child.err).toBe(err);
      parent.set(new DeadlineExceededError());
      expect(child.err).toBe(err);
    });

    it('that is done ends what is derived from it at once', () => {
      const parent = mock();
      const err = new CanceledError();
      parent.end(err, 'why');
      const [child, cancel] = withCancel(parent);
      const [timed] = withTimeout(parent, 1000);
      cancel('own');
      for (const ctx of [child, timed, withValue(parent, user, 'Ann')]) {
        expect(ctx.err).toBe(err);
        expect(ctx.cause).toBe('why');
      }
      expect(listen(child).errs).toEqual([err]);
      expect(parent.open).toBe(0);
    });

    it('that speaks while it is subscribed to ends its listeners at once', () => {
      const err = new CanceledError();
      const parent: Context = { ...mock(), done$: of<ContextError>(err), err: undefined };
      let asked = 0;
      // It ends between two looks: not yet when the child is derived, but by the time somebody listens.
      const [child] = withCancel(Object.defineProperty(parent, 'err', { get: () => (asked++ > 2 ? err : undefined) }));
      const heard = listen(child);
      expect(heard.errs).toEqual([err]);
      expect(heard.completed).toBe(1);
      expect(child.err).toBe(err);
    });

    it('keeps the end of a child that was canceled first', () => {
      const parent = mock();
      const [child, cancel] = withCancel(parent);
      cancel('own');
      parent.end(new CanceledError(), 'from above');
      expect(child.cause).toBe('own');
    });

    it('may have a Subject as its done$', () => {
      const done$ = new Subject<ContextError>();
      const parent: Context & { err: ContextError | undefined } = { ...mock(), done$, err: undefined };
      const [child] = withCancel(parent);
      expect(done$.observed).toBeFalse();
      const heard = listen(child);
      expect(done$.observed).toBeTrue();
      parent.err = new CanceledError();
      done$.next(parent.err);
      expect(heard.errs).toEqual([parent.err]);
      expect(done$.observed).toBeFalse();
    });

    it('shares its done$ with a value context', () => {
      const parent = mock();
      expect(withValue(parent, user, 'Ann').done$).toBe(parent.done$);
      expect(withValue(withValue(parent, user, 'Ann'), retries, 1).done$).toBe(parent.done$);
      expect(withCancel(parent)[0].done$).not.toBe(parent.done$);
    });

    it('is asked for values that are not below it, and a default stands in where it knows none', () => {
      const asked: unknown[] = [];
      const parent: Context = {
        ...mock(),
        value: (key) => {
          asked.push(key);
          return (key === (user as unknown) ? 'Ann' : undefined) as never;
        },
      };
      const [ctx] = withCancel(withValue(parent, retries, 5));
      asked.length = 0; // deriving may look around
      expect(ctx.value(user)).toBe('Ann');
      expect(ctx.value(retries)).toBe(5);
      expect(asked).toEqual([user]);
      expect(withCancel(parent)[0].value(retries)).toBe(3);
    });

    it('has its own this when it is asked', () => {
      const parent: Context = {
        ...mock(),
        value(this: unknown) {
          expect(this).toBe(parent);
          return undefined as never;
        },
      };
      expect(withCancel(parent)[0].value(user)).toBeUndefined();
    });

    it('gives its deadline to those below, and the earlier one counts', () => {
      const parent = mock(10);
      const root = withScheduler(parent, new Clock());
      expect(withCancel(parent)[0].deadline).toBe(10);
      expect(withDeadline(root, 20)[0].deadline).toBe(10);
      expect(withDeadline(root, 10)[0].deadline).toBe(10);
      expect(withDeadline(root, 5)[0].deadline).toBe(5);
      expect(withDeadline(withoutCancel(root), 20)[0].deadline).toBe(20);
    });

    it('decides itself when its deadline has passed: we arm no timer for it', () => {
      const clock = new Clock();
      const parent = mock(10);
      const [child] = withCancel(withScheduler(parent, clock));
      const heard = listen(child);
      expect(clock.actions.length).toBe(0);
      clock.advance(20);
      expect(child.err).toBeUndefined();
      const err = new DeadlineExceededError();
      parent.end(err);
      expect(heard.errs).toEqual([err]);
    });

    it('with a later deadline leaves the earlier one below to us', () => {
      const clock = new Clock();
      const parent = mock(100);
      const [child] = withDeadline(withScheduler(parent, clock), 10, { cause: 'late' });
      const heard = listen(child);
      clock.advance(10);
      expect(heard.errs).toEqual([jasmine.any(DeadlineExceededError)]);
      expect(child.cause).toBe('late');
      expect(parent.open).toBe(0);
      expect(clock.actions.length).toBe(0);
    });

    it('that ends after an own deadline below it has passed unnoticed came second', () => {
      const clock = new Clock();
      const parent = mock();
      const [child] = withDeadline(withScheduler(parent, clock), 10, { cause: 'late' });
      clock.advance(15);
      parent.end(new CanceledError(), 'gone');
      expect(child.cause).toBe('late');
      expect(child.err).toBeInstanceOf(DeadlineExceededError);
    });

    it('keeps no timer for a deadline below it that has been seen to pass', () => {
      const clock = new Clock();
      const [child] = withDeadline(withScheduler(mock(), clock), 10);
      clock.jump(15);
      expect(child.err).toBeInstanceOf(DeadlineExceededError);
      expect(clock.actions.length).toBe(0);
    });

    it('keeps no timer for a deadline below it when that child is canceled', () => {
      const clock = new Clock();
      const parent = mock();
      const [child, cancel] = withDeadline(withScheduler(parent, clock), 10);
      listen(child).unsubscribe();
      expect(parent.open).toBe(0);
      cancel();
      expect(clock.actions.length).toBe(0);
    });

    for (const [seen, cause] of [
      [true, 'gone'],
      [false, 'late'],
    ] as const) {
      it(`that is canceled before an own deadline below it ends when it is first seen: ${cause}`, () => {
        const clock = new Clock();
        const parent = mock();
        const root = withScheduler(parent, clock);
        const [child] = withDeadline(root, 10, { cause: 'late' });
        clock.advance(5);
        parent.end(new CanceledError(), 'gone');
        if (seen) expect(root.err).toBe(parent.err);
        clock.advance(15);
        expect(child.cause).toBe(cause);
      });
    }

    it('may have a signal and no done$, as contexts have that know no observables', () => {
      const controller = new AbortController();
      const state: { err?: CanceledError } = {};
      const parent = {
        deadline: undefined,
        get err() {
          return state.err;
        },
        cause: 'gone',
        signal: controller.signal,
        value: () => undefined,
      } as never;
      const [child] = withCancel(parent);
      const heard = listen(child);
      listen(child).unsubscribe();
      state.err = new CanceledError('gone');
      controller.abort(state.err);
      expect(heard.errs).toEqual([state.err]);
      expect(() => withCancel({ value: () => undefined } as never)).toThrowError(TypeError, /parent must be a Context/);
    });

    it('whose deadline cannot be read ended when it is first seen', () => {
      const parent: Context = {
        ...mock(),
        err: new DeadlineExceededError(),
        get deadline(): number {
          throw new Error('no deadline');
        },
      };
      const root = withScheduler(background(), new Clock());
      expect(withCancelOn(root, NEVER)[0].err).toBeUndefined();
      expect(() => withCancel(parent)[0].err).not.toThrow();
      expect(withCancel(parent)[0].err).toBe(parent.err);
    });

    it('that ran into its own deadline ended then, whenever it is first seen', () => {
      const clock = new Clock();
      const parent = mock(8);
      const root = withScheduler(parent, clock);
      const [early] = withDeadline(root, 7, { cause: 'mine' });
      const [plain] = withDeadline(root, 9, { cause: 'mine' });
      clock.advance(15);
      parent.set(new DeadlineExceededError(), 'theirs');
      expect(early.cause).toBe('mine');
      expect(plain.cause).toBe('theirs');
      expect(root.cause).toBe('theirs');
    });

    it('keeps its listeners apart: one that leaves inside another is not called', () => {
      const parent = mock();
      const [one] = withCancel(parent);
      const [other] = withCancel(parent);
      const order: string[] = [];
      one.done$.subscribe(() => {
        order.push('one');
        leaves.unsubscribe();
      });
      const leaves = other.done$.subscribe(() => order.push('other'));
      parent.end(new CanceledError());
      expect(order).toEqual(['one']);
      expect(parent.open).toBe(0);
    });
  });

  it('that is a proxy of one of ours is followed', () => {
    const [ctx, cancel] = withCancel(withValue(background(), user, 'Ann'));
    const handler: ProxyHandler<Context> = {
      get: (target, property) => {
        const member: unknown = Reflect.get(target, property, target);
        return typeof member === 'function' ? (member.bind(target) as unknown) : member;
      },
    };
    const [child] = withCancel(new Proxy(ctx, handler));
    const heard = listen(child);
    let fired = 0;
    afterFunc(child, () => fired++);
    expect(child.value(user)).toBe('Ann');
    cancel('gone');
    expect(child.err).toBe(ctx.err);
    expect(heard.completed).toBe(1);
    expect(fired).toBe(1);
  });

  for (const [name, around] of Object.entries({
    'is a proxy of one of ours without traps': (ctx: Context): Context => new Proxy(ctx, {}),
    'has one of ours as its prototype': (ctx: Context): Context => Object.create(ctx) as Context,
  })) {
    it(`that ${name} works as that does`, () => {
      const [ctx, cancel] = withTimeout(withValue(withScheduler(background(), new Clock()), user, 'Ann'), 10);
      const wrapped = around(ctx);
      const children = [withCancel(wrapped)[0], withTimeout(wrapped, 5)[0], withCancelOn(background(), wrapped)[0]];
      const heard = [wrapped, ...children].map(listen);
      expect(wrapped.deadline).toBe(ctx.deadline);
      expect(wrapped.value(user)).toBe('Ann');
      expect(wrapped.err).toBeUndefined();
      cancel('gone');
      for (const { errs } of heard) expect(errs.length).toBe(1);
      expect(wrapped.err).toBe(ctx.err);
      expect(wrapped.cause).toBe('gone');
      expect(wrapped.signal).toBe(ctx.signal);
      expect(String(wrapped)).toBe(String(ctx));
      expect(listenerCount(wrapped)).toBe(0);
    });
  }

  it('is followed through observables that are not of this RxJS, as long as they subscribe', () => {
    const listeners = new Set<(err: ContextError) => void>();
    const done$ = new Observable<ContextError>((subscriber) => {
      const hear = (err: ContextError) => {
        subscriber.next(err);
        subscriber.complete();
      };
      listeners.add(hear);
      return () => listeners.delete(hear);
    });
    const parent: Context & { err: ContextError | undefined } = { ...mock(), done$, err: undefined };
    const heard = listen(withCancel(parent)[0]);
    expect(listeners.size).toBe(1);
    parent.err = new CanceledError();
    for (const hear of listeners) hear(parent.err);
    expect(heard.errs).toEqual([parent.err]);
    expect(listeners.size).toBe(0);
  });
});
