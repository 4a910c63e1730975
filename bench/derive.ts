// What a context costs to derive and to end, against what people use instead.
import cancellationtoken from 'cancellationtoken';
import { NEVER, Subject, Subscription, takeUntil, timer } from 'rxjs';
import { afterFunc, background, contextKey, takeUntilCtx, withCancel, withTimeout, withValue } from 'rxjs-ctx';
import { keep, ours, timed } from './harness.js';
import type { Loop, Shot } from './harness.js';

const hour = 3_600_000;
const CancellationToken = cancellationtoken.default;

/** Before the first. */
const none = withCancel(background());

function heard(): void {
  keep(undefined);
}

/** A signal of a process or a request that lives for longer than what hangs on it. */
function longLived(): AbortSignal {
  return new AbortController().signal;
}

const abortController = (): Loop => (ops) => {
  let signal: AbortSignal | undefined;
  for (let i = 0; i < ops; i++) {
    const controller = new AbortController();
    ({ signal } = controller);
    controller.abort();
  }
  keep(signal);
};

/** A child as people write it by hand: aborted with its parent, and off the parent's signal when it is over. */
const linkedController = (): Loop => {
  const parent = longLived();
  return (ops) => {
    let signal: AbortSignal | undefined;
    for (let i = 0; i < ops; i++) {
      const controller = new AbortController();
      const abort = () => controller.abort(parent.reason);
      parent.addEventListener('abort', abort, { once: true });
      ({ signal } = controller);
      parent.removeEventListener('abort', abort);
      controller.abort();
    }
    keep(signal);
  };
};

const anySignal = (): Loop => {
  const parent = longLived();
  return (ops) => {
    let signal: AbortSignal | undefined;
    for (let i = 0; i < ops; i++) {
      const controller = new AbortController();
      signal = AbortSignal.any([parent, controller.signal]);
      controller.abort();
    }
    keep(signal);
  };
};

const subject = (): Loop => (ops) => {
  let done: Subject<void> | undefined;
  for (let i = 0; i < ops; i++) {
    done = new Subject<void>();
    done.next();
    done.complete();
  }
  keep(done);
};

const token = (): Loop => {
  const parent = CancellationToken.create();
  return (ops) => {
    let last: unknown;
    for (let i = 0; i < ops; i++) {
      const { token, cancel } = CancellationToken.create();
      const unregister = parent.token.onCancelled(cancel);
      last = token;
      unregister();
      cancel();
    }
    keep(last);
  };
};

const deriveAndCancel = (): Loop => {
  const [parent] = withCancel(background());
  return (ops) => {
    let [ctx, cancel] = none;
    for (let i = 0; i < ops; i++) {
      [ctx, cancel] = withCancel(parent);
      cancel();
    }
    keep([ctx, cancel]);
  };
};

const timeoutAndCancel = (): Loop => {
  const [parent] = withCancel(background());
  return (ops) => {
    let [ctx, cancel] = none;
    for (let i = 0; i < ops; i++) {
      [ctx, cancel] = withTimeout(parent, hour);
      cancel();
    }
    keep([ctx, cancel]);
  };
};

const heardTimeoutAndCancel = (): Loop => {
  const [parent] = withCancel(background());
  return (ops) => {
    let [ctx, cancel] = none;
    for (let i = 0; i < ops; i++) {
      [ctx, cancel] = withTimeout(parent, hour);
      afterFunc(ctx, heard);
      cancel();
    }
    keep([ctx, cancel]);
  };
};

const controllerAndTimer = (): Loop => (ops) => {
  let signal: AbortSignal | undefined;
  for (let i = 0; i < ops; i++) {
    const controller = new AbortController();
    const id = setTimeout(() => controller.abort(), hour);
    ({ signal } = controller);
    clearTimeout(id);
    controller.abort();
  }
  keep(signal);
};

const heardControllerAndTimer = (): Loop => (ops) => {
  let signal: AbortSignal | undefined;
  for (let i = 0; i < ops; i++) {
    const controller = new AbortController();
    const id = setTimeout(() => controller.abort(), hour);
    ({ signal } = controller);
    signal.addEventListener('abort', heard, { once: true });
    clearTimeout(id);
    controller.abort();
  }
  keep(signal);
};

const timeoutSignal = (): Loop => (ops) => {
  let signal: AbortSignal | undefined;
  for (let i = 0; i < ops; i++) signal = AbortSignal.timeout(hour);
  keep(signal);
};

const timerAndSubject = (): Loop => (ops) => {
  let done: Subject<void> | undefined;
  for (let i = 0; i < ops; i++) {
    done = new Subject<void>();
    const subscription = new Subscription();
    subscription.add(timer(hour).pipe(takeUntil(done)).subscribe(heard));
    done.next();
  }
  keep(done);
};

const timeoutOfToken = (): Loop => (ops) => {
  let last: unknown;
  for (let i = 0; i < ops; i++) {
    const { token, cancel } = CancellationToken.timeout(hour);
    last = token;
    cancel();
  }
  keep(last);
};

