/// <reference types="node" preserve="true" />
import type { IncomingMessage } from 'node:http';
import type { Context } from '../../core/context.js';
import { durationOf, newLimited } from '../../core/deadline.js';
import { toInternal } from '../../core/foreign.js';
import { invalidArgument } from '../../core/invalidArgument.js';
import type { ContextNode } from '../../core/contextNode.js';
import { mayLimitTime, timeoutFrom } from '../http/timeoutHeaders.js';
import { lifecycleOf, isHttp2 } from './requestLifecycle.js';
import type { RequestLifecycle } from './requestLifecycle.js';
import type { AnyRequest, AnyResponse } from './serverState.js';
import { stateOf } from './serverState.js';

/** @see {@link requestContext} */
export interface RequestContextOptions {
  /** Milliseconds for a request whose headers do not ask for a time. By default without a limit. */
  readonly timeoutMs?: number | undefined;
  /** The most milliseconds that any request gets, whatever its headers ask for. By default without a limit. */
  readonly maxTimeoutMs?: number | undefined;
}

/**
 * The context of one request: done as soon as nobody waits for the response any more.
 *
 * - It is canceled with a {@link ClientGoneError} as the cause when the client goes before the response is finished. Over
 *   HTTP/1.1 Node notices that only while it reads: not while a part of the request lies unread, because the handler reads
 *   nothing of it or has paused it. Go does the same ([golang/go#23262](https://github.com/golang/go/issues/23262)). Read the
 *   request, or give it a time.
 * - Its deadline is the time that the client's headers ask for, as `timeoutFrom` of `rxjs-ctx/http` reads them, or else
 *   `timeoutMs`; in either case at most `maxTimeoutMs`.
 * - As soon as the response is finished it is canceled without a cause: what still works for the request stops, and no
 *   listener and no timer is left.
 *
 * There is one context for each `res`: called again, it returns the same one, whatever the other arguments are. While
 * {@link shutdown} waits for requests to finish, the end of its ctx does not end this one.
 *
 * Takes what `node:http`, `node:https` and `node:http2` give to a request listener, which Express hands on as it is; in
 * Fastify it is `request.raw` and `reply.raw`, in NestJS what `@Req()` and `@Res({ passthrough: true })` inject. A
 * response that is destroyed on this side looks like one whose client is gone.
 *
 * @param parent done together with it, if that comes first
 * @throws TypeError when an argument is not what it must be
 */
export function requestContext(
  parent: Context,
  req: AnyRequest,
  res: AnyResponse,
  options?: RequestContextOptions,
): Context {
  const above = toInternal(parent, 'requestContext', 'parent');
  checkRequest(req);
  checkResponse(res);
  const limits = limitsOf(options, 'requestContext');
  const server = serverOf(req, res);
  const lifecycle = lifecycleOf(req, res, server && stateOf(server));
  return lifecycle.ctx ?? contextFor(lifecycle, lifecycle.state?.under(above) ?? above, limits);
}

/** The options of a request context, checked. */
export interface Limits {
  readonly timeoutMs: number;
  readonly maxTimeoutMs: number;
}

export function limitsOf(options: RequestContextOptions | undefined, call: string): Limits {
  return {
    timeoutMs: durationOf(options?.timeoutMs ?? Infinity, call, 'timeoutMs'),
    maxTimeoutMs: durationOf(options?.maxTimeoutMs ?? Infinity, call, 'maxTimeoutMs'),
  };
}

/** Makes the context of a request that has none. */
export function contextFor(
  lifecycle: RequestLifecycle,
  parent: ContextNode,
  { timeoutMs, maxTimeoutMs }: Limits,
): ContextNode {
  const asked = mayLimitTime(lifecycle.req.rawHeaders) ? timeoutFrom(lifecycle.req.headers) : undefined;
  const ms = Math.min(asked ?? timeoutMs, maxTimeoutMs);
  const now = ms < Infinity ? parent.scope.clock.now() : 0;
  const ctx = newLimited(parent, Infinity, ms, now, undefined);
  lifecycle.ctx = ctx;
  if (lifecycle.whole !== undefined) lifecycle.release();
  return ctx;
}

function serverOf(req: AnyRequest, res: AnyResponse): object | undefined {
  const connection = isHttp2(res) ? res.stream.session : (req as IncomingMessage).socket;
  return (connection as { readonly server?: object } | undefined)?.server;
}

function checkRequest(req: AnyRequest): void {
  const { headers, socket } = (req as Partial<AnyRequest> | null | undefined) ?? {};
  if (typeof headers !== 'object' || typeof socket !== 'object') {
    throw invalidArgument('requestContext', 'req', 'a request of node:http or node:http2', req);
  }
}

function checkResponse(res: AnyResponse): void {
  const { on, writeHead, writableEnded } = (res as Partial<AnyResponse> | null | undefined) ?? {};
  if (typeof on !== 'function' || typeof writeHead !== 'function' || typeof writableEnded !== 'boolean') {
    throw invalidArgument('requestContext', 'res', 'a response of node:http or node:http2', res);
  }
}
