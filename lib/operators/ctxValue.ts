import { Observable, map } from 'rxjs';
import type { OperatorFunction } from 'rxjs';
import type { Context } from '../core/context.js';
import { toInternal } from '../core/foreign.js';
import { invalidArgument } from '../core/invalidArgument.js';
import { checkKey } from '../core/key.js';
import type { ContextKey } from '../core/key.js';
import { errorSubscriber } from '../observables/runWithChild.js';
import { Listener } from '../core/listenerList.js';
import { listen } from '../core/cancellation.js';
import { subscribeUntil } from './internals.js';

/**
 * Puts what `ctx` has under `key` beside each value of the source, as a pair or through `project`.
 *
 * ```text
 * source  --a--b--c--d--|
 * ctx     -------c         holds x under key
 *         ctxValue(ctx, key)
 * result  --A--B-#         A = [a, x], B = [b, x]
 * ```
 *
 * The value is looked up once per subscription. Like the other operators it goes no further than its context: when `ctx`
 * is done it errors with `ctx.err`, and under a ctx that is already done the source is not subscribed.
 *
 * @param ctx where to look
 * @param key a key without a default may give undefined
 * @throws TypeError when ctx is not a context, key not a key or project not a function
 */
export function ctxValue<V, D extends V | undefined, T>(
  ctx: Context,
  key: ContextKey<V, D>,
): OperatorFunction<T, [T, V | D]>;
/**
 * As above, with a result of one's own in place of the pair.
 *
 * @param project makes the result of a value, what was looked up and the value's index
 */
export function ctxValue<V, D extends V | undefined, T, R>(
  ctx: Context,
  key: ContextKey<V, D>,
  project: (value: T, ctxValue: V | D, index: number) => R,
): OperatorFunction<T, R>;
export function ctxValue<V, D extends V | undefined, T>(
  ctx: Context,
  key: ContextKey<V, D>,
  project: (value: T, ctxValue: V | D, index: number) => unknown = (value, found) => [value, found],
): OperatorFunction<T, unknown> {
  const own = toInternal(ctx, 'ctxValue');
  checkKey('ctxValue', key);
  if (typeof project !== 'function') throw invalidArgument('ctxValue', 'project', 'a function', project);
  return (source) =>
    new Observable((subscriber) => {
      const found = own.value(key);
      const projected = source.pipe(map((value, index) => project(value, found, index)));
      subscribeUntil(projected, subscriber, listen(own.canceler, new Listener(subscriber, errorSubscriber)));
    });
}