function thousandCanceled(): Shot {
  let canceled: { err: unknown }[] = [];
  return {
    ops: 1000,
    prepare() {
      canceled = Array.from({ length: 1000 }, () => {
        const [ctx, cancel] = withCancel(background());
        cancel();
        return ctx;
      });
    },
    run() {
      let err: unknown;
      for (const ctx of canceled) ({ err } = ctx);
      keep(err);
    },
  };
}

const key = contextKey<number>('user');

export default [
  timed(
    'derive + cancel',
    {
      [ours]: deriveAndCancel,
      'AbortController, linked by a listener': linkedController,
      'AbortController alone': abortController,
      'AbortSignal.any': anySignal,
      'Subject alone': subject,
      'cancellationtoken, linked by a callback': token,
    },
    { of: 'own', name: 'DeriveCancel' },
  ),
  timed(
    'derive with a timeout + cancel, unheard',
    {
      [ours]: timeoutAndCancel,
      'AbortController + setTimeout': controllerAndTimer,
      'AbortSignal.timeout (not canceled)': timeoutSignal,
      cancellationtoken: timeoutOfToken,
    },
    { of: 'std', name: 'WithTimeout/concurrency=40', ops: 10 },
  ),
  timed(
    'derive with a timeout + cancel, heard by one listener',
    {
      [ours]: heardTimeoutAndCancel,
      'AbortController + setTimeout + listener': heardControllerAndTimer,
      'Subject + takeUntil(timer)': timerAndSubject,
    },
    { of: 'own', name: 'TimeoutHeard' },
  ),
  timed(
    'derive with a value',
    {
      [ours]: () => {
        const [parent] = withCancel(background());
        return (ops) => {
          let ctx = parent;
          for (let i = 0; i < ops; i++) ctx = withValue(parent, key, i);
          keep(ctx);
        };
      },
      'a copy of a request object of 8 fields': () => {
        const request = { id: 1, user: 2, trace: 3, locale: 4, tenant: 5, started: 6, signal: longLived(), extra: 7 };
        return (ops) => {
          let copy = request;
          for (let i = 0; i < ops; i++) copy = { ...request, user: i };
          keep(copy);
        };
      },
    },
    { of: 'own', name: 'DeriveValue' },
  ),
  timed(
    'derive + one listener + cancel, which it hears',
    {
      [ours]: () => {
        const [parent] = withCancel(background());
        return (ops) => {
          let [ctx, cancel] = none;
          for (let i = 0; i < ops; i++) {
            [ctx, cancel] = withCancel(parent);
            afterFunc(ctx, heard);
            cancel();
          }
          keep([ctx, cancel]);
        };
      },
      'AbortController, linked by a listener': () => {
        const parent = longLived();
        return (ops) => {
          let signal: AbortSignal | undefined;
          for (let i = 0; i < ops; i++) {
            const controller = new AbortController();
            const abort = () => controller.abort(parent.reason);
            parent.addEventListener('abort', abort, { once: true });
            ({ signal } = controller);
            signal.addEventListener('abort', heard, { once: true });
            parent.removeEventListener('abort', abort);
            controller.abort();
          }
          keep(signal);
        };
      },
      'AbortController alone': () => (ops) => {
        let signal: AbortSignal | undefined;
        for (let i = 0; i < ops; i++) {
          const controller = new AbortController();
          ({ signal } = controller);
          signal.addEventListener('abort', heard, { once: true });
          controller.abort();
        }
        keep(signal);
      },
      cancellationtoken: () => (ops) => {
        let last: unknown;
        for (let i = 0; i < ops; i++) {
          const { token, cancel } = CancellationToken.create();
          token.onCancelled(heard);
          last = token;
          cancel();
        }
        keep(last);
      },
    },
    { of: 'own', name: 'DeriveHeard' },
  ),
  timed('derive + one stream under it + cancel, which completes the stream', {
    [ours]: () => {
      const [parent] = withCancel(background());
      return (ops) => {
        let [ctx, cancel] = none;
        for (let i = 0; i < ops; i++) {
          [ctx, cancel] = withCancel(parent);
          NEVER.pipe(takeUntilCtx(ctx)).subscribe({ complete: heard });
          cancel();
        }
        keep([ctx, cancel]);
      };
    },
    'Subject + takeUntil': () => (ops) => {
      let done: Subject<void> | undefined;
      for (let i = 0; i < ops; i++) {
        done = new Subject<void>();
        NEVER.pipe(takeUntil(done)).subscribe({ complete: heard });
        done.next();
      }
      keep(done);
    },
  }),
  timed('first err of a canceled context', {
    [ours]: thousandCanceled,
    'new Error with a stack': () => (ops) => {
      let error: unknown;
      for (let i = 0; i < ops; i++) error = new Error('context canceled');
      keep(error);
    },
    'new DOMException, which abort() makes': () => (ops) => {
      let error: unknown;
      for (let i = 0; i < ops; i++) error = new DOMException('This operation was aborted', 'AbortError');
      keep(error);
    },
  }),
];
