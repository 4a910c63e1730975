import { from } from 'rxjs';
import type { ObservableInput, Subscriber } from 'rxjs';
import type { Context } from '../core/context.js';
import { fail } from '../core/node.js';
import type { Ctx } from '../core/node.js';
import { Listener, cancel, listen, unlink } from '../core/tree.js';

/**
 * Runs the work under `child`, which is canceled when it is over. The stream ends when `node` is done. What it throws is for
 * the observable that subscribes.
 *
 * @returns what that is to call last, when the work is still on
 */
export function lend(
  child: Ctx,
  node: Ctx | undefined,
  subscriber: Subscriber<unknown>,
  factory: (ctx: Context) => ObservableInput<unknown>,
): (() => void) | undefined {
  const listener = listen(node, new Listener(subscriber, fail));
  let last = true;
  const release = () => {
    unlink(listener);
    if (last) cancel(child);
    last = true;
  };
  subscriber.add(release);
  if (subscriber.closed) return undefined;
  from(factory(child)).subscribe(subscriber);
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- the work may have closed it
  if (subscriber.closed) return undefined;
  // Called twice from now on, before and behind the work: which is let go in between, and hears nothing of the cancel.
  last = false;
  return release;
}
