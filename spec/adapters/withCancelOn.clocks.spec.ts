import type { SchedulerLike } from 'rxjs';
import { background, withCancel, withCancelOn, withDeadline, withScheduler, withTimeout } from '../../lib/index.js';
import { Clock } from '../helpers/clock.js';

/** Two schedulers that show the same time, and a root on the first of them. */
function setUp() {
  const clock = new Clock();
  const other: SchedulerLike = { now: () => clock.now(), schedule: clock.schedule.bind(clock) };
  return { clock, other, root: withScheduler(background(), clock) };
}

// Nobody listens and no timer fires: who was first is found out by asking, and must not depend on who is asked first.
describe('withCancelOn (a context on another clock)', () => {
  for (const read of [false, true]) {
    const when = read ? 'when somebody reads it in between' : 'when nobody reads it in between';

    it(`is over by the deadline of the other before the parent is canceled, ${when}`, () => {
      const { clock, other, root } = setUp();
      const [parent, cancel] = withCancel(root);
      const [source] = withTimeout(root, 1);
      const [ctx] = withCancelOn(withCancel(withScheduler(parent, other))[0], source);
      clock.jump(1);
      if (read) expect(ctx.err).toBeDefined();
      cancel();
      expect(ctx.cause).toBe(source.err);
    });

    it(`leaves a deadline below to win that came before that of the other, ${when}`, () => {
      const { clock, other, root } = setUp();
      const [source] = withTimeout(withScheduler(root, other), 5);
      const [ctx] = withCancelOn(root, source);
      const [child] = withDeadline(ctx, 3, { cause: 'mine' });
      clock.jump(10);
      if (read) expect(ctx.err).toBeDefined();
      expect(child.cause).toBe('mine');
    });
  }

  it('is over with its parent when that and the other end as one', () => {
    const { clock, other, root } = setUp();
    const [parent] = withTimeout(root, 1);
    const [ctx] = withCancelOn(parent, withScheduler(parent, other));
    clock.jump(1);
    expect(ctx.err).toBe(parent.err);
  });

  it('is asked even when the deadline of the other is the later number', () => {
    const { clock, root } = setUp();
    const ahead: SchedulerLike = { now: () => clock.now() + 16, schedule: clock.schedule.bind(clock) };
    const [parent] = withTimeout(root, 2);
    const [source] = withTimeout(withScheduler(root, ahead), 1);
    const [ctx] = withCancelOn(parent, source);
    expect(ctx.deadline).toBe(2);
    clock.jump(1);
    expect(ctx.cause).toBe(source.err);
    clock.jump(1);
    expect(ctx.cause).toBe(source.err);
  });
});
