import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import type { ServerResponse } from 'node:http';
import http2 from 'node:http2';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expectTypeOf } from 'expect-type';
import {
  concatMap,
  config,
  filter,
  finalize,
  firstValueFrom,
  map,
  mergeMap,
  NEVER,
  Observable,
  of,
  startWith,
  Subject,
  takeUntil,
  tap,
} from 'rxjs';
import { ClientGoneError, requests } from '../../../lib/adapters/node.js';
import type { AnyRequest, AnyServer, HttpRequest, RequestContextOptions } from '../../../lib/adapters/node.js';
import {
  background,
  isCanceled,
  takeUntilCtx,
  throwIfDone,
  withCancel,
  withScheduler,
  withTimeout,
} from '../../../lib/index.js';
import type { Context } from '../../../lib/index.js';
import { listenerCount } from '../../../lib/testing/index.js';
import { Clock } from '../../helpers/clock.js';
import { Random } from '../../helpers/random.js';
import { macrotask, takeUnhandledErrors } from '../../support/unhandled-errors.js';
import { start } from './processes.js';
import { transports, turns, until, useServers } from './servers.js';

type Handle = (request: HttpRequest<AnyRequest>, seen: number) => unknown;

/** What a client sends that does not wait long. */
const soon = { 'connect-timeout-ms': '900' };

