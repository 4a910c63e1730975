// withTimeoutCtx and withDeadlineCtx make no child of ctx. Nobody must be able to tell.
import fc from 'fast-check';
import { NEVER, defer, of } from 'rxjs';
import type { MonoTypeOperatorFunction, SchedulerLike } from 'rxjs';
import {
  CanceledError,
  background,
  throwOnCtx,
  withCancel,
  withDeadline,
  withDeadlineCtx,
  withScheduler,
  withTimeout,
  withTimeoutCtx,
} from '../../lib/index.js';
import type { CancelFunc, Context, ContextError } from '../../lib/index.js';
import { listenerCount } from '../../lib/testing/index.js';
import { check, expectSame } from '../helpers/differential.js';
import { Clock } from '../helpers/clock.js';
import { mock } from '../helpers/foreign.js';
import { ManualScheduler } from '../helpers/manualScheduler.js';
import { macrotask, takeUnhandledErrors } from '../support/unhandled-errors.js';

/** Limits a stream to `ms` from its subscription on. */
type Limit = (ctx: Context, ms: number, clock: SchedulerLike) => MonoTypeOperatorFunction<never>;

const cause = 'took too long';

const limits: Record<string, Limit> = {
  withTimeoutCtx: (ctx, ms) => withTimeoutCtx(ctx, ms, { cause }),
  withDeadlineCtx: (ctx, ms, clock) => (source) =>
    defer(() => source.pipe(withDeadlineCtx(ctx, clock.now() + ms, { cause }))),
};

/** What they say that they do. */
const asChild: Limit = (ctx, ms) => (source) =>
  defer(() => source.pipe(throwOnCtx(withTimeout(ctx, ms, { cause })[0])));

type Step =
  { readonly advance: number } | { readonly jump: number } | { readonly cancel: number } | { readonly ask: number };

const small = fc.integer({ min: 0, max: 4 });
const histories = fc.record({
  ms: fc.integer({ min: -1, max: 12 }),
  /** Of the contexts above, from the root on: its deadline. */
  above: fc.array(fc.record({ at: fc.option(fc.integer({ min: 0, max: 14 })), heard: fc.boolean() }), { maxLength: 4 }),
  steps: fc.array(
    fc.oneof<fc.Arbitrary<Step>[]>(
      fc.record({ advance: small }),
      fc.record({ jump: small }),
      fc.record({ cancel: small }),
      fc.record({ ask: small }),
    ),
    { maxLength: 12 },
  ),
  subscribeAt: small,
});
type History = typeof histories extends fc.Arbitrary<infer T> ? T : never;

/** After each step: how the stream has ended, if it has. */
function play({ ms, above, steps, subscribeAt }: History, limit: Limit): string[] {
  const clock = new Clock();
  const chain: { ctx: Context; cancel: CancelFunc }[] = [];
  let ctx = withScheduler(background(), clock);
  for (const { at, heard } of [{ at: null, heard: false }, ...above]) {
    const [derived, cancel] = at === null ? withCancel(ctx) : withDeadline(ctx, at);
    if (heard) derived.done$.subscribe();
    chain.push({ ctx: (ctx = derived), cancel });
  }
  const log: unknown[] = [];
  let ended: unknown;
  const stream = NEVER.pipe(limit(ctx, ms, clock));
  for (const [i, step] of steps.entries()) {
    if (i === subscribeAt) {
      stream.subscribe({ error: (error: unknown) => (ended = { ...nameAndCause(error), i }) });
    }
    if ('advance' in step) clock.advance(step.advance);
    if ('jump' in step) clock.jump(step.jump);
    if ('cancel' in step) chain[step.cancel % chain.length]!.cancel(`cancel ${i}`);
    if ('ask' in step) log.push(chain[step.ask % chain.length]!.ctx.err?.name);
    log.push(ended);
  }
  return log.map((entry) => JSON.stringify(entry));
}

function nameAndCause(error: unknown) {
  const { name, cause: why } = error as ContextError;
  return { name, why };
}

