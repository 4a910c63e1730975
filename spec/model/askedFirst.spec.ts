// Who is asked first must not matter, below contexts that were found done and of which nobody has heard yet.
import { NEVER } from 'rxjs';
import { background, withCancel, withCancelOn, withScheduler, withTimeout } from '../../lib/index.js';
import type { Context } from '../../lib/index.js';
import { Clock } from '../helpers/clock.js';

const orders = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
] as const;

/** In a busy loop, with somebody who listens to the last one. */
function expectLastToEndWithTheSecond(derive: (root: Context) => Context[]): void {
  for (const order of orders) {
    const clock = new Clock();
    const contexts = derive(withScheduler(background(), clock));
    const [upper, lower, leaf] = contexts as [Context, Context, Context];
    leaf.done$.subscribe();
    clock.jump(2);
    for (const index of order) expect(contexts[index]!.err).toBeDefined();
    expect(leaf.err).withContext(String(order)).toBe(lower.err);
    expect(lower.err).withContext(String(order)).not.toBe(upper.err);
  }
}

describe('whoever is asked first', () => {
  it('of two deadlines that pass at once the nearer one counts', () => {
    expectLastToEndWithTheSecond((root) => {
      const [upper] = withTimeout(root, 1);
      const [lower] = withTimeout(upper, 1);
      return [upper, lower, withCancel(lower)[0]];
    });
  });

  it('what another context ended before a later deadline above passed has ended so for all below', () => {
    expectLastToEndWithTheSecond((root) => {
      const [upper] = withTimeout(root, 2);
      const [lower] = withCancelOn(upper, withTimeout(root, 1)[0]);
      return [upper, lower, withCancel(lower)[0]];
    });
  });

  it('of a deadline and one above a followed context, at one instant, the nearer one counts for all below it', () => {
    const clock = new Clock();
    const root = withScheduler(background(), clock);
    const [upper] = withTimeout(root, 1);
    const [linked] = withCancelOn(upper, NEVER);
    const [lower] = withTimeout(withCancel(linked)[0], 1);
    const [leaf] = withCancel(lower);
    leaf.done$.subscribe();
    clock.jump(1);
    for (const ctx of [upper, linked, lower, leaf]) expect(ctx.err).toBeDefined();
    expect(leaf.err).toBe(lower.err);
    expect(lower.err).not.toBe(upper.err);
  });
});
