import { cancel, listen } from '../../core/cancellation.js';
import type { Context } from '../../core/context.js';
import { errorOf } from '../../core/derive.js';
import { toInternal } from '../../core/foreign.js';
import { invalidArgument } from '../../core/invalidArgument.js';
import { Listener, unlink } from '../../core/listenerList.js';
import { complain } from './complain.js';
import { Exchange, failure, serveOptionsOf } from './webRequestContext.js';
import type { ServeOptions } from './webRequestContext.js';

/**
 * Returns a server function, from `Request` to `Response`, whose handler gets a context for each request: for Deno, Bun, Hono
 * and whatever takes such a function. The context is that of {@link webRequestContext}.
 *
 * | what happens | the host gets |
 * | --- | --- |
 * | the handler answers in time | the response; its body errors with `ctx.err` when ctx ends while it is sent |
 * | the time is over before a response | 504, or what `onLate` makes; the handler is not called when the time is over at once |
 * | `parent` is done | 503 |
 * | the handler throws | 500; ctx is canceled with the error, which is reported |
 * | the client is gone | nothing that anybody reads; ctx is canceled with a {@link ClientGoneError} |
 *
 * The host gets its response when ctx ends, also when the handler ignores ctx. What the handler makes later is dropped.
 *
 * @example
 * ```ts
 * import { firstValueFrom } from 'rxjs';
 * import { serveCtx } from 'rxjs-ctx/http';
 *
 * const fetch = serveCtx(main, async (ctx, request) => Response.json(await firstValueFrom(search(ctx, request.url))), {
 *   timeoutMs: 2000,
 * });
 * Deno.serve(fetch); // or Bun.serve({ fetch }), or serve({ fetch }) of @hono/node-server
 * ```
 *
 * @param parent the parent of all requests
 * @throws TypeError when an argument is not what it must be
 * @see https://developer.mozilla.org/docs/Web/API/Fetch_API
 */
export function serveCtx(
  parent: Context,
  handler: (ctx: Context, request: Request) => Response | PromiseLike<Response>,
  options?: ServeOptions,
): (request: Request) => Promise<Response> {
  const above = toInternal(parent, 'serveCtx', 'parent');
  if (typeof handler !== 'function') throw invalidArgument('serveCtx', 'handler', 'a function', handler);
  const checked = serveOptionsOf(options, 'serveCtx');
  return (request) =>
    new Promise((resolve) => {
      const exchange = new Exchange(above, request, checked, 'serveCtx');
      const { ctx } = exchange;
      const listener = new Listener(exchange, () => {
        resolve(exchange.ended());
      });
      listen(ctx, listener as Listener);
      if (ctx.err !== undefined) return;
      const answer = (response: Response) => {
        // Without a body, ctx is canceled by that.
        unlink(listener);
        resolve(exchange.respond(response));
      };
      const fail = (error: unknown) => {
        const { err } = ctx;
        // That it stopped because of ctx is no news.
        if (err === undefined || errorOf(ctx, error) !== err) complain('a handler failed', error);
        unlink(listener);
        cancel(ctx, error);
        resolve(err === undefined ? failure(500, 'Internal Server Error') : exchange.ended());
      };
      new Promise<Response>((settle) => {
        settle(handler(ctx, request));
      })
        .then(answer)
        .catch(fail);
    });
}
