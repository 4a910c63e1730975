// What goes wrong between two processes once in a hundred times.
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import type { Client } from '@connectrpc/connect';
import { EMPTY, lastValueFrom, mergeMap, NEVER, range, toArray } from 'rxjs';
import type { Observable } from 'rxjs';
import { callCtx, handlerContext, serviceCtx } from '../../../lib/adapters/connect.js';
import type { CtxHandlers } from '../../../lib/adapters/connect.js';
import { background, isCanceled, withCancel, withTimeout } from '../../../lib/index.js';
import type { Context } from '../../../lib/index.js';
import { listenerCount } from '../../../lib/testing/index.js';
import { codeOf, errorOf } from './lab/behaviour.js';
import { Lab, kinds } from './lab/lab.js';
import { LabService } from './lab/lab_pb.js';
import { servers } from './lab/servers.js';

type LabClient = Client<typeof LabService>;
const idle: CtxHandlers<typeof LabService> = {
  say: () => NEVER,
  watch: () => NEVER,
  upload: () => EMPTY,
  chat: () => EMPTY,
};
const turn = () => new Promise((then) => setImmediate(then));

/** Many calls, 50 at a time. */
function each<T>(count: number, call: (index: number) => Promise<T>): Promise<T[]> {
  return lastValueFrom(range(0, count).pipe(mergeMap(call, 50), toArray()));
}

