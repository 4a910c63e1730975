import type { ContextKey } from '@connectrpc/connect';
import type { Context } from '../../core/context.js';

/**
 * The key under which interceptors of Connect find the context of a call. Read it where an interceptor needs a value or the
 * rest of the time: a log line, a trace, a header.
 *
 * On the client {@link callCtx} sets it. On the server {@link serviceCtx} sets it when it calls the handler, so an interceptor
 * sees it after `await next(request)`. Elsewhere it is `undefined`.
 *
 * @example
 * ```ts
 * import type { Interceptor } from '@connectrpc/connect';
 * import { connectCtxKey } from 'rxjs-ctx/connect';
 *
 * const logger: Interceptor = (next) => (request) => {
 *   console.log(request.url, String(request.contextValues.get(connectCtxKey)));
 *   return next(request);
 * };
 * ```
 *
 * @see https://connectrpc.com/docs/node/interceptors/#context-values
 */
export const connectCtxKey: ContextKey<Context | undefined> = {
  // One symbol for both copies of the library, ESM and CommonJS.
  id: Symbol.for('rxjs-ctx/connect'),
  defaultValue: undefined,
};
