import { readdirSync, readFileSync } from 'node:fs';
import { background, withCancel } from '../../../lib/index.js';
import { queryCtx } from '../../../lib/adapters/pg.js';
import { describePostgres, usePostgres } from './postgres.js';

describePostgres('a query of pg under a context', () => {
  const db = usePostgres();

  it('stops on the server', async () => {
    const pool = db.newPool({ max: 1 });
    const [ctx, cancel] = withCancel(background());
    const query = queryCtx(ctx, pool, 'SELECT pg_sleep(60) /* smoke */');
    const rejected = expectAsync(query).toBeRejected();
    await db.running('/* smoke */');
    cancel();
    await rejected;
    expect(await query.catch((error: unknown) => error)).toBe(ctx.err);
    await db.running('/* smoke */', 0);
    expect(pool.idleCount).toBe(1);
  });
});

describe('rxjs-ctx/pg without pg', () => {
  it('can be imported: it needs types of pg alone', () => {
    const files = readdirSync('lib/adapters/pg').map((file) => readFileSync(`lib/adapters/pg/${file}`, 'utf8'));
    const imports = files.flatMap((text) => text.match(/^import .*from 'pg.*$/gm) ?? []);
    expect(imports.length).toBeGreaterThan(0);
    for (const line of imports) expect(line).toMatch(/^import type /);
  });
});
