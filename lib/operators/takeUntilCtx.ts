import { Observable } from 'rxjs';
import type { MonoTypeOperatorFunction } from 'rxjs';
import type { Context } from '../core/context.js';
import { toInternal } from '../core/foreign.js';
import { Listener } from '../core/listenerList.js';
import { listen } from '../core/cancellation.js';
import { completeSubscriber, subscribeUntil } from './internals.js';

/**
 * Mirrors the source until `ctx` is done, then completes.
 *
 * ```text
 * source  --a--b--c--d--|
 * ctx     -------c
 *         takeUntilCtx(ctx)
 * result  --a--b-|
 * ```
 *
 * A ctx that is already done completes at once, and the source is not subscribed. When the source ends first, ctx keeps no
 * listener. Nothing is added per value.
 *
 * @param ctx ends the result; canceled or past its deadline makes no difference
 * @throws TypeError when ctx is not a context
 * @see {@link throwOnCtx} to error with `ctx.err` instead
 */
export function takeUntilCtx<T>(ctx: Context): MonoTypeOperatorFunction<T> {
  const { canceler } = toInternal(ctx, 'takeUntilCtx');
  return (source) =>
    new Observable((subscriber) => {
      subscribeUntil(source, subscriber, listen(canceler, new Listener(subscriber, completeSubscriber)));
    });
}
