import { NEVER, Observable, Subject, concat, of, range, throwError } from 'rxjs';
import { background, iterateCtx, withCancel, withScheduler, withTimeout } from '../../lib/index.js';
import type { Context } from '../../lib/index.js';
import { listenerCount } from '../../lib/testing/index.js';
import { Clock } from '../helpers/clock.js';
import { ManualScheduler } from '../helpers/manualScheduler.js';
import { expectRefused, inputs, notContexts } from '../helpers/operators.js';

const end = { done: true, value: undefined } as const;
const value = <T>(of: T) => ({ done: false, value: of }) as const;
const errorOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: unknown) => error,
  );

/** As esbuild's `await using` looks it up. */
const { asyncDispose = Symbol.for('Symbol.asyncDispose') } = Symbol as { asyncDispose?: symbol };

function setUp() {
  const [ctx, cancel] = withCancel(background());
  const source = new Subject<number>();
  return { ctx, cancel, source };
}

/** Expects the iteration to be over and nothing to be held. */
async function expectOver(iterator: AsyncGenerator, ctx: Context, source?: Subject<number>) {
  expect(await iterator.next()).toEqual(end);
  expect(listenerCount(ctx)).toBe(0);
  if (source !== undefined) expect(source.observed).toBeFalse();
}

describe('iterateCtx', () => {
  it('gives the values of the source in order, and ends with it', async () => {
    const { ctx } = setUp();
    const seen: number[] = [];
    for await (const n of iterateCtx(ctx, of(1, 2, 3))) seen.push(n);
    for await (const n of iterateCtx(background(), range(4, 2))) seen.push(n);
    expect(seen).toEqual([1, 2, 3, 4, 5]);
    expect(listenerCount(ctx)).toBe(0);
  });

  for (const [name, make] of Object.entries(inputs)) {
    it(`iterates ${name}`, async () => {
      const { ctx } = setUp();
      const seen: string[] = [];
      for await (const x of iterateCtx(ctx, make())) seen.push(x);
      expect(seen).toEqual(['x']);
      expect(listenerCount(ctx)).toBe(0);
    });
  }

  it('subscribes at the first next()', async () => {
    const { ctx, source } = setUp();
    const iterator = iterateCtx(ctx, source);
    expect(source.observed).toBeFalse();
    expect(listenerCount(ctx)).toBe(0);
    const first = iterator.next();
    expect(source.observed).toBeTrue();
    const second = iterator.next();
    source.next(1);
    source.next(2);
    source.next(3);
    expect(await first).toEqual(value(1));
    expect(await second).toEqual(value(2));
    expect(await iterator.next()).toEqual(value(3));
    const [last, afterLast] = [iterator.next(), iterator.next()];
    source.complete();
    expect(await last).toEqual(end);
    expect(await afterLast).toEqual(end);
    await expectOver(iterator, ctx, source);
  });

  it('unsubscribes on break, return and throw of the loop body', async () => {
    const { ctx } = setUp();
    for (const how of ['break', 'return', 'throw']) {
      const source = new Subject<number>();
      const loop = (async () => {
        for await (const n of iterateCtx(ctx, source)) {
          expect(n).toBe(1);
          if (how === 'break') break;
          if (how === 'return') return;
          throw new Error('loop');
        }
      })();
      source.next(1);
      expect(await errorOf(loop)).toEqual(how === 'throw' ? new Error('loop') : 'no error');
      expect(source.observed).toBeFalse();
      expect(listenerCount(ctx)).toBe(0);
    }
  });

  it('is over at once by return(), throw() and await using, also while a next() waits', async () => {
    const { ctx } = setUp();
    const broken = new Error('broken');
    const ways: ((iterator: AsyncGenerator<number, void, void>) => Promise<unknown>)[] = [
      (iterator) => iterator.return(),
      (iterator) => iterator.throw(broken),
      (iterator) => (iterator as never as Record<symbol, () => Promise<unknown>>)[asyncDispose]!(),
    ];
    const results: unknown[] = [];
    for (const leave of ways) {
      const source = new Subject<number>();
      const iterator = iterateCtx(ctx, source);
      expect(iterator[Symbol.asyncIterator]()).toBe(iterator);
      const waits = iterator.next();
      const left = leave(iterator);
      expect(source.observed).toBeFalse();
      expect(await waits).toEqual(end);
      results.push(await left.catch((error: unknown) => error));
      await expectOver(iterator, ctx, source);
    }
    expect(results).toEqual([end, broken, undefined]);
    const unused = iterateCtx(ctx, NEVER);
    expect(await unused.return()).toEqual(end);
    await expectOver(unused, ctx);
  });

  it('throws ctx.err to the loop that waits when ctx is done, and drops nothing but what waits', async () => {
    const { ctx, cancel, source } = setUp();
    const iterator = iterateCtx(ctx, source);
    const waits = [iterator.next(), iterator.next()];
    cancel(new Error('client gone'));
    expect(await errorOf(waits[0]!)).toBe(ctx.err);
    expect(await waits[1]!).toEqual(end);
    await expectOver(iterator, ctx, source);
  });

  it('throws ctx.err at the next step when ctx is done while the loop body runs: values that wait are dropped', async () => {
    const { ctx, cancel, source } = setUp();
    const iterator = iterateCtx(ctx, source);
    const first = iterator.next();
    source.next(1);
    source.next(2);
    await first;
    cancel();
    expect(source.observed).toBeFalse();
    expect(await errorOf(iterator.next())).toBe(ctx.err);
    await expectOver(iterator, ctx, source);
  });

  it('throws ctx.err at the deadline, in a loop body that never lets the timer fire, too', async () => {
    const clock = new Clock();
    const [ctx] = withTimeout(withScheduler(background(), clock), 10);
    const iterator = iterateCtx(ctx, of(1, 2, 3));
    expect(await iterator.next()).toEqual(value(1));
    clock.jump(10);
    expect(await errorOf(iterator.next())).toBe(ctx.err);
    await expectOver(iterator, ctx);
    expect(clock.actions.length).toBe(0);
  });

  it('does not subscribe when ctx is done before the first next()', async () => {
    const { ctx, cancel } = setUp();
    let subscribed = 0;
    const iterator = iterateCtx(
      ctx,
      new Observable(() => {
        subscribed++;
      }),
    );
    cancel();
    expect(await errorOf(iterator.next())).toBe(ctx.err);
    await expectOver(iterator, ctx);
    expect(subscribed).toBe(0);
  });

  it('does not subscribe when arming the timer of ctx ends it', async () => {
    const hand = new ManualScheduler();
    const [parent, cancel] = withCancel(withScheduler(background(), hand));
    const [ctx] = withTimeout(parent, 10);
    hand.onSchedule = () => {
      cancel();
    };
    let subscribed = 0;
    const iterator = iterateCtx(
      ctx,
      new Observable(() => {
        subscribed++;
      }),
    );
    expect(await errorOf(iterator.next())).toBe(ctx.err);
    expect(subscribed).toBe(0);
  });

  it('gives the values before an error of the source first', async () => {
    const { ctx } = setUp();
    const broken = new Error('broken');
    const iterator = iterateCtx(
      ctx,
      concat(
        of(1, 2),
        throwError(() => broken),
      ),
    );
    expect(await iterator.next()).toEqual(value(1));
    expect(await iterator.next()).toEqual(value(2));
    expect(listenerCount(ctx)).toBe(0);
    expect(await errorOf(iterator.next())).toBe(broken);
    await expectOver(iterator, ctx);
  });

  describe('with a buffer that is full', () => {
    const first4 = async (options: Parameters<typeof iterateCtx>[2]) => {
      const { ctx } = setUp();
      let emitted = 0;
      const source = new Observable<number>((subscriber) => {
        while (!subscriber.closed && emitted < 6) subscriber.next(++emitted);
        subscriber.complete();
      });
      const iterator = iterateCtx(ctx, source, options);
      const seen: unknown[] = [];
      try {
        for await (const n of iterator) seen.push(n);
      } catch (error) {
        seen.push(error);
      }
      await expectOver(iterator, ctx);
      return { seen, emitted };
    };

    it('unsubscribes, and throws a RangeError after the values that wait', async () => {
      const error = new RangeError('iterateCtx: more than 2 values wait for the loop');
      const { seen, emitted } = await first4({ buffer: 2 });
      expect(seen).toEqual([1, 2, 3, error]);
      expect(seen[3]).toBeInstanceOf(RangeError);
      expect(emitted).toBe(4);
      expect((await first4({ buffer: 0, overflow: 'error' })).seen.length).toBe(2);
    });

    it('drops the oldest or the newest', async () => {
      expect((await first4({ buffer: 2, overflow: 'dropOldest' })).seen).toEqual([1, 5, 6]);
      expect((await first4({ buffer: 2, overflow: 'dropNewest' })).seen).toEqual([1, 2, 3]);
      expect((await first4({ buffer: 0, overflow: 'dropOldest' })).seen).toEqual([1]);
      expect((await first4({ buffer: undefined, overflow: undefined })).seen).toEqual([1, 2, 3, 4, 5, 6]);
    });
  });

  it('refuses bad input at the call, not at the first next()', () => {
    expectRefused('iterateCtx: ctx must be a Context', notContexts, (got) => iterateCtx(got, NEVER));
    const sources = [
      [undefined, 'undefined'],
      [5, '5'],
      [() => NEVER, '[object Function]: did you mean to call it?'],
    ] as const;
    const wanted = 'iterateCtx: source must be an observable, a promise or an iterable';
    expectRefused(wanted, sources, (got, ctx) => iterateCtx(ctx, got));
    const options = [
      [null, 'null'],
      [5, '5'],
    ] as const;
    expectRefused('iterateCtx: options must be an object', options, (got, ctx) => iterateCtx(ctx, NEVER, got));
    const buffers = [
      [-1, '-1'],
      [1.5, '1.5'],
      [NaN, 'NaN'],
      ['5', '"5"'],
    ] as const;
    expectRefused('iterateCtx: buffer must be an integer from 0 up or Infinity', buffers, (buffer, ctx) =>
      iterateCtx(ctx, NEVER, { buffer }),
    );
    const overflows = [['drop', '"drop"']] as const;
    expectRefused("iterateCtx: overflow must be 'error', 'dropOldest' or 'dropNewest'", overflows, (overflow, ctx) =>
      iterateCtx(ctx, NEVER, { overflow }),
    );
  });
});
