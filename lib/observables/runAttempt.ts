// One attempt of several: work under a child of its own, whose values and end go to whoever makes the attempts.
import { Subscriber } from 'rxjs';
import type { ObservableInput } from 'rxjs';
import type { Context } from '../core/context.js';
import { ContextNode } from '../core/contextNode.js';
import { newLimited } from '../core/deadline.js';
import { runWithChild } from './runWithChild.js';

/** Whoever makes attempts. */
export interface AttemptOwner {
  onValue(value: unknown, attempt: AttemptSubscriber): void;
  /** The attempt is over: its work is unsubscribed, and its context canceled. */
  onFailure(attempt: AttemptSubscriber, error: unknown): void;
  onCompletion(attempt: AttemptSubscriber): void;
}

/** Unsubscribed with the subscriber of the result, which forgets it when it is over. */
export class AttemptSubscriber extends Subscriber<unknown> {
  emitted = false;

  constructor(
    result: Subscriber<unknown>,
    private readonly owner: AttemptOwner,
  ) {
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- as RxJS's own operators: an observer would cost a second one
    super(result);
  }

  protected override _next(value: unknown): void {
    this.emitted = true;
    this.owner.onValue(value, this);
  }

  protected override _error(error: unknown): void {
    this.unsubscribe();
    this.owner.onFailure(this, error);
  }

  protected override _complete(): void {
    try {
      this.owner.onCompletion(this);
    } finally {
      this.unsubscribe();
    }
  }
}

/**
 * Runs `work` under a child of `parent`. The attempt fails when `listened` is done, or the child when there is a limit.
 *
 * @param limitMs `Infinity`: none
 */
export function runAttempt(
  attempt: AttemptSubscriber,
  parent: ContextNode,
  listened: ContextNode | undefined,
  limitMs: number,
  work: (ctx: Context) => ObservableInput<unknown>,
): void {
  try {
    const limited = limitMs < Infinity;
    const child = limited
      ? newLimited(parent, Infinity, limitMs, parent.scope.clock.now(), undefined)
      : new ContextNode(parent, parent.scope, undefined);
    const last = runWithChild(child, limited ? child : listened, attempt, work);
    if (last !== undefined) attempt.add(last);
  } catch (error) {
    attempt.error(error);
  }
}
