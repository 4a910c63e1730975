/* eslint-disable rxjs-x/throw-error -- short texts tell failures apart */
import { NEVER, Observable, Subject, concat, defer, firstValueFrom, of, throwError, timer } from 'rxjs';
import {
  CanceledError,
  background,
  isDeadlineExceeded,
  retryBudget,
  retryCtx,
  withCancel,
  withScheduler,
  withTimeout,
} from '../../lib/index.js';
import type { Attempt, Context, RetryOptions } from '../../lib/index.js';
import { listenerCount } from '../../lib/testing/index.js';
import { Clock } from '../helpers/clock.js';
import { ManualScheduler } from '../helpers/manualScheduler.js';
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
import { takeUnhandledErrors } from '../support/unhandled-errors.js';

const exact: RetryOptions = { initialMs: 1, jitter: (ms) => ms };

/** A clock by hand, a context on it, and what a series of failing attempts does under that: when each is made. */
function series(
  options: RetryOptions,
  fails: (attempt: Attempt, ctx: Context) => unknown = ({ attempt }) => `no ${attempt}`,
  timeoutMs = Infinity,
) {
  const clock = new Clock();
  const [ctx, cancel] = withTimeout(withScheduler(background(), clock), timeoutMs);
  const at: number[] = [];
  const children: Context[] = [];
  let error: unknown;
  const subscription = retryCtx(
    ctx,
    (child, attempt) => {
      at.push(clock.now());
      children.push(child);
      return throwError(() => fails(attempt, child));
    },
    options,
  ).subscribe({ error: (failure: unknown) => (error = failure) });
  return { clock, ctx, cancel, at, children, subscription, error: () => error };
}

