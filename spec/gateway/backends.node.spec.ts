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
  });

  afterAll(() => stop());

  const ask = ({ url }: Backend, init: RequestInit = {}, trouble = '') =>
    fetch(`${url}/?${new URLSearchParams({ q: 'oak', trouble })}`, init);
  const stopOf = ({ stops$ }: Backend, lane: string) =>
    firstValueFrom(stops$.pipe(filter((stop) => stop.lane === lane)));
  const linesOf = (text: string) => text.trimEnd().split('\n');

  it('answer with a line for each row', async () => {
    const answers = await Promise.all(Object.values(backends).map(async (backend) => (await ask(backend)).text()));
    for (const lines of answers.map(linesOf)) {
      expect(lines.length).toBe(8);
      for (const line of lines) expect(Object.keys(JSON.parse(line) as object)).toContain('product');
    }
  });

  it('keep within the budget that the headers leave: the client is still there, and gets no more', async () => {
    const { reviews } = backends;
    const before = reviews.counters.read();
    const stopped = stopOf(reviews, 'late');
    const headers = { 'connect-timeout-ms': '1500', 'x-lane': 'late' };
    const response = await ask(reviews, { headers }, 'reviews hangs');
    expect(response.status).toBe(200);
    await expectAsync(response.text()).toBeRejected(); // cut, and not ended as if it were whole
    const { rows, total } = await stopped;
    expect(total).toBe(8);
    expect(rows).toBeLessThan(8);
    const { saved, stopped: stops } = reviews.counters.read();
    expect([saved - before.saved, stops - before.stopped]).toEqual([8 - rows, 1]);
  });

  it('answer 504 when the budget is over before the first row', async () => {
    const { reviews } = backends;
    const stopped = stopOf(reviews, 'none');
    const { status } = await ask(reviews, { headers: { 'grpc-timeout': '100m', 'x-lane': 'none' } }); // the row takes 240 ms
    expect(status).toBe(504);
    expect((await stopped).rows).toBe(0);
  });

  it('stop when their client goes', async () => {
    for (const backend of Object.values(backends)) {
      const client = new AbortController();
      const stopped = stopOf(backend, 'gone');
      const init = { signal: client.signal, headers: { 'x-lane': 'gone' } };
      const { body } = await ask(backend, init, `${backend.from} hangs`);
      await body!.getReader().read();
      client.abort();
      const { rows } = await stopped;
      expect(rows).withContext(backend.from).toBeLessThan(8);
      expect(backend.counters.read().contexts).toBe(0);
    }
  });

  it('break off when they are asked to, and mind no trouble of others', async () => {
    const { prices } = backends;
    const broken = await ask(prices, {}, 'prices breaks off');
    await expectAsync(broken.text()).toBeRejected();
    const fine = await ask(prices, {}, 'reviews hangs');
    expect(linesOf(await fine.text()).length).toBe(8);
  });
});
