// Measures one row in a process of its own: a round whenever the parent asks for one.
//
//   node --expose-gc worker.js <suite> <index of the row> <contestants…>
import { Bench } from 'tinybench';
import { sink } from './harness.js';
import type { Kept, Loop, Row, Shot } from './harness.js';
import { useEverything } from './warmup.js';

/** The parent's question: a round of `sliceMs` for each contestant. */
export interface Ask {
  readonly sliceMs: number;
  readonly round: number;
}

/** The answer: per contestant, the row's unit per operation. */
export type Figures = Record<string, number>;

type Measure = (sliceMs: number, warmingUp?: boolean) => Promise<number> | number;

const [suite, index, ...names] = process.argv.slice(2);
const { default: rows } = (await import(`./${suite!}.js`)) as { default: Row[] };
const row = rows[Number(index)]!;

const gc = globalThis.gc!;

function measureOf(name: string): Measure {
  switch (row.kind) {
    case 'ns':
      return timing(row.contestants[name]!());
    case 'bytes held':
      return holding(row.contestants[name]!);
    case 'bytes allocated':
      return allocating(row.contestants[name]!());
  }
}

function timing(work: Loop | Shot): Measure {
  if (typeof work === 'object') {
    let once: number | undefined;
    return async (sliceMs, warmingUp = false) => {
      const { ops, prepare, run } = (warmingUp ? work.small : undefined) ?? work;
      if (once !== undefined) return once;
      const before = () => {
        prepare();
        gc(true); // what was prepared leaves the nursery, so that this run is not the one to pay for that
      };
      const ns = (await time(run, before, sliceMs)) / ops;
      if (work.once === true && !warmingUp) once = ns;
      return ns;
    };
  }
  const isAsync = work(1) instanceof Promise;
  let ops = 1;
  return async (sliceMs) => {
    for (;;) {
      const batch = ops;
      const ns = await time(() => work(batch), turn, sliceMs, isAsync);
      // A batch of a millisecond or more: the clock and the loop around the batches cost nothing then.
      if (ns >= 1e6 || ops >= 1e6) return ns / ops;
      ops = Math.min(1e6, Math.ceil(ops * Math.max(2, 1.5e6 / ns)));
    }
  };
}

/**
 * The clock is the CPU time of this process, so that what other processes take meanwhile does not count, and what the
 * collector takes does: hence the mean of a slice and not its median.
 */
async function time(run: () => unknown, before: () => void | Promise<void>, sliceMs: number, isAsync = false) {
  const bench = new Bench({ time: sliceMs, iterations: 1, warmup: false, throws: true, now: cpuMs });
  bench.add(row.name, run, { beforeEach: before, async: isAsync });
  await bench.run();
  const { result } = bench.tasks[0]!;
  if (!('latency' in result)) throw new Error(`${row.name}: no result`);
  return result.latency.mean * 1e6;
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** A turn of the event loop before each batch: timers, finalizers and reports get their chance, outside of what is timed. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function holding(make: () => Kept): Measure {
  return () => {
    const kept = make();
    const { count = 20_000 } = kept;
    const all = new Array<unknown>(count).fill(undefined);
    const before = heldBytes();
    for (let i = 0; i < count; i++) all[i] = kept.make();
    const bytes = (heldBytes() - before) / count;
    kept.release?.();
    sink.last = all;
    sink.last = undefined;
    return bytes;
  };
}

function heldBytes(): number {
  gc();
  gc();
  return process.memoryUsage().heapUsed;
}

function allocating(work: Loop): Measure {
  const ops = 20_000;
  return async () => {
    await turn();
    gc(); // with a nursery that is large enough for what follows, nothing is collected until the second reading
    const before = process.memoryUsage().heapUsed;
    await work(ops);
    return (process.memoryUsage().heapUsed - before) / ops;
  };
}

useEverything();
const contestants = names.map((name): [name: string, measure: Measure] => [name, measureOf(name)]);
await warmUp(row.kind === 'ns' ? 30 : 3);

/** Everybody in turn, until nobody becomes faster any more. */
async function warmUp(most: number): Promise<void> {
  const best = contestants.map(() => Infinity);
  for (let i = 0, calm = 0; i < most && calm < 3; i++) {
    calm++;
    for (const [j, [, measure]] of contestants.entries()) {
      const figure = await measure(10, true);
      if (figure < 0.95 * best[j]!) calm = 0;
      best[j] = Math.min(best[j]!, figure);
    }
  }
}

process.on('message', ({ sliceMs, round }: Ask) => {
  void (async () => {
    const figures: Figures = {};
    // Every other round in reverse: whoever goes first pays for what the others left.
    for (const [name, measure] of round % 2 === 0 ? contestants : [...contestants].reverse()) {
      figures[name] = await measure(sliceMs);
    }
    process.send!(figures);
  })();
});
process.once('disconnect', () => process.exit()); // whatever timers are pending
process.send!('ready');
