// What a context costs to derive and to end, against what people use instead.
import cancellationtoken from 'cancellationtoken';
import { NEVER, Subject, Subscription, takeUntil, timer } from 'rxjs';
import { afterFunc, background, contextKey, takeUntilCtx, withCancel, withTimeout, withValue } from 'rxjs-ctx';
import { keep, ours, timed } from './harness.js';
import type { Loop, Shot } from './harness.js';

const hour = 3_600_000;
const CancellationToken = cancellationtoken.default;

function heard(): void {
  keep(undefined);
}

/** A signal of a process or a request that lives for longer than what hangs on it. */
function longLived(): AbortSignal {
  return new AbortController().signal;
}

const abortController = (): Loop => (ops) => {
  for (let i = 0; i < ops; i++) {
    const controller = new AbortController();
    keep(controller.signal);
    controller.abort();
  }
};

/** A child as people write it by hand: aborted with its parent, and off the parent's signal when it is over. */
const linkedController = (): Loop => {
  const parent = longLived();
  return (ops) => {
    for (let i = 0; i < ops; i++) {
      const controller = new AbortController();
      const abort = () => controller.abort(parent.reason);
      parent.addEventListener('abort', abort, { once: true });
      keep(controller.signal);
      parent.removeEventListener('abort', abort);
      controller.abort();
    }
  };
};

const anySignal = (): Loop => {
  const parent = longLived();
  return (ops) => {
    for (let i = 0; i < ops; i++) {
      const controller = new AbortController();
      keep(AbortSignal.any([parent, controller.signal]));
      controller.abort();
    }
  };
};

const subject = (): Loop => (ops) => {
  for (let i = 0; i < ops; i++) {
    const done = new Subject<void>();
    keep(done);
    done.next();
    done.complete();
  }
};

const token = (): Loop => {
  const parent = CancellationToken.create();
  return (ops) => {
    for (let i = 0; i < ops; i++) {
      const { token, cancel } = CancellationToken.create();
      const unregister = parent.token.onCancelled(cancel);
      keep(token);
      unregister();
      cancel();
    }
  };
};

const deriveAndCancel = (): Loop => {
  const [parent] = withCancel(background());
  return (ops) => {
    for (let i = 0; i < ops; i++) {
      const [ctx, cancel] = withCancel(parent);
      keep(ctx);
      keep(cancel);
      cancel();
    }
  };
};

const timeoutAndCancel = (): Loop => {
  const [parent] = withCancel(background());
  return (ops) => {
    for (let i = 0; i < ops; i++) {
      const [ctx, cancel] = withTimeout(parent, hour);
      keep(ctx);
      keep(cancel);
      cancel();
    }
  };
};

const heardTimeoutAndCancel = (): Loop => {
  const [parent] = withCancel(background());
  return (ops) => {
    for (let i = 0; i < ops; i++) {
      const [ctx, cancel] = withTimeout(parent, hour);
      afterFunc(ctx, heard);
      keep(ctx);
      keep(cancel);
      cancel();
    }
  };
};

const controllerAndTimer = (): Loop => (ops) => {
  for (let i = 0; i < ops; i++) {
    const controller = new AbortController();
    const id = setTimeout(() => controller.abort(), hour);
    keep(controller.signal);
    clearTimeout(id);
    controller.abort();
  }
};

const heardControllerAndTimer = (): Loop => (ops) => {
  for (let i = 0; i < ops; i++) {
    const controller = new AbortController();
    const id = setTimeout(() => controller.abort(), hour);
    controller.signal.addEventListener('abort', heard, { once: true });
    keep(controller.signal);
    clearTimeout(id);
    controller.abort();
  }
};

const timeoutSignal = (): Loop => (ops) => {
  for (let i = 0; i < ops; i++) keep(AbortSignal.timeout(hour));
};

const timerAndSubject = (): Loop => (ops) => {
  for (let i = 0; i < ops; i++) {
    const done = new Subject<void>();
    const subscription = new Subscription();
    subscription.add(timer(hour).pipe(takeUntil(done)).subscribe(heard));
    keep(done);
    done.next();
  }
};

const timeoutOfToken = (): Loop => (ops) => {
  for (let i = 0; i < ops; i++) {
    const { token, cancel } = CancellationToken.timeout(hour);
    keep(token);
    cancel();
  }
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
      for (const ctx of canceled) keep(ctx.err);
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
          for (let i = 0; i < ops; i++) keep(withValue(parent, key, i));
        };
      },
      'a copy of a request object of 8 fields': () => {
        const request = { id: 1, user: 2, trace: 3, locale: 4, tenant: 5, started: 6, signal: longLived(), extra: 7 };
        return (ops) => {
          for (let i = 0; i < ops; i++) keep({ ...request, user: i });
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
          for (let i = 0; i < ops; i++) {
            const [ctx, cancel] = withCancel(parent);
            afterFunc(ctx, heard);
            keep(ctx);
            keep(cancel);
            cancel();
          }
        };
      },
      'AbortController, linked by a listener': () => {
        const parent = longLived();
        return (ops) => {
          for (let i = 0; i < ops; i++) {
            const controller = new AbortController();
            const abort = () => controller.abort(parent.reason);
            parent.addEventListener('abort', abort, { once: true });
            controller.signal.addEventListener('abort', heard, { once: true });
            keep(controller.signal);
            parent.removeEventListener('abort', abort);
            controller.abort();
          }
        };
      },
      'AbortController alone': () => (ops) => {
        for (let i = 0; i < ops; i++) {
          const controller = new AbortController();
          controller.signal.addEventListener('abort', heard, { once: true });
          keep(controller.signal);
          controller.abort();
        }
      },
      cancellationtoken: () => (ops) => {
        for (let i = 0; i < ops; i++) {
          const { token, cancel } = CancellationToken.create();
          token.onCancelled(heard);
          keep(token);
          cancel();
        }
      },
    },
    { of: 'own', name: 'DeriveHeard' },
  ),
  timed('derive + one stream under it + cancel, which completes the stream', {
    [ours]: () => {
      const [parent] = withCancel(background());
      return (ops) => {
        for (let i = 0; i < ops; i++) {
          const [ctx, cancel] = withCancel(parent);
          NEVER.pipe(takeUntilCtx(ctx)).subscribe({ complete: heard });
          keep(cancel);
          cancel();
        }
      };
    },
    'Subject + takeUntil': () => (ops) => {
      for (let i = 0; i < ops; i++) {
        const done = new Subject<void>();
        NEVER.pipe(takeUntil(done)).subscribe({ complete: heard });
        keep(done);
        done.next();
      }
    },
  }),
  timed('first err of a canceled context', {
    [ours]: thousandCanceled,
    'new Error with a stack': () => (ops) => {
      for (let i = 0; i < ops; i++) keep(new Error('context canceled'));
    },
    'new DOMException, which abort() makes': () => (ops) => {
      for (let i = 0; i < ops; i++) keep(new DOMException('This operation was aborted', 'AbortError'));
    },
  }),
];
