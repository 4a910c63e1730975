// The entry point of `rxjs-ctx/core`: contexts without RxJS, for libraries, workers and promise code.
export { background, todo } from './core/derive.js';
export type { CancelFunc, CoreContext } from './core/context.js';
export { withCancel, withValue, withoutCancel } from './core/derive.js';
export { withDeadline, withScheduler, withTimeout } from './core/deadline.js';
export type { DeadlineOptions } from './core/deadline.js';
export type { Clock, Timer } from './core/timer.js';
export { withCancelOn } from './core/link.js';
export { afterFunc, errorOf, throwIfDone } from './core/derive.js';
export { remaining } from './core/deadline.js';
export { contextKey } from './core/key.js';
export type { AnyContextKey, ContextKey } from './core/key.js';
export { CanceledError, DeadlineExceededError, isCanceled, isDeadlineExceeded } from './core/errors.js';
export type { ContextError } from './core/errors.js';
export { untilCtx } from './async/untilCtx.js';
export { sleepCtx } from './async/sleepCtx.js';
