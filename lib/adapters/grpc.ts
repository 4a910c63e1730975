/// <reference types="node" preserve="true" />
// The entry point of `rxjs-ctx/grpc`: contexts across gRPC calls, with clients and servers of any copy of @grpc/grpc-js.
export { callCtx } from './grpc/callCtx.js';
export type { CallCtxOptions, ClientCall } from './grpc/callCtx.js';
export type {
  AnyHandler,
  CallOf,
  Handler,
  Handlers,
  MethodLike,
  NamesOf,
  RequestOf,
  ServedMethod,
  ServerCall,
} from './grpc/methods.js';
export { CallCanceledError, serverCallContext } from './grpc/serverCallContext.js';
export type { ServerCallOptions } from './grpc/serverCallContext.js';
export { serviceCtx } from './grpc/serviceCtx.js';
export type { ServiceOptions } from './grpc/serviceCtx.js';
export { shutdown } from './grpc/shutdown.js';
export type { GrpcShutdownOptions, GrpcShutdownResult } from './grpc/shutdown.js';
export { statusFrom } from './grpc/statusFrom.js';
export type { CallStatus } from './grpc/statusFrom.js';
