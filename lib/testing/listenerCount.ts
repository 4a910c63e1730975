import type { Context } from '../core/context.js';
import { contextOf } from '../core/foreign.js';
import type { Cell } from '../core/tree.js';

/**
 * How many listeners and linked children `ctx` holds now: for a test that asserts that nothing leaks.
 *
 * A child is linked, and counts as one, while somebody listens to it or to one below it. Of a context that is not ours it
 * is the number of those who follow it through this library.
 *
 * @throws TypeError when ctx is not a context
 */
export function listenerCount(ctx: Context): number {
  const audience = contextOf(ctx, 'listenerCount').node?.audience;
  return ringLength(audience?.listeners) + ringLength(audience?.children);
}

function ringLength(first: Cell | undefined): number {
  let length = 0;
  for (let cell = first; cell !== undefined; cell = cell.next === first ? undefined : cell.next) length++;
  return length;
}
