// Compiled, never run: what the types of `rxjs-ctx/grpc` promise for the definitions of three generators, and what they must
// not let through.
import type {
  Client,
  GrpcObject,
  MethodDefinition,
  Metadata,
  Server,
  ServerDuplexStream,
  ServerReadableStream,
  ServerUnaryCall,
  ServerWritableStream,
  ServiceClientConstructor,
  ServiceDefinition,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { expectTypeOf } from 'expect-type';
import { NEVER, of } from 'rxjs';
import type { Observable } from 'rxjs';
import {
  CallCanceledError,
  callCtx,
  serverCallContext,
  serviceCtx,
  shutdown,
  statusFrom,
} from '../../lib/adapters/grpc.js';
import type {
  CallCtxOptions,
  CallStatus,
  ClientCall,
  GrpcShutdownOptions,
  GrpcShutdownResult,
  Handlers,
  RequestOf,
  ServerCall,
  ServerCallOptions,
  ServiceOptions,
} from '../../lib/adapters/grpc.js';
import type { Context } from '../../lib/index.js';
import { LabClient, LabService } from '../adapters/grpc/generated/lab.js';
import type { Ping, Pong } from '../adapters/grpc/generated/lab.js';
import type { ProtoGrpcType } from '../adapters/grpc/generated/loader/lab.js';
import type { LabDefinition } from '../adapters/grpc/generated/loader/lab/Lab.js';
import type { Ping__Output } from '../adapters/grpc/generated/loader/lab/Ping.js';
import type { Pong__Output } from '../adapters/grpc/generated/loader/lab/Pong.js';

declare const ctx: Context;
declare const client: Client;
declare const metadata: Metadata;
declare const ping: Ping;
declare const pong: Pong;

// ts-proto
declare const labClient: LabClient;
expectTypeOf(callCtx(ctx, labClient, LabService.unary, ping)).toEqualTypeOf<Observable<Pong>>();
expectTypeOf(callCtx(ctx, client, LabService.down, ping, { metadata, reserveMs: 5 })).toEqualTypeOf<Observable<Pong>>();
expectTypeOf(callCtx(ctx, client, LabService.up, [ping])).toEqualTypeOf<Observable<Pong>>();
expectTypeOf(callCtx(ctx, client, LabService.both, of(ping))).toEqualTypeOf<Observable<Pong>>();
callCtx(ctx, client, LabService.both, Promise.resolve(ping));
callCtx(ctx, client, LabClient.service.unary, { text: '', count: 1, data: Buffer.alloc(0) });
// @ts-expect-error a unary method takes one message
callCtx(ctx, client, LabService.unary, [ping]);
// @ts-expect-error a client stream takes a stream
callCtx(ctx, client, LabService.up, ping);
// @ts-expect-error a message of another type
callCtx(ctx, client, LabService.unary, { text: 5 });
// @ts-expect-error the deadline is that of ctx
callCtx(ctx, client, LabService.unary, ping, { deadline: 5 });

// @ts-expect-error the first is a context
callCtx({}, client, LabService.unary, ping);
// @ts-expect-error the method is that of the definition
callCtx(ctx, labClient, labClient.unary, ping);

const service = serviceCtx(ctx, LabService, {
  unary: (own, request, call) => {
    expectTypeOf(own).toEqualTypeOf<Context>();
    expectTypeOf(request).toEqualTypeOf<Ping>();
    expectTypeOf(call).toEqualTypeOf<ServerUnaryCall<Ping, Pong>>();
    return Promise.resolve(pong);
  },
  up: (_own, requests$, call) => {
    expectTypeOf(requests$).toEqualTypeOf<Observable<Ping>>();
    expectTypeOf(call).toEqualTypeOf<ServerReadableStream<Ping, Pong>>();
    return of(pong);
  },
  down: async function* (_own, request, call) {
    expectTypeOf(request).toEqualTypeOf<Ping>();
    expectTypeOf(call).toEqualTypeOf<ServerWritableStream<Ping, Pong>>();
    yield await Promise.resolve(pong);
  },
  both: (_own, requests$, call) => {
    expectTypeOf(requests$).toEqualTypeOf<Observable<Ping>>();
    expectTypeOf(call).toEqualTypeOf<ServerDuplexStream<Ping, Pong>>();
    return [pong];
  },
});
expectTypeOf(service).toEqualTypeOf<UntypedServiceImplementation>();
const handlers: Handlers<LabService> = { unary: () => [pong], up: () => NEVER, down: () => NEVER, both: () => NEVER };
// @ts-expect-error a method is missing
serviceCtx(ctx, LabService, { unary: () => [pong], up: () => NEVER, down: () => NEVER });
// @ts-expect-error a response of another type
serviceCtx(ctx, LabService, { ...handlers, unary: () => of(5) });
// @ts-expect-error a method that there is not
serviceCtx(ctx, LabService, { ...handlers, unari: () => NEVER });

// grpc-tools, with the declarations of grpc_tools_node_protoc_ts
declare class ToolsPing {
  getText(): string;
}
declare class ToolsPong {
  getCount(): number;
}
interface IToolsUnary extends MethodDefinition<ToolsPing, ToolsPong> {
  path: '/lab.Lab/Unary';
  requestStream: false;
  responseStream: false;
}
interface IToolsUp extends MethodDefinition<ToolsPing, ToolsPong> {
  path: '/lab.Lab/Up';
  requestStream: true;
  responseStream: false;
}
interface IToolsBoth extends MethodDefinition<ToolsPing, ToolsPong> {
  path: '/lab.Lab/Both';
  requestStream: true;
  responseStream: true;
}
interface IToolsService extends ServiceDefinition {
  unary: IToolsUnary;
  up: IToolsUp;
  both: IToolsBoth;
}
declare const ToolsService: IToolsService;
declare const toolsPing: ToolsPing;
declare const toolsPong: ToolsPong;

expectTypeOf(callCtx(ctx, client, ToolsService.unary, toolsPing)).toEqualTypeOf<Observable<ToolsPong>>();
expectTypeOf(callCtx(ctx, client, ToolsService.both, of(toolsPing))).toEqualTypeOf<Observable<ToolsPong>>();
// @ts-expect-error a client stream takes a stream
callCtx(ctx, client, ToolsService.up, toolsPing);
serviceCtx(ctx, ToolsService, {
  unary: (_own, request) => {
    expectTypeOf(request).toEqualTypeOf<ToolsPing>();
    return [toolsPong];
  },
  up: (_own, requests$) => {
    expectTypeOf(requests$).toEqualTypeOf<Observable<ToolsPing>>();
    return of(toolsPong);
  },
  both: () => NEVER,
});
// @ts-expect-error a method is missing
serviceCtx(ctx, ToolsService, { unary: () => [toolsPong], up: () => NEVER });

// proto-loader, with the types of proto-loader-gen-types
declare const loaded: ProtoGrpcType;
const { service: loadedService } = loaded.lab.Lab;
expectTypeOf(callCtx(ctx, client, loadedService.Unary, { count: 1 })).toEqualTypeOf<Observable<Pong__Output>>();
expectTypeOf(callCtx(ctx, client, loadedService.Up, [{ count: 1 }])).toEqualTypeOf<Observable<Pong__Output>>();
// @ts-expect-error a message of another type
callCtx(ctx, client, loadedService.Unary, { count: 'x' });
serviceCtx(ctx, loadedService, {
  Unary: (_own, request: Ping__Output) => of({ count: request.count ?? 0 }),
  Up: (_own, requests$: Observable<Ping__Output>) => requests$,
  Down: () => [{ count: 1 }],
  Both: () => NEVER,
});
expectTypeOf<keyof Handlers<LabDefinition>>().toEqualTypeOf<'Unary' | 'Up' | 'Down' | 'Both'>();

// proto-loader alone
declare const objects: GrpcObject;
const { service: anyService } = objects.Lab as ServiceClientConstructor;
callCtx(ctx, client, anyService.Unary!, { anything: 1 });
serviceCtx(ctx, anyService, { Unary: (_own, request: { count: number }) => [request], Up: () => NEVER });

expectTypeOf<RequestOf<Ping, true>>().toEqualTypeOf<Parameters<typeof callCtx<Ping, Pong, true>>[3]>();
expectTypeOf<RequestOf<Ping, false>>().toEqualTypeOf<Ping>();

// The rest, also under exactOptionalPropertyTypes
declare const call: ServerCall;
declare const server: Server;
const limits: ServerCallOptions = { timeoutMs: undefined, maxTimeoutMs: undefined };
expectTypeOf(serverCallContext(ctx, call, limits)).toEqualTypeOf<Context>();
const nest = (own: ServerUnaryCall<Ping, Pong>) => serverCallContext(ctx, own, { timeoutMs: 5 });
expectTypeOf(nest).returns.toEqualTypeOf<Context>();
const options: ServiceOptions = { ...limits, context: undefined };
serviceCtx(ctx, LabService, handlers, options);
serviceCtx(ctx, LabService, handlers, {
  context: (own, { metadata: sent }) => (sent.get('who').length > 0 ? own : ctx),
});
const callOptions: CallCtxOptions = { metadata: undefined, reserveMs: undefined, onCall: undefined };
callCtx(ctx, client, LabService.unary, ping, { ...callOptions, onCall: (made: ClientCall) => made.getPeer() });
const shutdownOptions: GrpcShutdownOptions = { graceMs: 5, services: undefined };
expectTypeOf(shutdown(ctx, server, shutdownOptions)).toEqualTypeOf<Promise<GrpcShutdownResult>>();
void shutdown(ctx, server, { graceMs: 5, services: [service] });
// @ts-expect-error graceMs is missing
void shutdown(ctx, server, {});
expectTypeOf(statusFrom('anything')).toEqualTypeOf<CallStatus>();
expectTypeOf(new CallCanceledError().name).toEqualTypeOf<'CallCanceledError'>();
