import type { Observable, SchedulerLike, Subscriber, Unsubscribable } from 'rxjs';
import { outlasts, reached } from '../core/deadline.js';
import { DeadlineExceededError, End } from '../core/errors.js';
import { fail } from '../core/node.js';
import type { Ctx } from '../core/node.js';
import { Listener, arm, endOf, link, listen, report, unlink, watchClock } from '../core/tree.js';
import type { Alarm } from '../core/tree.js';
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
  if (outlasts(at, parent) || endOf(node) !== undefined) {
    mirror(source, subscriber, listen(node, new Listener(subscriber, fail)));
  } else {
    const limit = new StreamLimit(subscriber, parent, at, cause);
    if (at <= now) limit.exceed();
    else limit.start(now);
    mirror(source, subscriber, limit);
  }
}

/** Of a class apart: what is called for every context that ends need not know one class more. */
class StreamLimit implements Alarm, Unsubscribable {
  timer: Unsubscribable | undefined = undefined;
  private readonly clock: SchedulerLike;
  private readonly listener = new Listener<StreamLimit>(this, hear);

  constructor(
    private readonly subscriber: Subscriber<unknown>,
    private readonly parent: Ctx,
    private readonly at: number,
    private readonly cause: unknown,
  ) {
    this.clock = parent.scope.scheduler;
  }

  start(now: number): void {
    const { node } = this.parent;
    if (node !== undefined) {
      watchClock(node, this.clock);
      link(node, this.listener);
    }
    // A context that is not ours may end when it is first listened to.
    if (this.subscriber.closed) return;
    try {
      arm(this, this.clock, this.at - now);
    } catch (error) {
      report(error);
    }
  }

  due(): void {
    const { parent, clock, at } = this;
    const end = endOf(parent.node);
    if (end !== undefined) this.hear(end);
    else if (reached(at, clock, undefined)) this.exceed();
    else arm(this, clock, at - clock.now());
  }

  /** @param end the parent's */
  hear(end: End): void {
    if (reached(this.at, this.clock, end)) this.exceed();
    else this.subscriber.error(end.error);
  }

  exceed(): void {
    this.subscriber.error(new End(DeadlineExceededError, this.cause, undefined).error);
  }

  unsubscribe(): void {
    unlink(this.listener);
    try {
      this.timer?.unsubscribe();
    } catch (error) {
      report(error);
    }
  }
}

function hear(limit: StreamLimit, end: End): void {
  limit.hear(end);
}
