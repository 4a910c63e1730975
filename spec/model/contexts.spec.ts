// Random use of contexts; helpers/laws.ts says what must hold, helpers/model.ts is the second opinion.
// RXJS_CTX_HISTORIES=200 makes it cheap, RXJS_CTX_SEED begins with that seed, on Node; `npm run soak` goes on for as long as it is told.
import { batch, runRandomly } from './randomHistories.js';
import { histories, seed } from './runs.js';
import { macrotask, takeUnhandledErrors } from '../support/unhandled-errors.js';

const share = Math.ceil(histories / 10);
/** Most of it is for finding the smallest history that breaks a law. */
const timeLimitMs = 300_000;

describe(`contexts under random use, in ${histories} histories of up to 200 steps`, () => {
  for (let part = 0; part < 10; part++) {
    it(
      `keep every law, and agree with the model (${part + 1} of 10)`,
      async () => {
        let [lives, contexts, listeners, compared] = [0, 0, 0, 0];
        for (let from = seed + part * 1000; lives < share; from++) {
          const outcome = await liveBatch(from, Math.min(batch, share - lives));
          lives += outcome.lives;
          contexts += outcome.contexts;
          listeners += outcome.listeners;
          compared += outcome.compared;
        }
        // A law is worth what it was asked of.
        expect(contexts).toBeGreaterThan(2 * lives);
        expect(listeners).toBeGreaterThan(lives);
        expect(compared).toBeGreaterThan(lives / 2);
      },
      timeLimitMs,
    );
  }
});

/** What listeners throw is reported, each error once. */
async function liveBatch(seed: number, count: number): Promise<ReturnType<typeof runRandomly>> {
  try {
    const outcome = runRandomly(seed, count);
    const reported = await takeReported(outcome.thrown.length);
    expect(reported.length).toBe(outcome.thrown.length);
    expect(new Set(reported)).toEqual(new Set(outcome.thrown));
    return outcome;
  } catch (broken) {
    await takeReported(Infinity); // shrinking made many
    throw broken;
  }
}

/** Waits until `count` errors have been reported, or no more are. */
async function takeReported(count: number): Promise<unknown[]> {
  const reported: unknown[] = [];
  for (let idle = 0; idle < 10 && reported.length < count; idle++) {
    await macrotask();
    const more = takeUnhandledErrors();
    reported.push(...more);
    if (more.length > 0) idle = 0;
  }
  return reported;
}
