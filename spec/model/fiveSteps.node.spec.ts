// All histories of five steps, which take minutes: a part of npm run test:adapters.
import { runShortHistories } from './shortHistories.js';

const parts = 8;

describe('contexts in every history of five steps', () => {
  let count = 0;

  for (let part = 0; part < parts; part++) {
    it(`keep every law, and agree with the model (${part + 1} of ${parts})`, () => {
      const run = runShortHistories(5, parts, part);
      count += run;
      expect(run).toBeGreaterThan(199_000);
    }, 600_000);
  }

  afterAll(() => {
    expect(count).toBe(1_592_921);
  });
});
