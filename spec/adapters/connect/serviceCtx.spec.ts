import { Code, ConnectError, createClient, createHandlerContext, createRouterTransport } from '@connectrpc/connect';
import type { ConnectRouterOptions } from '@connectrpc/connect';
import { EMPTY, NEVER, Observable, Subject, concat, finalize, firstValueFrom, of, range, throwError } from 'rxjs';
import type { ObservableInput } from 'rxjs';
import { handlerContext, serviceCtx } from '../../../lib/adapters/connect.js';
import type { CtxHandlers, HandlerContextOptions } from '../../../lib/adapters/connect.js';
import {
  background,
  isCanceled,
  isDeadlineExceeded,
  throwIfDone,
  withCancel,
  withTimeout,
} from '../../../lib/index.js';
import type { Context } from '../../../lib/index.js';
import { listenerCount } from '../../../lib/testing/index.js';
import { codeOf, errorOf } from './lab/behaviour.js';
import { LabService } from './lab/lab_pb.js';

type Handlers = CtxHandlers<typeof LabService>;
interface Answer {
  readonly text: string;
}
const handlers: Handlers = { say: () => EMPTY, watch: () => EMPTY, upload: () => EMPTY, chat: () => EMPTY };

function clientOf(some: Partial<Handlers>, options?: HandlerContextOptions, router: ConnectRouterOptions = {}) {
  const service = serviceCtx(background(), LabService, { ...handlers, ...some }, options);
  return createClient(
    LabService,
    createRouterTransport((routes) => routes.service(LabService, service), { router }),
  );
}

async function textsOf(messages: AsyncIterable<Answer>): Promise<string[]> {
  const texts: string[] = [];
  for await (const { text } of messages) texts.push(text);
  return texts;
}

async function* texts(...all: string[]) {
  for (const text of all) yield await Promise.resolve({ text });
}

/** One of each kind. */
function callsOf(client: ReturnType<typeof clientOf>): (() => Promise<unknown>)[] {
  return [
    () => client.say({}),
    () => textsOf(client.watch({})),
    () => client.upload(texts()),
    () => textsOf(client.chat(texts())),
  ];
}

/** What a handler may return for two responses. */
const inputs: Readonly<Record<string, () => ObservableInput<Answer>>> = {
  'an observable': () => of({ text: 'a' }, { text: 'b' }),
  'an iterable': () => [{ text: 'a' }, { text: 'b' }],
  'a generator': function* () {
    yield { text: 'a' };
    yield { text: 'b' };
  },
  'an async iterable': () => texts('a', 'b'),
  'an observable that is slow': () =>
    new Observable((subscriber) => {
      setTimeout(() => subscriber.next({ text: 'a' }), 1);
      setTimeout(() => subscriber.next({ text: 'b' }), 2);
      setTimeout(() => subscriber.complete(), 3);
    }),
};

