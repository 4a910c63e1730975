import { Observable } from 'rxjs';
import type { MonoTypeOperatorFunction } from 'rxjs';
import type { Context } from '../core/context.js';
import { timeOf } from '../core/deadline.js';
import type { DeadlineOptions } from '../core/deadline.js';
import { toInternal } from '../core/foreign.js';
import { subscribeWithDeadline } from './internals.js';

/**
 * Mirrors the source, and errors with a `DeadlineExceededError` when it has not ended at the time `at`, or with `ctx.err`
 * when `ctx` is done before that.
 *
 * ```text
 * source  --a--b--c--d--|
 * ctx     ---------------
 *         withDeadlineCtx(ctx, 7)
 * result  --a--b-#
 * ```
 *
 * Each subscription has its own limit, as under a child of ctx: a timer, taken back when the stream ends or is unsubscribed.
 * A time that is past errors at once, and the source is not subscribed.
 *
 * @param ctx an earlier deadline of its own counts
 * @param at a `Date`, or epoch ms on the clock of the context's scheduler
 * @param options `cause`: becomes the error's cause
 * @throws TypeError when ctx is not a context or at is not a time
 */
export function withDeadlineCtx<T>(
  ctx: Context,
  at: Date | number,
  options?: DeadlineOptions,
): MonoTypeOperatorFunction<T> {
  const parent = toInternal(ctx, 'withDeadlineCtx');
  const deadline = timeOf(at, 'withDeadlineCtx');
  const cause = options?.cause;
  return (source) =>
    new Observable((subscriber) => {
      subscribeWithDeadline(source, subscriber, parent, deadline, Infinity, cause);
    });
}
