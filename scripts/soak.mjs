// Runs random histories of contexts, and short ones of six steps (`--steps 7`: of seven), with new seeds, for as long as it is
// told: `npm run soak -- --minutes 10` (one by default). `--seed 12345` begins with that seed. The first law that is broken ends
// it, with the smallest history that breaks it.
import { parseArgs } from 'node:util';
import { config } from 'rxjs';
import { Random } from '../spec/helpers/random.js';
import { batch, runRandomly } from '../spec/model/randomHistories.js';
import { runSomeShortHistories } from '../spec/model/shortHistories.js';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string' },
    steps: { type: 'string', default: '6' },
  },
});
const steps = Number(values.steps);
const minutes = Number(values.minutes);
let seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 30));
if (!(minutes > 0) || !Number.isInteger(seed) || !(steps >= 5 && steps <= 8)) {
  console.error('usage: npm run soak -- --minutes <number> [--seed <integer>] [--steps <5 to 8>]');
  process.exit(2);
}

const start = Date.now();
const total = { lives: 0, contexts: 0, listeners: 0, short: 0 };
/** @type {Set<unknown>} */
const reported = new Set();
config.onUnhandledError = (error) => {
  reported.add(error);
};

for (let nextReport = start; Date.now() < start + minutes * 60_000; seed++) {
  reported.clear();
  const { lives, contexts, listeners, thrown } = runRandomly(seed, batch);
  await new Promise((resolve) => setTimeout(resolve, 20));
  if (thrown.some((error) => !reported.delete(error)) || reported.size > 0) {
    throw new Error(`What listeners threw is not what was reported, with seed ${seed}`);
  }
  total.short += runSomeShortHistories(steps, new Random(seed));
  total.lives += lives;
  total.contexts += contexts;
  total.listeners += listeners;
  if (Date.now() >= nextReport) {
    nextReport += 10_000;
    console.log(`${Math.round((Date.now() - start) / 1000)} s, seed ${seed}: ${describe()}`);
  }
}
console.log(`Every law held: ${describe()}, seeds up to ${seed - 1}.`);

function describe() {
  const [lives, contexts, listeners, short] = Object.values(total).map((count) => count.toLocaleString('en'));
  return `${lives} histories, ${contexts} contexts, ${listeners} listeners; ${short} histories of ${steps} steps`;
}
