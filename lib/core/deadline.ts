import { endOf, endedByItself, knownEndOf, notifyAll, requireTimes } from './cancellation.js';
import type { Limit, OutsideLimit } from './cancellation.js';
import type { CancelFunc, Context, CoreContext } from './context.js';
import { ContextNode, Source, isClock, newValueContext } from './contextNode.js';
import { withCancelFunc } from './derive.js';
import { DeadlineExceededError, End } from './errors.js';
import { newForeignNode, toInternal } from './foreign.js';
import { invalidArgument } from './invalidArgument.js';
import { arm } from './timer.js';
import type { Clock, TimerTarget } from './timer.js';

/** @see {@link withDeadline} */
export interface DeadlineOptions {
  /** Becomes `ctx.cause` when the deadline passes. `undefined`: none. */
  readonly cause?: unknown;
}

/**
 * Derives a context that is also done at the instant `at`, with a {@link DeadlineExceededError}.
 *
 * With an earlier deadline above it is a plain {@link withCancel}: a child cannot outlive its parent. With an instant in the
 * past it is done immediately. The deadline holds in synchronous code too: `err` is set as soon as the clock has reached it.
 * A timer is armed only while something listens to the context or to one below it. It follows the wall clock: when that is
 * set back, the deadline is later.
 *
 * @param parent done together with it, if that comes first
 * @param at a `Date`, or epoch ms on the clock of the context's scheduler
 * @param options `cause`: applies when the deadline passes
 * @returns the context, and the function that cancels it: call it when the work is over, whatever happened
 * @throws TypeError when parent is not a context or at is not a time
 * @see https://pkg.go.dev/context#WithDeadlineCause
 */
export function withDeadline(
  parent: CoreContext,
  at: Date | number,
  options?: DeadlineOptions,
): [ctx: Context, cancel: CancelFunc] {
  const ctx = toInternal(parent, 'withDeadline', 'parent');
  return withCancelFunc(newLimited(ctx, timeOf(at, 'withDeadline'), Infinity, ctx.scope.clock.now(), options?.cause));
}

/**
 * Derives a context that is also done `ms` from now, with a {@link DeadlineExceededError}: {@link withDeadline} at `now + ms`,
 * but a duration. When the host has waited for it, it is over, whatever the wall clock says.
 *
 * @param parent done together with it, if that comes first
 * @param ms milliseconds; 0 or negative: done immediately; `Infinity`: no limit
 * @param options `cause`: applies when the time is over
 * @returns the context, and the function that cancels it: call it when the work is over, whatever happened
 * @throws TypeError when parent is not a context or ms is not a number
 * @see https://pkg.go.dev/context#WithTimeoutCause
 */
export function withTimeout(
  parent: CoreContext,
  ms: number,
  options?: DeadlineOptions,
): [ctx: Context, cancel: CancelFunc] {
  const ctx = toInternal(parent, 'withTimeout', 'parent');
  return withCancelFunc(
    newLimited(ctx, Infinity, durationOf(ms, 'withTimeout'), ctx.scope.clock.now(), options?.cause),
  );
}

/**
 * Puts the timers of every context derived from the result on an RxJS scheduler, whose `now()` becomes their clock.
 *
 * Without it they run on `asyncScheduler`, which `TestScheduler.run` makes virtual: most tests need no scheduler at all.
 * Ends are compared on one clock: under a parent that can end and has another clock, an end of the parent counts from when
 * it is first seen here.
 *
 * @param parent done together with it
 * @param scheduler any RxJS scheduler, or anything with its `now()` (in ms) and `schedule(work, delayMs)`
 * @throws TypeError when parent is not a context or scheduler is not a scheduler
 */
export function withScheduler(parent: CoreContext, scheduler: Clock): Context {
  const ctx = toInternal(parent, 'withScheduler', 'parent');
  if (!isClock(scheduler)) throw invalidArgument('withScheduler', 'scheduler', 'an RxJS scheduler', scheduler);
  const sameTree = ctx.canceler === undefined || ctx.scope.clock === scheduler;
  const above = sameTree ? ctx : newForeignNode(parent, scheduler);
  return newValueContext(above, above.canceler, above.scope.withClock(scheduler), new Source('withScheduler'));
}

/**
 * Returns the milliseconds until the deadline: never negative, `Infinity` without a deadline, 0 once the context is done.
 *
 * @throws TypeError when ctx is not a context
 */
export function remaining(ctx: CoreContext): number {
  const { deadline, err, scope } = toInternal(ctx, 'remaining');
  if (err !== undefined) return 0;
  return deadline === undefined ? Infinity : Math.max(0, deadline - scope.clock.now());
}

