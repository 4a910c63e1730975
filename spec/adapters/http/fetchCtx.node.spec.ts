import { Readable } from 'node:stream';
import { firstValueFrom } from 'rxjs';
import { fetchCtx } from '../../../lib/adapters/http.js';
import { background, withCancel, withScheduler, withTimeout } from '../../../lib/index.js';
import type { Context } from '../../../lib/index.js';
import { listenerCount } from '../../../lib/testing/index.js';
import { Clock } from '../../helpers/clock.js';
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

  it('adds the time that is left wherever it is not in a browser', () => {
    const fetched = spyOn(globalThis, 'fetch').and.returnValue(new Promise(() => {}));
    const [ctx] = withTimeout(background(), 20_000);
    const tells = () => {
      fetched.calls.reset();
      fetchCtx(ctx, 'http://here.test/rows').subscribe().unsubscribe();
      return fetched.calls.mostRecent().args[1]!.headers !== undefined;
    };
    const host = globalThis as { location?: unknown; Deno?: unknown };
    expect(tells()).toBeTrue();
    host.location = new URL('http://here.test/page');
    expect(tells()).toBeFalse();
    host.Deno = {}; // one of its workers
    expect(tells()).toBeTrue();
    delete host.location;
    delete host.Deno;
  });

  describe('under a ctx that is done, or is by the time that the request is sent', () => {
    const errorOf = (ctx: Context, body: unknown) =>
      firstValueFrom(
        fetchCtx(ctx, server.url('echo'), {
          method: 'POST',
          body: body as ReadableStream,
          duplex: 'half',
        } as RequestInit),
      ).then(
        () => 'no error',
        (error: unknown) => error,
      );

    it('cancels a stream, whenever the deadline passes before fetch is called', async () => {
      const fetched = spyOn(globalThis, 'fetch').and.callThrough();
      for (let looks = 0; ; looks++) {
        const clock = new Clock(Date.now());
        const [ctx, cancel] = withTimeout(withScheduler(background(), clock), 20_000);
        const now = clock.now.bind(clock);
        let left = looks;
        clock.now = () => now() + (left-- > 0 ? 0 : 30_000);
        const reasons: unknown[] = [];
        const error = errorOf(ctx, new ReadableStream({ cancel: (reason) => void reasons.push(reason) }));
        cancel();
        expect(await error).toBe(ctx.err);
        if (fetched.calls.any()) {
          expect(looks).toBeGreaterThan(2); // one when it is subscribed, others for the rest of the time
          break;
        }
        expect(reasons).withContext(`after ${looks} looks at the clock`).toEqual([ctx.err]);
      }
    });

    it('destroys a Node stream, and ends an async iterable', async () => {
      const [ctx, cancel] = withCancel(background());
      cancel();
      const readable = new Readable({ read: () => undefined });
      expect(await errorOf(ctx, readable)).toBe(ctx.err);
      expect(readable.destroyed).toBeTrue();

      const ended = jasmine.createSpy().and.resolveTo({ done: true });
      expect(await errorOf(ctx, { [Symbol.asyncIterator]: () => ({ next: () => undefined, return: ended }) })).toBe(
        ctx.err,
      );
      expect(ended).toHaveBeenCalledTimes(1);
      expect(await errorOf(ctx, { [Symbol.asyncIterator]: () => ({ next: () => undefined }) })).toBe(ctx.err);
    });

    it('says nothing of a stream that fails to be canceled', async () => {
      const [ctx, cancel] = withCancel(background());
      cancel();
      const fails = () => {
        throw new Error('from cancel');
      };
      expect(await errorOf(ctx, new ReadableStream({ cancel: fails }))).toBe(ctx.err);
      expect(await errorOf(ctx, { cancel: fails })).toBe(ctx.err);
      await new Promise((then) => setTimeout(then));
    });
  });

  it('discards the response of a fetch that takes no signal and answers in spite of it', async () => {
    const [ctx, cancel] = withCancel(background());
    const gone = jasmine.createSpy();
    let come = (_response: Response) => {};
    spyOn(globalThis, 'fetch').and.returnValue(new Promise((resolve) => (come = resolve)));
    fetchCtx(ctx, '/rows').subscribe({ error: () => undefined });
    cancel('enough');
    come(new Response(new ReadableStream({ cancel: gone })));
    await new Promise((then) => setTimeout(then));
    expect(gone.calls.allArgs()).toEqual([[ctx.err]]);
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
