// A deadline holds by the clock: what the timer does decides only when listeners hear.
import { NEVER } from 'rxjs';
import {
  DeadlineExceededError,
  background,
  takeUntilCtx,
  usingCtx,
  withCancel,
  withCancelOn,
  withDeadline,
  withDeadlineCtx,
  withScheduler,
  withTimeout,
  withTimeoutCtx,
} from '../../lib/index.js';
import { listenerCount } from '../../lib/testing/index.js';
import { mock } from '../helpers/foreign.js';
import { ManualScheduler } from '../helpers/manualScheduler.js';
import { listen } from '../helpers/listen.js';
import { macrotask, takeUnhandledErrors } from '../support/unhandled-errors.js';

function setUp() {
  const hand = new ManualScheduler();
  const root = withScheduler(background(), hand);
  const [ctx, cancel] = withTimeout(root, 10);
  return { hand, root, ctx, cancel };
}

describe('a scheduler that fires', () => {
  it('early is asked again for the rest, for a deadline at an instant', () => {
    const hand = new ManualScheduler();
    const [ctx] = withDeadline(withScheduler(background(), hand), 10);
    const heard = listen(ctx);
    hand.time = 4;
    hand.timers[0]!.fire();
    expect(ctx.err).toBeUndefined();
    expect(heard.errs).toEqual([]);
    expect(hand.timers.map(({ delay }) => delay)).toEqual([10, 6]);
    hand.time = 10;
    hand.timers[1]!.fire();
    expect(heard.errs).toEqual([ctx.err!]);
    expect(hand.timers.length).toBe(2);
  });

  it('late makes listeners hear late, and changes nothing for those who ask', () => {
    const { hand, ctx } = setUp();
    const [child] = withCancel(ctx);
    const heard = listen(child);
    hand.time = 10;
    expect(child.err).toBeInstanceOf(DeadlineExceededError);
    hand.time = 5000;
    hand.timers.at(-1)!.fire();
    expect(heard.errs).toEqual([child.err!]);
  });

  it('twice makes listeners hear once', () => {
    const { hand, ctx } = setUp();
    const heard = listen(ctx);
    hand.time = 10;
    for (let i = 0; i < 3; i++) hand.timers[0]!.fire();
    expect(heard.errs).toEqual([ctx.err!]);
    expect(heard.completed).toBe(1);
    expect(hand.timers.length).toBe(1);
  });

  it('a timer that was taken back does no harm', () => {
    const { hand, ctx } = setUp();
    listen(ctx).unsubscribe();
    expect(hand.armed).toBe(0);
    const heard = listen(ctx);
    hand.time = 10;
    hand.timers[0]!.fire();
    expect(heard.errs).toEqual([]);
    hand.timers[1]!.fire();
    expect(heard.errs).toEqual([ctx.err!]);
  });

  it('never leaves cancel and the deadline to those who ask', () => {
    const { hand, ctx, cancel } = setUp();
    const heard = listen(ctx);
    hand.time = 10_000;
    expect(ctx.err).toBeInstanceOf(DeadlineExceededError);
    cancel('too late');
    expect(heard.errs).toEqual([ctx.err!]);
    expect(ctx.err).toBeInstanceOf(DeadlineExceededError);
    expect(hand.armed).toBe(0);
  });

  it('within `schedule` is taken as due, and tells listeners later: they are not all there yet', async () => {
    const { hand, ctx } = setUp();
    hand.onSchedule = (fire) => {
      hand.time = 10;
      fire();
      fire();
    };
    const first = listen(ctx);
    expect(first.errs).toEqual([]);
    expect(ctx.err).toBeInstanceOf(DeadlineExceededError);
    const second = listen(ctx);
    expect(second.errs).toEqual([ctx.err!]);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(first.errs).toEqual([ctx.err!]);
    expect(first.completed).toBe(1);
    expect(second.completed).toBe(1);
  });

  it('within `schedule` and is canceled at once tells listeners in cancel, and no more', async () => {
    const { hand, ctx, cancel } = setUp();
    hand.onSchedule = (fire) => fire();
    const heard = listen(ctx);
    cancel('gone');
    expect(heard.errs).toEqual([ctx.err!]);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(heard.completed).toBe(1);
    expect(ctx.cause).toBe('gone');
  });
});

