import { Code } from '@connectrpc/connect';
import type { HandlerContext } from '@connectrpc/connect';
import { cancel, knownEndOf, notifyAll } from '../../core/cancellation.js';
import type { Context } from '../../core/context.js';
import type { ContextNode } from '../../core/contextNode.js';
import { durationOf, newLimited } from '../../core/deadline.js';
import { DeadlineExceededError, End, isCanceled } from '../../core/errors.js';
import { toInternal } from '../../core/foreign.js';
import { invalidArgument } from '../../core/invalidArgument.js';
import { codeOf } from './connectErrorFrom.js';

/** @see {@link handlerContext} */
export interface HandlerContextOptions {
  /** Milliseconds for a call whose client does not limit the time. By default without a limit. */
  readonly timeoutMs?: number | undefined;
  /** The most milliseconds that any call gets, whatever its client asks for. By default without a limit. */
  readonly maxTimeoutMs?: number | undefined;
}

/**
 * Returns the context of one call on the server, for handlers that you write by hand; {@link serviceCtx} makes it for you.
 *
 * - Its deadline is the time that the client leaves, or else `timeoutMs`; in either case at most `maxTimeoutMs`.
 * - It is canceled when the client cancels or is gone, or when the `shutdownSignal` of the adapter aborts. The cause is the
 *   reason of `handler.signal`: over HTTP/2 a `ConnectError`, over HTTP/1.1 nothing more than that it was aborted.
 * - Connect aborts `handler.signal` after every call, a successful one too. That cancels the context without a cause: what
 *   still works for the call stops, and no listener and no timer is left.
 *
 * There is one context for each `HandlerContext`: called again, it returns the same one, whatever the other arguments are.
 *
 * @example
 * ```ts
 * import { connectErrorFrom, handlerContext } from 'rxjs-ctx/connect';
 *
 * router.service(ElizaService, {
 *   async say({ sentence }, handler) {
 *     const ctx = handlerContext(main, handler, { maxTimeoutMs: 5000 });
 *     const reply = firstValueFrom(replyTo(ctx, sentence));
 *     return { sentence: await reply.catch((error) => Promise.reject(connectErrorFrom(error))) };
 *   },
 * });
 * ```
 *
 * @param parent done together with it, if that comes first
 * @param handler the second argument of an implementation
 * @throws TypeError when an argument is not what it must be
 * @see https://connectrpc.com/docs/node/implementing-services#context
 */
export function handlerContext(parent: Context, handler: HandlerContext, options?: HandlerContextOptions): Context {
  return callOf(toInternal(parent, 'handlerContext', 'parent'), handler, limitsOf(options, 'handlerContext')).ctx;
}

/** The options, checked. */
export interface Limits {
  readonly timeoutMs: number;
  readonly maxTimeoutMs: number;
}

export function limitsOf(options: HandlerContextOptions | undefined, call: string): Limits {
  if (options !== undefined && Object(options) !== options)
    throw invalidArgument(call, 'options', 'an object', options);
  return {
    timeoutMs: durationOf(options?.timeoutMs ?? Infinity, call, 'timeoutMs'),
    maxTimeoutMs: durationOf(options?.maxTimeoutMs ?? Infinity, call, 'maxTimeoutMs'),
  };
}

/** A call on the server, as both copies of the library, ESM and CommonJS, know it. */
interface HandlerCall {
  readonly ctx: Context;
  /** Whether {@link serviceCtx} cancels ctx when the handler has settled: until then every abort is a cancel. */
  settles: boolean;
}

const shared = globalThis as Record<symbol, WeakMap<HandlerContext, HandlerCall> | undefined>;
const calls = (shared[Symbol.for('rxjs-ctx/connect')] ??= new WeakMap());

/** The call of a handler: always the same one. */
export function callOf(parent: ContextNode, handler: HandlerContext, limits: Limits): HandlerCall {
  checkHandler(handler);
  let call = calls.get(handler);
  if (call === undefined) {
    const ms = Math.min(handler.timeoutMs() ?? limits.timeoutMs, limits.maxTimeoutMs);
    const node = newLimited(parent, Infinity, ms, ms < Infinity ? parent.scope.clock.now() : 0, undefined);
    calls.set(handler, (call = { ctx: node, settles: false }));
    follow(handler.signal, node, call);
  }
  return call;
}

function checkHandler(handler: HandlerContext): void {
  const { signal, timeoutMs } = (handler as Partial<HandlerContext> | null | undefined) ?? {};
  if (typeof signal?.addEventListener === 'function' && typeof timeoutMs === 'function') return;
  const hint = 'did you mean the second argument of the implementation?';
  throw invalidArgument('handlerContext', 'handler', 'a HandlerContext of @connectrpc/connect', handler, hint);
}

/** The listener needs no removal: Connect aborts the signal of every call, and nobody else has it. */
function follow(signal: AbortSignal, node: ContextNode, call: HandlerCall): void {
  const end = () => {
    const reason: unknown = signal.reason;
    if (isTimeout(reason) && knownEndOf(node) === undefined) {
      node.end = new End(DeadlineExceededError, undefined, node.now());
      notifyAll(node);
    } else {
      cancel(node, call.settles || !isRelease(reason) ? reason : undefined);
    }
  };
  if (signal.aborted) end();
  else signal.addEventListener('abort', end, { once: true });
}

/** Connect's own timer, which may be a millisecond before that of the context. */
function isTimeout(reason: unknown): boolean {
  return codeOf(reason) === Code.DeadlineExceeded || (reason as Partial<Error> | undefined)?.name === 'TimeoutError';
}

/** What a signal says that was aborted without a reason: Connect's way of saying that the call is over. */
function isRelease(reason: unknown): boolean {
  return (reason as Partial<Error> | undefined)?.name === 'AbortError' && !isCanceled(reason);
}
