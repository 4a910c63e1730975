// Bytes: what one of each holds while it is alive, and what an operation allocates.
import { setMaxListeners } from 'node:events';
import { NEVER, Subject, takeUntil } from 'rxjs';
import { afterFunc, background, contextKey, takeUntilCtx, withCancel, withTimeout, withValue } from 'rxjs-ctx';
import type { Context } from 'rxjs-ctx';
import { allocated, held, keep, ours } from './harness.js';
import type { Kept, Row } from './harness.js';

const hour = 3_600_000;
const key = contextKey<number>('user');
const listener = (): void => keep(undefined);

function plain(make: () => unknown): () => Kept {
  return () => ({ make });
}

/** Under a context that lives on. */
function underParent(make: (parent: Context) => unknown, count = 20_000): () => Kept {
  return () => {
    const [parent, cancel] = withCancel(background());
    return { count, make: () => make(parent), release: cancel };
  };
}

/** Fewer of them, because they are slow to make. */
const fewTimers = 4_000;

/** More of them, because the measurement of nothing is all noise. */
const manyForgotten = 200_000;

/** Under a signal that lives on. Fewer, because Node looks through all listeners of a signal before it adds one. */
function underSignal(make: (parent: AbortSignal) => unknown): () => Kept {
  return () => {
    const parent = new AbortController();
    setMaxListeners(0, parent.signal);
    return { count: 5_000, make: () => make(parent.signal), release: () => parent.abort() };
  };
}

/** Node makes the signal when it is first asked for. */
function controllerWithSignal(): AbortController {
  const controller = new AbortController();
  keep(controller.signal);
  return controller;
}

function linkedController(parent: AbortSignal): AbortController {
  const controller = new AbortController();
  parent.addEventListener('abort', () => controller.abort(parent.reason), { once: true });
  return controller;
}

export default [
  held(
    'a context',
    {
      [ours]: underParent((parent) => withCancel(parent)[0]),
      AbortController: plain(controllerWithSignal),
      Subject: plain(() => new Subject()),
    },
    { of: 'own', name: 'HeldContext', unit: 'B/held', iterations: 100_000 },
  ),
  held(
    'a context, its tuple and its cancel function',
    {
      [ours]: underParent((parent) => withCancel(parent)),
      AbortController: plain(controllerWithSignal),
    },
    { of: 'own', name: 'HeldCancel', unit: 'B/held', iterations: 100_000 },
  ),
  held(
    'a context with a value',
    { [ours]: underParent((parent) => withValue(parent, key, 1)) },
    { of: 'own', name: 'HeldValue', unit: 'B/held', iterations: 100_000 },
  ),
  held(
    'a context with a deadline that nobody listens to',
    { [ours]: underParent((parent) => withTimeout(parent, hour)[0]) },
    { of: 'own', name: 'HeldTimeout', unit: 'B/held', iterations: 100_000 },
  ),
  held('a pending timeout: a context whose deadline is listened to', {
    [ours]: underParent((parent) => {
      const [ctx] = withTimeout(parent, hour);
      afterFunc(ctx, listener);
    }, fewTimers),
    'AbortSignal.timeout with a listener': () => ({
      count: fewTimers,
      make() {
        const signal = AbortSignal.timeout(hour);
        signal.addEventListener('abort', listener);
        return signal;
      },
    }),
    'AbortController + setTimeout with a listener': () => {
      const ids: NodeJS.Timeout[] = [];
      return {
        count: fewTimers,
        make() {
          const controller = new AbortController();
          controller.signal.addEventListener('abort', listener);
          ids.push(setTimeout(() => controller.abort(), hour));
        },
        release: () => ids.forEach((id) => clearTimeout(id)),
      };
    },
  }),
  held(
    'a child with a listener, under a parent that holds it',
    {
      [ours]: underParent((parent) => {
        afterFunc(withCancel(parent)[0], listener);
      }),
      Subject: plain(() => {
        const done = new Subject<void>();
        done.subscribe(listener);
        return done;
      }),
    },
    { of: 'own', name: 'HeldListener', unit: 'B/held', iterations: 20_000 },
  ),
  held('a listener', {
    [ours]: underParent((parent) => {
      afterFunc(parent, listener);
    }),
    Subject: () => {
      const done = new Subject<void>();
      return { make: () => done.subscribe(listener) };
    },
  }),
  held('a stream under a context', {
    [ours]: underParent((parent) => {
      NEVER.pipe(takeUntilCtx(parent)).subscribe(listener);
    }),
    'takeUntil(subject)': () => {
      const done = new Subject<void>();
      const stream = NEVER.pipe(takeUntil(done));
      return {
        make() {
          stream.subscribe(listener);
        },
      };
    },
  }),
  held(
    'a forgotten child: derived and dropped, never canceled',
    {
      [ours]: underParent((parent) => {
        withCancel(parent);
      }, manyForgotten),
      'AbortController, linked by a listener': underSignal((parent) => {
        linkedController(parent);
      }),
    },
    { of: 'own', name: 'ForgottenChild', unit: 'B/held', iterations: 100_000 },
  ),
  held(
    'a forgotten child with a timeout',
    {
      [ours]: underParent((parent) => {
        withTimeout(parent, hour);
      }, manyForgotten),
    },
    { of: 'own', name: 'ForgottenTimeout', unit: 'B/held', iterations: 100_000 },
  ),
  allocated(
    'derive + cancel',
    {
      [ours]: () => {
        const [parent] = withCancel(background());
        return (ops) => {
          for (let i = 0; i < ops; i++) {
            const [ctx, cancel] = withCancel(parent);
            keep(ctx);
            keep(cancel);
            cancel();
          }
        };
      },
      AbortController: () => (ops) => {
        for (let i = 0; i < ops; i++) {
          const controller = controllerWithSignal();
          keep(controller);
          controller.abort();
        }
      },
      Subject: () => (ops) => {
        for (let i = 0; i < ops; i++) {
          const done = new Subject<void>();
          keep(done);
          done.next();
          done.complete();
        }
      },
    },
    { of: 'own', name: 'DeriveCancel', unit: 'B/op' },
  ),
  allocated(
    'derive with a timeout + cancel',
    {
      [ours]: () => {
        const [parent] = withCancel(background());
        return (ops) => {
          for (let i = 0; i < ops; i++) {
            const [ctx, cancel] = withTimeout(parent, hour);
            keep(ctx);
            keep(cancel);
            cancel();
          }
        };
      },
      'AbortController + setTimeout': () => (ops) => {
        for (let i = 0; i < ops; i++) {
          const controller = new AbortController();
          const id = setTimeout(() => controller.abort(), hour);
          keep(controller);
          clearTimeout(id);
          controller.abort();
        }
      },
    },
    { of: 'std', name: 'WithTimeout/concurrency=40', unit: 'B/op', ops: 10 },
  ),
  allocated('takeUntilCtx: subscribe + unsubscribe', {
    [ours]: () => {
      const stream = NEVER.pipe(takeUntilCtx(withCancel(background())[0]));
      return (ops) => {
        for (let i = 0; i < ops; i++) stream.subscribe(listener).unsubscribe();
      };
    },
    'takeUntil(subject)': () => {
      const stream = NEVER.pipe(takeUntil(new Subject()));
      return (ops) => {
        for (let i = 0; i < ops; i++) stream.subscribe(listener).unsubscribe();
      };
    },
  }),
] satisfies Row[];