/** Epoch ms of a time that was given. */
export function timeOf(at: Date | number, call: string, argument = 'at'): number {
  const time = at instanceof Date ? at.getTime() : at;
  if (typeof time !== 'number' || Number.isNaN(time)) {
    throw invalidArgument(call, argument, 'a valid Date or epoch milliseconds', at);
  }
  return time;
}

/** Ms of a duration that was given. */
export function durationOf(ms: number, call: string, argument = 'ms'): number {
  if (typeof ms !== 'number' || Number.isNaN(ms)) throw invalidArgument(call, argument, 'a number of milliseconds', ms);
  return ms;
}

/**
 * Makes a child with a deadline of its own, unless there is an earlier one above.
 *
 * @param at epoch ms; `Infinity`: none
 * @param ms from now on; `Infinity`: none. The earlier of the two applies
 */
export function newLimited(parent: ContextNode, at: number, ms: number, now: number, cause: unknown): ContextNode {
  const end = now + ms;
  if (outlasts(Math.min(at, end), parent)) return new ContextNode(parent, parent.scope, undefined);
  const deadline = at < end ? new Deadline(parent, at, Infinity, cause) : new Deadline(parent, end, ms, cause);
  const { node } = deadline;
  if (deadline.at <= now) node.end = endOf(parent.canceler) ?? deadline.expire();
  return node;
}

/** Whether what is derived from `parent` ends before `at` in any case, or `at` never comes. */
export function outlasts(at: number, parent: ContextNode): boolean {
  return at === Infinity || (parent.scope.limit?.at ?? Infinity) < at;
}

/** Whether `at` came before `end` or, without one, has come by now. Within one millisecond a deadline is before a cancel. */
export function deadlineBefore(at: number, clock: Clock, end: End | undefined): boolean {
  return at <= (end === undefined ? clock.now() : (end.at ?? NaN));
}

/** How soon, in ms, a clock is asked again that keeps saying that it is too early. */
const lookAgainMs = 100;

/**
 * How long a timer has to wait for `at`, or at most for the duration `ms`: a clock that was set back does not stretch that.
 *
 * @param looks how often the timer has fired and the clock has said that it is too early
 */
export function delayUntil(at: number, ms: number, clock: Clock, looks: number): number {
  const leftMs = at - clock.now();
  const delayMs = leftMs < ms ? leftMs : ms;
  // NaN, or the clock does not go: there is no telling.
  return delayMs < Infinity && (looks < 2 || delayMs > lookAgainMs) ? delayMs : lookAgainMs;
}

/** A deadline that a context has for itself. */
class Deadline extends Source implements Limit, TimerTarget {
  readonly node: ContextNode;
  readonly outside: OutsideLimit | undefined;
  restMs = 0;
  /** How often its timer has fired and the clock has said that it is too early. */
  private looks = 0;

  constructor(
    parent: ContextNode,
    readonly at: number,
    /** The duration, which is over when the host has waited for it; `Infinity` for an instant, for which the clock is asked. */
    private readonly ms: number,
    private readonly ownCause: unknown,
  ) {
    super('withDeadline');
    this.outside = parent.scope.limit?.outside;
    this.node = new ContextNode(parent, parent.scope.withLimit(this), this);
    requireTimes(parent.canceler);
  }

  override label(): string {
    const time = new Date(this.at).toJSON() as string | null;
    const left = String(Math.round(remaining(this.node) / 100) / 10);
    return `${super.label()}(${time ?? String(this.at)}, ${left}s left)`;
  }

  expireIfPast(end: End | undefined): End | undefined {
    return deadlineBefore(this.at, this.node.scope.clock, end) ? this.expire() : undefined;
  }

  expire(): End {
    return this.endAt(this.at);
  }

  override get endedUnnoticed(): boolean {
    return this.timer !== undefined && endedByItself(this.node);
  }

  protected override start(): void {
    const { clock } = this.node.scope;
    arm(this, clock, delayUntil(this.at, this.ms, clock, this.looks));
  }

  protected override stop(): void {
    this.looks = 0;
    super.stop();
  }

  onTimer(): void {
    const { node, restMs } = this;
    const end = knownEndOf(node) ?? (this.ms === Infinity ? undefined : this.whenWaited(restMs));
    if (end !== undefined) notifyAll(node);
    else {
      if (restMs === 0) this.looks++;
      this.onFirstListener();
    }
  }

  private whenWaited(restMs: number): End | undefined {
    if (restMs > 0) return undefined;
    const now = this.node.now();
    return this.endAt(now < this.at ? now : this.at);
  }

  private endAt(at: number): End {
    const { node } = this;
    const end = (node.end = new End(DeadlineExceededError, this.ownCause, at));
    if (this.timer !== undefined) {
      // Its listeners are yet to be notified.
      this.onNoListeners();
      if (node.list?.empty === false) this.onFirstListener();
    }
    return end;
  }
}
