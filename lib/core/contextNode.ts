// What contexts are made of. All are of one class and shape, whatever they were derived by: the compiler of the host reads
// their fields fastest that way. What sets a context apart from a plain `withCancel` is its Source.
import { endOf, listen } from './cancellation.js';
import type { Cancelable, EndSource, Limit } from './cancellation.js';
import type { Context } from './context.js';
import type { ContextError, End } from './errors.js';
import { checkKey } from './key.js';
import type { ContextKey } from './key.js';
import { Listener, ListenerList } from './listenerList.js';
import { debug } from './probe.js';
import { report } from './timer.js';
import type { Clock, Streams, Timer } from './timer.js';

const schedulerMark = Symbol.for('rxjs-ctx.scheduler');

/**
 * Under this key a context gives its clock, so that a wrapper, which passes lookups on, passes that on too. It is known by
 * its mark, which is the same in every copy of the library.
 */
export const schedulerKey = {
  name: 'scheduler',
  default: undefined,
  [schedulerMark]: true,
} as ContextKey<Clock>;

export function isClock(value: unknown): value is Clock {
  const { now, schedule } = (value ?? {}) as Partial<Clock>;
  return typeof now === 'function' && typeof schedule === 'function';
}

/** What a context inherits, shared by all that inherit the same. */
export class Scope {
  constructor(
    readonly streams: Streams,
    readonly clock: Clock,
    /** The nearest context upwards with a deadline, which is the earliest, or with an end from outside. */
    readonly limit: Limit | undefined,
    readonly values: Value | undefined,
    /** Whose values come after `values`. */
    readonly foreign: { value<T, D extends T | undefined>(key: ContextKey<T, D>): T | D } | undefined,
  ) {}

  withClock(clock: Clock): Scope {
    return new Scope(this.streams, clock, this.limit, this.values, this.foreign);
  }

  withLimit(limit: Limit | undefined): Scope {
    return new Scope(this.streams, this.clock, limit, this.values, this.foreign);
  }

  withValue(key: unknown, value: unknown): Scope {
    return new Scope(this.streams, this.clock, this.limit, new Value(key, value, this.values), this.foreign);
  }
}

/** One value and those that it was put upon. */
class Value {
  constructor(
    readonly key: unknown,
    readonly value: unknown,
    readonly next: Value | undefined,
  ) {}
}

/** How a context was derived, and what ends it besides its cancel function and its parent: by itself, nothing. */
export class Source implements EndSource {
  /** Set while a timer is armed. */
  timer: Timer | undefined = undefined;

  constructor(private readonly name: string) {}

  /** The context's part of `String(ctx)`. */
  label(): string {
    return this.name;
  }

  get followed(): readonly (Cancelable | undefined)[] | undefined {
    return undefined;
  }

  // eslint-disable-next-line @typescript-eslint/class-literal-property-style -- getters override it
  get endedUnnoticed(): boolean {
    return false;
  }

  onFirstListener(): void {
    try {
      this.start();
    } catch (error) {
      report(error); // of a scheduler or a foreign context: whoever subscribes has no part in it
    }
  }

  onNoListeners(): void {
    try {
      this.stop();
    } catch (error) {
      report(error);
    }
  }

  /** Starts what ends the context. */
  protected start(): void {
    // Nothing does.
  }

  protected stop(): void {
    const { timer } = this;
    this.timer = undefined;
    timer?.unsubscribe();
  }
}

/** A context of this copy of the library. What changes is `#private`: `Object.freeze` does not reach that. */
export class ContextNode implements Context, Cancelable {
  /** The nearest context, from here upwards, that can end. Itself, unless it only carries something. */
  canceler: ContextNode | undefined = this;
  #end: End | undefined = undefined;
  #list: ListenerList | undefined = undefined;

  constructor(
    /** What it was derived from; `undefined` for a root and for what is not ours. */
    readonly parent: ContextNode | undefined,
    readonly scope: Scope,
    /** `undefined` for a plain `withCancel`. */
    readonly source: Source | undefined,
  ) {
    debug.probe?.made(this);
  }

