import { Code, ConnectError, createClient, createContextKey, createRouterTransport } from '@connectrpc/connect';
import type { CallOptions, Interceptor } from '@connectrpc/connect';
import { firstValueFrom, lastValueFrom, take, toArray } from 'rxjs';
import { callCtx, connectCtxKey } from '../../../lib/adapters/connect.js';
import {
  background,
  contextKey,
  isDeadlineExceeded,
  withCancel,
  withScheduler,
  withTimeout,
  withValue,
} from '../../../lib/index.js';
import type { Context } from '../../../lib/index.js';
import { listenerCount } from '../../../lib/testing/index.js';
import { LabService } from './lab/lab_pb.js';
import { errorOf } from './lab/behaviour.js';

describe('callCtx of rxjs-ctx/connect', () => {
  /** What the client is given under a context. */
  const optionsUnder = (ctx: Context, reserveMs?: number) =>
    firstValueFrom(callCtx(ctx, (options) => Promise.resolve(options), { reserveMs }));
  const never = new Promise<never>(() => undefined);

  for (const [ms, told] of [
    [0.4, 1],
    [1, 1],
    [12.7, 13],
    [99_999_999, 99_999_999],
    [100_000_001, undefined],
    [2 ** 31 - 1, undefined],
    [2 ** 31, undefined],
    [60 * 86_400_000, undefined],
    [Infinity, undefined],
  ] as const) {
    it(`tells the server of ${String(ms)} ms as ${String(told)}`, async () => {
      // A clock that stands still: what is left is what was given.
      const at = Date.now();
      const clock = { now: () => at, schedule: () => ({ unsubscribe: () => undefined }) };
      const [ctx] = withTimeout(withClock(clock), ms);
      const { timeoutMs } = await optionsUnder(ctx);
      // Sums of epoch milliseconds and fractions are rounded.
      if (told === undefined) expect(timeoutMs).toBeUndefined();
      else expect(timeoutMs).toBe(told);
    });
  }

  it('tells the server of at least 1 ms, however much is reserved, and takes no negative reserve', async () => {
    const [ctx] = withTimeout(background(), 1000);
    expect((await optionsUnder(ctx, 5000)).timeoutMs).toBe(1);
    expect((await optionsUnder(ctx, -5000)).timeoutMs).toBeLessThanOrEqual(1000);
  });

  it('gives interceptors the context, and leaves room for keys of the user', async () => {
    const user = contextKey<string>('user');
    const theirs = createContextKey('default');
    const seen: unknown[] = [];
    const interceptor: Interceptor = (next) => (request) => {
      seen.push(request.contextValues.get(connectCtxKey)?.value(user), request.contextValues.get(theirs));
      return next(request);
    };
    const transport = createRouterTransport((router) => router.service(LabService, { say: () => ({}) }), {
      transport: { interceptors: [interceptor] },
    });
    const client = createClient(LabService, transport);
    const ctx = withValue(background(), user, 'ada');
    await firstValueFrom(
      callCtx(ctx, (o) => client.say({}, { ...o, contextValues: o.contextValues!.set(theirs, 'mine') })),
    );
    await client.say({});
    expect(seen).toEqual(['ada', 'mine', undefined, 'default']);
  });

  it('calls for each subscription', async () => {
    let calls = 0;
    const call$ = callCtx(background(), () => Promise.resolve(++calls));
    expect(calls).toBe(0);
    expect(await firstValueFrom(call$)).toBe(1);
    expect(await firstValueFrom(call$)).toBe(2);
  });

  it('errors with what the call throws, and leaves nothing on ctx', async () => {
    const [ctx] = withCancel(background());
    const boom = new Error('boom');
    const thrown = callCtx(ctx, () => {
      throw boom;
    });
    expect(await errorOf(lastValueFrom(thrown))).toBe(boom);
    expect(await errorOf(lastValueFrom(callCtx(ctx, () => Promise.reject(boom))))).toBe(boom);
    expect(listenerCount(ctx)).toBe(0);
  });

  it('errors when the call gives neither a promise nor an async iterable', async () => {
    for (const wrong of [undefined, null, 7, [1]]) {
      const error = await errorOf(lastValueFrom(callCtx(background(), () => wrong as unknown as Promise<number>)));
      expect(error).toBeInstanceOf(TypeError);
      expect(String(error)).toContain('callCtx: call must be a function that returns a promise or an async iterable');
    }
  });

  it('closes an async iterable that wraps the stream of a client', async () => {
    let closed = 0;
    async function* wrapped() {
      try {
        for (let i = 0; ; i++) yield await Promise.resolve(i);
      } finally {
        closed++;
      }
    }
    expect(await lastValueFrom(callCtx(background(), wrapped).pipe(take(3), toArray()))).toEqual([0, 1, 2]);
    await Promise.resolve();
    expect(closed).toBe(1);
  });

  it('ignores an iterable that cannot be closed', async () => {
    const stuck = {
      [Symbol.asyncIterator]: () => ({
        next: () => never,
        return: () => Promise.reject(new Error('cannot')),
      }),
    };
    const [ctx, cancel] = withCancel(background());
    const errors: unknown[] = [];
    callCtx<number>(ctx, () => stuck).subscribe({ error: (error: unknown) => errors.push(error) });
    cancel();
    await new Promise((then) => setTimeout(then));
    expect(errors).toEqual([ctx.err]);
  });

  it('stops within next: nothing is pulled after ctx was canceled there', async () => {
    const [ctx, cancel] = withCancel(background());
    const pulled: number[] = [];
    async function* stream() {
      for (let i = 0; i < 5; i++) {
        pulled.push(i);
        yield await Promise.resolve(i);
      }
    }
    let error: unknown;
    callCtx(ctx, stream).subscribe({
      next: (i) => {
        if (i === 1) cancel();
      },
      error: (thrown: unknown) => (error = thrown),
    });
    for (let i = 0; i < 50; i++) await Promise.resolve();
    expect(pulled).toEqual([0, 1]);
    expect(error).toBe(ctx.err);
  });

  it('ignores what a call does that was aborted', async () => {
    const [ctx, cancel] = withCancel(background());
    const seen: unknown[] = [];
    let resolve!: (value: number) => void;
    const observer = { next: (value: unknown) => seen.push(value), error: (error: unknown) => seen.push(error) };
    callCtx(ctx, () => new Promise<number>((done) => (resolve = done))).subscribe(observer);
    let emit!: (result: IteratorResult<number>) => void;
    const next = () => new Promise<IteratorResult<number>>((done) => (emit = done));
    callCtx(ctx, () => ({ [Symbol.asyncIterator]: () => ({ next }) })).subscribe(observer);
    let reject!: (error: unknown) => void;
    callCtx(ctx, () => new Promise<number>((_, failed) => (reject = failed))).subscribe(observer);
    cancel();
    resolve(1);
    emit({ done: false, value: 2 });
    reject(new Error('too late'));
    for (let i = 0; i < 10; i++) await Promise.resolve();
    expect(seen).toEqual([ctx.err, ctx.err, ctx.err]);
  });

  it('aborts with ctx.err as the reason', () => {
    const [ctx, cancel] = withCancel(background());
    let signal: AbortSignal | undefined;
    const call = (options: CallOptions) => {
      ({ signal } = options);
      return never;
    };
    callCtx(ctx, call).subscribe({ error: () => undefined });
    cancel();
    expect(signal?.reason).toBe(ctx.err);
    const subscription = callCtx(background(), call).subscribe();
    expect(signal?.aborted).toBeFalse();
    subscription.unsubscribe();
    expect(signal?.aborted).toBeTrue();
  });

  it('does not abort what is over', async () => {
    let signal: AbortSignal | undefined;
    await firstValueFrom(
      callCtx(background(), (options) => {
        ({ signal } = options);
        return Promise.resolve(1);
      }),
    );
    expect(signal?.aborted).toBeFalse();
  });

  describe('when the far side says canceled or deadline exceeded', () => {
    for (const code of [Code.Canceled, Code.DeadlineExceeded]) {
      it(`errors with ctx.err if that is set, whether or not the listeners know (${Code[code]})`, async () => {
        const clock = { at: 0, now: () => clock.at, schedule: () => ({ unsubscribe: () => undefined }) };
        const [ctx] = withTimeout(withClock(clock), 100);
        const result = errorOf(
          lastValueFrom(
            callCtx(ctx, () => {
              clock.at = 100; // no timer fires
              return Promise.reject(new ConnectError('far', code));
            }),
          ),
        );
        expect(await result).toBe(ctx.err);
        expect(isDeadlineExceeded(ctx.err)).toBeTrue();
      });

      it(`waits for a deadline that is less than 1 ms away (${Code[code]})`, async () => {
        const [ctx] = withTimeout(background(), 30);
        const error = await errorOf(
          lastValueFrom(
            callCtx(ctx, () => {
              while (ctx.deadline! - Date.now() > 1);
              return Promise.reject(new ConnectError('far', code));
            }),
          ),
        );
        expect(error).toBe(ctx.err);
      });

      it(`errors with that when ctx does not end by then (${Code[code]})`, async () => {
        const clock = { now: () => 0, schedule: () => ({ unsubscribe: () => undefined }) };
        const [ctx] = withTimeout(withClock(clock), 0.5);
        const far = new ConnectError('far', code);
        expect(await errorOf(lastValueFrom(callCtx(ctx, () => Promise.reject(far))))).toBe(far);
        const [other, cancel] = withTimeout(withClock(clock), 0.5);
        const seen: unknown[] = [];
        callCtx(other, () => Promise.reject(far)).subscribe({ error: (error: unknown) => seen.push(error) });
        for (let i = 0; i < 5; i++) await Promise.resolve();
        cancel();
        await new Promise((then) => setTimeout(then, 10));
        expect(seen).toEqual([other.err]);
      });
    }

    it('passes every other error on, done or not', async () => {
      const [ctx] = withTimeout(background(), 60_000);
      const far = new ConnectError('far', Code.Aborted);
      expect(await errorOf(lastValueFrom(callCtx(ctx, () => Promise.reject(far))))).toBe(far);
    });
  });

  it('follows a context of others that ends when it is first listened to', async () => {
    const [own, cancel] = withCancel(background());
    const foreign: Context = {
      deadline: undefined,
      get err() {
        return own.err;
      },
      get cause() {
        return own.cause;
      },
      get done$() {
        return own.done$;
      },
      signal: own.signal,
      value: (key) => key.default,
    };
    const lazily: Context = Object.create(foreign, {
      done$: {
        value: {
          subscribe: (observer: never) => {
            cancel();
            return own.done$.subscribe(observer);
          },
        },
      },
    }) as Context;
    let calls = 0;
    const error = await errorOf(lastValueFrom(callCtx(lazily, () => Promise.resolve(++calls))));
    expect(error).toBe(own.err);
    expect(calls).toBe(0);
  });

  it('refuses bad input at the call', () => {
    const say = () => never;
    expect(() => callCtx(undefined as never, say)).toThrowError(
      TypeError,
      /^callCtx: ctx must be a Context, got undefined/,
    );
    expect(() => callCtx(background(), never as never)).toThrowError(
      TypeError,
      'callCtx: call must be a function, got [object Promise]: did you mean (options) => client.method(request, options)?',
    );
    expect(() => callCtx(background(), say, 7 as never)).toThrowError(TypeError, /^callCtx: options must be an object/);
    expect(() => callCtx(background(), say, { reserveMs: NaN })).toThrowError(
      TypeError,
      'callCtx: reserveMs must be a number of milliseconds, got NaN',
    );
  });
});

function withClock(clock: { now: () => number; schedule: () => { unsubscribe: () => void } }): Context {
  return withScheduler(background(), clock);
}
