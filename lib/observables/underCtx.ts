import type { Observable, ObservableInput, ObservedValueOf } from 'rxjs';
import type { Context } from '../core/context.js';
import { contextOf } from '../core/foreign.js';
import { badInput } from '../core/input.js';
import { usingCtx } from './usingCtx.js';

/** What a flattening operator runs for each value: the projection, under a child of `ctx` of its own. */
export function underCtx<T, O extends ObservableInput<unknown>>(
  call: string,
  ctx: Context,
  project: (ctx: Context, value: T, index: number) => O,
): (value: T, index: number) => Observable<ObservedValueOf<O>> {
  contextOf(ctx, call);
  if (typeof project !== 'function') throw badInput(call, 'project', 'a function', project);
  return (value, index) => usingCtx(ctx, (child) => project(child, value, index));
}