  /**
   * Whether it was made here: what embeds such a context, by `Object.create` or a Proxy, has no private fields. Reading one
   * costs nothing, where `#list in ctx` is a call into the host.
   */
  static isOwn(ctx: unknown): ctx is ContextNode {
    try {
      return ctx instanceof ContextNode && (ctx.#list as unknown) !== null;
    } catch {
      return false;
    }
  }

  get end(): End | undefined {
    return this.#end;
  }

  set end(end: End | undefined) {
    const first = this.#end === undefined;
    this.#end = end;
    if (debug.probe !== undefined && first && end !== undefined) debug.probe.ended(this, end);
  }

  get list(): ListenerList | undefined {
    return this.#list;
  }

  set list(list: ListenerList | undefined) {
    this.#list = list;
  }

  get above(): ContextNode | undefined {
    return this.parent?.canceler;
  }

  get deadline(): number | undefined {
    return this.scope.limit?.at;
  }

  get done$(): Context['done$'] {
    const { canceler } = this;
    const done$ = canceler === undefined ? this.scope.streams.never : (canceler.list?.done$ ?? doneOf(canceler));
    return done$ as Context['done$'];
  }

  get err(): ContextError | undefined {
    // A stored end first: the way upwards is too long to be inlined wherever `err` is read.
    const { canceler } = this;
    return (canceler?.end ?? endOf(canceler))?.error;
  }

  get cause(): unknown {
    return endOf(this.canceler)?.cause;
  }

  get signal(): AbortSignal {
    return signalOf(this);
  }

  value<T, D extends T | undefined>(key: ContextKey<T, D>): T | D {
    const { values, foreign, clock } = this.scope;
    for (let value = values; value !== undefined; value = value.next) {
      if (value.key === key) return value.value as T;
    }
    checkKey('value', key);
    if (schedulerMark in key) return clock as T;
    return foreign === undefined ? key.default : foreign.value(key);
  }

  now(): number {
    try {
      return this.scope.clock.now();
    } catch (error) {
      report(error);
      return NaN;
    }
  }

  report(error: unknown): void {
    report(error);
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

function labelOf({ source }: ContextNode): string {
  return source?.label() ?? 'withCancel';
}

/** Makes a context that only carries something: it ends with `canceler`, or without one never. */
export function newValueContext(
  parent: ContextNode | undefined,
  canceler: ContextNode | undefined,
  scope: Scope,
  source: Source,
): ContextNode {
  const ctx = new ContextNode(parent, scope, source);
  ctx.canceler = canceler;
  return ctx;
}

function doneOf(ctx: ContextNode): unknown {
  const done$ = ctx.scope.streams.done((emit) => listen(ctx, new Listener(emit, emitError)));
  (ctx.list ??= new ListenerList(ctx)).done$ = done$;
  return done$;
}

function emitError(emit: (err: ContextError) => void, end: End): void {
  emit(end.error);
}

const signals = new WeakMap<ContextNode, AbortSignal>();

/** The signal of a context, made on first use: one for all contexts that can only end together. */
function signalOf(ctx: ContextNode): AbortSignal {
  const owner = ctx.canceler ?? ctx;
  let signal = signals.get(owner);
  if (signal === undefined) {
    const controller = new AbortController();
    signal = controller.signal;
    signals.set(owner, signal);
    allowManyListeners(signal);
    listen(ctx.canceler, new Listener(controller, abort));
  }
  return signal;
}

function abort(controller: AbortController, end: End): void {
  controller.abort(end.error);
}

interface EventsModule {
  setMaxListeners(n: number, ...targets: EventTarget[]): void;
}

/** Node 20 warns of an eleventh listener. Looked up at run time, so that bundlers for browsers find no import. */
function allowManyListeners(signal: AbortSignal): void {
  const { process } = globalThis as { process?: { getBuiltinModule?: (id: string) => EventsModule | undefined } };
  process?.getBuiltinModule?.('node:events')?.setMaxListeners(0, signal);
}
