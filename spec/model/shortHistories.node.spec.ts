// All histories of up to four steps, and some of five; fiveSteps.node.spec.ts has all of those. `npm run soak` goes on with six.
import { runShortHistories } from './shortHistories.js';
import { seed } from './runs.js';

/** Of the histories of five steps, one in so many is run here. */
const parts = 50;

describe('contexts in every short history', () => {
  for (const [length, count] of [4, 49, 1053, 34_594].entries()) {
    it(`keep every law, and agree with the model: ${length + 1} steps`, () => {
      expect(runShortHistories(length + 1)).toBe(count);
    }, 120_000);
  }

  it(`keep every law, and agree with the model: one of ${parts} of 5 steps`, () => {
    expect(runShortHistories(5, parts, seed % parts)).toBeGreaterThan(30_000);
  }, 120_000);
});
