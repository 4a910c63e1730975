import type { Context } from '../core/context.js';
import { toInternal } from '../core/foreign.js';
import { ringLength } from '../debug/registry.js';

/**
 * How many listeners and linked children `ctx` holds now: for a test that asserts that nothing leaks.
 *
 * A child is linked, and counts as one, while somebody listens to it or to one below it. Of a context that is not ours it
 * is the number of those who follow it through this library.
 *
 * @throws TypeError when ctx is not a context
 */
export function listenerCount(ctx: Context): number {
  const list = toInternal(ctx, 'listenerCount').canceler?.list;
  return ringLength(list?.listeners) + ringLength(list?.children);
}
