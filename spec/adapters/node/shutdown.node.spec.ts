import http from 'node:http';
import type { ServerResponse } from 'node:http';
import http2 from 'node:http2';
import type { Socket } from 'node:net';
import type { Observable } from 'rxjs';
import { ClientGoneError, requestContext, requests, shutdown } from '../../../lib/adapters/node.js';
import type { AnyRequest, AnyServer, HttpRequest, ShutdownOptions } from '../../../lib/adapters/node.js';
import { background, withCancel, withScheduler, withTimeout } from '../../../lib/index.js';
import type { Context } from '../../../lib/index.js';
import { listenerCount } from '../../../lib/testing/index.js';
import { Clock } from '../../helpers/clock.js';
import { transports, turns, until, useServers } from './servers.js';

const listenersOf = (server: AnyServer) => server.eventNames().map((name) => [name, server.listenerCount(name)]);

const get = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';

describe('shutdown', () => {
  const { client, listen, pair, raw } = useServers();

  /** A server whose requests wait for the spec, and that is shut down when its context is done; the grace is on a clock. */
  async function serve({ graceMs = 500, from = 'ctx', transport = transports[0]! } = {}) {
    const clock = new Clock(Date.now());
    const [ctx, cancel] = withCancel(withScheduler(background(), clock));
    const { server, port, ask } = await pair(transport, undefined, 40);
    const seen: HttpRequest<AnyRequest>[] = [];
    const parent = from === 'ctx' ? ctx : withScheduler(background(), clock);
    const all = requests(parent, server) as Observable<(typeof seen)[number]>;
    let completed = false;
    all.subscribe({
      next: (request) => seen.push(request),
      complete: () => (completed = true),
    });
    const down = shutdown(ctx, server, { graceMs });
    let isDown = false;
    void down.then(() => (isDown = true));
    return {
      ...{ clock, ctx, cancel, server, port, ask, seen, down },
      get isDown() {
        return isDown;
      },
      get completed() {
        return completed;
      },
      /** Starts requests, and waits until they are in flight: each before the next, for sockets keep no order among them. */
      async inFlight(count: number) {
        const calls: ReturnType<typeof ask>[] = [];
        while (calls.length < count) {
          calls.push(ask());
          await until(() => seen.length === calls.length);
        }
        return calls;
      },
    };
  }

  for (const transport of transports) {
    for (const from of ['ctx', 'background']) {
      describe(`over ${transport.name}, with requests under ${from}`, () => {
        it('lets requests in flight finish, their contexts alive', async () => {
          const one = await serve({ transport, from });
          const calls = await one.inFlight(2);
          one.seen[1]!.res.write('who');
          one.cancel(new Error('closing time'));
          one.clock.advance(400);
          await turns();
          expect(one.seen.map(({ ctx }) => ctx.err)).toEqual([undefined, undefined]);
          expect(one.isDown).toBeFalse();
          for (const { res } of one.seen) res.end('le');
          expect(
            (await Promise.all(calls.map(({ answer }) => answer))).map(({ body, whole }) => [body, whole]),
          ).toEqual([
            ['le', true],
            ['whole', true],
          ]);
          expect(await one.down).toEqual({ finished: 2, cut: 0 });
          expect(one.completed).toBeTrue();
        });

        it('lets what was ended go out, however long that takes', async () => {
          const one = await serve({ transport, from });
          const [call] = await one.inFlight(1);
          one.seen[0]!.res.end(Buffer.alloc(8_000_000, 'x'));
          one.cancel();
          expect((await call!.answer).body.length).toBe(8_000_000);
          expect(await one.down).toEqual({ finished: 1, cut: 0 });
        });

        it('cancels what is left when the grace is over, and closes every socket', async () => {
          const one = await serve({ transport, from });
          const calls = await one.inFlight(3);
          one.seen[1]!.res.write('half');
          const cause = new Error('closing time');
          one.cancel(cause);
          one.clock.advance(100);
          one.seen[0]!.res.end('whole');
          expect((await calls[0]!.answer).body).toBe('whole');
          await until(() => one.seen[0]!.ctx.err !== undefined);
          one.clock.advance(399);
          expect(one.seen.slice(1).map(({ ctx }) => ctx.err)).toEqual([undefined, undefined]);
          one.clock.advance(1);
          for (const { ctx } of one.seen.slice(1)) expect(ctx.cause).toBe(cause);
          if (from === 'ctx') expect(one.seen[1]!.ctx.err).toBe(one.ctx.err);
          expect(one.completed).toBe(from === 'ctx');
          expect((await calls[1]!.answer).whole).toBeFalse();
          expect(await calls[2]!.answer).toEqual(jasmine.objectContaining({ status: 503, whole: true }));
          // What is open still is given a moment, and then is not.
          one.clock.advance(100);
          expect(await one.down).toEqual({ finished: 1, cut: 2 });
          expect(one.completed).toBeTrue();
        });
      });
    }

    it(`is over, with that as the cause, when the last client goes (${transport.name})`, async () => {
      const one = await serve({ transport });
      const [call] = await one.inFlight(1);
      one.cancel();
      call!.leave();
      // As soon as the server is closed, even if it says so first.
      expect(await one.down).toEqual({ finished: 0, cut: 0 });
      expect(one.seen[0]!.ctx.cause).toBeInstanceOf(ClientGoneError);
    });

    it(`accepts no new connection and closes idle ones at once (${transport.name})`, async () => {
      const one = await serve({ transport });
      const { answer } = one.ask();
      await until(() => one.seen.length === 1);
      one.seen[0]!.res.end('ok');
      expect((await answer).headers.connection).toBe(transport.version === 1 ? 'keep-alive' : undefined);
      await until(() => one.seen[0]!.ctx.err !== undefined);
      one.cancel();
      expect(one.completed).toBeTrue();
      expect(await one.down).toEqual({ finished: 0, cut: 0 });
      expect(one.server.listening).toBeFalse();
      expect(listenerCount(one.ctx)).toBe(0);
      expect(one.clock.actions).toEqual([]);
      expect((await one.ask().answer).status).toBeUndefined();
    });
  }

  for (const transport of [transports[0]!, transports[2]!]) {
    it(`waits for ctx, and takes what came before it was called (${transport.name})`, async () => {
      const [ctx, cancel] = withCancel(withScheduler(background(), new Clock(Date.now())));
      const { server, ask } = await pair(transport);
      const seen: HttpRequest<AnyRequest>[] = [];
      (requests(ctx, server) as Observable<(typeof seen)[number]>).subscribe((request) => seen.push(request));
      const { answer } = ask();
      await until(() => seen.length === 1);
      const down = shutdown(ctx, server, { graceMs: 60_000 });
      await turns();
      expect(server.listening).toBeTrue();
      cancel();
      await turns();
      expect(server.listening).toBeFalse();
      expect(seen[0]!.ctx.err).toBeUndefined();
      seen[0]!.res.end('in time');
      expect((await answer).body).toBe('in time');
      expect(await down).toEqual({ finished: 1, cut: 0 });
    });
  }

  it('has nothing to do with connections that were closed before', async () => {
    const clock = new Clock(Date.now());
    const [ctx, cancel] = withCancel(withScheduler(background(), clock));
    let asked = 0;
    const { server, port, ask } = await pair(transports[2]!, () => asked++);
    const down = shutdown(ctx, server, { graceMs: 500 });
    // A request that nobody asked a context for stays to the last.
    ask();
    await until(() => asked === 1);
    const gone: (Socket | http2.ServerHttp2Session)[] = [];
    const know = (one: (typeof gone)[number]) => gone.push(one);
    server.on('connection', know).on('session', know);
    const client = http2.connect(`http://127.0.0.1:${port}`);
    await until(() => gone.length === 2);
    client.destroy();
    await until(() => gone.every(({ destroyed }) => destroyed));
    await turns();
    const touched = gone.map((one) => spyOn(one as Socket, 'destroy'));
    cancel();
    clock.advance(500);
    clock.advance(100);
    expect(await down).toEqual({ finished: 0, cut: 1 });
    for (const destroy of touched) expect(destroy).not.toHaveBeenCalled();
  });

  it('minds no stream that is about to say that it is closed', async () => {
    const one = await serve({ transport: transports[2]! });
    await one.inFlight(1);
    (one.seen[0]!.res as unknown as http2.Http2ServerResponse).stream.destroy();
    one.cancel();
    expect(await one.down).toEqual({ finished: 0, cut: 0 });
  });

  it('keeps alive what requestContext derives from ctx, or from a context below it', async () => {
    const [ctx, cancel] = withCancel(background());
    const [below] = withTimeout(ctx, 60_000);
    const contexts: Context[] = [];
    const responses: ServerResponse[] = [];
    const { server, ask } = await pair(
      transports[0]!,
      (req, res) => {
        contexts.push(requestContext(contexts.length === 0 ? ctx : below, req, res));
        responses.push(res as ServerResponse);
      },
      2,
    );
    const down = shutdown(ctx, server, { graceMs: 60_000 });
    const calls = [ask(), ask()];
    await until(() => contexts.length === 2);
    cancel();
    expect(contexts.map(({ err }) => err)).toEqual([undefined, undefined]);
    for (const res of responses) res.end();
    await Promise.all(calls.map(({ answer }) => answer));
    expect(await down).toEqual({ finished: 2, cut: 0 });
    for (const one of contexts) expect(one.err).toBeDefined();
  });

  it('does not keep alive what ends for another reason', async () => {
    const one = await serve();
    const [own, stop] = withCancel(one.ctx);
    const { server, ask } = await pair(transports[0]!);
    const contexts: Context[] = [];
    server.on('request', (req: http.IncomingMessage, res: ServerResponse) => {
      contexts.push(requestContext(own, req, res, { timeoutMs: contexts.length === 0 ? 300 : 10_000 }));
    });
    const down = shutdown(one.ctx, server, { graceMs: 500 });
    const first = ask();
    await until(() => contexts.length === 1);
    one.cancel();
    one.clock.advance(300);
    expect(contexts[0]!.err!.name).toBe('TimeoutError');
    stop('too late to end what ended');
    first.leave();
    expect(await down).toEqual({ finished: 0, cut: 0 });
  });

  it('ends a context below ctx that is canceled by itself, before and in the grace of others', async () => {
    const [ctx, cancel] = withCancel(background());
    const [own, stop] = withCancel(ctx);
    const { server, ask } = await pair(transports[0]!);
    let context: Context | undefined;
    server.on('request', (req: http.IncomingMessage, res: ServerResponse) => {
      context = requestContext(own, req, res);
    });
    const down = shutdown(ctx, server, { graceMs: 60_000 });
    const { leave } = ask();
    await until(() => context !== undefined);
    stop('own reason');
    expect(context!.cause).toBe('own reason');
    cancel();
    leave();
    expect(await down).toEqual({ finished: 0, cut: 0 });
  });

  for (const from of ['ctx', 'background']) {
    it(`answers new requests on open connections with 503, and counts them in neither (under ${from})`, async () => {
      const one = await serve({ from });
      const client = await raw(one.port);
      client.socket.write(get);
      await until(() => one.seen.length === 1);
      one.cancel();
      client.socket.write(get);
      await turns();
      expect(one.seen.length).toBe(1);
      one.seen[0]!.res.end('first');
      await until(() => client.ended !== undefined);
      expect(client.received).toMatch(/first$/);
      expect(await one.down).toEqual({ finished: 1, cut: 0 });
    });
  }

  it('tells the client of a request that comes in the meantime that the connection ends', async () => {
    const [ctx, cancel] = withCancel(background());
    const responses: ServerResponse[] = [];
    const { server, port } = await listen(http.createServer((_, res) => responses.push(res)));
    const down = shutdown(ctx, server, { graceMs: 60_000 });
    const client = await raw(port);
    client.socket.write(get);
    await until(() => responses.length === 1);
    responses[0]!.write('first');
    cancel();
    client.socket.write(get);
    await until(() => responses.length === 2);
    responses[0]!.end();
    responses[1]!.end('second');
    expect(await down).toEqual({ finished: 1, cut: 0 });
    await until(() => client.ended !== undefined);
    expect(client.received).toMatch(/Connection: keep-alive[^]*first[^]*Connection: close[^]*second$/);
  });

  it('looks once a turn for connections that became idle, however many responses are over', async () => {
    const one = await serve();
    await one.inFlight(3);
    const look = spyOn(one.server as http.Server, 'closeIdleConnections').and.callThrough();
    one.cancel();
    await turns();
    expect(look).toHaveBeenCalledTimes(1);
    look.calls.reset();
    for (const { res } of one.seen.slice(1)) res.destroy();
    await turns();
    expect(look).toHaveBeenCalledTimes(1);
    one.seen[0]!.res.destroy();
    expect(await one.down).toEqual({ finished: 0, cut: 0 });
  });

  it('tells the client of a response that is not begun that the connection ends', async () => {
    const one = await serve();
    const [call] = await one.inFlight(1);
    one.cancel();
    one.seen[0]!.res.end('bye');
    expect((await call!.answer).headers.connection).toBe('close');
    expect(await one.down).toEqual({ finished: 1, cut: 0 });
  });

  it('counts requests that nobody asked a context for', async () => {
    const clock = new Clock(Date.now());
    const [ctx, cancel] = withCancel(withScheduler(background(), clock));
    const responses: ServerResponse[] = [];
    const { server, ask } = await pair(transports[0]!, (_, res) => responses.push(res as ServerResponse), 2);
    const down = shutdown(ctx, server, { graceMs: 500 });
    const first = ask();
    await until(() => responses.length === 1);
    const second = ask();
    await until(() => responses.length === 2);
    cancel();
    responses[0]!.end('whole');
    await first.answer;
    clock.advance(500);
    clock.advance(100);
    expect((await second.answer).whole).toBeFalse();
    expect(await down).toEqual({ finished: 1, cut: 1 });
  });

  it('counts a client that goes in the meantime in neither', async () => {
    const one = await serve();
    const calls = await one.inFlight(2);
    one.cancel();
    calls[0]!.leave();
    await until(() => one.seen.some(({ ctx }) => ctx.err !== undefined));
    one.seen.find(({ ctx }) => ctx.err === undefined)!.res.end('ok');
    expect(await one.down).toEqual({ finished: 1, cut: 0 });
  });

  it('gives no time when the grace is 0', async () => {
    const one = await serve({ graceMs: 0 });
    const [call] = await one.inFlight(1);
    one.cancel();
    one.clock.advance(0);
    expect(await call!.answer).toEqual(jasmine.objectContaining({ status: 503 }));
    expect(await one.down).toEqual({ finished: 0, cut: 1 });
  });

  it('waits as long as it takes when the grace is Infinity', async () => {
    const one = await serve({ graceMs: Infinity });
    const [call] = await one.inFlight(1);
    one.cancel();
    one.clock.advance(1e12);
    expect(one.seen[0]!.ctx.err).toBeUndefined();
    one.seen[0]!.res.end('at last');
    expect((await call!.answer).body).toBe('at last');
    expect(await one.down).toEqual({ finished: 1, cut: 0 });
  });

  it('begins at once when ctx is done already', async () => {
    const clock = new Clock(Date.now());
    const [ctx, cancel] = withCancel(withScheduler(background(), clock));
    cancel();
    const { server } = await listen(http.createServer());
    expect(await shutdown(ctx, server, { graceMs: 60_000 })).toEqual({ finished: 0, cut: 0 });
    expect(server.listening).toBeFalse();
    expect(clock.actions).toEqual([]);
  });

  it('is over when the server is closed before, and lets go of ctx', async () => {
    const [ctx] = withCancel(background());
    const { server } = await listen(http.createServer());
    const before = listenersOf(server);
    const down = shutdown(ctx, server, { graceMs: 60_000 });
    server.close();
    expect(await down).toEqual({ finished: 0, cut: 0 });
    expect(listenerCount(ctx)).toBe(0);
    expect(listenersOf(server)).toEqual(before);
  });

  it('minds no server that never listened', async () => {
    const [ctx, cancel] = withCancel(background());
    const down = shutdown(ctx, http.createServer(), { graceMs: 60_000 });
    cancel();
    expect(await down).toEqual({ finished: 0, cut: 0 });
  });

  it('closes upgraded connections and those that never asked anything', async () => {
    const clock = new Clock(Date.now());
    const [ctx, cancel] = withCancel(withScheduler(background(), clock));
    const { server, port } = await listen(http.createServer());
    const down = shutdown(ctx, server, { graceMs: 500 });
    let upgraded = 0;
    server.on('upgrade', (_, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n');
      socket.on('error', () => {});
      upgraded++;
    });
    const client = await raw(port);
    client.socket.write('GET / HTTP/1.1\r\nHost: x\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n');
    const silent = await raw(port);
    await until(() => upgraded === 1);
    cancel();
    await turns();
    clock.advance(100);
    expect(await down).toEqual({ finished: 0, cut: 0 });
    await until(() => client.ended !== undefined && silent.ended !== undefined);
  });

  it('closes a connection that never asked anything as soon as the last request is over', async () => {
    const one = await serve();
    const silent = await raw(one.port);
    const [call] = await one.inFlight(1);
    one.cancel();
    one.seen[0]!.res.end('ok');
    expect((await call!.answer).body).toBe('ok');
    await until(() => one.seen[0]!.ctx.err !== undefined);
    one.clock.advance(100);
    expect(await one.down).toEqual({ finished: 1, cut: 0 });
    await until(() => silent.ended !== undefined);
  });

  it('closes the connections of clients that do not read', async () => {
    const one = await serve();
    const { answer } = one.ask({ deaf: true });
    await until(() => one.seen.length === 1);
    one.seen[0]!.res.end(Buffer.alloc(32_000_000));
    one.cancel();
    one.clock.advance(500);
    one.clock.advance(100);
    expect(await one.down).toEqual({ finished: 0, cut: 1 });
    void answer;
  });

  it('may be called twice', async () => {
    const one = await serve();
    const again = shutdown(one.ctx, one.server, { graceMs: 500 });
    const [call] = await one.inFlight(1);
    one.cancel();
    one.seen[0]!.res.end('ok');
    await call!.answer;
    expect(await one.down).toEqual({ finished: 1, cut: 0 });
    expect(await again).toEqual({ finished: 1, cut: 0 });
  });

  it('leaves no listener on the server, which may listen again', async () => {
    const { server } = await pair(transports[0]!);
    const before = listenersOf(server);
    const [ctx, cancel] = withCancel(background());
    const down = shutdown(ctx, server, { graceMs: 60_000 });
    cancel();
    await down;
    expect(listenersOf(server)).toEqual(before);
    const { port } = await listen(server);
    requests(background(), server as http.Server).subscribe(({ res }) => res.end('again'));
    expect((await client(transports[0]!, port)().answer).body).toBe('again');
  });

  it('that is over closes no connection of a server that listens again', async () => {
    const { server } = await pair(transports[0]!);
    const [ctx, cancel] = withCancel(background());
    const down = shutdown(ctx, server, { graceMs: 60_000 });
    cancel();
    await down;
    const closeIdle = spyOn(server as http.Server, 'closeIdleConnections');
    await turns();
    expect(closeIdle).not.toHaveBeenCalled();
  });

  it('refuses bad input at the call', () => {
    const server = http.createServer();
    const before = listenersOf(server);
    const message = (ctx: unknown, on: unknown, options?: unknown) => {
      try {
        void shutdown(ctx as Context, on as AnyServer, options as ShutdownOptions);
        return 'nothing';
      } catch (error) {
        return error instanceof TypeError ? error.message : String(error);
      }
    };
    expect(message({}, server, { graceMs: 1 })).toBe('shutdown: ctx must be a Context, got [object Object]');
    expect(message(background(), undefined, { graceMs: 1 })).toMatch(
      /^shutdown: server must be a server of .* undefined$/,
    );
    for (const options of [undefined, {}, { graceMs: undefined }]) {
      expect(message(background(), server, options)).toBe(
        'shutdown: graceMs must be a number of milliseconds, got undefined',
      );
    }
    expect(message(background(), server, { graceMs: NaN })).toMatch(/got NaN$/);
    expect(listenersOf(server)).toEqual(before);
  });
});
