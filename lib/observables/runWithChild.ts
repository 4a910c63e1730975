import type { ObservableInput, Subscriber } from 'rxjs';
import { cancel, listen } from '../core/cancellation.js';
import type { Context } from '../core/context.js';
import type { ContextNode } from '../core/contextNode.js';
import type { End } from '../core/errors.js';
import { Listener, unlink } from '../core/listenerList.js';
import { fromInput } from './fromInput.js';

/**
 * Runs the work under `child`, which is canceled when the work is over. The stream errors when `node` is done. What `factory`
 * throws is for the observable that subscribes.
 *
 * @returns the teardown to call last, when the work is still running
 */
export function runWithChild(
  child: ContextNode,
  node: ContextNode | undefined,
  subscriber: Subscriber<unknown>,
  factory: (ctx: Context) => ObservableInput<unknown>,
): (() => void) | undefined {
  const listener = listen(node, new Listener(subscriber, errorSubscriber));
  let last = true;
  const release = () => {
    unlink(listener);
    if (last) cancel(child);
    last = true;
  };
  subscriber.add(release);
  if (subscriber.closed) return undefined;
  fromInput(factory(child)).subscribe(subscriber);
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- the work may have closed it
  if (subscriber.closed) return undefined;
  // Called twice from now on, before and behind the work, which is unsubscribed in between and does not see the cancel.
  last = false;
  return release;
}

/** What most listeners do: the stream errors. */
export function errorSubscriber(subscriber: Subscriber<unknown>, end: End): void {
  subscriber.error(end.error);
}
