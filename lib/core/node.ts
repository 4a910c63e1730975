// What contexts are made of. All are of one class and shape, whatever they were derived by: the compiler of the host reads their
// fields fastest that way. What sets a context apart from a plain `withCancel` is its Way.
import { NEVER, Observable } from 'rxjs';
import type { SchedulerLike, Subscriber, Unsubscribable } from 'rxjs';
import type { Context } from './context.js';
import type { ContextError, End } from './errors.js';
import { checkKey } from './key.js';
import type { ContextKey } from './key.js';
import { signalOf } from './signal.js';
import type { Scope } from './scope.js';
import { Audience, Listener, endOf, listen, report } from './tree.js';

const schedulerMark = Symbol.for('rxjs-ctx.scheduler');

/**
 * Under this key a context gives its scheduler, so that a wrapper, which passes lookups on, passes that on too. It is known
 * by its mark, which is the same in every copy of the library.
 */
export const schedulerKey = {
  name: 'scheduler',
  default: undefined,
  [schedulerMark]: true,
} as ContextKey<SchedulerLike>;

export function isScheduler(value: unknown): value is SchedulerLike {
  const { now, schedule } = (value ?? {}) as Partial<SchedulerLike>;
  return typeof now === 'function' && typeof schedule === 'function';
}

/** How a context was derived, and what ends it besides its cancel function and its parent. */
export class Way {
  /** Set while a timer is armed. */
  timer: Unsubscribable | undefined = undefined;

  constructor(private readonly name: string) {}

  /** The context's part of `String(ctx)`. */
  label(): string {
    return this.name;
  }

  /** Whose deadline ends the context, too. */
  get followed(): Ctx | undefined {
    return undefined;
  }

  /** Called when somebody listens to the context or below it. */
  wake(): void {
    try {
      this.start();
    } catch (error) {
      report(error); // of a scheduler or of somebody else's context: nobody's business who listens or leaves
    }
  }

  /** Called when nobody listens any more, or the context is done. Harmless when repeated. */
  rest(): void {
    try {
      this.stop();
    } catch (error) {
      report(error);
    }
  }

  /** Starts what ends the context from outside. */
  protected start(): void {
    // Nothing does.
  }

  protected stop(): void {
    this.timer?.unsubscribe();
    this.timer = undefined;
  }

  /** Called when the context is canceled and is over already: whether it ended by itself and nobody has heard of that. */
  late(): boolean {
    return false;
  }
}

/** A context of this copy of the library. What changes is `#private`: `Object.freeze` does not reach that. */
export class Ctx implements Context {
  /** The nearest context, from here upwards, that can end. Itself, unless it only carries something. */
  node: Ctx | undefined = this;
  #end: End | undefined = undefined;
  #audience: Audience | undefined = undefined;

  constructor(
    /** What it was derived from; `undefined` for a root and for what is not ours. */
    readonly parent: Ctx | undefined,
    readonly scope: Scope,
    /** `undefined` for a plain `withCancel`. */
    readonly way?: Way,
  ) {}

  /** Set once: by its own end, or by the first look at that of an ancestor. */
  get end(): End | undefined {
    return this.#end;
  }

  set end(end: End | undefined) {
    this.#end = end;
  }

  /** Set by the first who listens, or derives a deadline below. */
  get audience(): Audience | undefined {
    return this.#audience;
  }

  set audience(audience: Audience | undefined) {
    this.#audience = audience;
  }

  get deadline(): number | undefined {
    return this.scope.limit?.at;
  }

  get done$(): Observable<ContextError> {
    const { node } = this;
    return node === undefined ? NEVER : (node.audience?.done$ ?? doneOf(node));
  }

  get err(): ContextError | undefined {
    return endOf(this.node)?.error;
  }

  get cause(): unknown {
    return endOf(this.node)?.cause;
  }

  get signal(): AbortSignal {
    return signalOf(this);
  }

  value<T, D extends T | undefined>(key: ContextKey<T, D>): T | D {
    const { values, foreign, scheduler } = this.scope;
    for (let value = values; value !== undefined; value = value.next) {
      if (value.key === key) return value.value as T;
    }
    checkKey('value', key);
    if (schedulerMark in key) return scheduler as T;
    return foreign === undefined ? key.default : foreign.value(key);
  }

  toString(): string {
    const labels = [labelOf(this)];
    for (let { parent } = this; parent !== undefined; { parent } = parent) labels.push(labelOf(parent));
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

function labelOf({ way }: Ctx): string {
  return way?.label() ?? 'withCancel';
}

/** A context that only carries something: it ends with `node`, or without one not at all. */
export function carrying(parent: Ctx | undefined, node: Ctx | undefined, scope: Scope, way: Way): Ctx {
  const ctx = new Ctx(parent, scope, way);
  ctx.node = node;
  return ctx;
}

function doneOf(ctx: Ctx): Observable<ContextError> {
  return ((ctx.audience ??= new Audience(ctx)).done$ = new Observable((subscriber) => {
    subscriber.add(listen(ctx, new Listener(subscriber, emit)));
  }));
}

/** What most listeners do: the stream errors. */
export function fail(subscriber: Subscriber<unknown>, end: End): void {
  subscriber.error(end.error);
}

function emit(subscriber: Subscriber<ContextError>, end: End): void {
  subscriber.next(end.error);
  subscriber.complete();
}
