import type { ObservableInput } from 'rxjs';
import type { Context, CoreContext } from '../core/context.js';
import { toInternal } from '../core/foreign.js';
import { invalidArgument } from '../core/invalidArgument.js';
import { runGroup } from './groupCtx.js';
import type { GroupOptions, GroupResult } from './groupCtx.js';

type Work = (ctx: Context) => ObservableInput<unknown>;

/**
 * Runs all works under one context, and resolves with their results under the same keys: `forkJoin` and `Promise.all` for
 * work that can be canceled.
 *
 * The first failure cancels the others, and the promise rejects with it once all have ended, as with {@link groupCtx}. With
 * `onError: 'continue'` the others run to their end before it rejects with the first failure.
 *
 * @example
 * ```ts
 * import { allCtx, background, withTimeout } from 'rxjs-ctx';
 *
 * const [ctx] = withTimeout(background(), 2_000);
 * const load = (url: string) => async (ctx: { signal: AbortSignal }) => (await fetch(url, ctx)).text();
 * const { user, orders } = await allCtx(ctx, { user: load('/user'), orders: load('/orders') }, { limit: 4 });
 * ```
 *
 * @typeParam W the record or the array of works
 * @param ctx the works run under a child of it
 * @param works a record or an array of functions that take a context
 * @param options `limit`: how many run at a time; `onError`
 * @returns a record or an array of a promise's value or a stream's last value, `undefined` for a stream without any
 * @throws TypeError when an argument is not what it must be
 * @see https://rxjs.dev/api/index/function/forkJoin
 */
export function allCtx<const W extends { readonly [K in keyof W]: (ctx: Context) => ObservableInput<unknown> }>(
  ctx: CoreContext,
  works: W,
  options?: GroupOptions,
): Promise<{ -readonly [K in keyof W]: GroupResult<ReturnType<W[K]>> }>;
export function allCtx<const W extends readonly ((ctx: Context) => ObservableInput<unknown>)[]>(
  ctx: CoreContext,
  works: W,
  options?: GroupOptions,
): Promise<{ -readonly [K in keyof W]: GroupResult<ReturnType<W[K]>> }>;
export function allCtx(
  ctx: CoreContext,
  works: Readonly<Record<string, Work>> | readonly Work[],
  options?: GroupOptions,
): Promise<unknown> {
  const node = toInternal(ctx, 'allCtx');
  if (typeof works !== 'object' || (works as unknown) === null) {
    throw invalidArgument('allCtx', 'works', 'a record or an array of functions', works);
  }
  const isArray = Array.isArray(works);
  const entries = Object.entries<Work>(isArray ? [...(works as readonly Work[])] : works);
  for (const [key, work] of entries) {
    if (typeof work !== 'function') throw invalidArgument('allCtx', `works.${key}`, 'a function', work);
  }
  const values: unknown[] = new Array(entries.length);
  // One that cancels nothing: the others run to their end.
  let failure: { readonly error: unknown } | undefined;
  const group = runGroup('allCtx', node, options, (run) => {
    entries.forEach(([, work], index) => {
      run.start(
        work,
        (value) => (values[index] = value),
        (error) => (failure ??= { error }),
      );
    });
  });
  return group.then(() => {
    if (failure !== undefined) throw failure.error;
    return isArray ? values : Object.fromEntries(entries.map(([key], index) => [key, values[index]]));
  });
}
