import { Observable } from 'rxjs';
import type { ObservableInput, ObservedValueOf, Subscriber, Unsubscribable } from 'rxjs';
import { knownEndOf, listen } from '../core/cancellation.js';
import type { Context } from '../core/context.js';
import type { ContextNode } from '../core/contextNode.js';
import { remaining } from '../core/deadline.js';
import { isCanceled } from '../core/errors.js';
import type { End } from '../core/errors.js';
import { toInternal } from '../core/foreign.js';
import { invalidArgument } from '../core/invalidArgument.js';
import { Listener, unlink } from '../core/listenerList.js';
import { arm, report } from '../core/timer.js';
import type { Timer, TimerTarget } from '../core/timer.js';
import { AttemptSubscriber, runAttempt } from './runAttempt.js';
import type { AttemptOwner } from './runAttempt.js';
import { tokensOf } from './retryBudget.js';
import type { RetryBudget, Tokens } from './retryBudget.js';

/** What the work of {@link retryCtx} is told. */
export interface Attempt {
  /** From 1. */
  readonly attempt: number;
  /** That of the attempt before; `undefined` at first. */
  readonly error: unknown;
}

/** @see {@link retryCtx} */
export interface RetryOptions {
  /** The first one included: 3 by default. `Infinity`: as many as the time allows. */
  readonly maxAttempts?: number | undefined;
  /** The first wait, in ms: 100 by default. */
  readonly initialMs?: number | undefined;
  /** The longest wait, in ms: 10,000 by default. */
  readonly maxMs?: number | undefined;
  /** Each wait is that many times as long as the one before: 2 by default, at least 1. */
  readonly multiplier?: number | undefined;
  /** Spreads the waits of many clients: by default `(ms) => Math.random() * ms`. `(ms) => ms` in tests. */
  readonly jitter?: ((ms: number) => number) | undefined;
  /**
   * Decides about a failure: `false` gives up, a number of ms replaces the wait, as it is. A negative one gives up. By default every
   * failure is retried.
   */
  readonly when?: ((error: unknown, attempt: number) => boolean | number) | undefined;
  /** The longest that one attempt may take, in ms. It fails with a DeadlineExceededError then. By default there is no limit. */
  readonly attemptTimeoutMs?: number | undefined;
  /** How many ms an attempt needs at least to be worth while: 0 by default. None is made that has less. */
  readonly needsMs?: number | undefined;
  /** Limits the retries over all calls that share it. */
  readonly budget?: RetryBudget | undefined;
}

/**
 * Runs work again when it fails, with a wait in between that grows, for as long as the deadline of `ctx` allows. Each attempt has a
 * child of `ctx` of its own, which is canceled when the attempt is over.
 *
 * ```text
 * ctx     ----------
 * first   -#
 * second  -a-b-|
 *         retryCtx(ctx, (ctx, { attempt }) => [first, second][attempt - 1], { initialMs: 3, jitter: (ms) => ms })
 * result  -----a-b-|
 * first   ^!
 * second  ----^----!
 * ```
 *
 * - A wait that would not leave time for the next attempt is not begun: the result errors with the last error at once.
 * - An attempt that has emitted is not repeated, because its values would come twice.
 * - A `CanceledError` of the work is not retried, because somebody has canceled it.
 * - When `ctx` is done, the result errors with `ctx.err`, also in the middle of a wait.
 *
 * @param work returns what `from` of RxJS accepts; what it throws is a failure
 * @returns an observable; each subscription makes its own attempts
 * @throws TypeError when an argument or an option is not what it must be
 *
 * @example
 * ```ts
 * import { retryCtx } from 'rxjs-ctx';
 * import { fetchCtx } from 'rxjs-ctx/http';
 *
 * const rows$ = retryCtx(ctx, (ctx) => fetchCtx(ctx, '/rows'), { maxAttempts: 5, attemptTimeoutMs: 500 });
 * ```
 *
 * @see [gRPC's retries](https://github.com/grpc/proposal/blob/master/A6-client-retries.md), whose semantics these are
 */
export function retryCtx<O extends ObservableInput<unknown>>(
  ctx: Context,
  work: (ctx: Context, attempt: Attempt) => O,
  options: RetryOptions = {},
): Observable<ObservedValueOf<O>> {
  const own = toInternal(ctx, 'retryCtx');
  if (typeof work !== 'function') throw invalidArgument('retryCtx', 'work', 'a function', work);
  const policy = policyOf(options);
  return new Observable((subscriber) => {
    new Retries(own, work, policy, subscriber).start();
  });
}

interface Policy {
  readonly maxAttempts: number;
  readonly initialMs: number;
  readonly maxMs: number;
  readonly multiplier: number;
  readonly jitter: (ms: number) => number;
  readonly when: (error: unknown, attempt: number) => unknown;
  readonly attemptTimeoutMs: number;
  readonly needsMs: number;
  readonly tokens: Tokens | undefined;
}

function policyOf(options: RetryOptions): Policy {
  if (Object(options) !== options) throw invalidArgument('retryCtx', 'options', 'an object', options);
  for (const [name, meant] of Object.entries(otherNames)) {
    if (!(name in options)) continue;
    const { [name]: given } = options as Record<string, unknown>;
    throw invalidArgument('retryCtx', `options.${name}`, 'absent', given, `did you mean ${meant}?`);
  }
  const { multiplier = 2, jitter = fullJitter, when = always } = options;
  if (typeof multiplier !== 'number' || !(multiplier >= 1)) {
    throw invalidArgument('retryCtx', 'options.multiplier', 'a number of at least 1', multiplier);
  }
  return {
    maxAttempts: attemptsOf(options.maxAttempts, 3, 'retryCtx'),
    initialMs: msOf(options, 'initialMs', 100),
    maxMs: msOf(options, 'maxMs', 10_000),
    multiplier,
    jitter: functionOf(jitter, 'jitter', 'retryCtx'),
    when: functionOf(when, 'when', 'retryCtx'),
    attemptTimeoutMs: msOf(options, 'attemptTimeoutMs', Infinity),
    needsMs: msOf(options, 'needsMs', 0),
    tokens: tokensOf(options.budget, 'retryCtx'),
  };
}

