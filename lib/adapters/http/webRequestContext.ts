import { cancel } from '../../core/cancellation.js';
import type { Context } from '../../core/context.js';
import { ContextNode } from '../../core/contextNode.js';
import { durationOf, newLimited } from '../../core/deadline.js';
import { isDeadlineExceeded } from '../../core/errors.js';
import { toInternal } from '../../core/foreign.js';
import { invalidArgument } from '../../core/invalidArgument.js';
import { ClientGoneError } from './clientGoneError.js';
import { complain } from './complain.js';
import { passOn } from './responseBody.js';
import { timeoutFrom } from './timeoutHeaders.js';

/** @see {@link serveCtx} */
export interface ServeOptions {
  /** Milliseconds for a request whose headers do not ask for a time. By default without a limit. */
  readonly timeoutMs?: number | undefined;
  /** The most milliseconds that any request gets, whatever its headers ask for. By default without a limit. */
  readonly maxTimeoutMs?: number | undefined;
  /**
   * Makes the response of a request whose time was over before there was one. By default it is a 504 without a header of the
   * application: a page of another origin cannot read that (CORS).
   */
  readonly onLate?: ((ctx: Context, request: Request) => Response) | undefined;
}

/**
 * Returns the context of one request of a server that has `Request` and `Response`, and the function that its response has to
 * pass. For frameworks that own the handler: a middleware of Hono, a route of Next or SvelteKit. {@link serveCtx} is the same
 * for servers that take a function.
 *
 * - The context is canceled with a {@link ClientGoneError} as the cause when `request.signal` aborts, or the host cancels the
 *   body, before the response was sent.
 * - Its deadline is the time that the client's headers ask for, as {@link timeoutFrom} reads them, or else `timeoutMs`; in
 *   either case at most `maxTimeoutMs`.
 * - It is canceled without a cause when the body was read to its end, or there is none.
 *
 * `respond(response)` returns the response to give to the host: the same one without a body, or a copy that passes the body on
 * as it is read. When ctx ends while the body is sent, the body errors with `ctx.err`, so that the client sees it cut. When ctx
 * is done before, the response is dropped, and the host gets 504, 503 when `parent` is done, or 499 when the client is gone.
 * Call it in every way out: a context without a response stays until the client leaves.
 *
 * @example
 * ```ts
 * import { webRequestContext } from 'rxjs-ctx/http';
 *
 * app.use(async (c, next) => {
 *   const [ctx, respond] = webRequestContext(main, c.req.raw, { timeoutMs: 2000 });
 *   c.set('ctx', ctx);
 *   await next();
 *   c.res = respond(c.res);
 * });
 * ```
 *
 * @param parent done together with it, if that comes first
 * @throws TypeError when an argument is not what it must be
 * @see https://developer.mozilla.org/docs/Web/API/Request/signal
 */
export function webRequestContext(
  parent: Context,
  request: Request,
  options?: ServeOptions,
): [ctx: Context, respond: (response: Response) => Response] {
  const above = toInternal(parent, 'webRequestContext', 'parent');
  const exchange = new Exchange(above, request, serveOptionsOf(options, 'webRequestContext'), 'webRequestContext');
  return [exchange.ctx, exchange.respond];
}

/** The options, checked. */
export interface CheckedOptions {
  readonly timeoutMs: number;
  readonly maxTimeoutMs: number;
  readonly onLate: ServeOptions['onLate'];
}

export function serveOptionsOf(options: ServeOptions | undefined, call: string): CheckedOptions {
  if (options !== undefined && Object(options) !== options)
    throw invalidArgument(call, 'options', 'an object', options);
  const onLate = options?.onLate;
  if (onLate !== undefined && typeof onLate !== 'function') throw invalidArgument(call, 'onLate', 'a function', onLate);
  return {
    timeoutMs: durationOf(options?.timeoutMs ?? Infinity, call, 'timeoutMs'),
    maxTimeoutMs: durationOf(options?.maxTimeoutMs ?? Infinity, call, 'maxTimeoutMs'),
    onLate,
  };
}

/** One request and its response. */
export class Exchange {
  readonly ctx: ContextNode;
  /** Set when the response of the handler was given to the host. */
  private sent = false;

  constructor(
    private readonly parent: ContextNode,
    private readonly request: Request,
    private readonly options: CheckedOptions,
    call: string,
  ) {
    const { headers, signal } = (request as Partial<Request> | null | undefined) ?? {};
    if (typeof headers?.get !== 'function' || typeof signal?.addEventListener !== 'function') {
      throw invalidArgument(call, 'request', 'a Request', request);
    }
    const ms = Math.min(timeoutFrom(headers) ?? options.timeoutMs, options.maxTimeoutMs);
    this.ctx = newLimited(parent, Infinity, ms, ms < Infinity ? parent.scope.clock.now() : 0, undefined);
    // Stays until the request is garbage, for it aborts once at most; a context that is done by then does not notice.
    if (signal.aborted) this.leave();
    else signal.addEventListener('abort', this.leave, { once: true });
  }

  readonly leave = (): void => {
    cancel(this.ctx, new ClientGoneError());
  };

  readonly respond = (response: Response): Response => {
    const { ctx } = this;
    checkResponse(response);
    if (this.sent) return response;
    if (ctx.err !== undefined) {
      // Nobody reads it: what makes it has to stop.
      response.body?.cancel(ctx.err).catch(ignore);
      return this.ended();
    }
    this.sent = true;
    // The host reads no body for HEAD.
    if (response.body == null || this.request.method === 'HEAD') {
      cancel(ctx);
      return response;
    }
    return passOn(response, response.body, ctx, this.leave);
  };

  /** What the host gets in place of a response. */
  ended(): Response {
    const { ctx, parent, request } = this;
    if (ctx.err === parent.err) return failure(503, 'Service Unavailable');
    if (!isDeadlineExceeded(ctx.err)) return failure(499, 'Client Closed Request');
    try {
      const response = this.options.onLate?.(ctx, request);
      if (response !== undefined) {
        checkResponse(response);
        return response;
      }
    } catch (error) {
      complain('onLate failed', error);
    }
    return failure(504, 'Gateway Timeout');
  }
}

function checkResponse(response: Response): void {
  const { headers, status } = (response as Partial<Response> | null | undefined) ?? {};
  if (typeof headers !== 'object' || typeof status !== 'number') {
    throw invalidArgument('respond', 'response', 'a Response', response);
  }
}

export function failure(status: number, text: string): Response {
  return new Response(text, { status, headers: { 'content-type': 'text/plain; charset=utf-8' } });
}

function ignore(): void {
  // Nobody waits for a body that was dropped.
}
