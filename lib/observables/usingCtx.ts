import { Observable } from 'rxjs';
import type { ObservableInput, ObservedValueOf } from 'rxjs';
import type { Context } from '../core/context.js';
import { durationOf, newLimited, timeOf } from '../core/deadline.js';
import type { DeadlineOptions } from '../core/deadline.js';
import { toInternal } from '../core/foreign.js';
import { invalidArgument } from '../core/invalidArgument.js';
import { ContextNode } from '../core/contextNode.js';
import { runWithChild } from './runWithChild.js';

/** @see {@link usingCtx} */
export interface UsingCtxOptions extends DeadlineOptions {
  /** Milliseconds from the subscription. */
  readonly timeoutMs?: number | undefined;
  /** A `Date` or epoch ms. */
  readonly deadline?: Date | number | undefined;
}

/**
 * Runs work under a context of its own: each subscription derives a child of `parent`, subscribes to what `factory` makes
 * of it, and cancels the child when that ends, errors or is unsubscribed.
 *
 * ```text
 * work    --a--b--c--d--|
 * parent  -------c
 *         usingCtx(parent, () => work)
 * result  --a--b-#
 * ```
 *
 * The result errors with the child's `err` when the child is done first. When parent is done already, `factory` is not
 * called. A factory that throws gives an error notification. Nothing is added per value.
 *
 * @param parent the child is done together with it, if that comes first
 * @param factory returns what `from` of RxJS accepts: an observable, a promise, an iterable or an async one
 * @param options the child's limit: `timeoutMs`, `deadline` or the earlier of both, and the `cause` when it passes
 * @throws TypeError when an argument is not what it must be
 * @see RxJS's `using`, whose resource is here the context
 */
export function usingCtx<O extends ObservableInput<unknown>>(
  parent: Context,
  factory: (ctx: Context) => O,
  options: UsingCtxOptions = {},
): Observable<ObservedValueOf<O>> {
  const ctx = toInternal(parent, 'usingCtx', 'parent');
  if (typeof factory !== 'function') throw invalidArgument('usingCtx', 'factory', 'a function', factory);
  if (Object(options) !== options) throw invalidArgument('usingCtx', 'options', 'an object', options);
  if ('timeout' in options) {
    throw invalidArgument('usingCtx', 'options.timeout', 'absent', options.timeout, 'did you mean timeoutMs?');
  }
  const { timeoutMs = Infinity, deadline = Infinity, cause } = options;
  const ms = durationOf(timeoutMs, 'usingCtx', 'timeoutMs');
  const at = timeOf(deadline, 'usingCtx', 'deadline');

  return new Observable((subscriber) => {
    // A child without a deadline of its own ends from above only: it is enough to listen there.
    if (ms === Infinity && at === Infinity) {
      return runWithChild(new ContextNode(ctx, ctx.scope, undefined), ctx.canceler, subscriber, factory);
    }
    const child = newLimited(ctx, at, ms, ctx.scope.clock.now(), cause);
    return runWithChild(child, child, subscriber, factory);
  });
}
