import { BehaviorSubject, EMPTY, NEVER, Observable, of, ReplaySubject, Subject, throwError } from 'rxjs';
import {
  afterFunc,
  background,
  CanceledError,
  contextKey,
  DeadlineExceededError,
  remaining,
  throwOnCtx,
  todo,
  withCancel,
  withCancelOn,
  withDeadline,
  withoutCancel,
  withScheduler,
  withTimeout,
  withValue,
} from '../../lib/index.js';
import type { CancelFunc, Context, ContextError } from '../../lib/index.js';
import { listenerCount } from '../../lib/testing/index.js';
import { Clock } from '../helpers/clock.js';
import { mock, wrap } from '../helpers/foreign.js';
import { listen } from '../helpers/listen.js';
import { canceled, run } from '../helpers/operators.js';
import { Random } from '../helpers/random.js';
import { expectNotifyOrder } from '../helpers/expectNotifyOrder.js';
import { macrotask, takeUnhandledErrors } from '../support/unhandled-errors.js';

/** A signal that counts its abort listeners. */
function watchedSignal(): {
  controller: AbortController;
  signal: AbortSignal;
  count: () => number;
  total: () => number;
} {
  const controller = new AbortController();
  const { signal } = controller;
  const listeners = new Set<readonly [type: string, listener: unknown]>();
  let total = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (type: string, listener: EventListenerOrEventListenerObject) => {
    listeners.add([type, listener]);
    total++;
    add(type, listener);
  };
  signal.removeEventListener = (type: string, listener: EventListenerOrEventListenerObject) => {
    for (const entry of listeners) if (entry[0] === type && entry[1] === listener) listeners.delete(entry);
    remove(type, listener);
  };
  return { controller, signal, count: () => listeners.size, total: () => total };
}

/** As a user prints it: `Context` does not say that it can be. */
const printed = (ctx: unknown) => String(ctx);

/** An open context whose leaks show in `listenerCount`. */
function open(): [ctx: Context, cancel: CancelFunc] {
  return withCancel(background());
}

