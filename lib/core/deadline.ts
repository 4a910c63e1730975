import type { SchedulerLike } from 'rxjs';
import { withCancelFunc } from './context.js';
import type { CancelFunc, Context } from './context.js';
import { DeadlineExceededError, End } from './errors.js';
import { contextOf } from './foreign.js';
import { badInput } from './input.js';
import { Ctx, Way, carrying, isScheduler } from './node.js';
import { Scope } from './scope.js';
import type { Limit } from './scope.js';
import { announce, arm, endOf, endedByItself, watchClock } from './tree.js';
import type { Alarm } from './tree.js';

/** @see {@link withDeadline} */
export interface DeadlineOptions {
  /** Becomes `ctx.cause` when the deadline passes. `undefined` counts as none. */
  readonly cause?: unknown;
}

/**
 * Derives a context that is also done at the time `at`, with a {@link DeadlineExceededError}.
 *
 * With an earlier deadline above it is a plain {@link withCancel}: a child cannot outlive its parent. A time that is past
 * ends the context at once. The deadline holds in synchronous code too: `err` is set as soon as the clock has reached it.
 * A timer is armed only while somebody listens to the context or to one below it. Semantics: Go's `WithDeadlineCause`.
 *
 * @param parent done together with it, if that comes first
 * @param at a `Date`, or epoch ms on the clock of the context's scheduler
 * @param options `cause`: applies when the deadline passes
 * @returns the context, and the function that cancels it: call it when the work is over, whatever happened
 * @throws TypeError when parent is not a context or at is not a time
 */
export function withDeadline(
  parent: Context,
  at: Date | number,
  options?: DeadlineOptions,
): [ctx: Context, cancel: CancelFunc] {
  const ctx = contextOf(parent, 'withDeadline', 'parent');
  return withCancelFunc(limited(ctx, timeOf(at, 'withDeadline'), ctx.scope.scheduler.now(), options?.cause));
}

/**
 * Derives a context that is also done `ms` from now: {@link withDeadline} at `now + ms`.
 *
 * @param parent done together with it, if that comes first
 * @param ms milliseconds; nothing or less is over at once, `Infinity` never
 * @param options `cause`: applies when the time is over
 * @returns the context, and the function that cancels it: call it when the work is over, whatever happened
 * @throws TypeError when parent is not a context or ms is not a number
 */
export function withTimeout(
  parent: Context,
  ms: number,
  options?: DeadlineOptions,
): [ctx: Context, cancel: CancelFunc] {
  const ctx = contextOf(parent, 'withTimeout', 'parent');
  const duration = durationOf(ms, 'withTimeout');
  const now = ctx.scope.scheduler.now();
  return withCancelFunc(limited(ctx, now + duration, now, options?.cause));
}

/**
 * Puts the timers of every context derived from the result on an RxJS scheduler, and takes its clock for theirs.
 *
 * Without it they run on `asyncScheduler`, which `TestScheduler.run` makes virtual: most tests need no scheduler at all.
 *
 * @param parent done together with it
 * @param scheduler any RxJS scheduler; its `now()` is the clock, in ms
 * @throws TypeError when parent is not a context or scheduler is not a scheduler
 */
export function withScheduler(parent: Context, scheduler: SchedulerLike): Context {
  const ctx = contextOf(parent, 'withScheduler', 'parent');
  if (!isScheduler(scheduler)) throw badInput('withScheduler', 'scheduler', 'an RxJS scheduler', scheduler);
  const { node, scope } = ctx;
  const { limit, values, foreign, eager } = scope;
  return carrying(ctx, node, new Scope(scheduler, limit, values, foreign, eager), new Way('withScheduler'));
}

/**
 * Milliseconds until the deadline: never negative, `Infinity` without a deadline, 0 once the context is done.
 *
 * @throws TypeError when ctx is not a context
 */
