/// <reference types="node" preserve="true" />
import type { EventEmitter } from 'node:events';
import type { Writable } from 'node:stream';
import { cancel } from '../../core/cancellation.js';
import type { Context } from '../../core/context.js';
import type { ContextNode } from '../../core/contextNode.js';
import { durationOf, newLimited } from '../../core/deadline.js';
import { nameErrors } from '../../core/errors.js';
import { toInternal } from '../../core/foreign.js';
import { invalidArgument } from '../../core/invalidArgument.js';
import type { ServerCall } from './methods.js';
import { shared } from './openCalls.js';

/** The cause of a call's context when its client canceled the call, or is gone. */
export class CallCanceledError extends Error {
  /** Tells it from an error of another kind. */
  declare readonly name: 'CallCanceledError';

  constructor() {
    super('the client canceled the call, or is gone');
  }

  static {
    nameErrors(this, 'CallCanceledError');
  }
}

/** @see {@link serverCallContext} */
export interface ServerCallOptions {
  /** Milliseconds for a call whose client sets no deadline. By default without a limit. */
  readonly timeoutMs?: number | undefined;
  /** The most milliseconds that any call gets, whatever its client asks for. By default without a limit. */
  readonly maxTimeoutMs?: number | undefined;
}

/**
 * Returns the context of one call on the server: done as soon as nobody waits for its result any more. For handlers written
 * by hand, NestJS and interceptors; {@link serviceCtx} does it for all methods of a service.
 *
 * - It is canceled with a {@link CallCanceledError} as the cause when the client cancels, or is gone.
 * - Its deadline is that of the client, or else `timeoutMs`; in either case at most `maxTimeoutMs`.
 * - It is canceled when the status has been sent. grpc-js tells the two apart for server streams only: after a response to any
 *   other method the cause is a `CallCanceledError`, too.
 *
 * There is one context for each call: called again, it returns the same one, whatever the other arguments are. The handler
 * sends the status itself, such as `callback(statusFrom(ctx.err))`.
 *
 * @example
 * ```ts
 * import { serverCallContext, statusFrom } from 'rxjs-ctx/grpc';
 *
 * const unary: handleUnaryCall<Ping, Pong> = (call, callback) => {
 *   const ctx = serverCallContext(main, call, { maxTimeoutMs: 10_000 });
 *   answer(ctx, call.request)
 *     .pipe(throwOnCtx(ctx))
 *     .subscribe({ next: (pong) => callback(null, pong), error: (error) => callback(statusFrom(error)) });
 * };
 * ```
 * @param parent done together with it, if that comes first. It has to end after {@link shutdown} has resolved
 * @param call as a handler gets it
 * @param options its limits in milliseconds
 * @returns the context of the call
 * @throws TypeError when an argument is not what it must be
 * @see [Deadlines in gRPC](https://grpc.io/docs/guides/deadlines/)
 */
export function serverCallContext(parent: Context, call: ServerCall, options?: ServerCallOptions): Context {
  const above = toInternal(parent, 'serverCallContext', 'parent');
  const { getDeadline, once } = (call as Partial<ServerCall> | null | undefined) ?? {};
  if (typeof getDeadline !== 'function' || typeof once !== 'function') {
    throw invalidArgument('serverCallContext', 'call', 'a call of a server of @grpc/grpc-js', call);
  }
  const limits = limitsOf(options, 'serverCallContext');
  const { calls } = shared();
  const known = calls.get(call);
  if (known !== undefined) return known;
  const ctx = newCallContext(above, call, limits);
  calls.set(call, ctx);
  onceCancelled(call, () => {
    cancel(ctx, (call as Partial<Writable>).writableEnded === true ? undefined : new CallCanceledError());
  });
  return ctx;
}

/** The options of a call's context, checked. */
export interface CallLimits {
  readonly timeoutMs: number;
  readonly maxTimeoutMs: number;
}

export function limitsOf(options: ServerCallOptions | undefined, where: string): CallLimits {
  return {
    timeoutMs: durationOf(options?.timeoutMs ?? Infinity, where, 'timeoutMs'),
    maxTimeoutMs: durationOf(options?.maxTimeoutMs ?? Infinity, where, 'maxTimeoutMs'),
  };
}

/** Makes the context of a call that has none. The time crosses as a duration: the clock of the tree may be another one. */
export function newCallContext(parent: ContextNode, call: ServerCall, limits: CallLimits): ContextNode {
  const asked = leftMs(call);
  const ms = Math.min(asked === Infinity ? limits.timeoutMs : asked, limits.maxTimeoutMs);
  const now = ms < Infinity ? parent.scope.clock.now() : 0;
  return newLimited(parent, Infinity, ms, now, undefined);
}

function leftMs(call: ServerCall): number {
  return Number(call.getDeadline()) - Date.now();
}

/** A timer of Node fires up to a millisecond before the clock has got there. */
const earlyMs = 2;

/**
 * Calls `end` when grpc-js says that the call is over. At its deadline that may be a moment before the deadline has passed on
 * the clock: then later, so that it counts as one that has passed.
 */
export function onceCancelled(call: ServerCall, end: () => void): void {
  const cancelled = () => {
    const left = leftMs(call);
    if (left > 0 && left <= earlyMs) setTimeout(end, earlyMs);
    else end();
  };
  if (call.cancelled) cancelled();
  else (call as EventEmitter).once('cancelled', cancelled);
}
