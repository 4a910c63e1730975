// Contexts that are not ours, and lie. Work that should have stopped is worse than work that stops: what cannot be asked, or
// says one thing and does another, counts as done as soon as one of the two says so.
import { EMPTY, NEVER, Observable, concat, of, throwError } from 'rxjs';
import {
  CanceledError,
  afterFunc,
  background,
  contextKey,
  withCancel,
  withScheduler,
  withTimeout,
  withValue,
} from '../../lib/index.js';
import type { Context, ContextError } from '../../lib/index.js';
import { listenerCount } from '../../lib/testing/index.js';
import { Clock } from '../helpers/clock.js';
import { mock, wrap } from '../helpers/foreign.js';
import { listen } from '../helpers/listen.js';
import { macrotask, takeUnhandledErrors } from '../support/unhandled-errors.js';

/** A foreign context whose members are those given. */
function foreign(members: object): Context {
  const parent = mock();
  return Object.defineProperties({ ...parent, value: (key) => key.default }, Object.getOwnPropertyDescriptors(members));
}

const err = new CanceledError('why');
const error = new Error('thrown');
const thrower = (): never => {
  throw error;
};

describe('a foreign context whose err is set and whose done$ is silent', () => {
  it('is done for those who ask, and tells those who listen once somebody asked', async () => {
    const parent = mock();
    const [child] = withCancel(parent);
    const [sibling] = withCancel(parent);
    const heard = [listen(child), listen(sibling)];
    parent.set(err);
    expect(child.err).toBe(err);
    for (const { errs } of heard) expect(errs).toEqual([]); // not from inside a getter
    await macrotask();
    for (const { errs, completed } of heard) {
      expect(errs).toEqual([err]);
      expect(completed).toBe(1);
    }
    expect(parent.open).toBe(0);
  });

  it('and speaks at last has told once', async () => {
    const parent = mock();
    const [child] = withCancel(parent);
    const heard = listen(child);
    parent.set(err);
    expect(child.err).toBe(err);
    parent.end(err);
    expect(heard.errs).toEqual([err]);
    await macrotask();
    expect(heard.completed).toBe(1);
  });

  it('does not tell those who have left', async () => {
    const parent = mock();
    const [child] = withCancel(parent);
    const heard = listen(child);
    parent.set(err);
    expect(child.err).toBe(err);
    heard.unsubscribe();
    await macrotask();
    expect(heard.errs).toEqual([]);
  });

  it('and takes its err back stays done', () => {
    const parent = mock();
    const [child] = withCancel(parent);
    parent.set(err);
    expect(child.err).toBe(err);
    parent.err = undefined;
    expect(child.err).toBe(err);
    expect(withCancel(parent)[0].err).toBe(err);
  });
});

describe('a foreign context whose done$', () => {
  const talking: Record<string, Observable<ContextError>> = {
    'emits twice': of(err, new CanceledError('other')),
    'emits while it is subscribed to, and never completes': concat(of(err), NEVER),
  };
  for (const [name, done$] of Object.entries(talking)) {
    it(`${name} tells once, and is let go`, () => {
      let open = 0;
      const counted = new Observable<ContextError>((subscriber) => {
        open++;
        subscriber.add(() => open--);
        return done$.subscribe(subscriber);
      });
      const [child] = withCancel(foreign({ done$: counted }));
      const heard = listen(child);
      expect(heard.errs).toEqual([err]);
      expect(heard.completed).toBe(1);
      expect(child.err).toBe(err);
      expect(open).toBe(0);
    });
  }

  it('emits nothing that is an error counts as canceled', () => {
    const parent = foreign({ done$: of(undefined) });
    const [child] = withCancel(parent);
    const heard = listen(child);
    expect(heard.errs).toEqual([new CanceledError()]);
    expect(child.err).toBe(heard.errs[0]);
    expect(child.cause).toBe(child.err);
  });

  it('errors counts as canceled, with that as the cause', () => {
    const [child] = withCancel(foreign({ done$: throwError(() => error) }));
    const heard = listen(child);
    expect(heard.errs).toEqual([jasmine.any(CanceledError)]);
    expect(child.cause).toBe(error);
    expect(child.err!.cause).toBe(error);
  });

  it('throws when it is subscribed to counts as canceled, with that as the cause', () => {
    const [child] = withCancel(foreign({ done$: { subscribe: thrower } }));
    const heard = listen(child);
    expect(heard.errs).toEqual([jasmine.any(CanceledError)]);
    expect(child.cause).toBe(error);
  });

  it('completes without a value says nothing, while err says nothing', () => {
    const [child, cancel] = withCancel(foreign({ done$: EMPTY }));
    const heard = listen(child);
    expect(child.err).toBeUndefined();
    expect(heard.completed).toBe(0);
    cancel('own');
    expect(heard.errs).toEqual([child.err!]);
    expect(child.cause).toBe('own');
  });

  it('completes without a value when err is set has told of that', () => {
    const parent = mock();
    let complete = () => {};
    const [child] = withCancel(
      foreign({
        get err() {
          return parent.err;
        },
        done$: new Observable<ContextError>((subscriber) => {
          complete = () => subscriber.complete();
        }),
      }),
    );
    const heard = listen(child);
    parent.set(err);
    complete();
    expect(heard.errs).toEqual([err]);
    expect(heard.completed).toBe(1);
  });

  it('throws when it is let go is reported each time, and everybody hears', async () => {
    const parent = mock();
    const { done$ } = parent;
    const unwilling = new Observable<ContextError>((subscriber) => {
      subscriber.add(done$.subscribe(subscriber));
      return thrower;
    });
    const [child] = withCancel(Object.assign(parent, { done$: unwilling }));
    const [sibling, cancelSibling] = withCancel(parent);
    const left = listen(child);
    expect(() => left.unsubscribe()).not.toThrow();
    const heard = [listen(sibling), listen(withCancel(sibling)[0])];
    expect(() => cancelSibling('own')).not.toThrow();
    heard.push(listen(child));
    expect(() => parent.end(err)).not.toThrow();
    expect(left.errs).toEqual([]);
    expect(heard.map(({ errs }) => errs)).toEqual([[sibling.err!], [sibling.err!], [err]]);
    expect(parent.open).toBe(0);
    await macrotask();
    const reported = takeUnhandledErrors();
    expect(reported.length).toBe(3);
    for (const one of reported) expect(one).toEqual(jasmine.objectContaining({ errors: [error] }));
  });

  it('throws when it is read makes the derivation throw: it is no context', () => {
    const parent = Object.defineProperty(wrap(background()), 'done$', { get: thrower });
    expect(() => withCancel(parent)).toThrow(error);
  });
});

