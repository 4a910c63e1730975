import type { SchedulerLike } from 'rxjs';
import { withCancelFunc } from './context.js';
import type { CancelFunc, Context } from './context.js';
import { DeadlineExceededError, End, Instants } from './errors.js';
import { contextOf } from './foreign.js';
import { badInput } from './input.js';
import { Cancelable, Derived, isScheduler } from './node.js';
import type { Ctx } from './node.js';
import { Scope, announce, endOf, later, watchClock } from './tree.js';
import type { Limit, TreeNode } from './tree.js';

/** Hosts take the delay of a timer as a signed 32-bit number of ms: about 24.8 days. A longer one would fire at once. */
const longestDelayMs = 2 ** 31 - 1;

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
  return new Derived(ctx, node, new Scope(scheduler, limit, values, foreign, eager), 'withScheduler');
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
export function limited(parent: Ctx, at: number, now: number, cause: unknown): Cancelable {
  const earliest = parent.scope.limit?.at ?? Infinity;
  return at === Infinity || earliest < at
    ? new Cancelable(parent, parent.scope)
    : new DeadlineCtx(parent, at, now, cause);
}

class DeadlineCtx extends Cancelable implements Limit {
  readonly clock: SchedulerLike;
  readonly beyond: Limit | undefined;
  /** Set while the timer is armed: disarms it. */
  private disarm: (() => void) | undefined = undefined;

  constructor(
    parent: Ctx,
    readonly at: number,
    now: number,
    private readonly given: unknown,
  ) {
    const { node, scope } = parent;
    const { limit } = scope;
    super(parent, scope);
    this.clock = scope.scheduler;
    this.beyond = limit?.clock === this.clock ? limit.beyond : limit;
    this.scope = new Scope(scope.scheduler, this, scope.values, scope.foreign, scope.eager);
    watchClock(node, scope.scheduler);
    if (at <= now) this.end ??= (node && endOf(node)) ?? this.expire();
    if (scope.eager && endOf(this) === undefined) this.arm();
  }

  protected override label(): string {
    const time = new Date(this.at).toJSON() as string | null;
    return `withDeadline(${time ?? String(this.at)}, ${String(Math.round(remaining(this) / 100) / 10)}s left)`;
  }

  overdue(end: End<TreeNode> | undefined): End<TreeNode> | undefined {
    const { clock } = this;
    if (end === undefined) return this.end ?? (this.at <= clock.now() ? this.expire() : undefined);
    const came = end.at?.on(clock) ?? -Infinity;
    return this.at <= came && this.end === undefined ? this.expire() : undefined;
  }

  override cancel(cause?: unknown): void {
    super.cancel(cause);
    if (this.disarm === undefined) return;
    // It was over before, and somebody is yet to hear of that: from here when it ended by itself, else from above.
    if (this.end!.source === this) announce(this);
    else this.rest();
  }

  override wake(): void {
    if (this.disarm === undefined) this.arm();
  }

  override rest(): void {
    if (this.end === undefined && this.scope.eager) return;
    this.disarm?.();
    this.disarm = undefined;
  }

  private expire(): End<TreeNode> {
    const { clock, clocks = [] } = this;
    const lateMs = clock.now() - this.at;
    const at = new Instants([clock, ...clocks], [this.at, ...clocks.map((other) => other.now() - lateMs)], true);
    const end = (this.end = new End<TreeNode>(this, DeadlineExceededError, this.given, at));
    if (this.disarm !== undefined) {
      this.rest();
      if (this.audience?.empty === false) this.arm();
    }
    return end;
  }

  /** The timer fires at the deadline, or at once when that has passed. */
  private arm(): void {
    const { scheduler } = this.scope;
    const delayMs = Math.min(Math.max(0, this.at - scheduler.now()), longestDelayMs);
    this.disarm = later(scheduler, delayMs, () => {
      this.disarm = undefined;
      // A timer may be early: the delay was cut, or the clock was set.
      if (endOf(this) === undefined) this.arm();
      else announce(this);
    });
  }
}
