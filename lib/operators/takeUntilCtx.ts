import { Observable } from 'rxjs';
import type { MonoTypeOperatorFunction, Subscriber } from 'rxjs';
import type { Context } from '../core/context.js';
import { contextOf } from '../core/foreign.js';
import { Listener, listen } from '../core/tree.js';
import { mirror } from '../observables/mirror.js';

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
  const { node } = contextOf(ctx, 'takeUntilCtx');
  return (source) =>
    new Observable((subscriber) => {
      mirror(source, subscriber, listen(node, new Listener(subscriber, complete)));
    });
}

function complete(subscriber: Subscriber<unknown>): void {
  subscriber.complete();
}
