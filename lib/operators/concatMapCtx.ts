import { concatMap } from 'rxjs';
import type { ObservableInput, ObservedValueOf, OperatorFunction } from 'rxjs';
import type { Context } from '../core/context.js';
import { projectWithChild } from './internals.js';
import { throwOnCtx } from './throwOnCtx.js';

/**
 * Projects each value to an inner stream that runs under a context of its own, one after the other.
 *
 * ```text
 * source  --1-2---------|
 * inner     a--b--c|
 * ctx     ----------c
 *         concatMapCtx(ctx, () => inner)
 * result  --a--b--ca#
 * ```
 *
 * A value waits until the inner stream before it has ended, and its context is derived only then.
 * The whole errors with `ctx.err` when `ctx` is done, with or without an inner stream; under a ctx that is already done the
 * source is not subscribed.
 *
 * @param ctx the parent of the inner streams' contexts
 * @param project takes the child, the value and its index; returns what `from` of RxJS accepts, promises and async
 * iterables included
 * @throws TypeError when an argument is not what it must be
 * @see RxJS's `concatMap`
 */
export function concatMapCtx<T, O extends ObservableInput<unknown>>(
  ctx: Context,
  project: (ctx: Context, value: T, index: number) => O,
): OperatorFunction<T, ObservedValueOf<O>> {
  const inner = projectWithChild('concatMapCtx', ctx, project);
  return (source) => source.pipe(concatMap(inner), throwOnCtx(ctx));
}
