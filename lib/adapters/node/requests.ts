/// <reference types="node" preserve="true" />
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Http2SecureServer, Http2Server, Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Observable, Subscriber } from 'rxjs';
import type { Context } from '../../core/context.js';
import { isDeadlineExceeded } from '../../core/errors.js';
import { toInternal } from '../../core/foreign.js';
import { ContextNode } from '../../core/contextNode.js';
import { Listener } from '../../core/listenerList.js';
import { cancel, listen } from '../../core/cancellation.js';
import { complain } from './failures.js';
import { GuardedRequests } from './guardedRequests.js';
import type { Tally } from './guardedRequests.js';
import { respondWithError, ignoreWrites } from './responses.js';
import { lifecycleOf } from './requestLifecycle.js';
import type { RequestLifecycle } from './requestLifecycle.js';
import type { AnyRequest, AnyResponse } from './serverState.js';
import { contextFor, limitsOf } from './requestContext.js';
import type { RequestContextOptions } from './requestContext.js';
import { checkServer, stateOf } from './serverState.js';
import type { AnyServer } from './serverState.js';

/** What {@link requests} emits. */
export interface HttpRequest<Req = IncomingMessage, Res = ServerResponse> {
  /** The request's own context: {@link requestContext}. */
  readonly ctx: Context;
  /** As the server hands it out. */
  readonly req: Req;
  /** Yours to write and to end, unless `ctx` is done first. */
  readonly res: Res;
}

/**
 * The requests of a server, each with a context of its own, from the subscription on.
 *
 * ```ts
 * requests(ctx, server, { timeoutMs: 2_000 }).subscribe(({ ctx, req, res }) => {
 *   search(ctx, req.url).subscribe({ next: (rows) => res.end(rows), error: (err) => res.writeHead(502).end() });
 * });
 * ```
 *
 * When the context of a request is done before anything was written, the library answers: 504 for a deadline, 503 when
 * `parent` is done or nobody subscribes any more; a client that is gone gets nothing. A response that was begun by then is
 * destroyed, so that nobody takes it for whole. A request whose time is over when it comes is answered without being emitted.
 *
 * From then on the response is to the handler as one whose client has gone: it is closed, `write` fails, `pipeline` rejects,
 * `drain` comes, and a file that is piped to it is closed. Other streams that it pipes are unpiped: stop them with `ctx`. The
 * answer keeps the headers that the handler has set, those of CORS for one, except for those that describe its own answer.
 * While the request still comes (HTTP/1.1), the answer ends the connection: what the client sends is dropped for a second.
 *
 * Unsubscribing, or parent being done, stops listening and cancels what is in flight; the result completes when parent is
 * done or the server is closed. While {@link shutdown} waits for requests to finish, they go on, and new ones get 503.
 *
 * A handler, as an observer or a function that is subscribed, may throw or return a promise that is rejected: the request is
 * answered with 500, its context is canceled with the error as the cause, and the error goes to RxJS's
 * `config.onUnhandledError` or, without that, becomes a warning of the process, as does a server error that nobody else
 * listens to. In a pipe, what an operator's function throws ends the whole, as with any observable, and so does an inner
 * stream that errors: what is in flight is answered with 503. Where no error is handled, that one goes the same way as those
 * of handlers, and what comes from then on is served by another subscription. The operator to put on an inner stream is
 * `takeUntilCtx(ctx)`, for `throwOnCtx(ctx)` would end the whole when one client goes. **Behind `throwOnCtx(ctx)` an inner
 * `subscribe` needs an `error` handler: without one any client that goes ends the process.**
 *
 * @param parent the contexts are done together with it, if that comes first
 * @param server need not listen yet
 * @param options the time that requests get, as for {@link requestContext}
 * @throws TypeError when an argument is not what it must be
 */
export function requests(parent: Context, server: Server, options?: RequestContextOptions): Observable<HttpRequest>;
export function requests(
  parent: Context,
  server: Http2Server | Http2SecureServer,
  options?: RequestContextOptions,
): Observable<HttpRequest<Http2ServerRequest, Http2ServerResponse>>;
export function requests(
  parent: Context,
  server: AnyServer,
  options?: RequestContextOptions,
): Observable<HttpRequest<AnyRequest, AnyResponse>>;
export function requests(
  parent: Context,
  server: AnyServer,
  options?: RequestContextOptions,
): Observable<HttpRequest<AnyRequest, AnyResponse>> {
  const above = toInternal(parent, 'requests', 'parent');
  checkServer(server, 'requests');
  const limits = limitsOf(options, 'requests');
  const state = stateOf(server);

  const tally: Tally = { emitted: 0 };
  return new GuardedRequests<HttpRequest<AnyRequest, AnyResponse>>(tally, (subscriber) => {
    const alive = state.under(above);
    const all = new ContextNode(alive, alive.scope, undefined);
    const end = (lifecycle: RequestLifecycle) => {
      if (lifecycle.whole === undefined) respondWithError(lifecycle, statusFor(lifecycle, above.err));
      else if (!lifecycle.whole) ignoreWrites(lifecycle);
    };

    const receive = (req: AnyRequest, res: AnyResponse) => {
      // It came on a connection that is still open, to a server that is being shut down.
      const lifecycle = lifecycleOf(req, res, state);
      if (state.closing) {
        respondWithError(lifecycle, 503);
        return;
      }
      const ctx = lifecycle.ctx ?? contextFor(lifecycle, all, limits);
      // Before any listener of the handler: one that writes what comes to its mind would outrun the answer.
      listen(ctx, new Listener(lifecycle, end));
      if (ctx.end !== undefined) return;
      tally.emitted++;
      subscriber.next({ ctx, req, res });
    };
    const close = () => {
      state.closed();
      subscriber.complete();
    };

    subscriber.add(listen(all, new Listener(subscriber, complete)));
    server.on('request', receive).on('error', serverFailed).on('close', close);
    subscriber.add(() => {
      server.off('request', receive).off('error', serverFailed).off('close', close);
      cancel(all);
    });
  });
}

function statusFor(lifecycle: RequestLifecycle, parentErr: unknown): 500 | 503 | 504 {
  if (lifecycle.failed) return 500;
  const { err } = lifecycle.ctx!;
  return isDeadlineExceeded(err) && err !== parentErr ? 504 : 503;
}

function complete(subscriber: Subscriber<unknown>): void {
  subscriber.complete();
}

function serverFailed(this: AnyServer, error: unknown): void {
  if (this.listeners('error').every((listener) => listener === serverFailed)) complain('the server failed', error);
}
