// Contexts that are not ours: a wrapper, a mock, one of another copy of the library. Each is represented in the tree by one
// node, which asks it for its state and follows its `done$` only while somebody listens.
import { Observable, asyncScheduler } from 'rxjs';
import type { SchedulerLike, Unsubscribable } from 'rxjs';
import type { Context } from './context.js';
import { CanceledError, End } from './errors.js';
import type { ContextError } from './errors.js';
import { badInput } from './input.js';
import type { ContextKey } from './key.js';
import { Ctx, Way, isScheduler, schedulerKey } from './node.js';
import { Scope } from './scope.js';
import type { Foreign, Limit } from './scope.js';
import { Audience, announce, arm } from './tree.js';
import type { Alarm } from './tree.js';

const nodes = new WeakMap<Context, Ctx>();

/** The context as a part of our tree. */
export function contextOf(ctx: Context, call: string, argument?: string): Ctx {
  return ctx instanceof Ctx ? ctx : outsiderOf(ctx, call, argument);
}

function outsiderOf(ctx: Context, call: string, argument = 'ctx'): Ctx {
  let node = nodes.get(ctx);
  if (node === undefined) {
    if (!isContext(ctx)) throw badInput(call, argument, 'a Context', ctx);
    ({ node } = new Outsider(ctx));
    nodes.set(ctx, node);
  }
  return node;
}

export function isContext(value: unknown): value is Context {
  const { done$, value: lookup } = (value ?? {}) as { done$?: { subscribe?: unknown }; value?: unknown };
  return typeof lookup === 'function' && typeof done$?.subscribe === 'function';
}

/** What ends the context that stands for one that is not ours. */
class Outsider extends Way implements Alarm, Foreign, Limit {
  readonly node: Ctx;
  /** Its deadline is on a clock that is not ours to read, and for itself to keep. */
  readonly clock = undefined;
  readonly soleClock = undefined;
  readonly beyond = undefined;
  /** Set while somebody listens: the subscription to `done$`. */
  private following: Unsubscribable | undefined = undefined;

  constructor(private readonly ctx: Context) {
    super('foreign');
    const node = (this.node = new Ctx(undefined, new Scope(schedulerOf(ctx), this, undefined, this, true), this));
    (node.audience = new Audience(node)).done$ = ctx.done$;
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

  overdue(): undefined {
    return undefined;
  }

  poll(): void {
    const { node } = this;
    if (node.end === undefined && this.look() !== undefined && this.following !== undefined) {
      // Its listeners are yet to hear.
      arm(this, node.scope.scheduler, 0);
    }
  }

  protected override start(): void {
    const { node } = this;
    const end = (err: ContextError, cause: unknown) => {
      node.end ??= this.look() ?? this.endWith(err, cause);
      announce(node);
    };
    const following = new Observable<ContextError | undefined>((subscriber) =>
      this.ctx.done$.subscribe(subscriber),
    ).subscribe({
      next: (err) => {
        end(err ?? new CanceledError(), err);
      },
      error: (error: unknown) => {
        end(new CanceledError(error), error);
      },
      complete: () => {
        if ((node.end ??= this.look()) !== undefined) announce(node);
      },
    });
    // It may have ended meanwhile, before it knew whom to tell.
    if (node.end === undefined && this.look() !== undefined) announce(node);
    if (node.end === undefined) this.following = following;
    else following.unsubscribe();
  }

  protected override stop(): void {
    super.stop();
    this.following?.unsubscribe();
    this.following = undefined;
  }

  due(): void {
    announce(this.node);
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
    return (this.node.end = new End(CanceledError, cause, undefined, err));
  }
}

function schedulerOf(ctx: Context): SchedulerLike {
  try {
    const scheduler = ctx.value(schedulerKey);
    if (isScheduler(scheduler)) return scheduler;
  } catch {
    // A mock need not know the key.
  }
  return asyncScheduler;
}
