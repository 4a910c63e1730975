// What a run found, and how it is shown.
import os from 'node:os';
import { createRequire } from 'node:module';
import { floorOf, limitOf, measured, meets, targetsOf } from './targets.js';
import type { Target } from './targets.js';
import type { Share, Size } from './size.js';

/** Over the rounds. */
export interface Figure {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface Peer extends Figure {
  readonly name: string;
  /** The peer's cost divided by ours, round by round: how many times cheaper ours is. */
  readonly ratio: Figure;
}

export interface Result {
  readonly suite: string;
  readonly row: string;
  /** Of `ours` and of the peers, per operation. */
  readonly unit: 'ns' | 'bytes held' | 'bytes allocated';
  readonly ours: Figure;
  readonly peers: Peer[];
  /** Why a peer is not there. */
  readonly note?: string;
}

export interface Report {
  readonly machine: Record<string, string>;
  readonly versions: Record<string, string>;
  readonly rounds: number;
  readonly results: Result[];
  readonly sizes: Size[];
  readonly shares: Share[];
  /** Bytes of bundles without what is asked for beyond the tree, by their names. */
  readonly floors: Readonly<Record<string, number>>;
}

export function figure(values: number[]): Figure {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { median, min: sorted[0]!, max: sorted.at(-1)! };
}

export function describeMachine(): Report['machine'] {
  const cpus = os.cpus();
  return {
    cpu: cpus[0]?.model.trim() ?? 'unknown',
    cores: String(cpus.length),
    memory: `${Math.round(os.totalmem() / 2 ** 30)} GiB`,
    system: `${os.type()} ${os.arch()}`,
  };
}

export function describeVersions(go: string | undefined): Report['versions'] {
  const require = createRequire(import.meta.url);
  const installed = (name: string) => (require(`${name}/package.json`) as { version: string }).version;
  return {
    node: process.versions.node,
    v8: process.versions.v8,
    rxjs: installed('rxjs'),
    go: go?.replace(/^go/, '') ?? 'not installed',
    cancellationtoken: installed('cancellationtoken'),
    'abort-controller-x': installed('abort-controller-x'),
  };
}

/** The machine, the versions and how the figures came about, in a line. */
export function headOf({ machine, versions, rounds }: Report): string {
  const facts = Object.entries({ ...machine, ...versions }).map(([name, value]) => `${name} ${value}`);
  return `${facts.join(' · ')} · medians of ${rounds} rounds`;
}

type Cells = string[];

interface Table {
  readonly title: string;
  readonly head: Cells;
  readonly rows: Cells[];
}

export function tables(report: Report): Table[] {
  const suites = [...new Set(report.results.map(({ suite }) => suite))];
  return [
    ...suites.map((suite) => ({
      title: suite,
      head: ['operation', 'rxjs-ctx', 'against', 'there', 'ratio', 'rounds from … to'],
      rows: report.results.filter((result) => result.suite === suite).flatMap(resultRows),
    })),
    ...(report.sizes.length === 0 ? [] : [sizeTable(report.sizes), shareTable(report.shares)]),
    targetTable(report),
  ].filter(({ rows }) => rows.length > 0);
}

function resultRows({ row, unit, ours, peers, note }: Result): Cells[] {
  const first = [row, amount(ours.median, unit)];
  const lines = peers.map(({ name, median, ratio }) => [
    name,
    amount(median, unit),
    unit === 'ns' || ratio.median < 1e4 ? `${short(ratio.median)}×` : '',
    `${short(ratio.min)} … ${short(ratio.max)}`,
  ]);
  if (note !== undefined) lines.push([note, '', '', '']);
  if (lines.length === 0) lines.push(['', '', '', '']);
  return lines.map((line, i) => [...(i === 0 ? first : ['', '']), ...line]);
}

function sizeTable(sizes: Size[]): Table {
  return {
    title: 'size',
    head: ['bundle', 'RxJS', 'min', 'gzip', 'brotli'],
    rows: sizes.map(({ what, withRxjs, min, gzip, brotli }) => [
      what,
      withRxjs ? 'in it, if used' : 'external',
      ...[min, gzip, brotli].map((bytes) => `${bytes} B`),
    ]),
  };
}

function shareTable(shares: Share[]): Table {
  const bundles = Object.keys(shares[0]?.min ?? {});
  return {
    title: 'where the bytes are',
    head: ['source', ...bundles.map((what) => `min, ${what}`)],
    rows: shares.map(({ file, min }) => [file, ...bundles.map((what) => `${min[what]!} B`)]),
  };
}

function targetTable(report: Report): Table {
  return {
    title: 'targets',
    head: ['target', 'goal', 'measured', 'rounds from … to', 'met', 'floor'],
    rows: targetsOf('report').flatMap((target) => {
      const found = measured(target, report);
      if (found === undefined) return [];
      const unit = target.unit === 'x' ? '×' : ` ${target.unit}`;
      return [
        [
          target.what,
          `${target.goal} ${limitOf(target, 'target')}${unit}`,
          `${short(found.median)}${unit}`,
          found.min === found.max ? '' : `${short(found.min)} … ${short(found.max)}`,
          meets(target, found, 'target') ? 'yes' : 'no',
          floorText(target, report),
        ],
      ];
    }),
  };
}

function floorText(target: Target, report: Report): string {
  if (target.floor === undefined) return '';
  const bytes = report.floors[target.row];
  if (target.suite === 'size' && bytes !== undefined) return `${bytes} bytes: ${target.floor.why}`;
  const figure = floorOf(target, report);
  return figure === undefined ? target.floor.why : `${short(figure)}×: ${target.floor.why}`;
}

export function amount(value: number, unit: Result['unit']): string {
  if (unit !== 'ns') return `${short(value)} B`;
  if (value < 1e3) return `${short(value)} ns`;
  return value < 1e6 ? `${short(value / 1e3)} µs` : `${short(value / 1e6)} ms`;
}

/** Three digits that count, or all before the point. */
export function short(value: number): string {
  if (Math.abs(value) < 0.05) return '0';
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(digits > 2 ? 2 : digits);
}

export function print({ title, head, rows }: Table): void {
  const widths = head.map((cell, i) => Math.max(cell.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: Cells) =>
    cells
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join('  ')
      .trimEnd();
  console.log(`\n${title}\n${line(head)}\n${widths.map((width) => '─'.repeat(width)).join('  ')}`);
  for (const row of rows) console.log(line(row));
}

export function markdown({ title, head, rows }: Table): string {
  const line = (cells: Cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [`### ${title}`, '', line(head), line(head.map(() => '---')), ...rows.map(line), ''].join('\n');
}
