// What a handler sees of a response whose time is over, or whose client has gone: nothing of it may wait for ever or stay open.
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import type { ReadStream } from 'node:fs';
import { finished, PassThrough, pipeline, Readable } from 'node:stream';
import { pipeline as pipelined } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { createGzip } from 'node:zlib';
import type { AnyRequest, HttpRequest } from '../../../lib/adapters/node.js';
import { macrotask, takeUnhandledErrors } from '../../support/unhandled-errors.js';
import { deadline, soon, useRequests } from './serveRequests.js';
import type { Handle } from './serveRequests.js';
import { transports, turns, until } from './servers.js';
import type { Transport } from './servers.js';

/** 64 KiB and more, so that one read is not all of it. */
const file = fileURLToPath(new URL('../../../package-lock.json', import.meta.url));

const premature: unknown[] = ['ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_UNABLE_TO_PIPE'];
const codeOf = (error: unknown) => (error as NodeJS.ErrnoException | null | undefined)?.code;

/** The other side of what the types say: both kinds are writable. */
const writable = ({ res }: HttpRequest<AnyRequest>) => res;

describe('the response to a handler whose time is over', () => {
  const { raw, serve } = useRequests();

  /** A request that got 504. */
  async function late(transport: Transport, handle: Handle = () => {}) {
    const served = await serve(handle, { transport });
    const { answer } = served.ask({ headers: soon });
    await served.expire();
    return { ...served, answer, request: served.seen[0]! };
  }

  for (const transport of [transports[0]!, transports[2]!]) {
    describe(`over ${transport.name}`, () => {
      it('is closed for pipeline, before and after', async () => {
        const before: Promise<unknown>[] = [];
        const never = new Readable({ read() {} });
        const { request, answer } = await late(transport, (one) => {
          before.push(pipelined(never, writable(one)).catch(codeOf));
        });
        const source = createReadStream(file);
        writable(request).setMaxListeners(0);
        const after = pipelined(source, writable(request)).catch(codeOf);
        expect(premature).toContain(await after);
        expect(premature).toContain(await before[0]!);
        expect([source.destroyed, never.destroyed]).toEqual([true, true]);
        expect(await answer).toEqual(deadline);
      });

      it('is closed for pipe, which leaves no file open', async () => {
        const sources: ReadStream[] = [];
        const open = () => sources[sources.push(createReadStream(file)) - 1]!;
        const { request, answer } = await late(transport);
        open().pipe(writable(request));
        const gzip = createGzip();
        open().pipe(gzip).pipe(writable(request));
        await until(() => sources.every(({ closed }) => closed));
        await until(() => gzip.destroyed);
        expect(await answer).toEqual(deadline);
        open().pipe(writable(request));
        await until(() => sources.every(({ closed }) => closed));
        expect(sources.length).toBe(3);
      });

      it('closes the files that are being piped to it when it is destroyed', async () => {
        const sources: Readable[] = [];
        const { request, answer } = await late(transport, (one) => {
          writable(one).write('begun');
          const slow = createReadStream(file, { highWaterMark: 1 });
          const behind = createReadStream(file, { highWaterMark: 1 });
          sources.push(slow, behind);
          slow.pipe(writable(one), { end: false });
          behind.pipe(createGzip()).pipe(writable(one), { end: false });
        });
        await until(() => sources.every(({ closed }) => closed));
        expect((await answer).whole).toBeFalse();
        expect(request.ctx.err).toBeDefined();
      });

      it('leaves alone a source that others read, or that has been read before', async () => {
        const shared = new PassThrough();
        const others = new PassThrough().resume();
        const station = new PassThrough();
        station.write('news');
        const { request } = await late(transport, (one) => {
          station.pipe(writable(one));
        });
        shared.pipe(others);
        shared.pipe(writable(request));
        await until(() => !station.readableFlowing);
        await turns();
        expect([shared.destroyed, station.destroyed]).toEqual([false, false]);
        shared.write('more');
        await until(() => others.readableDidRead);
        expect(shared.listenerCount('data')).toBe(1);
      });

      it('tells each write that it failed, and waits for no drain', async () => {
        const { request } = await late(transport);
        const res = writable(request);
        const errors: unknown[] = [];
        const keep = (error?: unknown) => errors.push(codeOf(error));
        expect(res.write('late', keep)).toBeFalse();
        expect(res.write('late', 'utf8', keep)).toBeFalse();
        await once(res, 'drain');
        res.end(keep);
        res.end('later', keep);
        await turns();
        expect(errors).toEqual(Array.from({ length: 4 }, () => 'ERR_STREAM_DESTROYED'));
        const [ended] = await new Promise<[unknown]>((resolve) => {
          finished(res, (...args) => resolve(args as [unknown]));
        });
        expect(premature).toContain(codeOf(ended));
        expect([res.destroyed, res.closed, res.writableFinished]).toEqual([true, true, false]);
      });

      it('wakes a handler that waits for drain when its time is over', async () => {
        let through = false;
        const { answer } = await late(transport, async (one) => {
          const res = writable(one);
          for (let i = 0; i < 2_000; i++) {
            if (!res.write(Buffer.alloc(64 * 1024))) await once(res, 'drain');
          }
          through = true;
        });
        await until(() => through);
        expect((await answer).whole).toBeFalse();
      });

      it('says once that it is closed', async () => {
        let closed = 0;
        const { answer, request } = await late(transport, ({ res }) => {
          res.on('close', () => closed++);
        });
        expect(await answer).toEqual(deadline);
        await until(() => request.ctx.err !== undefined && closed > 0);
        await turns();
        expect(closed).toBe(1);
      });

      it('does not destroy the answer for a handler that destroys it', async () => {
        const { answer } = await late(transport, ({ ctx, res }) => {
          ctx.done$.subscribe(() => res.destroy());
        });
        expect(await answer).toEqual(deadline);
      });

      it('fails writes to a client that has gone, and closes what is piped', async () => {
        const served = await serve(
          (one) => {
            writable(one).write('begun');
          },
          { transport },
        );
        const { leave } = served.ask();
        await until(() => served.seen.length === 1);
        let closed = 0;
        const res = writable(served.seen[0]!);
        res.on('close', () => closed++);
        const slow = createReadStream(file, { highWaterMark: 1 });
        slow.pipe(res, { end: false });
        await turns();
        leave();
        await until(() => served.seen[0]!.ctx.err !== undefined);
        const error = await new Promise((resolve) => res.write('late', resolve));
        expect(codeOf(error)).toBe('ERR_STREAM_DESTROYED');
        const source = createReadStream(file);
        expect(premature).toContain(await pipelined(source, res).catch(codeOf));
        await until(() => slow.closed && source.closed);
        expect(closed).toBe(1);
      });
    });
  }

  it('is closed at once for one that waits for its turn on a pipelined connection', async () => {
    const served = await serve();
    const client = await raw(served.port);
    const get = 'GET / HTTP/1.1\r\nHost: localhost\r\n';
    client.socket.write(`${get}\r\n${get}connect-timeout-ms: 900\r\n\r\n${get}\r\n`);
    await until(() => served.seen.length === 3);
    const never = new Readable({ read() {} });
    const second = pipelined(never, writable(served.seen[1]!)).catch(codeOf);
    const third = pipelined(new Readable({ read() {} }), writable(served.seen[2]!)).catch(codeOf);
    served.clock.advance(1000);
    expect(premature).toContain(await second);
    client.socket.destroy();
    expect(premature).toContain(await third);
    await until(() => served.seen.every(({ ctx }) => ctx.err !== undefined));
  });

  for (const transport of [transports[0]!, transports[2]!]) {
    it(`lets 153 of 153 handlers end, whatever time a client gives them (${transport.name})`, async () => {
      const sources: ReadStream[] = [];
      let ended = 0;
      const open = () => sources[sources.push(createReadStream(file)) - 1]!;
      const end = () => ended++;
      const kinds: Handle[] = [
        (one) => pipeline(open(), writable(one), end),
        (one) => open().once('close', end).pipe(writable(one)),
        async (one) => {
          const source = open();
          for await (const chunk of source) if (!writable(one).write(chunk)) await once(writable(one), 'drain');
          writable(one).end();
          ended++;
        },
      ];
      const served = await serve(
        async (one, index) => {
          // Some work before it writes: its time is over by then.
          await once(one.ctx.signal, 'abort');
          void kinds[index % kinds.length]!(one, index);
        },
        { transport },
      );
      const answers = Array.from({ length: 153 }, () => served.ask({ headers: { 'connect-timeout-ms': '1' } }).answer);
      const passing = setInterval(() => served.clock.advance(1), 1);
      for (const answer of answers) expect(await answer).toEqual(deadline);
      clearInterval(passing);
      await until(() => ended === served.seen.length && sources.every(({ closed }) => closed));
      expect(ended).toBeGreaterThan(0);
      await macrotask();
      expect(takeUnhandledErrors()).toEqual([]);
    });
  }
});
