// The servers themselves, and clients that leave. A page has none.
import { config, firstValueFrom } from 'rxjs';
import { ClientGoneError, serveCtx } from '../../../lib/adapters/http.js';
import type { ServeOptions } from '../../../lib/adapters/http.js';
import { background, isCanceled, isDeadlineExceeded, withCancel } from '../../../lib/index.js';
import type { Context } from '../../../lib/index.js';
import { listenerCount } from '../../../lib/testing/index.js';
import { hostName, start } from './hosts.js';

type Handler = (ctx: Context, request: Request) => Response | Promise<Response>;

const bytes = new TextEncoder();

/** A body that goes on until it is canceled. */
function endless(onCancel: () => void): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    async pull(controller) {
      await new Promise((then) => setTimeout(then, 1));
      controller.enqueue(bytes.encode('more and more '.repeat(100)));
    },
    cancel: onCancel,
  });
}

if (typeof document === 'undefined') {
  describe(`serveCtx on ${hostName}`, () => {
    /** Serves, and tells the context of each request. */
    async function serve(
      handler: Handler,
      use: (url: string, next: () => Promise<Context>, stop: () => void, main: Context) => Promise<void>,
      options?: ServeOptions,
    ) {
      const [main, stop] = withCancel(background());
      const seen: Context[] = [];
      const waiting: ((ctx: Context) => void)[] = [];
      const fetchHandler = serveCtx(
        main,
        (ctx, request) => {
          const resolve = waiting.shift();
          if (resolve === undefined) seen.push(ctx);
          else resolve(ctx);
          return handler(ctx, request);
        },
        options,
      );
      const host = await start(fetchHandler);
      const next = () => {
        const ctx = seen.shift();
        return ctx === undefined ? new Promise<Context>((resolve) => waiting.push(resolve)) : Promise.resolve(ctx);
      };
      await use(host.url, next, stop, main).finally(host.stop);
    }

    const over = async (ctx: Context) => firstValueFrom(ctx.done$);
    const never = () => new Promise<Response>(() => undefined);

    for (const [what, response, text] of [
      ['a text', () => new Response('hello', { status: 201, headers: { 'x-mine': 'yes' } }), 'hello'],
      ['no body', () => new Response(null, { status: 204, headers: { 'x-mine': 'yes' } }), ''],
      ['an empty text', () => new Response('', { headers: { 'x-mine': 'yes' } }), ''],
      [
        'a stream',
        () => {
          let count = 0;
          const body = new ReadableStream({
            pull(controller) {
              if (count++ < 3) controller.enqueue(bytes.encode('abc'));
              else controller.close();
            },
          });
          return new Response(body, { headers: { 'x-mine': 'yes' } });
        },
        'abcabcabc',
      ],
    ] as const) {
      it(`sends ${what}, and releases the context`, async () => {
        await serve(
          () => response(),
          async (url, next, _stop, main) => {
            const answer = await fetch(url);
            expect(answer.headers.get('x-mine')).toBe('yes');
            expect(await answer.text()).toBe(text);
            const ctx = await next();
            await over(ctx);
            expect(isCanceled(ctx.err)).toBeTrue();
            expect(ctx.cause).toBe(ctx.err);
            expect(listenerCount(main)).toBe(0);
          },
        );
      });
    }

    it('cancels the context when the client leaves before there is a response', async () => {
      await serve(never, async (url, next, _stop, main) => {
        const client = new AbortController();
        const answer = fetch(url, { signal: client.signal }).catch(() => 'left');
        const ctx = await next();
        expect(ctx.err).toBeUndefined();
        client.abort();
        expect(await answer).toBe('left');
        await over(ctx);
        expect(ctx.cause).toBeInstanceOf(ClientGoneError);
        expect(listenerCount(main)).toBe(0);
      });
    });

    it('cancels the context and the body when the client leaves in the middle of it', async () => {
      let canceled!: () => void;
      const cancellation = new Promise<void>((resolve) => (canceled = resolve));
      await serve(
        () => new Response(endless(canceled)),
        async (url, next) => {
          const client = new AbortController();
          const { body } = await fetch(url, { signal: client.signal });
          await body!.getReader().read();
          client.abort();
          const ctx = await next();
          await over(ctx);
          expect(ctx.cause).toBeInstanceOf(ClientGoneError);
          await cancellation;
        },
      );
    });

    it('answers 504 when the time is over before a response, by option or by header', async () => {
      await serve(
        never,
        async (url, next) => {
          for (const headers of [{ 'connect-timeout-ms': '20' }, {}]) {
            const answer = await fetch(url, { headers });
            expect(answer.status).toBe(504);
            expect(await answer.text()).toBe('Gateway Timeout');
            expect(isDeadlineExceeded((await next()).err)).toBeTrue();
          }
        },
        { timeoutMs: 30 },
      );
    });

    it('cuts the body at the deadline', async () => {
      let canceled!: () => void;
      const cancellation = new Promise<void>((resolve) => (canceled = resolve));
      await serve(
        () => new Response(endless(canceled)),
        async (url, next) => {
          const answer = await fetch(url);
          expect(answer.status).toBe(200);
          await expectAsync(answer.text()).toBeRejected();
          expect(isDeadlineExceeded((await next()).err)).toBeTrue();
          await cancellation;
        },
        { timeoutMs: 300 },
      );
    });

    it('answers 503 when its parent is done, in flight and afterwards', async () => {
      await serve(never, async (url, next, stop) => {
        const answer = fetch(url);
        await next();
        stop();
        expect((await answer).status).toBe(503);
        expect((await fetch(url)).status).toBe(503);
      });
    });

    it('answers 500 when the handler throws, and goes on', async () => {
      const reported: unknown[] = [];
      const { onUnhandledError } = config;
      config.onUnhandledError = (error) => reported.push(error);
      const boom = new Error('boom');
      let fails = true;
      await serve(
        () => {
          if (fails) throw boom;
          return new Response('fine');
        },
        async (url, next) => {
          const answer = await fetch(url);
          expect(answer.status).toBe(500);
          expect(await answer.text()).not.toContain('boom');
          expect((await next()).cause).toBe(boom);
          fails = false;
          expect(await (await fetch(url)).text()).toBe('fine');
        },
      );
      await new Promise((then) => setTimeout(then));
      expect(reported).toEqual([boom]);
      config.onUnhandledError = onUnhandledError;
    });

    it('leaves nothing after 200 requests, some of whose clients leave', async () => {
      await serve(
        async (ctx, request) => {
          if (request.url.endsWith('/slow')) await over(ctx);
          return new Response('x'.repeat(10_000));
        },
        async (url, next, _stop, main) => {
          for (let i = 0; i < 200; i++) {
            const client = new AbortController();
            const answer = fetch(i % 4 === 0 ? `${url}/slow` : url, { signal: client.signal });
            const ctx = await next();
            if (i % 4 !== 0) await (await answer).text();
            else {
              client.abort();
              await answer.catch(() => undefined);
            }
            await over(ctx);
          }
          expect(listenerCount(main)).toBe(0);
        },
      );
    });
  });
}
