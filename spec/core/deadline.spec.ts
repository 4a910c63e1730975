import { Subscription } from 'rxjs';
import type { SchedulerAction, SchedulerLike } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import {
  afterFunc,
  background,
  CanceledError,
  contextKey,
  DeadlineExceededError,
  remaining,
  withCancel,
  withDeadline,
  withoutCancel,
  withScheduler,
  withTimeout,
  withValue,
} from '../../lib/index.js';
import type { Context } from '../../lib/index.js';
import { Clock } from '../helpers/clock.js';
import { mock, wrap } from '../helpers/foreign.js';
import { listen } from '../helpers/listen.js';
import { expectNotifyOrder } from '../helpers/expectNotifyOrder.js';

/** The longest delay that a host timer can take. */
const longest = 2 ** 31 - 1;

/** A root whose time the spec owns. */
function virtual(at = 0) {
  const clock = new Clock(at);
  return { clock, root: withScheduler(background(), clock) };
}

const testScheduler = () =>
  new TestScheduler((actual, expected) => {
    expect(actual).toEqual(expected);
  });

describe('withDeadline', () => {
  it('takes epoch milliseconds and a Date alike', () => {
    const { root } = virtual();
    const at = Date.UTC(2026, 10, 22);
    expect(withDeadline(root, at)[0].deadline).toBe(at);
    expect(withDeadline(root, new Date(at))[0].deadline).toBe(at);
  });

  it('reads a Date once: changing it later changes no deadline', () => {
    const { clock, root } = virtual();
    const at = new Date(10);
    const [ctx] = withDeadline(root, at);
    at.setTime(5000);
    expect(ctx.deadline).toBe(10);
    clock.jump(10);
    expect(ctx.err).toBeInstanceOf(DeadlineExceededError);
  });

  it('is done when the clock reaches the deadline, not a millisecond earlier', () => {
    const { clock, root } = virtual();
    const [ctx] = withDeadline(root, 10);
    clock.jump(9);
    expect(ctx.err).toBeUndefined();
    clock.jump(1);
    expect(ctx.err).toBeInstanceOf(DeadlineExceededError);
    expect(ctx.cause).toBe(ctx.err);
    expect(ctx.deadline).toBe(10);
  });

  it('tells its listeners when the clock reaches the deadline, not a millisecond earlier', () => {
    const { clock, root } = virtual();
    const [ctx] = withDeadline(root, 10);
    const heard = listen(ctx);
    clock.advance(9);
    expect(heard.errs).toEqual([]);
    clock.advance(1);
    expect(heard.errs).toEqual([jasmine.any(DeadlineExceededError)]);
    expect(heard.errs[0]).toBe(ctx.err);
    expect(heard.completed).toBe(1);
  });

  it('is done at once when the deadline is past or now', () => {
    const { root } = virtual(100);
    for (const at of [-Infinity, -5, 0, 99, 100]) {
      const [ctx, cancel] = withDeadline(root, at, { cause: 'late' });
      expect(ctx.err).withContext(`${at}`).toBeInstanceOf(DeadlineExceededError);
      expect(ctx.cause).toBe('late');
      expect(ctx.deadline).toBe(at);
      expect(listen(ctx).errs).toEqual([ctx.err!]);
      cancel('canceled');
      expect(ctx.cause).toBe('late');
    }
  });

  it('takes the end of a parent that is done, though its own deadline is past too', () => {
    const { root } = virtual(100);
    const [parent, cancel] = withCancel(root);
    cancel('gone');
    const [ctx] = withDeadline(parent, 50);
    expect(ctx.err).toBe(parent.err);
    expect(ctx.cause).toBe('gone');
  });

  it('takes the end of a parent that is done and has not been asked yet', () => {
    const { root } = virtual(100);
    const [grandparent, cancel] = withCancel(root);
    const [parent] = withCancel(grandparent);
    cancel('gone');
    const [ctx] = withDeadline(parent, 50, { cause: 'late' });
    expect(ctx.cause).toBe('gone');
    expect(ctx.err).toBe(grandparent.err);
  });

  it('is canceled like any other before the deadline, and the deadline changes nothing later', () => {
    const { clock, root } = virtual();
    const [ctx, cancel] = withDeadline(root, 10, { cause: 'late' });
    const heard = listen(ctx);
    cancel();
    const { err } = ctx;
    expect(err).toBeInstanceOf(CanceledError);
    expect(ctx.cause).toBe(err);
    clock.advance(20);
    expect(ctx.err).toBe(err);
    expect(heard.errs).toEqual([err!]);
    expect(ctx.deadline).toBe(10);
  });

  describe('(the cause option)', () => {
    it('applies when the deadline passes, below too', () => {
      const { clock, root } = virtual();
      const cause = new Error('too slow');
      const [ctx] = withDeadline(root, 10, { cause });
      const [child] = withCancel(ctx);
      expect(ctx.cause).toBeUndefined();
      clock.advance(10);
      expect(ctx.cause).toBe(cause);
      expect(ctx.err!.cause).toBe(cause);
      expect(child.cause).toBe(cause);
    });

    for (const cause of [null, 0, '', false]) {
      it(`takes ${JSON.stringify(cause)} for a cause`, () => {
        const { clock, root } = virtual();
        const [ctx] = withDeadline(root, 10, { cause });
        clock.advance(10);
        expect(ctx.cause).toBe(cause);
        expect(Object.hasOwn(ctx.err!, 'cause')).toBeTrue();
      });
    }

    it('takes undefined for none', () => {
      const { clock, root } = virtual();
      const [ctx] = withDeadline(root, 10, { cause: undefined });
      clock.advance(10);
      expect(ctx.cause).toBe(ctx.err);
      expect(Object.hasOwn(ctx.err!, 'cause')).toBeFalse();
    });

    it('gives way to the cause of the cancel and to that of the parent', () => {
      const { root } = virtual();
      const [parent, cancelParent] = withCancel(root);
      const [one, cancelOne] = withDeadline(parent, 10, { cause: 'late' });
      const [other] = withDeadline(parent, 10, { cause: 'late' });
      cancelOne('own');
      cancelParent('from above');
      expect(one.cause).toBe('own');
      expect(other.cause).toBe('from above');
    });

    it('is not used where the parent has an earlier deadline', () => {
      const { clock, root } = virtual();
      const [parent] = withDeadline(root, 10, { cause: 'early' });
      const [ctx] = withDeadline(parent, 20, { cause: 'late' });
      clock.advance(30);
      expect(ctx.cause).toBe('early');
      expect(ctx.err).toBe(parent.err);
    });
  });

  describe('(under a parent with a deadline)', () => {
    it('is not later than the parent', () => {
      const { root } = virtual();
      const [parent] = withDeadline(root, 10);
      expect(withDeadline(parent, 20)[0].deadline).toBe(10);
      expect(withDeadline(parent, 10)[0].deadline).toBe(10);
      expect(withDeadline(parent, 5)[0].deadline).toBe(5);
    });

    it('looks past what has no deadline of its own', () => {
      const { root } = virtual();
      const [parent] = withDeadline(root, 10);
      const [between] = withCancel(withValue(wrap(parent), contextKey<string>('user'), 'Ann'));
      expect(withDeadline(between, 20)[0].deadline).toBe(10);
      expect(withDeadline(withoutCancel(between), 20)[0].deadline).toBe(20);
    });

    it('is a plain withCancel when the parent is earlier: it can be canceled, and owns no timer', () => {
      const { clock, root } = virtual();
      const [parent] = withDeadline(root, 10);
      const [ctx, cancel] = withDeadline(parent, 20);
      const heard = listen(ctx);
      expect(clock.actions.length).toBe(1);
      cancel('own');
      expect(ctx.err).toBeInstanceOf(CanceledError);
      expect(ctx.cause).toBe('own');
      expect(heard.completed).toBe(1);
      expect(parent.err).toBeUndefined();
      expect(clock.actions.length).toBe(0);
    });

    it('ends alone when it is the earlier one', () => {
      const { clock, root } = virtual();
      const [parent] = withDeadline(root, 10);
      const [ctx] = withDeadline(parent, 5);
      const heard = { parent: listen(parent), ctx: listen(ctx) };
      clock.advance(5);
      expect(heard.ctx.completed).toBe(1);
      expect(heard.parent.completed).toBe(0);
      expect(parent.err).toBeUndefined();
      clock.advance(5);
      expect(heard.parent.completed).toBe(1);
      expect(ctx.err).not.toBe(parent.err);
    });
  });

  for (const at of [9, 10]) {
    it(`that is ${10 - at} ms past when it is derived stays past when the clock is set back`, () => {
      const { clock, root } = virtual(10);
      const [ctx, cancel] = withDeadline(root, at);
      clock.jump(-5);
      cancel('too late');
      expect(ctx.err).toBeInstanceOf(DeadlineExceededError);
    });
  }

  it('ends by its own when the deadline of its parent is the same', () => {
    const { clock, root } = virtual();
    const [parent] = withDeadline(root, 10, { cause: 'of the parent' });
    const [ctx] = withDeadline(parent, 10, { cause: 'its own' });
    clock.jump(10);
    expect(ctx.cause).toBe('its own');
    expect(parent.cause).toBe('of the parent');
  });

  it('counts an end on another clock from when it is first seen here', () => {
    const clocks = [new Clock(), new Clock(), new Clock()];
    const [parent, cancel] = withCancel(background());
    const children = clocks.map((clock) => withDeadline(withScheduler(parent, clock), 10)[0]);
    const later = clocks.map((clock) => withDeadline(withScheduler(parent, clock), 20)[0]);
    for (const clock of clocks) clock.jump(15);
    cancel();
    for (const ctx of children) expect(ctx.err).toBeInstanceOf(DeadlineExceededError);
    for (const ctx of later) expect(ctx.err).toBe(parent.err);
    for (const clock of clocks) clock.jump(15);
    for (const ctx of later) expect(ctx.err).toBe(parent.err);
  });

  it('was over before a deadline above it on another clock, by as much as that one is late', () => {
    const [above, below] = [new Clock(), new Clock()];
    const [parent] = withDeadline(withScheduler(background(), above), 10);
    const child = (at: number) => withDeadline(withScheduler(parent, below), at)[0];
    const [early, late] = [child(9), child(11)];
    for (const clock of [above, below]) clock.jump(15);
    expect(parent.err).toBeInstanceOf(DeadlineExceededError);
    expect(late.err).toBe(parent.err);
    expect(early.err).toBeInstanceOf(DeadlineExceededError);
    expect(early.err).not.toBe(parent.err);
  });

  it('is the only one that is asked, however many later ones are above it', () => {
    const clock = new Clock();
    let ctx = withScheduler(background(), clock);
    for (let at = 100; at > 0; at--) [ctx] = withDeadline(ctx, at);
    const now = spyOn(clock, 'now').and.callThrough();
    expect(ctx.err).toBeUndefined();
    expect(now).toHaveBeenCalledTimes(1);
  });

  it('below a foreign context that is done arms no timer', () => {
    const clock = new Clock();
    const parent = mock();
    const root = withScheduler(parent, clock);
    parent.end(new CanceledError());
    const [ctx] = withDeadline(root, 10);
    expect(ctx.err).toBe(parent.err);
    expect(clock.actions.length).toBe(0);
  });

  it('below a foreign context arms a timer only while something listens', () => {
    const clock = new Clock();
    const root = withScheduler(mock(), clock);
    const [ctx, cancel] = withDeadline(root, 10);
    expect(clock.actions.length).toBe(0);
    const heard = listen(ctx);
    expect(clock.actions.length).toBe(1);
    heard.unsubscribe();
    expect(clock.actions.length).toBe(0);
    listen(ctx);
    cancel();
    expect(clock.actions.length).toBe(0);
  });

  it('tells nobody in its cancel of the end of a foreign parent: that is for the parent to tell', () => {
    const clock = new Clock();
    const parent = mock();
    const root = withScheduler(parent, clock);
    const heard: string[] = [];
    afterFunc(root, () => heard.push('parent'));
    const [ctx, cancel] = withDeadline(root, 10);
    afterFunc(ctx, () => heard.push('child'));
    parent.set(new CanceledError());
    expect(ctx.err).toBe(parent.err);
    cancel();
    expect(heard).toEqual([]);
    parent.end(parent.err!);
    expect(heard).toEqual(['parent', 'child']);
    expect(clock.actions.length).toBe(0);
  });

  it('arms one timer for one deadline, and none when that is due', () => {
    const clock = new Clock();
    const schedule = spyOn(clock, 'schedule').and.callThrough();
    const heard = listen(withDeadline(withScheduler(background(), clock), 10)[0]);
    clock.advance(10);
    expect(heard.completed).toBe(1);
    expect(schedule).toHaveBeenCalledTimes(1);
  });

  it('that is canceled again by one of its listeners tells the next one in its turn', () => {
    const { root } = virtual();
    expectNotifyOrder(withDeadline(root, 10));
  });

  it('reports Infinity as no deadline', () => {
    const { clock, root } = virtual();
    const [ctx, cancel] = withDeadline(root, Infinity);
    const heard = listen(ctx);
    expect(ctx.deadline).toBeUndefined();
    expect(clock.actions.length).toBe(0);
    cancel();
    expect(heard.completed).toBe(1);
  });
});

