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
  /** Left out of the gate, where a neighbour stands for it, or in the gate only, where it stands for one that takes too long. */
  readonly only?: 'report' | 'gate';
}

function faster(value: number, what: string, suite: string, row: string, peer = 'Go'): Target {
  return { what, suite, row, peer, goal: 'at least', value, unit: 'x' };
}

function atMost(value: number, what: string, suite: string, row: string, peer: string): Target {
  return { what, suite, row, peer, goal: 'at most', value, unit: 'x' };
}

function bytes(value: number, what: string, suite: string, row: string): Target {
  return { what, suite, row, goal: 'at most', value, unit: 'bytes' };
}

const roots = ['Background', 'OpenCanceler', 'ClosedCanceler'];

const targets: Target[] = [
  faster(
    200,
    'derive + cancel, against a linked AbortController',
    'derive',
    'derive + cancel',
    'AbortController, linked by a listener',
  ),
  ...[10, 100, 1000].flatMap((depth) => roots.map((root) => only(depth === 100, cancelTree(10, depth, root)))),
  cancelTree(12, 1, 'OpenCanceler'),
  cancelTree(6, 1, 'ClosedCanceler'),
  cancelTree(2, 1, 'Background'),
  ofGo(3, 'CheckCanceled, Err'),
  ofGo(3, 'CheckCanceled, Done'),
  ...[10, 20, 30, 50, 100].map((depth) => only(depth > 10 && depth < 100, ofGo(3, `DeepValue, depth ${depth}`))),
  ofGo(3, 'CommonParentCancel'),
  ofGo(3, 'CommonParentCancel, without its 200 divisions'),
  ...[40, 4_000, 400_000].map((pending) => only(pending !== 4_000, ofGo(20, `WithTimeout, ${pending} pending`))),
  faster(
    3,
    'takeUntilCtx, against takeUntil(subject)',
    'operators',
    'takeUntilCtx: subscribe + unsubscribe',
    'takeUntil(subject)',
  ),
  atMost(1, 'withTimeoutCtx, against timeout', 'operators', 'withTimeoutCtx: subscribe + unsubscribe', 'timeout'),
  atMost(
    1.5,
    'usingCtx, against defer + finalize',
    'operators',
    'usingCtx: subscribe + unsubscribe',
    'defer + finalize',
  ),
  atMost(
    1.5,
    'switchMapCtx per superseded inner',
    'operators',
    'switchMapCtx: an inner stream that is superseded',
    'switchMap + defer + finalize',
  ),
  ...['switchMap', 'mergeMap', 'concatMap', 'exhaustMap'].map((name) =>
    atMost(
      1.5,
      `${name}Ctx per inner`,
      'operators',
      `${name}Ctx: an inner stream of one value`,
      `${name} + defer + finalize`,
    ),
  ),
  {
    ...atMost(
      1.05,
      'takeUntilCtx per value: 1.00 within the noise',
      'operators',
      'takeUntilCtx: a value',
      'takeUntil(NEVER)',
    ),
    gate: 1.5,
  },
  {
    ...atMost(
      1.05,
      'throwOnCtx per value: 1.00 within the noise',
      'operators',
      'throwOnCtx: a value',
      'takeUntil(NEVER)',
    ),
    gate: 1.5,
  },
  ...linear('cancel reaching', 'one cancel reaching', ''),
  ...linear('unsubscribing at random', 'unsubscribing', ' at random'),
  only(
    true,
    faster(
      100,
      'cancel reaching 10^5, against takeUntil(subject)',
      'fanout',
      'one cancel reaching 100000',
      'takeUntil(subject)',
    ),
  ),
  // The peer is quadratic: a hundred times at 10^5 is ten times at 10^4, and takes a hundredth of the time to measure.
  {
    ...faster(
      10,
      'cancel reaching 10^4, against takeUntil(subject)',
      'fanout',
      'one cancel reaching 10000',
      'takeUntil(subject)',
    ),
    only: 'gate',
  },
  bytes(100, 'a context', 'memory', 'a context'),
  bytes(280, 'a context, its tuple and its cancel function', 'memory', 'a context, its tuple and its cancel function'),
  {
    ...bytes(
      1,
      'a forgotten context: 0 within the noise',
      'memory',
      'a forgotten child: derived and dropped, never canceled',
    ),
    gate: 2,
  },
  {
    what: 'first err of a canceled context',
    suite: 'derive',
    row: 'first err of a canceled context',
    goal: 'at most',
    value: 1000,
    unit: 'ns',
  },
  bytes(3000, 'all of rxjs-ctx, min + brotli', 'size', 'all of rxjs-ctx'),
  bytes(1500, 'takeUntilCtx + withCancel, min + brotli', 'size', 'takeUntilCtx + withCancel'),
];

/** 12 times for ten times as many is 1.2 times for each. The gate looks at a tenth of them, which takes a tenth of the time. */
function linear(what: string, before: string, after: string): Target[] {
  const of = (size: number): Target =>
    atMost(
      1.2,
      `${what}: one of ${size}, against one of ${size / 10}`,
      'fanout',
      `${before} ${size}${after}`,
      `${ours} with ${size / 10}`,
    );
  return [
    { ...of(1_000_000), only: 'report' },
    { ...of(100_000), only: 'gate' },
  ];
}

/** Leaves it out of the gate. */
function only(report: boolean, target: Target): Target {
  return report ? { ...target, only: 'report' } : target;
}

function cancelTree(value: number, depth: number, root: string): Target {
  return ofGo(value, `CancelTree, depth ${depth}, ${root}`);
}

function ofGo(value: number, row: string): Target {
  return faster(value, `${row}, against Go`, 'tree', row);
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

/** `at`: the target itself, or the gate. */
export function meets(target: Target, figure: Figure, at: 'target' | 'gate'): boolean {
  const limit = limitOf(target, at);
  return target.goal === 'at least' ? figure.median >= limit : figure.median <= limit;
}

export function limitOf({ goal, value, gate }: Target, at: 'target' | 'gate'): number {
  return at === 'target' ? value : (gate ?? (goal === 'at least' ? value / 2 : value * 2));
}