export function remaining(ctx: Context): number {
  const { deadline, err, scope } = contextOf(ctx, 'remaining');
  if (err !== undefined) return 0;
  return deadline === undefined ? Infinity : Math.max(0, deadline - scope.scheduler.now());
}

/** Epoch ms of a time that was given. */
export function timeOf(at: Date | number, call: string, argument = 'at'): number {
  const time = at instanceof Date ? at.getTime() : at;
  if (typeof time !== 'number' || Number.isNaN(time)) {
    throw badInput(call, argument, 'a valid Date or epoch milliseconds', at);
  }
  return time;
}

/** Ms of a duration that was given. */
export function durationOf(ms: number, call: string, argument = 'ms'): number {
  if (typeof ms !== 'number' || Number.isNaN(ms)) throw badInput(call, argument, 'a number of milliseconds', ms);
  return ms;
}

/** A child with a deadline of its own, unless there is an earlier one above. */
export function limited(parent: Ctx, at: number, now: number, cause: unknown): Ctx {
  return outlasts(at, parent) ? new Ctx(parent, parent.scope) : new Deadline(parent, at, now, cause).node;
}

/** Whether what is derived from `parent` ends before `at` in any case, or `at` never comes. */
export function outlasts(at: number, parent: Ctx): boolean {
  return at === Infinity || (parent.scope.limit?.at ?? Infinity) < at;
}

/** Whether `at` came before `end` or, without one, has come by now. Within one millisecond a deadline is before a cancel. */
export function reached(at: number, clock: SchedulerLike, end: End | undefined): boolean {
  return at <= (end === undefined ? clock.now() : (end.at?.get(clock) ?? NaN));
}

class Deadline extends Way implements Alarm, Limit {
  readonly node: Ctx;
  readonly clock: SchedulerLike;
  readonly beyond: Limit | undefined;
  readonly soleClock: SchedulerLike | undefined;

  constructor(
    parent: Ctx,
    readonly at: number,
    now: number,
    private readonly given: unknown,
  ) {
    super('withDeadline');
    const { node: above } = parent;
    const { scheduler, limit, values, foreign, eager } = parent.scope;
    this.clock = scheduler;
    this.beyond = limit?.clock === scheduler ? limit.beyond : limit;
    this.soleClock = this.beyond === undefined ? scheduler : undefined;
    const node = (this.node = new Ctx(parent, new Scope(scheduler, this, values, foreign, eager), this));
    watchClock(above, scheduler);
    if (at <= now) node.end ??= endOf(above) ?? this.expire();
    if (eager && endOf(node) === undefined) this.start(now);
  }

  override label(): string {
    const time = new Date(this.at).toJSON() as string | null;
    const left = String(Math.round(remaining(this.node) / 100) / 10);
    return `${super.label()}(${time ?? String(this.at)}, ${left}s left)`;
  }

  overdue(end: End | undefined): End | undefined {
    return reached(this.at, this.clock, end) ? this.expire() : undefined;
  }

  override late(): boolean {
    if (this.timer === undefined) return false;
    if (endedByItself(this.node)) return true;
    this.rest(); // they hear from above
    return false;
  }

  /** @param now of its clock, where that has just been read */
  protected override start(now = this.clock.now()): void {
    if (this.timer === undefined) arm(this, this.clock, this.at - now);
  }

  protected override stop(): void {
    if (this.node.end !== undefined || !this.node.scope.eager) super.stop();
  }

  due(): void {
    if (endOf(this.node) === undefined) this.start();
    else announce(this.node);
  }

  private expire(): End {
    const { node, clock, at } = this;
    const lateMs = clock.now() - at;
    const when = new Map(node.audience?.clocks?.map((other) => [other, other.now() - lateMs])).set(clock, at);
    const end = (node.end = new End(DeadlineExceededError, this.given, when));
    if (this.timer !== undefined) {
      this.rest();
      if (node.audience?.empty === false) this.wake();
    }
    return end;
  }
}