describe('withTimeout', () => {
  it('has its deadline that much later than now, on the clock of its scheduler', () => {
    const { clock, root } = virtual(1000);
    expect(withTimeout(root, 10)[0].deadline).toBe(1010);
    clock.jump(5);
    expect(withTimeout(root, 10)[0].deadline).toBe(1015);
  });

  it('uses the real clock where no scheduler was given', () => {
    spyOn(Date, 'now').and.returnValue(1_000_000);
    expect(withTimeout(background(), 10)[0].deadline).toBe(1_000_010);
  });

  it('is done at once with zero and less', () => {
    const { root } = virtual(100);
    for (const ms of [0, -1, -Infinity]) {
      const [ctx] = withTimeout(root, ms, { cause: 'late' });
      expect(ctx.err).toBeInstanceOf(DeadlineExceededError);
      expect(ctx.cause).toBe('late');
    }
  });

  it('is not later than its parent', () => {
    const { root } = virtual();
    const [parent] = withTimeout(root, 10);
    expect(withTimeout(parent, 20)[0].deadline).toBe(10);
    expect(withTimeout(parent, 5)[0].deadline).toBe(5);
    expect(withTimeout(parent, Infinity)[0].deadline).toBe(10);
  });

  it('has no deadline and no timer with Infinity', () => {
    const { clock, root } = virtual();
    const [ctx, cancel] = withTimeout(root, Infinity);
    const heard = listen(ctx);
    expect(clock.actions.length).toBe(0);
    expect(ctx.deadline).toBeUndefined();
    expect(remaining(ctx)).toBe(Infinity);
    cancel('gone');
    expect(heard.errs).toEqual([jasmine.any(CanceledError)]);
  });

  it('is virtual time in TestScheduler.run without more', () => {
    testScheduler().run(({ expectObservable }) => {
      const [ctx] = withTimeout(background(), 3);
      const [child] = withCancel(ctx);
      expect(ctx.deadline).toBe(3);
      expectObservable(ctx.done$).toBe('---(d|)', { d: new DeadlineExceededError() });
      expectObservable(child.done$).toBe('---(d|)', { d: new DeadlineExceededError() });
      expectObservable(withTimeout(ctx, 2)[0].done$).toBe('--(d|)', { d: new DeadlineExceededError() });
      expectObservable(withTimeout(ctx, 9)[0].done$).toBe('---(d|)', { d: new DeadlineExceededError() });
      expectObservable(withDeadline(ctx, new Date(1))[0].done$).toBe('-(d|)', { d: new DeadlineExceededError() });
      expectObservable(withTimeout(withoutCancel(ctx), 5)[0].done$).toBe('-----(d|)', {
        d: new DeadlineExceededError(),
      });
    });
  });
});

