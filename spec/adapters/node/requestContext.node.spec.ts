import http from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { Socket } from 'node:net';
import { firstValueFrom } from 'rxjs';
import { ClientGoneError, requestContext } from '../../../lib/adapters/node.js';
import type { AnyRequest, AnyResponse, RequestContextOptions } from '../../../lib/adapters/node.js';
import {
  background,
  CanceledError,
  contextKey,
  DeadlineExceededError,
  isCanceled,
  remaining,
  withCancel,
  withScheduler,
  withTimeout,
  withValue,
} from '../../../lib/index.js';
import type { Context } from '../../../lib/index.js';
import { listenerCount } from '../../../lib/testing/index.js';
import { Clock } from '../../helpers/clock.js';
import { collect } from '../../helpers/gc.js';
import { listenersOf, transports, turns, until, useServers } from './servers.js';

/** More than the sockets of both sides take from somebody whose client does not read. */
const tooMuch = Buffer.alloc(32_000_000, 'x');

describe('requestContext', () => {
  const { listen, pair, raw } = useServers();
  const [parent] = withCancel(background());

  afterEach(() => {
    expect(listenerCount(parent)).withContext('listeners left on the parent').toBe(0);
  });

  /** Requests under their contexts, as they come. */
  function recorder(answer: (one: { ctx: Context; req: AnyRequest; res: AnyResponse }) => void = () => {}) {
    const seen: { ctx: Context; req: AnyRequest; res: AnyResponse; before: number }[] = [];
    const handle = (req: AnyRequest, res: AnyResponse) => {
      const before = listenersOf(res);
      const ctx = requestContext(parent, req, res);
      seen.push({ ctx, req, res, before });
      answer({ ctx, req, res });
    };
    return { seen, handle };
  }

  for (const transport of transports) {
    describe(`over ${transport.name}`, () => {
      it('is alive while the request is worked on, and released when the response is finished', async () => {
        const { seen, handle } = recorder();
        const { ask } = await pair(transport, handle);
        const { answer } = ask();
        await until(() => seen.length === 1);
        const { ctx, res, before } = seen[0]!;
        ctx.done$.subscribe();
        expect(listenerCount(parent)).toBe(1);
        await turns();
        expect(ctx.err).toBeUndefined();

        res.end('whole');
        expect(await answer).toEqual(jasmine.objectContaining({ status: 200, body: 'whole', whole: true }));
        await until(() => ctx.err !== undefined);
        expect(ctx.err).toBeInstanceOf(CanceledError);
        expect(ctx.cause).toBe(ctx.err);
        expect(listenerCount(ctx)).toBe(0);
        expect(listenersOf(res)).toBeLessThanOrEqual(before);
      });

      it('is canceled with a ClientGoneError as the cause when the client goes', async () => {
        const { seen, handle } = recorder();
        const { ask } = await pair(transport, handle);
        const { leave } = ask();
        await until(() => seen.length === 1);
        const { ctx, res, before } = seen[0]!;
        leave();
        const err = await firstValueFrom(ctx.done$);
        expect(isCanceled(err)).toBeTrue();
        expect(ctx.cause).toBeInstanceOf(ClientGoneError);
        expect((ctx.cause as Error).name).toBe('ClientGoneError');
        expect((ctx.cause as Error).message).toBe('client gone before the response was finished');
        expect(err.cause).toBe(ctx.cause);
        await turns();
        expect(listenersOf(res)).toBeLessThanOrEqual(before);
      });

      it('is canceled too when the client goes in the middle of the response', async () => {
        const { seen, handle } = recorder(({ res }) => (res as ServerResponse).write('first'));
        const { ask } = await pair(transport, handle);
        const { leave, answer } = ask();
        await until(() => seen.length === 1);
        await turns();
        leave();
        await answer;
        await firstValueFrom(seen[0]!.ctx.done$);
        expect(seen[0]!.ctx.cause).toBeInstanceOf(ClientGoneError);
      });

      it('is canceled too when the client goes and the end of the response was not yet sent', async () => {
        const { seen, handle } = recorder(({ res }) => (res as ServerResponse).end(tooMuch));
        const { ask } = await pair(transport, handle);
        const { leave } = ask({ deaf: true });
        await until(() => seen.length === 1);
        const { ctx, res } = seen[0]!;
        expect(res.writableEnded).toBeTrue();
        await turns(50);
        expect(ctx.err).toBeUndefined();
        leave();
        await firstValueFrom(ctx.done$);
        expect(ctx.cause).toBeInstanceOf(ClientGoneError);
      });

      it('is released, not canceled for a client, when a long response reached it', async () => {
        const { seen, handle } = recorder(({ res }) => (res as ServerResponse).end(tooMuch));
        const { ask } = await pair(transport, handle);
        const { body } = await ask().answer;
        expect(body.length).toBe(tooMuch.length);
        await until(() => seen[0]!.ctx.err !== undefined);
        expect(seen[0]!.ctx.cause).toBe(seen[0]!.ctx.err);
      });

      it('goes on when the request has been read, whose own close comes then', async () => {
        let read = false;
        const { seen, handle } = recorder(({ req }) => {
          req.on('end', () => (read = true));
          req.resume();
        });
        const { ask } = await pair(transport, handle);
        const { answer, finish } = ask({ method: 'POST', body: 'a question' });
        finish();
        await until(() => read);
        await turns();
        const { ctx, res } = seen[0]!;
        expect(ctx.err).toBeUndefined();
        res.end();
        expect((await answer).whole).toBeTrue();
        await until(() => ctx.err !== undefined);
        expect(ctx.cause).not.toBeInstanceOf(ClientGoneError);
      });

      it('is canceled when the client goes while it still sends', async () => {
        const { seen, handle } = recorder(({ req }) => req.resume());
        const { ask } = await pair(transport, handle);
        const { leave } = ask({ method: 'POST', body: 'a long quest' });
        await until(() => seen.length === 1);
        leave();
        await firstValueFrom(seen[0]!.ctx.done$);
        expect(seen[0]!.ctx.cause).toBeInstanceOf(ClientGoneError);
      });

      it('is one for each request on a connection', async () => {
        const { seen, handle } = recorder(({ res }) => (res as ServerResponse).end('ok'));
        const { ask } = await pair(transport, handle);
        for (let i = 0; i < 3; i++) expect((await ask().answer).body).toBe('ok');
        await until(() => seen.every(({ ctx }) => ctx.err !== undefined));
        expect(new Set(seen.map(({ ctx }) => ctx)).size).toBe(3);
        for (const { ctx } of seen) expect(ctx.cause).toBe(ctx.err);
      });

      it('ends with a HEAD request, answered or left', async () => {
        const { seen, handle } = recorder(({ req, res }) => {
          if (req.headers['x-answer']) (res as ServerResponse).end('unseen');
        });
        const { ask } = await pair(transport, handle);
        expect((await ask({ method: 'HEAD', headers: { 'x-answer': 'yes' } }).answer).status).toBe(200);
        await until(() => seen[0]!.ctx.err !== undefined);
        expect(seen[0]!.ctx.cause).toBe(seen[0]!.ctx.err);

        const { leave } = ask({ method: 'HEAD' });
        await until(() => seen.length === 2);
        await turns();
        expect(seen[1]!.ctx.err).toBeUndefined();
        leave();
        await firstValueFrom(seen[1]!.ctx.done$);
        expect(seen[1]!.ctx.cause).toBeInstanceOf(ClientGoneError);
      });

      it('is done at once for a response that is finished or whose client is gone', async () => {
        const responses: [AnyRequest, AnyResponse][] = [];
        const { ask } = await pair(transport, (req, res) => {
          responses.push([req, res]);
          if (responses.length === 1) res.end();
        });
        await ask().answer;
        const { leave } = ask();
        await until(() => responses.length === 2);
        leave();
        const [, lost] = responses[1]!;
        await until(() => ('stream' in lost ? lost.stream : lost).destroyed);
        await turns();
        const [finished, left] = responses.map(([req, res]) => requestContext(parent, req, res));
        expect(finished!.err).toBeInstanceOf(CanceledError);
        expect(finished!.cause).toBe(finished!.err);
        expect(left!.cause).toBeInstanceOf(ClientGoneError);
      });
    });
  }

  describe('over one pipelined connection', () => {
    const request = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';

    it('is canceled for every request whose client goes, also for those whose turn has not come', async () => {
      const { seen, handle } = recorder();
      const { port } = await listen(http.createServer(handle));
      const { socket } = await raw(port);
      socket.write(request.repeat(3));
      await until(() => seen.length === 3);
      // The second is answered, but that waits for the first.
      seen[1]!.res.end('second');
      await turns();
      expect(seen.map(({ ctx }) => ctx.err)).toEqual([undefined, undefined, undefined]);
      socket.destroy();
      await Promise.all(seen.map(({ ctx }) => firstValueFrom(ctx.done$)));
      for (const { ctx } of seen) expect(ctx.cause).toBeInstanceOf(ClientGoneError);
    });

    it('is released one after the other, in the order of the responses', async () => {
      const { seen, handle } = recorder();
      const { port } = await listen(http.createServer(handle));
      const client = await raw(port);
      client.socket.write(request);
      await until(() => seen.length === 1);
      const { ctx, req, res } = seen.pop()!;
      res.end();
      await until(() => ctx.err !== undefined);
      const before = req.socket.listenerCount('close');
      client.socket.write(request.repeat(3));
      await until(() => seen.length === 3);
      seen[2]!.res.end('c');
      seen[1]!.res.end('b');
      await turns();
      expect(seen.map(({ ctx }) => ctx.err)).toEqual([undefined, undefined, undefined]);
      seen[0]!.res.end('a');
      await until(() => /a[^]*b[^]*c$/.test(client.received));
      await until(() => seen.every(({ ctx }) => ctx.err !== undefined));
      for (const { ctx } of seen) expect(ctx.cause).toBe(ctx.err);
      expect(req.socket.listenerCount('close')).toBe(before);
    });

    it('puts one listener on the connection, however many requests wait', async () => {
      const warnings: Error[] = [];
      // Node may warn of something else at any time, for whatever ran before.
      const warn = (warning: Error) => warning.name === 'MaxListenersExceededWarning' && warnings.push(warning);
      process.on('warning', warn);
      const { seen, handle } = recorder();
      const { port } = await listen(http.createServer(handle));
      const { socket } = await raw(port);
      socket.write(request.repeat(30));
      await until(() => seen.length === 30);
      await turns();
      process.off('warning', warn);
      expect(warnings).toEqual([]);
      socket.destroy();
      await Promise.all(seen.map(({ ctx }) => firstValueFrom(ctx.done$)));
    });
  });

  it('is released when the response is finished, although the client still sends (HTTP/2)', async () => {
    const { seen, handle } = recorder(({ req, res }) => {
      req.once('data', () => (res as Http2ServerResponse).end('enough'));
    });
    const { ask } = await pair(transports[2]!, handle);
    const { leave } = ask({ method: 'POST', body: 'and so on' });
    await until(() => seen[0]?.ctx.err !== undefined);
    const { ctx, req } = seen[0]!;
    expect(ctx.cause).toBe(ctx.err);
    expect((req as Http2ServerRequest).stream.closed).toBeFalse();
    leave();
  });

  for (const transport of transports.slice(0, 2)) {
    it(`is released when the response ends the connection (${transport.name})`, async () => {
      const { seen, handle } = recorder(({ res }) => (res as ServerResponse).end('bye'));
      const { ask } = await pair(transport, handle);
      expect((await ask({ headers: { connection: 'close' } }).answer).body).toBe('bye');
      await until(() => seen[0]!.ctx.err !== undefined);
      expect(seen[0]!.ctx.cause).toBe(seen[0]!.ctx.err);
    });
  }

  it('is canceled when the response is destroyed', async () => {
    const { seen, handle } = recorder(({ res }) => (res as ServerResponse).destroy());
    const { ask } = await pair(transports[0]!, handle);
    await ask().answer;
    await firstValueFrom(seen[0]!.ctx.done$);
    expect(seen[0]!.ctx.cause).toBeInstanceOf(ClientGoneError);
  });

  it('ends once, also where somebody emits the end a second time, and others end for themselves', async () => {
    const { seen, handle } = recorder();
    const handleTwice = (req: AnyRequest, res: AnyResponse) => {
      res.once('finish', () => res.emit('close'));
      handle(req, res);
    };
    const { ask } = await pair(transports[0]!, handleTwice, 2);
    const calls = [ask(), ask()];
    await until(() => seen.length === 2);
    seen[0]!.res.end();
    await until(() => seen[0]!.ctx.err !== undefined);
    await turns();
    expect(seen[1]!.ctx.err).toBeUndefined();
    for (const { leave } of calls) leave();
    await until(() => seen[1]!.ctx.err !== undefined);
    expect(seen[1]!.ctx.cause).toBeInstanceOf(ClientGoneError);
  });

  it('is canceled when the connection is reset', async () => {
    const { seen, handle } = recorder();
    const { port } = await listen(http.createServer(handle));
    const { socket } = await raw(port);
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await until(() => seen.length === 1);
    socket.resetAndDestroy();
    await firstValueFrom(seen[0]!.ctx.done$);
    expect(seen[0]!.ctx.cause).toBeInstanceOf(ClientGoneError);
  });

  it('ends with a response that is made up, of no server', () => {
    const req = new http.IncomingMessage(new Socket());
    const res = new http.ServerResponse(req);
    const ctx = requestContext(parent, req, res);
    res.emit('close');
    expect(ctx.cause).toBeInstanceOf(ClientGoneError);
  });

  it('is the same one for one response, whoever asks', async () => {
    const got: Context[] = [];
    const before = Date.now();
    const [other] = withCancel(background());
    const { ask } = await pair(transports[0]!, (req, res) => {
      got.push(requestContext(parent, req, res, { timeoutMs: 5000 }));
      got.push(requestContext(other, req, res, { timeoutMs: 1 }));
      (res as ServerResponse).end();
      got.push(requestContext(background(), req, res));
    });
    await ask().answer;
    expect(got[1]).toBe(got[0]);
    expect(got[2]).toBe(got[0]);
    expect(got[0]!.deadline).toBeGreaterThanOrEqual(before + 5000);
  });

  it('ends with the parent, in the same way', async () => {
    const [own, cancel] = withCancel(background());
    let ctx: Context | undefined;
    const { ask } = await pair(transports[0]!, (req, res) => (ctx = requestContext(own, req, res)));
    const { leave } = ask();
    await until(() => ctx !== undefined);
    cancel(new Error('closing time'));
    expect(ctx!.err).toBe(own.err);
    expect(ctx!.cause).toBe(own.cause);
    leave();
  });

  it('has the values of the parent, and says how it was derived', async () => {
    const user = contextKey<string>('user');
    let ctx: Context | undefined;
    const { ask } = await pair(transports[0]!, (req, res) => {
      ctx = requestContext(withValue(parent, user, 'Ann'), req, res);
      (res as ServerResponse).end();
    });
    await ask().answer;
    expect(ctx!.value(user)).toBe('Ann');
    expect(String(ctx)).toContain('background.withCancel.withValue(user)');
  });

  describe('gets its time', () => {
    // On a clock that stands still: to be asked takes a busy machine a part of the time.
    const still = withScheduler(parent, new Clock(Date.now()));
    const time = async (headers: Record<string, string>, options?: RequestContextOptions, from = still) => {
      let leftMs: number | undefined;
      const { ask } = await pair(transports[0]!, (req, res) => {
        const ctx = requestContext(from, req, res, options);
        leftMs = remaining(ctx);
        (res as ServerResponse).end();
      });
      await ask({ headers }).answer;
      return leftMs!;
    };

    it('from the headers', async () => {
      expect(await time({ 'connect-timeout-ms': '20000' })).toBe(20_000);
      expect(await time({ 'grpc-timeout': '2M' })).toBe(120_000);
      expect(await time({ 'x-envoy-expected-rq-timeout-ms': '30000' })).toBe(30_000);
    });

    it('from the headers, but at most maxTimeoutMs', async () => {
      const options = { timeoutMs: 10_000, maxTimeoutMs: 40_000 };
      expect(await time({ 'connect-timeout-ms': '20000' }, options)).toBe(20_000);
      expect(await time({ 'connect-timeout-ms': '90000' }, options)).toBe(40_000);
    });

    it('from timeoutMs when the headers ask for nothing, or for nonsense', async () => {
      const options = { timeoutMs: 10_000, maxTimeoutMs: 40_000 };
      expect(await time({}, options)).toBe(10_000);
      expect(await time({ 'connect-timeout-ms': '-5', 'grpc-timeout': 'soon' }, options)).toBe(10_000);
    });

    it('from maxTimeoutMs when nobody asks for anything, and when timeoutMs is more', async () => {
      expect(await time({}, { maxTimeoutMs: 40_000 })).toBe(40_000);
      expect(await time({}, { timeoutMs: 90_000, maxTimeoutMs: 40_000 })).toBe(40_000);
    });

    it('without a limit when there is none', async () => {
      expect(await time({})).toBe(Infinity);
      expect(await time({}, { timeoutMs: Infinity, maxTimeoutMs: undefined })).toBe(Infinity);
    });

    it('from the parent, when that has less', async () => {
      const [short, cancel] = withTimeout(still, 5000);
      expect(await time({ 'connect-timeout-ms': '20000' }, {}, short)).toBe(5000);
      cancel();
    });

    it('on the clock of the parent, to the millisecond, and leaves no timer', async () => {
      const clock = new Clock(1000);
      const seen: Context[] = [];
      const { ask } = await pair(transports[0]!, (req, res) => {
        const ctx = requestContext(withScheduler(parent, clock), req, res, { timeoutMs: 50 });
        ctx.done$.subscribe();
        seen.push(ctx);
        if (req.headers['x-answer']) (res as ServerResponse).end();
      });
      const { leave } = ask();
      await until(() => seen.length === 1);
      expect(seen[0]!.deadline).toBe(1050);
      clock.advance(49);
      expect(seen[0]!.err).toBeUndefined();
      clock.advance(1);
      expect(seen[0]!.err).toBeInstanceOf(DeadlineExceededError);
      expect(clock.actions).toEqual([]);
      leave();

      await ask({ headers: { 'x-answer': 'yes' } }).answer;
      await until(() => seen[1]!.err !== undefined);
      expect(seen[1]!.err).toBeInstanceOf(CanceledError);
      expect(clock.actions).toEqual([]);
    });

    it('of nothing when nothing is left: it is done at once', async () => {
      expect(await time({ 'connect-timeout-ms': '0' })).toBe(0);
    });
  });

  it('holds nothing when the request is over: context and response are garbage', async () => {
    const refs: WeakRef<object>[] = [];
    const { ask } = await pair(transports[0]!, (req, res) => {
      const ctx = requestContext(parent, req, res, { timeoutMs: 1_000_000 });
      ctx.done$.subscribe();
      refs.push(new WeakRef(ctx), new WeakRef(res));
      (res as ServerResponse).end();
    });
    await ask().answer;
    await ask().answer;
    // The connection may hold the last one.
    while (refs.slice(0, 2).some((ref) => ref.deref() !== undefined)) {
      await turns();
      await collect();
    }
    expect(refs.length).toBe(4);
  });

  it('refuses bad input at the call', async () => {
    const problems: string[] = [];
    const check = (f: () => unknown) => {
      try {
        f();
        problems.push('nothing');
      } catch (error) {
        problems.push(error instanceof TypeError ? error.message : String(error));
      }
    };
    const { ask } = await pair(transports[0]!, (req, res) => {
      const before = listenersOf(res);
      check(() => requestContext(undefined as unknown as Context, req, res));
      check(() => requestContext(parent, undefined as unknown as IncomingMessage, res));
      check(() => requestContext(parent, {} as unknown as IncomingMessage, res));
      check(() => requestContext(parent, req, null as unknown as ServerResponse));
      check(() => requestContext(parent, req, req as unknown as ServerResponse));
      check(() => requestContext(parent, req, res, { timeoutMs: NaN }));
      check(() => requestContext(parent, req, res, { maxTimeoutMs: '5' as unknown as number }));
      expect(listenersOf(res)).toBe(before);
      (res as ServerResponse).end();
    });
    await ask().answer;
    expect(problems).toEqual([
      'requestContext: parent must be a Context, got undefined',
      'requestContext: req must be a request of node:http or node:http2, got undefined',
      'requestContext: req must be a request of node:http or node:http2, got [object Object]',
      'requestContext: res must be a response of node:http or node:http2, got null',
      'requestContext: res must be a response of node:http or node:http2, got [object Object]',
      'requestContext: timeoutMs must be a number of milliseconds, got NaN',
      'requestContext: maxTimeoutMs must be a number of milliseconds, got "5"',
    ]);
  });
});