describe('withCancelOn', () => {
  describe('(an observable)', () => {
    it('cancels with its first value as the cause', () => {
      run((t) => {
        const source = t.cold('---x--y--|');
        const parent = t.ctx(' ----------');
        const ends = '         ---c';
        const subs = '         ^--!';

        t.expectCtx(withCancelOn(parent, source)[0]).toBe(ends, { c: 'x' });
        t.expectSubscriptions(source.subscriptions).toBe(subs);
        t.expectCtx(parent).toBe('----------');
      });
    });

    it('cancels with its error as the cause', () => {
      run((t) => {
        const gone = new Error('gone');
        const source = t.cold('---#', undefined, gone);
        const ends = '         ---c';
        const subs = '         ^--!';

        t.expectCtx(withCancelOn(background(), source)[0]).toBe(ends, { c: gone });
        t.expectSubscriptions(source.subscriptions).toBe(subs);
      });
    });

    it('does nothing when it completes without a value, and keeps no subscription', () => {
      run((t) => {
        const source = t.cold('---|');
        const parent = t.ctx(' --------c', { c: 'late' });
        const ends = '         --------c';
        const subs = '         ^--!';

        t.expectCtx(withCancelOn(parent, source)[0]).toBe(ends, { c: 'late' });
        t.expectSubscriptions(source.subscriptions).toBe(subs);
      });
    });

    it('is unsubscribed when the context is canceled', () => {
      run((t) => {
        const source = t.cold('-----x');
        const own$ = t.cold('  ---x');
        const ends = '         ---c';
        const subs = '         ^--!';

        const [child, cancel] = withCancelOn(background(), source);
        own$.subscribe(() => cancel('own'));
        t.expectCtx(child).toBe(ends, { c: 'own' });
        t.expectSubscriptions(source.subscriptions).toBe(subs);
      });
    });

    it('is unsubscribed when the parent is canceled', () => {
      run((t) => {
        const source = t.cold('-----x');
        const parent = t.ctx(' ---c', { c: 'gone' });
        const ends = '         ---c';
        const subs = '         ^--!';

        t.expectCtx(withCancelOn(parent, source)[0]).toBe(ends, { c: 'gone' });
        t.expectSubscriptions(source.subscriptions).toBe(subs);
      });
    });

    it('is unsubscribed when the deadline of the parent passes', () => {
      run((t) => {
        const source = t.cold('-----x');
        const parent = t.ctx(' ---d', { d: 'late' });
        const ends = '         ---d';
        const subs = '         ^--!';

        t.expectCtx(withCancelOn(parent, source)[0]).toBe(ends, { d: 'late' });
        t.expectSubscriptions(source.subscriptions).toBe(subs);
      });
    });

    it('is not subscribed when the parent is done', () => {
      run((t) => {
        const source = t.cold('-x');
        const done = t.ctx('   d');

        for (const parent of [done, wrap(done), withValue(done, contextKey<string>('user'), 'Ann')]) {
          const [child] = withCancelOn(parent, source);
          expect(child.err).toBe(done.err);
          t.expectCtx(child).toBe('d');
        }
        t.expectSubscriptions(source.subscriptions).toBe([]);
      });
    });

    it('is subscribed at the call, once, though nobody listens to the context', () => {
      run((t) => {
        const source = t.cold('---x');
        const subs = '         ^--!';

        const [child] = withCancelOn(background(), source);
        t.expectSubscriptions(source.subscriptions).toBe(subs);
        t.flush();
        expect(child.cause).toBe('x');
      });
    });

    it('may speak at once', () => {
      const gone = new Error('gone');
      const replay = new ReplaySubject<string>(2);
      replay.next('first');
      replay.next('second');
      expect(withCancelOn(background(), of('x', 'y'))[0].cause).toBe('x');
      expect(
        withCancelOn(
          background(),
          throwError(() => gone),
        )[0].cause,
      ).toBe(gone);
      expect(withCancelOn(background(), replay)[0].cause).toBe('first');
      expect(withCancelOn(background(), new BehaviorSubject('now'))[0].cause).toBe('now');
      expect(withCancelOn(background(), EMPTY)[0].err).toBeUndefined();
    });

    it('may be synchronous and without an end: it is stopped within its first value', () => {
      let emitted = 0;
      let torn = 0;
      const endless = new Observable<number>((subscriber) => {
        subscriber.add(() => torn++);
        while (!subscriber.closed && emitted < 1_000) subscriber.next(emitted++);
      });
      const [child] = withCancelOn(background(), endless);
      expect(child.cause).toBe(0);
      expect(emitted).toBe(1);
      expect(torn).toBe(1);
    });

    it('may be synchronous and end the parent: it is stopped there', () => {
      const [parent, cancel] = open();
      let steps = 0;
      let torn = 0;
      const silent = new Observable<never>((subscriber) => {
        subscriber.add(() => torn++);
        for (; !subscriber.closed && steps < 1_000; steps++) {
          if (steps === 3) cancel('gone');
        }
      });
      const [child] = withCancelOn(parent, silent);
      expect(child.cause).toBe('gone');
      expect(steps).toBe(4);
      expect(torn).toBe(1);
      expect(listenerCount(parent)).toBe(0);
    });

    it('that emits undefined gives no cause, and anything else is one', () => {
      const [none] = withCancelOn(background(), of(undefined));
      expect(none.err).toBeInstanceOf(CanceledError);
      expect(none.cause).toBe(none.err);
      expect('cause' in none.err!).toBeFalse();
      for (const cause of [null, 0, '', false]) expect(withCancelOn(background(), of(cause))[0].cause).toBe(cause);
    });

    it('does not make its error the err of the context', () => {
      const gone = new Error('gone');
      const [child] = withCancelOn(
        background(),
        throwError(() => gone),
      );
      expect(child.err).toBeInstanceOf(CanceledError);
      expect(child.err!.cause).toBe(gone);
    });

    it('ends the context inside its next, with err set on everything below', () => {
      const source = new Subject<string>();
      const [child] = withCancelOn(background(), source);
      const [below] = withCancel(child);
      const seen: unknown[] = [];
      afterFunc(child, () => seen.push('child', below.err === child.err));
      afterFunc(below, () => seen.push('below', below.cause));
      source.next('x');
      expect(seen).toEqual(['child', true, 'below', 'x']);
    });

    it('is let go before the first listener of the context is called', () => {
      const source = new Subject<string>();
      const [child, cancel] = withCancelOn(background(), source);
      const observed: boolean[] = [];
      afterFunc(child, () => observed.push(source.observed));
      expect(source.observed).toBeTrue();
      cancel();
      expect(observed).toEqual([false]);
    });

    it('may speak again from inside a listener of the context', () => {
      const source = new Subject<string>();
      const [child] = withCancelOn(background(), source);
      const heard = listen(child);
      afterFunc(child, () => {
        source.next('second');
        source.error(new Error('third'));
      });
      source.next('first');
      expect(child.cause).toBe('first');
      expect(heard.errs).toEqual([child.err!]);
    });

    it('may be what the context itself tells', () => {
      const source = new Subject<unknown>();
      const [child, cancel] = withCancelOn(background(), source);
      child.done$.subscribe(source);
      cancel('own');
      expect(child.cause).toBe('own');
      expect(source.observed).toBeFalse();
    });

    it('may cancel the context by its own hand while it speaks', () => {
      const source = new Subject<string>();
      const cancels: CancelFunc[] = [];
      source.subscribe(() => {
        for (const cancel of cancels) cancel('own');
      });
      const [child, cancel] = withCancelOn(background(), source);
      cancels.push(cancel);
      source.next('x');
      expect(child.cause).toBe('own');
      expect(listenerCount(child)).toBe(0);
    });

    it('that throws when it is unsubscribed is reported, and stops nobody', async () => {
      const broken = new Error('broken');
      const source = new Observable(() => () => {
        throw broken;
      });
      const [child, cancel] = withCancelOn(background(), source);
      const heard = listen(child);
      expect(() => cancel('own')).not.toThrow();
      expect(heard.errs).toEqual([child.err!]);
      await macrotask();
      const [unhandled, ...others] = takeUnhandledErrors() as { errors: unknown[] }[];
      expect(unhandled!.errors).toEqual([broken]);
      expect(others).toEqual([]);
    });

    it('leaves nothing on the parent, however it ends', () => {
      const ends: [name: string, end: (source: Subject<string>, cancel: CancelFunc) => void][] = [
        ['a value', (source) => source.next('x')],
        ['an error', (source) => source.error(new Error('x'))],
        ['its completion', (source) => source.complete()],
        ['cancel', (_, cancel) => cancel()],
      ];
      for (const [name, end] of ends) {
        const [parent] = open();
        const source = new Subject<string>();
        const [child, cancel] = withCancelOn(parent, source);
        expect(source.observed).toBeTrue();
        end(source, cancel);
        expect(source.observed).withContext(name).toBeFalse();
        expect(listenerCount(parent)).withContext(name).toBe(0);
        expect(listenerCount(child)).withContext(name).toBe(0);
      }
    });

    it('works under a foreign parent, and leaves no subscription on it', () => {
      const parent = mock();
      const source = new Subject<string>();
      const [first] = withCancelOn(parent, source);
      const [second, cancel] = withCancelOn(parent, source);
      const [third] = withCancelOn(parent, NEVER);
      expect(parent.open).toBe(1);
      cancel('own');
      expect(second.cause).toBe('own');
      source.next('x');
      expect(first.cause).toBe('x');
      expect(parent.open).toBe(1);
      parent.end(new CanceledError('gone'), 'gone');
      expect(third.cause).toBe('gone');
      expect(parent.open).toBe(0);
    });
  });

  describe('(a promise)', () => {
    it('cancels with what it is resolved with', async () => {
      const [child] = withCancelOn(background(), Promise.resolve('x'));
      expect(child.err).toBeUndefined();
      await macrotask();
      expect(child.cause).toBe('x');
      expect(child.err).toBeInstanceOf(CanceledError);
    });

    it('cancels with what it is rejected with', async () => {
      const gone = new Error('gone');
      const [child] = withCancelOn(background(), Promise.reject(gone));
      await macrotask();
      expect(child.cause).toBe(gone);
    });

    it('of nothing cancels without a cause', async () => {
      const [child] = withCancelOn(background(), Promise.resolve());
      await macrotask();
      expect(child.err).toBeInstanceOf(CanceledError);
      expect(child.cause).toBe(child.err);
    });

    it('is not heard any more once the context is done, and its rejection is not unhandled', async () => {
      const [parent] = open();
      let settle!: (error: unknown) => void;
      const late = new Promise((_, reject) => (settle = reject));
      const [child, cancel] = withCancelOn(parent, late);
      cancel('own');
      settle(new Error('late'));
      await macrotask();
      expect(child.cause).toBe('own');
      expect(listenerCount(parent)).toBe(0);
    });
  });

  describe('(an iterable)', () => {
    it('cancels with the first of its values, at once', () => {
      expect(withCancelOn(background(), ['x', 'y'])[0].cause).toBe('x');
      expect(withCancelOn(background(), new Set(['x', 'y']))[0].cause).toBe('x');
      expect(withCancelOn(background(), 'xy')[0].cause).toBe('x');
    });

    it('does nothing when it is empty', () => {
      const [parent] = open();
      expect(withCancelOn(parent, [])[0].err).toBeUndefined();
      expect(listenerCount(parent)).toBe(0);
    });

    it('may be without an end: one value is taken, and the generator is closed', () => {
      const log: string[] = [];
      function* endless() {
        try {
          for (let i = 0; i < 1_000; i++) {
            log.push(`yield ${i}`);
            yield i;
          }
        } finally {
          log.push('finally');
        }
      }
      const [child] = withCancelOn(background(), endless());
      expect(child.cause).toBe(0);
      expect(log).toEqual(['yield 0', 'finally']);
    });

    it('that throws cancels with what it throws', () => {
      const gone = new Error('gone');
      // eslint-disable-next-line require-yield -- what the spec is about
      function* broken(): Generator<never> {
        throw gone;
      }
      expect(withCancelOn(background(), broken())[0].cause).toBe(gone);
    });

    it('is not begun when the parent is done', () => {
      const [parent, cancel] = open();
      cancel('gone');
      let begun = false;
      function* values() {
        begun = true;
        yield 1;
      }
      const [child] = withCancelOn(parent, values());
      expect(child.cause).toBe('gone');
      expect(begun).toBeFalse();
    });
  });

  describe('(an async iterable)', () => {
    it('cancels with its first value, and is closed', async () => {
      const log: string[] = [];
      async function* values() {
        try {
          await Promise.resolve();
          yield 'x';
          log.push('went on');
        } finally {
          log.push('finally');
        }
      }
      const [child] = withCancelOn(background(), values());
      expect(child.err).toBeUndefined();
      await macrotask();
      expect(child.cause).toBe('x');
      expect(log).toEqual(['finally']);
    });

    it('that throws cancels with what it throws', async () => {
      const gone = new Error('gone');
      // eslint-disable-next-line require-yield -- what the spec is about
      async function* broken(): AsyncGenerator<never> {
        await Promise.resolve();
        throw gone;
      }
      const [child] = withCancelOn(background(), broken());
      await macrotask();
      expect(child.cause).toBe(gone);
    });

    it('does nothing when it ends without a value', async () => {
      const [parent] = open();
      const [child] = withCancelOn(
        parent,
        (async function* (): AsyncGenerator<never> {
          await Promise.resolve();
          yield* [];
        })(),
      );
      expect(listenerCount(parent)).toBe(1);
      await macrotask();
      expect(child.err).toBeUndefined();
      expect(listenerCount(parent)).toBe(0);
    });

    it('is closed with its next value when the context is done before', async () => {
      const [parent] = open();
      let next!: () => void;
      const gate = new Promise<void>((resolve) => (next = resolve));
      const log: string[] = [];
      async function* values() {
        try {
          await gate;
          yield 'late';
          log.push('went on');
        } finally {
          log.push('finally');
        }
      }
      const [child, cancel] = withCancelOn(parent, values());
      cancel('own');
      expect(listenerCount(parent)).toBe(0);
      next();
      await macrotask();
      expect(child.cause).toBe('own');
      expect(log).toEqual(['finally']);
    });

    it('may be a ReadableStream', async () => {
      const stream = new ReadableStream<string>({
        start(controller) {
          controller.enqueue('x');
        },
      });
      const [child] = withCancelOn(background(), stream);
      await macrotask();
      expect(child.cause).toBe('x');
    });
  });

  describe('(an AbortSignal)', () => {
    it('cancels with its reason as the cause, inside abort', () => {
      const controller = new AbortController();
      const [child] = withCancelOn(background(), controller.signal);
      const heard = listen(child);
      expect(child.err).toBeUndefined();
      controller.abort('client gone');
      expect(child.cause).toBe('client gone');
      expect(child.err).toBeInstanceOf(CanceledError);
      expect(child.err!.cause).toBe('client gone');
      expect(heard.errs).toEqual([child.err!]);
    });

    it('cancels with the reason that the platform gives when there is none', () => {
      const controller = new AbortController();
      const [child] = withCancelOn(background(), controller.signal);
      controller.abort();
      expect(child.cause).toBe(controller.signal.reason);
      expect((child.cause as Error).name).toBe('AbortError');
      expect(child.err).toBeInstanceOf(CanceledError);
    });

    it('ends it as its reason says: past a deadline for a TimeoutError, else canceled', () => {
      for (const [reason, ErrorClass] of [
        [new DOMException('The operation timed out.', 'TimeoutError'), DeadlineExceededError],
        [new DeadlineExceededError(), DeadlineExceededError],
        [new CanceledError('other'), CanceledError],
        ['TimeoutError', CanceledError],
        [null, CanceledError],
      ] as const) {
        const controller = new AbortController();
        const [early] = withCancelOn(background(), controller.signal);
        controller.abort(reason);
        const [late] = withCancelOn(background(), controller.signal);
        for (const { err, cause } of [early, late]) {
          expect(err).toBeInstanceOf(ErrorClass);
          expect(err).not.toBe(reason as CanceledError);
          expect(cause).toBe(reason);
        }
      }
    });

    it('ends the context at once when it is aborted already, and carries no listener', () => {
      const { controller, signal, total } = watchedSignal();
      controller.abort('gone');
      const [parent] = open();
      const [child] = withCancelOn(parent, signal);
      expect(child.cause).toBe('gone');
      expect(child.signal.aborted).toBeTrue();
      expect(total()).toBe(0);
      expect(listenerCount(parent)).toBe(0);
    });

    it('carries no listener when the parent is done', () => {
      const { signal, total } = watchedSignal();
      const [parent, cancel] = open();
      cancel('gone');
      expect(withCancelOn(parent, signal)[0].cause).toBe('gone');
      expect(total()).toBe(0);
    });

    it('carries one listener however many contexts follow it, and none once all are done, in whatever order', () => {
      const orders: Record<string, (cancels: CancelFunc[]) => CancelFunc[]> = {
        'first to last': (cancels) => cancels,
        'last to first': (cancels) => cancels.reverse(),
        shuffled: (cancels) => {
          const random = new Random(7);
          const left = [...cancels];
          return cancels.map(() => left.splice(random.below(left.length), 1)[0]!);
        },
      };
      for (const [name, order] of Object.entries(orders)) {
        const { signal, count, total } = watchedSignal();
        const parents = [background(), open()[0], withTimeout(background(), 1_000_000)[0], mock()];
        const cancels = Array.from({ length: 1_000 }, (_, i) => withCancelOn(parents[i % 4]!, signal)[1]);
        expect(count()).withContext(name).toBe(1);
        const [last, ...others] = order(cancels).reverse();
        for (const cancel of others.reverse()) {
          cancel();
          expect(count()).withContext(name).toBe(1);
        }
        last!();
        expect(count()).withContext(name).toBe(0);
        expect(total()).withContext(name).toBe(1);
        for (const parent of parents) expect(listenerCount(parent)).withContext(name).toBe(0);
      }
    });

    it('ends all who follow it, in the order in which they came, and carries no listener then', () => {
      const { controller, signal, count } = watchedSignal();
      const ended: number[] = [];
      const contexts = Array.from({ length: 1_000 }, (_, i) => {
        const [child] = withCancelOn(i % 2 ? background() : open()[0], signal);
        afterFunc(child, () => ended.push(i));
        return child;
      });
      controller.abort('gone');
      expect(ended).toEqual(Array.from({ length: 1_000 }, (_, i) => i));
      expect(contexts.every(({ cause }) => cause === 'gone')).toBeTrue();
      expect(count()).toBe(0);
    });

    it('carries a listener again when it is followed again', () => {
      const { controller, signal, count, total } = watchedSignal();
      withCancelOn(background(), signal)[1]();
      expect(count()).toBe(0);
      const [child] = withCancelOn(background(), signal);
      expect(count()).toBe(1);
      expect(total()).toBe(2);
      controller.abort('gone');
      expect(child.cause).toBe('gone');
      expect(count()).toBe(0);
    });

    it('is let go when the parent is canceled or its deadline passes', () => {
      const clock = new Clock();
      const [root, cancel] = withCancel(withScheduler(background(), clock));
      const { signal, count } = watchedSignal();
      const [limited] = withCancelOn(withTimeout(root, 10)[0], signal);
      const [other] = withCancelOn(root, signal);
      clock.advance(10);
      expect(limited.err).toBeInstanceOf(DeadlineExceededError);
      expect(count()).toBe(1);
      cancel('gone');
      expect(other.cause).toBe('gone');
      expect(count()).toBe(0);
    });

    it('may be followed from inside its own abort event, before and after ours', () => {
      const controller = new AbortController();
      const { signal } = controller;
      const seen: unknown[] = [];
      const follow = () => seen.push(withCancelOn(background(), signal)[0].cause);
      signal.addEventListener('abort', follow);
      const [child] = withCancelOn(background(), signal);
      const heard = listen(child);
      signal.addEventListener('abort', follow, { once: true, capture: true });
      controller.abort('gone');
      expect(seen).toEqual(['gone', 'gone']);
      expect(heard.errs).toEqual([child.err!]);
    });

    it('may be aborted from inside a listener of the context', () => {
      const { controller, signal, count } = watchedSignal();
      const [child, cancel] = withCancelOn(background(), signal);
      const [other] = withCancelOn(background(), signal);
      afterFunc(child, () => controller.abort('second'));
      cancel('first');
      expect(child.cause).toBe('first');
      expect(other.cause).toBe('second');
      expect(count()).toBe(0);
    });

    it('may be that of the parent: the context ends with the parent', () => {
      const [parent, cancel] = open();
      const [child] = withCancelOn(parent, parent.signal);
      const heard = listen(child);
      cancel('gone');
      expect(child.err).toBe(parent.err);
      expect(child.cause).toBe('gone');
      expect(heard.errs).toEqual([parent.err!]);
      expect(listenerCount(parent)).toBe(0);
    });

    it('may be that of another context: the err of that is the cause', () => {
      const [other, cancel] = open();
      const [child] = withCancelOn(background(), other.signal);
      cancel('gone');
      expect(child.cause).toBe(other.err);
      expect(child.err).toBeInstanceOf(CanceledError);
      expect(child.err).not.toBe(other.err);
    });

    it('may be combined: AbortSignal.any', () => {
      const first = new AbortController();
      const second = new AbortController();
      const [child] = withCancelOn(background(), AbortSignal.any([first.signal, second.signal]));
      second.abort('second');
      first.abort('first');
      expect(child.cause).toBe('second');
    });

    it("may be one of somebody's own making", () => {
      const listeners = new Set<() => void>();
      const signal = {
        aborted: false,
        reason: undefined as unknown,
        addEventListener: (_: 'abort', listener: () => void) => listeners.add(listener),
        removeEventListener: (_: 'abort', listener: () => void) => listeners.delete(listener),
      };
      const [child] = withCancelOn(background(), signal as unknown as AbortSignal);
      expect(listeners.size).toBe(1);
      signal.aborted = true;
      signal.reason = 'gone';
      for (const listener of [...listeners]) listener();
      expect(child.cause).toBe('gone');
      expect(listeners.size).toBe(0);
    });

    it('has no part in the deadline and the values', () => {
      const user = contextKey<string>('user');
      const [parent] = withDeadline(withValue(background(), user, 'Ann'), 5_000_000_000_000);
      const [child] = withCancelOn(parent, new AbortController().signal);
      expect(child.deadline).toBe(5_000_000_000_000);
      expect(child.value(user)).toBe('Ann');
    });
  });

  describe('(another context)', () => {
    it('cancels with its err as the cause', () => {
      run((t) => {
        const other = t.ctx(' ---c', { c: 'gone' });
        const parent = t.ctx('-----c');
        const ends = '        ---c';

        const [child] = withCancelOn(parent, other);
        t.expectCtx(child).toBe(ends);
        t.flush();
        expect(child.err).toBeInstanceOf(CanceledError);
        expect(child.err).not.toBe(other.err);
        expect(child.cause).toBe(other.err);
      });
    });

    it('is past its deadline when the deadline of the other passes', () => {
      run((t) => {
        const other = t.ctx(' ---d', { d: 'late' });
        const parent = t.ctx('-----d');
        const ends = '        ---d';

        const [child] = withCancelOn(parent, other);
        t.expectCtx(child).toBe(ends);
        t.flush();
        expect(child.err).toBeInstanceOf(DeadlineExceededError);
        expect(child.cause).toBe(other.err);
        expect(other.err).toBeInstanceOf(DeadlineExceededError);
      });
    });

    it('tells its own in its turn: between the listeners of the other that came before it and those that came after', () => {
      const [other, cancel] = withCancel(background());
      const order: string[] = [];
      const note = (who: string) => () => order.push(who);
      afterFunc(other, note('before'));
      const [ctx] = withCancelOn(background(), other);
      const [child] = withCancel(ctx);
      afterFunc(child, note('child'));
      afterFunc(ctx, note('ctx'));
      const [follower] = withCancelOn(background(), ctx);
      afterFunc(follower, note('follower'));
      afterFunc(ctx, note('ctx, later'));
      afterFunc(other, note('after'));
      cancel();
      expect(order).toEqual(['before', 'ctx', 'follower', 'ctx, later', 'child', 'after']);
      expect(listenerCount(other)).toBe(0);
    });

    it('ends with the parent when that comes first', () => {
      run((t) => {
        const other = t.ctx(' -----c');
        const parent = t.ctx('---d', { d: 'late' });
        const ends = '        ---d';

        const [child] = withCancelOn(parent, other);
        t.expectCtx(child).toBe(ends, { d: 'late' });
        t.flush();
        expect(child.err).toBe(parent.err);
      });
    });

    it('ends by its own cancel, and the other does not end with it', () => {
      const [other] = open();
      const [child, cancel] = withCancelOn(background(), other);
      cancel('own');
      expect(child.cause).toBe('own');
      expect(other.err).toBeUndefined();
    });

    it('ends at once when the other is done', () => {
      const [other, cancel] = open();
      cancel('gone');
      for (const source of [other, wrap(other), withValue(other, contextKey<string>('user'), 'Ann')]) {
        const [parent] = open();
        const [child] = withCancelOn(parent, source);
        expect(child.cause).toBe(other.err);
        expect(listenerCount(parent)).toBe(0);
      }
    });

    it('ends with the parent when both are done', () => {
      const [other, cancelOther] = open();
      const [parent, cancelParent] = open();
      cancelOther('other');
      cancelParent('parent');
      const [child] = withCancelOn(parent, other);
      expect(child.err).toBe(parent.err);
      expect(child.cause).toBe('parent');
    });

    it('may be one that never ends', () => {
      const [parent, cancel] = open();
      for (const other of [background(), todo(), withoutCancel(parent)]) {
        const [child] = withCancelOn(parent, other);
        expect(child.err).toBeUndefined();
        expect(child.deadline).toBeUndefined();
      }
      const [child] = withCancelOn(parent, background());
      cancel('gone');
      expect(child.err).toBe(parent.err);
    });

    it('reports the earlier deadline of the two', () => {
      const root = withScheduler(background(), new Clock());
      const limited = (at: number | undefined) => (at === undefined ? withCancel(root)[0] : withDeadline(root, at)[0]);
      const cases: [parent: number | undefined, other: number | undefined, earlier: number | undefined][] = [
        [10, 20, 10],
        [20, 10, 10],
        [10, 10, 10],
        [10, undefined, 10],
        [undefined, 10, 10],
        [undefined, undefined, undefined],
      ];
      for (const [parent, other, earlier] of cases) {
        const [child] = withCancelOn(limited(parent), limited(other));
        const name = `${parent} and ${other}`;
        expect(child.deadline).withContext(name).toBe(earlier);
        expect(withCancel(child)[0].deadline).withContext(name).toBe(earlier);
        expect(remaining(child))
          .withContext(name)
          .toBe(earlier ?? Infinity);
      }
    });

    it('reports the earliest deadline through several of its kind', () => {
      const root = withScheduler(background(), new Clock());
      const [child] = withCancelOn(withDeadline(root, 30)[0], withDeadline(root, 20)[0]);
      const [below] = withCancelOn(child, withDeadline(root, 10)[0]);
      const [beside] = withCancelOn(root, below);
      expect([child.deadline, below.deadline, beside.deadline]).toEqual([20, 10, 10]);
    });

    it("makes a later deadline below it a plain cancel, and keeps an earlier one's kind", () => {
      const clock = new Clock();
      const root = withScheduler(background(), clock);
      const [child] = withCancelOn(root, withDeadline(root, 10)[0]);
      const [later] = withDeadline(child, 15);
      const [sooner] = withDeadline(child, 5);
      expect(later.deadline).toBe(10);
      expect(sooner.deadline).toBe(5);
      clock.jump(20);
      expect(later.err).toBe(child.err);
      expect(sooner.err).toBeInstanceOf(DeadlineExceededError);
    });

    for (const [name, sourceOf] of [
      ['of ours', (other: Context) => other],
      ['foreign', wrap],
      ['of this kind itself', (other: Context) => withCancelOn(background(), other)[0]],
    ] as const) {
      it(`ends a busy loop at the deadline of the other, which is ${name}`, () => {
        const clock = new Clock();
        const root = withScheduler(background(), clock);
        const source = sourceOf(withTimeout(root, 10)[0]);
        const [child] = withCancelOn(withTimeout(root, 30)[0], source);
        const [below] = withCancel(child);
        while (!below.err && clock.frame < 100) clock.jump(1);
        expect(clock.frame).toBe(10);
        expect(child.cause).toBe(source.err);
        expect(below.err).toBe(child.err);
      });
    }

    it("ends a busy loop at the parent's deadline when that is earlier", () => {
      const clock = new Clock();
      const root = withScheduler(background(), clock);
      const [parent] = withTimeout(root, 10);
      const [child] = withCancelOn(parent, withTimeout(root, 30)[0]);
      while (!child.err && clock.frame < 100) clock.jump(1);
      expect(clock.frame).toBe(10);
      expect(child.err).toBe(parent.err);
    });

    it('tells its listeners from the timer when its end was found in a busy loop', () => {
      const clock = new Clock();
      const root = withScheduler(background(), clock);
      const [other] = withTimeout(root, 10);
      const [child] = withCancelOn(root, other);
      const heard = listen(withCancel(child)[0]);
      clock.jump(15);
      expect(child.err).toBeInstanceOf(DeadlineExceededError);
      expect(heard.errs).toEqual([]);
      clock.advance(0);
      expect(heard.errs).toEqual([child.err!]);
      expect(listenerCount(other)).toBe(0);
      expect(clock.actions.length).toBe(0);
    });

    it('tells its listeners inside cancel when its end was found in a busy loop before', () => {
      const clock = new Clock();
      const root = withScheduler(background(), clock);
      const [other] = withTimeout(root, 10);
      const [child, cancel] = withCancelOn(root, other);
      const heard = listen(child);
      clock.jump(15);
      expect(child.cause).toBe(other.err);
      cancel('late');
      expect(heard.errs).toEqual([child.err!]);
      expect(child.cause).toBe(other.err);
      expect(clock.actions.length).toBe(0);
    });

    it('keeps the end that was found in a busy loop, for those below too', () => {
      const clock = new Clock();
      const root = withScheduler(background(), clock);
      const [child] = withCancelOn(root, withTimeout(root, 10)[0]);
      const [below] = withCancel(child);
      listen(below);
      clock.jump(15);
      const { err } = child;
      expect(below.err).toBe(err);
      expect(child.err).toBe(err);
    });

    it('that is canceled again by one of its listeners tells the next one in its turn', () => {
      const clock = new Clock();
      const root = withScheduler(background(), clock);
      expectNotifyOrder(withCancelOn(root, withTimeout(root, 10)[0]));
    });

    it('that has a deadline is over as soon as that is, for one of its listeners that comes first', () => {
      const [other, cancel] = withTimeout(withScheduler(background(), new Clock()), 10);
      let seen: ContextError | undefined;
      afterFunc(other, () => (seen = ctx.err));
      const [ctx] = withCancelOn(background(), other);
      cancel();
      expect(seen).toBeDefined();
      expect(ctx.err).toBe(seen);
    });

    it('that follows something else and is canceled again by one of its listeners tells the next one in its turn', () => {
      for (const source of [new Subject(), new AbortController().signal, background()]) {
        expectNotifyOrder(withCancelOn(background(), source));
      }
    });

    for (const [name, look] of [
      ['was looked at', (ctx: Context) => ctx.err],
      ['nobody looked at', () => undefined],
    ] as const) {
      it(`ended by a deadline that passed before the parent was canceled, which ${name}`, () => {
        const clock = new Clock();
        const root = withScheduler(background(), clock);
        const [parent, cancel] = withCancel(root);
        const [other] = withTimeout(root, 10);
        const [child] = withCancelOn(parent, other);
        const heard = listen(child);
        clock.jump(15);
        look(child);
        cancel('late');
        expect(child.cause).toBe(other.err);
        expect(child.err).not.toBe(parent.err);
        expect(heard.errs).toEqual([child.err!]);
      });

      it(`ended by a deadline that passed before it was canceled itself, which ${name}`, () => {
        const clock = new Clock();
        const root = withScheduler(background(), clock);
        const [other] = withTimeout(root, 10);
        const [child, cancel] = withCancelOn(root, other);
        clock.jump(15);
        look(child);
        cancel('late');
        expect(child.cause).toBe(other.err);
      });
    }

    it('ended with the parent that was canceled before that deadline, though nobody looked', () => {
      const clock = new Clock();
      const root = withScheduler(background(), clock);
      const [parent, cancel] = withCancel(root);
      const [child] = withCancelOn(parent, withTimeout(root, 10)[0]);
      const [below] = withCancel(child);
      clock.jump(5);
      cancel('gone');
      clock.jump(10);
      expect(below.err).toBe(parent.err);
      expect(child.err).toBe(parent.err);
    });

    for (const [name, sourceOf] of [
      ['that of the other', (other: Context, _root: Context) => other],
      ['one that the other follows in its turn', (other: Context, root: Context) => withCancelOn(root, other)[0]],
    ] as const) {
      it(`ended by a deadline, as every context, when the parent is canceled in that very millisecond: ${name}`, () => {
        const clock = new Clock();
        const root = withScheduler(background(), clock);
        const [parent, cancel] = withCancel(root);
        const other = sourceOf(withTimeout(root, 10)[0], root);
        const [child] = withCancelOn(parent, other);
        const [limited] = withTimeout(parent, 10);
        clock.jump(10);
        cancel('gone');
        expect(child.cause).toBe(other.err);
        expect(limited.err).toBeInstanceOf(DeadlineExceededError);
      });
    }

    it('ends with a parent whose own parent ended by following in that instant, after one has looked at them', () => {
      const clock = new Clock();
      const root = withScheduler(background(), clock);
      const [other] = withTimeout(root, 1);
      const [above] = withCancelOn(root, other);
      const [parent] = withDeadline(above, 1);
      const [ctx] = withCancelOn(parent, parent);
      clock.jump(1);
      expect(above.cause).toBe(other.err);
      expect(parent.err).toBeInstanceOf(DeadlineExceededError);
      expect(ctx.err).toBe(parent.err);
    });

    it('ends with the parent when the two deadlines are the same', () => {
      for (const pass of [(clock: Clock) => clock.jump(10), (clock: Clock) => clock.advance(10)]) {
        const clock = new Clock();
        const root = withScheduler(background(), clock);
        const [other] = withTimeout(root, 10);
        const [parent] = withTimeout(root, 10);
        const [child] = withCancelOn(parent, other);
        pass(clock);
        expect(child.err).toBe(parent.err);
        expect(child.err).toBeInstanceOf(DeadlineExceededError);
      }
    });

    it('ends with a parent whose deadline has passed unnoticed, though the other is done too', () => {
      const clock = new Clock();
      const root = withScheduler(background(), clock);
      const [parent] = withTimeout(root, 10);
      const [other] = withTimeout(root, 5);
      clock.jump(15);
      const [child] = withCancelOn(parent, other);
      expect(child.err).toBe(parent.err);
    });

    for (const [name, look] of [
      ['is asked first', (ctx: Context) => ctx.err],
      ['is asked last', () => undefined],
    ] as const) {
      it(`shares its end with all below that had none of their own before, when it ${name}`, () => {
        const clock = new Clock();
        const root = withScheduler(background(), clock);
        const [other] = withTimeout(root, 10);
        const [child] = withCancelOn(root, other);
        const [early, cancelEarly] = withCancel(child);
        const [late, cancelLate] = withCancel(child);
        const [belowEarly] = withCancel(early);
        const [belowLate] = withTimeout(late, 20);
        const [limited] = withTimeout(child, 7);
        const [belowLimited] = withCancel(limited);
        clock.jump(5);
        cancelEarly('early');
        clock.jump(7);
        look(child);
        cancelLate('late');
        expect(belowEarly.cause).toBe('early');
        expect(early.cause).toBe('early');
        expect(belowLate.err).toBe(late.err);
        expect(belowLimited.err).toBe(limited.err);
        expect(limited.err).toBeInstanceOf(DeadlineExceededError);
        expect(child.cause).toBe(other.err);
        expect(late.err).toBe(child.err);
      });
    }

    it('found to be over in a busy loop is over for those below that are listened to, too', () => {
      const clock = new Clock();
      const root = withScheduler(background(), clock);
      const [other] = withTimeout(root, 10);
      const [child] = withCancelOn(root, other);
      const [below] = withCancel(withCancel(child)[0]);
      const heard = listen(below);
      clock.jump(15);
      expect(child.cause).toBe(other.err);
      expect(below.err).toBe(child.err);
      expect(heard.errs).toEqual([]);
      clock.advance(0);
      expect(heard.errs).toEqual([child.err!]);
    });

    it('ends with the parent, though a listener that is told before ends the other', () => {
      const ends: [name: string, end: (clock: Clock, cancel: CancelFunc) => void][] = [
        ['its deadline passes', (clock) => clock.jump(20)],
        ['it is canceled', (_, cancel) => cancel('other')],
        [
          'it is canceled later',
          (clock, cancel) => {
            clock.jump(1);
            cancel('other');
          },
        ],
      ];
      for (const [name, end] of ends) {
        const clock = new Clock();
        const root = withScheduler(background(), clock);
        const [parent, cancel] = withCancel(root);
        const [other, cancelOther] = withTimeout(root, 10);
        let seen: unknown;
        afterFunc(parent, () => {
          end(clock, cancelOther);
          seen = child.err;
        });
        const [child] = withCancelOn(parent, other);
        const heard = listen(child);
        clock.jump(5);
        cancel('gone');
        expect(other.err).withContext(name).toBeDefined();
        expect(seen).withContext(name).toBe(parent.err);
        expect(child.err).withContext(name).toBe(parent.err);
        expect(heard.errs).withContext(name).toEqual([parent.err!]);
      }
    });

    it('ends with the parent, though a listener that is told before ends a foreign other', () => {
      const [parent, cancel] = open();
      const other = mock(5_000_000_000_000);
      afterFunc(parent, () => other.set(new CanceledError('other')));
      const [child] = withCancelOn(parent, other);
      cancel('gone');
      expect(child.err).toBe(parent.err);
      expect(other.open).toBe(0);
    });

    it('ends with a foreign parent, which does not say when it ended', () => {
      const clock = new Clock();
      const parent = mock();
      const [other] = withTimeout(withScheduler(background(), clock), 10);
      const [child] = withCancelOn(parent, other);
      const err = new CanceledError('gone');
      clock.jump(15);
      parent.end(err, 'gone');
      expect(child.err).toBe(err);
      expect(child.cause).toBe('gone');
    });

    for (const [name, derive] of [
      ['with a deadline', (root: Context) => withTimeout(root, 20)],
      ['without a deadline', withCancel],
    ] as const) {
      it(`ends those below after their own deadlines, that had passed unnoticed: the other is one ${name}`, () => {
        const clock = new Clock();
        const root = withScheduler(background(), clock);
        const [other, cancel] = derive(root);
        const [child] = withCancelOn(root, other);
        const [limited] = withTimeout(child, 2);
        clock.jump(5);
        cancel('gone');
        expect(child.cause).toBe(other.err);
        expect(limited.err).toBeInstanceOf(DeadlineExceededError);
      });
    }

    it('does not take the time of the other for its own when they keep different clocks', () => {
      const [ours, theirs] = [new Clock(), new Clock(1_000)];
      const [other] = withTimeout(withScheduler(background(), theirs), 10);
      const [child] = withCancelOn(withScheduler(background(), ours), other);
      const [below] = withTimeout(child, 500);
      theirs.advance(10);
      expect(child.cause).toBe(other.err);
      expect(below.err).toBe(child.err);
    });

    it('that is canceled from inside a listener of its parent tells nobody before their turn', () => {
      const [parent, cancelParent] = open();
      const [other] = open();
      const order: string[] = [];
      const cancels: CancelFunc[] = [];
      afterFunc(parent, () => {
        for (const cancel of cancels) cancel('own');
        order.push('parent');
      });
      afterFunc(parent, () => order.push('parent again'));
      const [child, cancel] = withCancelOn(parent, other);
      cancels.push(cancel);
      afterFunc(child, () => order.push('child'));
      cancelParent('gone');
      expect(order).toEqual(['parent', 'parent again', 'child']);
      expect(child.err).toBe(parent.err);
    });

    it('takes values from the parent only', () => {
      const user = contextKey<string>('user');
      const retries = contextKey('retries', { default: 3 });
      const parent = withValue(background(), user, 'Ann');
      const other = withValue(withValue(background(), user, 'Bob'), retries, 5);
      const [child] = withCancelOn(parent, other);
      expect(child.value(user)).toBe('Ann');
      expect(child.value(retries)).toBe(3);
      expect(withCancelOn(background(), other)[0].value(user)).toBeUndefined();
    });

    it("keeps time on the parent's scheduler", () => {
      const clock = new Clock(1_000);
      const [other] = withTimeout(withScheduler(background(), new Clock()), 10);
      const [child] = withCancelOn(withScheduler(background(), clock), other);
      const [below] = withTimeout(withoutCancel(child), 5);
      expect(below.deadline).toBe(1_005);
    });

    it('may be foreign', () => {
      const other = mock();
      const [parent] = open();
      const [child] = withCancelOn(parent, other);
      const [second, cancel] = withCancelOn(parent, other);
      const heard = listen(child);
      expect(other.open).toBe(1);
      cancel('own');
      expect(second.cause).toBe('own');
      expect(other.open).toBe(1);
      const err = new CanceledError('gone');
      other.end(err, 'gone');
      expect(child.cause).toBe(err);
      expect(heard.errs).toEqual([child.err!]);
      expect(other.open).toBe(0);
      expect(listenerCount(parent)).toBe(0);
    });

    it('may be foreign and have a deadline', () => {
      expect(withCancelOn(background(), mock(10))[0].deadline).toBe(10);
      expect(withCancelOn(mock(10), mock(20))[0].deadline).toBe(10);
      expect(withCancelOn(mock(20), mock(10))[0].deadline).toBe(10);
    });

    it('may be foreign and of the same tree', () => {
      const [ctx, cancel] = open();
      const [child] = withCancelOn(wrap(ctx), wrap(ctx));
      const heard = listen(child);
      cancel('gone');
      expect(child.err).toBe(ctx.err);
      expect(heard.errs).toEqual([ctx.err!]);
      expect(listenerCount(ctx)).toBe(0);
    });

    it('may be the parent: the context ends with it', () => {
      const clock = new Clock();
      const root = withScheduler(background(), clock);
      const [canceled, cancel] = withCancel(root);
      const [late] = withTimeout(root, 10);
      for (const [parent, end] of [
        [canceled, () => cancel('gone')],
        [late, () => clock.advance(10)],
      ] as const) {
        const [child] = withCancelOn(parent, parent);
        const heard = listen(child);
        expect(child.deadline).toBe(parent.deadline);
        end();
        expect(child.err).toBe(parent.err);
        expect(child.cause).toBe(parent.cause);
        expect(heard.errs).toEqual([parent.err!]);
        expect(listenerCount(parent)).toBe(0);
      }
    });

    it('may be an ancestor or a sibling: the context ends with the parent when that ended with it', () => {
      const [root, cancel] = open();
      const [parent] = withCancel(root);
      const [sibling] = withCancel(parent);
      const children = [root, sibling].map((other) => withCancelOn(parent, other)[0]);
      const heard = children.map(listen);
      cancel('gone');
      for (const [i, child] of children.entries()) {
        expect(child.err).toBe(root.err);
        expect(heard[i]!.errs).toEqual([root.err!]);
      }
      expect(listenerCount(root)).toBe(0);
    });

    it('may end from inside a listener of the context', () => {
      const [other, cancelOther] = open();
      const [child, cancel] = withCancelOn(background(), other);
      const heard = listen(child);
      afterFunc(child, () => cancelOther('second'));
      cancel('first');
      expect(child.cause).toBe('first');
      expect(other.cause).toBe('second');
      expect(heard.errs).toEqual([child.err!]);
    });

    it('has ended the context already when a listener of it cancels that', () => {
      const [other, cancelOther] = open();
      const cancels: CancelFunc[] = [];
      afterFunc(other, () => {
        for (const cancel of cancels) cancel('own');
      });
      const [child, cancel] = withCancelOn(background(), other);
      cancels.push(cancel);
      cancelOther('gone');
      expect(child.cause).toBe(other.err);
      expect(listenerCount(other)).toBe(0);
    });

    it('may follow each other crosswise', () => {
      const [a, cancelA] = open();
      const [b] = open();
      const [ab] = withCancelOn(a, b);
      const [ba] = withCancelOn(b, a);
      const [both] = withCancelOn(ab, ba);
      const heard = listen(both);
      cancelA('gone');
      expect(ab.err).toBe(a.err);
      expect(ba.cause).toBe(a.err);
      expect(both.err).toBe(a.err);
      expect(heard.errs).toEqual([a.err!]);
      expect(b.err).toBeUndefined();
      expect([a, b, ab, ba, both].map(listenerCount)).toEqual([0, 0, 0, 0, 0]);
    });

    it('ends a long row of contexts, each of which follows the one before', () => {
      const [first, cancel] = open();
      let last = first;
      for (let i = 0; i < 1_000; i++) [last] = withCancelOn(background(), last);
      cancel('gone');
      let cause: unknown = last;
      for (let i = 0; i < 1_000; i++) cause = (cause as { cause: unknown }).cause;
      expect(cause).toBe(first.err);
    });

    it('leaves nothing on the parent and the other, however it ends', () => {
      const ends: [name: string, end: (cancels: CancelFunc[]) => void][] = [
        ['the parent', ([parent]) => parent!()],
        ['the other', ([, other]) => other!()],
        ['cancel', ([, , own]) => own!()],
      ];
      for (const [name, end] of ends) {
        const clock = new Clock();
        const root = withScheduler(background(), clock);
        const [parent, cancelParent] = withTimeout(root, 20);
        const [other, cancelOther] = withTimeout(root, 10);
        const [child, cancel] = withCancelOn(parent, other);
        const heard = listen(child);
        expect([listenerCount(parent), listenerCount(other)])
          .withContext(name)
          .toEqual([1, 1]);
        end([cancelParent, cancelOther, cancel]);
        expect(heard.completed).withContext(name).toBe(1);
        expect([parent, other, child].map(listenerCount)).withContext(name).toEqual([0, 0, 0]);
        expect(clock.actions.length).withContext(name).toBe(0);
      }
    });
  });

  it('is done for operators as any other context', () => {
    run((t) => {
      const source = t.cold('--a--b--c');
      const other = t.hot('  -----x');
      const result = '       --a--#';
      const subs = '         ^----!';

      const [child] = withCancelOn(background(), other);
      t.expectObservable(source.pipe(throwOnCtx(child))).toBe(result, undefined, canceled);
      t.expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('cancels what is derived from it, and aborts its signal', () => {
    const source = new Subject<string>();
    const [child] = withCancelOn(background(), source);
    const [below] = withCancel(child);
    const { signal } = below;
    source.next('x');
    expect(below.err).toBe(child.err);
    expect(signal.reason).toBe(child.err);
  });

  it('gives a cancel function that `using` calls', () => {
    const source = new Subject<string>();
    const derive = () => {
      const [child, cancel] = withCancelOn(background(), source);
      using _ = cancel;
      expect(child.err).toBeUndefined();
      return child;
    };
    expect(derive().err).toBeInstanceOf(CanceledError);
    expect(source.observed).toBeFalse();
  });

  it('shows in String(ctx), and what it follows does not', () => {
    const sources = [NEVER, new AbortController().signal, withCancel(background())[0], Promise.resolve()];
    for (const source of sources) {
      const [child] = withCancelOn(withCancel(background())[0], source);
      expect(printed(child)).toBe('background.withCancel.withCancelOn');
      expect(printed(withCancel(child)[0])).toBe('background.withCancel.withCancelOn.withCancel');
    }
  });

  describe('(bad input)', () => {
    const wrong: [got: unknown, shown: RegExp][] = [
      [undefined, /undefined/],
      [null, /null/],
      [true, /true/],
      [5, /5/],
      [NaN, /NaN/],
      [7n, /7/],
      [Symbol('s'), /Symbol\(s\)/],
      [{}, /object/],
      [() => NEVER, /function/i],
      [new AbortController(), /AbortController/],
      [new EventTarget(), /EventTarget/],
      [{ aborted: false }, /object/],
      [{ done$: NEVER }, /object/],
      [{ value: () => undefined }, /object/],
      [{ then: 5 }, /object/],
      [{ subscribe: () => undefined }, /object/],
      [new Date(0), /1970|Date/],
    ];

    it('is refused as a source with a TypeError that names it and what it got, and nothing is derived', () => {
      for (const [got, shown] of wrong) {
        const parent = mock();
        const call = () => withCancelOn(parent, got as never);
        const message = new RegExp(
          `^withCancelOn: source must be an ObservableInput, an AbortSignal or a Context, got .*(${shown.source})`,
          shown.flags,
        );
        expect(call).toThrowError(TypeError, message);
        expect(parent.total).withContext(String(got)).toBe(0);
      }
    });

    it('is refused as a source under a parent that is done, too', () => {
      const [parent, cancel] = open();
      cancel();
      for (const [got] of wrong) expect(() => withCancelOn(parent, got as never)).toThrowError(TypeError);
    });

    it('is refused as a parent with a TypeError that names it, and the source is not subscribed', () => {
      const source = new Subject<string>();
      const { signal, total } = watchedSignal();
      const values: unknown[] = [undefined, null, 5, 'ctx', {}, [], NEVER, signal, () => background(), open()];
      for (const got of values) {
        for (const followed of [source, signal, background()]) {
          expect(() => withCancelOn(got as never, followed)).toThrowError(
            TypeError,
            /^withCancelOn: parent must be a Context, got /,
          );
        }
      }
      expect(source.observed).toBeFalse();
      expect(total()).toBe(0);
    });

    it('is refused where arguments are missing', () => {
      const call = withCancelOn as (...given: unknown[]) => unknown;
      expect(() => call()).toThrowError(TypeError, /withCancelOn: parent .*undefined/);
      expect(() => call(background(), undefined)).toThrowError(TypeError, /withCancelOn: source .*undefined/);
    });

    it('does not put what an object holds into the message', () => {
      const secret = { password: 'hunter2', toString: () => 'hunter2', toJSON: () => 'hunter2' };
      expect(() => withCancelOn(background(), secret as never)).toThrowMatching(
        (thrown: Error) => thrown instanceof TypeError && !thrown.message.includes('hunter2'),
      );
    });
  });
});