describe('requests', () => {
  const { listen, pair, raw } = useServers();

  /** A server whose requests go to a handler, under a parent and on a clock of their own. */
  async function serve(handle: Handle = () => {}, options?: RequestContextOptions, transport = transports[0]!) {
    const clock = new Clock(Date.now());
    const [parent, cancel] = withCancel(withScheduler(background(), clock));
    const { server, port, ask } = await pair(transport, undefined, 40);
    const seen: HttpRequest<AnyRequest>[] = [];
    let completed = false;
    const subscription = (requests(parent, server, options) as Observable<(typeof seen)[number]>).subscribe({
      next: (request) => {
        seen.push(request);
        return handle(request, seen.length);
      },
      complete: () => (completed = true),
    });
    return {
      ...{ parent, cancel, clock, server, port, ask, seen, subscription },
      /** Waits for the requests, and lets their time pass. */
      async expire(count = 1) {
        await until(() => seen.length === count);
        clock.advance(1000);
      },
      get completed() {
        return completed;
      },
    };
  }

  const answered = (status: number, body: string) => jasmine.objectContaining({ status, body, whole: true });
  const deadline = answered(504, 'Gateway Timeout');
  const closing = answered(503, 'Service Unavailable');
  const failure = answered(500, 'Internal Server Error');

  for (const transport of transports) {
    describe(`over ${transport.name}`, () => {
      it('emits each request with its context, and leaves its response alone', async () => {
        const { ask, seen, parent } = await serve(
          ({ req, res }) => {
            res.setHeader('x-mine', 'yes');
            res.writeHead(201);
            req.pipe(res);
          },
          undefined,
          transport,
        );
        const { answer, finish } = ask({ method: 'POST', body: 'question' });
        finish();
        expect(await answer).toEqual(answered(201, 'question'));
        expect((await answer).headers['x-mine']).toBe('yes');
        await until(() => seen[0]!.ctx.err !== undefined);
        expect(isCanceled(seen[0]!.ctx.err)).toBeTrue();
        expect(seen[0]!.ctx.cause).not.toBeInstanceOf(ClientGoneError);
        expect(listenerCount(parent)).toBe(1);
      });

      it('answers 504 when the deadline comes before anything was written', async () => {
        const unsent: Handle = ({ res }) => {
          res.setHeader('content-length', '1000000');
          res.setHeader('set-cookie', ['a=b']);
          res.statusCode = 201;
        };
        const { ask, seen, expire } = await serve(unsent, { timeoutMs: 900 }, transport);
        const { answer } = ask();
        await expire();
        expect(await answer).toEqual(deadline);
        expect((await answer).headers['set-cookie']).toBeUndefined();
        expect((await answer).headers['content-type']).toContain('text/plain');
        expect(seen[0]!.ctx.err!.name).toBe('TimeoutError');
      });

      it('destroys a response that was begun, which the client cannot take for whole', async () => {
        const { ask, expire } = await serve(({ res }) => res.write('half of it'), undefined, transport);
        const { answer } = ask({ headers: soon });
        await expire();
        expect((await answer).whole).toBeFalse();
      });

      it('lets a response that was ended go out, however long that takes', async () => {
        const body = Buffer.alloc(3_000_000, 'x');
        const served = await serve(
          ({ res }) => {
            res.end(body);
            served.clock.advance(1000);
          },
          { timeoutMs: 900 },
          transport,
        );
        const { answer } = served.ask();
        expect((await answer).body.length).toBe(body.length);
        expect((await answer).whole).toBeTrue();
        expect(served.seen[0]!.ctx.err!.name).toBe('TimeoutError');
      });

      it('answers 503 when parent is done, and completes', async () => {
        const served = await serve(() => {}, undefined, transport);
        const { answer } = served.ask();
        await until(() => served.seen.length === 1);
        served.cancel(new Error('closing time'));
        expect(served.completed).toBeTrue();
        expect(await answer).toEqual(closing);
        expect(served.seen[0]!.ctx.err).toBe(served.parent.err);
      });

      it('says nothing to a client that is gone, and minds nothing that is written to it', async () => {
        const { ask, seen, parent } = await serve(() => {}, undefined, transport);
        const { leave } = ask();
        await until(() => seen.length === 1);
        leave();
        await until(() => seen[0]!.ctx.err !== undefined);
        const { ctx, res } = seen[0]!;
        expect(ctx.cause).toBeInstanceOf(ClientGoneError);
        res.setHeader('x-mine', 'yes');
        res.writeHead(200).write('late');
        res.end('later');
        await turns();
        expect(res.headersSent).toBeFalse();
        expect(listenerCount(parent)).toBe(1);
      });

      it('lets nothing come of what the handler does after the answer', async () => {
        let went = 0;
        const { ask, seen, expire } = await serve(() => {}, undefined, transport);
        const { answer } = ask({ headers: soon });
        await expire();
        const { res } = seen[0]!;
        const before = { ...res.getHeaders() };
        res.statusCode = 200;
        res.setHeader('x-mine', 'yes').removeHeader('content-type');
        res.appendHeader('x-mine', 'too');
        res.flushHeaders();
        expect(res.writeHead(200, { 'x-mine': 'yes' }) === res).toBeTrue();
        expect(res.write('late', () => went++)).toBeFalse();
        expect(res.end('later', () => went++) === res).toBeTrue();
        expect({ ...res.getHeaders() }).toEqual(before);
        expect(await answer).toEqual(deadline);
        expect(went).toBe(2);
      });

      it('lets nothing come of what the handler does after the destruction', async () => {
        const { ask, seen, expire } = await serve(({ res }) => res.write('half'), undefined, transport);
        const { answer } = ask({ headers: soon });
        await expire();
        const { res } = seen[0]!;
        res.setHeader('x-mine', 'yes');
        res.writeHead(500).write('of it');
        res.end();
        expect((await answer).whole).toBeFalse();
      });

      it('answers a request whose time is over when it comes, without emitting it', async () => {
        const { ask, seen } = await serve(() => {}, undefined, transport);
        expect(await ask({ headers: { 'grpc-timeout': '0m' } }).answer).toEqual(deadline);
        expect(seen).toEqual([]);
      });

      it('answers 500 for a handler that throws', async () => {
        const thrown = new Error('out of rows');
        const { ask, seen } = await serve(
          () => {
            throw thrown;
          },
          undefined,
          transport,
        );
        expect(await ask().answer).toEqual(failure);
        expect(seen[0]!.ctx.cause).toBe(thrown);
        await macrotask();
        expect(takeUnhandledErrors()).toEqual([thrown]);
      });

      it('destroys the response that a handler began before it threw', async () => {
        const { ask } = await serve(
          ({ res }) => {
            res.write('half');
            throw new Error('out of rows');
          },
          undefined,
          transport,
        );
        expect((await ask().answer).whole).toBeFalse();
        await macrotask();
        expect(takeUnhandledErrors().length).toBe(1);
      });
    });
  }

  it('emits nothing before the subscription and after the unsubscription, and leaves no listener', async () => {
    const { server, port } = await listen(http.createServer());
    const [parent] = withCancel(background());
    const before = server.eventNames();
    const all = requests(parent, server);
    expect(server.eventNames()).toEqual(before);
    expect(listenerCount(parent)).toBe(0);
    const subscription = all.subscribe();
    expect(server.listenerCount('request')).toBe(1);
    expect(listenerCount(parent)).toBe(1);
    subscription.unsubscribe();
    expect(server.eventNames()).toEqual(before);
    expect(listenerCount(parent)).toBe(0);
    expect(port).toBeGreaterThan(0);
  });

  it('cancels what is in flight when it is unsubscribed, and answers 503', async () => {
    const { ask, seen, subscription } = await serve();
    const { answer } = ask();
    await until(() => seen.length === 1);
    subscription.unsubscribe();
    expect(isCanceled(seen[0]!.ctx.err)).toBeTrue();
    expect(await answer).toEqual(closing);
    expect((await answer).headers.connection).toBe('close');
  });

  it('answers 503, not 504, when it is the deadline of the parent', async () => {
    const { server, ask } = await pair(transports[0]!);
    // A real 50 ms may be over before the request comes, which then nobody answers.
    const clock = new Clock(Date.now());
    const [parent] = withTimeout(withScheduler(background(), clock), 50);
    let asked = 0;
    let completed = false;
    requests(parent, server, { timeoutMs: 5000 }).subscribe({
      next: () => asked++,
      complete: () => (completed = true),
    });
    const { answer } = ask();
    await until(() => asked === 1);
    clock.advance(50);
    expect(await answer).toEqual(closing);
    expect(completed).toBeTrue();
  });

  it('completes without listening when parent is done already', async () => {
    const { server } = await listen(http.createServer());
    const [parent, cancel] = withCancel(background());
    cancel();
    let completed = false;
    requests(parent, server).subscribe({ complete: () => (completed = true) });
    expect(completed).toBeTrue();
    expect(server.listenerCount('request')).toBe(0);
  });

  it('completes when the server is closed, and lets go of the parent', async () => {
    const served = await serve(({ res }) => res.end('ok'));
    await served.ask().answer;
    served.server.close();
    (served.server as http.Server).closeAllConnections();
    await until(() => served.completed);
    expect(listenerCount(served.parent)).toBe(0);
    expect(served.server.listenerCount('request')).toBe(0);
  });

  it('leaves no timer when the response is finished', async () => {
    const { ask, seen, clock } = await serve(({ res }) => res.end('ok'), { timeoutMs: 900 });
    for (let i = 0; i < 3; i++) await ask().answer;
    await until(() => seen.every(({ ctx }) => ctx.err !== undefined));
    expect(clock.actions).toEqual([]);
  });

  it('resets a connection whose orderly end would be the end of the response (HTTP/1.0)', async () => {
    const { port, expire } = await serve(({ res }) => res.write('half'));
    const client = await raw(port);
    client.socket.write('GET / HTTP/1.0\r\nconnect-timeout-ms: 900\r\n\r\n');
    await until(() => client.received.endsWith('half'));
    await expire();
    await until(() => client.ended !== undefined);
    expect(client.ended).toBe('error');
  });

  it('ends a connection in order where the client sees that the last chunk is missing', async () => {
    const { port, expire } = await serve(({ res }) => res.write('half'));
    const client = await raw(port);
    client.socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nconnect-timeout-ms: 900\r\n\r\n');
    await until(() => client.received.includes('half'));
    await expire();
    await until(() => client.ended !== undefined);
    expect(client.ended).toBe('end');
    expect(client.received).toMatch(/half\r\n$/);
  });

  it('ends a connection that cannot be reset, through a Unix socket', async () => {
    const dir = mkdtempSync(path.join(tmpdir(), 'requests-'));
    const server = http.createServer();
    const [parent, cancel] = withCancel(background());
    requests(parent, server).subscribe(({ res }) => res.write('half'));
    await once(server.listen(path.join(dir, 'socket')), 'listening');
    const socket = connect(path.join(dir, 'socket'));
    socket.write('GET / HTTP/1.0\r\n\r\n');
    await once(socket, 'data');
    cancel();
    await once(socket, 'close');
    expect(listenerCount(parent)).toBe(0);
    server.close();
    rmSync(dir, { recursive: true });
  });

  it('ends a connection that cannot be reset, for it is encrypted', async () => {
    const begin: Handle = ({ res }) => res.setHeader('content-length', '9').write('half');
    const { ask, expire } = await serve(begin, undefined, transports[1]);
    const { answer } = ask({ headers: soon });
    await expire();
    expect(await answer).toEqual(jasmine.objectContaining({ body: 'half', whole: false }));
  });

  it('leaves a response that went out whole to Node, which says what is wrong with writing to it', async () => {
    const { ask, seen } = await serve(({ res }) => res.end('ok'));
    await ask().answer;
    await until(() => seen[0]!.ctx.err !== undefined);
    expect(() => seen[0]!.res.setHeader('x-mine', 'late')).toThrowError(/after they are sent/);
  });

  it('gives HTTP/2 no reason phrase, of which Node would warn', async () => {
    const writeHead = spyOn(http2.Http2ServerResponse.prototype, 'writeHead').and.callThrough();
    const { ask } = await serve(() => {}, undefined, transports[2]);
    expect(await ask({ headers: { 'grpc-timeout': '0m' } }).answer).toEqual(deadline);
    expect(writeHead.calls.allArgs()).toEqual([[504, jasmine.any(Object)] as never]);
  });

  it('keeps the connection after 504, for the next request', async () => {
    const { ask, expire } = await serve(({ req, res }) => {
      if (req.headers['x-answer']) res.end('ok');
    });
    const { answer } = ask({ headers: soon });
    await expire();
    expect((await answer).headers.connection).toBe('keep-alive');
    expect((await ask({ headers: { 'x-answer': 'yes' } }).answer).body).toBe('ok');
  });

  it('answers in their order those that wait on a pipelined connection', async () => {
    const { port, seen, expire } = await serve();
    const client = await raw(port);
    const request = 'GET / HTTP/1.1\r\nHost: localhost\r\n';
    client.socket.write(`${request}\r\n${request}connect-timeout-ms: 900\r\n\r\n`);
    await expire(2);
    await turns();
    expect(client.received).toBe('');
    seen[0]!.res.end('first');
    await until(() => client.received.endsWith('Gateway Timeout'));
    expect(client.received.indexOf('first')).toBeLessThan(client.received.indexOf('504'));
  });

  it('answers before any listener of the handler hears', async () => {
    const { ask, expire } = await serve(({ ctx, res }) => {
      ctx.done$.subscribe(() => res.writeHead(418).end('teapot'));
    });
    const { answer } = ask({ headers: soon });
    await expire();
    expect(await answer).toEqual(deadline);
  });

  it('gives two subscribers the same context', async () => {
    const { server, ask } = await pair(transports[0]!);
    const got: Context[] = [];
    requests(background(), server).subscribe(({ ctx }) => got.push(ctx));
    requests(background(), server).subscribe(({ ctx, res }) => {
      got.push(ctx);
      (res as ServerResponse).end();
    });
    await ask().answer;
    expect(got.length).toBe(2);
    expect(got[0]).toBe(got[1]);
  });

  describe('with a handler', () => {
    it('that rejects: answers 500, and the next request is served', async () => {
      const thrown = new Error('out of rows');
      const { ask, seen } = await serve(({ res }, index) => {
        if (index === 1) return Promise.reject(thrown);
        return res.end('fine');
      });
      expect(await ask().answer).toEqual(failure);
      expect(seen[0]!.ctx.cause).toBe(thrown);
      expect((await ask().answer).body).toBe('fine');
      await macrotask();
      expect(takeUnhandledErrors()).toEqual([thrown]);
    });

    it('that fails because its request is over: that is no news', async () => {
      const { ask, seen, expire } = await serve(async ({ ctx }) => {
        await firstValueFrom(ctx.done$);
        throwIfDone(ctx);
      });
      const { answer } = ask({ headers: soon });
      await expire();
      expect(await answer).toEqual(deadline);
      const { leave } = ask();
      await until(() => seen.length === 2);
      leave();
      await firstValueFrom(seen[1]!.ctx.done$);
      await turns();
      expect(takeUnhandledErrors()).toEqual([]);
    });

    it('that left a response which takes no answer: destroys it', async () => {
      const { ask, expire } = await serve(({ res }) => {
        res.writeHead = () => {
          throw new Error('no more headers');
        };
      });
      const { answer } = ask({ headers: soon });
      await expire();
      expect((await answer).status).toBeUndefined();
    });

    it('that throws, where nobody handles errors: warns, as of a server that fails', async () => {
      const warn = spyOn(process, 'emitWarning');
      const { onUnhandledError } = config;
      config.onUnhandledError = null;
      for (const [thrown, detail] of [
        ['a text', 'a text'],
        [new Error('out of rows'), jasmine.stringMatching(/^Error: out of rows\n +at /)],
      ]) {
        const { ask } = await serve(() => {
          throw thrown as Error;
        });
        expect(await ask().answer).toEqual(failure);
        const options = { type: 'UnhandledErrorWarning', detail };
        expect(warn).toHaveBeenCalledWith('requests: a handler failed', options as NodeJS.EmitWarningOptions);
      }
      const { server } = await serve();
      server.emit('error', 'too many open files');
      const options = { type: 'UnhandledErrorWarning', detail: 'too many open files' };
      expect(warn).toHaveBeenCalledWith('requests: the server failed', options);
      config.onUnhandledError = onUnhandledError;
    });

    it('that throws after it answered: the answer stays', async () => {
      const { ask, seen } = await serve(({ res }) => {
        res.end('done');
        throw new Error('afterthought');
      });
      expect(await ask().answer).toEqual(answered(200, 'done'));
      expect((seen[0]!.ctx.cause as Error).message).toBe('afterthought');
      await macrotask();
      expect(takeUnhandledErrors().length).toBe(1);
    });

    it('that is none at all: emits to nobody, and is canceled as any other', async () => {
      for (const observer of [undefined, null, {}]) {
        const { server, ask } = await pair(transports[0]!);
        const [parent, cancel] = withCancel(background());
        requests(parent, server).subscribe(observer as undefined);
        const came = once(server, 'request');
        const { answer } = ask();
        await came;
        cancel();
        expect(await answer).toEqual(closing);
      }
      await macrotask();
      expect(takeUnhandledErrors()).toEqual([]);
    });

    it('that is given as functions, one of them for the completion', () => {
      const [parent, cancel] = withCancel(background());
      let completed = 0;
      // eslint-disable-next-line rxjs-x/prefer-observer, @typescript-eslint/no-deprecated -- many programs are written so
      requests(parent, http.createServer()).subscribe(undefined, undefined, () => completed++);
      cancel();
      expect(completed).toBe(1);
    });

    it('that is a bare function', async () => {
      const { server, ask } = await pair(transports[0]!);
      requests(background(), server).subscribe(() => {
        throw new Error('out of rows');
      });
      expect(await ask().answer).toEqual(failure);
      await macrotask();
      expect(takeUnhandledErrors().length).toBe(1);
    });

    it('in a pipe that fails: the whole ends, and what is in flight with it', async () => {
      const [parent] = withCancel(background());
      const { server, ask } = await pair(transports[0]!);
      const errors: unknown[] = [];
      const thrown = new Error('out of rows');
      requests(parent, server)
        .pipe(
          map(() => {
            throw thrown;
          }),
        )
        .subscribe({ error: (error: unknown) => errors.push(error) });
      expect(await ask().answer).toEqual(closing);
      expect(errors).toEqual([thrown]);
      expect(listenerCount(parent)).toBe(0);
      expect(server.listenerCount('request')).toBe(0);
    });

    it('behind operators: answers 500, whether it throws or rejects', async () => {
      const thrown = new Error('out of rows');
      const fail = () => {
        throw thrown;
      };
      for (const handle of [fail, () => Promise.reject(thrown) as unknown]) {
        const { server, ask } = await pair(transports[0]!);
        const [parent] = withCancel(background());
        const got: Context[] = [];
        requests(parent, server)
          .pipe(filter(({ req }) => req.url === '/'))
          .pipe(tap(({ ctx }) => got.push(ctx)))
          .subscribe(handle);
        expect(await ask().answer).toEqual(failure);
        expect(got[0]!.cause).toBe(thrown);
        expect(listenerCount(parent)).toBe(1);
      }
      await macrotask();
      expect(takeUnhandledErrors()).toEqual([thrown, thrown]);
    });

    it('behind operators that make something else of a request: the error is told', async () => {
      const thrown = new Error('out of words');
      const { server, ask } = await pair(transports[0]!);
      requests(background(), server)
        .pipe(
          tap(({ res }) => res.end('ok')),
          mergeMap(({ req }) => [req.url, undefined, null, { res: {} }]),
        )
        .subscribe(() => {
          throw thrown;
        });
      expect((await ask().answer).body).toBe('ok');
      await macrotask();
      expect(takeUnhandledErrors()).toEqual([thrown, thrown, thrown, thrown]);
    });

    it('in a pipe that fails, where no error is handled: the next request is served', async () => {
      const [parent] = withCancel(background());
      const { server, ask } = await pair(transports[0]!, undefined, 2);
      const thrown = [new Error('out of rows'), new Error('out of prices')];
      let asked = 0;
      const subscription = requests(parent, server)
        .pipe(
          mergeMap(({ res }) => {
            if (asked++ % 2 === 0) return NEVER;
            if (thrown.length < asked / 2) return of(res.end('fine'));
            throw thrown[asked / 2 - 1]!;
          }),
        )
        .subscribe();
      for (let i = 0; i < 2; i++) {
        const waiting = ask();
        await until(() => asked % 2 === 1);
        expect(await ask().answer).toEqual(closing);
        expect(await waiting.answer).toEqual(closing);
      }
      const { leave } = ask();
      await until(() => asked % 2 === 1);
      expect((await ask().answer).body).toBe('fine');
      leave();
      await until(() => listenerCount(parent) === 1);
      expect(server.listenerCount('request')).toBe(1);
      await macrotask();
      expect(takeUnhandledErrors()).toEqual(thrown);
      subscription.unsubscribe();
      expect([listenerCount(parent), server.listenerCount('request')]).toEqual([0, 0]);
    });

    it('in a pipe that fails without a request: fails as any other', async () => {
      const { server } = await pair(transports[0]!);
      const thrown = new Error('nothing to start with');
      requests(background(), server)
        .pipe(
          startWith(undefined),
          map((request) => {
            if (request === undefined) throw thrown;
          }),
        )
        .subscribe();
      await macrotask();
      expect(takeUnhandledErrors()).toEqual([thrown]);
      expect(server.listenerCount('request')).toBe(0);
    });

    it('in a pipe that runs under the context: 504 when that is done', async () => {
      const clock = new Clock(Date.now());
      const { server, ask } = await pair(transports[0]!);
      let working = 0;
      const work = (ctx: Context) => {
        working++;
        return NEVER.pipe(
          takeUntilCtx(ctx),
          finalize(() => working--),
        );
      };
      requests(withScheduler(background(), clock), server, { timeoutMs: 900 })
        .pipe(mergeMap(({ ctx }) => work(ctx)))
        .subscribe();
      for (let i = 0; i < 2; i++) {
        const { answer } = ask();
        await until(() => working === 1);
        clock.advance(1000);
        expect(working).toBe(0);
        expect(await answer).toEqual(deadline);
      }
    });
  });

  describe('with a server error', () => {
    it('that nobody else listens to: is reported, and the server is served on', async () => {
      const { server, ask } = await serve(({ res }) => res.end('ok'));
      const error = new Error('too many open files');
      server.emit('error', error);
      await macrotask();
      expect(takeUnhandledErrors()).toEqual([error]);
      expect((await ask().answer).body).toBe('ok');
    });

    it('that somebody else listens to: leaves it to them', async () => {
      const { server } = await serve();
      const errors: unknown[] = [];
      server.on('error', (error) => errors.push(error));
      server.emit('error', new Error('too many open files'));
      await macrotask();
      expect(errors.length).toBe(1);
      expect(takeUnhandledErrors()).toEqual([]);
    });

    it('because the port is taken: is reported', async () => {
      const { port } = await serve();
      const [parent] = withCancel(background());
      const server = http.createServer();
      const subscription = requests(parent, server).subscribe();
      server.listen(port, '127.0.0.1');
      let errors: unknown[] = [];
      await until(() => (errors = takeUnhandledErrors()).length > 0);
      expect((errors[0] as NodeJS.ErrnoException).code).toBe('EADDRINUSE');
      subscription.unsubscribe();
      expect(listenerCount(parent)).toBe(0);
    });
  });

  describe('with clients that misbehave', () => {
    const bombs: Record<string, string> = {
      'a header bomb': `GET / HTTP/1.1\r\nHost: localhost\r\n${'x-bomb: 0123456789abcdef\r\n'.repeat(2000)}\r\n`,
      'no HTTP at all': 'hello?\r\n\r\n',
      'a header that never ends': `GET / HTTP/1.1\r\nHost: localhost\r\nx: ${'y'.repeat(40_000)}`,
      'two lengths': 'POST / HTTP/1.1\r\nHost: localhost\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nx',
    };
    for (const [what, text] of Object.entries(bombs)) {
      it(`who send ${what}: serves the others, and holds no context`, async () => {
        const { port, ask, seen, parent } = await serve(({ res }) => res.end('ok'));
        const client = await raw(port);
        client.socket.write(text);
        await until(() => client.ended !== undefined);
        expect(client.received).toMatch(/^HTTP\/1.1 4\d\d /);
        expect((await ask().answer).body).toBe('ok');
        await until(() => seen.every(({ ctx }) => ctx.err !== undefined));
        expect(listenerCount(parent)).toBe(1);
      });
    }

    it('who ask for thousands of times: one valid one is found, and none is no error', async () => {
      const { ask } = await serve(({ ctx, res }) => res.end(String(ctx.deadline !== undefined)));
      const nonsense = Array.from({ length: 400 }, (_, i) => [`x-timeout-${i}`, '1'] as const);
      expect((await ask({ headers: Object.fromEntries(nonsense) }).answer).body).toBe('false');
      const headers = { ...Object.fromEntries(nonsense), 'connect-timeout-ms': '1e9', 'grpc-timeout': '9H' };
      expect((await ask({ headers }).answer).body).toBe('true');
    });

    it('who reset the connection while they send, wait and read', async () => {
      const { port, seen, parent } = await serve(({ req, res }) => {
        res.write('some');
        req.resume();
      });
      const openings = [
        'POST / HTTP/1.1\r\nHost: x\r\ncontent-length: 9\r\n\r\nhalf',
        'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
      ];
      for (const opening of openings) {
        const { socket } = await raw(port);
        const before = seen.length;
        socket.write(opening);
        await until(() => seen.length > before);
        socket.resetAndDestroy();
      }
      await until(() => seen.every(({ ctx }) => ctx.err !== undefined));
      for (const { ctx } of seen) expect(ctx.cause).toBeInstanceOf(ClientGoneError);
      expect(listenerCount(parent)).toBe(1);
    });
  });

  for (const transport of transports) {
    it(`leaves nothing behind when many come, go and miss their time (${transport.name})`, async () => {
      const random = new Random(7);
      const { ask, seen, parent, clock } = await serve(
        ({ req, res, ctx }) => {
          ctx.done$.subscribe();
          const kind = req.headers['x-kind'];
          if (kind !== 'late') res.write('some');
          if (kind === 'whole') setTimeout(() => res.end('whole'), random.below(20));
        },
        { timeoutMs: 900 },
        transport,
      );
      const kinds = ['whole', 'cut', 'late'];
      const calls = Array.from({ length: 150 }, () => {
        const call = ask({ headers: { 'x-kind': random.pick(kinds) } });
        if (random.oneIn(3)) setTimeout(() => call.leave(), random.below(40));
        return call;
      });
      const answers = Promise.all(calls.map(({ answer }) => answer));
      // Until all are through: with HTTP/1.1 some wait for a connection.
      const passing = setInterval(() => clock.advance(100), 5);
      for (const { status, body, whole } of await answers) {
        if (whole) expect([status, body]).toEqual(status === 504 ? [504, 'Gateway Timeout'] : [200, 'somewhole']);
      }
      clearInterval(passing);
      expect((await answers).filter(({ whole }) => whole).length).toBeGreaterThan(10);
      expect((await answers).filter(({ whole }) => !whole).length).toBeGreaterThan(10);
      await until(() => seen.every(({ ctx }) => ctx.err !== undefined));
      expect(listenerCount(parent)).toBe(1);
      expect(clock.actions).toEqual([]);
    }, 20_000);
  }

  it('is an observable like any other in a pipe', async () => {
    const stop = new Subject<void>();
    const { server, ask } = await pair(transports[0]!);
    let completed = false;
    requests(background(), server)
      .pipe(
        concatMap(({ res }) => {
          (res as ServerResponse).end('ok');
          return [];
        }),
        takeUntil(stop),
      )
      .subscribe({ complete: () => (completed = true) });
    expect((await ask().answer).body).toBe('ok');
    stop.next();
    expect(completed).toBeTrue();
    expect(server.listenerCount('request')).toBe(0);
    const requests$ = requests(background(), server);
    expect(requests$.pipe()).toBeInstanceOf(Observable);
    // What an operator makes of it stays what it is.
    const own = new (class extends Observable<never> {})();
    expect(requests$.pipe(() => own)).toBe(own);
  });

  it('refuses bad input at the call', () => {
    const server = http.createServer();
    const message = (f: () => unknown) => {
      try {
        f();
        return 'nothing';
      } catch (error) {
        return error instanceof TypeError ? error.message : String(error);
      }
    };
    const bad = undefined as unknown;
    expect(message(() => requests(bad as Context, server))).toBe('requests: parent must be a Context, got undefined');
    const { on, off, close } = server;
    for (const no of [bad, null, {}, 'server', new Subject(), { off, close }, { on, close }, { on, off }]) {
      expect(message(() => requests(background(), no as AnyServer))).toMatch(/^requests: server must be a server of/);
    }
    expect(message(() => requests(background(), server, { timeoutMs: NaN }))).toBe(
      'requests: timeoutMs must be a number of milliseconds, got NaN',
    );
    expect(message(() => requests(background(), server, { maxTimeoutMs: '1' as unknown as number }))).toBe(
      'requests: maxTimeoutMs must be a number of milliseconds, got "1"',
    );
    expect(server.eventNames()).not.toContain('request');
  });

  it('is typed by its server', async () => {
    const { server, ask } = await pair(transports[0]!);
    requests(background(), server as http.Server).subscribe(({ req, res }) => {
      expectTypeOf(req).toEqualTypeOf<http.IncomingMessage>();
      expectTypeOf(res).toEqualTypeOf<ServerResponse>();
      res.writeHead(200, req.httpVersion).end(req.url);
    });
    expectTypeOf(requests(background(), http2.createServer())).toEqualTypeOf<
      Observable<HttpRequest<http2.Http2ServerRequest, http2.Http2ServerResponse>>
    >();
    expect((await ask().answer).body).toBe('/');
  });
});

describe('requests in a process that handles no errors', () => {
  it('warn of what an operator or a handler throws and of what the server emits, and go on', async () => {
    const program = start('failures');
    expect(await program.line()).toBe('/operator 503');
    expect(await program.line()).toBe('/throws 500');
    expect(await program.line()).toBe('/rejects 500');
    expect(await program.line()).toBe('listeners 1');
    expect(await program.closed).toEqual([0, null]);
    expect(program.errors.match(/UnhandledErrorWarning: requests: a handler failed/g)?.length).toBe(3);
    expect(program.errors).toContain('UnhandledErrorWarning: requests: the server failed');
    for (const what of ['Error: of an operator', 'Error: thrown', 'Error: rejected', 'Error: of the server']) {
      expect(program.errors).toContain(what);
    }
  }, 20_000);
});