describe('serviceCtx of Connect', () => {
  for (const [name, input] of Object.entries(inputs)) {
    it(`takes ${name}`, async () => {
      const client = clientOf({ say: input, watch: input, upload: input, chat: input });
      expect((await client.say({})).text).toBe('b');
      expect((await client.upload(texts())).text).toBe('b');
      expect(await textsOf(client.watch({}))).toEqual(['a', 'b']);
      expect(await textsOf(client.chat(texts()))).toEqual(['a', 'b']);
    });
  }

  it('takes a promise', async () => {
    const client = clientOf({ say: () => Promise.resolve({ text: 'a' }), watch: () => Promise.resolve({ text: 'b' }) });
    expect((await client.say({})).text).toBe('a');
    expect(await textsOf(client.watch({}))).toEqual(['b']);
  });

  it('answers internal for one response that is missing', async () => {
    const error = await errorOf(clientOf({}).say({}));
    expect(codeOf(error)).toBe(Code.Internal);
    expect((error as ConnectError).rawMessage).toBe('handler completed without a value');
    expect(codeOf(await errorOf(clientOf({}).upload(texts())))).toBe(Code.Internal);
    expect(await textsOf(clientOf({}).watch({}))).toEqual([]);
  });

  for (const [name, fails] of Object.entries<(error: unknown) => ObservableInput<never>>({
    throws: (error) => {
      throw error as Error;
    },
    'errors later': (error) =>
      new Observable((subscriber) => {
        setTimeout(() => subscriber.error(error), 1);
      }),
    errors: (error) => throwError(() => error),
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- whatever was thrown
    rejects: (error) => Promise.reject(error),
  })) {
    it(`gives the client the code of what a handler ${name}`, async () => {
      const [late] = withTimeout(background(), 0);
      const [gone, cancel] = withCancel(background());
      cancel();
      for (const [error, code] of [
        [late.err, Code.DeadlineExceeded],
        [gone.err, Code.Canceled],
        [new ConnectError('mine', Code.DataLoss), Code.DataLoss],
        [new Error('a secret'), Code.Internal],
      ] as const) {
        const fail = () => fails(error);
        const client = clientOf({ say: fail, watch: fail, upload: fail, chat: fail });
        for (const call of callsOf(client)) {
          const failed = await errorOf(call());
          expect(codeOf(failed)).toBe(code);
          expect(String(failed)).not.toContain('secret');
        }
      }
    });
  }

  it('does not call the handler when the time is over', async () => {
    let calls = 0;
    const handle = () => {
      calls++;
      return NEVER;
    };
    const client = clientOf({ say: handle, watch: handle }, { timeoutMs: 0 });
    expect(codeOf(await errorOf(client.say({})))).toBe(Code.DeadlineExceeded);
    expect(codeOf(await errorOf(textsOf(client.watch({}))))).toBe(Code.DeadlineExceeded);
    expect(calls).toBe(0);
  });

  it('limits the time by its options, and by what the client leaves', async () => {
    const left: (number | undefined)[] = [];
    const say: Handlers['say'] = (ctx) => {
      left.push(ctx.deadline === undefined ? undefined : Math.round((ctx.deadline - Date.now()) / 1000));
      return [{}];
    };
    await clientOf({ say }).say({});
    await clientOf({ say }, { timeoutMs: 5000 }).say({});
    await clientOf({ say }, { timeoutMs: 5000 }).say({}, { timeoutMs: 9000 });
    await clientOf({ say }, { maxTimeoutMs: 5000 }).say({}, { timeoutMs: 9000 });
    await clientOf({ say }, { timeoutMs: 8000, maxTimeoutMs: 5000 }).say({});
    expect(left).toEqual([undefined, 5, 9, 5, 5]);
  });

  it('answers deadline exceeded when its own limit is over, and unsubscribes the handler', async () => {
    let released = 0;
    const hang = () => NEVER.pipe(finalize(() => released++));
    const client = clientOf({ say: hang, watch: hang, upload: hang, chat: hang }, { maxTimeoutMs: 20 });
    for (const call of callsOf(client)) {
      expect(codeOf(await errorOf(call()))).toBe(Code.DeadlineExceeded);
    }
    expect(released).toBe(4);
  });

  it('ends the iterable of requests with ctx.err at the deadline', async () => {
    let failure: unknown;
    let ended: Context | undefined;
    const client = clientOf(
      {
        async upload(ctx, requests) {
          ended = ctx;
          try {
            for await (const _ of requests);
          } catch (error) {
            failure = error;
          }
          return {};
        },
      },
      { maxTimeoutMs: 20 },
    );
    const open = async function* () {
      yield {};
      await new Promise(() => undefined);
    };
    expect(codeOf(await errorOf(client.upload(open())))).toBe(Code.DeadlineExceeded);
    expect(failure).toBe(ended?.err);
  });

  it('lets go of requests that a handler does not read to their end', async () => {
    const client = clientOf({
      async upload(_, requests) {
        for await (const { text } of requests) return { text };
        return {};
      },
    });
    expect((await client.upload(texts('a', 'b', 'c'))).text).toBe('a');
  });

  it('pulls an async iterable as fast as the client reads, and closes it when the call ends', async () => {
    let made = 0;
    let closed = 0;
    const client = clientOf({
      async *watch() {
        try {
          for (;;) yield await Promise.resolve({ text: String(made++) });
        } finally {
          closed++;
        }
      },
    });
    const controller = new AbortController();
    const stream = client.watch({}, { signal: controller.signal })[Symbol.asyncIterator]();
    for (let i = 0; i < 3; i++) await stream.next();
    for (let i = 0; i < 100; i++) await Promise.resolve();
    expect(made).toBeLessThan(8);
    controller.abort();
    await errorOf(stream.next());
    for (let i = 0; i < 20; i++) await Promise.resolve();
    expect(closed).toBe(1);
  });

  it('buffers an observable, and unsubscribes it when the call ends', async () => {
    let released = 0;
    const client = clientOf({
      watch: () =>
        concat(range(0, 1000), NEVER).pipe(
          mapToText,
          finalize(() => released++),
        ),
    });
    const controller = new AbortController();
    const stream = client.watch({}, { signal: controller.signal })[Symbol.asyncIterator]();
    const all: string[] = [];
    for (let i = 0; i < 1000; i++) all.push(((await stream.next()) as { value: Answer }).value.text);
    expect(all).toEqual(Array.from({ length: 1000 }, (_, i) => String(i)));
    controller.abort();
    await errorOf(stream.next());
    expect(released).toBe(1);
  });

  it('closes what a handler returns that has lost its context meanwhile', async () => {
    let closed = 0;
    const [main, stop] = withCancel(background());
    const service = serviceCtx(main, LabService, {
      ...handlers,
      watch: () => {
        stop();
        return {
          [Symbol.asyncIterator]: () => ({
            next: () => new Promise<never>(() => undefined),
            return: () => {
              closed++;
              return Promise.resolve({ done: true as const, value: undefined });
            },
          }),
        };
      },
    });
    const transport = createRouterTransport((routes) => routes.service(LabService, service));
    expect(codeOf(await errorOf(textsOf(createClient(LabService, transport).watch({}))))).toBe(Code.Unavailable);
    expect(closed).toBe(1);
    expect(listenerCount(main)).toBe(0);
  });

  it('answers with the reason of the shutdown, or unavailable', async () => {
    for (const [reason, code] of [
      [new ConnectError('bye', Code.ResourceExhausted), Code.ResourceExhausted],
      [new Error('bye'), Code.Unavailable],
    ] as const) {
      const shutdown = new AbortController();
      const called = new Subject<Context>();
      const client = clientOf(
        {
          say: (ctx) => {
            called.next(ctx);
            return NEVER;
          },
        },
        undefined,
        { shutdownSignal: shutdown.signal },
      );
      const arrived = firstValueFrom(called);
      const answer = errorOf(client.say({}));
      const ctx = await arrived;
      shutdown.abort(reason);
      expect(codeOf(await answer)).toBe(code);
      expect(ctx.cause).toBe(reason);
    }
  });

  it('keeps `this` of the handlers, and takes those of a class', async () => {
    class Lab {
      private readonly greeting = 'hi';
      say() {
        return of({ text: this.greeting });
      }
      watch = () => EMPTY;
      upload = () => EMPTY;
      chat = () => EMPTY;
    }
    const service = serviceCtx(background(), LabService, new Lab());
    const client = createClient(
      LabService,
      createRouterTransport((routes) => routes.service(LabService, service)),
    );
    expect((await client.say({})).text).toBe('hi');
  });

  describe('as its streams are pulled', () => {
    const begin = (watch: Handlers['watch'], options?: HandlerContextOptions) => {
      const [main, stop] = withCancel(background());
      const service = serviceCtx(main, LabService, { ...handlers, watch }, options);
      const handler = handlerOf();
      const stream = service.watch({} as never, handler)[Symbol.asyncIterator]();
      return { stream, main, stop, ctx: handlerContext(main, handler) };
    };

    it('answers several who wait in their order, and all of them at the end', async () => {
      const { stream } = begin(() => texts('a', 'b'));
      const [first, second, third, fourth] = [stream.next(), stream.next(), stream.next(), stream.next()];
      expect((await first).value).toEqual({ text: 'a' });
      expect((await second).value).toEqual({ text: 'b' });
      expect(await third).toEqual({ done: true, value: undefined });
      expect(await fourth).toEqual({ done: true, value: undefined });
      expect(await stream.next()).toEqual({ done: true, value: undefined });
    });

    it('says once why it failed while nobody waited', async () => {
      const { stream, stop, main } = begin(() => texts('a', 'b'));
      await stream.next();
      stop();
      expect(codeOf(await errorOf(stream.next()))).toBe(Code.Unavailable);
      expect(await stream.next()).toEqual({ done: true, value: undefined });
      expect(listenerCount(main)).toBe(0);
    });

    it('does not call the handler when it is given up before the first value', async () => {
      let calls = 0;
      const { stream, ctx } = begin(() => {
        calls++;
        return EMPTY;
      });
      expect(await stream.return!()).toEqual({ done: true, value: undefined });
      expect(await stream.return!()).toEqual({ done: true, value: undefined });
      expect(calls).toBe(0);
      expect(isCanceled(ctx.err)).toBeTrue();
    });

    it('gives up when it is thrown into', async () => {
      let closed = 0;
      const { stream, ctx } = begin(async function* () {
        try {
          yield await Promise.resolve({ text: 'a' });
          yield { text: 'b' };
        } finally {
          closed++;
        }
      });
      await stream.next();
      const boom = new Error('boom');
      expect(await errorOf(stream.throw!(boom))).toBe(boom);
      expect(closed).toBe(1);
      expect(ctx.cause).toBe(ctx.err);
    });

    it('closes an iterable, with or without a return()', async () => {
      let closed = 0;
      const endless = { next: () => ({ done: false as const, value: { text: 'a' } }) };
      const withReturn = {
        ...endless,
        return: () => {
          closed++;
          return { done: true as const, value: undefined };
        },
      };
      for (const iterator of [endless, withReturn]) {
        const { stream } = begin(() => ({ [Symbol.iterator]: () => iterator }));
        await stream.next();
        await stream.return!();
      }
      expect(closed).toBe(1);
    });

    it('ignores what its source does afterwards', async () => {
      const results: ((result: IteratorResult<Answer>) => void)[] = [];
      const failures: ((error: unknown) => void)[] = [];
      const { stream, stop } = begin(() => ({
        [Symbol.asyncIterator]: () => ({
          next: () =>
            new Promise((resolve, reject) => {
              results.push(resolve);
              failures.push(reject);
            }),
        }),
      }));
      const waiting = [stream.next(), stream.next()];
      stop();
      results[0]!({ done: false, value: { text: 'late' } });
      failures[1]!(new Error('late'));
      expect(codeOf(await errorOf(waiting[0]!))).toBe(Code.Unavailable);
      expect(await waiting[1]).toEqual({ done: true, value: undefined });
    });

    it('fails as its parent did, by a deadline too', async () => {
      const [main] = withTimeout(background(), 20);
      const service = serviceCtx(main, LabService, { ...handlers, watch: () => NEVER });
      const stream = service.watch({} as never, handlerOf())[Symbol.asyncIterator]();
      expect(codeOf(await errorOf(stream.next()))).toBe(Code.Unavailable);
    });
  });

  it('does not take requests for whole that end just before the call is canceled', async () => {
    const shutdown = new AbortController();
    const handler = handlerOf(shutdown.signal);
    const seen: unknown[] = [];
    const service = serviceCtx(background(), LabService, {
      ...handlers,
      async upload(_, requests) {
        try {
          for await (const { text } of requests) seen.push(text);
          seen.push('whole');
        } catch (error) {
          seen.push(isCanceled(error));
        }
        return {};
      },
    });
    // As Node does; where there is no setImmediate, there is no such server.
    const soon: (work: () => void) => unknown = typeof setImmediate === 'undefined' ? queueMicrotask : setImmediate;
    const canceled = {
      [Symbol.asyncIterator]() {
        const iterator = texts('a')[Symbol.asyncIterator]();
        return {
          async next() {
            const result = await iterator.next();
            if (result.done === true) soon(() => shutdown.abort());
            return result;
          },
        };
      },
    };
    const answer = Promise.resolve(service.upload(canceled as never, handler)).then(
      () => 'answered',
      (error: unknown) => codeOf(error),
    );
    expect(await answer).toBe(Code.Unavailable);
    expect(seen).toEqual(['a', true]);
  });

  it('refuses bad input at the call', () => {
    const make = serviceCtx as (...args: unknown[]) => unknown;
    expect(() => make(undefined, LabService, handlers)).toThrowError(
      TypeError,
      /^serviceCtx: parent must be a Context/,
    );
    expect(() => make(background(), {}, handlers)).toThrowError(
      TypeError,
      /^serviceCtx: service must be a DescService of @bufbuild\/protobuf, got \[object Object\]: did you mean/,
    );
    expect(() => make(background(), undefined, handlers)).toThrowError(TypeError, /^serviceCtx: service must be/);
    expect(() => make(background(), LabService, undefined)).toThrowError(
      TypeError,
      'serviceCtx: handlers must be an object of handlers, got undefined',
    );
    expect(() => make(background(), LabService, { ...handlers, say: undefined })).toThrowError(
      TypeError,
      'serviceCtx: handlers.say must be a function, got undefined',
    );
    expect(() => make(background(), LabService, { ...handlers, sya: handlers.say })).toThrowError(
      TypeError,
      'serviceCtx: handlers.sya must be absent, got [object Function]: rxjsctx.lab.v1.LabService has say, watch, upload, chat',
    );
    expect(() => make(background(), LabService, handlers, { timeoutMs: 'x' })).toThrowError(
      TypeError,
      'serviceCtx: timeoutMs must be a number of milliseconds, got "x"',
    );
    expect(() => make(background(), LabService, handlers, 7)).toThrowError(TypeError, /^serviceCtx: options must be/);
  });
});