for (const [name, start] of Object.entries(servers)) {
  describe(`races: ${name}`, () => {
    const isHttp2 = !name.endsWith('1.1');

    async function serve(handlers: Partial<typeof idle>, use: (client: LabClient, main: Context) => Promise<void>) {
      const [main] = withCancel(background());
      const service = serviceCtx(main, LabService, { ...idle, ...handlers });
      const { transport, stop } = await start((router) => router.service(LabService, service));
      const client = createClient(LabService, transport);
      await use(client, main).finally(stop);
    }

    it('errors with ctx.err in 1,000 of 1,000 calls whose deadline passes on both sides', async () => {
      await serve({}, async (client, main) => {
        const errors = await each(1000, async (i) => {
          const [ctx] = withTimeout(background(), 20 + (i % 31));
          const call = i % 2 === 0 ? callCtx(ctx, (o) => client.say({}, o)) : callCtx(ctx, (o) => client.watch({}, o));
          const error = await errorOf(lastValueFrom(call as Observable<unknown>));
          return error === ctx.err && listenerCount(ctx) === 0;
        });
        expect(errors.filter(Boolean).length).toBe(1000);
        while (listenerCount(main) > 0) await turn();
        expect(listenerCount(main)).toBe(0);
      });
    });

    it('does not take a canceled upload for whole, in 300 of 300', async () => {
      let whole = 0;
      let canceled = 0;
      await serve(
        {
          async upload(ctx, requests) {
            try {
              for await (const _ of requests);
              whole++;
            } catch (error) {
              if (error === ctx.err && isCanceled(error)) canceled++;
            }
            return {};
          },
        },
        async (client) => {
          await each(300, async (i) => {
            const [ctx, cancel] = withCancel(background());
            async function* requests() {
              yield { text: 'a' };
              yield { text: 'b' };
              for (let j = 0; j < i % 5; j++) await turn();
              // Not from within the iterator: Connect closes that one when the call is aborted.
              setImmediate(cancel);
              await new Promise(() => undefined);
            }
            await errorOf(lastValueFrom(callCtx(ctx, (o) => client.upload(requests(), o))));
          });
          // One that arrives later has passed all before it.
          await lastValueFrom(callCtx(background(), (o) => client.upload(one(), o)));
          while (canceled + whole < 300) await turn();
          expect(whole).toBe(1); // the last one
        },
      );
    });

    it('does not take a part of a request for a request, in 300 of 300 that are canceled while they are sent', async () => {
      const load = new Uint8Array(100_000);
      let cut = 0;
      let whole = 0;
      const say: (typeof idle)['say'] = (_, request) => {
        if (request.text === 'whole' && request.load.length === load.length) whole++;
        else cut++;
        return [{ text: 'ok' }];
      };
      // On several connections: a server of Node closes one on which hundreds of streams are reset at a time.
      for (let round = 0; round < 6; round++) {
        await serve({ say }, async (client) => {
          for (let i = 0; i < 50; i++) {
            const call$ = callCtx(background(), (o) => client.say({ load, text: 'whole' }, o));
            const subscription = call$.subscribe(() => undefined);
            for (let j = 0; j < i % 12; j++) await Promise.resolve();
            if (i % 2 === 1) await turn();
            subscription.unsubscribe();
          }
          const last = await lastValueFrom(callCtx(background(), (o) => client.say({ load, text: 'whole' }, o)));
          expect(last.text).toBe('ok');
        });
      }
      expect(whole).toBeGreaterThan(0);
      expect(cut).toBe(0);
    });

    it('leaves nothing after 1,000 calls of each kind', async () => {
      const lab = new Lab();
      let sockets = () => 0;
      await lab.open(async (routes) => {
        const running = await start(routes);
        ({ sockets } = running);
        return running;
      });
      const [ctx, cancel] = withTimeout(background(), 600_000);
      for (const kind of kinds.filter((one) => isHttp2 || one !== 'chat')) {
        await each(1000, async (i) => {
          const text = lab.text(i % 4 === 0 ? 'hang' : 'ok');
          if (i % 4 !== 0) await lastValueFrom(lab.call(ctx, kind, text));
          else {
            const [child, stop] = withCancel(ctx);
            const result = errorOf(lastValueFrom(lab.call(child, kind, text)));
            await lab.arrival(text);
            stop();
            expect(await result).toBe(child.err);
          }
          await lab.ending(text);
        });
        expect(listenerCount(ctx)).withContext(kind).toBe(0);
        expect(listenerCount(lab.server[0])).withContext(kind).toBe(0);
      }
      // HTTP/2 has one connection; HTTP/1.1 keeps those that were open at a time, and each cancel closes one.
      expect(sockets()).toBeLessThanOrEqual(isHttp2 ? 1 : 50);
      cancel();
      await lab.stop();
    }, 120_000);

    it('tells the server of a cancel within 10 ms, in the median of 100', async () => {
      const lab = new Lab();
      await lab.open(start);
      const times: number[] = [];
      for (let i = 0; i < 100; i++) {
        const [ctx, cancel] = withCancel(background());
        const text = lab.text('hang');
        lab.call(ctx, 'say', text).subscribe({ error: () => undefined });
        await lab.arrival(text);
        const before = performance.now();
        cancel();
        await lab.ending(text);
        times.push(performance.now() - before);
      }
      const median = times.sort((a, b) => a - b)[50]!;
      expect(median).toBeLessThan(10);
      await lab.stop();
    });

    it('says why the client is gone, as far as the protocol does', async () => {
      const lab = new Lab();
      await lab.open(start);
      const text = lab.text('hang');
      const subscription = lab.call(background(), 'say', text).subscribe();
      await lab.arrival(text);
      subscription.unsubscribe();
      const { cause } = (await lab.ending(text)).ctx;
      if (isHttp2) {
        expect(codeOf(cause)).toBe(Code.Canceled);
        expect((cause as ConnectError).rawMessage).toBe('http/2 stream closed with error code CANCEL (0x8)');
      } else {
        expect(String(cause)).toBe('AbortError: This operation was aborted');
      }
      await lab.stop();
    });

    it('has the facts that make it necessary: what Connect does alone', async () => {
      let released: Error | undefined;
      const [late] = withTimeout(background(), 0);
      const { transport, stop } = await start((router) =>
        router.service(LabService, {
          say: (_, { signal }) => {
            signal.addEventListener('abort', () => (released = signal.reason as Error));
            return {};
          },
          upload: () => {
            throw late.err!;
          },
        }),
      );
      const client = createClient(LabService, transport);
      // The signal of a call that succeeded aborts.
      await client.say({});
      while (released === undefined) await turn();
      expect(String(released)).toBe('AbortError: This operation was aborted');
      // A handler that throws ctx.err answers internal.
      expect(codeOf(await errorOf(client.upload(one())))).toBe(Code.Internal);
      await stop();
    });

    it('follows the shutdownSignal of the adapter', async () => {
      const shutdown = new AbortController();
      const contexts: Context[] = [];
      let arrived!: () => void;
      const arrival = new Promise<void>((resolve) => (arrived = resolve));
      const { transport, stop } = await start(
        (router) =>
          router.service(LabService, {
            say: (_, handler) => {
              const ctx = handlerContext(background(), handler);
              contexts.push(ctx);
              arrived();
              return new Promise((_resolve, reject) => ctx.done$.subscribe(reject));
            },
          }),
        { shutdownSignal: shutdown.signal },
      );
      const answer = errorOf(createClient(LabService, transport).say({}));
      await arrival;
      const reason = new ConnectError('bye', Code.Unavailable);
      shutdown.abort(reason);
      expect(contexts[0]!.cause).toBe(reason);
      await answer;
      await stop();
    });

    it('pulls an async iterable of responses, and buffers an observable', async () => {
      const load = new Uint8Array(16_384);
      let pulled = 0;
      let closed!: () => void;
      const closing = new Promise<void>((resolve) => (closed = resolve));
      await serve(
        {
          async *watch() {
            try {
              for (; pulled < 5000; pulled++) {
                yield { load };
                await turn();
              }
            } finally {
              closed();
            }
          },
        },
        async (client) => {
          const controller = new AbortController();
          const stream = client.watch({}, { signal: controller.signal })[Symbol.asyncIterator]();
          await stream.next();
          // Nobody reads: what the sockets hold is all that is made.
          let before = -1;
          while (before !== pulled) {
            before = pulled;
            for (let i = 0; i < 200; i++) await turn();
          }
          expect(pulled).toBeLessThan(3000);
          controller.abort();
          await errorOf(stream.next());
          await closing;
        },
      );
    });
  });
}

async function* one() {
  yield await Promise.resolve({ text: 'one' });
}