for (const [name, limit] of Object.entries(limits)) {
  describe(`${name}, which makes no child,`, () => {
    function setUp(ms = 10) {
      const hand = new ManualScheduler();
      const [ctx, cancel] = withCancel(withScheduler(background(), hand));
      const errors: unknown[] = [];
      const subscription = NEVER.pipe(limit(ctx, ms, hand)).subscribe({
        error: (error: unknown) => errors.push(nameAndCause(error)),
      });
      return { hand, ctx, cancel, errors, subscription };
    }

    it('ends a stream as a child of ctx would, whatever came first', () => {
      check(histories, (history) => {
        expectSame(JSON.stringify(history), play(history, limit), play(history, asChild));
      });
    });

    it('takes a timer that is early for the end of a duration, and sets it for the rest of an instant', () => {
      const { hand, ctx, errors } = setUp();
      hand.time = 4;
      hand.timers[0]!.fire();
      if (name === 'withDeadlineCtx') {
        expect(errors).toEqual([]);
        expect(hand.timers.map(({ delay }) => delay)).toEqual([10, 6]);
        hand.time = 10;
        hand.timers[1]!.fire();
      }
      expect(errors).toEqual([{ name: 'TimeoutError', why: cause }]);
      expect(listenerCount(ctx)).toBe(0);
    });

    it('ends with what ended ctx, though nobody has said so', () => {
      for (const way of [limit, asChild]) {
        const hand = new ManualScheduler();
        const ctx = mock();
        const errors: unknown[] = [];
        const under = withScheduler(ctx, hand);
        NEVER.pipe(way(under, 10, hand)).subscribe({
          error: (error: unknown) => errors.push(error),
        });
        ctx.set(new CanceledError('above'));
        hand.time = 5;
        expect(under.err).toBe(ctx.err);
        hand.time = 10;
        hand.timers.at(-1)!.fire();
        expect(errors).toEqual([ctx.err]);
      }
    });

    it('sets a timer for no longer than hosts take', () => {
      const { hand, errors } = setUp(2 ** 40);
      expect(hand.timers.map(({ delay }) => delay)).toEqual([2 ** 31 - 1]);
      hand.time = 2 ** 31 - 1;
      hand.timers[0]!.fire();
      expect(hand.timers.length).toBe(2);
      expect(errors).toEqual([]);
    });

    it('reports a scheduler that refuses a timer, and hears of a cancel all the same', async () => {
      const hand = new ManualScheduler();
      hand.onSchedule = () => {
        throw new Error('no timers left');
      };
      const [ctx, cancel] = withCancel(withScheduler(background(), hand));
      let failed: unknown;
      NEVER.pipe(limit(ctx, 10, hand)).subscribe({ error: (error: unknown) => (failed = error) });
      await macrotask();
      expect(takeUnhandledErrors()).toEqual([new Error('no timers left')]);
      expect(failed).toBeUndefined();
      cancel();
      expect(failed).toBe(ctx.err);
    });

    it('reports a timer that cannot be taken back, and has left', async () => {
      const { hand, ctx, subscription } = setUp();
      hand.onCancel = () => {
        throw new Error('no such timer');
      };
      expect(() => {
        subscription.unsubscribe();
      }).not.toThrow();
      expect(listenerCount(ctx)).toBe(0);
      await macrotask();
      expect(takeUnhandledErrors().map(String)).toEqual([jasmine.stringContaining('no such timer')]);
    });

    it('arms no timer under a ctx that is done, nor under one whose end nobody has noticed', () => {
      const clock = new Clock();
      const [above, cancel] = withCancel(withScheduler(background(), clock));
      const [ctx] = withCancel(above);
      cancel();
      let failed: unknown;
      NEVER.pipe(limit(ctx, 50, clock)).subscribe({ error: (err: unknown) => (failed = err) });
      expect(failed).toBe(above.err);
      expect(clock.actions).toEqual([]);
    });

    it('arms no timer, and does not subscribe, under a ctx that ends when it is first listened to', () => {
      const hand = new ManualScheduler();
      const ctx = withScheduler({ ...mock(), done$: of(new CanceledError()) } as Context, hand);
      let subscribed = 0;
      let failed: unknown;
      defer(() => {
        subscribed++;
        return NEVER;
      })
        .pipe(limit(ctx, 10, hand))
        .subscribe({ error: (error: unknown) => (failed = error) });
      expect(failed).toBe(ctx.err);
      expect(subscribed).toBe(0);
      expect(hand.timers).toEqual([]);
    });
  });
}