describe('a foreign context whose getter throws', () => {
  it('for err counts as canceled, with that as the cause', () => {
    const parent = foreign({
      get err() {
        return thrower();
      },
    });
    const [child] = withCancel(parent);
    expect(child.err).toBeInstanceOf(CanceledError);
    expect(child.cause).toBe(error);
    expect(listen(child).completed).toBe(1);
  });

  it('for cause counts as canceled, with that as the cause', () => {
    const parent = foreign({
      err,
      get cause() {
        return thrower();
      },
    });
    const [child] = withCancel(parent);
    expect(child.err).toBeInstanceOf(CanceledError);
    expect(child.cause).toBe(error);
  });

  it('for err only later counts as canceled from then on, for everybody', async () => {
    let broken = false;
    const parent = foreign({
      get err() {
        return broken ? thrower() : undefined;
      },
    });
    const [one] = withCancel(parent);
    const [other] = withCancel(parent);
    const heard = [listen(one), listen(other)];
    broken = true;
    expect(one.cause).toBe(error);
    expect(other.err).toBe(one.err);
    await macrotask();
    for (const { errs } of heard) expect(errs).toEqual([one.err!]);
  });

  it('for a value makes the lookup throw that error, and only the lookup', () => {
    const key = contextKey('user', { default: 'nobody' });
    const parent = foreign({ value: thrower });
    const [ctx, cancel] = withCancel(withValue(parent, key, 'Ann'));
    expect(ctx.value(key)).toBe('Ann');
    expect(() => ctx.value(contextKey<string>('other'))).toThrow(error);
    cancel('gone');
    expect(ctx.cause).toBe('gone');
  });

  it('for its deadline makes what asks for that throw, and nothing else', () => {
    const parent = foreign({
      get deadline() {
        return thrower();
      },
    });
    const [ctx, cancel] = withCancel(parent);
    expect(() => ctx.deadline).toThrow(error);
    expect(() => withTimeout(parent, 10)).toThrow(error);
    const heard = listen(ctx);
    cancel();
    expect(heard.errs).toEqual([ctx.err!]);
  });

  it('lets every healthy sibling hear', () => {
    const parent = foreign({ done$: throwError(() => error) });
    const [root, cancel] = withCancel(background());
    const healthy = listen(withCancel(root)[0]);
    afterFunc(withCancel(parent)[0], () => cancel('because of the other'));
    expect(healthy.completed).toBe(1);
    expect(root.cause).toBe('because of the other');
  });
});

describe('a foreign context that ends in the middle of a cancellation of ours', () => {
  it('leaves a child the end that came first', () => {
    const clock = new Clock();
    const parent = mock();
    const root = withScheduler(parent, clock);
    const [child, cancel] = withCancel(root);
    const [below] = withTimeout(child, 10);
    afterFunc(child, () => parent.end(err));
    const heard = listen(below);
    cancel('own');
    expect(child.cause).toBe('own');
    expect(below.err).toBe(child.err);
    expect(heard.errs).toEqual([child.err!]);
    expect(root.err).toBe(err);
    expect(clock.actions.length).toBe(0);
    expect(listenerCount(parent)).toBe(0);
  });
});