describe('withScheduler', () => {
  it('has the timers below it run on that scheduler, and not those above', () => {
    const above = virtual();
    const below = virtual();
    const [parent] = withTimeout(above.root, 10);
    const [child] = withTimeout(withScheduler(parent, below.clock), 5);
    const heard = { parent: listen(parent), child: listen(child) };
    expect(above.clock.actions.length).toBe(1);
    expect(below.clock.actions.length).toBe(1);
    below.clock.advance(5);
    expect(heard.child.completed).toBe(1);
    expect(heard.parent.completed).toBe(0);
    expect(above.clock.actions.length).toBe(1);
    above.clock.advance(10);
    expect(heard.parent.completed).toBe(1);
  });

  it('ends with its parent, and has its values and its end', () => {
    const key = contextKey<string>('user');
    const [parent, cancel] = withCancel(withValue(background(), key, 'Ann'));
    const ctx = withScheduler(parent, new Clock());
    const heard = listen(ctx);
    expect(ctx.value(key)).toBe('Ann');
    expect(ctx.err).toBeUndefined();
    cancel('gone');
    expect(ctx.err).toBe(parent.err);
    expect(ctx.cause).toBe('gone');
    expect(heard.errs).toEqual([parent.err!]);
  });

  it('takes a scheduler of which we know only now and schedule', () => {
    const timers: { delay: number; fire(): void }[] = [];
    const scheduler = {
      time: 50,
      now() {
        return this.time;
      },
      schedule<T>(work: (this: SchedulerAction<T>, state?: T) => void, delay = 0, state?: T): Subscription {
        const action = Object.assign(new Subscription(), { schedule: () => action as unknown as Subscription });
        timers.push({ delay, fire: () => work.call(action, state) });
        return action;
      },
    } satisfies SchedulerLike & { time: number };
    const [ctx] = withTimeout(withScheduler(background(), scheduler), 10);
    const heard = listen(ctx);
    expect(ctx.deadline).toBe(60);
    expect(timers.map(({ delay }) => delay)).toEqual([10]);
    scheduler.time = 60;
    timers[0]!.fire();
    expect(heard.errs).toEqual([jasmine.any(DeadlineExceededError)]);
  });
});

