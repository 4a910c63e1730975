import { Client, InterceptingCall, Metadata, credentials } from '@grpc/grpc-js';
import type { ClientReadableStream, ServiceError } from '@grpc/grpc-js';
import {
  EMPTY,
  NEVER,
  Observable,
  Subject,
  concat,
  firstValueFrom,
  lastValueFrom,
  of,
  switchMap,
  throwError,
  toArray,
} from 'rxjs';
import { CallCanceledError, callCtx } from '../../../lib/adapters/grpc.js';
import type { CallCtxOptions, ClientCall } from '../../../lib/adapters/grpc.js';
import {
  background,
  isCanceled,
  isDeadlineExceeded,
  withCancel,
  withDeadline,
  withTimeout,
} from '../../../lib/index.js';
import { listenerCount } from '../../../lib/testing/index.js';
import { takeUnhandledErrors, macrotask } from '../../support/unhandled-errors.js';
import { LabService } from './generated/lab.js';
import { callKind, expected, kinds, modeHeader, outcome, ping, turns, until, useLabs } from './lab.js';

describe('callCtx', () => {
  const { serve } = useLabs();

  for (const kind of kinds) {
    describe(`of a ${kind} method`, () => {
      it('emits the responses and completes', async () => {
        const { client } = await serve();
        const [ctx] = withCancel(background());
        expect(await outcome(callKind(kind, ctx, client))).toEqual({
          counts: expected[kind],
          error: undefined,
          completed: true,
        });
        expect(listenerCount(ctx)).toBe(0);
      });

      it('errors with the ServiceError of another status', async () => {
        const { client } = await serve();
        const [ctx] = withCancel(background());
        const { error, counts } = await outcome(callKind(kind, ctx, client, 'fail'));
        expect(error).toBeInstanceOf(Error);
        expect(error).toEqual(jasmine.objectContaining({ code: 5, details: 'no such thing' }));
        expect(counts).toEqual([]);
        expect(listenerCount(ctx)).toBe(0);
      });

      it('errors with ctx.err inside cancel(), and the server hears of it', async () => {
        const lab = await serve();
        const [ctx, cancel] = withCancel(background());
        const next = lab.next();
        let error: unknown;
        callKind(kind, ctx, lab.client, 'hang').subscribe({ error: (err: unknown) => (error = err) });
        const seen = await next;
        cancel(new Error('enough'));
        expect(error).toBe(ctx.err);
        expect(isCanceled(error)).toBeTrue();
        await seen.over;
        expect(seen.ctx.cause).toBeInstanceOf(CallCanceledError);
        expect(listenerCount(ctx)).toBe(0);
      });

      it('errors with ctx.err at the deadline, and the server has the same one', async () => {
        const lab = await serve();
        const [ctx] = withTimeout(background(), 100);
        const next = lab.next();
        const result = outcome(callKind(kind, ctx, lab.client, 'hang'));
        const seen = await next;
        expect(Math.abs(seen.ctx.deadline! - ctx.deadline!)).toBeLessThan(500);
        const { error } = await result;
        expect(error).toBe(ctx.err);
        expect(isDeadlineExceeded(error)).toBeTrue();
        await firstValueFrom(seen.ctx.done$); // by its deadline, or by the cancel of the client, which may be faster
        await seen.over;
      });

      it('cancels the call when it is unsubscribed', async () => {
        const lab = await serve();
        const [ctx] = withCancel(background());
        const next = lab.next();
        const subscription = callKind(kind, ctx, lab.client, 'hang').subscribe({ error: fail });
        const seen = await next;
        expect(listenerCount(ctx)).toBe(1);
        subscription.unsubscribe();
        expect(listenerCount(ctx)).toBe(0);
        await seen.over;
        expect(seen.ctx.cause).toBeInstanceOf(CallCanceledError);
      });

      it('sends nothing when ctx is done', async () => {
        const lab = await serve();
        const [ctx, cancel] = withCancel(background());
        cancel();
        const onCall = jasmine.createSpy('onCall');
        expect((await outcome(callKind(kind, ctx, lab.client, 'hang', { onCall }))).error).toBe(ctx.err);
        await outcome(callKind(kind, background(), lab.client));
        expect(onCall).not.toHaveBeenCalled();
        expect(lab.seen.length).toBe(1);
      });

      it('errors with what a closed client throws', async () => {
        const { client } = await serve();
        client.close();
        const { error } = await outcome(callKind(kind, background(), client));
        expect((error as Error).message).toContain('Channel has been shut down');
      });

      it('errors with what onCall throws, and cancels the call', async () => {
        const lab = await serve();
        const onCall = () => {
          throw new Error('onCall');
        };
        const { error } = await outcome(callKind(kind, background(), lab.client, 'hang', { onCall }));
        expect((error as Error).message).toBe('onCall');
        await outcome(callKind(kind, background(), lab.client));
        await until(() => lab.running.size === 0);
        expect(lab.running.size).toBe(0);
      });
    });
  }

  for (const kind of ['up', 'both'] as const) {
    describe(`of a ${kind} method, whose requests`, () => {
      const start = async (requests: Parameters<typeof callCtx<ReturnType<typeof ping>, unknown, true>>[3]) => {
        const lab = await serve();
        const result = outcome(callCtx(background(), lab.client, LabService[kind], requests));
        return { lab, result };
      };

      it('error: it errors with that, and cancels the call', async () => {
        const lab = await serve();
        const source = new Subject<ReturnType<typeof ping>>();
        const next = lab.next();
        const result = outcome(callCtx(background(), lab.client, LabService[kind], source));
        source.next(ping());
        const seen = await next;
        const broken = new Error('broken');
        source.error(broken);
        expect((await result).error).toBe(broken);
        await seen.over;
        expect(seen.ctx.cause).toBeInstanceOf(CallCanceledError);
      });

      it('error at once', async () => {
        const broken = new Error('broken');
        const { result } = await start(throwError(() => broken));
        expect((await result).error).toBe(broken);
      });

      it('come from a generator that throws', async () => {
        const broken = new Error('broken');
        const { result } = await start(
          (function* () {
            yield ping();
            throw broken;
          })(),
        );
        expect((await result).error).toBe(broken);
      });

      it('come from an async generator that throws', async () => {
        const broken = new Error('broken');
        const { result } = await start(
          (async function* () {
            await turns(1);
            yield ping();
            throw broken;
          })(),
        );
        expect((await result).error).toBe(broken);
      });

      it('come from a promise, a web stream, an async generator or an empty observable', async () => {
        const { client } = await serve();
        const counts = async (requests: Parameters<typeof start>[0]) =>
          (await outcome(callCtx(background(), client, LabService[kind], requests))).counts;
        const none = kind === 'up' ? [0] : [];
        expect(await counts(Promise.resolve(ping(7)))).toEqual([7]);
        expect(await counts(EMPTY)).toEqual(none);
        expect(await counts([])).toEqual(none);
        expect(
          await counts(
            (async function* () {
              await turns(1);
              yield ping(8);
            })(),
          ),
        ).toEqual([8]);
        const stream = new ReadableStream<ReturnType<typeof ping>>({
          start(controller) {
            controller.enqueue(ping(9));
            controller.close();
          },
        });
        expect(await counts(stream)).toEqual([9]);
      });

      it('are let go when the call ends first', async () => {
        const lab = await serve();
        const source = new Subject<ReturnType<typeof ping>>();
        const metadata = modeHeader('fail');
        const { error } = await outcome(callCtx(background(), lab.client, LabService[kind], source, { metadata }));
        expect((error as ServiceError).code).toBe(5);
        expect(source.observed).toBeFalse();
      });

      for (const sync of [true, false]) {
        it(`are pulled from ${sync ? 'a generator' : 'an async generator'} as fast as the server reads, and it is closed`, async () => {
          const both = { data: Buffer.alloc(16_384), text: '', count: 1 };
          let pulled = 0;
          let closed = 0;
          const many = function* () {
            try {
              for (; pulled < 5000; pulled++) yield both;
            } finally {
              closed++;
            }
          };
          const manyLater = async function* () {
            for (const one of many()) {
              await Promise.resolve();
              yield one;
            }
          };
          const lab = await serve({ handlers: { [kind]: () => NEVER } });
          const [ctx, cancel] = withCancel(background());
          const result = outcome(callCtx(ctx, lab.client, LabService[kind], sync ? many() : manyLater()));
          let last = -1;
          while (pulled !== last) {
            last = pulled;
            await new Promise((resolve) => setTimeout(resolve, 50));
          }
          expect(pulled).toBeGreaterThan(0);
          expect(pulled).toBeLessThan(1000);
          cancel();
          expect((await result).error).toBe(ctx.err);
          await turns(2);
          expect(closed).toBe(1);
          expect(pulled).toBe(last);
        });
      }

      it('are pushed by an observable, and buffered', async () => {
        const lab = await serve({ handlers: { [kind]: () => NEVER } });
        const [ctx, cancel] = withCancel(background());
        let pushed = 0;
        const source = new Observable<ReturnType<typeof ping>>((subscriber) => {
          for (; pushed < 2000; pushed++) subscriber.next(ping());
        });
        const result = outcome(callCtx(ctx, lab.client, LabService[kind], source));
        expect(pushed).toBe(2000);
        cancel();
        expect((await result).error).toBe(ctx.err);
      });

      it('cancel ctx themselves', async () => {
        const lab = await serve();
        const [ctx, cancel] = withCancel(background());
        let closed = 0;
        const requests = (function* () {
          try {
            yield ping();
            cancel();
            yield ping();
            yield ping();
          } finally {
            closed++;
          }
        })();
        expect((await outcome(callCtx(ctx, lab.client, LabService[kind], requests))).error).toBe(ctx.err);
        expect(closed).toBe(1);
        await outcome(callKind(kind, background(), lab.client));
        await until(() => lab.running.size === 0);
        expect(lab.running.size).toBe(0);
      });

      it('cancel ctx themselves, as an observable', async () => {
        const lab = await serve();
        const [ctx, cancel] = withCancel(background());
        let left = 0;
        const requests = new Observable<ReturnType<typeof ping>>((subscriber) => {
          subscriber.next(ping());
          cancel();
          return () => left++;
        });
        expect((await outcome(callCtx(ctx, lab.client, LabService[kind], requests))).error).toBe(ctx.err);
        expect(left).toBe(1);
      });
    });
  }

  it('passes a status of the server that says canceled or deadline exceeded, while ctx is not done', async () => {
    for (const code of [1, 4]) {
      const { client } = await serve({
        handlers: { unary: () => throwError(() => Object.assign(new Error('of the server'), { code })) },
      });
      const [ctx] = withTimeout(background(), 60_000);
      const { error } = await outcome(callCtx(ctx, client, LabService.unary, ping()));
      expect(error).toEqual(jasmine.objectContaining({ code, details: 'of the server' }));
    }
  });

  it('sends metadata, and shows headers and trailers to onCall', async () => {
    const { client } = await serve({
      handlers: {
        unary: (_ctx, request, call) => {
          const headers = new Metadata();
          headers.set('seen', String(call.metadata.get('who')[0]));
          call.sendMetadata(headers);
          return of({ ...request });
        },
      },
    });
    const metadata = new Metadata();
    metadata.set('who', 'me');
    const headers = new Promise<Metadata>((resolve) => {
      const onCall = (call: ClientCall) => call.on('metadata', resolve);
      callCtx(background(), client, LabService.unary, ping(), { metadata, onCall }).subscribe();
    });
    expect((await headers).get('seen')).toEqual(['me']);
  });

  it('passes the options of grpc-js on', async () => {
    const { client } = await serve();
    const methods: string[] = [];
    const options: CallCtxOptions = {
      interceptors: [
        (all, nextCall) => {
          methods.push(all.method_definition.path);
          return new InterceptingCall(nextCall(all));
        },
      ],
    };
    await lastValueFrom(callKind('unary', background(), client, 'ok', options));
    expect(methods).toEqual(['/lab.Lab/Unary']);
  });

  it('keeps reserveMs for the way back', async () => {
    const lab = await serve();
    const [ctx] = withTimeout(background(), 60_000);
    await lastValueFrom(callKind('unary', ctx, lab.client, 'ok', { reserveMs: 30_000 }));
    expect(ctx.deadline! - lab.seen[0]!.ctx.deadline!).toBeGreaterThan(25_000);
    await lastValueFrom(callKind('unary', ctx, lab.client, 'ok', { reserveMs: -5 }));
    expect(lab.seen[1]!.ctx.deadline! - ctx.deadline!).toBeLessThan(2_000);
  });

  it('tells the server at least 1 ms, and passes the error on when that is over', async () => {
    const lab = await serve();
    const [ctx] = withTimeout(background(), 60_000);
    const { error } = await outcome(callKind('unary', ctx, lab.client, 'hang', { reserveMs: 70_000 }));
    expect((error as ServiceError).code).toBe(4);
    expect(ctx.err).toBeUndefined();
  });

  it('tells the server nothing without a deadline', async () => {
    const lab = await serve();
    await lastValueFrom(callKind('unary', background(), lab.client));
    expect(lab.seen[0]!.call.getDeadline()).toBe(Infinity);
    expect(lab.seen[0]!.ctx.deadline).toBeUndefined();
  });

  it('errors with status 13 for a request that cannot be written', async () => {
    const { client } = await serve();
    const wrong = { count: 'x' } as unknown as ReturnType<typeof ping>;
    expect((await outcome(callCtx(background(), client, LabService.unary, wrong))).error).toEqual(
      jasmine.objectContaining({ code: 13 }),
    );
    expect((await outcome(callCtx(background(), client, LabService.up, [wrong]))).error).toEqual(
      jasmine.objectContaining({ code: 13 }),
    );
  });

  it('can be paused and resumed', async () => {
    let produced = 0;
    const lab = await serve({
      handlers: {
        down: async function* () {
          for (; produced < 3000; produced++) {
            yield { text: '', count: produced, data: Buffer.alloc(16_384) };
            await Promise.resolve();
          }
        },
      },
    });
    let call: ClientReadableStream<unknown> | undefined;
    const onCall = (made: ClientCall) => {
      call = made as ClientReadableStream<unknown>;
      call.pause();
    };
    const all = lastValueFrom(callCtx(background(), lab.client, LabService.down, ping(), { onCall }).pipe(toArray()));
    let last = -1;
    while (produced === 0 || produced !== last) {
      last = produced;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(produced).toBeLessThan(1000);
    call!.resume();
    expect((await all).length).toBe(3000);
  });

  it('makes a call for each subscription', async () => {
    const lab = await serve();
    const call$ = callKind('unary', background(), lab.client);
    await lastValueFrom(concat(call$, call$));
    expect(lab.seen.length).toBe(2);
  });

  it('reports what a subscriber throws, and goes on', async () => {
    const { client } = await serve();
    const completed = new Promise<void>((resolve) => {
      callKind('down', background(), client).subscribe({
        next: () => {
          throw new Error('of the subscriber');
        },
        complete: resolve,
      });
    });
    await completed;
    await macrotask();
    expect(takeUnhandledErrors().length).toBe(3);
  });

  it('cancels what switchMap over a synchronous source drops', async () => {
    const lab = await serve();
    await lastValueFrom(callKind('unary', background(), lab.client));
    const result = of(1, 2, 3).pipe(
      switchMap((n) => callKind('unary', background(), lab.client, n === 3 ? 'ok' : 'hang')),
    );
    expect((await outcome(result)).counts).toEqual([3]);
    await until(() => lab.running.size === 0);
    expect(lab.running.size).toBe(0);
  });

  it('works with a context of another kind, and one that ends while it is listened to', async () => {
    const { client } = await serve();
    const [inner, cancel] = withCancel(background());
    const foreign = Object.create(inner) as typeof inner;
    const result = outcome(callKind('unary', foreign, client, 'hang'));
    cancel();
    expect((await result).error).toBe(inner.err);
  });

  it('refuses what is not what it must be', async () => {
    const { client } = await serve();
    const call = callCtx as (...args: unknown[]) => unknown;
    const ctx = background();
    const { unary, up } = LabService;
    expect(() => call(undefined, client, unary, ping())).toThrowError(TypeError, /^callCtx: ctx must be a Context/);
    expect(() => call(ctx, null, unary, ping())).toThrowError(TypeError, /^callCtx: client must be a client/);
    expect(() => call(ctx, client, {}, ping())).toThrowError(TypeError, /^callCtx: method must be/);
    expect(() => call(ctx, client, undefined, ping())).toThrowError(TypeError, /^callCtx: method must be/);
    expect(() => call(ctx, client, () => 0, ping())).toThrowError(TypeError, /did you mean its definition/);
    for (const request of [undefined, 5, ping()]) {
      expect(() => call(ctx, client, up, request)).toThrowError(TypeError, /^callCtx: request must be an Observable/);
    }
    expect(() => call(ctx, client, unary, ping(), 5)).toThrowError(TypeError, /^callCtx: options must be an object/);
    expect(() => call(ctx, client, unary, ping(), { deadline: 5 })).toThrowError(
      TypeError,
      /did you mean withDeadline/,
    );
    expect(() => call(ctx, client, unary, ping(), { reserveMs: NaN })).toThrowError(TypeError, /^callCtx: reserveMs/);
    expect(() => call(ctx, client, unary, ping(), { onCall: 5 })).toThrowError(TypeError, /^callCtx: options.onCall/);
    expect(() => call(ctx, client, unary, ping(), { deadline: undefined, onCall: undefined })).not.toThrow();
  });

  it('errors when there is no server', async () => {
    const client = new Client('127.0.0.1:1', credentials.createInsecure());
    const { error } = await outcome(callKind('unary', background(), client));
    expect((error as ServiceError).code).toBe(14);
    client.close();
  });

  it('errors with ctx.err while there is no connection', async () => {
    const client = new Client('127.0.0.1:1', credentials.createInsecure());
    const metadata = new Metadata({ waitForReady: true });
    const [ctx] = withDeadline(background(), Date.now() + 50);
    expect((await outcome(callKind('down', ctx, client, 'ok', { metadata }))).error).toBe(ctx.err);
    client.close();
  });
});
