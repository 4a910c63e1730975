import { Observable } from 'rxjs';
import type { ObservableInput, ObservedValueOf } from 'rxjs';
import type { Context } from '../core/context.js';
import { contextOf } from '../core/foreign.js';
import { badInput } from '../core/input.js';
import { Ctx } from '../core/node.js';
import { endOf } from '../core/tree.js';
import { lend } from './lend.js';

/**
 * What a flattening operator runs for each value: the projection, under a child of `ctx` of its own. The whole has to listen
 * to `ctx`, which is enough for all that run in it.
 */
export function underCtx<T, O extends ObservableInput<unknown>>(
  call: string,
  ctx: Context,
  project: (ctx: Context, value: T, index: number) => O,
): (value: T, index: number) => Observable<ObservedValueOf<O>> {
  const parent = contextOf(ctx, call);
  const { node, scope } = parent;
  if (typeof project !== 'function') throw badInput(call, 'project', 'a function', project);
  return (value, index) =>
    new Observable((subscriber) => {
      const end = endOf(node);
      if (end === undefined) {
        return lend(new Ctx(parent, scope), undefined, subscriber, (child) => project(child, value, index));
      }
      subscriber.error(end.error);
      return undefined;
    });
}