describe('retryCtx', () => {
  it('runs the work again when it fails, after a wait', () => {
    run((t) => {
      const first = t.cold('  -#');
      const second = t.cold(' -a-b-|');
      const ctx = t.ctx('     ----------');
      const result = '        -----a-b-|';
      const firstSubs = '     ^!';
      const secondSubs = '    ----^----!';

      const work = (_: Context, { attempt }: Attempt) => [first, second][attempt - 1]!;
      t.expectObservable(retryCtx(ctx, work, { ...exact, initialMs: 3 })).toBe(result);
      t.expectSubscriptions(first.subscriptions).toBe(firstSubs);
      t.expectSubscriptions(second.subscriptions).toBe(secondSubs);
    });
  });

  it('errors with ctx.err when ctx is canceled while an attempt runs', () => {
    run((t) => {
      const work = t.cold(' --a--b--|');
      const ctx = t.ctx('   ----c');
      const result = '      --a-#';
      const subs = '        ^---!';

      t.expectObservable(retryCtx(ctx, () => work, exact)).toBe(result, undefined, canceled);
      t.expectSubscriptions(work.subscriptions).toBe(subs);
    });
  });

  it('errors with ctx.err when the deadline of ctx passes while an attempt runs', () => {
    run((t) => {
      const work = t.cold(' --a--b--|');
      const ctx = t.ctx('   ----d');
      const result = '      --a-#';

      t.expectObservable(retryCtx(ctx, () => work, exact)).toBe(result, undefined, exceeded);
    });
  });

  it('errors with ctx.err at once when ctx is canceled during a wait', () => {
    run((t) => {
      const work = t.cold(' -#');
      const ctx = t.ctx('   ----c');
      const result = '      ----#';
      const subs = '        ^!';

      t.expectObservable(retryCtx(ctx, () => work, { ...exact, initialMs: 8 })).toBe(result, undefined, canceled);
      t.expectSubscriptions(work.subscriptions).toBe(subs);
    });
  });

  it('errors at once under a ctx that is done, and does not call the work', () => {
    run((t) => {
      const ctx = t.ctx('   c');
      const result = '      #';
      const work = jasmine.createSpy('work').and.returnValue(NEVER);

      t.expectObservable(defer(() => retryCtx(ctx, work)).pipe()).toBe(result, undefined, canceled);
      t.flush();
      expect(work).toHaveBeenCalledTimes(0);
    });
  });

  it('errors with the last error when it has made all attempts', () => {
    run((t) => {
      const work = t.cold(' -#', undefined, 'broken');
      const ctx = t.ctx('   ------------');
      const result = '      ------#';
      const subs = ['       ^!', '--^!', '-----^!'];

      t.expectObservable(retryCtx(ctx, () => work, exact)).toBe(result, undefined, 'broken');
      t.expectSubscriptions(work.subscriptions).toBe(subs);
    });
  });

  it('does not repeat an attempt that has emitted', () => {
    run((t) => {
      const work = t.cold(' -a-#', undefined, 'broken');
      const ctx = t.ctx('   ------------');
      const result = '      -a-#';
      const subs = ['       ^--!'];

      t.expectObservable(retryCtx(ctx, () => work, exact)).toBe(result, undefined, 'broken');
      t.expectSubscriptions(work.subscriptions).toBe(subs);
    });
  });

  it('begins no wait that would pass the deadline, and errors with the last error', () => {
    run((t) => {
      const work = t.cold(' -#', undefined, 'broken');
      const ctx = t.ctx('   ----d');
      const result = '      -#';

      t.expectObservable(retryCtx(ctx, () => work, { ...exact, initialMs: 3 })).toBe(result, undefined, 'broken');
    });
  });

  it('begins a wait that leaves time', () => {
    run((t) => {
      const work = t.cold(' -#', undefined, 'broken');
      const ctx = t.ctx('   ----d');
      const result = '      ----#';
      const subs = ['       ^!', '   ---^!'];

      t.expectObservable(retryCtx(ctx, () => work, { ...exact, initialMs: 2 })).toBe(result, undefined, exceeded);
      t.expectSubscriptions(work.subscriptions).toBe(subs);
    });
  });

  it('unsubscribes from the attempt that runs, or stops waiting', () => {
    run((t) => {
      const work = t.cold(' -#');
      const ctx = t.ctx('   --------');
      const unsub = '       ----!';
      const result = '      -----';
      const subs = ['       ^!', '--^!'];

      t.expectObservable(
        retryCtx(ctx, () => work, { ...exact, multiplier: 10 }),
        unsub,
      ).toBe(result);
      t.expectSubscriptions(work.subscriptions).toBe(subs);
    });
  });

  it('is done with a synchronous work at once', () => {
    const [ctx] = withCancel(background());
    const seen: unknown[] = [];
    retryCtx(ctx, () => of(1, 2)).subscribe({ next: (value) => seen.push(value), complete: () => seen.push('over') });
    expect(seen).toEqual([1, 2, 'over']);
    expect(listenerCount(ctx)).toBe(0);
  });

  it('stops when ctx is canceled from inside next', () => {
    const [ctx, cancel] = withCancel(background());
    const seen: unknown[] = [];
    retryCtx(ctx, () => of(1, 2)).subscribe({
      next: (value) => {
        seen.push(value);
        cancel();
      },
      error: (error: unknown) => seen.push(error),
    });
    expect(seen).toEqual([1, ctx.err]);
  });

  it('begins anew for every subscription, and does nothing before', async () => {
    let calls = 0;
    const result = retryCtx(background(), () => of(++calls));
    expect(calls).toBe(0);
    expect([await firstValueFrom(result), await firstValueFrom(result)]).toEqual([1, 2]);
  });

  for (const [what, work] of Object.entries(inputs)) {
    it(`takes ${what}`, async () => {
      expect(await firstValueFrom(retryCtx(background(), work as () => Observable<string>))).toBe('x');
    });
  }

  it('gives every attempt a child of its own, canceled before the wait, its number and the error before', () => {
    const told: Attempt[] = [];
    const { clock, children, at } = series(exact, (attempt, child) => {
      told.push(attempt);
      expect(child.err).toBeUndefined();
      return `no ${attempt.attempt}`;
    });
    expect(children.length).toBe(1);
    expect(children[0]!.err).toBeInstanceOf(CanceledError);
    clock.advance(10);
    expect(new Set(children).size).toBe(3);
    expect(children.every(({ err }) => err instanceof CanceledError)).toBeTrue();
    expect(told).toEqual([
      { attempt: 1, error: undefined },
      { attempt: 2, error: 'no 1' },
      { attempt: 3, error: 'no 2' },
    ]);
    expect(at).toEqual([0, 1, 3]);
  });

  it('unsubscribes the work of an attempt before it cancels its context', () => {
    const order: string[] = [];
    const clock = new Clock();
    const ctx = withScheduler(background(), clock);
    retryCtx(
      ctx,
      (child) =>
        new Observable<never>((subscriber) => {
          order.push('made');
          child.done$.subscribe(() => order.push('canceled'));
          const sub = timer(1, clock).subscribe(() => subscriber.error('no'));
          return () => {
            sub.unsubscribe();
            order.push(`unsubscribed, ${String(child.err)}`);
          };
        }),
      { ...exact, maxAttempts: 2 },
    ).subscribe({ error: () => order.push('error') });
    clock.advance(10);
    const one = ['made', 'unsubscribed, undefined', 'canceled'];
    expect(order).toEqual([...one, ...one, 'error']);
  });

  it('waits longer each time, at most maxMs', () => {
    const { clock, at } = series({ ...exact, initialMs: 10, maxMs: 50, multiplier: 3, maxAttempts: 6 });
    clock.advance(1000);
    expect(at).toEqual([0, 10, 40, 90, 140, 190]);
  });

  it('does not overflow after many attempts', () => {
    const { clock, at } = series({ ...exact, initialMs: 1e300, maxMs: 5, multiplier: 1e300, maxAttempts: 4 });
    clock.advance(1000);
    expect(at).toEqual([0, 5, 10, 15]);
    const none = series({ ...exact, initialMs: 0, multiplier: 1e300, maxAttempts: 4 });
    none.clock.advance(0);
    expect(none.at).toEqual([0, 0, 0, 0]);
  });

  it('spreads waits between none and the whole by default', () => {
    const waits = Array.from({ length: 50 }, () => {
      const { clock, at } = series({ initialMs: 1000, maxAttempts: 2 });
      clock.advance(2000);
      return at[1]!;
    });
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...waits)).toBeLessThanOrEqual(1000);
    expect(new Set(waits.map(Math.round)).size).toBeGreaterThan(10);
  });

  for (const jittered of [NaN, -5]) {
    it(`does not wait when jitter gives ${jittered}`, () => {
      const { clock, at } = series({ initialMs: 1000, jitter: () => jittered });
      clock.advance(0);
      expect(at).toEqual([0, 0, 0]);
    });
  }

  it('makes 3 attempts by default, and as many as the time allows with Infinity', () => {
    const three = series(exact);
    three.clock.advance(1000);
    expect(three.at.length).toBe(3);
    const all = series({ ...exact, multiplier: 1, maxAttempts: Infinity }, undefined, 10);
    all.clock.advance(1000);
    expect(all.at).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(all.error()).toBe('no 10');
  });

  it('goes through the clock, and not the stack, when synchronous work fails 100,000 times', () => {
    const { clock, at } = series({ ...exact, initialMs: 0, maxAttempts: 50_000 });
    clock.advance(0);
    expect(at.length).toBe(50_000);
  });

  it('takes an error that is thrown for a failure', () => {
    const clock = new Clock();
    let calls = 0;
    const seen: unknown[] = [];
    retryCtx(
      withScheduler(background(), clock),
      () => {
        if (++calls === 1) throw new Error('first');
        return of('second');
      },
      exact,
    ).subscribe((value) => seen.push(value));
    clock.advance(1);
    expect(seen).toEqual(['second']);
  });

  it('retries an attempt that took longer than attemptTimeoutMs', () => {
    run((t) => {
      const slow = t.cold('  -----a|');
      const fast = t.cold('  -b|');
      const ctx = t.ctx('    ---------');
      const result = '       -----b|';
      const slowSubs = '     ^--!';

      const errors: unknown[] = [];
      const work = (_: Context, { attempt, error }: Attempt) => {
        errors.push(error);
        return attempt === 1 ? slow : fast;
      };
      t.expectObservable(retryCtx(ctx, work, { ...exact, attemptTimeoutMs: 3 })).toBe(result);
      t.expectSubscriptions(slow.subscriptions).toBe(slowSubs);
      t.flush();
      expect(errors.map(isDeadlineExceeded)).toEqual([false, true]);
    });
  });

  it('does not retry what somebody has canceled by hand', () => {
    const byHand = new CanceledError('by hand');
    const { clock, at, error } = series(exact, () => byHand);
    clock.advance(10);
    expect(at).toEqual([0]);
    expect(error()).toBe(byHand);
  });

  it('errors with ctx.err when the work fails after ctx was canceled', () => {
    const [ctx, cancel] = withCancel(background());
    let error: unknown;
    retryCtx(
      ctx,
      () =>
        new Observable<never>((subscriber) => {
          cancel('gone');
          subscriber.error('late');
        }),
    ).subscribe({ error: (failure: unknown) => (error = failure) });
    expect(error).toBe(ctx.err);
  });

  it('errors with ctx.err when the work fails at the deadline, which nobody has heard of', () => {
    const clock = new Clock();
    const [ctx] = withTimeout(withScheduler(background(), clock), 5);
    let error: unknown;
    const work = new Subject<never>();
    retryCtx(ctx, () => work).subscribe({ error: (failure: unknown) => (error = failure) });
    clock.jump(5);
    work.error('late');
    expect(error).toBe(ctx.err);
  });

  describe('when', () => {
    it('gives up with the error when it is false', () => {
      const asked: unknown[][] = [];
      const { clock, at, error } = series({ ...exact, when: (...args) => asked.push(args) < 2 });
      clock.advance(10);
      expect(at.length).toBe(2);
      expect(error()).toBe('no 2');
      expect(asked).toEqual([
        ['no 1', 1],
        ['no 2', 2],
      ]);
    });

    it('gives up with what it throws', () => {
      const { error } = series({
        ...exact,
        when: () => {
          throw new Error('in when');
        },
      });
      expect(error()).toEqual(new Error('in when'));
    });

    it('gives up with what jitter throws', () => {
      const { error } = series({
        jitter: () => {
          throw new Error('in jitter');
        },
      });
      expect(error()).toEqual(new Error('in jitter'));
    });

    it('may say how long to wait: without jitter, and longer than maxMs', () => {
      const { clock, at } = series({ maxMs: 5, jitter: () => 1, maxAttempts: 2, when: () => 700 });
      clock.advance(699);
      expect(at).toEqual([0]);
      clock.advance(1);
      expect(at).toEqual([0, 700]);
    });

    it('may say not to wait', () => {
      const { clock, at } = series({ when: () => 0 });
      clock.advance(0);
      expect(at).toEqual([0, 0, 0]);
    });

    for (const answer of [-1, NaN, Infinity]) {
      it(`gives up with the last error when it is ${answer}`, () => {
        const { error } = series({ when: () => answer });
        expect(error()).toBe('no 1');
      });
    }

    it('is not asked when no attempt is left', () => {
      const when = jasmine.createSpy('when').and.returnValue(true);
      const { error } = series({ maxAttempts: 1, when });
      expect(error()).toBe('no 1');
      expect(when).toHaveBeenCalledTimes(0);
    });
  });

  describe('needsMs', () => {
    it('begins no attempt that has less time', () => {
      const { clock, at, error } = series({ ...exact, multiplier: 1, maxAttempts: 10, needsMs: 6 }, undefined, 10);
      clock.advance(9);
      expect(at).toEqual([0, 1, 2, 3]);
      expect(error()).toBe('no 4');
    });

    it('does not keep the first attempt from being made', () => {
      const { at } = series({ ...exact, needsMs: 20 }, undefined, 10);
      expect(at).toEqual([0]);
    });
  });

  describe('a budget', () => {
    it('is shared: a failure takes a token, a success gives some back, and half of them is too few', () => {
      const budget = retryBudget({ maxTokens: 4, tokenRatio: 0.5 });
      const clock = new Clock();
      const ctx = withScheduler(background(), clock);
      let calls = 0;
      const fail = () =>
        retryCtx(
          ctx,
          () => {
            calls++;
            return throwError(() => 'no');
          },
          { ...exact, budget },
        ).subscribe({ error: () => {} });
      expect(budget.tokens).toBe(4);
      fail();
      expect([calls, budget.tokens]).toEqual([1, 3]);
      clock.advance(10);
      expect([calls, budget.tokens]).toEqual([2, 2]);
      fail();
      clock.advance(10);
      expect([calls, budget.tokens]).toEqual([3, 1]);
      fail();
      fail();
      expect(budget.tokens).toBe(0);
      retryCtx(ctx, () => of(1), { budget }).subscribe();
      expect(budget.tokens).toBe(0.5);
      for (let i = 0; i < 20; i++) retryCtx(ctx, () => of(1), { budget }).subscribe();
      expect(budget.tokens).toBe(4);
    });

    it('is not charged for a cancel or an unsubscription', () => {
      const budget = retryBudget();
      const [ctx, cancel] = withCancel(background());
      retryCtx(ctx, () => NEVER, { budget })
        .subscribe()
        .unsubscribe();
      retryCtx(ctx, () => NEVER, { budget }).subscribe({ error: () => {} });
      cancel();
      expect(budget.tokens).toBe(10);
    });

    it('is charged for a failure after values', () => {
      const budget = retryBudget();
      retryCtx(
        background(),
        () =>
          concat(
            of(1),
            throwError(() => 'no'),
          ),
        { budget },
      ).subscribe({ error: () => {} });
      expect(budget.tokens).toBe(9);
    });
  });

  it('leaves nothing on ctx', () => {
    expectNothingLeft((ctx, source) => retryCtx(ctx, () => source, { maxAttempts: 1 }));
    expectNothingLeftByAbsent((ctx, source) => retryCtx(ctx, () => source));
  });

  it('holds one listener and one timer while it waits, and none after the end', () => {
    for (const how of ['unsubscribe', 'cancel', 'go on'] as const) {
      const { clock, ctx, cancel, subscription } = series({ ...exact, initialMs: 10, maxAttempts: 2 });
      expect([listenerCount(ctx), clock.actions.length]).toEqual([1, 1]);
      if (how === 'unsubscribe') subscription.unsubscribe();
      else if (how === 'cancel') cancel();
      else clock.advance(10);
      expect([listenerCount(ctx), clock.actions.length])
        .withContext(how)
        .toEqual([0, 0]);
    }
  });

  it('waits for longer than the host can in one go', () => {
    const { clock, at } = series({ ...exact, maxAttempts: 2, when: () => 2 ** 31 + 5 });
    clock.advance(2 ** 31 + 4);
    expect(at).toEqual([0]);
    clock.advance(1);
    expect(at).toEqual([0, 2 ** 31 + 5]);
  });

  it('errors with the last error when the clock refuses a timer', () => {
    const clock = new ManualScheduler();
    const ctx = withScheduler(background(), {
      now: () => clock.now(),
      schedule: () => {
        throw new Error('no timer');
      },
    });
    let error: unknown;
    retryCtx(ctx, () => throwError(() => 'no'), exact).subscribe({ error: (failure: unknown) => (error = failure) });
    expect(error).toBe('no');
    return new Promise<void>((resolve) =>
      setTimeout(() => {
        expect(takeUnhandledErrors()).toEqual([new Error('no timer')]);
        resolve();
      }),
    );
  });

  it('reports what a timer throws that is disarmed', () => {
    const clock = {
      now: () => 0,
      schedule: () => ({
        unsubscribe() {
          throw new Error('stays armed');
        },
      }),
    };
    const ctx = withScheduler(background(), clock);
    retryCtx(ctx, () => throwError(() => 'no'), exact)
      .subscribe({ error: () => {} })
      .unsubscribe();
    return new Promise<void>((resolve) =>
      setTimeout(() => {
        expect(takeUnhandledErrors()).toEqual([new Error('stays armed')]);
        resolve();
      }),
    );
  });

  it('refuses what it cannot work with', () => {
    const work = () => of(1);
    expectRefused('retryCtx: ctx must be a Context', notContexts, (got) => retryCtx(got, work));
    expectRefused('retryCtx: work must be a function', [...notFunctions, [undefined, 'undefined']], (got, ctx) =>
      retryCtx(ctx, got),
    );
    expectRefused(
      'retryCtx: options must be an object',
      [
        [5, '5'],
        [null, 'null'],
      ],
      (got, ctx) => retryCtx(ctx, work, got),
    );
    const option = (name: string, message: string, wrong: readonly Wrong[]) =>
      expectRefused(`retryCtx: options.${name} must be ${message}`, wrong, (got, ctx) =>
        retryCtx(ctx, work, { [name]: got }),
      );
    const numbers: Wrong[] = [
      [NaN, 'NaN'],
      [-1, '-1'],
      ['5', '"5"'],
      [null, 'null'],
    ];
    option('maxAttempts', 'a whole number of at least 1, or Infinity', [
      [NaN, 'NaN'],
      [0, '0'],
      [1.5, '1.5'],
      ['3', '"3"'],
    ]);
    for (const name of ['initialMs', 'maxMs', 'attemptTimeoutMs', 'needsMs']) {
      option(
        name,
        'a number of milliseconds, at least 0',
        numbers.filter(([got]) => got !== null),
      );
    }
    option('multiplier', 'a number of at least 1', [...numbers, [0.5, '0.5']]);
    option('jitter', 'a function', notFunctions);
    option('when', 'a function', notFunctions);
    option('budget', 'what retryBudget() returns', [
      [{ tokens: 5 }, '[object Object]'],
      [null, 'null'],
      [5, '5'],
    ]);
    expectRefused('retryCtx: options.retries must be absent', [[3, '3: did you mean maxAttempts?']], (got, ctx) =>
      retryCtx(ctx, work, { retries: got } as RetryOptions),
    );
    expectRefused('retryCtx: options.delay must be absent', [[3, '3: did you mean initialMs?']], (got, ctx) =>
      retryCtx(ctx, work, { delay: got } as RetryOptions),
    );
  });
});

describe('retryBudget', () => {
  it('refuses what it cannot work with', () => {
    expectRefused(
      'retryBudget: options must be an object',
      [
        [5, '5'],
        [null, 'null'],
      ],
      (got) => retryBudget(got),
    );
    const numbers: Wrong[] = [
      [NaN, 'NaN'],
      [-1, '-1'],
      ['5', '"5"'],
      [null, 'null'],
    ];
    expectRefused(
      'retryBudget: options.maxTokens must be a number above 0',
      [...numbers, [0, '0'], [Infinity, 'Infinity']],
      (got) => retryBudget({ maxTokens: got }),
    );
    expectRefused('retryBudget: options.tokenRatio must be a number of at least 0', numbers, (got) =>
      retryBudget({ tokenRatio: got }),
    );
  });
});