describe('handlerContext', () => {
  it('is the same for the same call, and is done with it', () => {
    const handler = handlerOf();
    const ctx = handlerContext(background(), handler);
    expect(handlerContext(background(), handler, { timeoutMs: 1 })).toBe(ctx);
    expect(ctx.err).toBeUndefined();
    handler.abort();
    expect(isCanceled(ctx.err)).toBeTrue();
    expect(ctx.cause).toBe(ctx.err);
  });

  it('is canceled with the reason of the signal', () => {
    for (const reason of [new ConnectError('reset', Code.Canceled), new Error('x'), 0, null]) {
      const handler = handlerOf();
      const ctx = handlerContext(background(), handler);
      handler.abort(reason);
      expect(isCanceled(ctx.err)).toBeTrue();
      expect(ctx.cause).toBe(reason);
    }
  });

  it('keeps the end of a context of ours as the cause', () => {
    const [shutdown, stop] = withCancel(background());
    const handler = handlerOf(shutdown.signal);
    const ctx = handlerContext(background(), handler);
    stop();
    expect(ctx.cause).toBe(shutdown.err);
  });

  it('is past its deadline when the timer of Connect, or a signal with a timeout, is first', () => {
    for (const reason of [
      new ConnectError('the operation timed out', Code.DeadlineExceeded),
      new DOMException('signal timed out', 'TimeoutError'),
    ]) {
      const handler = handlerOf(undefined, 60_000);
      const ctx = handlerContext(background(), handler);
      let heard = 0;
      ctx.done$.subscribe(() => heard++);
      expect(ctx.deadline).toBeGreaterThan(Date.now());
      handler.abort(reason);
      expect(isDeadlineExceeded(ctx.err)).toBeTrue();
      expect(ctx.cause).toBe(ctx.err);
      expect(heard).toBe(1);
    }
  });

  it('keeps an end that came before that', () => {
    const [main, stop] = withCancel(background());
    const handler = handlerOf(undefined, 60_000);
    const ctx = handlerContext(main, handler);
    stop(new Error('bye'));
    handler.abort(new ConnectError('the operation timed out', Code.DeadlineExceeded));
    expect(ctx.err).toBe(main.err);
    expect(() => throwIfDone(ctx)).toThrow(main.err!);
  });

  it('is done for a call that is over', () => {
    const handler = handlerOf();
    handler.abort(new Error('gone'));
    expect(isCanceled(handlerContext(background(), handler).err)).toBeTrue();
  });

  it('leaves nothing on its parent', () => {
    const [main] = withCancel(background());
    const handler = handlerOf(undefined, 60_000);
    const ctx = handlerContext(main, handler, { maxTimeoutMs: 1000 });
    ctx.done$.subscribe();
    expect(listenerCount(main)).toBe(1);
    handler.abort();
    expect(listenerCount(main)).toBe(0);
  });

  it('refuses bad input at the call', () => {
    const make = handlerContext as (...args: unknown[]) => unknown;
    expect(() => make(undefined, handlerOf())).toThrowError(TypeError, /^handlerContext: parent must be a Context/);
    for (const wrong of [undefined, {}, { signal: new AbortController().signal }]) {
      expect(() => make(background(), wrong)).toThrowError(
        TypeError,
        /^handlerContext: handler must be a HandlerContext of @connectrpc\/connect, got .*: did you mean the second argument/,
      );
    }
    expect(() => make(background(), handlerOf(), { maxTimeoutMs: NaN })).toThrowError(
      TypeError,
      'handlerContext: maxTimeoutMs must be a number of milliseconds, got NaN',
    );
  });
});

function handlerOf(shutdownSignal?: AbortSignal, timeoutMs?: number) {
  return createHandlerContext({
    service: LabService,
    method: LabService.method.watch,
    protocolName: 'grpc',
    requestMethod: 'POST',
    url: 'https://localhost',
    ...(shutdownSignal && { shutdownSignal }),
    ...(timeoutMs !== undefined && { timeoutMs }),
  });
}

function mapToText(source: Observable<number>): Observable<Answer> {
  return new Observable((subscriber) =>
    source.subscribe({
      next: (n) => subscriber.next({ text: String(n) }),
      error: (error: unknown) => subscriber.error(error),
      complete: () => subscriber.complete(),
    }),
  );
}
