import {
  DeadlineExceededError,
  background,
  sleepCtx,
  withCancel,
  withScheduler,
  withTimeout,
} from '../../lib/index.js';
import { listenerCount } from '../../lib/testing/index.js';
import { Clock } from '../helpers/clock.js';
import { ManualScheduler } from '../helpers/manualScheduler.js';
import { expectRefused, notContexts, notDurations } from '../helpers/operators.js';
import { macrotask, takeUnhandledErrors } from '../support/unhandled-errors.js';

function setUp() {
  const clock = new Clock();
  const [ctx, cancel] = withCancel(withScheduler(background(), clock));
  const log: unknown[] = [];
  const sleep = (on: typeof ctx, ms: number) =>
    sleepCtx(on, ms).then(
      () => log.push(`woke at ${clock.now()}`),
      (error: unknown) => log.push(error),
    );
  return { clock, ctx, cancel, log, sleep };
}

describe('sleepCtx', () => {
  it('resolves after ms on the clock of ctx, and leaves neither timer nor listener', async () => {
    const { clock, ctx, log, sleep } = setUp();
    const done = sleep(ctx, 10);
    clock.advance(9);
    await macrotask();
    expect(log).toEqual([]);
    expect(listenerCount(ctx)).toBe(1);
    clock.advance(1);
    await done;
    expect(log).toEqual(['woke at 10']);
    expect([listenerCount(ctx), clock.actions.length]).toEqual([0, 0]);
  });

  it('rejects with ctx.err as soon as ctx is done, and disarms its timer', async () => {
    const { clock, ctx, cancel, log, sleep } = setUp();
    const done = sleep(ctx, 10);
    clock.advance(3);
    cancel();
    await done;
    expect(log[0]).toBe(ctx.err);
    expect(clock.actions.length).toBe(0);
    await sleep(ctx, 10);
    expect(log[1]).toBe(ctx.err);
    expect(clock.actions.length).toBe(0);
  });

  it('resolves in the next macrotask of the clock for 0 or less', async () => {
    const { clock, ctx, log, sleep } = setUp();
    const all = [sleep(ctx, 0), sleep(ctx, -5)];
    await macrotask();
    expect(log).toEqual([]);
    clock.advance(0);
    await Promise.all(all);
    expect(log).toEqual(['woke at 0', 'woke at 0']);
  });

  it('ends only with ctx for Infinity, without a timer', async () => {
    const { clock, ctx, cancel, log, sleep } = setUp();
    const done = sleep(ctx, Infinity);
    expect(clock.actions.length).toBe(0);
    cancel();
    await done;
    expect(log[0]).toBe(ctx.err);
  });

  it('waits for the deadline when that is not later, and does not fail early', async () => {
    for (const ms of [10, 20]) {
      const { clock, ctx, log, sleep } = setUp();
      const [limited] = withTimeout(ctx, 10);
      const done = sleep(limited, ms);
      clock.advance(9);
      await macrotask();
      expect(log).toEqual([]);
      clock.advance(1);
      await done;
      expect(log[0]).toBe(limited.err);
      expect(limited.err).toBeInstanceOf(DeadlineExceededError);
      expect(clock.actions.length).toBe(0);
    }
  });

  it('waits longer than a timer of the host can', async () => {
    const hand = new ManualScheduler();
    const [ctx] = withCancel(withScheduler(background(), hand));
    let woke = false;
    const done = sleepCtx(ctx, 2 ** 31 + 99).then(() => (woke = true));
    hand.timers[0]!.fire();
    await macrotask();
    expect(woke).toBeFalse();
    expect(hand.timers.map(({ delay }) => delay)).toEqual([2 ** 31 - 1, 100]);
    hand.timers[1]!.fire();
    await done;
    expect(woke).toBeTrue();
  });

  it('rejects with what the clock throws, and leaves nothing', async () => {
    const hand = new ManualScheduler();
    const [ctx, cancel] = withCancel(withScheduler(background(), hand));
    const broken = new Error('no more timers');
    const long = sleepCtx(ctx, 2 ** 31);
    hand.onSchedule = () => {
      throw broken;
    };
    expect(await sleepCtx(ctx, 5).catch((error: unknown) => error)).toBe(broken);
    hand.timers[0]!.fire();
    expect(await long.catch((error: unknown) => error)).toBe(broken);
    expect(listenerCount(ctx)).toBe(0);

    hand.onSchedule = () => undefined;
    hand.onCancel = () => {
      throw broken;
    };
    const cut = sleepCtx(ctx, 5);
    cancel();
    expect(await cut.catch((error: unknown) => error)).toBe(ctx.err);
    await macrotask();
    expect(takeUnhandledErrors().map(String)).toEqual([jasmine.stringContaining('no more timers')]);
  });

  it('refuses what is no context and what is no duration', () => {
    expectRefused('sleepCtx: ctx must be a Context', notContexts, (got) => sleepCtx(got, 5));
    expectRefused('sleepCtx: ms must be a number of milliseconds', notDurations, (got, ctx) => sleepCtx(ctx, got));
  });
});
