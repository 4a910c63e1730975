// The frameworks themselves, on real sockets: each hands its request and response to requestContext in its own way.
import 'reflect-metadata';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Controller, Get, Logger, Module, Req, Res } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import express from 'express';
import type { NextFunction, Request, Response } from 'express';
import fastify from 'fastify';
import { NEVER, firstValueFrom } from 'rxjs';
import { ClientGoneError, requestContext, shutdown } from '../../../lib/adapters/node.js';
import type { AnyRequest, AnyResponse } from '../../../lib/adapters/node.js';
import { background, remaining, throwOnCtx, withCancel, withScheduler } from '../../../lib/index.js';
import type { CancelFunc, Context } from '../../../lib/index.js';
import { listenerCount } from '../../../lib/testing/index.js';
import { Clock } from '../../helpers/clock.js';
import { listenersOf, transports, until, useServers } from './servers.js';

/** What the handler of a framework does: answers at once, or when somebody wants it to, or when the time is over. */
type Work = (ctx: Context) => Promise<string>;
/** What comes before it, and sees the request first. */
type Before = (req: AnyRequest, res: AnyResponse) => void;

interface App {
  readonly server: Server;
  readonly port: number;
  readonly stop: () => unknown;
}

/** Each asks for a context in what comes before the handler, and again in the handler. */
type Framework = (parent: Context, before: Before, work: Work) => Promise<App>;

const portOf = (server: Server) => (server.address() as { port: number }).port;

const frameworks: Record<string, Framework> = {
  async 'Express 5'(parent, before, work) {
    const app = express();
    app.use((req: Request, res: Response, next: NextFunction) => {
      before(req, res);
      requestContext(parent, req, res);
      next();
    });
    app.get('/', async (req, res) => {
      res.send(await work(requestContext(background(), req, res)));
    });
    app.use((error: Error, _req: Request, res: Response, _next: NextFunction) => {
      res.status(error.name === 'TimeoutError' ? 504 : 500).send(error.name);
    });
    const server = createServer(app as (req: IncomingMessage, res: ServerResponse) => void);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const stop = () => {
      server.close().closeAllConnections();
    };
    return { server, port: portOf(server), stop };
  },

  async 'Fastify 5'(parent, before, work) {
    const app = fastify();
    app.addHook('onRequest', async (req, reply) => {
      before(req.raw, reply.raw);
      requestContext(parent, req.raw, reply.raw);
    });
    app.get('/', (req, reply) => work(requestContext(background(), req.raw, reply.raw)));
    app.setErrorHandler((error: Error, _req, reply) =>
      reply.code(error.name === 'TimeoutError' ? 504 : 500).send(error.name),
    );
    await app.listen({ port: 0, host: '127.0.0.1' });
    return { server: app.server, port: portOf(app.server), stop: () => app.close() };
  },

  async 'NestJS 11'(parent, before, work) {
    class Rows {
      get(req: Request, res: Response) {
        return work(requestContext(background(), req, res));
      }
    }
    // Decorators are functions.
    Controller()(Rows);
    Get()(Rows.prototype, 'get', Object.getOwnPropertyDescriptor(Rows.prototype, 'get')!);
    Req()(Rows.prototype, 'get', 0);
    Res({ passthrough: true })(Rows.prototype, 'get', 1);
    // eslint-disable-next-line @typescript-eslint/no-extraneous-class -- a module is a class
    class App {}
    Module({ controllers: [Rows] })(App);

    Logger.overrideLogger(false);
    const app = await NestFactory.create(App);
    app.use((req: Request, res: Response, next: NextFunction) => {
      before(req, res);
      requestContext(parent, req, res);
      next();
    });
    app.useGlobalFilters({
      catch(error: Error, host) {
        const res = host.switchToHttp().getResponse<Response>();
        res.status(error.name === 'TimeoutError' ? 504 : 500).send(error.name);
      },
    });
    await app.listen(0, '127.0.0.1');
    const server = app.getHttpServer() as Server;
    return { server, port: portOf(server), stop: () => app.close() };
  },
};

