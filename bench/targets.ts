// What the library is held to. `npm run bench` says how far each target is met; `npm run bench:check` fails at half of it.
import { ours } from './harness.js';
import type { Figure, Report } from './report.js';

export interface Target {
  readonly what: string;
  /** Where its figure comes from: a row of a suite, and whom it is compared with. Without a peer the figure is absolute. */
  readonly suite: string;
  readonly row: string;
  readonly peer?: string;
  /** `at least`: the peer's cost divided by ours. `at most`: ours divided by the peer's, or ours in `unit`. */
  readonly goal: 'at least' | 'at most';
  readonly value: number;
  readonly unit: 'x' | 'bytes' | 'ns';
  /** Where the gate stands, unless that is half of the target. */
  readonly gate?: number;
  /** What cannot be done without. */
  readonly floor?: Floor;
  /** Left out of the gate, where a neighbour stands for it, or in the gate only, where it stands for one that takes too long. */
  readonly only?: 'report' | 'gate';
}

/** What alone is done by the contestant `by`, so that the target lies between what it reaches and what we do, or beyond both. */
interface Floor {
  readonly why: string;
  readonly by?: string;
}

function faster(value: number, suite: string, row: string, peer = 'Go'): Target {
  return { what: `${row}, against ${peer}`, suite, row, peer, goal: 'at least', value, unit: 'x' };
}

function atMost(value: number, suite: string, row: string, peer: string): Target {
  return { what: `${row}, against ${peer}`, suite, row, peer, goal: 'at most', value, unit: 'x' };
}

function absolute(value: number, unit: 'bytes' | 'ns', suite: string, row: string): Target {
  return { what: suite === 'size' ? `${row}, min + brotli` : row, suite, row, goal: 'at most', value, unit };
}

const linked = 'AbortController, linked by a listener';
const roots = ['Background', 'OpenCanceler', 'ClosedCanceler'];
const forgotten = 'a forgotten child: derived and dropped, never canceled';

const memory = {
  why: 'memory that is in no cache, for RxJS alone',
  by: 'floor: teardowns that do nothing',
} satisfies Floor;

const targets: Target[] = [
  faster(200, 'derive', 'derive + cancel', linked),

  ...[10, 100, 1000].flatMap((depth) => roots.map((root) => only(depth === 100, cancelTree(10, depth, root)))),
  floored(
    { why: 'three objects, a function and what the collector takes for them', by: 'floor: its objects alone' },
    cancelTree(12, 1, 'OpenCanceler'),
  ),
  floored({ why: 'as above', by: 'floor: its objects alone' }, cancelTree(6, 1, 'ClosedCanceler')),
  cancelTree(2, 1, 'Background'),
  // Go's takes a mutex: 9.8 ns on one machine and 4.7 ns on another, where this takes 2.4 and 3.6.
  { ...faster(3, 'tree', 'CheckCanceled, Err'), gate: 0.8 },
  floored(
    {
      why: 'done$ and err read in such a loop, each behind a reference',
      by: 'floor: fields behind references, of sixteen objects in turn',
    },
    faster(3, 'tree', 'CheckCanceled, Done'),
    0.3,
  ),
  ...[10, 20, 30, 50, 100].map((depth) =>
    only(depth > 10 && depth < 100, faster(3, 'tree', `DeepValue, depth ${depth}`)),
  ),
  floored(
    { why: '200 divisions, which have to be done', by: 'floor: the divisions alone' },
    faster(3, 'tree', 'CommonParentCancel'),
    0.6,
  ),
  faster(3, 'tree', 'CommonParentCancel, without its 200 divisions'),
  ...[40, 4_000, 400_000].map((pending) =>
    only(
      pending !== 4_000,
      floored(
        {
          why: 'the clock, read when it is derived and when it is canceled',
          by: 'floor: the clock alone, read twice for each',
        },
        faster(20, 'tree', `WithTimeout, ${pending} pending`),
        1.5,
      ),
    ),
  ),

  floored(
    { why: 'what RxJS takes to subscribe, with a teardown', by: 'floor: an Observable with a teardown' },
    faster(3, 'operators', 'takeUntilCtx: subscribe + unsubscribe', 'takeUntil(subject)'),
  ),
  floored(
    {
      why: 'the clock, which a deadline has to read and timeout need not, and a timer',
      by: 'floor: an Observable with a timer, the clock read once',
    },
    atMost(1, 'operators', 'withTimeoutCtx: subscribe + unsubscribe', 'timeout'),
  ),
  floored(
    { why: 'what RxJS takes to subscribe, with a teardown', by: 'floor: an Observable with a teardown' },
    atMost(1.5, 'operators', 'usingCtx: subscribe + unsubscribe', 'defer + finalize'),
  ),
  atMost(1.5, 'operators', 'switchMapCtx: an inner stream that is superseded', 'switchMap + defer + finalize'),
  ...['switchMap', 'mergeMap', 'concatMap', 'exhaustMap'].map((name) =>
    atMost(1.5, 'operators', `${name}Ctx: an inner stream of one value`, `${name} + defer + finalize`),
  ),
  floored(
    {
      why: 'a subscriber in between, without which no error can be seen',
      by: 'floor: a subscriber in between, with a teardown',
    },
    atMost(2, 'retry', 'retryCtx: work that succeeds at once', 'defer'),
    7,
  ),
  { ...atMost(2, 'retry', 'retryCtx: a promise that is fulfilled, awaited', 'defer'), gate: 5 },
  faster(1, 'retry', 'retryCtx: a promise that is fulfilled, awaited', 'p-retry with a signal and a limit of time'),
  // 1.00 within the noise.
  { ...atMost(1.05, 'operators', 'takeUntilCtx: a value', 'takeUntil(NEVER)'), gate: 1.5 },
  { ...atMost(1.05, 'operators', 'throwOnCtx: a value', 'takeUntil(NEVER)'), gate: 1.5 },

  ...linear('one cancel reaching', ''),
  ...linear('unsubscribing', ' at random'),
  only(true, faster(100, 'fanout', 'one cancel reaching 100000', 'takeUntil(subject)')),
  // That peer is quadratic: a hundred times at 10^5 is ten times at 10^4, which takes a hundredth of the time to measure.
  { ...faster(10, 'fanout', 'one cancel reaching 10000', 'takeUntil(subject)'), only: 'gate' },

  // What a socket takes differs from round to round by more than that: no gate.
  ...['Connect over HTTP/2', 'gRPC over HTTP/2'].flatMap((name) =>
    ['unary call', 'unary call with a deadline', 'message of a stream'].map((what) =>
      only(true, atMost(1.1, 'connect', `${what}, ${name}`, 'Connect alone')),
    ),
  ),

  absolute(100, 'bytes', 'memory', 'a context'),
  absolute(280, 'bytes', 'memory', 'a context, its tuple and its cancel function'),
  { ...absolute(0, 'bytes', 'memory', forgotten), gate: 8 },
  only(true, absolute(1000, 'ns', 'derive', 'first err of a canceled context')),
  // The same for a machine of any speed.
  { ...faster(5, 'derive', 'first err of a canceled context', 'new Error with a stack'), only: 'gate' },
  floored(
    { why: 'without deadlines, withCancelOn, contexts of others, keys and checks of input' },
    // Closing what is read, several sources asked at once, hints in errors, and a core without RxJS are a fifth of it.
    { ...absolute(3000, 'bytes', 'size', 'contexts and operators'), gate: 7_500 },
  ),
  floored(
    { why: 'without contexts of others, keys and checks of input' },
    // The seam for debugging takes 71 bytes of it.
    { ...absolute(1500, 'bytes', 'size', 'takeUntilCtx + withCancel'), gate: 3_800 },
  ),
];

