import { firstValueFrom } from 'rxjs';
import { fetchCtx } from '../../../lib/adapters/http.js';
import { background, withCancel, withTimeout } from '../../../lib/index.js';
import { listenerCount } from '../../../lib/testing/index.js';
import { collect } from '../../helpers/gc.js';
import { start } from './server.js';
import type { Answers } from './server.js';

describe('fetchCtx in Node', () => {
  let server: Answers;

  beforeAll(async () => {
    server = await start();
  });

  afterAll(() => {
    server.stop();
  });

  it('lets go of ctx, and aborts the request, when nobody has the response any more', async () => {
    const [ctx] = withCancel(background());
    const { url, ending } = server.open('begin');
    await firstValueFrom(fetchCtx(ctx, url));
    expect(listenerCount(ctx)).toBe(1);
    while (listenerCount(ctx) > 0) await collect();
    expect(await ending()).toBe('gone');
  });

  it('holds the request while somebody reads the body, however often garbage is collected', async () => {
    const [ctx] = withCancel(background());
    const { url, end } = server.open('begin');
    const body = (await firstValueFrom(fetchCtx(ctx, url))).text();
    for (let i = 0; i < 5; i++) await collect();
    expect(listenerCount(ctx)).toBe(1);
    await end();
    expect(await body).toBe('{"begun":true}');
    expect(listenerCount(ctx)).toBe(0);
  });

  it('tells the time that is left to the own origin only where there is one, in a page as in a worker', () => {
    const fetched = spyOn(globalThis, 'fetch').and.returnValue(new Promise(() => {}));
    const [ctx] = withTimeout(background(), 20_000);
    const tells = (url: string) => {
      fetched.calls.reset();
      fetchCtx(ctx, url).subscribe().unsubscribe();
      return fetched.calls.mostRecent().args[1]!.headers !== undefined;
    };
    const urls = ['rows', '/rows', 'http://here.test/rows', 'http://elsewhere.test/rows', 'data:text/plain,x'];
    const host = globalThis as { location?: unknown; document?: unknown };
    expect(urls.slice(2).map(tells)).toEqual([true, true, true]);
    host.location = new URL('http://here.test/page');
    expect(urls.map(tells)).toEqual([true, true, true, false, false]);
    host.document = { baseURI: 'http://elsewhere.test/base/' };
    expect(urls.map(tells)).toEqual([false, false, true, false, false]);
    delete host.location;
    delete host.document;
  });

  it('puts one listener on a signal, however many requests follow it', async () => {
    const warnings: Error[] = [];
    // Node may warn of something else at any time, for whatever ran before.
    const warn = (warning: Error) => warning.name === 'MaxListenersExceededWarning' && warnings.push(warning);
    process.on('warning', warn);
    const [ctx] = withCancel(background());
    const { signal } = new AbortController();
    const url = server.url('status', { code: '200' });
    const responses = await Promise.all(
      Array.from({ length: 30 }, () => firstValueFrom(fetchCtx(ctx, url, { signal }))),
    );
    for (const response of responses) await response.text();
    process.off('warning', warn);
    expect(warnings).toEqual([]);
    expect(listenerCount(ctx)).toBe(0);
  });
});
