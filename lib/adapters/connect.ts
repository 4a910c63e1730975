// The entry point of `rxjs-ctx/connect`: calls of the Connect and gRPC protocols with @connectrpc/connect, client and server.
export { callCtx } from './connect/callCtx.js';
export type { CallCtxOptions } from './connect/callCtx.js';
export { handlerContext } from './connect/handlerContext.js';
export type { HandlerContextOptions } from './connect/handlerContext.js';
export { serviceCtx } from './connect/serviceCtx.js';
export type { CtxHandler, CtxHandlers } from './connect/serviceCtx.js';
export { connectCtxKey } from './connect/connectCtxKey.js';
export { connectErrorFrom } from './connect/connectErrorFrom.js';
