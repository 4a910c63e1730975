import { EMPTY, NEVER, of } from 'rxjs';
import { allCtx, background, sleepCtx, withCancel } from '../../lib/index.js';
import type { Context } from '../../lib/index.js';
import { listenerCount } from '../../lib/testing/index.js';
import { expectRefused, notContexts } from '../helpers/operators.js';
import { macrotask, takeUnhandledErrors } from '../support/unhandled-errors.js';

const broken = new Error('broken');
const errorOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: unknown) => error,
  );

describe('allCtx', () => {
  it('resolves with the results under the same keys, of a record or an array', async () => {
    const a = async () => (await macrotask(), 1);
    const b = () => of('w', 'x');
    expect(await allCtx(background(), { a, b, c: () => EMPTY })).toEqual({ a: 1, b: 'x', c: undefined });
    expect(await allCtx(background(), [a, b])).toEqual([1, 'x']);
    expect(await allCtx(background(), {})).toEqual({});
    expect(await allCtx(background(), [])).toEqual([]);
    const order = await allCtx(background(), { slow: a, quick: b });
    expect(Object.keys(order)).toEqual(['slow', 'quick']);
  });

  it('runs all works under one context, so many at a time as it may', async () => {
    const seen = new Set<Context>();
    let [running, most] = [0, 0];
    const work = async (ctx: Context) => {
      seen.add(ctx);
      most = Math.max(most, ++running);
      await macrotask();
      running--;
    };
    await allCtx(background(), [work, work, work, work], { limit: 2 });
    expect([seen.size, most]).toEqual([1, 2]);
  });

  it('cancels the others at the first failure, and rejects with it once they have ended', async () => {
    const [ctx] = withCancel(background());
    let ended = false;
    const result = allCtx(ctx, {
      bad: () => Promise.reject(broken),
      slow: async (child: Context) => {
        await sleepCtx(child, Infinity).catch(macrotask);
        ended = true;
      },
      never: () => NEVER,
    });
    expect(await errorOf(result)).toBe(broken);
    expect(ended).toBeTrue();
    expect(listenerCount(ctx)).toBe(0);
  });

  it("with onError: 'continue' lets the others end before it rejects with the first failure", async () => {
    let ended = false;
    const works = {
      bad: () => Promise.reject(broken),
      worse: () => Promise.reject(new Error('second')),
      slow: async (child: Context) => {
        await macrotask();
        ended = child.err === undefined;
      },
    };
    expect(await errorOf(allCtx(background(), works, { onError: 'continue' }))).toBe(broken);
    expect(ended).toBeTrue();
    await macrotask();
    expect(takeUnhandledErrors()).toEqual([]);
  });

  it('rejects with ctx.err when ctx is done, and starts nothing when that was before', async () => {
    const [ctx, cancel] = withCancel(background());
    const result = allCtx(ctx, [() => NEVER]);
    cancel();
    expect(await errorOf(result)).toBe(ctx.err);
    const work = jasmine.createSpy();
    expect(await errorOf(allCtx(ctx, [work]))).toBe(ctx.err);
    expect(work).not.toHaveBeenCalled();
  });

  it('starts none after one has ended ctx', async () => {
    const [ctx, cancel] = withCancel(background());
    const work = jasmine.createSpy();
    const first = () => {
      cancel();
      return of(1);
    };
    expect(await errorOf(allCtx(ctx, [first, work]))).toBe(ctx.err);
    expect(work).not.toHaveBeenCalled();
  });

  it('refuses bad input', () => {
    expectRefused('allCtx: ctx must be a Context', notContexts, (got) => allCtx(got, []));
    const works = [
      [undefined, 'undefined'],
      [null, 'null'],
      [5, '5'],
      [() => of(1), '[object Function]'],
    ] as const;
    expectRefused('allCtx: works must be a record or an array of functions', works, (got, ctx) => allCtx(ctx, got));
    const promises = [[Promise.resolve(), '[object Promise]']] as const;
    expectRefused('allCtx: works.a must be a function', promises, (got, ctx) => allCtx(ctx, { a: got }));
    expectRefused('allCtx: works.0 must be a function', [[undefined, 'undefined']], (got, ctx) => allCtx(ctx, [got]));
    const limits = [[0, '0']] as const;
    expectRefused('allCtx: limit must be an integer from 1 up or Infinity', limits, (limit, ctx) =>
      allCtx(ctx, [], { limit }),
    );
  });
});
