import type { SchedulerLike } from 'rxjs';
import {
  afterFunc,
  background,
  withCancel,
  withCancelOn,
  withDeadline,
  withScheduler,
  withTimeout,
} from '../../lib/index.js';
import type { ContextError } from '../../lib/index.js';
import { Clock } from '../helpers/clock.js';

/** Two schedulers that show the same time, and a root on the first of them. */
function setUp() {
  const clock = new Clock();
  const other: SchedulerLike = { now: () => clock.now(), schedule: clock.schedule.bind(clock) };
  return { clock, other, root: withScheduler(background(), clock) };
}

// Nothing listens and no timer fires. Across clocks an end counts when it is first seen.
describe('withCancelOn (a context on another clock)', () => {
  for (const read of [false, true]) {
    const when = read ? 'when somebody reads it in between' : 'when nobody reads it in between';

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

  it('is over by the deadline above that of the other, though the clock of the other has not moved', () => {
    const [above, below] = [new Clock(), new Clock()];
    const [upper] = withTimeout(withScheduler(background(), above), 10);
    const [source] = withTimeout(withScheduler(upper, below), 5);
    const [ctx] = withCancelOn(withScheduler(background(), below), source);
    above.jump(10);
    expect(ctx.cause).toBe(upper.err);
    expect(source.err).toBe(upper.err);
  });

  it('is over by the deadline of its other, though that is far and its parent has a nearer one on another clock', () => {
    const [near, far] = [new Clock(), new Clock()];
    const [parent] = withTimeout(withScheduler(background(), near), 5);
    const [source] = withTimeout(withScheduler(background(), far), 10);
    const [ctx] = withCancelOn(parent, source);
    const [last] = withCancelOn(withScheduler(background(), near), ctx);
    far.jump(10);
    expect(ctx.cause).toBe(source.err);
    expect(last.cause).toBe(ctx.err);
  });

  it('is over for who asks from a listener of what its other ended with, whatever is followed further up', () => {
    const [above, below] = [new Clock(), new Clock()];
    const root = withScheduler(background(), below);
    const [upper] = withTimeout(withScheduler(background(), above), 50);
    const [source] = withTimeout(withScheduler(upper, below), 10);
    const [middle, cancel] = withCancelOn(root, withCancelOn(root, source)[0]);
    let seen: ContextError | undefined;
    afterFunc(middle, () => (seen = ctx.err));
    const [ctx] = withCancelOn(root, withCancel(middle)[0]);
    cancel();
    expect(seen).toBeDefined();
    expect(ctx.err).toBe(seen);
  });
});
