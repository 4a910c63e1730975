import { from } from 'rxjs';
import type { ObservableInput, Subscriber, Unsubscribable } from 'rxjs';
import type { Context } from '../core/context.js';
import { fail } from '../core/node.js';
import type { Ctx } from '../core/node.js';
import { Listener, cancel, listen, unlink } from '../core/tree.js';

/**
 * Runs the work under `child`, which is canceled when it is over. The stream ends when `node` is done. What it throws is for
 * the observable that subscribes.
 *
 * @returns what that is to let go last, when the work is still on
 */
export function lend(
  child: Ctx,
  node: Ctx | undefined,
  subscriber: Subscriber<unknown>,
  factory: (ctx: Context) => ObservableInput<unknown>,
): Unsubscribable | undefined {
  const lease = new Lease(child, listen(node, new Listener(subscriber, fail)));
  subscriber.add(lease);
  if (subscriber.closed) return undefined;
  from(factory(child)).subscribe(subscriber);
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- the work may have closed it
  if (subscriber.closed) return undefined;
  lease.renew();
  return lease;
}

/** Cancels the child when the stream is over. */
class Lease implements Unsubscribable {
  /** Whether the next `unsubscribe` is the one to cancel. */
  private last = true;

  constructor(
    private readonly child: Ctx,
    private readonly listener: Listener,
  ) {}

  /** The stream has it twice from now on, before and behind the work: which is let go in between, and hears nothing of the cancel. */
  renew(): void {
    this.last = false;
  }

  unsubscribe(): void {
    unlink(this.listener);
    if (this.last) cancel(this.child);
    this.last = true;
  }
}
