import { from } from 'rxjs';
import type { Observable, ObservableInput, Subscriber } from 'rxjs';
import type { Context } from '../core/context.js';
import { fail } from '../core/node.js';
import type { Ctx } from '../core/node.js';
import { Listener, cancel, listen, unlink } from '../core/tree.js';

/** Runs the work under `child`, which is canceled when it is over. The stream ends when `node` is done. */
export function lend(
  child: Ctx,
  node: Ctx | undefined,
  subscriber: Subscriber<unknown>,
  factory: (ctx: Context) => ObservableInput<unknown>,
): void {
  const lease = listen(node, new Lease(subscriber, child));
  subscriber.add(lease);
  if (subscriber.closed) return;
  let work: Observable<unknown>;
  try {
    work = from(factory(child));
  } catch (error) {
    subscriber.error(error);
    return;
  }
  work.subscribe(subscriber);
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- the work may have closed it
  if (subscriber.closed) return;
  lease.renew();
  subscriber.add(lease);
}

/** Ends the stream when its context is done, and the context when the stream is over. */
class Lease extends Listener<Subscriber<unknown>> {
  /** Whether the next `unsubscribe` is the one to cancel the child. */
  private last = true;

  constructor(
    subscriber: Subscriber<unknown>,
    private readonly child: Ctx,
  ) {
    super(subscriber, fail);
  }

  /** The stream has it twice from now on, before and behind the work: which is let go in between, and hears nothing of the cancel. */
  renew(): void {
    this.last = false;
  }

  /** First out of the child's listeners: then nobody hears of its end, and no error is made. */
  override unsubscribe(): void {
    unlink(this);
    if (this.last) cancel(this.child);
    this.last = true;
  }
}
