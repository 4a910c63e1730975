import { Observable, Subscription, from, take } from 'rxjs';
import type { ObservableInput, SchedulerLike, Subscriber } from 'rxjs';
import { withCancelFunc } from '../core/context.js';
import type { CancelFunc, Context } from '../core/context.js';
import { CanceledError, End } from '../core/errors.js';
import type { Instants } from '../core/errors.js';
import { contextOf, isContext } from '../core/foreign.js';
import { badInput } from '../core/input.js';
import { Ctx, Way } from '../core/node.js';
import { Scope } from '../core/scope.js';
import type { Limit } from '../core/scope.js';
import { Listener, cancel, cancelFollower, endOf, endedByItself, instants, listen, watchClock } from '../core/tree.js';
import { mirror } from '../observables/mirror.js';

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

const way = /* @__PURE__ */ new Way('withCancelOn');

function followInput(parent: Ctx, source: Observable<unknown>): Ctx {
  const ctx = new Ctx(parent, parent.scope, way);
  const end = (cause: unknown) => {
    cancel(ctx, cause);
  };
  // Listens first: under a parent that is done, or that ends meanwhile, the source is let go at once.
  const watched = new Observable((subscriber) => {
    mirror(source, subscriber, listen(ctx, new Listener(subscriber, complete)));
  });
  watched.pipe(take(1)).subscribe({ next: end, error: end });
  return ctx;
}

function complete(subscriber: Subscriber<unknown>): void {
  subscriber.complete();
}

function followSignal(parent: Ctx, signal: AbortSignal): Ctx {
  const ctx = new Ctx(parent, parent.scope, way);
  follow(ctx, contextOf(contextOfSignal(signal), 'withCancelOn'), (end) => end.cause);
  return ctx;
}

function followContext(parent: Ctx, other: Ctx): Ctx {
  const { node, following } = new Merged(parent, other);
  follow(node, other, (end) => end.error, following);
  return node;
}

/** Cancels `ctx` when `other` ends; lets go of `other` when `ctx` is done. */
function follow(ctx: Ctx, other: Ctx, causeOf: (end: End) => unknown, following = new Subscription()): void {
  listen(ctx, new Listener(following, unsubscribe));
  if (!following.closed) {
    following.add(
      listen(
        other.node,
        new Listener(ctx, (_, end) => {
          cancelFollower(ctx, causeOf(end));
        }),
      ),
    );
  }
}

function unsubscribe(subscription: Subscription): void {
  subscription.unsubscribe();
}

/** What ends a child that another context ends too. */
class Merged extends Way implements Limit {
  readonly node: Ctx;
  readonly at: number;
  /** The other's deadline may be on a clock of its own. */
  readonly clock = undefined;
  readonly soleClock: SchedulerLike | undefined;
  readonly beyond: Limit | undefined;
  /** Closed once it is told that this is done. */
  readonly following = new Subscription();

  constructor(
    parent: Ctx,
    private readonly other: Ctx,
  ) {
    super('withCancelOn');
    const { scheduler, limit, values, foreign, eager } = parent.scope;
    const { deadline } = other;
    this.at = Math.min(deadline ?? Infinity, limit?.at ?? Infinity);
    this.beyond = limit;
    const { soleClock } = other.scope.limit ?? {};
    this.soleClock = limit === undefined || limit.soleClock === soleClock ? soleClock : undefined;
    // Without a deadline of its own: the other has none, or one that is known to be no earlier than what is above.
    const plain = deadline === undefined || (this.soleClock !== undefined && this.at === limit?.at);
    this.node = new Ctx(parent, plain ? parent.scope : new Scope(scheduler, this, values, foreign, eager), this);
    this.node.end ??= endOf(parent.node);
    if (plain) return;
    watchClock(parent.node, scheduler);
    watchClock(other.node, scheduler);
  }

  override get followed(): Ctx | undefined {
    return this.other.node;
  }

  /** The deadline is the other's to keep: when it has passed, the other is done. */
  overdue(end: End | undefined): End | undefined {
    const { node, other } = this;
    if (this.isEarly || !this.innermostFirst()) return undefined;
    const theirs = endOf(other.node);
    if (theirs === undefined) return undefined;
    if (end !== undefined && !isBefore(theirs, end, node.scope.scheduler)) return undefined;
    // The deadlines below may be on clocks of which the other's end says nothing.
    const at = instants([node.scope.scheduler, ...(node.audience?.clocks ?? [])], theirs.at);
    return (node.end = new FollowedEnd(theirs, at));
  }

  /** Whether all that the other's deadline may depend on says that it is yet to come. */
  private get isEarly(): boolean {
    const { node, scope, deadline } = this.other;
    const { soleClock } = scope.limit!;
    return node!.end === undefined && soleClock !== undefined && soleClock.now() < deadline!;
  }

  /** Has those end that the other follows, before it is asked, so that a long chain of them needs no long stack. */
  private innermostFirst(): boolean {
    const chain: Merged[] = [];
    for (let merged = this as Merged; merged.other.node!.end === undefined;) {
      const { limit } = merged.other.scope;
      if (!(limit instanceof Merged) || limit.node.end !== undefined) break;
      chain.push((merged = limit));
    }
    return chain.reverse().every(({ node }) => endOf(node) !== undefined);
  }

  override late(): boolean {
    return endedByItself(this.node) && !this.following.closed;
  }
}

/** That of one context because of another's. */
class FollowedEnd extends End {
  constructor(
    private readonly theirs: End,
    at: Instants,
  ) {
    super(CanceledError, theirs.error, at);
  }

  override get reached(): boolean {
    return this.theirs.reached;
  }
}

/** Of two ends in one millisecond a deadline comes before a cancel, as everywhere; else `b` was told first. */
function isBefore(a: End, b: End, clock: SchedulerLike): boolean {
  const [first = NaN, second = NaN] = [a.at?.get(clock), b.at?.get(clock)];
  return first < second || (first === second && a.reached && !b.reached);
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
