/// <reference types="node" preserve="true" />
// The entry point of `rxjs-ctx/node`: contexts for what a process is asked, over HTTP or by a signal.
export { requestContext } from './node/requestContext.js';
export type { RequestContextOptions } from './node/requestContext.js';
export { ClientGoneError } from './http/clientGoneError.js';
export type { AnyRequest, AnyResponse } from './node/serverState.js';
export { requests } from './node/requests.js';
export type { HttpRequest } from './node/requests.js';
export type { AnyServer } from './node/serverState.js';
export { processContext, ProcessSignalError } from './node/processContext.js';
export { shutdown } from './node/shutdown.js';
export type { ShutdownOptions, ShutdownResult } from './node/shutdown.js';
