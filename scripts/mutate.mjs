// Mutation testing: `npm run mutate`, or of a part, `npm run mutate -- --mutate 'lib/operators/**/*.ts'`: arguments go to Stryker.
// Fails when too few mutants die, and when those that live are not those that spec/MUTANTS.md lists for the files that were changed.
// `npm run mutate -- --compare` does no more than compare, with the report of the last run.
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { differences, row } from './mutants.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const args = process.argv.slice(2);
const stryker = ['node_modules/@stryker-mutator/core/bin/stryker.js', 'run', ...args];
const file = 'build/mutation.json';
let status = /** @type {number | null} */ (0);
if (!args.includes('--compare')) {
  rmSync(file, { force: true }); // that of a run before
  ({ status } = spawnSync(process.execPath, stryker, { stdio: 'inherit' }));
}

const report = JSON.parse(readFileSync(file, 'utf8'));
const { unlisted, gone, unexplained } = differences(report, readFileSync('spec/MUTANTS.md', 'utf8'));
for (const mutant of unlisted) console.error(`lives, and is not in spec/MUTANTS.md: ${mutant.file}\n  ${row(mutant)}`);
if (args.some((arg) => /:\d+/.test(arg))) gone.length = 0; // lines alone: the rest of the file was not changed
for (const mutant of gone) console.error(`is in spec/MUTANTS.md, and does not live: ${mutant.file}\n  ${row(mutant)}`);
for (const mutant of unexplained) console.error(`has no reason in spec/MUTANTS.md: ${mutant.file}\n  ${row(mutant)}`);
const wrong = unlisted.length + gone.length + unexplained.length;
if (wrong === 0) console.log('spec/MUTANTS.md lists what lives, and nothing else.');
process.exit(wrong > 0 ? 1 : (status ?? 1));
