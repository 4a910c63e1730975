// Contexts that are not ours: a wrapper, a mock, one of another copy of the library. Each is represented in the tree by one
// node, which asks it for its state and follows its `done$` only while something listens.
//
// A foreign context does not say when it ended. With a DeadlineExceededError that was at its `deadline`, or now if that is
// later; canceled, it ended when it was first seen to be.
import { noteAbort, notifyAll } from './cancellation.js';
import type { OutsideLimit } from './cancellation.js';
import type { Context, CoreContext } from './context.js';
import { ContextNode, Scope, Source, isClock, schedulerKey } from './contextNode.js';
import { CanceledError, DeadlineExceededError, End, isDeadlineExceeded } from './errors.js';
import type { ContextError } from './errors.js';
import { invalidArgument } from './invalidArgument.js';
import type { ContextKey } from './key.js';
import { ListenerList } from './listenerList.js';
import { arm, streamsFor } from './timer.js';
import type { Clock, Timer, TimerTarget } from './timer.js';

const nodes = new WeakMap<CoreContext, ContextNode>();

/** Returns the context as a part of our tree. */
export function toInternal(ctx: CoreContext, call: string, argument?: string): ContextNode {
  if (ContextNode.isOwn(ctx)) return ctx;
  return foreignNodeOf(ctx, call, argument);
}

function foreignNodeOf(ctx: CoreContext, call: string, argument = 'ctx'): ContextNode {
  let node = nodes.get(ctx);
  if (node === undefined) {
    if (!isContext(ctx)) throw invalidArgument(call, argument, 'a Context', ctx, hintFor(ctx));
    node = newForeignNode(ctx);
    nodes.set(ctx, node);
  }
  return node;
}

/** Makes a node that stands for `ctx`, whose clock is `clock` or else that of `ctx`. */
export function newForeignNode(ctx: CoreContext, clock = clockOf(ctx)): ContextNode {
  return new ForeignContext(ctx as Context, clock).node;
}

export function isContext(value: unknown): value is CoreContext {
  if (Object(value) !== value) return false;
  const ctx = value as Partial<Context>;
  if (typeof ctx.value !== 'function') return false;
  return canSubscribe(ctx.done$) || ('err' in ctx && isSignal(ctx.signal));
}

export function isSignal(value: unknown): value is AbortSignal {
  const { aborted, addEventListener } = (value ?? {}) as Partial<AbortSignal>;
  return typeof aborted === 'boolean' && typeof addEventListener === 'function';
}

function canSubscribe(value: unknown): boolean {
  return typeof (value as { subscribe?: unknown } | null | undefined)?.subscribe === 'function';
}

function hintFor(value: unknown): string | undefined {
  if (Array.isArray(value)) return 'did you mean its first element?';
  if (canSubscribe(value)) return 'did you mean the context whose done$ it is?';
  return isSignal(value) ? 'did you mean withCancelOn(background(), signal)?' : undefined;
}

/** An observable of RxJS 7, which returns a subscription and ignores the option, or of the platform, which takes a signal. */
interface Subscribable {
  subscribe(observer: object, options: { readonly signal: AbortSignal }): Timer | undefined;
}

/** What ends the context that stands for one that is not ours. */
class ForeignContext extends Source implements OutsideLimit, TimerTarget {
  readonly node: ContextNode;
  readonly outside = this;
  restMs = 0;
  /** Set while something listens: the subscription to `done$`. */
  private following: Timer | undefined = undefined;

  constructor(
    private readonly ctx: Context,
    clock: Clock,
  ) {
    super('foreign');
    const { done$ } = ctx as Partial<Context>;
    this.node = new ContextNode(undefined, new Scope(streamsFor(done$), clock, this, undefined, this), this);
    (this.node.list = new ListenerList(this.node)).done$ = done$;
  }

  get at(): number | undefined {
    return this.ctx.deadline;
  }

  override label(): string {
    const ctx = this.ctx as { toString?: () => string };
    return ctx.toString === Object.prototype.toString ? super.label() : (ctx.toString?.() ?? super.label());
  }

  value<T, D extends T | undefined>(key: ContextKey<T, D>): T | D {
    const value: T | D | undefined = this.ctx.value(key);
    return value === undefined ? key.default : value;
  }

  /** The deadline is the other's to keep: when it has passed, the other is done. */
  expireIfPast(): undefined {
    return undefined;
  }

  refresh(): void {
    const { node } = this;
    if (node.end === undefined && this.look() !== undefined && this.following !== undefined) {
      // Its listeners are yet to be notified.
      arm(this, node.scope.clock, 0);
    }
  }

  protected override start(): void {
    const { node } = this;
    const following = this.follow();
    // It may have ended meanwhile, before it knew whom to tell.
    if (node.end === undefined && this.look() !== undefined) notifyAll(node);
    if (node.end === undefined) this.following = following;
    else following?.unsubscribe();
  }

  protected override stop(): void {
    const { following } = this;
    this.following = undefined;
    super.stop();
    following?.unsubscribe();
  }

  onTimer(): void {
    notifyAll(this.node);
  }

  private follow(): Timer | undefined {
    const { ctx, node } = this;
    const end = (err: ContextError, cause: unknown) => {
      node.end ??= this.look() ?? this.endWith(err, cause);
      notifyAll(node);
    };
    const { done$ } = ctx as Partial<Context>;
    if (done$ === undefined) return this.followSignal(ctx.signal);
    const controller = new AbortController();
    const { signal } = controller;
    try {
      const subscription = (done$ as unknown as Subscribable).subscribe(
        {
          next: (err?: ContextError) => {
            if (!signal.aborted) end(err ?? new CanceledError(), err);
          },
          error: (error: unknown) => {
            if (!signal.aborted) end(new CanceledError(error), error);
          },
          complete: () => {
            if (!signal.aborted && (node.end ??= this.look()) !== undefined) notifyAll(node);
          },
        },
        { signal },
      );
      return {
        unsubscribe() {
          controller.abort();
          subscription?.unsubscribe();
        },
      };
    } catch (error) {
      end(new CanceledError(error), error);
      return undefined;
    }
  }

  private followSignal(signal: AbortSignal): Timer {
    const abort = () => {
      if (this.node.end === undefined) noteAbort();
      if ((this.node.end ??= this.look()) !== undefined) notifyAll(this.node);
    };
    signal.addEventListener('abort', abort);
    return {
      unsubscribe() {
        signal.removeEventListener('abort', abort);
      },
    };
  }

  /** A context that cannot be asked is taken as canceled: work that should have stopped is worse than work that stops. */
  private look(): End | undefined {
    try {
      const { err } = this.ctx;
      return err && this.endWith(err, this.ctx.cause);
    } catch (thrown) {
      return this.endWith(new CanceledError(thrown), thrown);
    }
  }

  private endWith(err: ContextError, cause: unknown): End {
    const { node } = this;
    const now = node.now();
    if (!isDeadlineExceeded(err)) return (node.end = new End(CanceledError, cause, now, err));
    return (node.end = new End(DeadlineExceededError, cause, Math.min(this.deadlineOr(now), now), err));
  }

  private deadlineOr(now: number): number {
    try {
      return this.ctx.deadline ?? now;
    } catch {
      return now;
    }
  }
}

function clockOf(ctx: CoreContext): Clock {
  try {
    const clock = ctx.value(schedulerKey);
    if (isClock(clock)) return clock;
  } catch {
    // A mock need not know the key.
  }
  return streamsFor((ctx as Partial<Context>).done$).clock;
}
