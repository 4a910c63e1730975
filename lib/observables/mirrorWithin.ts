import type { Observable, Subscriber, Unsubscribable } from 'rxjs';
import { Timed, outlasts } from '../core/deadline.js';
import { DeadlineExceededError, End } from '../core/errors.js';
import { fail } from '../core/node.js';
import type { Ctx } from '../core/node.js';
import { Listener, endOf, link, listen, rest, unlink, wake, watchClock } from '../core/tree.js';
import { mirror } from './mirror.js';

/**
 * Hands the source on to `subscriber` until the time `at`: as under a child of `parent` with that deadline, of which nobody
 * could get hold, so that it need not be made.
 */
export function mirrorWithin<T>(
  source: Observable<T>,
  subscriber: Subscriber<T>,
  parent: Ctx,
  at: number,
  now: number,
  cause: unknown,
): void {
  const { node } = parent;
  if (outlasts(at, parent) || (node && endOf(node)) !== undefined) {
    mirror(source, subscriber, listen(node, new Listener(subscriber, fail)));
  } else {
    const limit = new StreamLimit(subscriber, parent, at, cause);
    if (at <= now) limit.exceed();
    else limit.start(now);
    mirror(source, subscriber, limit);
  }
}

class StreamLimit extends Timed implements Unsubscribable {
  private readonly listener = new Listener<StreamLimit>(this, hear);

  constructor(
    private readonly subscriber: Subscriber<unknown>,
    private readonly parent: Ctx,
    at: number,
    cause: unknown,
  ) {
    super(parent.scope.scheduler, at, cause);
  }

  start(now: number): void {
    const { node } = this.parent;
    if (node !== undefined) {
      watchClock(node, this.clock);
      link(node, this.listener);
    }
    // A context that is not ours may end when it is first listened to.
    if (!this.subscriber.closed) wake(this, now);
  }

  due(): void {
    const { node } = this.parent;
    const end = node && endOf(node);
    if (end !== undefined) this.hear(end);
    else if (this.reached(undefined)) this.exceed();
    else this.wake();
  }

  /** @param end the parent's */
  hear(end: End): void {
    if (this.reached(end)) this.exceed();
    else this.subscriber.error(end.error);
  }

  exceed(): void {
    this.subscriber.error(new End(DeadlineExceededError, this.given, undefined).error);
  }

  unsubscribe(): void {
    unlink(this.listener);
    rest(this);
  }
}

function hear(limit: StreamLimit, end: End): void {
  limit.hear(end);
}
