// Cost against size, both axes logarithmic: a straight line of slope 1 is linear, of slope 2 quadratic.
import type { Figure, Result } from './report.js';

interface Plot {
  readonly file: string;
  readonly title: string;
  readonly suite: string;
  /** Finds the size in the name of a row. */
  readonly size: RegExp;
  readonly of: string;
  /** What the figures of a row are for: the whole, or one of `size`. */
  readonly per: 'all' | 'one';
  /** Which peers, and what they are called in the plot. */
  readonly peers: Readonly<Record<string, string>>;
}

const rx = { 'takeUntil(subject)': 'takeUntil(subject)', "takeUntil(fromEvent(signal, 'abort'))": 'AbortSignal' };

export const plots: Plot[] = [
  {
    file: 'scaling-cancel.svg',
    title: 'One cancel ends n streams',
    suite: 'fanout',
    size: /^one cancel reaching (\d+)$/,
    of: 'streams',
    per: 'one',
    peers: rx,
  },
  {
    file: 'scaling-leave.svg',
    title: 'n streams are left, in random order',
    suite: 'fanout',
    size: /^unsubscribing (\d+) at random$/,
    of: 'streams',
    per: 'one',
    peers: rx,
  },
  {
    file: 'scaling-tree.svg',
    title: 'A chain of n contexts is derived and canceled',
    suite: 'tree',
    size: /^CancelTree, depth (\d+), OpenCanceler$/,
    of: 'contexts',
    per: 'all',
    peers: { Go: 'Go' },
  },
];

interface Point extends Figure {
  readonly size: number;
}

interface Line {
  readonly name: string;
  readonly points: Point[];
}

const width = 400;
const height = 316;
const area = { left: 58, right: 382, top: 64, bottom: 266 };

