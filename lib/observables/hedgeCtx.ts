import { Observable } from 'rxjs';
import type { ObservableInput, ObservedValueOf, Subscriber, Unsubscribable } from 'rxjs';
import { knownEndOf, listen } from '../core/cancellation.js';
import type { Context } from '../core/context.js';
import type { ContextNode } from '../core/contextNode.js';
import { remaining } from '../core/deadline.js';
import type { End } from '../core/errors.js';
import { toInternal } from '../core/foreign.js';
import { invalidArgument } from '../core/invalidArgument.js';
import { Listener, unlink } from '../core/listenerList.js';
import { arm, report } from '../core/timer.js';
import type { Timer, TimerTarget } from '../core/timer.js';
import { AttemptSubscriber, runAttempt } from './runAttempt.js';
import type { AttemptOwner } from './runAttempt.js';
import { attemptsOf, functionOf } from './retryCtx.js';
import { tokensOf } from './retryBudget.js';
import type { RetryBudget, Tokens } from './retryBudget.js';

/** @see {@link hedgeCtx} */
export interface HedgeOptions {
  /**
   * How many ms to wait for a value before the next attempt is made beside those that run. 0: all are made at once. `Infinity`: the
   * next is made only when one has failed.
   */
  readonly delayMs: number;
  /** The first one included: 2 by default. */
  readonly maxAttempts?: number | undefined;
  /** Whether the next attempt is to be made after this error: by default after every one. `false`: the result errors with it. */
  readonly when?: ((error: unknown) => boolean) | undefined;
  /** Limits the attempts over all calls that share it. */
  readonly budget?: RetryBudget | undefined;
}

/**
 * Makes a second attempt when the first is slow, and takes the one that emits first: for reads whose slowest answers count. Each
 * attempt has a child of `ctx` of its own; those of the losers are canceled.
 *
 * ```text
 * ctx     ----------
 * slow    ------a|
 * fast    --b|
 *         hedgeCtx(ctx, (ctx, attempt) => [slow, fast][attempt - 1], { delayMs: 3 })
 * result  -----b|
 * slow    ^----!
 * fast    ---^--!
 * ```
 *
 * Use it only for what may run twice, such as a GET: a server may have done the work of a loser.
 *
 * - The attempt wins that emits first, or completes first.
 * - When an attempt fails, the next is made at once. When all have failed, the result errors with the last error.
 * - No attempt is made for which the deadline of `ctx` leaves no time.
 * - When `ctx` is done, the result errors with `ctx.err`.
 *
 * @param work returns what `from` of RxJS accepts; what it throws is a failure. `attempt` counts from 1
 * @throws TypeError when an argument or an option is not what it must be
 *
 * @example
 * ```ts
 * import { hedgeCtx } from 'rxjs-ctx';
 * import { fetchCtx } from 'rxjs-ctx/http';
 *
 * const rows$ = hedgeCtx(ctx, (ctx, attempt) => fetchCtx(ctx, replicas[attempt - 1]!), { delayMs: 50 });
 * ```
 *
 * @see [gRPC's hedging](https://github.com/grpc/proposal/blob/master/A6-client-retries.md#hedging-policy), whose semantics these are
 */
export function hedgeCtx<O extends ObservableInput<unknown>>(
  ctx: Context,
  work: (ctx: Context, attempt: number) => O,
  options: HedgeOptions,
): Observable<ObservedValueOf<O>> {
  const own = toInternal(ctx, 'hedgeCtx');
  if (typeof work !== 'function') throw invalidArgument('hedgeCtx', 'work', 'a function', work);
  const policy = policyOf(options);
  return new Observable((subscriber) => {
    new Hedge(own, work, policy, subscriber).start();
  });
}

interface Policy {
  readonly delayMs: number;
  readonly maxAttempts: number;
  readonly when: (error: unknown) => unknown;
  readonly tokens: Tokens | undefined;
}

function policyOf(options: HedgeOptions): Policy {
  if (Object(options) !== options) throw invalidArgument('hedgeCtx', 'options', 'an object with delayMs', options);
  if ('delay' in options) {
    throw invalidArgument('hedgeCtx', 'options.delay', 'absent', options.delay, 'did you mean delayMs?');
  }
  const { delayMs, when = always } = options;
  if (typeof delayMs !== 'number' || !(delayMs >= 0)) {
    throw invalidArgument('hedgeCtx', 'options.delayMs', 'a number of milliseconds, at least 0', delayMs);
  }
  const maxAttempts = attemptsOf(options.maxAttempts, 2, 'hedgeCtx');
  if (delayMs === 0 && maxAttempts === Infinity) {
    throw invalidArgument('hedgeCtx', 'options.maxAttempts', 'a whole number where delayMs is 0', maxAttempts);
  }
  return {
    delayMs,
    maxAttempts,
    when: functionOf(when, 'when', 'hedgeCtx'),
    tokens: tokensOf(options.budget, 'hedgeCtx'),
  };
}

