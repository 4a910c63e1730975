// Compiled, never run: what the types of `rxjs-ctx/http` promise, and what they must not let through.
import type { IncomingMessage } from 'node:http';
import { expectTypeOf } from 'expect-type';
import type { Observable } from 'rxjs';
import { baggageHeaders, fetchCtx, timeoutFrom, timeoutHeaders, withBaggage } from '../../lib/adapters/http.js';
import type { HeadersLike, TimeoutHeadersOptions } from '../../lib/adapters/http.js';
import { contextKey } from '../../lib/index.js';
import type { Context } from '../../lib/index.js';

declare const ctx: Context;
declare const req: IncomingMessage;

expectTypeOf(timeoutFrom(req.headers)).toEqualTypeOf<number | undefined>();
timeoutFrom(new Headers());
timeoutFrom({ 'grpc-timeout': '1S' } satisfies HeadersLike);
// @ts-expect-error -- a limit is a text
timeoutFrom({ 'connect-timeout-ms': 5 });

expectTypeOf(timeoutHeaders(ctx)).toEqualTypeOf<Record<string, string>>();
timeoutHeaders(ctx, { reserveMs: 5 } satisfies TimeoutHeadersOptions);
timeoutHeaders(ctx, { reserveMs: undefined });
// @ts-expect-error -- ctx is missing
timeoutHeaders();
// @ts-expect-error -- no such option
timeoutHeaders(ctx, { reserve: 5 });

expectTypeOf(fetchCtx(ctx, '/')).toEqualTypeOf<Observable<Response>>();
fetchCtx(ctx, new URL('http://localhost'), { method: 'POST', signal: null });
fetchCtx(ctx, new Request('/'));
// @ts-expect-error -- ctx comes first
fetchCtx('/', ctx);

const tenant = contextKey<string>('tenant');
expectTypeOf(baggageHeaders(ctx, { tenant })).toEqualTypeOf<Record<string, string>>();
expectTypeOf(withBaggage(ctx, req.headers, { tenant })).toEqualTypeOf<Context>();
// @ts-expect-error -- keys have names
baggageHeaders(ctx, [tenant]);
// @ts-expect-error -- the name alone is no key
baggageHeaders(ctx, { tenant: 'tenant' });
