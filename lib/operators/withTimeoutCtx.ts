import { Observable } from 'rxjs';
import type { MonoTypeOperatorFunction } from 'rxjs';
import type { Context } from '../core/context.js';
import { durationOf } from '../core/deadline.js';
import type { DeadlineOptions } from '../core/deadline.js';
import { toInternal } from '../core/foreign.js';
import { subscribeWithDeadline } from './internals.js';

/**
 * Mirrors the source, and errors with a `DeadlineExceededError` when it has not ended `ms` after the subscription, or with
 * `ctx.err` when `ctx` is done before that.
 *
 * ```text
 * source  --a--b--c--d--|
 * ctx     ---------------
 *         withTimeoutCtx(ctx, 7)
 * result  --a--b-#
 * ```
 *
 * Each subscription has its own limit, as under a child of ctx: a timer, taken back when the stream ends or is unsubscribed.
 * The time is for the stream as a whole, not for each value as with RxJS's `timeout({ each })`.
 *
 * @param ctx an earlier deadline of its own counts
 * @param ms milliseconds from the subscription; `Infinity`: no limit
 * @param options `cause`: becomes the error's cause
 * @throws TypeError when ctx is not a context or ms is not a number
 */
export function withTimeoutCtx<T>(ctx: Context, ms: number, options?: DeadlineOptions): MonoTypeOperatorFunction<T> {
  const parent = toInternal(ctx, 'withTimeoutCtx');
  const duration = durationOf(ms, 'withTimeoutCtx');
  const cause = options?.cause;
  return (source) =>
    new Observable((subscriber) => {
      subscribeWithDeadline(source, subscriber, parent, Infinity, duration, cause);
    });
}
