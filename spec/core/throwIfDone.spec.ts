import {
  background,
  DeadlineExceededError,
  throwIfDone,
  withCancel,
  withoutCancel,
  withScheduler,
  withTimeout,
} from '../../lib/index.js';
import type { Context } from '../../lib/index.js';
import { Clock } from '../helpers/clock.js';
import { wrap } from '../helpers/foreign.js';

function thrownBy(ctx: Context): unknown {
  try {
    throwIfDone(ctx);
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('throwIfDone', () => {
  it('does nothing while the context is not done', () => {
    const [ctx] = withCancel(background());
    expect(() => throwIfDone(ctx)).not.toThrow();
    expect(() => throwIfDone(background())).not.toThrow();
  });

  it('throws err itself, never the bare cause', () => {
    const [ctx, cancel] = withCancel(background());
    cancel(new Error('client gone'));
    expect(thrownBy(ctx)).toBe(ctx.err);
    expect(thrownBy(ctx)).toBe(ctx.err);
    expect(thrownBy(withCancel(ctx)[0])).toBe(ctx.err);
    expect(thrownBy(wrap(ctx))).toBe(ctx.err);
    expect(thrownBy(withoutCancel(ctx))).toBeUndefined();
  });

  it('ends a loop when the deadline passes in it', () => {
    const clock = new Clock();
    const [ctx] = withTimeout(withScheduler(background(), clock), 10);
    let turns = 0;
    expect(() => {
      for (;;) {
        throwIfDone(ctx);
        turns++;
        clock.jump(1);
      }
    }).toThrowMatching((thrown) => thrown === ctx.err);
    expect(turns).toBe(10);
    expect(ctx.err).toBeInstanceOf(DeadlineExceededError);
  });
});