/** Undefined when the results have no row of it. */
export function draw(plot: Plot, results: Result[]): string | undefined {
  const lines = linesOf(plot, results);
  const points = lines.flatMap((line) => line.points);
  if (points.length === 0) return undefined;

  const [fromX, toX] = range(points.map(({ size }) => size));
  const [fromY, toY] = range(points.flatMap(({ min, max }) => [min, max]));
  const x = (size: number) => scale(Math.log10(size), fromX, toX, area.left, area.right);
  const y = (ns: number) => scale(Math.log10(ns), fromY, toY, area.bottom, area.top);

  const grid = [
    ...decades(fromX, toX).map((power) => {
      const at = x(10 ** power);
      return `<path class="grid" d="M${px(at)} ${area.top}V${area.bottom}"/>
  <text x="${px(at)}" y="${area.bottom + 16}" text-anchor="middle">${count(10 ** power)}</text>`;
    }),
    ...decades(fromY, toY).map((power) => {
      const at = y(10 ** power);
      return `<path class="grid" d="M${area.left} ${px(at)}H${area.right}"/>
  <text x="${area.left - 8}" y="${px(at + 4)}" text-anchor="end">${duration(10 ** power)}</text>`;
    }),
  ];

  const curves = lines.map(({ points: of }, i) => {
    const path = of.map((point) => `${px(x(point.size))} ${px(y(point.median))}`).join('L');
    const bars = of.map((point) => `M${px(x(point.size))} ${px(y(point.min))}V${px(y(point.max))}`).join('');
    const marks = of.map((point) => mark(i, x(point.size), y(point.median))).join('');
    return `<g class="line${i}"><path class="bar" d="${bars}"/><path d="M${path}"/>${marks}</g>`;
  });
  let legendX = 16;
  const legend = lines.map(({ name }, i) => {
    const at = legendX;
    legendX += 34 + name.length * 6.6;
    return `<g class="line${i}">${mark(i, at + 4, 42)}<text x="${px(at + 14)}" y="46">${name}</text></g>`;
  });

  const alt = lines
    .map(({ name, points: of }) => `${name} ${of.map((p) => `${duration(p.median)} at ${count(p.size)}`).join(', ')}`)
    .join('; ');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
  <title>${plot.title}: ${alt}</title>
  <style>
    svg { font: 12px system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif; }
    .paper { fill: #fff; stroke: #d5dae1; }
    text { fill: #57606a; }
    .title { fill: #1c2128; font-size: 14px; font-weight: 600; }
    .grid { stroke: #e7eaee; fill: none; }
    g path { fill: none; stroke-width: 2; stroke-linejoin: round; }
    g .bar { stroke-width: 1; opacity: 0.6; }
    .line0 { --c: #0b5fd0; } .line1 { --c: #b54708; } .line2 { --c: #6f42c1; }
    g path { stroke: var(--c); }
    g circle, g rect, g .mark { fill: var(--c); }
    g .mark { stroke: none; }
    @media (prefers-color-scheme: dark) {
      .paper { fill: #14181e; stroke: #2f363f; }
      text { fill: #9aa5b1; }
      .title { fill: #e8edf2; }
      .grid { stroke: #262c34; }
      .line0 { --c: #62a8ff; } .line1 { --c: #ff9f5a; } .line2 { --c: #c59bff; }
    }
  </style>
  <rect class="paper" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="6"/>
  <text class="title" x="16" y="26">${plot.title}</text>
  ${grid.join('\n  ')}
  <text x="${(area.left + area.right) / 2}" y="${area.bottom + 36}" text-anchor="middle">${plot.of}</text>
  ${[...legend, ...curves].join('\n  ')}
</svg>
`;
}

function linesOf(plot: Plot, results: Result[]): Line[] {
  const points = new Map<string, Point[]>([['rxjs-ctx', []]]);
  for (const { suite, row, ours, peers } of results) {
    const size = Number(suite === plot.suite ? plot.size.exec(row)?.[1] : undefined);
    if (Number.isNaN(size)) continue;
    const ops = plot.per === 'one' ? size : 1;
    for (const { name, median, min, max } of [{ name: 'rxjs-ctx', ...ours }, ...peers]) {
      const shown = name === 'rxjs-ctx' ? name : plot.peers[name];
      if (shown === undefined) continue;
      const line = points.get(shown) ?? [];
      points.set(shown, line);
      line.push({ size, median: median * ops, min: min * ops, max: max * ops });
    }
  }
  return [...points]
    .map(([name, of]) => ({ name, points: of.sort((a, b) => a.size - b.size) }))
    .filter(({ points: of }) => of.length > 0);
}

/** A shape for each line, for those who do not see the colours. */
function mark(line: number, x: number, y: number): string {
  if (line === 0) return `<circle cx="${px(x)}" cy="${px(y)}" r="4"/>`;
  if (line === 1) return `<rect x="${px(x - 3.5)}" y="${px(y - 3.5)}" width="7" height="7"/>`;
  return `<path class="mark" d="M${px(x)} ${px(y - 5)}l5 5l-5 5l-5 -5z"/>`;
}

/** Whole decades around the values. */
function range(values: number[]): [from: number, to: number] {
  const from = Math.floor(Math.log10(Math.min(...values)) + 1e-9);
  return [from, Math.max(from + 1, Math.ceil(Math.log10(Math.max(...values)) - 1e-9))];
}

function decades(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

function scale(value: number, from: number, to: number, start: number, end: number): number {
  return start + ((value - from) / (to - from)) * (end - start);
}

function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function count(size: number): string {
  return size < 1e3 ? String(size) : size < 1e6 ? `${size / 1e3}k` : `${size / 1e6}M`;
}

function duration(ns: number): string {
  const digits = (value: number) => (value < 10 ? String(Math.round(value * 10) / 10) : String(Math.round(value)));
  if (ns < 1e3) return `${digits(ns)} ns`;
  if (ns < 1e6) return `${digits(ns / 1e3)} µs`;
  return ns < 1e9 ? `${digits(ns / 1e6)} ms` : `${digits(ns / 1e9)} s`;
}