function always(): boolean {
  return true;
}

/** The attempts of one subscription. */
class Hedge implements AttemptOwner, TimerTarget, Unsubscribable {
  timer: Timer | undefined = undefined;
  restMs = 0;
  private attempt = 0;
  private readonly running = new Set<AttemptSubscriber>();
  private winner: AttemptSubscriber | undefined = undefined;
  /** Set while an attempt is being made: one that fails meanwhile must not make the next from its own stack. */
  private starting = false;
  private readonly listener = new Listener<Hedge>(this, endHedge);

  constructor(
    private readonly ctx: ContextNode,
    private readonly work: (ctx: Context, attempt: number) => ObservableInput<unknown>,
    private readonly policy: Policy,
    private readonly result: Subscriber<unknown>,
  ) {}

  start(): void {
    const { ctx, result, listener } = this;
    result.add(this);
    if (!result.closed) listen(ctx.canceler, listener);
    if (!result.closed) this.makeAttempts();
  }

  /** Makes the next attempt, and those after it that need not wait. */
  private makeAttempts(): void {
    const { policy } = this;
    do {
      this.makeAttempt();
    } while (policy.delayMs === 0 && this.mayMakeAnother);
    if (policy.delayMs < remaining(this.ctx) && this.mayMakeAnother && this.timer === undefined)
      this.arm(policy.delayMs);
  }

  private get mayMakeAnother(): boolean {
    const { maxAttempts, tokens } = this.policy;
    const isOpen = this.winner === undefined && !this.result.closed;
    return isOpen && this.attempt < maxAttempts && tokens?.mayRetry !== false;
  }

  private makeAttempt(): void {
    const { work } = this;
    const attempt = ++this.attempt;
    const subscriber = new AttemptSubscriber(this.result, this);
    this.running.add(subscriber);
    this.starting = true;
    runAttempt(subscriber, this.ctx, undefined, Infinity, (child) => work(child, attempt));
    this.starting = false;
  }

  onValue(value: unknown, attempt: AttemptSubscriber): void {
    this.win(attempt);
    this.result.next(value);
  }

  onCompletion(attempt: AttemptSubscriber): void {
    this.win(attempt);
    this.policy.tokens?.succeed();
    this.result.complete();
  }

  onFailure(attempt: AttemptSubscriber, error: unknown): void {
    const { ctx, policy, result, running } = this;
    running.delete(attempt);
    const end = ctx.canceler && knownEndOf(ctx.canceler);
    if (end !== undefined) {
      result.error(end.error);
      return;
    }
    policy.tokens?.fail();
    let goesOn: unknown;
    try {
      goesOn = this.winner === undefined && policy.when(error);
    } catch (thrown) {
      result.error(thrown);
      return;
    }
    if (!goesOn || (running.size === 0 && !this.mayMakeAnother)) result.error(error);
    else if (this.mayMakeAnother) this.makeNextNow(error);
  }

  private makeNextNow(error: unknown): void {
    this.disarm();
    if (!this.starting) {
      this.makeAttempts();
      return;
    }
    // One after the other from the stack of the first might never end.
    this.arm(0);
    if (this.timer === undefined && this.running.size === 0) this.result.error(error);
  }

  private win(attempt: AttemptSubscriber): void {
    if (this.winner !== undefined) return;
    this.winner = attempt;
    this.disarm();
    for (const other of this.running) if (other !== attempt) other.unsubscribe();
    this.running.clear();
  }

  private arm(ms: number): void {
    try {
      arm(this, this.ctx.scope.clock, ms);
    } catch (thrown) {
      // A clock that throws will not call: it remains at the attempts that run, if any.
      report(thrown);
    }
  }

  onTimer(): void {
    if (this.restMs > 0) this.arm(this.restMs);
    else if (this.mayMakeAnother) this.makeAttempts();
  }

  private disarm(): void {
    const { timer } = this;
    this.timer = undefined;
    try {
      timer?.unsubscribe();
    } catch (error) {
      report(error);
    }
  }

  endWith(end: End): void {
    this.result.error(end.error);
  }

  unsubscribe(): void {
    unlink(this.listener);
    this.disarm();
  }
}

function endHedge(hedge: Hedge, end: End): void {
  hedge.endWith(end);
}
