import { Observable } from 'rxjs';
import type { MonoTypeOperatorFunction } from 'rxjs';
import type { Context } from '../core/context.js';
import { contextOf } from '../core/foreign.js';
import { fail } from '../core/node.js';
import { Listener, listen } from '../core/tree.js';
import { mirror } from '../observables/mirror.js';

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
 * @param ctx ends the result; its `err` tells why
 * @throws TypeError when ctx is not a context
 * @see {@link takeUntilCtx} to complete instead
 */
export function throwOnCtx<T>(ctx: Context): MonoTypeOperatorFunction<T> {
  const { node } = contextOf(ctx, 'throwOnCtx');
  return (source) =>
    new Observable((subscriber) => {
      mirror(source, subscriber, listen(node, new Listener(subscriber, fail)));
    });
}
