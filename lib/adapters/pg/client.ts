// What pg is asked for, and what it has to be.
import type { Client, Pool, PoolClient, Query, QueryConfig, QueryResult, QueryResultRow } from 'pg';
import type { CoreContext } from '../../core/context.js';
import { invalidArgument } from '../../core/invalidArgument.js';
import { acquireUntil, runStatement } from '../sql/statement.js';
import type { Connection } from '../sql/statement.js';
import { sendCancelRequest } from './cancelRequest.js';

type QueryClass = new (
  query: string | QueryConfig,
  values: unknown[] | undefined,
  callback: (error: Error | null, result: unknown) => void,
) => Query & { submit(connection: unknown): Error | null | undefined };

/** A class of clients. That of pg-native has a Query that knows nothing of the protocol. */
interface ClientClass {
  readonly Query?: QueryClass & { readonly prototype: { readonly handleReadyForQuery?: unknown } };
}

export function isPool(db: Pool | Client): db is Pool {
  return typeof (db as Partial<Pool> | null | undefined)?.waitingCount === 'number';
}

/** Throws a TypeError when db is not what can be canceled. */
export function checkPool(call: string, db: Pool, argument: string): void {
  if (!isPool(db)) throw invalidArgument(call, argument, 'a Pool of pg', db);
  const { options, Client } = db as Pool & { readonly Client?: ClientClass };
  checkClass(call, argument, db, (options.Client ?? Client) as ClientClass | undefined, options.pipeline);
}

export function checkClient(call: string, db: Client | undefined, argument: string): void {
  const { constructor, pipeline }: Partial<Client> = db ?? {};
  checkClass(call, argument, db, constructor as ClientClass | undefined, pipeline);
}

function checkClass(
  call: string,
  argument: string,
  db: unknown,
  Class: ClientClass | undefined,
  pipeline: boolean | undefined,
): void {
  const Query = Class?.Query;
  const hint = (text: string) => invalidArgument(call, argument, 'a Pool or a Client of pg', db, text);
  if (typeof Query !== 'function') throw hint('did you pass the result of connect() without await?');
  if (typeof Query.prototype.handleReadyForQuery !== 'function') throw hint('pg-native cancels in another way');
  if (pipeline === true) throw hint('in pipeline mode a cancel would hit another query');
}

/** A client from the pool. Rejects with `ctx.err` when ctx is done first, and gives the client back when it comes. */
export async function acquire(ctx: CoreContext, pool: Pool): Promise<PoolClient> {
  return acquireUntil(ctx, pool.connect(), (client) => {
    client.release();
  });
}

/** Without a listener an `'error'` event ends the process. The query rejects with the same error. */
export function ignoreErrors(client: Client): () => void {
  client.on('error', ignore);
  return () => {
    client.off('error', ignore);
  };
}

export function ignore(): void {
  // What it would tell, a rejected query tells.
}

/** The server has canceled a statement, for whatever reason. */
const queryCanceled = '57014';

/** Runs a query on one client. */
export function runQuery<R extends QueryResultRow>(
  ctx: CoreContext,
  client: Client,
  query: string | QueryConfig,
  values: unknown[] | undefined,
): Promise<QueryResult<R>> {
  return runStatement<QueryResult<R>>(ctx, connectionOf(client), ({ begin, succeed, fail }) => {
    const { Query } = client.constructor as unknown as { readonly Query: QueryClass };
    const submittable = new Query(query, values, (error, result) => {
      if (error) fail(error);
      else succeed(result as QueryResult<R>);
    });
    const submit = submittable.submit.bind(submittable);
    // pg calls it when the turn of the query comes. With an error it sends nothing and goes on to the next one.
    submittable.submit = (connection) => (begin() ? submit(connection) : new Error('canceled before it was sent'));
    client.query(submittable);
  });
}

function connectionOf(client: Client): Connection {
  const { stream } = client.connection;
  return {
    pause: () => stream.pause(),
    resume: () => stream.resume(),
    cancel: (signal) => sendCancelRequest(client, signal),
    destroy: () => {
      destroy(client);
    },
    isCancel: (error) => (error as { readonly code?: unknown }).code === queryCanceled,
  };
}

/** Closes the connection at once. Queries that wait are rejected, and a pool takes the client out when it is released. */
export function destroy(client: Client): void {
  void client.end();
}
