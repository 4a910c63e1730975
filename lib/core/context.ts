/// <reference lib="esnext.disposable" preserve="true" />
import type { Observable } from 'rxjs';
import type { ContextError } from './errors.js';
import type { ContextKey } from './key.js';

/**
 * A context as `rxjs-ctx/core` knows it: all of {@link Context} but `done$`. Every function that takes a context takes this.
 */
export interface CoreContext {
  /** Milliseconds since the Unix epoch, on the clock of the context's scheduler; undefined when there is none. */
  readonly deadline: number | undefined;
  /** Why the context is done; undefined while it is not. Afterwards always the same object, also in every descendant that ended with it. */
  readonly err: ContextError | undefined;
  /** What was given as the cause, or `err` when nothing was; undefined while the context is not done. */
  readonly cause: unknown;
  /** Made on first use and kept. Aborts with `err` as its reason. Already aborted if the context is done. */
  readonly signal: AbortSignal;
  /**
   * Returns what the nearest {@link withValue} upwards put under the key, or else the key's default.
   *
   * @throws TypeError when key is not a key
   */
  value<T, D extends T | undefined>(key: ContextKey<T, D>): T | D;
  /** Names the way the context was derived, and never a value: it may be a secret. */
  toString(): string;
}

/**
 * Carries a deadline, a cancellation signal and request-scoped values from where work is asked for to where it is done.
 *
 * Pass it on explicitly, as the first parameter, named `ctx`; do not store it. Anyone may implement it: every function
 * accepts a context that is not of this library.
 *
 * @see https://pkg.go.dev/context#Context
 */
export interface Context extends CoreContext {
  /** Emits `err` once, then completes. Late subscribers get both at once. Never errors. `NEVER` for a context that cannot end. */
  readonly done$: Observable<ContextError>;
}

/**
 * Ends a context, and everything derived from it, as canceled. Listeners are called before it returns; an error that one
 * throws is reported as RxJS reports an unhandled error. Calling it again does nothing.
 *
 * `using _ = cancel` cancels at the end of the block: Go's `defer cancel()`.
 *
 * @param cause becomes `ctx.cause`. Any value except `undefined` is kept as the cause, including `null`
 */
export type CancelFunc = ((cause?: unknown) => void) & Disposable;
