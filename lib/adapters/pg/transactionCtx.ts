import type { Pool, PoolClient } from 'pg';
import type { Context } from '../../core/context.js';
import { toInternal } from '../../core/foreign.js';
import { invalidArgument } from '../../core/invalidArgument.js';
import { runTransaction } from '../sql/transaction.js';
import { acquire, checkPool, destroy, ignore, ignoreErrors, runQuery } from './client.js';
import { sendCancelRequest } from './cancelRequest.js';

/**
 * Runs `work` between BEGIN and COMMIT on one client of the pool, or ROLLBACK when `work` fails or `ctx` is done.
 *
 * Use `queryCtx` with the ctx and the client that `work` gets. That ctx is a child of `ctx`, canceled when the transaction is
 * over: what `work` has left running cannot use the connection of somebody else.
 *
 * - When `work` rejects, the transaction is rolled back and the promise rejects with that error.
 * - When `ctx` is done, `work` has 1,000 ms to stop. The transaction is rolled back, although `ctx` is done, and the promise
 *   rejects with `ctx.err`. When `work` or the ROLLBACK takes longer, the connection is closed: the server rolls back then.
 * - When a statement failed, `work` went on and COMMIT rolls back, the promise rejects with an Error.
 * - When `ctx` is done during COMMIT, the promise resolves if the server has committed. If it does not say so within 1,000 ms, the
 *   promise rejects with `ctx.err`, and the transaction may or may not be committed.
 *
 * @example
 * ```ts
 * import type { Pool } from 'pg';
 * import type { Context } from 'rxjs-ctx';
 * import { queryCtx, transactionCtx } from 'rxjs-ctx/pg';
 *
 * export const transfer = (ctx: Context, pool: Pool, from: number, to: number) =>
 *   transactionCtx(ctx, pool, async (ctx, client) => {
 *     await queryCtx(ctx, client, 'UPDATE accounts SET cents = cents - 100 WHERE id = $1', [from]);
 *     await queryCtx(ctx, client, 'UPDATE accounts SET cents = cents + 100 WHERE id = $1', [to]);
 *   });
 * ```
 *
 * @param ctx rolls back when it is done
 * @param pool lends the client
 * @param work gets a child of ctx and the client, and must not release the client
 * @returns what work resolves to, after the COMMIT
 * @throws TypeError when ctx is not a context, pool is not a pool of pg, is of pg-native or in pipeline mode, or work is not a
 * function
 * @see {@link queryCtx}
 * @see https://pkg.go.dev/database/sql#DB.BeginTx
 */
export function transactionCtx<T>(
  ctx: Context,
  pool: Pool,
  work: (ctx: Context, client: PoolClient) => Promise<T>,
): Promise<T> {
  toInternal(ctx, 'transactionCtx');
  checkPool('transactionCtx', pool, 'pool');
  if (typeof work !== 'function') throw invalidArgument('transactionCtx', 'work', 'a function', work);
  return transaction(ctx, pool, work);
}

async function transaction<T>(
  ctx: Context,
  pool: Pool,
  work: (ctx: Context, client: PoolClient) => Promise<T>,
): Promise<T> {
  if (ctx.err !== undefined) throw ctx.err;
  const client = await acquire(ctx, pool);
  const stopIgnoring = ignoreErrors(client);
  return runTransaction(
    ctx,
    {
      client,
      begin: 'BEGIN',
      run: async (ctx, statement) => {
        const { command } = await runQuery(ctx, client, statement, undefined);
        return command === statement;
      },
      rollback: () => client.query('ROLLBACK'),
      release: () => {
        client.release();
        stopIgnoring();
      },
      destroy: () => {
        // Nothing else will run there: the request can hit only what work has left.
        sendCancelRequest(client, AbortSignal.timeout(1000)).catch(ignore);
        destroy(client);
        client.release(true);
      },
    },
    work,
  );
}
