// Runs the benchmarks.
//
//   npm run bench                        all suites
//   npm run bench -- tree derive         some
//   npm run bench -- tree --row Deep     the rows whose name contains that
//   npm run bench -- --save              all, and writes results.json, scaling.svg and the tables in README.md
//   npm run bench:check                  the gate
//
// --dist <folder> measures another build, --rounds <n> and --slice <ms> change how long it is looked at.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { findGo } from './go.js';
import type { Go } from './go.js';
import { ours } from './harness.js';
import type { Row } from './harness.js';
import { describeMachine, describeVersions, figure, headOf, print, short, tables } from './report.js';
import type { Report, Result } from './report.js';
import { save } from './save.js';
import { floors, shares, sizes } from './size.js';
import { limitOf, measured, meets, targetsOf } from './targets.js';
import type { Target } from './targets.js';
import type { Ask, Figures } from './worker.js';

const root = path.join(import.meta.dirname, '..');
const suites = ['derive', 'tree', 'operators', 'retry', 'fanout', 'memory', 'debug', 'connect', 'size'];

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    check: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
    row: { type: 'string', default: '' },
    dist: { type: 'string', default: path.join(root, 'dist') },
    rounds: { type: 'string' },
    slice: { type: 'string' },
  },
});

/** Whom to measure, how often and for how long. */
interface Plan {
  readonly rounds: number;
  readonly sliceMs: number;
  /** Whether a contestant takes part, ours aside. */
  readonly peers: (suite: string, row: string, peer: string) => boolean;
}

const stage = path.join(root, 'build', `bench-${process.pid}`);

/** The suites and a copy of the build, out of the way of whoever builds meanwhile. */
async function setStage(): Promise<void> {
  checkDist();
  mkdirSync(stage, { recursive: true });
  cpSync(options.dist, path.join(stage, 'dist'), { recursive: true });
  cpSync(path.join(root, 'package.json'), path.join(stage, 'package.json'));
  await build({
    entryPoints: ['harness', 'worker', 'warmup', ...suites].map((name) => path.join(import.meta.dirname, `${name}.ts`)),
    outdir: stage,
    format: 'esm',
    platform: 'node',
    target: 'node20',
  });
}

function checkDist(): void {
  if (!existsSync(path.join(options.dist, 'esm/index.js'))) {
    console.error('There is no dist to measure: npm run build makes it.');
    process.exit(1);
  }
  const newest = (dir: string) =>
    Math.max(
      ...readdirSync(dir, { recursive: true, encoding: 'utf8' }).map((file) => statSync(path.join(dir, file)).mtimeMs),
    );
  if (newest(path.join(root, 'lib')) > newest(options.dist)) {
    console.warn(
      'dist is older than lib: what follows is not about the sources as they are. npm run build makes it anew.',
    );
  }
}

const needs: Record<Row['kind'], string[]> = {
  // One thread that collects, as Go has here: the figures do not depend on how many cores are idle.
  ns: ['--expose-gc', '--single-threaded-gc', '--max-old-space-size=6144'],
  'bytes held': ['--expose-gc'],
  // A nursery that is not full before the second reading.
  'bytes allocated': ['--expose-gc', '--min-semi-space-size=64', '--max-semi-space-size=64'],
};

async function measure(suite: string, rows: Row[], index: number, go: Go | undefined, plan: Plan): Promise<Result> {
  const row = rows[index]!;
  const takesPart = (name: string) => name === ours || plan.peers(suite, row.name, name);
  const names = Object.keys(row.contestants).filter(takesPart);
  const worker = fork(path.join(stage, 'worker.js'), [suite, String(index), ...names], {
    execArgv: needs[row.kind],
  });
  const goBenchmark = takesPart('Go') ? row.go : undefined;
  const rounds: Figures[] = [];
  await answer(worker, row.name);
  for (let round = 0; round < plan.rounds; round++) {
    const ask: Ask = { sliceMs: plan.sliceMs, round };
    worker.send(ask);
    const figures = (await answer(worker, row.name)) as Figures;
    if (goBenchmark !== undefined && go !== undefined) figures.Go = go.measure(goBenchmark, plan.sliceMs);
    rounds.push(figures);
  }
  worker.disconnect();
  const peers = Object.keys(rounds[0]!).filter((name) => name !== ours);
  return {
    suite,
    row: row.name,
    unit: row.kind,
    ours: figure(rounds.map((round) => round[ours]!)),
    peers: peers.map((name) => ({
      name,
      ...figure(rounds.map((round) => round[name]!)),
      ratio: figure(rounds.map((round) => round[name]! / round[ours]!)),
    })),
    ...(goBenchmark !== undefined && go === undefined && { note: 'Go is not installed' }),
  };
}

