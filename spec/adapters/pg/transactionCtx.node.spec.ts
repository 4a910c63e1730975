import { Pool } from 'pg';
import type { PoolClient } from 'pg';
import { background, withCancel, withTimeout } from '../../../lib/index.js';
import type { Context } from '../../../lib/index.js';
import { queryCtx, transactionCtx } from '../../../lib/adapters/pg.js';
import { listenerCount } from '../../../lib/testing/index.js';
import { activeWith, describePostgres, usePostgres } from './postgres.js';
import { startProxy } from './proxy.js';

describePostgres('transactionCtx of pg', () => {
  const db = usePostgres();
  const rejection = (promise: Promise<unknown>) =>
    promise.then(
      () => fail('resolved'),
      (error: unknown) => error,
    );
  const stored = async () =>
    (await db.admin.query<{ n: number }>('SELECT n FROM transactions ORDER BY n')).rows.map(({ n }) => n);
  const insert = (ctx: Context, client: PoolClient, n: number) =>
    queryCtx(ctx, client, 'INSERT INTO transactions VALUES ($1)', [n]);
  const counts = ({ totalCount, idleCount, waitingCount }: Pool) => [totalCount, idleCount, waitingCount];

  beforeEach(async () => {
    await db.admin.query('DROP TABLE IF EXISTS transactions');
    await db.admin.query('CREATE TABLE transactions (n int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED)');
  });

  it('commits, and returns what work returned', async () => {
    const pool = db.newPool({ max: 1 });
    const [ctx] = withCancel(background());
    let inside: Context | undefined;
    const result = await transactionCtx(ctx, pool, async (child, client) => {
      inside = child;
      await insert(child, client, 1);
      expect(await stored()).toEqual([]);
      return 'done';
    });
    expect(result).toBe('done');
    expect(await stored()).toEqual([1]);
    expect(counts(pool)).toEqual([1, 1, 0]);
    expect(inside?.err).toBeDefined(); // what work left running must not use the connection
    expect(ctx.err).toBeUndefined();
    expect(listenerCount(ctx)).toBe(0);
  });

  it('rolls back when work fails, later or at once, and rejects with that error', async () => {
    const pool = db.newPool({ max: 1 });
    const ours = new Error('ours');
    const later = transactionCtx(background(), pool, async (ctx, client) => {
      await insert(ctx, client, 1);
      throw ours;
    });
    expect(await rejection(later)).toBe(ours);
    const atOnce = transactionCtx(background(), pool, () => {
      throw ours;
    });
    expect(await rejection(atOnce)).toBe(ours);
    expect(await stored()).toEqual([]);
    expect(counts(pool)).toEqual([1, 1, 0]);
  });

  it('takes no connection when ctx is done before', async () => {
    const pool = db.newPool();
    const [ctx, cancel] = withCancel(background());
    cancel();
    expect(await rejection(transactionCtx(ctx, pool, () => Promise.reject(new Error('called'))))).toBe(ctx.err);
    expect(counts(pool)).toEqual([0, 0, 0]);
  });

  it('rolls back although ctx is done, and the connection is good afterwards', async () => {
    const pool = db.newPool({ max: 1 });
    const [ctx, cancel] = withCancel(background());
    const result = rejection(
      transactionCtx(ctx, pool, async (ctx, client) => {
        await insert(ctx, client, 1);
        await queryCtx(ctx, client, 'SELECT pg_sleep(60) /* in transaction */');
      }),
    );
    await db.running('/* in transaction */');
    cancel();
    expect(await result).toBe(ctx.err);
    expect(await stored()).toEqual([]);
    expect(counts(pool)).toEqual([1, 1, 0]);
    expect((await pool.query<{ n: number }>('SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
  });

  it('rolls back when ctx is done as work resolves', async () => {
    const pool = db.newPool({ max: 1 });
    const [ctx, cancel] = withCancel(background());
    const result = transactionCtx(ctx, pool, async (ctx, client) => {
      await insert(ctx, client, 1);
      cancel();
    });
    expect(await rejection(result)).toBe(ctx.err);
    expect(await stored()).toEqual([]);
  });

  it('passes on an error of work that has nothing to do with ctx', async () => {
    const pool = db.newPool({ max: 1 });
    const [ctx, cancel] = withCancel(background());
    const ours = new Error('ours');
    const result = transactionCtx(ctx, pool, () => {
      cancel();
      return Promise.reject(ours);
    });
    expect(await rejection(result)).toBe(ours);
  });

  it('closes the connection when work goes on for a second after ctx is done, and stops what it left', async () => {
    const pool = db.newPool({ max: 1 });
    const [ctx, cancel] = withCancel(background());
    let left: Promise<unknown> | undefined;
    const result = rejection(
      transactionCtx(ctx, pool, async (_, client) => {
        left = rejection(client.query('SELECT pg_sleep(60) /* ignores ctx */'));
        await left;
        await new Promise(() => {});
      }),
    );
    await db.running('/* ignores ctx */');
    cancel();
    expect(await result).toBe(ctx.err);
    expect(await left).toEqual(jasmine.any(Error));
    expect(pool.totalCount).toBe(0);
    await db.running('/* ignores ctx */', 0);
    expect(await activeWith(db.admin, '/* ignores ctx */')).toBe(0);
  });

  it('closes the connection when the ROLLBACK does not come back within a second', async () => {
    const proxy = await startProxy(db.postgres.port);
    db.atEnd(() => proxy.stop());
    const pool = db.newPool({ port: proxy.port, max: 1 });
    const [ctx] = withTimeout(background(), 10_000);
    const result = rejection(
      transactionCtx(ctx, pool, async (ctx, client) => {
        await insert(ctx, client, 1);
        client.connection.stream.pause(); // nothing is read any more
        throw new Error('ours');
      }),
    );
    expect(await result).toMatch(/ours/);
    expect(pool.totalCount).toBe(0);
    expect(await stored()).toEqual([]);
  });

  it('closes the connection when it broke', async () => {
    const pool = db.newPool({ max: 1 });
    const result = rejection(
      transactionCtx(background(), pool, async (ctx, client) => {
        const { rows } = await queryCtx<{ pid: number }>(ctx, client, 'SELECT pg_backend_pid() AS pid');
        await db.admin.query('SELECT pg_terminate_backend($1)', [rows[0]!.pid]);
        await insert(ctx, client, 1);
      }),
    );
    expect(await result).toEqual(jasmine.any(Error));
    expect(pool.totalCount).toBe(0);
    expect(await stored()).toEqual([]);
  });

  it('rejects when the database rolls back instead of committing', async () => {
    const pool = db.newPool({ max: 1 });
    const swallowed = transactionCtx(background(), pool, async (ctx, client) => {
      await insert(ctx, client, 1);
      await rejection(queryCtx(ctx, client, 'SELECT nothing'));
    });
    expect(await rejection(swallowed)).toMatch(
      /^Error: transactionCtx: the database rolled back instead of committing/,
    );
    const deferred = transactionCtx(background(), pool, async (ctx, client) => {
      await insert(ctx, client, 1);
      await insert(ctx, client, 1);
    });
    expect(await rejection(deferred)).toEqual(jasmine.objectContaining({ code: '23505' }));
    expect(await stored()).toEqual([]);
    expect(counts(pool)).toEqual([1, 1, 0]);
  });

  it('cancels a COMMIT that takes long, and says so', async () => {
    const pool = db.newPool({ max: 1 });
    await db.admin.query(`CREATE OR REPLACE FUNCTION slow_commit() RETURNS trigger AS
      'BEGIN PERFORM pg_sleep(60); RETURN NULL; END' LANGUAGE plpgsql`);
    await db.admin.query(`CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON transactions
      DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow_commit()`);
    const [ctx, cancel] = withCancel(background());
    const result = rejection(transactionCtx(ctx, pool, (ctx, client) => insert(ctx, client, 1)));
    await db.running('COMMIT');
    cancel();
    expect(await result).toBe(ctx.err);
    expect(await stored()).toEqual([]);
    expect(counts(pool)).toEqual([1, 1, 0]);
  });

  it('refuses bad input at the call', () => {
    const pool = db.newPool();
    const call =
      (...args: unknown[]) =>
      () => {
        void (transactionCtx as (...args: unknown[]) => Promise<unknown>)(...args);
      };
    const work = () => Promise.resolve();
    expect(call({}, pool, work)).toThrowError(TypeError, /^transactionCtx: ctx must be a Context/);
    expect(call(background(), {}, work)).toThrowError(TypeError, /^transactionCtx: pool must be a Pool of pg/);
    expect(call(background(), new Pool({ pipeline: true }), work)).toThrowError(TypeError, /pipeline/);
    expect(call(background(), pool, 'BEGIN')).toThrowError(TypeError, /^transactionCtx: work must be a function/);
    expect(pool.totalCount).toBe(0);
  });
});
