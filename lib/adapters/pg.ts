// The entry point of `rxjs-ctx/pg`: queries and transactions of PostgreSQL that stop on the server.
export { queryCtx } from './pg/queryCtx.js';
export type { QueryCtxOptions } from './pg/queryCtx.js';
export { transactionCtx } from './pg/transactionCtx.js';
