// The three services that the gateway asks, each in its thread, asked by this spec.
import { filter, firstValueFrom } from 'rxjs';
import { startBackends, type Backend } from '../../gateway/backends/start.js';
import type { BackendName } from '../../gateway/protocol.js';
import { background, withCancel } from '../../lib/index.js';

describe('backends of the gateway', () => {
  const [ctx, stop] = withCancel(background());
  let backends: Record<BackendName, Backend>;

  beforeAll(async () => {
    const started = await startBackends(ctx);
    backends = Object.fromEntries(started.map((backend) => [backend.from, backend])) as typeof backends;
  }, 30_000);

  afterAll(() => stop());

  const ask = ({ url }: Backend, init: RequestInit & { failing?: BackendName } = {}) =>
    fetch(`${url}/?q=oak&failing=${init.failing ?? ''}`, init);
  const stopOf = ({ stops$ }: Backend, lane: string) =>
    firstValueFrom(stops$.pipe(filter((stop) => stop.lane === lane)));
  const linesOf = (text: string) => text.trimEnd().split('\n');

  it('answer with a line for each row', async () => {
    for (const backend of Object.values(backends)) {
      const lines = linesOf(await (await ask(backend)).text());
      expect(lines.length).withContext(backend.from).toBe(8);
      for (const line of lines) expect(Object.keys(JSON.parse(line) as object)).toContain('product');
    }
  });

  it('keep within the budget that the headers leave: the client is still there, and gets no more', async () => {
    const { reviews } = backends;
    const before = reviews.counters.read();
    const stopped = stopOf(reviews, 'late');
    const response = await ask(reviews, { headers: { 'connect-timeout-ms': '400', 'x-lane': 'late' } });
    expect(response.status).toBe(200);
    await expectAsync(response.text()).toBeRejected(); // cut, and not ended as if it were whole
    const { rows, total } = await stopped;
    expect(total).toBe(8);
    expect(rows).toBeLessThan(8);
    const { saved, stopped: stops } = reviews.counters.read();
    expect([saved - before.saved, stops - before.stopped]).toEqual([8 - rows, 1]);
  });

  it('answer 504 when the budget is over before the first row', async () => {
    const { status } = await ask(backends.reviews, { headers: { 'grpc-timeout': '20m' } });
    expect(status).toBe(504);
  });

  it('stop when their client goes', async () => {
    for (const backend of Object.values(backends)) {
      const client = new AbortController();
      const stopped = stopOf(backend, 'gone');
      const { body } = await ask(backend, { signal: client.signal, headers: { 'x-lane': 'gone' } });
      await body!.getReader().read();
      client.abort();
      const { rows } = await stopped;
      expect(rows).withContext(backend.from).toBeLessThan(8);
      expect(backend.counters.read().contexts).toBe(0);
    }
  });

  it('break off when they are asked to', async () => {
    const response = await ask(backends.prices, { failing: 'prices' });
    await expectAsync(response.text()).toBeRejected();
  });
});