describe('a scheduler that throws', () => {
  it('when it is asked for a timer is reported, and listeners hear of a cancel all the same', async () => {
    const { hand, root, ctx, cancel } = setUp();
    const [child] = withCancel(ctx);
    hand.onSchedule = () => {
      throw new Error('no timers left');
    };
    const heard = [listen(child), listen(child), listen(ctx)];
    await macrotask();
    expect(takeUnhandledErrors()).toEqual([new Error('no timers left')]);
    cancel('gone');
    for (const { errs, completed } of heard) {
      expect(errs).toEqual([ctx.err!]);
      expect(completed).toBe(1);
    }
    expect(listenerCount(ctx) + listenerCount(root)).toBe(0);
  });

  it('when a timer is taken back is reported, and everybody hears', async () => {
    const { hand, ctx, cancel } = setUp();
    const heard = [listen(ctx), listen(withCancel(ctx)[0]), listen(ctx)];
    hand.onCancel = () => {
      throw new Error('no such timer');
    };
    expect(() => cancel()).not.toThrow();
    for (const { errs } of heard) expect(errs).toEqual([ctx.err!]);
    await macrotask();
    expect(takeUnhandledErrors().length).toBe(1);
  });

  for (const what of ['onCancel', 'onSchedule'] as const) {
    it(`when somebody asks after the deadline is reported, and not thrown at who asks (${what})`, async () => {
      const { hand, ctx } = setUp();
      listen(ctx);
      hand[what] = () => {
        throw new Error('no such timer');
      };
      hand.time = 10;
      expect(ctx.err).toBeInstanceOf(DeadlineExceededError);
      await macrotask();
      expect(takeUnhandledErrors().length).toBe(1);
    });
  }

  it('when a listener leaves is reported, and the listener has left', async () => {
    const { hand, ctx } = setUp();
    const heard = listen(ctx);
    hand.onCancel = () => {
      throw new Error('no such timer');
    };
    expect(() => heard.unsubscribe()).not.toThrow();
    expect(listenerCount(ctx)).toBe(0);
    await macrotask();
    expect(takeUnhandledErrors().length).toBe(1);
  });

  it('for its clock makes the call throw that error, and nothing is left behind', () => {
    const hand = new ManualScheduler();
    hand.now = () => {
      throw new Error('no clock');
    };
    const parent = mock();
    const root = withScheduler(parent, hand);
    expect(() => withTimeout(root, 10)).toThrowError('no clock');
    let error: unknown;
    usingCtx(root, () => NEVER.pipe(takeUntilCtx(root)), { timeoutMs: 10 }).subscribe({
      error: (thrown: unknown) => {
        error = thrown;
      },
    });
    expect(error).toEqual(new Error('no clock'));
    expect(parent.open).toBe(0);
    expect(hand.timers.length).toBe(0);
  });
});

describe('a clock', () => {
  it('that jumps forwards over the deadline ends the context for those who ask, and the timer tells the rest', () => {
    const { hand, ctx } = setUp();
    const heard = listen(ctx);
    hand.time = 1e12;
    expect(ctx.err).toBeInstanceOf(DeadlineExceededError);
    hand.timers.at(-1)!.fire();
    expect(heard.errs).toEqual([ctx.err!]);
  });

  it('that jumps backwards makes a deadline at an instant that much later', () => {
    const hand = new ManualScheduler();
    const [ctx] = withDeadline(withScheduler(background(), hand), 10);
    const heard = listen(ctx);
    hand.time = -90;
    hand.timers[0]!.fire();
    expect(ctx.err).toBeUndefined();
    expect(hand.timers.at(-1)!.delay).toBe(100);
    hand.time = 10;
    hand.timers.at(-1)!.fire();
    expect(heard.errs).toEqual([ctx.err!]);
  });

  it('that jumps backwards, stands still or says NaN does not stretch a duration: when the timer fires, it is over', () => {
    for (const time of [-90, 0, NaN]) {
      const { hand, ctx } = setUp();
      const heard = listen(ctx);
      hand.time = time;
      hand.timers[0]!.fire();
      expect(ctx.err).toBeInstanceOf(DeadlineExceededError);
      expect(heard.errs).toEqual([ctx.err!]);
      expect(hand.timers.length).toBe(1);
    }
  });

  it('that was set back, or says NaN, before the first listener came does not stretch a duration either', () => {
    for (const time of [-3_600_000, NaN]) {
      const { hand, ctx } = setUp();
      hand.time = time;
      listen(ctx);
      expect(hand.timers.map(({ delay }) => delay)).toEqual([10]);
    }
  });

  it('that stands still is asked for a deadline at an instant at most ten times a second', () => {
    for (const time of [0, NaN]) {
      const hand = new ManualScheduler();
      const [ctx] = withDeadline(withScheduler(background(), hand), 10);
      listen(ctx);
      hand.time = time;
      for (let i = 0; i < 5; i++) hand.timers.at(-1)!.fire();
      expect(hand.timers.slice(2).map(({ delay }) => delay)).toEqual([100, 100, 100, 100]);
      expect(ctx.err).toBeUndefined();
    }
  });

  it('that jumps backwards does not make undone what was seen to be done', () => {
    const { hand, ctx, cancel } = setUp();
    const [child] = withCancel(ctx);
    const heard = listen(child);
    hand.time = 10;
    const { err } = child;
    hand.time = 0;
    expect(child.err).toBe(err);
    expect(ctx.err).toBe(err);
    hand.timers.at(-1)!.fire();
    expect(heard.errs).toEqual([err!]);
    cancel('too late');
    expect(ctx.err).toBe(err);
  });

  it('that jumps backwards makes a timer of the most that a host can take, again and again', () => {
    const hand = new ManualScheduler();
    const [ctx] = withDeadline(withScheduler(background(), hand), 10);
    listen(ctx);
    hand.time = -1e13;
    hand.timers[0]!.fire();
    hand.timers[1]!.fire();
    expect(hand.timers.map(({ delay }) => delay)).toEqual([10, 2 ** 31 - 1, 2 ** 31 - 1]);
    expect(ctx.err).toBeUndefined();
  });
});

