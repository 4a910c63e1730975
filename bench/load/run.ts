// A server under load: what is left of its requests afterwards, and what their contexts cost.
//
//   npm run load                                           20,000 requests, 200 at a time, then 100 rounds of each
//   npm run load -- --requests 2000 --concurrent 50        less
//   npm run load -- --rounds 0                             what is left only
//
// Ends with code 1 when something is left, when a client could take a part of a response for the whole, or when the contexts
// cost more than 5 % of the throughput.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { Crowd, Flood } from './clients.js';
import type { Ask, Left, Ports } from './server.js';

const mostCost = 0.05;

const { values: options } = parseArgs({
  options: {
    requests: { type: 'string', default: '20000' },
    concurrent: { type: 'string', default: '200' },
    rounds: { type: 'string', default: '100' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
const [total, concurrent, rounds, seed] = [options.requests, options.concurrent, options.rounds, options.seed].map(
  Number,
) as [number, number, number, number];

const root = path.join(import.meta.dirname, '../..');
const stage = path.join(root, 'build', `load-${process.pid}`);
mkdirSync(stage, { recursive: true });
process.on('exit', () => rmSync(stage, { recursive: true, force: true }));
// Plain JavaScript: what tsx adds for its own sake would be measured too.
await build({
  entryPoints: [path.join(import.meta.dirname, 'server.ts')],
  outfile: path.join(stage, 'server.mjs'),
  bundle: true,
  external: ['rxjs'],
  format: 'esm',
  platform: 'node',
  target: 'node20',
  tsconfig: path.join(root, 'tsconfig.json'),
});

const server = fork(path.join(stage, 'server.mjs'), {
  execArgv: ['--expose-gc'],
  env: { ...process.env, NODE_V8_COVERAGE: '' },
});
process.on('exit', () => server.kill());
server.once('exit', (code) => fail(`the server ended with code ${code}`));
const [ports] = (await once(server, 'message')) as [Ports];

async function ask<T>(what: Ask): Promise<T> {
  server.send(what);
  return ((await once(server, 'message')) as [T])[0];
}

function fail(why: string): void {
  console.error(`FAILED: ${why}`);
  process.exitCode = 1;
}

async function whatIsLeft(): Promise<void> {
  const crowd = new Crowd(ports.watched, seed);
  const start = performance.now();
  await crowd.ask(total, concurrent);
  const seconds = (performance.now() - start) / 1000;
  const left = await ask<Left>('left');
  console.log(`${total} requests, ${concurrent} at a time, in ${seconds.toFixed(1)} s (seed ${seed})`);
  console.log('clients', crowd.counts);
  console.log('left   ', left);
  for (const problem of crowd.problems.slice(0, 10)) fail(problem);
  for (const [what, count] of Object.entries(left) as [keyof Left, number | string[]][]) {
    if (what !== 'requests' && (typeof count === 'number' ? count : count.length) > 0) fail(`${what} are left`);
  }
  const { whole, late, cut, left: gone } = crowd.counts;
  if (Math.min(whole, late + cut, gone) < total / 10) fail('a kind of clients is missing');
  if (whole + late + cut + gone !== total) fail('a client did not say what it got');
}

interface Costs {
  readonly cpuUs: number;
  readonly wallUs: number;
}

/** Microseconds a request: of the server's processor, and on the wall. */
async function round(flood: Flood): Promise<Costs> {
  const count = 1000;
  const before = await ask<NodeJS.CpuUsage>('cpu');
  const start = performance.now();
  await flood.ask(count);
  const wallUs = ((performance.now() - start) * 1000) / count;
  const after = await ask<NodeJS.CpuUsage>('cpu');
  return { cpuUs: (after.user + after.system - before.user - before.system) / count, wallUs };
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1]!;
}

/** In turn, in the opposite order every other time: what else the machine does, it does to both. */
async function whatTheyCost(): Promise<void> {
  const bare = await Flood.connect(ports.bare, concurrent);
  const ctx = await Flood.connect(ports.ctx, concurrent);
  for (let i = 0; i < 5; i++) for (const flood of [bare, ctx]) await round(flood);
  const pairs: { bare: Costs; ctx: Costs }[] = [];
  for (let i = 0; i < rounds; i++) {
    const [first, second] = i % 2 === 0 ? [bare, ctx] : [ctx, bare];
    const [a, b] = [await round(first), await round(second)];
    pairs.push(i % 2 === 0 ? { bare: a, ctx: b } : { bare: b, ctx: a });
  }
  for (const flood of [bare, ctx]) flood.close();
  const of = (name: 'bare' | 'ctx', unit: keyof Costs) => median(pairs.map((pair) => pair[name][unit]));
  const added = (unit: keyof Costs) => median(pairs.map((pair) => pair.ctx[unit] / pair.bare[unit])) - 1;
  const percent = (part: number) => `${part < 0 ? '' : '+'}${(part * 100).toFixed(1)} %`;
  for (const unit of ['cpuUs', 'wallUs'] as const) {
    console.log(
      `${unit} a request: ${of('bare', unit).toFixed(1)} without contexts, ${of('ctx', unit).toFixed(1)} with them: ${percent(added(unit))}`,
    );
  }
  const cost = added('wallUs');
  if (cost > mostCost) fail(`contexts cost ${percent(cost)}`);
}

await whatIsLeft();
if (rounds > 0) await whatTheyCost();
server.removeAllListeners('exit').kill();
