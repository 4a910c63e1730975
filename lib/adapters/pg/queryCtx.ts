import type { Client, Pool, PoolClient, QueryConfig, QueryResult, QueryResultRow } from 'pg';
import type { Context } from '../../core/context.js';
import { remaining } from '../../core/deadline.js';
import { toInternal } from '../../core/foreign.js';
import { invalidArgument } from '../../core/invalidArgument.js';
import { acquire, checkClient, checkPool, ignoreErrors, isPool, runQuery } from './client.js';

/** @see {@link queryCtx} */
export interface QueryCtxOptions {
  /**
   * When `ctx` has a deadline, sets `statement_timeout` to the rest of the time first, until the transaction ends: the server
   * stops by itself, also when no request to cancel can reach it. For a client inside a transaction.
   */
  readonly statementTimeout?: boolean | undefined;
}

/**
 * Runs a query as `pool.query` and `client.query` of pg do, and cancels it on the server when `ctx` is done.
 *
 * Use it for every query whose result nobody wants after `ctx` is done. Rejecting alone would leave the query running, and the
 * next one on that connection waiting behind it.
 *
 * - When `ctx` is done before a connection is there, nothing is sent.
 * - When `ctx` is done while the query runs, a CancelRequest is sent over a second connection, with the address, the TLS options
 *   and the key of the client. The promise rejects with `ctx.err` when the server has stopped.
 * - When the query finishes before the CancelRequest arrives, the promise resolves with its result.
 * - When the CancelRequest fails, or the server does not stop within 1,000 ms, the connection is closed and the promise rejects
 *   with `ctx.err`. The server may still be running the query.
 * - Nothing else runs on the connection until the CancelRequest is over. It cannot hit the next query.
 *
 * @example
 * ```ts
 * import { Pool } from 'pg';
 * import { background, withTimeout } from 'rxjs-ctx';
 * import { queryCtx } from 'rxjs-ctx/pg';
 *
 * const pool = new Pool();
 * const [ctx, cancel] = withTimeout(background(), 500);
 * const { rows } = await queryCtx<{ id: number }>(ctx, pool, 'SELECT id FROM orders WHERE customer = $1', [7]);
 * cancel();
 * ```
 *
 * @param ctx cancels the query on the server when it is done
 * @param db a pool, which lends a connection for this query, or a connected client
 * @param query the text, or a query config of pg; not a cursor or a stream
 * @param values of `$1` and so on
 * @returns the result of pg. Rejects with `ctx.err`, or with the error of the database
 * @throws TypeError when ctx is not a context, db is not a pool or client of pg, is of pg-native or in pipeline mode, or query or
 * values are not what pg takes
 * @see {@link transactionCtx}
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS
 */
export function queryCtx<R extends QueryResultRow>(
  ctx: Context,
  db: Pool | Client | PoolClient,
  query: string | QueryConfig,
  values?: unknown[],
  options?: QueryCtxOptions,
): Promise<QueryResult<R>> {
  toInternal(ctx, 'queryCtx');
  if (isPool(db)) checkPool('queryCtx', db, 'db');
  else checkClient('queryCtx', db, 'db');
  checkQuery(query, values);
  const statementTimeout = options?.statementTimeout ?? false;
  if (typeof statementTimeout !== 'boolean') {
    throw invalidArgument(
      'queryCtx',
      'options.statementTimeout',
      'true or false',
      statementTimeout,
      'ctx has the time',
    );
  }
  if (!isPool(db)) return queryOnClient(ctx, db, query, values, statementTimeout);
  if (statementTimeout) {
    const hint = 'it holds inside a transaction: did you mean a client of transactionCtx?';
    throw invalidArgument('queryCtx', 'options.statementTimeout', 'false for a pool', true, hint);
  }
  return queryOnPool(ctx, db, query, values);
}

async function queryOnPool<R extends QueryResultRow>(
  ctx: Context,
  pool: Pool,
  query: string | QueryConfig,
  values: unknown[] | undefined,
): Promise<QueryResult<R>> {
  if (ctx.err !== undefined) throw ctx.err;
  const client = await acquire(ctx, pool);
  const stopIgnoring = ignoreErrors(client);
  let failure: unknown;
  try {
    return await runQuery<R>(ctx, client, query, values);
  } catch (error) {
    failure = error;
    throw error;
  } finally {
    // As `pool.query` does it: an error closes the connection. One that was canceled is as good as new.
    client.release(failure !== ctx.err ? (failure as Error) : undefined);
    stopIgnoring();
  }
}

async function queryOnClient<R extends QueryResultRow>(
  ctx: Context,
  client: Client,
  query: string | QueryConfig,
  values: unknown[] | undefined,
  statementTimeout: boolean,
): Promise<QueryResult<R>> {
  const restMs = statementTimeout ? remaining(ctx) : Infinity;
  if (restMs < Infinity) {
    // 0 would mean: no limit.
    const limit = String(Math.min(Math.max(1, Math.ceil(restMs)), 2 ** 31 - 1));
    await runQuery(ctx, client, "SELECT set_config('statement_timeout', $1, true)", [limit]);
  }
  return runQuery<R>(ctx, client, query, values);
}

function checkQuery(query: string | QueryConfig, values: unknown[] | undefined): void {
  const { text, submit } = ((query as unknown) ?? {}) as { readonly text?: unknown; readonly submit?: unknown };
  if (typeof query !== 'string' && typeof text !== 'string') {
    const hint = 'a cursor or a stream cannot be canceled here';
    throw invalidArgument(
      'queryCtx',
      'query',
      'a string or a query config',
      query,
      submit === undefined ? undefined : hint,
    );
  }
  if (values !== undefined && !Array.isArray(values)) {
    throw invalidArgument('queryCtx', 'values', 'an array', values, 'did you mean [value]?');
  }
}
