import { EventEmitter } from 'node:events';
import { Client, Pool } from 'pg';
import { background, isDeadlineExceeded, withCancel, withDeadline, withTimeout } from '../../../lib/index.js';

import { queryCtx } from '../../../lib/adapters/pg.js';
import { listenerCount } from '../../../lib/testing/index.js';
import { configOf, describePostgres, usePostgres } from './postgres.js';
import { startProxy } from './proxy.js';

describePostgres('queryCtx of pg', () => {
  const db = usePostgres();
  const sleep = 'SELECT pg_sleep(60)';
  const rejection = (promise: Promise<unknown>) =>
    promise.then(
      () => fail('resolved'),
      (error: unknown) => error,
    );
  const idle = (pool: Pool) => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount });

  /** Waits until the server runs the query, cancels ctx and returns what the query rejects with. */
  async function cancelWhileRunning(pool: Pool | Client, query = sleep) {
    const [ctx, cancel] = withCancel(background());
    const result = rejection(queryCtx(ctx, pool, query));
    await db.running(query);
    cancel('gone');
    return { ctx, error: await result };
  }

  /** Lets the server finish what was sent, while nothing is read here. */
  function block(ms: number) {
    const end = performance.now() + ms;
    while (performance.now() < end);
  }

  async function connected(config = {}): Promise<Client> {
    const client = new Client({ ...configOf(db.postgres), ...config });
    client.on('error', () => {});
    await client.connect();
    db.atEnd(() => client.end());
    return client;
  }

  async function behindProxy(config = {}) {
    const proxy = await startProxy(db.postgres.port);
    db.atEnd(() => proxy.stop());
    return { proxy, pool: db.newPool({ port: proxy.port, max: 1, ...config }) };
  }

  it('returns what pg returns, and leaves no listener on ctx', async () => {
    const pool = db.newPool({ max: 1 });
    const [ctx] = withCancel(background());
    const result = await queryCtx<{ n: number; word: string }>(ctx, pool, 'SELECT $1::int AS n, $2 AS word', [7, 'a']);
    expect(result.rows).toEqual([{ n: 7, word: 'a' }]);
    expect(result.command).toBe('SELECT');
    const named = { name: 'twice', text: 'SELECT $1::int * 2 AS n', values: [21] };
    for (let i = 0; i < 2; i++) expect((await queryCtx(ctx, pool, named)).rows).toEqual([{ n: 42 }]);
    const client = await connected();
    expect((await queryCtx(ctx, client, 'SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
    expect(listenerCount(ctx)).toBe(0);
    expect(idle(pool)).toEqual({ total: 1, idle: 1, waiting: 0 });
  });

  it('rejects with the error of the database, as pool.query does', async () => {
    const pool = db.newPool({ max: 1 });
    const error = await rejection(queryCtx(background(), pool, 'SELECT nothing'));
    expect(error).toEqual(jasmine.objectContaining({ code: '42703' }));
    expect(pool.totalCount).toBe(0);
    expect((await queryCtx(background(), pool, 'SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
  });

  it('takes no connection when ctx is done before', async () => {
    const pool = db.newPool();
    const [ctx, cancel] = withCancel(background());
    cancel();
    expect(await rejection(queryCtx(ctx, pool, 'SELECT 1'))).toBe(ctx.err);
    expect(idle(pool)).toEqual({ total: 0, idle: 0, waiting: 0 });
    const client = await connected();
    expect(await rejection(queryCtx(ctx, client, 'SELECT 1'))).toBe(ctx.err);
  });

  it('rejects at once when ctx ends while it waits for the pool, and gives the connection back when it comes', async () => {
    const pool = db.newPool({ max: 1 });
    const taken = await pool.connect();
    const [ctx, cancel] = withCancel(background());
    const result = rejection(queryCtx(ctx, pool, 'SELECT 1'));
    await Promise.resolve();
    expect(pool.waitingCount).toBe(1);
    cancel();
    expect(await result).toBe(ctx.err);
    expect(pool.waitingCount).toBe(1);
    taken.release();
    expect((await pool.query<{ n: number }>('SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
    expect(idle(pool)).toEqual({ total: 1, idle: 1, waiting: 0 });
  });

  it('rejects with the error of the connection, also when ctx has ended meanwhile', async () => {
    const pool = db.newPool({ password: 'wrong' });
    expect(await rejection(queryCtx(background(), pool, 'SELECT 1'))).toEqual(
      jasmine.objectContaining({ code: '28P01' }),
    );
    const [ctx, cancel] = withCancel(background());
    const result = rejection(queryCtx(ctx, pool, 'SELECT 1'));
    cancel();
    expect(await result).toBe(ctx.err);
  });

  it('does not send a query whose ctx is done when the connection comes', async () => {
    const pool = db.newPool({ max: 1 });
    const warm = await pool.connect();
    const [ctx] = withDeadline(background(), Date.now() + 30);
    const result = rejection(queryCtx(ctx, pool, "SELECT 'never sent'"));
    await Promise.resolve();
    block(40); // the deadline is over, and its timer has had no turn
    warm.release();
    const error = await result;
    expect(error).toBe(ctx.err);
    expect((await pool.query<{ n: number }>('SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
  });

  it('cancels a running query on the server, and the connection is good afterwards', async () => {
    const pool = db.newPool({ max: 1 });
    const { rows } = await pool.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const { ctx, error } = await cancelWhileRunning(pool);
    expect(error).toBe(ctx.err);
    expect(ctx.cause).toBe('gone');
    await db.running(sleep, 0);
    expect((await pool.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows).toEqual(rows);
    expect(idle(pool)).toEqual({ total: 1, idle: 1, waiting: 0 });
    expect(listenerCount(ctx)).toBe(0);
  });

  it('ends at the deadline', async () => {
    const pool = db.newPool({ max: 1 });
    const [ctx] = withTimeout(background(), 60);
    const error = await rejection(queryCtx(ctx, pool, 'SELECT pg_sleep(59)'));
    expect(error).toBe(ctx.err);
    expect(isDeadlineExceeded(error)).toBeTrue();
    await db.running('SELECT pg_sleep(59)', 0);
    expect((await pool.query<{ n: number }>('SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
  });

  it('returns the result of a query that finished just before the cancel came', async () => {
    const pool = db.newPool({ max: 1 });
    const client = await pool.connect();
    const [ctx, cancel] = withCancel(background());
    const result = queryCtx<{ n: number }>(ctx, client, 'SELECT 5 AS n');
    await Promise.resolve();
    block(50);
    cancel();
    expect((await result).rows).toEqual([{ n: 5 }]);
    client.release();
  });

  it('sends no CancelRequest for a query that ended with the bytes that are being read', async () => {
    const client = await connected();
    const pause = spyOn(client.connection.stream, 'pause').and.callThrough();
    const [ctx, cancel] = withCancel(background());
    client.on('notice', () => {
      cancel(); // read in one piece with the end of the query
    });
    const result = queryCtx(ctx, client, "DO $$ BEGIN RAISE NOTICE 'nearly done'; END $$");
    block(50);
    expect((await result).command).toBe('DO');
    expect(ctx.err).toBeDefined();
    expect(pause).not.toHaveBeenCalled();
  });

  it('sends another CancelRequest when one had no effect, as one that overtook its query', async () => {
    const { proxy, pool } = await behindProxy();
    const query = 'SELECT pg_sleep(60) /* lost */';
    const [ctx, cancel] = withCancel(background());
    const result = rejection(queryCtx(ctx, pool, query));
    await db.running(query);
    proxy.mode = 'lose';
    cancel();
    while (proxy.connections < 2) await new Promise((resolve) => setImmediate(resolve));
    proxy.mode = 'forward';
    expect(await result).toBe(ctx.err);
    expect(idle(pool)).toEqual({ total: 1, idle: 1, waiting: 0 });
    expect(proxy.connections).toBe(3);
  });

  for (const mode of ['refuse', 'swallow', { answer: 'X' }] as const) {
    it(`closes the connection when the CancelRequest fails: ${JSON.stringify(mode)}`, async () => {
      const { proxy, pool } = await behindProxy();
      const query = `SELECT pg_sleep(60) /* ${JSON.stringify(mode)} */`;
      const [ctx, cancel] = withCancel(background());
      const result = rejection(queryCtx(ctx, pool, query));
      await db.running(query);
      proxy.mode = mode;
      cancel();
      expect(await result).toBe(ctx.err);
      expect(pool.totalCount).toBe(0);
      proxy.mode = 'forward';
      expect((await pool.query<{ n: number }>('SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
      await db.admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = $1', [query]);
    });
  }

  it('closes the connection of a client when the CancelRequest fails, without an error event', async () => {
    const proxy = await startProxy(db.postgres.port);
    db.atEnd(() => proxy.stop());
    const client = await connected({ port: proxy.port });
    const errors: unknown[] = [];
    client.on('error', (error) => errors.push(error));
    const query = 'SELECT pg_sleep(60) /* client */';
    const [ctx, cancel] = withCancel(background());
    const result = rejection(queryCtx(ctx, client, query));
    await db.running(query);
    proxy.mode = 'refuse';
    cancel();
    expect(await result).toBe(ctx.err);
    expect(await rejection(client.query('SELECT 1'))).toEqual(jasmine.any(Error));
    expect(errors).toEqual([]);
    await db.admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = $1', [query]);
  });

  it('lets the next query of a client wait until the CancelRequest is over', async () => {
    const client = await connected();
    const [ctx, cancel] = withCancel(background());
    const canceled = rejection(queryCtx(ctx, client, sleep));
    const next = client.query<{ n: number }>('SELECT 1 AS n, pg_sleep(0.01)');
    await db.running(sleep);
    cancel();
    expect(await canceled).toBe(ctx.err);
    expect((await next).rows[0]!.n).toBe(1);
  });

  it('leaves alone what runs before a query that waits on a client', async () => {
    const client = await connected();
    const [ctx, cancel] = withCancel(background());
    const first = client.query<{ n: number }>('SELECT 3 AS n, pg_sleep(0.2)');
    const waiting = rejection(queryCtx(ctx, client, "SELECT 'not sent'"));
    await db.running('SELECT 3 AS n');
    cancel();
    expect(await waiting).toBe(ctx.err);
    await db.running('SELECT 3 AS n');
    expect((await first).rows[0]!.n).toBe(3);
    expect((await client.query<{ n: number }>('SELECT 4 AS n')).rows).toEqual([{ n: 4 }]);
    expect(listenerCount(ctx)).toBe(0);
  });

  it('passes on a 57014 that came while ctx lives', async () => {
    const pool = db.newPool({ max: 1, statement_timeout: 20 });
    const [ctx] = withCancel(background());
    expect(await rejection(queryCtx(ctx, pool, sleep))).toEqual(jasmine.objectContaining({ code: '57014' }));
    const other = db.newPool({ max: 1 });
    const byAdmin = rejection(queryCtx(ctx, other, 'SELECT pg_sleep(58)'));
    await db.running('SELECT pg_sleep(58)');
    await db.admin.query("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(58)'");
    expect(await byAdmin).toEqual(jasmine.objectContaining({ code: '57014' }));
  });

  it('rejects when the connection breaks, and survives it', async () => {
    const pool = db.newPool({ max: 1 });
    const result = rejection(queryCtx(background(), pool, 'SELECT pg_sleep(57)'));
    await db.running('SELECT pg_sleep(57)');
    await db.admin.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(57)'");
    expect(await result).toEqual(jasmine.objectContaining({ code: '57P01' }));
    expect((await pool.query<{ n: number }>('SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
  });

  it('rejects with the error of pg when the client is closed', async () => {
    const client = await connected();
    await client.end();
    const [ctx] = withCancel(background());
    expect(await rejection(queryCtx(ctx, client, 'SELECT 1'))).toMatch(/^Error: Client was closed/);
    expect(listenerCount(ctx)).toBe(0);
  });

  it('cancels over TLS, with the certificate checked', async () => {
    const pool = db.newPool({ host: 'localhost', max: 1, ssl: { ca: db.postgres.ca } });
    const { rows } = await pool.query<{ ssl: boolean }>('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()');
    expect(rows).toEqual([{ ssl: true }]);
    const { ctx, error } = await cancelWhileRunning(pool, 'SELECT pg_sleep(56)');
    expect(error).toBe(ctx.err);
    expect(idle(pool)).toEqual({ total: 1, idle: 1, waiting: 0 });
    const byAddress = db.newPool({ max: 1, ssl: { rejectUnauthorized: false, key: undefined } });
    expect((await cancelWhileRunning(byAddress, 'SELECT pg_sleep(55)')).error).toEqual(jasmine.any(Error));
    expect(byAddress.totalCount).toBe(1);
  });

  it('closes the connection when the server refuses the CancelRequest over TLS', async () => {
    const { proxy, pool } = await behindProxy({ ssl: { rejectUnauthorized: false } });
    const query = 'SELECT pg_sleep(60) /* plain */';
    const [ctx, cancel] = withCancel(background());
    const result = rejection(queryCtx(ctx, pool, query));
    await db.running(query);
    proxy.mode = { answer: 'N' };
    cancel();
    expect(await result).toBe(ctx.err);
    expect(pool.totalCount).toBe(0);
    await db.admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = $1', [query]);
  });

  it('cancels over a Unix socket', async () => {
    const pool = db.newPool({ host: db.postgres.folder, max: 1 });
    const { rows } = await pool.query<{ address: string | null }>('SELECT inet_client_addr() AS address');
    expect(rows).toEqual([{ address: null }]);
    const { ctx, error } = await cancelWhileRunning(pool, 'SELECT pg_sleep(54)');
    expect(error).toBe(ctx.err);
    expect(idle(pool)).toEqual({ total: 1, idle: 1, waiting: 0 });
  });

  it('sets statement_timeout until the transaction ends', async () => {
    const client = await connected();
    const shown = async () =>
      (await client.query<{ t: string }>("SELECT current_setting('statement_timeout') AS t")).rows[0]!.t;
    await client.query('BEGIN');
    const [ctx] = withTimeout(background(), 60_000);
    await queryCtx(ctx, client, 'SELECT 1', undefined, { statementTimeout: true });
    expect(await shown()).toMatch(/^(1min|59\d\d\dms)$/);
    await queryCtx(background(), client, 'SELECT 1', undefined, { statementTimeout: true });
    expect(await shown()).not.toBe('0');
    await client.query('COMMIT');
    expect(await shown()).toBe('0');
  });

  it('refuses bad input at the call', () => {
    const pool = db.newPool();
    // pg-native is not installed: what tells it apart is a Query that does not know the protocol.
    class NativeClient extends Client {
      static readonly Query = EventEmitter;
    }
    const call =
      (...args: unknown[]) =>
      () => {
        void (queryCtx as (...args: unknown[]) => Promise<unknown>)(...args);
      };
    const [ctx] = withCancel(background());
    expect(call({}, pool, 'SELECT 1')).toThrowError(TypeError, /^queryCtx: ctx must be a Context/);
    expect(call(ctx, undefined, 'SELECT 1')).toThrowError(TypeError, /^queryCtx: db must be a Pool or a Client/);
    expect(call(ctx, Promise.resolve(pool), 'SELECT 1')).toThrowError(TypeError, /without await\?$/);
    expect(call(ctx, new NativeClient(), 'SELECT 1')).toThrowError(TypeError, /pg-native/);
    expect(call(ctx, new Pool({ Client: NativeClient }), 'SELECT 1')).toThrowError(TypeError, /pg-native/);
    expect(call(ctx, new Pool({ pipeline: true }), 'SELECT 1')).toThrowError(TypeError, /pipeline/);
    expect(call(ctx, new Client({ pipeline: true }), 'SELECT 1')).toThrowError(TypeError, /pipeline/);
    expect(call(ctx, pool, 7)).toThrowError(TypeError, 'queryCtx: query must be a string or a query config, got 7');
    expect(call(ctx, pool, undefined)).toThrowError(TypeError, /^queryCtx: query must be/);
    expect(call(ctx, pool, { submit() {} })).toThrowError(TypeError, /a cursor or a stream cannot be canceled here$/);
    expect(call(ctx, pool, 'SELECT $1', 7)).toThrowError(
      TypeError,
      /^queryCtx: values must be an array, got 7: did you/,
    );
    const timeout = (statementTimeout: unknown) => call(ctx, pool, 'SELECT 1', [], { statementTimeout });
    expect(timeout(500)).toThrowError(TypeError, /^queryCtx: options.statementTimeout must be true or false, got 500/);
    expect(timeout(true)).toThrowError(TypeError, /did you mean a client of transactionCtx\?$/);
    expect(listenerCount(ctx)).toBe(0);
  });
});
