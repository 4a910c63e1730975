// RxJS 7 as the core needs it: its clock, its observables, and the way in which it reports errors.
import { NEVER, Observable, asyncScheduler, config } from 'rxjs';
import type { Context } from '../core/context.js';
import { newRoot } from '../core/derive.js';
import type { ContextError } from '../core/errors.js';
import { register } from '../core/timer.js';
import type { Streams } from '../core/timer.js';

const streams: Streams = {
  clock: asyncScheduler,
  never: NEVER,
  done: (listen) =>
    new Observable<ContextError>((subscriber) => {
      subscriber.add(
        listen((err) => {
          subscriber.next(err as ContextError);
          subscriber.complete();
        }),
      );
    }),
  fits: (done$) => typeof (done$ as { pipe?: unknown } | null | undefined)?.pipe === 'function',
  report(error) {
    asyncScheduler.schedule(() => {
      const { onUnhandledError } = config;
      if (onUnhandledError === null) throw error;
      onUnhandledError(error);
    });
  },
};

register(streams);

const root = /* @__PURE__ */ newRoot('background', streams);
const unknownYet = /* @__PURE__ */ newRoot('todo', streams);

/** Returns the root of all contexts: never done, no deadline, no values. The same object every time. */
export function background(): Context {
  return root;
}

/** Returns a {@link background} for code that does not yet know which context to use. The same object every time. */
export function todo(): Context {
  return unknownYet;
}
