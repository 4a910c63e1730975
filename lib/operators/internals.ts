// What operators have in common.
import { Observable } from 'rxjs';
import type { ObservableInput, ObservedValueOf, Subscriber, Unsubscribable } from 'rxjs';
import { endOf, knownEndOf, listen, requireTimes } from '../core/cancellation.js';
import type { Context, CoreContext } from '../core/context.js';
import { ContextNode } from '../core/contextNode.js';
import { deadlineBefore, delayUntil, outlasts } from '../core/deadline.js';
import { DeadlineExceededError, End } from '../core/errors.js';
import { toInternal } from '../core/foreign.js';
import { invalidArgument } from '../core/invalidArgument.js';
import { Listener, link, unlink } from '../core/listenerList.js';
import { arm, report } from '../core/timer.js';
import type { Clock, Timer, TimerTarget } from '../core/timer.js';
import { errorSubscriber, runWithChild } from '../observables/runWithChild.js';

/** Mirrors the source until `stop` ends it: that is added first, because a synchronous source would outrun it. */
export function subscribeUntil<T>(source: Observable<T>, subscriber: Subscriber<T>, stop: Unsubscribable): void {
  subscriber.add(stop);
  if (!subscriber.closed) source.subscribe(subscriber);
}

/** What `takeUntilCtx` and its like do when a context ends: the stream completes. */
export function completeSubscriber(subscriber: Subscriber<unknown>): void {
  subscriber.complete();
}

/**
 * Returns what a flattening operator runs for each value: the projection, under a child of `ctx` of its own. The operator has
 * to listen to `ctx`, which is enough for all inner streams.
 */
export function projectWithChild<T, O extends ObservableInput<unknown>>(
  call: string,
  ctx: CoreContext,
  project: (ctx: Context, value: T, index: number) => O,
): (value: T, index: number) => Observable<ObservedValueOf<O>> {
  const parent = toInternal(ctx, call);
  const { canceler, scope } = parent;
  if (typeof project !== 'function') throw invalidArgument(call, 'project', 'a function', project);
  return (value, index) =>
    new Observable((subscriber) => {
      const end = endOf(canceler);
      if (end === undefined) {
        const child = new ContextNode(parent, scope, undefined);
        return runWithChild(child, undefined, subscriber, (own) => project(own, value, index));
      }
      subscriber.error(end.error);
      return undefined;
    });
}

/**
 * Mirrors the source until the time `at`: as under a child of `parent` with that deadline, which nobody could get hold of, so
 * that it need not be made.
 *
 * @param ms the duration, which is over when the host has waited for it; `Infinity` for an instant
 */
export function subscribeWithDeadline<T>(
  source: Observable<T>,
  subscriber: Subscriber<T>,
  parent: ContextNode,
  at: number,
  ms: number,
  cause: unknown,
): void {
  const { canceler, scope } = parent;
  const now = scope.clock.now();
  const end = Math.min(at, now + ms);
  if (outlasts(end, parent) || endOf(canceler) !== undefined) {
    subscribeUntil(source, subscriber, listen(canceler, new Listener(subscriber, errorSubscriber)));
  } else {
    const limit = new StreamLimit(subscriber, parent, end, ms, cause);
    if (end <= now) limit.exceed();
    else limit.start();
    subscribeUntil(source, subscriber, limit);
  }
}

/** Of a class apart from the sources of contexts: those are read for every context that ends. */
class StreamLimit implements TimerTarget, Unsubscribable {
  timer: Timer | undefined = undefined;
  restMs = 0;
  private looks = 0;
  private readonly clock: Clock;
  private readonly listener = new Listener<StreamLimit>(this, endStream);

  constructor(
    private readonly subscriber: Subscriber<unknown>,
    private readonly parent: ContextNode,
    private readonly at: number,
    private readonly ms: number,
    private readonly cause: unknown,
  ) {
    this.clock = parent.scope.clock;
  }

  start(): void {
    const { canceler } = this.parent;
    if (canceler !== undefined) {
      requireTimes(canceler);
      link(canceler, this.listener);
    }
    // A foreign context may end when it is first listened to.
    if (!this.subscriber.closed) this.wait();
  }

  private wait(): void {
    try {
      arm(this, this.clock, delayUntil(this.at, this.ms, this.clock, this.looks));
    } catch (error) {
      report(error);
    }
  }

  onTimer(): void {
    const { parent, at, restMs } = this;
    const { canceler } = parent;
    const end = canceler && knownEndOf(canceler);
    if (end !== undefined) this.endWith(end);
    else if ((this.ms < Infinity && restMs === 0) || at <= parent.now()) this.exceed();
    else {
      if (restMs === 0) this.looks++;
      this.wait();
    }
  }

  /** @param end the parent's */
  endWith(end: End): void {
    if (deadlineBefore(this.at, this.clock, end)) this.exceed();
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

function endStream(limit: StreamLimit, end: End): void {
  limit.endWith(end);
}
