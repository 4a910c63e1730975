import { afterFunc } from '../../lib/index.js';
import type { CancelFunc, Context } from '../../lib/index.js';

/** Cancels a context, one of whose listeners cancels it again: the next one must hear in its turn. */
export function expectNotifyOrder([ctx, cancel]: readonly [ctx: Context, cancel: CancelFunc]): void {
  const heard: string[] = [];
  afterFunc(ctx, () => {
    cancel();
    heard.push('first');
  });
  afterFunc(ctx, () => heard.push('second'));
  cancel();
  expect(heard).toEqual(['first', 'second']);
}
