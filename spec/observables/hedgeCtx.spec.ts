/* eslint-disable rxjs-x/throw-error -- short texts tell failures apart */
import { NEVER, Observable, Subject, concat, firstValueFrom, of, throwError } from 'rxjs';
import type { ObservableInput } from 'rxjs';
import {
  CanceledError,
  background,
  hedgeCtx,
  retryBudget,
  withCancel,
  withScheduler,
  withTimeout,
} from '../../lib/index.js';
import type { Context, HedgeOptions } from '../../lib/index.js';
import { listenerCount } from '../../lib/testing/index.js';
import { Clock } from '../helpers/clock.js';
import {
  canceled,
  exceeded,
  expectNothingLeft,
  expectNothingLeftByAbsent,
  expectRefused,
  inputs,
  notContexts,
  notFunctions,
  run,
} from '../helpers/operators.js';
import type { Wrong } from '../helpers/operators.js';
import { macrotask, takeUnhandledErrors } from '../support/unhandled-errors.js';

/** A clock by hand, and what attempts do on it: when each is made, and what comes of it. */
function hedged(
  options: HedgeOptions,
  work: (attempt: number, ctx: Context) => ObservableInput<unknown>,
  timeoutMs = Infinity,
) {
  const clock = new Clock();
  const [ctx, cancel] = withTimeout(withScheduler(background(), clock), timeoutMs);
  const at: number[] = [];
  const children: Context[] = [];
  const seen: unknown[] = [];
  const subscription = hedgeCtx(
    ctx,
    (child, attempt) => {
      at.push(clock.now());
      children.push(child);
      expect(attempt).toBe(at.length);
      return work(attempt, child);
    },
    options,
  ).subscribe({
    next: (value) => seen.push(value),
    error: (error: unknown) => seen.push(error),
    complete: () => seen.push('over'),
  });
  return { clock, ctx, cancel, at, children, seen, subscription };
}

