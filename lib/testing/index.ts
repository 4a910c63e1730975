// The entry point of `rxjs-ctx/testing`.
export { ctxHelpers } from './ctxHelpers.js';
export type { Causes, CtxHelpers } from './ctxHelpers.js';
export { listenerCount } from './listenerCount.js';
export { trackContexts } from './trackContexts.js';
export type { ContextTracker } from './trackContexts.js';