async function answer(worker: ReturnType<typeof fork>, row: string): Promise<unknown> {
  const gone = new AbortController();
  const { signal } = gone;
  const [message] = (await Promise.race([
    once(worker, 'message', { signal }),
    once(worker, 'exit', { signal }).then(([code]) => {
      throw new Error(`${row}: the process that measures it ended with ${code}`);
    }),
  ])) as [unknown];
  gone.abort();
  return message;
}

async function rowsOf(suite: string): Promise<Row[]> {
  if (suite === 'size') return [];
  const { default: rows } = (await import(pathToFileURL(path.join(stage, `${suite}.js`)).href)) as { default: Row[] };
  return rows;
}

async function measureAll(go: Go | undefined): Promise<void> {
  const chosen = positionals.length === 0 ? suites : positionals;
  const unknown = chosen.filter((suite) => !suites.includes(suite));
  if (unknown.length > 0) throw new Error(`No suite ${unknown.join(', ')}: there are ${suites.join(', ')}`);
  if (options.save && (chosen.length < suites.length || options.row !== ''))
    throw new Error('--save is for a run of all suites');
  const plan: Plan = {
    rounds: Number(options.rounds ?? 5),
    sliceMs: Number(options.slice ?? 30),
    peers: () => true,
  };
  const results: Result[] = [];
  for (const suite of chosen) {
    const rows = await rowsOf(suite);
    for (const [index, { name }] of rows.entries()) {
      if (!name.includes(options.row)) continue;
      progress(`${suite}: ${name}`);
      results.push(await measure(suite, rows, index, go, plan));
    }
  }
  progress('');
  const report: Report = {
    machine: describeMachine(),
    versions: describeVersions(go?.version),
    rounds: plan.rounds,
    results,
    ...(chosen.includes('size')
      ? { sizes: await sizes(stage), shares: await shares(), floors: await floors() }
      : { sizes: [], shares: [], floors: {} }),
  };
  console.log(headOf(report));
  console.log('A ratio is the cost there divided by ours, in the same round: above 1, rxjs-ctx costs less.');
  for (const table of tables(report)) print(table);
  if (options.save) await save(report);
}

/** The gate. What fails is looked at a second time, for longer: noise passes, a regression stays. */
async function check(go: Go | undefined): Promise<void> {
  const targets = targetsOf('gate');
  const report: Report = {
    machine: {},
    versions: {},
    rounds: 0,
    results: await measureTargets(targets, go, {
      rounds: Number(options.rounds ?? 5),
      sliceMs: Number(options.slice ?? 15),
    }),
    sizes: await sizes(stage),
    shares: [],
    floors: {},
  };
  const failed = targets.filter((target) => standing(target, report) === 'fails');
  const ofFailedRows = targets.filter(({ suite, row }) => failed.some((one) => one.suite === suite && one.row === row));
  const again = await measureTargets(ofFailedRows, go, { rounds: 9, sliceMs: 40 });
  const final: Report = {
    ...report,
    results: report.results.map(
      (first) => again.find(({ suite, row }) => suite === first.suite && row === first.row) ?? first,
    ),
  };
  progress('');
  let failures = 0;
  for (const target of targets) {
    const found = measured(target, final);
    const how = standing(target, final);
    if (how === 'fails') failures++;
    const unit = target.unit === 'x' ? '×' : ` ${target.unit}`;
    const said = found === undefined ? 'not measured: Go is not installed' : `measured ${short(found.median)}${unit}`;
    const bound = `gate ${target.goal} ${limitOf(target, 'gate')}${unit}, target ${limitOf(target, 'target')}${unit}`;
    console.log(`${how.padEnd(7)}  ${target.what}: ${said} (${bound})`);
  }
  if (failures > 0) {
    console.error(`\n${failures} of ${targets.length} targets are missed by more than half.`);
    process.exitCode = 1;
  }
}

function standing(target: Target, report: Report): 'holds' | 'fails' | 'skipped' {
  const found = measured(target, report);
  if (found === undefined) return 'skipped';
  return meets(target, found, 'gate') ? 'holds' : 'fails';
}

async function measureTargets(some: Target[], go: Go | undefined, plan: Omit<Plan, 'peers'>): Promise<Result[]> {
  const results: Result[] = [];
  for (const suite of suites) {
    const rows = await rowsOf(suite);
    for (const [index, { name }] of rows.entries()) {
      const peers = some.filter((target) => target.suite === suite && target.row === name).map(({ peer }) => peer);
      if (peers.length === 0 || (go === undefined && peers.every((peer) => peer === 'Go'))) continue;
      progress(`${suite}: ${name}`);
      results.push(
        await measure(suite, rows, index, go, { ...plan, peers: (_suite, _row, peer) => peers.includes(peer) }),
      );
    }
  }
  return results;
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
}

process.once('exit', () => rmSync(stage, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

await setStage();
const go = findGo(stage);
if (options.check) await check(go);
else await measureAll(go);
