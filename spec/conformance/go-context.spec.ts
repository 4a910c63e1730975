import { replay } from './replay.js';
import type { Listening } from './replay.js';
import { readTraces } from './traces.js';
import type { Trace } from './traces.js';

const all = 120;
const chunk = 20;

describe("Go's context", () => {
  let traces: Trace[] = [];

  beforeAll(async () => {
    traces = await readTraces();
  });

  it(`is on record in ${all} traces`, () => {
    expect(traces.length).toBe(all);
    expect(new Set(traces.map(({ seed }) => seed)).size).toBe(all);
  });

  for (const listening of ['nobody', 'everybody', 'every other context'] satisfies Listening[]) {
    describe(`with ${listening} listening`, () => {
      for (let from = 0; from < all; from += chunk) {
        it(`agrees on traces ${from + 1} to ${from + chunk}`, () => {
          const replayed = traces.slice(from, from + chunk);
          expect(replayed.length).toBe(chunk);
          expect(replayed.flatMap((trace) => replay(trace, listening))).toEqual([]);
        });
      }
    });
  }
});
