/// <reference lib="esnext.disposable" preserve="true" />
import { asyncScheduler } from 'rxjs';
import type { Observable } from 'rxjs';
import type { ContextError } from './errors.js';
import { contextOf } from './foreign.js';
import { badInput } from './input.js';
import { checkKey } from './key.js';
import type { ContextKey } from './key.js';
import { Ctx, Way, carrying } from './node.js';
import { Scope, Value } from './scope.js';
import { Listener, cancel, listen, unlink } from './tree.js';

/**
 * Carries a deadline, a cancellation signal and request-scoped values from where work is asked for to where it is done.
 *
 * Pass it on explicitly, as the first parameter, named `ctx`; do not store it. Anyone may implement it: every function
 * accepts a context that is not of this library. Semantics: Go's `context.Context`.
 */
export interface Context {
  /** Milliseconds since the Unix epoch, on the clock of the context's scheduler; undefined when there is none. */
  readonly deadline: number | undefined;
  /** Emits `err` once, then completes. Late subscribers get both at once. Never errors. `NEVER` for a context that cannot end. */
  readonly done$: Observable<ContextError>;
  /** Why the context is done; undefined while it is not. Afterwards always the same object, also in every descendant that ended with it. */
  readonly err: ContextError | undefined;
  /** What was given as the cause, or `err` when nothing was; undefined while the context is not done. */
  readonly cause: unknown;
  /** Made on first use and kept. Aborts with `err` as its reason. Made of a context that is done, it is aborted already. */
  readonly signal: AbortSignal;
  /**
   * What the nearest {@link withValue} upwards put under the key, or else the key's default.
   *
   * @throws TypeError when key is not a key
   */
  value<T, D extends T | undefined>(key: ContextKey<T, D>): T | D;
  /** Names the way the context was derived, and never a value: it may be a secret. */
  toString(): string;
}

/**
 * Ends a context, and everything derived from it, as canceled. Listeners are called before it returns; an error that one
 * throws is reported as RxJS reports an unhandled error. Calling it again does nothing.
 *
 * `using _ = cancel` cancels at the end of the block: Go's `defer cancel()`.
 *
 * @param cause becomes `ctx.cause`. `undefined` counts as none, anything else, `null` included, as one
 */
export type CancelFunc = ((cause?: unknown) => void) & Disposable;

const root = /* @__PURE__ */ rootNamed('background');
const unknownYet = /* @__PURE__ */ rootNamed('todo');

function rootNamed(name: string): Ctx {
  return carrying(
    undefined,
    undefined,
    new Scope(asyncScheduler, undefined, undefined, undefined, false),
    new Way(name),
  );
}

/** The root of all contexts: never done, no deadline, no values. The same object every time. */
export function background(): Context {
  return root;
}

/** A {@link background} for code that does not yet know which context to use. The same object every time. */
export function todo(): Context {
  return unknownYet;
}

/**
 * Derives a context that is done when `cancel(cause?)` is called or `parent` is done: whichever is first sets `err` and
 * `cause` for good. A child that is derived from a context that is done is done. Semantics: Go's `WithCancelCause`.
 *
 * @param parent done together with it, if that comes first
 * @returns the context, and the function that cancels it: call it when the work is over, whatever happened
 * @throws TypeError when parent is not a context
 */
export function withCancel(parent: Context): [ctx: Context, cancel: CancelFunc] {
  const ctx = contextOf(parent, 'withCancel', 'parent');
  return withCancelFunc(new Ctx(ctx, ctx.scope));
}

/**
 * Derives a context that also carries a value, which shadows what `parent` has under the key.
 *
 * For what belongs to one request and crosses interfaces (who asks, which trace), never for optional parameters.
 *
 * @param parent done together with it
 * @param key made by {@link contextKey}
 * @param value never printed: it may be a secret
 * @throws TypeError when parent is not a context or key is not a key
 */
export function withValue<T>(parent: Context, key: ContextKey<T>, value: NoInfer<T>): Context {
  const ctx = contextOf(parent, 'withValue', 'parent');
  checkKey('withValue', key);
  const { scheduler, limit, values, foreign, eager } = ctx.scope;
  const inherited = new Scope(scheduler, limit, new Value(key, value, values), foreign, eager);
  return carrying(ctx, ctx.node, inherited, new Way(`withValue(${key.name})`));
}

/**
 * Derives a context that keeps the values and drops cancellation and deadline: for work that must be finished although
 * the request is over, such as an audit record. Semantics: Go's `WithoutCancel`.
 *
 * @throws TypeError when parent is not a context
 */
export function withoutCancel(parent: Context): Context {
  const ctx = contextOf(parent, 'withoutCancel', 'parent');
  const { scheduler, values, foreign } = ctx.scope;
  return carrying(ctx, undefined, new Scope(scheduler, undefined, values, foreign, false), new Way('withoutCancel'));
}

/**
 * Calls `f` once when ctx is done: at once if it is. Semantics: Go's `AfterFunc`, but synchronous, in the order in which
 * the listeners of ctx came.
 *
 * @param f what it throws is reported as RxJS reports an unhandled error
 * @returns a function that takes it back, and says whether that prevented the call
 * @throws TypeError when ctx is not a context or f is not a function
 */
export function afterFunc(ctx: Context, f: () => void): () => boolean {
  const { node } = contextOf(ctx, 'afterFunc');
  if (typeof f !== 'function') throw badInput('afterFunc', 'f', 'a function', f);
  let pending = true;
  const listener = listen(
    node,
    new Listener(f, (call) => {
      pending = false;
      call();
    }),
  );
  return () => {
    const prevented = pending;
    pending = false;
    unlink(listener);
    return prevented;
  };
}

/**
 * Throws `ctx.err` if there is one: for the points of an `async` function where it should go no further.
 *
 * @throws TypeError when ctx is not a context
 */
export function throwIfDone(ctx: Context): void {
  const { err } = contextOf(ctx, 'throwIfDone');
  if (err !== undefined) throw err;
}

/** What a deriving function returns. */
export function withCancelFunc(ctx: Ctx): [ctx: Context, cancel: CancelFunc] {
  const cancelIt = ((cause?: unknown) => {
    cancel(ctx, cause);
  }) as CancelFunc;
  cancelIt[dispose as typeof Symbol.dispose] = callThis;
  return [ctx, cancelIt];
}

// Hosts without `Symbol.dispose` get the symbol that esbuild's `using` falls back to.
const { dispose = Symbol.for('Symbol.dispose') } = Symbol as { dispose?: symbol };

function callThis(this: CancelFunc): void {
  this();
}