for (const [name, start] of Object.entries(frameworks)) {
  describe(`requestContext in ${name}`, () => {
    const { client } = useServers();
    let clock: Clock;
    let parent: Context;
    let cancel: CancelFunc;
    let app: App;
    let seen: { ctx: Context; res: AnyResponse; before: number }[];
    let work: Work;
    let ask: ReturnType<typeof client>;

    beforeEach(async () => {
      clock = new Clock(Date.now());
      [parent, cancel] = withCancel(withScheduler(background(), clock));
      seen = [];
      let res: AnyResponse;
      let before = 0;
      app = await start(
        parent,
        (_req, given) => {
          res = given;
          before = listenersOf(res);
        },
        (ctx) => {
          seen.push({ ctx, res, before });
          return work(ctx);
        },
      );
      ask = client(transports[0]!, app.port, 2);
    });

    afterEach(async () => {
      expect(listenerCount(parent)).withContext('listeners left on the parent').toBe(0);
      await app.stop();
    });

    const nothing: Work = (ctx) => firstValueFrom(NEVER.pipe(throwOnCtx(ctx)));

    it('is alive in the handler, the same one that the middleware asked for, and then released', async () => {
      work = async (ctx) => {
        ctx.done$.subscribe();
        expect(listenerCount(parent)).toBe(1);
        await Promise.resolve();
        return String(ctx.err);
      };
      for (let i = 0; i < 2; i++) {
        expect(await ask().answer).toEqual(jasmine.objectContaining({ status: 200, body: 'undefined', whole: true }));
      }
      await until(() => seen.every(({ ctx }) => ctx.err !== undefined));
      expect(new Set(seen.map(({ ctx }) => ctx)).size).toBe(2);
      for (const { ctx, res, before } of seen) {
        expect(ctx.cause).toBe(ctx.err);
        expect(listenerCount(ctx)).toBe(0);
        expect(listenersOf(res)).toBeLessThanOrEqual(before);
      }
    });

    it('is canceled when the client goes, and the work with it', async () => {
      let failed: unknown;
      work = (ctx) =>
        nothing(ctx).catch((error: unknown) => {
          failed = error;
          throw error;
        });
      const { leave } = ask();
      await until(() => seen.length === 1);
      expect(seen[0]!.ctx.err).toBeUndefined();
      leave();
      await until(() => failed !== undefined);
      expect(failed).toBe(seen[0]!.ctx.err);
      expect(seen[0]!.ctx.cause).toBeInstanceOf(ClientGoneError);
    });

    it('has the time that the client gives, and the framework answers when it is over', async () => {
      let leftMs = 0;
      work = (ctx) => {
        leftMs = remaining(ctx);
        return nothing(ctx);
      };
      const { answer } = ask({ headers: { 'connect-timeout-ms': '40' } });
      // Of a real 40 ms a busy framework may leave the handler nothing.
      await until(() => seen.length === 1);
      expect(leftMs).toBe(40);
      clock.advance(40);
      expect(await answer).toEqual(jasmine.objectContaining({ status: 504, body: 'TimeoutError', whole: true }));
    });

    it('is released too when the handler throws', async () => {
      work = () => Promise.reject(new RangeError('out of rows'));
      expect(await ask().answer).toEqual(jasmine.objectContaining({ status: 500, body: 'RangeError' }));
      await until(() => seen[0]!.ctx.err !== undefined);
      expect(seen[0]!.ctx.cause).toBe(seen[0]!.ctx.err);
    });

    it('stays alive while shutdown lets it finish', async () => {
      let finish = (_body: string) => {};
      work = () => new Promise((resolve) => (finish = resolve));
      const down = shutdown(parent, app.server, { graceMs: 10_000 });
      const { answer } = ask();
      await until(() => seen.length === 1);
      cancel();
      expect(seen[0]!.ctx.err).toBeUndefined();
      finish('in time');
      expect(await answer).toEqual(jasmine.objectContaining({ status: 200, body: 'in time', whole: true }));
      expect(await down).toEqual({ finished: 1, cut: 0 });
    });
  });
}

describe("requestContext in Fastify's inject, without a socket", () => {
  it('is released when the response is finished, and keeps its time', async () => {
    const [parent] = withCancel(background());
    const app = fastify();
    const seen: Context[] = [];
    app.get('/', async (req, reply) => {
      const ctx = requestContext(parent, req.raw, reply.raw, { timeoutMs: 5000 });
      seen.push(ctx);
      ctx.done$.subscribe();
      expect(remaining(ctx)).toBeLessThanOrEqual(Number(req.headers['connect-timeout-ms'] ?? 5000));
      return Promise.resolve('ok');
    });
    expect((await app.inject('/')).body).toBe('ok');
    expect((await app.inject({ url: '/', headers: { 'connect-timeout-ms': '900' } })).body).toBe('ok');
    await until(() => seen.every(({ err }) => err !== undefined));
    expect(seen.map(({ cause, err }) => cause === err)).toEqual([true, true]);
    expect(listenerCount(parent)).toBe(0);
    await app.close();
  });
});