/** What others call these options. */
const otherNames: Readonly<Record<string, keyof RetryOptions>> = {
  count: 'maxAttempts',
  retries: 'maxAttempts',
  delay: 'initialMs',
  attemptTimeout: 'attemptTimeoutMs',
};

export function attemptsOf(given: number | undefined, byDefault: number, call: string): number {
  const attempts = given ?? byDefault;
  if (attempts !== Infinity && !(Number.isInteger(attempts) && attempts >= 1)) {
    throw invalidArgument(call, 'options.maxAttempts', 'a whole number of at least 1, or Infinity', attempts);
  }
  return attempts;
}

export function functionOf<F>(given: F, name: string, call: string): F {
  if (typeof given !== 'function') throw invalidArgument(call, `options.${name}`, 'a function', given);
  return given;
}

function msOf(
  options: RetryOptions,
  name: 'initialMs' | 'maxMs' | 'attemptTimeoutMs' | 'needsMs',
  byDefault: number,
): number {
  const ms = options[name] ?? byDefault;
  if (typeof ms !== 'number' || !(ms >= 0)) {
    throw invalidArgument('retryCtx', `options.${name}`, 'a number of milliseconds, at least 0', ms);
  }
  return ms;
}

function fullJitter(ms: number): number {
  return Math.random() * ms;
}

function always(): boolean {
  return true;
}

/** The attempts of one subscription. */
class Retries implements AttemptOwner, TimerTarget, Unsubscribable {
  timer: Timer | undefined = undefined;
  restMs = 0;
  private attempt = 0;
  private error: unknown = undefined;
  /** Made for the first wait. */
  private listener: Listener<Retries> | undefined = undefined;

  constructor(
    private readonly ctx: ContextNode,
    private readonly work: (ctx: Context, attempt: Attempt) => ObservableInput<unknown>,
    private readonly policy: Policy,
    private readonly result: Subscriber<unknown>,
  ) {}

  start(): void {
    const { ctx, work, error } = this;
    const attempt = ++this.attempt;
    const subscriber = new AttemptSubscriber(this.result, this);
    runAttempt(subscriber, ctx, ctx.canceler, this.policy.attemptTimeoutMs, (child) => work(child, { attempt, error }));
  }

  onValue(value: unknown): void {
    this.result.next(value);
  }

  onCompletion(): void {
    this.policy.tokens?.succeed();
    this.result.complete();
  }

  onFailure({ emitted }: AttemptSubscriber, error: unknown): void {
    const { ctx, result } = this;
    const end = ctx.canceler && knownEndOf(ctx.canceler);
    if (end !== undefined) {
      result.error(end.error);
      return;
    }
    this.policy.tokens?.fail();
    let waitMs: number | undefined;
    try {
      waitMs = emitted || isCanceled(error) ? undefined : this.waitAfter(error);
    } catch (thrown) {
      result.error(thrown);
      return;
    }
    if (waitMs === undefined) {
      result.error(error);
      return;
    }
    this.error = error;
    this.wait(waitMs);
  }

  /** @returns ms; `undefined` when the error is final */
  private waitAfter(error: unknown): number | undefined {
    const { ctx, attempt } = this;
    const { maxAttempts, tokens, when, needsMs } = this.policy;
    if (attempt >= maxAttempts || tokens?.mayRetry === false) return undefined;
    const decision = when(error, attempt);
    const ms = typeof decision === 'number' ? decision : decision ? this.backoffMs() : NaN;
    return ms >= 0 && ms + needsMs < remaining(ctx) ? ms : undefined;
  }

  private backoffMs(): number {
    const { initialMs, maxMs, multiplier, jitter } = this.policy;
    // 0 * Infinity is NaN.
    const grown = initialMs === 0 ? 0 : initialMs * multiplier ** (this.attempt - 1);
    const ms = jitter(Math.min(maxMs, grown));
    return ms > 0 ? ms : 0;
  }

  private wait(ms: number): void {
    const { ctx, result } = this;
    if (this.listener === undefined) {
      this.listener = new Listener<Retries>(this, endWaiting);
      result.add(this);
    }
    listen(ctx.canceler, this.listener);
    if (!result.closed) this.arm(ms);
  }

  private arm(ms: number): void {
    try {
      arm(this, this.ctx.scope.clock, ms);
    } catch (thrown) {
      // A clock that throws will not call.
      report(thrown);
      this.result.error(this.error);
    }
  }

  onTimer(): void {
    if (this.restMs > 0) {
      this.arm(this.restMs);
    } else {
      unlink(this.listener!);
      this.start();
    }
  }

  endWith(end: End): void {
    this.result.error(end.error);
  }

  unsubscribe(): void {
    unlink(this.listener!);
    const { timer } = this;
    this.timer = undefined;
    try {
      timer?.unsubscribe();
    } catch (error) {
      report(error);
    }
  }
}

function endWaiting(retries: Retries, end: End): void {
  retries.endWith(end);
}
