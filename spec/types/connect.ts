// Compiled, never run: what the types of `rxjs-ctx/connect` promise, and what they must not let through.
import type { CallOptions, Client, ConnectError, ConnectRouter, HandlerContext } from '@connectrpc/connect';
import { expectTypeOf } from 'expect-type';
import { of } from 'rxjs';
import type { Observable } from 'rxjs';
import { callCtx, connectErrorFrom, connectCtxKey, handlerContext, serviceCtx } from '../../lib/adapters/connect.js';
import type { CallCtxOptions, HandlerContextOptions } from '../../lib/adapters/connect.js';
import type { Context } from '../../lib/index.js';
import { LabService } from '../adapters/connect/lab/lab_pb.js';
import type { SayRequest, SayResponse } from '../adapters/connect/lab/lab_pb.js';

declare const ctx: Context;
declare const client: Client<typeof LabService>;
declare const requests: AsyncIterable<{ text: string }>;
declare const handler: HandlerContext;
declare const router: ConnectRouter;

expectTypeOf(callCtx(ctx, (o) => client.say({ text: 'a' }, o))).toEqualTypeOf<Observable<SayResponse>>();
expectTypeOf(callCtx(ctx, (o) => client.watch({}, { ...o, headers: {} }))).toEqualTypeOf<Observable<SayResponse>>();
expectTypeOf(callCtx(ctx, (o) => client.upload(requests, o))).toEqualTypeOf<Observable<SayResponse>>();
expectTypeOf(callCtx(ctx, (o) => client.chat(requests, o))).toEqualTypeOf<Observable<SayResponse>>();
callCtx(ctx, (o: CallOptions) => client.say({}, o), { reserveMs: undefined } satisfies CallCtxOptions);
// @ts-expect-error -- ctx comes first
callCtx((o: CallOptions) => client.say({}, o));
// @ts-expect-error -- no such option
callCtx(ctx, (o) => client.say({}, o), { timeoutMs: 5 });

const service = serviceCtx(ctx, LabService, {
  say: (own, request, theirs) => {
    expectTypeOf(own).toEqualTypeOf<Context>();
    expectTypeOf(request).toEqualTypeOf<SayRequest>();
    expectTypeOf(theirs).toEqualTypeOf<HandlerContext>();
    return of({ text: 'a' });
  },
  watch: () => [{ text: 'a' }],
  upload: (_, all) => {
    expectTypeOf(all).toEqualTypeOf<AsyncIterable<SayRequest>>();
    return Promise.resolve({});
  },
  chat: async function* (_, all) {
    for await (const { text } of all) yield { text };
  },
});
router.service(LabService, service);
// @ts-expect-error -- a method has no handler
serviceCtx(ctx, LabService, { say: () => [{}] });
// @ts-expect-error -- no such field
serviceCtx(ctx, LabService, { say: () => [{ txt: 1 }], watch: () => [], upload: () => [], chat: () => [] });

expectTypeOf(handlerContext(ctx, handler, { timeoutMs: 5 } satisfies HandlerContextOptions)).toEqualTypeOf<Context>();
expectTypeOf(handler.values.get(connectCtxKey)).toEqualTypeOf<Context | undefined>();
expectTypeOf(connectErrorFrom(undefined)).toEqualTypeOf<ConnectError>();
