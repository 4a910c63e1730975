import { getHeapStatistics } from 'node:v8';
import { afterFunc, contextKey, type Context } from 'rxjs-ctx';
import type { Counts } from './protocol.js';

const fields = ['contexts', 'rows', 'saved', 'stopped', 'timers', 'heap'] as const satisfies (keyof Counts)[];
type Field = (typeof fields)[number];

/** What one thread counts. The memory can be shared: one thread writes, the others look. */
export class Counters {
  private readonly cells: Float64Array;

  constructor(readonly memory = new SharedArrayBuffer(fields.length * Float64Array.BYTES_PER_ELEMENT)) {
    this.cells = new Float64Array(memory);
  }

  add(field: Field, amount = 1): void {
    this.set(field, this.get(field) + amount);
  }

  /** Counts `ctx` as alive until it is done. */
  watch(ctx: Context): void {
    this.add('contexts');
    afterFunc(ctx, () => this.add('contexts', -1));
  }

  /** Asks Node for what it counts itself, for this thread. */
  sample(): void {
    this.set('timers', process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length);
    this.set('heap', getHeapStatistics().used_heap_size);
  }

  read(): Counts {
    return Object.fromEntries(fields.map((field) => [field, this.get(field)])) as Record<Field, number>;
  }

  private get(field: Field): number {
    return this.cells[fields.indexOf(field)]!;
  }

  private set(field: Field, value: number): void {
    this.cells[fields.indexOf(field)] = value;
  }
}

/** Metrics belong to a request as its trace does: what a function does, it does without them too. */
export const counters = contextKey('counters', { default: new Counters() });

export function sum(all: readonly Counts[]): Counts {
  return Object.fromEntries(
    fields.map((field) => [field, all.reduce((total, counts) => total + counts[field], 0)]),
  ) as Record<Field, number>;
}