describe('a scheduler that cancels from within schedule()', () => {
  for (const [name, derive] of [
    ['the parent', 0],
    ['the root', 1],
  ] as const) {
    it(`${name} of what it arms a timer for, ends what is below, and the lists stay whole`, () => {
      const hand = new ManualScheduler();
      const [above, cancelAbove] = withCancel(withScheduler(background(), hand));
      const [parent, cancelParent] = withCancel(above);
      const [ctx] = withTimeout(parent, 10);
      const [child] = withCancel(ctx);
      hand.onSchedule = () => (derive === 0 ? cancelParent : cancelAbove)('within');
      const heard = listen(child);
      expect(child.cause).toBe('within');
      expect(heard.errs).toEqual([child.err!]);
      for (const each of [above, parent, ctx, child]) expect(listenerCount(each)).toBe(0);
      expect(hand.armed).toBe(0);
    });
  }

  it('subscribes or unsubscribes there, and the lists stay whole', () => {
    const hand = new ManualScheduler();
    const [parent, cancel] = withCancel(withScheduler(background(), hand));
    const [ctx] = withTimeout(parent, 10);
    const more: ReturnType<typeof listen>[] = [];
    hand.onSchedule = () => {
      hand.onSchedule = () => undefined;
      more.push(listen(ctx), listen(parent));
      more[0]!.unsubscribe();
    };
    const heard = listen(ctx);
    expect([listenerCount(parent), listenerCount(ctx)]).toEqual([2, 1]);
    cancel();
    expect(heard.errs.length).toBe(1);
    expect([listenerCount(parent), listenerCount(ctx)]).toEqual([0, 0]);
  });
});

describe('a clock that throws', () => {
  it('keeps nobody above or beside from being canceled and notified', async () => {
    const hand = new ManualScheduler();
    const [above, cancel] = withCancel(withScheduler(background(), hand));
    const [broken] = withTimeout(above, 10);
    const [healthy] = withCancel(above);
    const [heardAbove, heardBroken, heardHealthy] = [above, broken, healthy].map(listen);
    hand.now = () => {
      throw new Error('no time');
    };
    cancel('gone');
    for (const heard of [heardAbove!, heardBroken!, heardHealthy!]) expect(heard.errs).toEqual([above.err!]);
    await macrotask();
    for (const error of takeUnhandledErrors()) expect(String(error)).toContain('no time');
  });

  it('keeps nobody from ending with a parent that also follows a deadline on it', async () => {
    const hand = new ManualScheduler();
    const root = withScheduler(background(), hand);
    const [parent, cancel] = withCancel(root);
    const [ctx] = withCancelOn(parent, withTimeout(root, 10)[0]);
    const heard = listen(ctx);
    hand.now = () => {
      throw new Error('no time');
    };
    cancel('gone');
    expect(heard.errs).toEqual([parent.err!]);
    await macrotask();
    expect(takeUnhandledErrors().length).toBeGreaterThan(0);
  });

  it('lets a deadline itself be canceled', async () => {
    const { hand, ctx, cancel } = setUp();
    const heard = listen(ctx);
    hand.now = () => {
      throw new Error('no time');
    };
    cancel('gone');
    expect(heard.errs.length).toBe(1);
    await macrotask();
    expect(takeUnhandledErrors().length).toBeGreaterThan(0);
  });

  it('keeps no stream from its end, and throws nothing from a timer', async () => {
    const hand = new ManualScheduler();
    const root = withScheduler(background(), hand);
    const [ctx, cancel] = withCancel(withDeadline(root, 1000)[0]);
    const errors: unknown[] = [];
    for (const limit of [withTimeoutCtx<never>(ctx, 10), withDeadlineCtx<never>(ctx, 10)]) {
      NEVER.pipe(limit).subscribe({ error: (error: unknown) => errors.push(error) });
    }
    hand.now = () => {
      throw new Error('no time');
    };
    for (const timer of [...hand.timers]) if (timer.delay === 10) timer.fire();
    expect(errors).toEqual([jasmine.any(DeadlineExceededError)]);
    cancel('gone');
    expect(errors).toEqual([jasmine.any(DeadlineExceededError), ctx.err]);
    await macrotask();
    expect(takeUnhandledErrors().length).toBeGreaterThan(0);
  });

  it('lets a duration end when its timer fires', async () => {
    const { hand, ctx } = setUp();
    const heard = listen(ctx);
    const { now } = hand;
    hand.now = () => {
      throw new Error('no time');
    };
    hand.timers[0]!.fire();
    hand.now = now;
    expect(heard.errs.length).toBe(1);
    expect(ctx.err).toBeInstanceOf(DeadlineExceededError);
    await macrotask();
    expect(takeUnhandledErrors().length).toBeGreaterThan(0);
  });
});