/** 12 times for ten times as many is 1.2 times for each. The gate looks at a tenth of them, which takes a tenth of the time. */
function linear(before: string, after: string): Target[] {
  const of = (size: number) => atMost(1.2, 'fanout', `${before} ${size}${after}`, `${ours} with ${size / 10}`);
  return [
    { ...of(1_000_000), ...(after !== '' && { floor: memory }), only: 'report' },
    // What ten times as many take is up to the caches of the machine: at random RxJS alone takes up to six times as long for each.
    after === ''
      ? { ...of(100_000), gate: 8, only: 'gate' } // quadratic would be 10
      : { ...atMost(2, 'fanout', `${before} 100000${after}`, memory.by), only: 'gate' }, // quadratic would be thousands
  ];
}

/** The gate stands at half of what can be reached, where the target is beyond that. */
function floored(floor: Floor, target: Target, gate?: number): Target {
  return { ...target, floor, ...(gate !== undefined && { gate }) };
}

/** Leaves it out of the gate. */
function only(report: boolean, target: Target): Target {
  return report ? { ...target, only: 'report' } : target;
}

function cancelTree(value: number, depth: number, root: string): Target {
  return faster(value, 'tree', `CancelTree, depth ${depth}, ${root}`);
}

/** The targets of a report, or those of the gate. */
export function targetsOf(where: 'report' | 'gate'): Target[] {
  return targets.filter(({ only = where }) => only === where);
}

/** How a target stands; undefined when the report lacks the row or, for want of Go, the peer. */
export function measured(target: Target, { results, sizes }: Report): Figure | undefined {
  if (target.suite === 'size') {
    const size = sizes.find(({ what, withRxjs }) => what === target.row && !withRxjs)?.brotli;
    return size === undefined ? undefined : { median: size, min: size, max: size };
  }
  const result = results.find(({ suite, row }) => suite === target.suite && row === target.row);
  if (target.peer === undefined) return result?.ours;
  const ratio = result?.peers.find(({ name }) => name === target.peer)?.ratio;
  if (ratio === undefined || target.goal === 'at least') return ratio;
  return { median: 1 / ratio.median, min: 1 / ratio.max, max: 1 / ratio.min };
}

/** What would be measured if what cannot be done without were all. */
export function floorOf(target: Target, { results }: Report): number | undefined {
  const rows = results.filter(({ suite }) => suite === target.suite);
  const peers = rows.find(({ row }) => row === target.row)?.peers ?? [];
  const floor = peers.find(({ name }) => name === target.floor?.by);
  const peer = peers.find(({ name }) => name === (target.peer?.replace(ours, floor?.name ?? ours) ?? ''));
  if (floor === undefined || peer === undefined) return undefined;
  const ratio = peer.ratio.median / floor.ratio.median;
  return target.goal === 'at least' ? ratio : 1 / ratio;
}

/** `at`: the target itself, or the gate. */
export function meets(target: Target, figure: Figure, at: 'target' | 'gate'): boolean {
  const limit = limitOf(target, at);
  // Bytes are whole: what is behind the point is noise.
  const found = target.unit === 'bytes' ? Math.round(figure.median) : figure.median;
  return target.goal === 'at least' ? found >= limit : found <= limit;
}

export function limitOf({ goal, value, gate }: Target, at: 'target' | 'gate'): number {
  return at === 'target' ? value : (gate ?? (goal === 'at least' ? value / 2 : value * 2));
}
