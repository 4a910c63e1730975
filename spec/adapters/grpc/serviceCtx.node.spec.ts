import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Metadata, loadPackageDefinition } from '@grpc/grpc-js';
import type { ServiceClientConstructor, ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import {
  EMPTY,
  NEVER,
  Observable,
  concat,
  finalize,
  firstValueFrom,
  interval,
  lastValueFrom,
  map,
  of,
  range,
  take,
  tap,
  throwError,
  toArray,
} from 'rxjs';
import { CallCanceledError, callCtx, serverCallContext, serviceCtx } from '../../../lib/adapters/grpc.js';
import {
  background,
  contextKey,
  isCanceled,
  isDeadlineExceeded,
  withCancel,
  withTimeout,
  withValue,
} from '../../../lib/index.js';
import type { Context } from '../../../lib/index.js';
import { listenerCount } from '../../../lib/testing/index.js';
import { LabService } from './generated/lab.js';
import type { Pong } from './generated/lab.js';
import { callKind, kinds, modeHeader, outcome, ping, pong, turns, until, useLabs } from './lab.js';

describe('serviceCtx of gRPC', () => {
  const { serve } = useLabs();

  for (const kind of kinds) {
    describe(`of a ${kind} method`, () => {
      it('cancels the context without a cause when the handler is done', async () => {
        const [parent] = withCancel(background());
        const lab = await serve({ parent });
        await lastValueFrom(callKind(kind, background(), lab.client));
        const { ctx, call } = lab.seen[0]!;
        expect(isCanceled(ctx.err)).toBeTrue();
        expect(ctx.cause).toBe(ctx.err);
        await until(() => call.cancelled);
        expect(ctx.cause).toBe(ctx.err);
        expect(call.listenerCount('cancelled') + call.listenerCount('data')).toBe(0);
        expect(listenerCount(parent)).toBe(0);
      });

      it('cancels the context when the handler fails', async () => {
        const lab = await serve();
        await outcome(callKind(kind, background(), lab.client, 'fail'));
        const { ctx } = lab.seen[0]!;
        expect(isCanceled(ctx.err)).toBeTrue();
        expect(ctx.cause).toBe(ctx.err);
      });

      it('tells the client UNAVAILABLE when the parent is done', async () => {
        const [parent, stop] = withCancel(background());
        const lab = await serve({ parent });
        const next = lab.next();
        const result = outcome(callKind(kind, background(), lab.client, 'hang'));
        const seen = await next;
        stop(new Error('restart'));
        expect(((await result).error as ServiceError).code).toBe(14);
        await seen.over;
        expect(seen.ctx.err).toBe(parent.err);
        // And it calls no handler from then on.
        expect(((await outcome(callKind(kind, background(), lab.client))).error as ServiceError).code).toBe(14);
        expect(lab.seen.length).toBe(1);
      });

      it('tells the client UNAVAILABLE when the deadline of the parent passes', async () => {
        const [parent] = withTimeout(background(), 80);
        const lab = await serve({ parent });
        const { error } = await outcome(callKind(kind, background(), lab.client, 'hang'));
        expect((error as ServiceError).code).toBe(14);
      });

      it('does not call the handler when the deadline has passed', async () => {
        const lab = await serve();
        for (const timeout of ['0m', '1n']) {
          const metadata = modeHeader('ok');
          metadata.set('grpc-timeout', timeout);
          const { error } = await outcome(callKind(kind, background(), lab.client, 'ok', { metadata }));
          expect((error as ServiceError).code).toBe(4);
        }
        expect(lab.seen).toEqual([]);
      });

      it('limits calls without a deadline by timeoutMs, and all by maxTimeoutMs', async () => {
        const lab = await serve({ timeoutMs: 30, maxTimeoutMs: 60_000 });
        expect(((await outcome(callKind(kind, background(), lab.client, 'hang'))).error as ServiceError).code).toBe(4);
        expect(isDeadlineExceeded(lab.seen[0]!.ctx.err)).toBeTrue();
        const [ctx] = withTimeout(background(), 120_000);
        const before = Date.now();
        await outcome(callKind(kind, ctx, lab.client));
        expect(lab.seen[1]!.ctx.deadline! - before).toBeLessThan(100_000);
      });

      it('sends what a handler throws', async () => {
        const lab = await serve({
          handlers: {
            [kind]: () => {
              throw Object.assign(new Error('not you'), { code: 7 });
            },
          },
        });
        const { error } = await outcome(callKind(kind, background(), lab.client));
        expect(error).toEqual(jasmine.objectContaining({ code: 7, details: 'not you' }));
      });

      it('sends UNKNOWN when a handler returns nothing that can be subscribed to', async () => {
        const lab = await serve({ handlers: { [kind]: () => 5 } });
        expect(((await outcome(callKind(kind, background(), lab.client))).error as ServiceError).code).toBe(2);
      });

      it('derives the context for the handler', async () => {
        const who = contextKey<string>('who');
        const seen: unknown[] = [];
        const lab = await serve({
          context: (ctx, call) => withValue(ctx, who, String(call.metadata.get('who')[0])),
          handlers: {
            [kind]: (ctx: Context, _request: unknown, call: Parameters<typeof serverCallContext>[1]) => {
              seen.push(ctx.value(who), serverCallContext(background(), call) === ctx);
              return of(pong());
            },
          },
        });
        const metadata = new Metadata();
        metadata.set('who', 'me');
        await outcome(callKind(kind, background(), lab.client, 'ok', { metadata }));
        expect(seen).toEqual(['me', true]);
      });

      it('fails the call when options.context throws or returns no context', async () => {
        for (const context of [
          () => {
            throw Object.assign(new Error('who are you'), { code: 16 });
          },
          () => ({}) as Context,
        ]) {
          const lab = await serve({ context });
          const { error } = await outcome(callKind(kind, background(), lab.client));
          expect([2, 16]).toContain((error as ServiceError).code);
          expect(lab.seen).toEqual([]);
        }
      });

      it('ends a call whose handler is a synchronous loop that sees the deadline', async () => {
        const lab = await serve({
          handlers: {
            [kind]: (ctx: Context) => {
              while (ctx.err === undefined);
              throw ctx.err;
            },
          },
        });
        const [ctx] = withTimeout(background(), 40);
        expect((await outcome(callKind(kind, ctx, lab.client))).error).toBe(ctx.err);
      });
    });
  }

  for (const kind of ['unary', 'up'] as const) {
    it(`sends the last value of a ${kind} handler, or INTERNAL when there is none`, async () => {
      const lab = await serve({ handlers: { [kind]: () => range(1, 5).pipe(map((n) => pong(n))) } });
      expect((await outcome(callKind(kind, background(), lab.client))).counts).toEqual([5]);
      const none = await serve({ handlers: { [kind]: () => EMPTY } });
      expect((await outcome(callKind(kind, background(), none.client))).error).toEqual(
        jasmine.objectContaining({ code: 13, details: 'handler completed without a value' }),
      );
    });
  }

  it('takes async handlers, also those that reject', async () => {
    const lab = await serve({
      handlers: {
        unary: async (_ctx, { count }) => {
          await turns(1);
          if (count === 3) throw new Error('three');
          return pong(count);
        },
      },
    });
    expect(await firstValueFrom(callCtx(background(), lab.client, LabService.unary, ping(2)))).toEqual(pong(2));
    expect((await outcome(callKind('unary', background(), lab.client))).error).toEqual(
      jasmine.objectContaining({ code: 2, details: 'three' }),
    );
  });

  it('calls handlers as methods of their object', async () => {
    class Handlers {
      readonly factor = 10;
      unary(_ctx: Context, { count }: { count: number }) {
        return of(pong(count * this.factor));
      }
      up = () => NEVER;
      down = () => NEVER;
      both = () => NEVER;
    }
    const { server, client } = await serve();
    const names = { one: { ...LabService.unary, path: '/lab.Other/Unary' } };
    const handlers = new Handlers();
    server.addService(
      names,
      serviceCtx(background(), names, Object.assign(handlers, { one: handlers.unary.bind(handlers) })),
    );
    const counts = (await outcome(callCtx(background(), client, names.one, ping(2)))).counts;
    expect(counts).toEqual([20]);
  });

  describe('with a stream of requests', () => {
    it('errors with ctx.err when the client cancels, and never completes', async () => {
      const seen: string[] = [];
      const lab = await serve({
        handlers: {
          up: (ctx, pings$) =>
            pings$.pipe(
              tap({
                next: () => seen.push('next'),
                error: (error: unknown) => seen.push(error === ctx.err ? 'ctx.err' : 'another'),
                complete: () => seen.push('complete'),
              }),
              finalize(() => seen.push('left')),
              map(() => pong()),
            ),
        },
      });
      const subscription = callCtx(
        background(),
        lab.client,
        LabService.up,
        concat([ping(), ping()], NEVER),
      ).subscribe();
      await until(() => seen.length === 2);
      subscription.unsubscribe();
      await until(() => seen.includes('left'));
      await turns(5);
      expect(seen).toEqual(['next', 'next', 'ctx.err', 'left']);
    });

    it('refuses a second subscription', async () => {
      const lab = await serve({
        handlers: { up: (_ctx, pings$) => concat(pings$.pipe(toArray()), pings$).pipe(map(() => pong())) },
      });
      expect((await outcome(callKind('up', background(), lab.client))).error).toEqual(
        jasmine.objectContaining({ code: 2, details: jasmine.stringContaining('can be subscribed to once') }),
      );
    });

    it('reads and drops the rest when it is unsubscribed', async () => {
      const lab = await serve({
        handlers: {
          up: (_ctx, pings$) =>
            pings$.pipe(
              take(1),
              map(() => pong(1)),
            ),
        },
      });
      let pulled = 0;
      const many = function* () {
        for (; pulled < 200; pulled++) yield { ...ping(), data: Buffer.alloc(16_384) };
      };
      expect((await outcome(callCtx(background(), lab.client, LabService.up, many()))).counts).toEqual([1]);

      const slow = await serve({
        handlers: {
          up: (_ctx, pings$) => {
            pings$.pipe(take(1)).subscribe();
            return interval(1).pipe(
              take(1),
              map(() => pong(2)),
            );
          },
        },
      });
      expect((await outcome(callCtx(background(), slow.client, LabService.up, many()))).counts).toEqual([2]);
    });

    it('errors at once when it is subscribed to too late', async () => {
      let late: Observable<unknown> | undefined;
      const lab = await serve({
        handlers: {
          up: (_ctx, pings$) => {
            late = pings$;
            return of(pong());
          },
        },
      });
      await outcome(callKind('up', background(), lab.client));
      await expectAsync(lastValueFrom(late!)).toBeRejectedWith(lab.seen[0]?.ctx.err ?? jasmine.any(Error));
    });
  });

  describe('with a stream of responses', () => {
    it('pulls an async iterable as fast as the client reads, and closes it', async () => {
      let produced = 0;
      let closed = false;
      const lab = await serve({
        handlers: {
          down: async function* () {
            try {
              for (; produced < 5000; produced++) {
                yield { ...pong(), data: Buffer.alloc(16_384) };
                await Promise.resolve();
              }
            } finally {
              closed = true;
            }
          },
        },
      });
      const call$ = callCtx(background(), lab.client, LabService.down, ping(), {
        onCall: (call) => (call as unknown as { pause(): void }).pause(),
      });
      const subscription = call$.subscribe();
      let last = -1;
      while (produced === 0 || produced !== last) {
        last = produced;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      expect(produced).toBeLessThan(1000);
      subscription.unsubscribe();
      await until(() => closed);
      expect(produced).toBe(last);
    });

    it('sends what came before a failure', async () => {
      const lab = await serve({
        handlers: {
          down: () =>
            concat(
              of(pong(1), pong(2)),
              throwError(() => new Error('then')),
            ),
        },
      });
      const { counts, error } = await outcome(callKind('down', background(), lab.client));
      expect(counts).toEqual([1, 2]);
      expect(error).toEqual(jasmine.objectContaining({ code: 2, details: 'then' }));
    });

    it('ends with INTERNAL at a response that cannot be written', async () => {
      const lab = await serve({ handlers: { down: () => of({ count: 'x' } as unknown as Pong) } });
      expect((await outcome(callKind('down', background(), lab.client))).error).toEqual(
        jasmine.objectContaining({ code: 13 }),
      );
    });
  });

  it('passes the rest of the time and a value on to a further call', async () => {
    const who = contextKey<string>('who');
    const far = await serve({ context: (ctx, call) => withValue(ctx, who, String(call.metadata.get('who')[0])) });
    const near = await serve({
      context: (ctx, call) => withValue(ctx, who, String(call.metadata.get('who')[0])),
      handlers: {
        unary: (ctx, request) => {
          const metadata = modeHeader('hang');
          metadata.set('who', ctx.value(who)!);
          return callCtx(ctx, far.client, LabService.unary, request, { metadata });
        },
      },
    });
    const [ctx, cancel] = withTimeout(background(), 5_000);
    const metadata = new Metadata();
    metadata.set('who', 'me');
    const next = far.next();
    const result = outcome(callCtx(ctx, near.client, LabService.unary, ping(), { metadata }));
    const seen = await next;
    expect(seen.ctx.value(who)).toBe('me');
    expect(seen.ctx.deadline! - Date.now()).toBeLessThan(5_000);
    cancel();
    expect((await result).error).toBe(ctx.err);
    await seen.over;
    expect(seen.ctx.cause).toBeInstanceOf(CallCanceledError);
  });

  it('ends the contexts of a client process that is killed', async () => {
    const lab = await serve();
    const next = lab.next();
    const program = new URL('./programs/client.ts', import.meta.url);
    const client = fork(program, [String(lab.port)], { execArgv: ['--import', 'tsx'] });
    const seen = await next;
    client.kill('SIGKILL');
    await once(client, 'exit');
    await seen.over;
    expect(seen.ctx.cause).toBeInstanceOf(CallCanceledError);
  });

  it('serves what proto-loader reads, by either name', async () => {
    const loaded = loadPackageDefinition(loadSync(new URL('./lab.proto', import.meta.url).pathname));
    const { service } = (loaded.lab as { Lab: ServiceClientConstructor }).Lab;
    const { server, client } = await serve();
    server.removeService(LabService);
    const handlers = {
      unary: () => [{ count: 5 }],
      up: (_ctx: Context, pings$: unknown) =>
        (pings$ as Observable<{ count: number }>).pipe(map(({ count }) => ({ count }))),
      Down: () => [{ count: 6 }, { count: 7 }],
      both: (_ctx: Context, pings$: unknown) => pings$ as Observable<unknown>,
    };
    server.addService(service, serviceCtx(background(), service, handlers));
    const call = async (name: string, request: unknown) =>
      (await outcome(callCtx(background(), client, service[name]!, request) as Observable<Pong>)).counts;
    expect(await call('Unary', {})).toEqual([5]);
    expect(await call('Up', [{ count: 1 }, { count: 2 }])).toEqual([2]);
    expect(await call('Down', {})).toEqual([6, 7]);
    expect(await call('Both', [{ count: 8 }, { count: 9 }])).toEqual([8, 9]);
  });

  it('refuses what is not what it must be', () => {
    const make = serviceCtx as (...args: unknown[]) => unknown;
    const handlers = { unary: () => NEVER, up: () => NEVER, down: () => NEVER, both: () => NEVER };
    const ctx = background();
    expect(() => make(undefined, LabService, handlers)).toThrowError(
      TypeError,
      /^serviceCtx: parent must be a Context/,
    );
    expect(() => make(ctx, undefined, handlers)).toThrowError(TypeError, /^serviceCtx: definition must be/);
    expect(() => make(ctx, { service: LabService }, handlers)).toThrowError(TypeError, /did you mean its service/);
    expect(() => make(ctx, { unary: 5 }, handlers)).toThrowError(TypeError, /^serviceCtx: definition.unary must be/);
    expect(() => make(ctx, { unary: null }, handlers)).toThrowError(TypeError, /^serviceCtx: definition.unary must be/);
    expect(() => make(ctx, LabService, undefined)).toThrowError(TypeError, /^serviceCtx: handlers must be an object/);
    expect(() => make(ctx, LabService, { ...handlers, up: undefined })).toThrowError(
      TypeError,
      /handlers.up must be a function/,
    );
    expect(() => make(ctx, LabService, handlers, 5)).toThrowError(TypeError, /^serviceCtx: options must be an object/);
    expect(() => make(ctx, LabService, handlers, { timeoutMs: 'x' })).toThrowError(TypeError, /^serviceCtx: timeoutMs/);
    expect(() => make(ctx, LabService, handlers, { maxTimeoutMs: NaN })).toThrowError(
      TypeError,
      /^serviceCtx: maxTimeoutMs/,
    );
    expect(() => make(ctx, LabService, handlers, { context: 5 })).toThrowError(
      TypeError,
      /^serviceCtx: options.context/,
    );
  });
});
