import { Observable, Subscription, from, take } from 'rxjs';
import type { ObservableInput, SchedulerLike, Subscriber } from 'rxjs';
import { withCancelFunc } from '../core/context.js';
import type { CancelFunc, Context } from '../core/context.js';
import { CanceledError, End } from '../core/errors.js';
import { contextOf, isContext } from '../core/foreign.js';
import { badInput } from '../core/input.js';
import { Cancelable } from '../core/node.js';
import type { Ctx } from '../core/node.js';
import { Listener, Scope, announce, endOf, instants, listen, watchClock } from '../core/tree.js';
import type { Limit, TreeNode } from '../core/tree.js';

/**
 * Derives a context that is also done when `source` speaks.
 *
 * - An observable, a promise, an iterable or an async one: its first value is the cause, and so is its error. When it
 *   completes without a value nothing happens.
 * - An `AbortSignal`: its reason is the cause. However many contexts follow it, it carries one listener of ours.
 * - Another context: its `err` is the cause. The earlier deadline of the two is reported; values are those of `parent`.
 *
 * The source is let go as soon as the context is done for whatever reason; until then it holds the context.
 *
 * @param parent done together with it, if that comes first
 * @param source an already aborted signal or a context that is done ends the result at once
 * @returns the context, and the function that cancels it: call it when the work is over, whatever happened
 * @throws TypeError when parent is not a context or source none of these
 */
export function withCancelOn(
  parent: Context,
  source: ObservableInput<unknown> | AbortSignal | Context,
): [ctx: Context, cancel: CancelFunc] {
  const ctx = contextOf(parent, 'withCancelOn', 'parent');
  if (isContext(source)) return withCancelFunc(followContext(ctx, contextOf(source, 'withCancelOn', 'source')));
  if (isSignal(source)) return withCancelFunc(followSignal(ctx, source));
  return withCancelFunc(followInput(ctx, inputOf(source)));
}

function followInput(parent: Ctx, source: Observable<unknown>): Cancelable {
  const ctx = new Following(parent, parent.scope);
  const end = (cause: unknown) => {
    ctx.cancel(cause);
  };
  // Listens first: under a parent that is done, or that ends meanwhile, the source is let go at once.
  const watched = new Observable((subscriber) => {
    subscriber.add(listen(ctx, new Listener(subscriber, complete)));
    if (!subscriber.closed) source.subscribe(subscriber);
  });
  watched.pipe(take(1)).subscribe({ next: end, error: end });
  return ctx;
}

function complete(subscriber: Subscriber<unknown>): void {
  subscriber.complete();
}

function followSignal(parent: Ctx, signal: AbortSignal): Cancelable {
  const ctx = new Following(parent, parent.scope);
  follow(ctx, contextOf(contextOfSignal(signal), 'withCancelOn'), (end) => end.cause);
  return ctx;
}

function followContext(parent: Ctx, other: Ctx): Cancelable {
  const ctx = new Merged(parent, other);
  ctx.following = follow(ctx, other, (end) => end.error);
  return ctx;
}

/** Cancels `ctx` when `other` ends; lets go of `other` when `ctx` is done. */
function follow(ctx: Cancelable, other: Ctx, causeOf: (end: End) => unknown): Subscription {
  const following = new Subscription();
  listen(ctx, new Listener(following, unsubscribe));
  if (!following.closed) {
    following.add(
      listen(
        other.node,
        new Listener(ctx, (_, end) => {
          ctx.cancel(causeOf(end));
        }),
      ),
    );
  }
  return following;
}

function unsubscribe(subscription: Subscription): void {
  subscription.unsubscribe();
}

/** A child that something else ends too. */
class Following extends Cancelable {
  protected override label(): string {
    return 'withCancelOn';
  }
}

/** One that another context ends too. */
class Merged extends Following implements Limit {
  readonly at: number | undefined;
  /** The other's deadline may be on a clock of its own. */
  readonly clock = undefined;
  readonly beyond: Limit | undefined;
  /** Closed once it is told that this is done. */
  following: Subscription | undefined = undefined;

  constructor(
    parent: Ctx,
    private readonly other: Ctx,
  ) {
    super(parent, parent.scope);
    const { scheduler, limit, values, foreign, eager } = parent.scope;
    const { deadline } = other;
    this.at = deadline === undefined ? limit?.at : Math.min(deadline, limit?.at ?? Infinity);
    this.beyond = limit;
    this.end ??= parent.node && endOf(parent.node);
    if (deadline === undefined) return;
    watchClock(parent.node, scheduler);
    watchClock(other.node, scheduler);
    this.scope = new Scope(scheduler, this, values, foreign, eager);
  }

  /** The deadline is the other's to keep: when it has passed, the other is done. */
  overdue(end: End<TreeNode> | undefined): End<TreeNode> | undefined {
    if (this.end !== undefined) return end === undefined ? this.end : undefined;
    const theirs = this.other.node && endOf(this.other.node);
    if (theirs === undefined) return undefined;
    const above = end ?? (this.parent.node && endOf(this.parent.node));
    if (above !== undefined && !isBefore(theirs, above, this.scope.scheduler)) return undefined;
    // The deadlines below may be on clocks of which the other's end says nothing.
    const at = instants([this.scope.scheduler, ...(this.clocks ?? [])], theirs.at);
    return (this.end = new End<TreeNode>(this, CanceledError, theirs.error, at));
  }

  override cancel(cause?: unknown): void {
    super.cancel(cause);
    // It was found to be over before, and its listeners are yet to hear of that.
    if (this.end!.source === this && this.following?.closed === false) announce(this);
  }
}

/** Of two ends in one millisecond a deadline comes before a cancel, as everywhere; else `b` was told first. */
function isBefore({ at: a }: End, { at: b }: End, clock: SchedulerLike): boolean {
  const [first, second] = [a?.on(clock), b?.on(clock)];
  if (first === undefined || second === undefined) return false;
  return first < second || (first === second && a!.reached && !b!.reached);
}

const signals = new WeakMap<AbortSignal, Context>();

/** The context that a signal would be. One per signal, so that one listener serves all who follow it. */
function contextOfSignal(signal: AbortSignal): Context {
  let ctx = signals.get(signal);
  if (ctx === undefined) {
    let made: CanceledError | undefined;
    const err = () => (made ??= new CanceledError(signal.reason));
    ctx = {
      deadline: undefined,
      done$: new Observable((subscriber) => {
        const abort = () => {
          subscriber.next(err());
        };
        signal.addEventListener('abort', abort);
        return () => {
          signal.removeEventListener('abort', abort);
        };
      }),
      get err() {
        return signal.aborted ? err() : undefined;
      },
      get cause() {
        return signal.reason as unknown;
      },
      signal,
      value: (key) => key.default,
    };
    signals.set(signal, ctx);
  }
  return ctx;
}

function isSignal(source: unknown): source is AbortSignal {
  const { aborted, addEventListener } = (source ?? {}) as Partial<AbortSignal>;
  return typeof aborted === 'boolean' && typeof addEventListener === 'function';
}

function inputOf(source: ObservableInput<unknown>): Observable<unknown> {
  try {
    return from(source);
  } catch {
    throw badInput('withCancelOn', 'source', 'an ObservableInput, an AbortSignal or a Context', source);
  }
}