describe('a deadline', () => {
  describe('(in synchronous code)', () => {
    it('sets err when the clock has reached it, and calls no listener', () => {
      const { clock, root } = virtual();
      const [ctx] = withTimeout(root, 10);
      const [child] = withCancel(ctx);
      const heard = { ctx: listen(ctx), child: listen(child) };
      let fired = 0;
      afterFunc(ctx, () => fired++);
      clock.jump(15);
      expect(child.err).toBeInstanceOf(DeadlineExceededError);
      expect(ctx.err).toBe(child.err);
      expect(ctx.cause).toBe(ctx.err);
      expect(heard.ctx.errs).toEqual([]);
      expect(heard.child.errs).toEqual([]);
      expect(fired).toBe(0);
    });

    it('sets the same err wherever it is read first, while others listen', () => {
      for (const order of [
        [0, 1, 2],
        [2, 1, 0],
        [1, 2, 0],
      ]) {
        const { clock, root } = virtual();
        const [ctx] = withTimeout(root, 10);
        const [child] = withCancel(ctx);
        const [sibling] = withCancel(ctx);
        const all = [ctx, child, sibling];
        const heard = all.map(listen);
        clock.jump(15);
        const errs = order.map((i) => all[i]!.err);
        expect(new Set(errs).size).toBe(1);
        clock.advance(0);
        for (const { errs: emitted } of heard) expect(emitted).toEqual([ctx.err!]);
        for (const { errs: emitted } of heard) expect(emitted[0]).toBe(errs[0]);
      }
    });

    it('is heard right after, from the timer, once', () => {
      const { clock, root } = virtual();
      const [ctx] = withTimeout(root, 10);
      const [child] = withCancel(ctx);
      const heard = { ctx: listen(ctx), child: listen(child) };
      clock.jump(15);
      const { err } = child;
      clock.advance(0);
      expect(heard.ctx.errs).toEqual([err!]);
      expect(heard.child.errs).toEqual([err!]);
      clock.advance(100);
      expect(heard.ctx.completed).toBe(1);
      expect(heard.child.completed).toBe(1);
      expect(clock.actions.length).toBe(0);
    });

    it('is heard right after when the clock has been put forward, though the timer is not due', () => {
      const { clock, root } = virtual();
      let ahead = 0;
      clock.now = () => clock.frame + ahead;
      const [ctx] = withTimeout(root, 3_600_000);
      const [child] = withCancel(ctx);
      const heard = listen(child);
      ahead = 3_600_000;
      expect(child.err).toBeInstanceOf(DeadlineExceededError);
      expect(heard.errs).toEqual([]);
      clock.advance(0);
      expect(heard.errs).toEqual([child.err!]);
      expect(clock.actions.length).toBe(0);
    });

    it('gives a new subscriber both at once, and does not keep those who wait from hearing', () => {
      const { clock, root } = virtual();
      const [ctx] = withTimeout(root, 10);
      const early = listen(ctx);
      clock.jump(15);
      const late = listen(ctx);
      expect(late.completed).toBe(1);
      expect(early.completed).toBe(0);
      clock.advance(0);
      expect(early.errs).toEqual(late.errs);
      expect(late.completed).toBe(1);
    });

    it('is heard inside cancel when somebody cancels before the timer fires', () => {
      const { clock, root } = virtual();
      for (const read of [true, false]) {
        const [ctx, cancel] = withTimeout(root, 10, { cause: 'late' });
        const [child] = withCancel(ctx);
        const heard = { ctx: listen(ctx), child: listen(child) };
        clock.jump(15);
        if (read) expect(ctx.err).toBeDefined();
        cancel('canceled');
        expect(heard.ctx.errs).toEqual([ctx.err!]);
        expect(heard.child.errs).toEqual([ctx.err!]);
        expect(ctx.err).toBeInstanceOf(DeadlineExceededError);
        expect(ctx.cause).toBe('late');
        expect(clock.actions.length).toBe(0);
        clock.advance(100);
        expect(heard.ctx.completed).toBe(1);
        expect(heard.child.completed).toBe(1);
      }
    });

    it('is heard when the parent is canceled before the timer fires', () => {
      const { clock, root } = virtual();
      for (const read of [true, false]) {
        const [parent, cancel] = withCancel(root);
        const [ctx] = withTimeout(parent, 10, { cause: 'late' });
        const heard = { parent: listen(parent), ctx: listen(ctx) };
        clock.jump(15);
        if (read) expect(ctx.err).toBeDefined();
        cancel('canceled');
        expect(heard.parent.errs).toEqual([parent.err!]);
        expect(parent.cause).toBe('canceled');
        expect(heard.ctx.errs).toEqual([ctx.err!]);
        expect(ctx.cause).toBe('late');
        expect(ctx.err).toBeInstanceOf(DeadlineExceededError);
        expect(clock.actions.length).toBe(0);
        clock.advance(100);
        expect(heard.ctx.completed).toBe(1);
      }
    });

    it('ends what is derived after it has passed, with the same err', () => {
      const { clock, root } = virtual();
      const [parent] = withTimeout(root, 10, { cause: 'late' });
      clock.jump(15);
      const [child] = withCancel(parent);
      const [timed] = withTimeout(parent, 100, { cause: 'own' });
      expect(child.err).toBeInstanceOf(DeadlineExceededError);
      expect(child.cause).toBe('late');
      expect(timed.err).toBe(child.err);
      expect(parent.err).toBe(child.err);
    });

    it('lets a listener that leaves before the timer fires not hear', () => {
      const { clock, root } = virtual();
      const [ctx] = withTimeout(root, 10);
      const leaves = listen(ctx);
      const stays = listen(ctx);
      let fired = 0;
      const stop = afterFunc(ctx, () => fired++);
      clock.jump(15);
      expect(ctx.err).toBeDefined();
      leaves.unsubscribe();
      expect(stop()).toBeTrue();
      clock.advance(0);
      expect(leaves.errs).toEqual([]);
      expect(fired).toBe(0);
      expect(stays.completed).toBe(1);
    });
  });

  describe('(who was first, when nobody listened)', () => {
    // The twin is the same tree with a listener everywhere: the two must agree.
    const twins = (run: (listening: boolean) => unknown[]) => {
      const seen = run(false);
      expect(run(true)).toEqual(seen);
      return seen;
    };
    const kind = (ctx: { err: unknown; cause: unknown }) =>
      ctx.err instanceof DeadlineExceededError
        ? `deadline ${String(ctx.cause)}`
        : ctx.err
          ? `canceled ${String(ctx.cause)}`
          : 'live';

    it('is an own deadline that passed before the parent was canceled', () => {
      const seen = twins((listening) => {
        const { clock, root } = virtual();
        const [parent, cancel] = withCancel(root);
        const [child] = withDeadline(parent, 10, { cause: 'late' });
        const [below] = withCancel(child);
        if (listening) [parent, child, below].forEach(listen);
        if (listening) clock.advance(15);
        else clock.jump(15);
        cancel('gone');
        return [below, child, parent].map(kind);
      });
      expect(seen).toEqual(['deadline late', 'deadline late', 'canceled gone']);
    });

    it('is the cancel when the deadline passes after it', () => {
      const seen = twins((listening) => {
        const { clock, root } = virtual();
        const [parent, cancel] = withCancel(root);
        const [child] = withDeadline(parent, 10, { cause: 'late' });
        const [below] = withCancel(child);
        if (listening) [parent, child, below].forEach(listen);
        clock.advance(5);
        cancel('gone');
        clock.advance(15);
        return [below, child, parent].map(kind);
      });
      expect(seen).toEqual(['canceled gone', 'canceled gone', 'canceled gone']);
    });

    it('is the deadline when the cancel comes in the same millisecond, for the clock had reached it', () => {
      const { clock, root } = virtual();
      const [parent, cancel] = withCancel(root);
      const [child] = withDeadline(parent, 10, { cause: 'late' });
      clock.jump(10);
      cancel('gone');
      clock.jump(10);
      expect(kind(child)).toBe('deadline late');
      expect(kind(parent)).toBe('canceled gone');
    });

    it('is the cancel one millisecond before the deadline', () => {
      const { clock, root } = virtual();
      const [parent, cancel] = withCancel(root);
      const [child] = withDeadline(parent, 10, { cause: 'late' });
      clock.jump(9);
      cancel('gone');
      clock.jump(10);
      expect(kind(child)).toBe('canceled gone');
    });

    it('is the deadline of a context that is itself canceled too late, or a child of it', () => {
      const { clock, root } = virtual();
      const [ctx, cancel] = withDeadline(root, 10, { cause: 'late' });
      const [child, cancelChild] = withCancel(ctx);
      clock.jump(15);
      cancelChild('child');
      cancel('own');
      expect([child, ctx].map(kind)).toEqual(['deadline late', 'deadline late']);
      expect(child.err).toBe(ctx.err);
    });

    it('is the earlier of two deadlines that both have passed, whichever is read first', () => {
      for (const order of [
        [0, 1, 2],
        [2, 1, 0],
        [1, 0, 2],
      ]) {
        const { clock, root } = virtual();
        const [upper] = withDeadline(root, 20, { cause: 'upper' });
        const [between] = withCancel(upper);
        const [lower] = withDeadline(between, 10, { cause: 'lower' });
        clock.jump(25);
        const all = [upper, between, lower];
        for (const i of order) expect(all[i]!.err).toBeInstanceOf(DeadlineExceededError);
        expect(all.map(kind)).toEqual(['deadline upper', 'deadline upper', 'deadline lower']);
        expect(between.err).toBe(upper.err);
        expect(lower.err).not.toBe(upper.err);
      }
    });

    it('is the cancel, though on another clock the deadline would have passed long ago', () => {
      const above = virtual(1000);
      const below = virtual();
      for (const listening of [false, true]) {
        const [parent, cancel] = withCancel(above.root);
        const [child] = withDeadline(withScheduler(parent, below.clock), 10, { cause: 'late' });
        const heard = listening ? listen(child) : undefined;
        cancel('gone');
        expect(kind(child)).toBe('canceled gone');
        expect(heard?.errs ?? [child.err]).toEqual([parent.err]);
      }
    });

    it('is the deadline, though on another clock it would be far off', () => {
      const above = virtual();
      const below = virtual(1000);
      const [parent, cancel] = withCancel(above.root);
      const [child] = withDeadline(withScheduler(parent, below.clock), 1010, { cause: 'late' });
      below.clock.advance(10);
      cancel('gone');
      expect(kind(child)).toBe('deadline late');
      expect(kind(parent)).toBe('canceled gone');
    });

    it('is one and the same of two equal deadlines, however it is asked', () => {
      const first = (ask: (upper: Context, lower: Context, clock: Clock) => void) => {
        const { clock, root } = virtual();
        const [upper] = withDeadline(root, 10, { cause: 'upper' });
        const [lower] = withDeadline(upper, 10, { cause: 'lower' });
        ask(upper, lower, clock);
        const { err } = lower;
        expect(lower.err).toBe(err);
        expect(upper.cause).toBe('upper');
        expect(lower.cause === 'lower').toBe(lower.err !== upper.err);
        return lower.cause;
      };
      const read = first((_upper, lower, clock) => {
        clock.jump(10);
        const { err } = lower;
        expect(lower.err).toBe(err);
      });
      const readFromAbove = first((upper, _lower, clock) => {
        clock.jump(10);
        expect(upper.err).toBeDefined();
      });
      const heard = first((_upper, lower, clock) => {
        const { errs } = listen(lower);
        clock.advance(10);
        expect(errs).toEqual([lower.err!]);
      });
      const heardFromAbove = first((upper, lower, clock) => {
        listen(upper);
        listen(lower);
        clock.advance(10);
      });
      expect([readFromAbove, heard, heardFromAbove]).toEqual([read, read, read]);
    });

    it('is the deadline in the middle when the root was canceled after it and before the last one', () => {
      const seen = twins((listening) => {
        const { clock, root } = virtual();
        const [top, cancel] = withCancel(root);
        const [upper] = withDeadline(top, 30, { cause: 'upper' });
        const [middle] = withDeadline(upper, 20, { cause: 'middle' });
        const [lower] = withCancel(middle);
        if (listening) [top, upper, middle, lower].forEach(listen);
        if (listening) clock.advance(25);
        else clock.jump(25);
        cancel('gone');
        if (listening) clock.advance(25);
        else clock.jump(25);
        return [lower, middle, upper, top].map(kind);
      });
      expect(seen).toEqual(['deadline middle', 'deadline middle', 'canceled gone', 'canceled gone']);
    });

    it('is told also to one who subscribes only afterwards', () => {
      const { clock, root } = virtual();
      const [parent, cancel] = withCancel(root);
      const [child] = withDeadline(parent, 10, { cause: 'late' });
      clock.jump(15);
      cancel('gone');
      const heard = listen(child);
      expect(heard.errs).toEqual([jasmine.any(DeadlineExceededError)]);
      expect(child.cause).toBe('late');
    });

    it('is the same for half-watched trees: the watched end has its deadline, the others agree', () => {
      const { clock, root } = virtual();
      const [top, cancel] = withCancel(root);
      const [child] = withDeadline(top, 10, { cause: 'late' });
      const [watched] = withCancel(child);
      const [unwatched] = withCancel(child);
      const heard = listen(watched);
      clock.advance(15);
      expect(heard.completed).toBe(1);
      cancel('gone');
      expect(unwatched.err).toBe(watched.err);
      expect(child.err).toBe(watched.err);
    });
  });

  describe('(the timer)', () => {
    it('is armed only while somebody listens', () => {
      const { clock, root } = virtual();
      const [ctx] = withTimeout(root, 10);
      expect(ctx.err).toBeUndefined();
      expect(ctx.deadline).toBe(10);
      expect(remaining(ctx)).toBe(10);
      expect(clock.actions.length).toBe(0);
      const heard = listen(ctx);
      expect(clock.actions.length).toBe(1);
      heard.unsubscribe();
      expect(clock.actions.length).toBe(0);
      listen(ctx);
      expect(clock.actions.length).toBe(1);
    });

    it('is armed only while somebody listens, on a scheduler that the parent does not have too', () => {
      const clock = new Clock();
      const [parent, cancel] = withCancel(background());
      const [ctx] = withTimeout(withScheduler(parent, clock), 10);
      expect(clock.actions.length).withContext('derived').toBe(0);
      const heard = listen(ctx);
      expect(clock.actions.length).withContext('listened to').toBe(1);
      heard.unsubscribe();
      expect(clock.actions.length).withContext('left').toBe(0);
      cancel();
      expect(ctx.err).toBeInstanceOf(CanceledError);
      expect(clock.actions.length).withContext('canceled').toBe(0);
    });

    it('is armed with what is left when somebody comes late', () => {
      const { clock, root } = virtual();
      const [ctx] = withTimeout(root, 10);
      clock.jump(4);
      const heard = listen(ctx);
      clock.advance(5);
      expect(heard.completed).toBe(0);
      clock.advance(1);
      expect(heard.completed).toBe(1);
    });

    it('is armed while somebody listens to a context below', () => {
      const { clock, root } = virtual();
      const [ctx] = withTimeout(root, 10);
      const [child] = withCancel(withValue(ctx, contextKey<string>('user'), 'Ann'));
      const [grandchild] = withCancel(child);
      expect(clock.actions.length).toBe(0);
      const heard = listen(grandchild);
      expect(clock.actions.length).toBe(1);
      heard.unsubscribe();
      expect(clock.actions.length).toBe(0);
    });

    it('is one for all who listen, and goes with the last of them', () => {
      const { clock, root } = virtual();
      const [ctx] = withTimeout(root, 10);
      const [child] = withCancel(ctx);
      const heard = [listen(ctx), listen(ctx), listen(child)];
      expect(clock.actions.length).toBe(1);
      heard[0]!.unsubscribe();
      heard[2]!.unsubscribe();
      expect(clock.actions.length).toBe(1);
      heard[1]!.unsubscribe();
      expect(clock.actions.length).toBe(0);
    });

    it('is armed for afterFunc and for a signal too', () => {
      const { clock, root } = virtual();
      const [ctx] = withTimeout(root, 10);
      const stop = afterFunc(ctx, () => undefined);
      expect(clock.actions.length).toBe(1);
      stop();
      expect(clock.actions.length).toBe(0);
      const { signal } = ctx;
      expect(clock.actions.length).toBe(1);
      clock.advance(10);
      expect(signal.reason).toBe(ctx.err);
    });

    it('is disarmed when its context or one above is canceled', () => {
      const { clock, root } = virtual();
      const [parent, cancelParent] = withCancel(root);
      const [one, cancelOne] = withTimeout(parent, 10);
      const [other] = withTimeout(parent, 10);
      listen(one);
      listen(other);
      expect(clock.actions.length).toBe(2);
      cancelOne();
      expect(clock.actions.length).toBe(1);
      cancelParent();
      expect(clock.actions.length).toBe(0);
    });

    it('is not armed for a context that is done', () => {
      const { clock, root } = virtual();
      const [ctx, cancel] = withTimeout(root, 10);
      cancel();
      listen(ctx);
      const [past] = withTimeout(root, -1);
      listen(past);
      expect(clock.actions.length).toBe(0);
    });

    it('of two contexts fires in the order of their deadlines', () => {
      const { clock, root } = virtual();
      const order: number[] = [];
      for (const ms of [30, 10, 20]) afterFunc(withTimeout(root, ms)[0], () => order.push(ms));
      clock.advance(100);
      expect(order).toEqual([10, 20, 30]);
    });

    it('that comes before the clock has reached the deadline does not end the context early', () => {
      const { clock, root } = virtual();
      let behind = 0;
      clock.now = () => clock.frame - behind;
      const [ctx] = withDeadline(root, 10);
      const heard = listen(ctx);
      behind = 3; // the clock was put back
      clock.advance(12);
      expect(ctx.err).toBeUndefined();
      expect(heard.completed).toBe(0);
      clock.advance(1);
      expect(heard.errs).toEqual([jasmine.any(DeadlineExceededError)]);
      expect(clock.actions.length).toBe(0);
    });
  });

  describe('(longer than a timer can wait)', () => {
    for (const ms of [longest, longest + 1, 2 ** 31 + 5, 3 * longest, 1000 * 3_600_000, 10 * longest + 7]) {
      it(`of ${ms} ms neither fires early nor late`, () => {
        const { clock, root } = virtual(1_000_000);
        const [ctx] = withTimeout(root, ms);
        const heard = listen(ctx);
        while (clock.frame < 1_000_000 + ms - 1) {
          expect(clock.actions.length).toBe(1);
          expect(clock.actions[0]!.delay - clock.frame).toBeGreaterThan(0);
          expect(clock.actions[0]!.delay - clock.frame).toBeLessThanOrEqual(longest);
          expect(heard.completed).toBe(0);
          clock.advance(Math.min(longest, 1_000_000 + ms - 1 - clock.frame));
        }
        expect(heard.completed).toBe(0);
        expect(ctx.err).toBeUndefined();
        clock.advance(1);
        expect(heard.errs).toEqual([jasmine.any(DeadlineExceededError)]);
        expect(clock.actions.length).toBe(0);
      });
    }

    it('keeps its listeners while it is armed again, and can be canceled then', () => {
      const { clock, root } = virtual();
      const [ctx, cancel] = withTimeout(root, 3 * longest);
      const [child] = withCancel(ctx);
      const heard = listen(child);
      clock.advance(longest + 1);
      expect(clock.actions.length).toBe(1);
      cancel();
      expect(heard.completed).toBe(1);
      expect(clock.actions.length).toBe(0);
    });

    it('is disarmed by the last listener after it has been armed again', () => {
      const { clock, root } = virtual();
      const [ctx] = withTimeout(root, 3 * longest);
      const heard = listen(ctx);
      clock.advance(longest + 1);
      heard.unsubscribe();
      expect(clock.actions.length).toBe(0);
    });

    it('of 1e300 ms is in no hurry', () => {
      const { clock, root } = virtual();
      const [ctx] = withTimeout(root, 1e300);
      const heard = listen(ctx);
      clock.advance(5 * longest);
      expect(heard.completed).toBe(0);
      expect(ctx.err).toBeUndefined();
      expect(clock.actions.length).toBe(1);
      heard.unsubscribe();
      expect(clock.actions.length).toBe(0);
    });
  });

  describe('(on the real clock)', () => {
    it('of 20 ms ends a busy loop within 40 ms', () => {
      const before = performance.now();
      const [ctx] = withTimeout(background(), 20);
      const start = performance.now();
      let notYet = start; // the time before the last look that found it not done: what the machine does else may come behind it
      for (let now = start; ctx.err === undefined; now = performance.now()) notYet = now;
      expect(notYet - start).toBeLessThan(40);
      expect(performance.now() - before).toBeGreaterThan(18); // Date.now cuts fractions off
      expect(ctx.err).toBeInstanceOf(DeadlineExceededError);
    });

    it('of 20 ms ends a busy loop on a child with a listener, which hears right after', async () => {
      const [ctx] = withTimeout(background(), 20);
      const [child] = withCancel(ctx);
      const heard = listen(child);
      while (!child.err);
      expect(heard.errs).toEqual([]);
      // Of timers that are due at once a host may call the later one first.
      for (let i = 0; i < 50 && heard.completed === 0; i++) await new Promise((resolve) => setTimeout(resolve, 5));
      expect(heard.errs).toEqual([child.err]);
    });

    it('of 5 ms is heard though nobody reads err', async () => {
      const [ctx] = withTimeout(background(), 5);
      const start = performance.now();
      const err = await new Promise((resolve) => ctx.done$.subscribe(resolve));
      expect(err).toBeInstanceOf(DeadlineExceededError);
      expect(performance.now() - start).toBeGreaterThan(3);
    });

    it('of 1,000 hours, 2^31 ms, 2^32 ms or Infinity has not fired after 50 ms', async () => {
      const contexts = [1000 * 3_600_000, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER, Infinity].map(
        (ms) => withTimeout(background(), ms)[0],
      );
      const heard = contexts.map(listen);
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(heard.map(({ completed }) => completed)).toEqual([0, 0, 0, 0, 0]);
      expect(contexts.map(({ err }) => err)).toEqual(contexts.map(() => undefined));
      for (const { unsubscribe } of heard) unsubscribe();
    });
  });
});

