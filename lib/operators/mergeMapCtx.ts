import { mergeMap } from 'rxjs';
import type { ObservableInput, ObservedValueOf, OperatorFunction } from 'rxjs';
import type { Context } from '../core/context.js';
import { invalidArgument } from '../core/invalidArgument.js';
import { projectWithChild } from './internals.js';
import { throwOnCtx } from './throwOnCtx.js';

/**
 * Projects each value to an inner stream that runs under a context of its own, side by side with the others.
 *
 * ```text
 * source  --1-2---------|
 * inner     a--b--c|
 * ctx     ----------c
 *         mergeMapCtx(ctx, () => inner)
 * result  --a-ab-bc-#
 * ```
 *
 * The context of an inner stream is canceled when that ends.
 * The whole errors with `ctx.err` when `ctx` is done, with or without an inner stream; under a ctx that is already done the
 * source is not subscribed.
 *
 * @param ctx the parent of the inner streams' contexts
 * @param project takes the child, the value and its index; returns what `from` of RxJS accepts, promises and async
 * iterables included
 * @param concurrent how many inner streams may run at a time
 * @throws TypeError when an argument is not what it must be
 * @see RxJS's `mergeMap`
 */
export function mergeMapCtx<T, O extends ObservableInput<unknown>>(
  ctx: Context,
  project: (ctx: Context, value: T, index: number) => O,
  concurrent = Infinity,
): OperatorFunction<T, ObservedValueOf<O>> {
  const inner = projectWithChild('mergeMapCtx', ctx, project);
  if (typeof concurrent !== 'number' || !(concurrent > 0))
    throw invalidArgument('mergeMapCtx', 'concurrent', 'a number above 0', concurrent);
  return (source) => source.pipe(mergeMap(inner, concurrent), throwOnCtx(ctx));
}
