import { cancel, listen } from './cancellation.js';
import type { CancelFunc, Context, CoreContext } from './context.js';
import { ContextNode, Scope, Source, newValueContext } from './contextNode.js';
import { isAbort } from './errors.js';
import { toInternal } from './foreign.js';
import { invalidArgument } from './invalidArgument.js';
import { checkKey } from './key.js';
import type { ContextKey } from './key.js';
import { Listener, unlink } from './listenerList.js';
import { hostStreams } from './timer.js';
import type { Streams } from './timer.js';

/** Makes the root of a tree: never done, no deadline, no values. What it inherits is what the whole tree has. */
export function newRoot(name: string, streams: Streams): Context {
  return newValueContext(
    undefined,
    undefined,
    new Scope(streams, streams.clock, undefined, undefined, undefined),
    new Source(name),
  );
}

const root = /* @__PURE__ */ newRoot('background', hostStreams);
const unknownYet = /* @__PURE__ */ newRoot('todo', hostStreams);

/** Returns the root of all contexts: never done, no deadline, no values. The same object every time. */
export function background(): CoreContext {
  return root;
}

/** Returns a {@link background} for code that does not yet know which context to use. The same object every time. */
export function todo(): CoreContext {
  return unknownYet;
}

/**
 * Derives a context that is done when `cancel(cause?)` is called or `parent` is done: whichever is first sets `err` and
 * `cause` for good. A child of a context that is done is done.
 *
 * @param parent done together with it, if that comes first
 * @returns the context, and the function that cancels it: call it when the work is over, whatever happened
 * @throws TypeError when parent is not a context
 * @see https://pkg.go.dev/context#WithCancelCause
 */
export function withCancel(parent: CoreContext): [ctx: Context, cancel: CancelFunc] {
  const ctx = toInternal(parent, 'withCancel', 'parent');
  return withCancelFunc(new ContextNode(ctx, ctx.scope, undefined));
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
 * @see https://pkg.go.dev/context#WithValue
 */
export function withValue<T>(parent: CoreContext, key: ContextKey<T>, value: NoInfer<T>): Context {
  const ctx = toInternal(parent, 'withValue', 'parent');
  checkKey('withValue', key);
  return newValueContext(ctx, ctx.canceler, ctx.scope.withValue(key, value), new Source(`withValue(${key.name})`));
}

/**
 * Derives a context that keeps the values and drops cancellation and deadline: for work that must be finished although
 * the request is over, such as an audit record.
 *
 * @throws TypeError when parent is not a context
 * @see https://pkg.go.dev/context#WithoutCancel
 */
export function withoutCancel(parent: CoreContext): Context {
  const ctx = toInternal(parent, 'withoutCancel', 'parent');
  return newValueContext(ctx, undefined, ctx.scope.withLimit(undefined), new Source('withoutCancel'));
}

/**
 * Calls `f` once when ctx is done: at once if it is. As Go's `AfterFunc`, but synchronous, in the order in which the
 * listeners of ctx subscribed.
 *
 * @param f what it throws is reported as RxJS reports an unhandled error
 * @returns `stop()`: returns `true` if it prevented the call
 * @throws TypeError when ctx is not a context or f is not a function
 * @see https://pkg.go.dev/context#AfterFunc
 */
export function afterFunc(ctx: CoreContext, f: () => void): () => boolean {
  const { canceler } = toInternal(ctx, 'afterFunc');
  if (typeof f !== 'function') throw invalidArgument('afterFunc', 'f', 'a function', f);
  let pending = true;
  const listener = listen(
    canceler,
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
export function throwIfDone(ctx: CoreContext): void {
  const { err } = toInternal(ctx, 'throwIfDone');
  if (err !== undefined) throw err;
}

/**
 * Returns `ctx.err` when ctx is done and `error` is that, or an abort because of it; otherwise returns `error`. For `catch`
 * blocks around an API that rejects with an AbortError of its own: Node's, axios's.
 *
 * Recognizes an error named `AbortError`, and the codes `ABORT_ERR` (Node) and `ERR_CANCELED` (axios). Looks through one level
 * of `cause`.
 *
 * @throws TypeError when ctx is not a context
 * @see {@link isDeadlineExceeded}
 */
export function errorOf(ctx: CoreContext, error: unknown): unknown {
  const { err } = toInternal(ctx, 'errorOf');
  if (err === undefined || error === err) return error;
  const { cause } = (error ?? {}) as { cause?: unknown };
  return isAbort(error) || cause === err ? err : error;
}

/** What a deriving function returns. */
export function withCancelFunc(ctx: ContextNode): [ctx: Context, cancel: CancelFunc] {
  const cancelIt = ((cause?: unknown) => {
    cancel(ctx, cause);
  }) as CancelFunc;
  cancelIt[dispose as typeof Symbol.dispose] = callThis;
  return [ctx, cancelIt];
}

// Hosts without `Symbol.dispose` get the symbol that esbuild's `using` falls back to.
export const { dispose = Symbol.for('Symbol.dispose') } = Symbol as { dispose?: symbol };

function callThis(this: CancelFunc): void {
  this();
}