describe('hedgeCtx', () => {
  it('makes a second attempt when the first is slow, and takes the one that emits first', () => {
    run((t) => {
      const slow = t.cold(' ------a|');
      const fast = t.cold(' --b|');
      const ctx = t.ctx('   ----------');
      const result = '      -----b|';
      const slowSubs = '    ^----!';
      const fastSubs = '    ---^--!';

      t.expectObservable(hedgeCtx(ctx, (_, attempt) => [slow, fast][attempt - 1]!, { delayMs: 3 })).toBe(result);
      t.expectSubscriptions(slow.subscriptions).toBe(slowSubs);
      t.expectSubscriptions(fast.subscriptions).toBe(fastSubs);
    });
  });

  it('makes no second one when the first is fast', () => {
    run((t) => {
      const work = t.cold(' --a--b|');
      const ctx = t.ctx('   ----------');
      const result = '      --a--b|';
      const subs = ['       ^-----!'];

      t.expectObservable(hedgeCtx(ctx, () => work, { delayMs: 3 })).toBe(result);
      t.expectSubscriptions(work.subscriptions).toBe(subs);
    });
  });

  it('takes the first when that is first after all', () => {
    run((t) => {
      const slow = t.cold(' ----a-b|');
      const late = t.cold(' ----x|');
      const ctx = t.ctx('   ----------');
      const result = '      ----a-b|';
      const lateSubs = '    ---^!';

      t.expectObservable(hedgeCtx(ctx, (_, attempt) => [slow, late][attempt - 1]!, { delayMs: 3 })).toBe(result);
      t.expectSubscriptions(late.subscriptions).toBe(lateSubs);
    });
  });

  it('takes one that completes without a value for the winner', () => {
    run((t) => {
      const slow = t.cold(' -------a|');
      const empty = t.cold('--|');
      const ctx = t.ctx('   ----------');
      const result = '      -----|';

      t.expectObservable(hedgeCtx(ctx, (_, attempt) => [slow, empty][attempt - 1]!, { delayMs: 3 })).toBe(result);
    });
  });

  it('errors with ctx.err when ctx is canceled, and cancels all', () => {
    run((t) => {
      const work = t.cold(' ---------');
      const ctx = t.ctx('   -----c');
      const result = '      -----#';
      const subs = ['       ^----!', '---^-!'];

      t.expectObservable(hedgeCtx(ctx, () => work, { delayMs: 3 })).toBe(result, undefined, canceled);
      t.expectSubscriptions(work.subscriptions).toBe(subs);
    });
  });

  it('errors with ctx.err when the deadline passes', () => {
    run((t) => {
      const ctx = t.ctx('   -----d');
      const result = '      -----#';

      t.expectObservable(hedgeCtx(ctx, () => NEVER, { delayMs: 3 })).toBe(result, undefined, exceeded);
    });
  });

  it('errors at once under a ctx that is done, and does not call the work', () => {
    const [ctx, cancel] = withCancel(background());
    cancel();
    const work = jasmine.createSpy('work').and.returnValue(NEVER);
    let error: unknown;
    hedgeCtx(ctx, work, { delayMs: 3 }).subscribe({ error: (failure: unknown) => (error = failure) });
    expect(error).toBe(ctx.err);
    expect(work).toHaveBeenCalledTimes(0);
  });

  it('unsubscribes from all', () => {
    run((t) => {
      const work = t.cold(' ---------');
      const ctx = t.ctx('   ---------');
      const unsub = '       -----!';
      const result = '      ------';
      const subs = ['       ^----!', '---^-!'];

      t.expectObservable(
        hedgeCtx(ctx, () => work, { delayMs: 3 }),
        unsub,
      ).toBe(result);
      t.expectSubscriptions(work.subscriptions).toBe(subs);
    });
  });

  it('makes no second attempt beside a synchronous one', () => {
    const { clock, at, seen, ctx } = hedged({ delayMs: 0, maxAttempts: 3 }, () => of('a', 'b'));
    clock.advance(10);
    expect(at).toEqual([0]);
    expect(seen).toEqual(['a', 'b', 'over']);
    expect(listenerCount(ctx)).toBe(0);
  });

  it('stops when ctx is canceled from inside next', () => {
    const [ctx, cancel] = withCancel(background());
    const seen: unknown[] = [];
    hedgeCtx(ctx, () => of(1, 2), { delayMs: 3 }).subscribe({
      next: (value) => {
        seen.push(value);
        cancel();
      },
      error: (error: unknown) => seen.push(error),
    });
    expect(seen).toEqual([1, ctx.err]);
  });

  it('makes one after the other, as long as nothing comes', () => {
    const { clock, at } = hedged({ delayMs: 3, maxAttempts: 4 }, () => NEVER);
    clock.advance(100);
    expect(at).toEqual([0, 3, 6, 9]);
  });

  it('makes 2 by default', () => {
    const { clock, at } = hedged({ delayMs: 3 }, () => NEVER);
    clock.advance(100);
    expect(at).toEqual([0, 3]);
  });

  it('makes all at once with a delay of 0', () => {
    const { at } = hedged({ delayMs: 0, maxAttempts: 3 }, () => NEVER);
    expect(at).toEqual([0, 0, 0]);
  });

  it('makes the next only after a failure with a delay of Infinity', () => {
    const first = new Subject<string>();
    const { clock, at, seen } = hedged({ delayMs: Infinity }, (attempt) => (attempt === 1 ? first : of('second')));
    clock.advance(1e6);
    expect(at).toEqual([0]);
    first.error('no');
    expect(at).toEqual([0, 1e6]);
    expect(seen).toEqual(['second', 'over']);
  });

  it('makes the next at once when one fails, and counts the delay from there', () => {
    const first = new Subject<string>();
    const { clock, at } = hedged({ delayMs: 10, maxAttempts: 3 }, (attempt) => (attempt === 1 ? first : NEVER));
    clock.advance(4);
    first.error('no');
    expect(at).toEqual([0, 4]);
    clock.advance(9);
    expect(at).toEqual([0, 4]);
    clock.advance(1);
    expect(at).toEqual([0, 4, 14]);
  });

  it('waits for the others when one fails and no more are allowed', () => {
    const all = [new Subject<string>(), new Subject<string>()];
    const { clock, seen } = hedged({ delayMs: 3 }, (attempt) => all[attempt - 1]!);
    clock.advance(3);
    all[0]!.error('first');
    expect(seen).toEqual([]);
    all[1]!.next('a');
    expect(seen).toEqual(['a']);
  });

  it('errors with the last error when all have failed', () => {
    const all = [new Subject<string>(), new Subject<string>()];
    const { clock, seen, ctx } = hedged({ delayMs: 3 }, (attempt) => all[attempt - 1]!);
    clock.advance(3);
    all[1]!.error('second');
    all[0]!.error('first');
    expect(seen).toEqual(['first']);
    expect([listenerCount(ctx), clock.actions.length]).toEqual([0, 0]);
  });

  it('goes through the clock, and not the stack, when synchronous work fails', () => {
    const { clock, at, seen } = hedged({ delayMs: Infinity, maxAttempts: 50_000 }, () => throwError(() => 'no'));
    expect(at.length).toBe(1);
    clock.advance(0);
    expect(at.length).toBe(50_000);
    expect(seen).toEqual(['no']);
  });

  it('takes what the work throws for a failure', () => {
    const { clock, seen } = hedged({ delayMs: 5 }, (attempt) => {
      if (attempt === 1) throw new Error('thrown');
      return of('second');
    });
    clock.advance(0);
    expect(seen).toEqual(['second', 'over']);
  });

  it('errors with the winner when that fails later', () => {
    const { seen, clock, at } = hedged({ delayMs: 5 }, () =>
      concat(
        of('a'),
        throwError(() => 'no'),
      ),
    );
    clock.advance(10);
    expect(at).toEqual([0]);
    expect(seen).toEqual(['a', 'no']);
  });

  it('errors with an error for which when is false, and cancels the others', () => {
    const all = [new Subject<string>(), new Subject<string>()];
    const { clock, seen, children } = hedged(
      { delayMs: 3, when: (error) => error !== 'fatal' },
      (attempt) => all[attempt - 1]!,
    );
    clock.advance(3);
    all[1]!.error('fatal');
    expect(seen).toEqual(['fatal']);
    expect(all[0]!.observed).toBeFalse();
    expect(children.every(({ err }) => err instanceof CanceledError)).toBeTrue();
  });

  it('errors with what when throws', () => {
    const { seen } = hedged(
      {
        delayMs: 3,
        when: () => {
          throw new Error('in when');
        },
      },
      () => throwError(() => 'no'),
    );
    expect(seen).toEqual([new Error('in when')]);
  });

  it('cancels the contexts of the losers only', () => {
    const all = [new Subject<string>(), new Subject<string>(), new Subject<string>()];
    const { children } = hedged({ delayMs: 0, maxAttempts: 3 }, (attempt) => all[attempt - 1]!);
    all[1]!.next('a');
    expect(children.map(({ err }) => err !== undefined)).toEqual([true, false, true]);
    all[1]!.complete();
    expect(children.map(({ err }) => err !== undefined)).toEqual([true, true, true]);
  });

  it('makes no attempt for which the deadline leaves no time', () => {
    const { clock, at, seen, ctx } = hedged({ delayMs: 10 }, () => NEVER, 10);
    expect(clock.actions.length).toBe(1);
    clock.advance(10);
    expect(at).toEqual([0]);
    expect(seen).toEqual([ctx.err]);
  });

  it('errors with ctx.err when the work fails at a deadline that nobody has heard of', () => {
    const work = new Subject<never>();
    const { clock, seen, ctx } = hedged({ delayMs: 10 }, () => work, 5);
    clock.jump(5);
    work.error('late');
    expect(seen).toEqual([ctx.err]);
  });

  it('makes no more when the budget is used up', () => {
    const budget = retryBudget({ maxTokens: 4, tokenRatio: 1 });
    const failing = hedged({ delayMs: Infinity, maxAttempts: 10, budget }, () => throwError(() => 'no'));
    failing.clock.advance(0);
    expect([failing.at.length, budget.tokens, failing.seen]).toEqual([2, 2, ['no']]);
    const slow = hedged({ delayMs: 3, budget }, () => NEVER);
    slow.clock.advance(10);
    expect(slow.at).toEqual([0]);
    hedged({ delayMs: 3, budget }, () => of(1));
    expect(budget.tokens).toBe(3);
  });

  it('makes no attempt from its timer when the budget was used up meanwhile', () => {
    const budget = retryBudget({ maxTokens: 2 });
    const { clock, at } = hedged({ delayMs: 3, budget }, () => NEVER);
    hedged({ delayMs: 3, budget }, () => throwError(() => 'no'));
    clock.advance(10);
    expect(at).toEqual([0]);
  });

  it('waits for longer than the host can in one go', () => {
    const { clock, at } = hedged({ delayMs: 2 ** 31 + 5 }, () => NEVER);
    clock.advance(2 ** 31 + 4);
    expect(at).toEqual([0]);
    clock.advance(1);
    expect(at).toEqual([0, 2 ** 31 + 5]);
  });

  for (const [what, work] of Object.entries(inputs)) {
    it(`takes ${what}`, async () => {
      expect(await firstValueFrom(hedgeCtx(background(), work as () => Observable<string>, { delayMs: 1000 }))).toBe(
        'x',
      );
    });
  }

  it('leaves nothing on ctx', () => {
    expectNothingLeft((ctx, source) => hedgeCtx(ctx, () => source, { delayMs: 1000, maxAttempts: 1 }));
    expectNothingLeftByAbsent((ctx, source) => hedgeCtx(ctx, () => source, { delayMs: 1000 }));
    const { clock, ctx, subscription } = hedged({ delayMs: 10 }, () => NEVER);
    expect([listenerCount(ctx), clock.actions.length]).toEqual([1, 1]);
    subscription.unsubscribe();
    expect([listenerCount(ctx), clock.actions.length]).toEqual([0, 0]);
  });

  it('goes on with what runs when the clock refuses a timer, and errors where nothing runs', async () => {
    const clock = new Clock();
    const ctx = withScheduler(background(), {
      now: () => clock.now(),
      schedule: () => {
        throw new Error('no timer');
      },
    });
    const work = new Subject<string>();
    const seen: unknown[] = [];
    hedgeCtx(ctx, () => work, { delayMs: 3 }).subscribe((value) => seen.push(value));
    work.next('a');
    hedgeCtx(ctx, () => throwError(() => 'no'), { delayMs: 3 }).subscribe({
      error: (error: unknown) => seen.push(error),
    });
    expect(seen).toEqual(['a', 'no']);
    await macrotask();
    expect(takeUnhandledErrors().length).toBeGreaterThan(0);
  });

  it('reports what a timer throws that is disarmed', async () => {
    const clock = {
      now: () => 0,
      schedule: () => ({
        unsubscribe() {
          throw new Error('stays armed');
        },
      }),
    };
    hedgeCtx(withScheduler(background(), clock), () => NEVER, { delayMs: 3 })
      .subscribe()
      .unsubscribe();
    await macrotask();
    expect(takeUnhandledErrors()).toEqual([new Error('stays armed')]);
  });

  it('refuses what it cannot work with', () => {
    const work = () => of(1);
    expectRefused('hedgeCtx: ctx must be a Context', notContexts, (got) => hedgeCtx(got, work, { delayMs: 1 }));
    expectRefused('hedgeCtx: work must be a function', [...notFunctions, [undefined, 'undefined']], (got, ctx) =>
      hedgeCtx(ctx, got, { delayMs: 1 }),
    );
    expectRefused(
      'hedgeCtx: options must be an object with delayMs',
      [
        [5, '5'],
        [undefined, 'undefined'],
      ],
      (got, ctx) => hedgeCtx(ctx, work, got),
    );
    const delays: Wrong[] = [
      [NaN, 'NaN'],
      [-1, '-1'],
      ['5', '"5"'],
      [undefined, 'undefined'],
    ];
    expectRefused('hedgeCtx: options.delayMs must be a number of milliseconds, at least 0', delays, (got, ctx) =>
      hedgeCtx(ctx, work, { delayMs: got }),
    );
    const option = (name: string, message: string, wrong: readonly Wrong[]) =>
      expectRefused(`hedgeCtx: options.${name} must be ${message}`, wrong, (got, ctx) =>
        hedgeCtx(ctx, work, { delayMs: 1, [name]: got }),
      );
    option('maxAttempts', 'a whole number of at least 1, or Infinity', [
      [NaN, 'NaN'],
      [0, '0'],
      [1.5, '1.5'],
    ]);
    option('when', 'a function', notFunctions);
    option('budget', 'what retryBudget() returns', [[{ tokens: 5 }, '[object Object]']]);
    expectRefused('hedgeCtx: options.delay must be absent', [[5, '5: did you mean delayMs?']], (got, ctx) =>
      hedgeCtx(ctx, work, { delay: got } as unknown as HedgeOptions),
    );
    expectRefused(
      'hedgeCtx: options.maxAttempts must be a whole number where delayMs is 0',
      [[Infinity, 'Infinity']],
      (got, ctx) => hedgeCtx(ctx, work, { delayMs: 0, maxAttempts: got }),
    );
  });
});
