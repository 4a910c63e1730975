import { exhaustMap } from 'rxjs';
import type { ObservableInput, ObservedValueOf, OperatorFunction } from 'rxjs';
import type { Context } from '../core/context.js';
import { projectWithChild } from './internals.js';
import { throwOnCtx } from './throwOnCtx.js';

/**
 * Projects a value to an inner stream that runs under a context of its own; values that come meanwhile are dropped.
 *
 * ```text
 * source  --1-2---------|
 * inner     a--b--c|
 * ctx     ----------c
 *         exhaustMapCtx(ctx, () => inner)
 * result  --a--b--c-#
 * ```
 *
 * The context of an inner stream is canceled when that ends.
 * The whole errors with `ctx.err` when `ctx` is done, with or without an inner stream; under a ctx that is already done the
 * source is not subscribed.
 *
 * @param ctx the parent of the inner streams' contexts
 * @param project takes the child, the value and its index; returns what `from` of RxJS accepts, promises and async
 * iterables included
 * @throws TypeError when an argument is not what it must be
 * @see RxJS's `exhaustMap`
 */
export function exhaustMapCtx<T, O extends ObservableInput<unknown>>(
  ctx: Context,
  project: (ctx: Context, value: T, index: number) => O,
): OperatorFunction<T, ObservedValueOf<O>> {
  const inner = projectWithChild('exhaustMapCtx', ctx, project);
  return (source) => source.pipe(exhaustMap(inner), throwOnCtx(ctx));
}
