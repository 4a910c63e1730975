// The entry point of `rxjs-ctx/debug`.
export { debugContexts } from './debugContexts.js';
export type { DebugOptions } from './debugContexts.js';
export { ctxTree, printCtxTree } from './ctxTree.js';
export type { CtxInfo, CtxTreeOptions } from './ctxTree.js';
export { nameCtx } from './nameCtx.js';
export { publishContexts } from './publishContexts.js';
export type { CtxCreated, CtxEnded, PublishOptions } from './publishContexts.js';
