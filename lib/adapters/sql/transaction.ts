import type { Context, CoreContext } from '../../core/context.js';
import { afterFunc, errorOf, throwIfDone, withCancel } from '../../core/derive.js';
import { answerLimitMs } from './statement.js';

/** What an adapter says of one connection that was taken out of a pool. */
export interface TransactionConnection<C> {
  /** What `work` is given. */
  readonly client: C;
  readonly begin: string;
  /** Runs a statement, and cancels it when ctx is done. Resolves to whether the transaction is over as that statement says. */
  run(ctx: CoreContext, statement: string): Promise<boolean>;
  /** Runs ROLLBACK, whatever ctx says. */
  rollback(): Promise<unknown>;
  release(): void;
  /** Closes the connection, and stops on the server what it still runs. */
  destroy(): void;
}

/** BEGIN, work, COMMIT; or ROLLBACK. The connection goes back to the pool, or is closed when nobody knows its state. */
export async function runTransaction<T, C>(
  ctx: Context,
  connection: TransactionConnection<C>,
  work: (ctx: Context, client: C) => Promise<T>,
): Promise<T> {
  const [child, cancel] = withCancel(ctx);
  try {
    await connection.run(child, connection.begin);
    const result = await untilGrace(child, (async () => work(child, connection.client))());
    throwIfDone(child);
    if (!(await connection.run(child, 'COMMIT'))) {
      throw new Error('transactionCtx: the database rolled back instead of committing: a statement of work had failed');
    }
    connection.release();
    return result;
  } catch (error) {
    if (error === overdue) connection.destroy();
    else await rollBack(connection);
    throw error === overdue ? child.err : errorOf(child, error);
  } finally {
    // For what work has left running: it must not use the connection any more.
    cancel();
  }
}

/** Work went on for a second after its context was done. */
const overdue = /* @__PURE__ */ Symbol('overdue');

/** As `work`, or rejects with `overdue`: the connection cannot be used while work may still use it. */
function untilGrace<T>(ctx: CoreContext, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = afterFunc(ctx, () => {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- never leaves this file
      timer = setTimeout(() => reject(overdue), answerLimitMs);
    });
    work.then(resolve, reject).finally(() => {
      stop();
      clearTimeout(timer);
    });
  });
}

async function rollBack(connection: TransactionConnection<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise((_, reject) => {
    timer = setTimeout(reject, answerLimitMs);
  });
  try {
    await Promise.race([connection.rollback(), limit]);
    connection.release();
  } catch {
    connection.destroy();
  } finally {
    clearTimeout(timer);
  }
}