describe('remaining', () => {
  it('is what is left until the deadline', () => {
    const { clock, root } = virtual(1000);
    const [ctx] = withTimeout(root, 10);
    expect(remaining(ctx)).toBe(10);
    clock.jump(4);
    expect(remaining(ctx)).toBe(6);
    expect(remaining(withCancel(ctx)[0])).toBe(6);
    expect(remaining(withValue(ctx, contextKey<string>('user'), 'Ann'))).toBe(6);
  });

  it('is never negative', () => {
    const { clock, root } = virtual();
    const [ctx] = withTimeout(root, 10);
    clock.jump(10);
    expect(remaining(ctx)).toBe(0);
    clock.jump(10);
    expect(remaining(ctx)).toBe(0);
    expect(remaining(withTimeout(root, -50)[0])).toBe(0);
  });

  it('is Infinity without a deadline', () => {
    expect(remaining(background())).toBe(Infinity);
    expect(remaining(withCancel(background())[0])).toBe(Infinity);
    expect(remaining(withoutCancel(withTimeout(background(), 10)[0]))).toBe(Infinity);
  });

  it('is 0 once done, whatever the deadline', () => {
    const { root } = virtual();
    const [timed, cancelTimed] = withTimeout(root, 10);
    const [plain, cancelPlain] = withCancel(root);
    const [child] = withCancel(timed);
    cancelTimed();
    cancelPlain();
    expect(remaining(timed)).toBe(0);
    expect(remaining(child)).toBe(0);
    expect(remaining(plain)).toBe(0);
  });

  it('is that of the parent where it ends first', () => {
    const { root } = virtual();
    const [parent] = withTimeout(root, 10);
    expect(remaining(withTimeout(parent, 20)[0])).toBe(10);
    expect(remaining(withTimeout(parent, 5)[0])).toBe(5);
  });

  it('is virtual time in TestScheduler.run', () => {
    testScheduler().run(({ cold, expectObservable }) => {
      const [ctx] = withTimeout(background(), 5);
      expect(remaining(ctx)).toBe(5);
      const left: number[] = [];
      cold('--a-b--c|').subscribe(() => left.push(remaining(ctx)));
      expectObservable(cold('---------|')).toBe('---------|');
      cold('---------|').subscribe({ complete: () => expect(left).toEqual([3, 1, 0]) });
    });
  });
});

describe('cancel (above deadlines)', () => {
  it('reads a clock once, however many deadlines have been derived below', () => {
    const clock = new Clock();
    const [root, cancel] = withCancel(withScheduler(background(), clock));
    for (let i = 1; i <= 100; i++) withTimeout(withCancel(root)[0], i);
    const now = spyOn(clock, 'now').and.callThrough();
    cancel();
    expect(now).toHaveBeenCalledTimes(1);
  });
});
