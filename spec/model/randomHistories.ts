import fc from 'fast-check';
import { histories } from './histories.js';
import { run } from './runner.js';

/** How many one seed makes, in the specs and in a soak: so it repeats them. No more, for a browser that is busy for long is taken for lost. */
export const batch = 100;

/** What came of some histories in which every law held. */
export interface Outcome {
  readonly lives: number;
  readonly contexts: number;
  readonly listeners: number;
  /** In how many of them the twins were compared too. */
  readonly compared: number;
  /** What listeners threw: each is to be reported as unhandled. */
  readonly thrown: readonly unknown[];
}

/** Lives random histories, a batch at most. Throws an error that tells the story of the smallest one that breaks a law, and the seed. */
export function runRandomly(seed: number, count: number): Outcome {
  const thrown: unknown[] = [];
  let [lives, contexts, listeners, compared] = [0, 0, 0, 0];
  const property = fc.property(histories, (history) => {
    const runner = run(history);
    lives++;
    contexts += runner.expected.known.length - 1;
    listeners += runner.listeners.length;
    if (runner.decided) compared++;
    thrown.push(...runner.thrown);
  });
  const { failed, numShrinks, errorInstance } = fc.check(property, { seed, numRuns: count });
  if (failed) {
    const story = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
    throw new Error(
      `${story}\n(shrunk ${numShrinks} times; again: RXJS_CTX_SEED=${seed} npm run test:node -- spec/model/contexts.spec.ts)`,
    );
  }
  return { lives, contexts, listeners, compared, thrown };
}
