// What contexts are made of. A Derived only carries what it inherits; a Cancelable can end, and is a node of the tree.
import { NEVER, Observable, asyncScheduler } from 'rxjs';
import type { SchedulerLike, Subscriber } from 'rxjs';
import type { Context } from './context.js';
import type { ContextError, End } from './errors.js';
import { checkKey } from './key.js';
import type { ContextKey } from './key.js';
import { signalOf } from './signal.js';
import { Audience, Listener, Scope, cancel, endOf, listen } from './tree.js';
import type { TreeNode } from './tree.js';

const schedulerMark = Symbol.for('rxjs-ctx.scheduler');

/**
 * Under this key a context gives its scheduler, so that a wrapper, which passes lookups on, passes that on too. It is known
 * by its mark, which is the same in every copy of the library.
 */
export const schedulerKey: ContextKey<SchedulerLike> = Object.assign(
  { name: 'scheduler', default: undefined },
  { [schedulerMark]: true },
);

export function isScheduler(value: unknown): value is SchedulerLike {
  const { now, schedule } = (value ?? {}) as Partial<SchedulerLike>;
  return typeof now === 'function' && typeof schedule === 'function';
}

/** A context of this copy of the library. */
export abstract class Ctx implements Context {
  /** What it was derived from; that of a root is {@link nothing}. */
  abstract readonly parent: Ctx;
  /** The nearest context, from here upwards, that can end. */
  abstract readonly node: Cancelable | undefined;
  abstract readonly scope: Scope;
  /** How it was derived: its part of `String(ctx)`. */
  protected abstract label(): string;

  get deadline(): number | undefined {
    return this.scope.limit?.at;
  }

  get done$(): Observable<ContextError> {
    return this.node === undefined ? NEVER : this.node.done$;
  }

  get err(): ContextError | undefined {
    return this.node && endOf(this.node)?.error;
  }

  get cause(): unknown {
    return this.node && endOf(this.node)?.cause;
  }

  get signal(): AbortSignal {
    return signalOf(this);
  }

  value<T, D extends T | undefined>(key: ContextKey<T, D>): T | D {
    for (let value = this.scope.values; value !== undefined; value = value.next) {
      if (value.key === key) return value.value as T;
    }
    checkKey('value', key);
    const { foreign, scheduler } = this.scope;
    if (schedulerMark in key) return scheduler as T;
    return foreign === undefined ? key.default : foreign.value(key);
  }

  toString(): string {
    const labels = [this.label()];
    for (let ctx = this.parent; ctx !== nothing; ctx = ctx.parent) labels.push(ctx.label());
    return labels.reverse().join('.');
  }

  /** What a logger gets that serializes all it is given: the derivation, never the values. */
  toJSON(): string {
    return this.toString();
  }

  /** As {@link toJSON}, for Node's `console.log`. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}

/** A context that ends only with its parent, if at all. */
export class Derived extends Ctx {
  readonly parent: Ctx;

  constructor(
    parent: Ctx | undefined,
    readonly node: Cancelable | undefined,
    readonly scope: Scope,
    private readonly how: string,
  ) {
    super();
    this.parent = parent ?? this;
  }

  protected label(): string {
    return this.how;
  }
}

/** Where every path upwards ends: the parent of the roots, and its own. */
export const nothing = new Derived(
  undefined,
  undefined,
  new Scope(asyncScheduler, undefined, undefined, undefined, false),
  '',
);

/** A context that can end by itself. */
export class Cancelable extends Ctx implements TreeNode {
  readonly node = this;
  end: End<TreeNode> | undefined;
  clocks: readonly SchedulerLike[] | undefined = undefined;
  audience: Audience | undefined = undefined;

  constructor(
    readonly parent: Ctx,
    public scope: Scope, // a subclass that its own descendants inherit from replaces it
  ) {
    super();
    this.end = parent.node?.end;
  }

  protected label(): string {
    return 'withCancel';
  }

  // As inherited, but what is done says so without a walk: loops ask this.
  override get err(): ContextError | undefined {
    return (this.end ?? endOf(this))?.error;
  }

  override get done$(): Observable<ContextError> {
    return this.audience?.done$ ?? doneOf(this);
  }

  cancel(cause?: unknown): void {
    cancel(this, cause);
  }

  wake(): void {
    // Nothing ends it from outside.
  }

  rest(): void {
    // As above.
  }
}

function doneOf(ctx: Cancelable): Observable<ContextError> {
  const audience = (ctx.audience ??= new Audience(ctx));
  return (audience.done$ = new Observable((subscriber) => {
    subscriber.add(listen(ctx, new Listener(subscriber, emit)));
  }));
}

function emit(subscriber: Subscriber<ContextError>, end: End): void {
  subscriber.next(end.error);
  subscriber.complete();
}
