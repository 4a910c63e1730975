import { Observable } from 'rxjs';
import type { MonoTypeOperatorFunction } from 'rxjs';
import type { Context } from '../core/context.js';
import { toInternal } from '../core/foreign.js';
import { errorSubscriber } from '../observables/runWithChild.js';
import { Listener } from '../core/listenerList.js';
import { listen } from '../core/cancellation.js';
import { subscribeUntil } from './internals.js';

/**
 * Mirrors the source until `ctx` is done, then errors with `ctx.err`.
 *
 * ```text
 * source  --a--b--c--d--|
 * ctx     -------c
 *         throwOnCtx(ctx)
 * result  --a--b-#
 * ```
 *
 * A ctx that is already done errors at once, and the source is not subscribed. When the source ends first, ctx keeps no
 * listener. Nothing is added per value.
 *
 * **Handle the error.** RxJS throws an error that nobody handles where nobody can catch it, and Node ends the process: behind
 * the context of a request, any client that goes does that. Ignore it if you like:
 *
 * ```ts
 * rows$.pipe(throwOnCtx(ctx)).subscribe({ next: (row) => res.write(row), error: () => {} });
 * ```
 *
 * @param ctx ends the result; its `err` tells why
 * @throws TypeError when ctx is not a context
 * @see {@link takeUntilCtx} to complete instead
 */
export function throwOnCtx<T>(ctx: Context): MonoTypeOperatorFunction<T> {
  const { canceler } = toInternal(ctx, 'throwOnCtx');
  return (source) =>
    new Observable((subscriber) => {
      subscribeUntil(source, subscriber, listen(canceler, new Listener(subscriber, errorSubscriber)));
    });
}
