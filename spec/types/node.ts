// Compiled, never run: what the types of `rxjs-ctx/node` promise, and what they must not let through.
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createSecureServer, createServer as createHttp2Server } from 'node:http2';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import { expectTypeOf } from 'expect-type';
import type { Observable } from 'rxjs';
import {
  ClientGoneError,
  ProcessSignalError,
  processContext,
  requestContext,
  requests,
  shutdown,
} from '../../lib/adapters/node.js';
import type {
  AnyRequest,
  AnyResponse,
  AnyServer,
  HttpRequest,
  RequestContextOptions,
  ShutdownOptions,
  ShutdownResult,
} from '../../lib/adapters/node.js';
import type { CancelFunc, Context } from '../../lib/index.js';

declare const ctx: Context;
declare const anyServer: AnyServer;
declare const anyRequest: AnyRequest;
declare const anyResponse: AnyResponse;

expectTypeOf(requests(ctx, createServer())).toEqualTypeOf<
  Observable<{ readonly ctx: Context; readonly req: IncomingMessage; readonly res: ServerResponse }>
>();
expectTypeOf(requests(ctx, createHttpsServer())).toEqualTypeOf<Observable<HttpRequest>>();
expectTypeOf(requests(ctx, createHttp2Server())).toEqualTypeOf<
  Observable<HttpRequest<Http2ServerRequest, Http2ServerResponse>>
>();
expectTypeOf(requests(ctx, createSecureServer())).toEqualTypeOf<
  Observable<HttpRequest<Http2ServerRequest, Http2ServerResponse>>
>();
expectTypeOf(requests(ctx, anyServer)).toEqualTypeOf<Observable<HttpRequest<AnyRequest, AnyResponse>>>();
requests(ctx, createServer(), { timeoutMs: 5, maxTimeoutMs: undefined } satisfies RequestContextOptions);
// @ts-expect-error -- not a server
requests(ctx, {});

expectTypeOf(requestContext(ctx, anyRequest, anyResponse)).toEqualTypeOf<Context>();
createServer((req, res) => requestContext(ctx, req, res, { maxTimeoutMs: 5 }));
createHttp2Server((req, res) => requestContext(ctx, req, res));
// @ts-expect-error -- the response is missing
requestContext(ctx, anyRequest);
// @ts-expect-error -- no such option
requestContext(ctx, anyRequest, anyResponse, { timeout: 5 });

expectTypeOf(processContext()).toEqualTypeOf<[ctx: Context, cancel: CancelFunc]>();
processContext(ctx, ['SIGHUP']);
// @ts-expect-error -- not a signal
processContext(ctx, ['EXIT']);
expectTypeOf<ProcessSignalError['signal']>().toEqualTypeOf<NodeJS.Signals>();

expectTypeOf(shutdown(ctx, anyServer, { graceMs: 5 } satisfies ShutdownOptions)).toEqualTypeOf<
  Promise<ShutdownResult>
>();
expectTypeOf<ShutdownResult>().toEqualTypeOf<{ readonly finished: number; readonly cut: number }>();
// @ts-expect-error -- how long has to be said
void shutdown(ctx, anyServer);

expectTypeOf(new ClientGoneError()).toExtend<Error>();
expectTypeOf<ClientGoneError['name']>().toEqualTypeOf<'ClientGoneError'>();
