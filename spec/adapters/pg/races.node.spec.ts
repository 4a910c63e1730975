import { background, withCancel } from '../../../lib/index.js';
import { queryCtx } from '../../../lib/adapters/pg.js';
import { listenerCount } from '../../../lib/testing/index.js';
import { activeWith, describePostgres, usePostgres } from './postgres.js';

describePostgres('queries of pg that are canceled', () => {
  const db = usePostgres();

  it('hit no stranger in 10,000 races with their own end', async () => {
    const races = 10_000;
    const lanes = 4;
    const ends = { canceled: 0, finished: 0, strangers: 0 };
    async function lane() {
      const pool = db.newPool({ max: 1 });
      for (let i = 0; i < races / lanes; i++) {
        const [ctx, cancel] = withCancel(background());
        const query = queryCtx(ctx, pool, `SELECT ${i}, pg_sleep(${(i % 4) / 2000})`).then(
          () => ends.finished++,
          (error: unknown) => (error === ctx.err ? ends.canceled++ : fail(error)),
        );
        // The query is sent in the next turns, and takes about as long as these.
        for (let turn = 0; turn < i % 7; turn++) await new Promise((resolve) => setImmediate(resolve));
        cancel();
        // It waits in the pool, so it starts on the connection as soon as that is free.
        const stranger = pool.query<{ n: number }>('SELECT $1::int AS n, pg_sleep(0.0005)', [i]).then(
          ({ rows }) => expect(rows[0]!.n).toBe(i),
          () => ends.strangers++,
        );
        await Promise.all([query, stranger]);
      }
      expect(pool.totalCount).toBe(1);
    }
    await Promise.all(Array.from({ length: lanes }, lane));
    if (process.env.RACES) console.log(ends);
    expect(ends.strangers).toBe(0);
    expect(ends.canceled + ends.finished).toBe(races);
    expect(ends.canceled).toBeGreaterThan(races / 100);
    expect(ends.finished).toBeGreaterThan(races / 100);
  }, 600_000);

  it('leave the pool as it was: 2,000 queries, 20 at a time, a third canceled', async () => {
    const pool = db.newPool({ max: 20 });
    let lost = 0;
    pool.on('remove', () => lost++);
    const [parent] = withCancel(background());
    const ends = { answered: 0, canceled: 0 };
    let next = 0;
    async function worker() {
      for (let n = next++; n < 2000; n = next++) {
        const [ctx, cancel] = withCancel(parent);
        const isCanceled = n % 3 === 0;
        const timer = isCanceled ? setTimeout(cancel, Math.random() * 20) : undefined;
        // Half of them run until they are canceled, and the others end about then.
        const seconds = isCanceled && n % 2 === 0 ? 60 : Math.random() / 50;
        const text = `SELECT $1::int AS n, pg_sleep(${seconds}) /* load */`;
        try {
          const { rows } = await queryCtx<{ n: number }>(ctx, pool, text, [n]);
          expect(rows[0]!.n).toBe(n);
          ends.answered++;
        } catch (error) {
          expect(error).toBe(ctx.err);
          expect(isCanceled).toBeTrue();
          ends.canceled++;
        }
        clearTimeout(timer);
        cancel();
      }
    }
    await Promise.all(Array.from({ length: 20 }, worker));
    if (process.env.RACES) console.log(ends);
    expect(ends.answered + ends.canceled).toBe(2000);
    expect(ends.canceled).toBeGreaterThan(100);
    expect([pool.totalCount, pool.idleCount, pool.waitingCount, lost]).toEqual([20, 20, 0, 0]);
    expect(await activeWith(db.admin, '/* load */')).toBe(0);
    expect(listenerCount(parent)).toBe(0);
  }, 120_000);
});
