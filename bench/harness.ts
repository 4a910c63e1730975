// What a benchmark consists of. A suite is a file whose default export is a list of rows; a row is one operation, done by
// contestants that take turns. worker.ts measures a row in a process of its own, run.ts decides when.

/** The name of the contestant that is this library, in every row. */
export const ours = 'rxjs-ctx';

/** An operation that needs no preparation, done `ops` times. */
export type Loop = (ops: number) => void | Promise<void>;

/** Operations that use up what was prepared for them, such as the cancellation of a tree. */
export interface Shot {
  /** How many operations one run is. */
  readonly ops: number;
  prepare: () => void;
  run: () => void;
  /** The same for the warm-up, where one run takes long. */
  readonly small?: Shot;
  /** Whether a run takes so long that one stands for all rounds. */
  readonly once?: boolean;
}

/** Things whose bytes are counted. */
export interface Kept {
  /** How many are made, by default 20,000. */
  readonly count?: number;
  /** Makes one; what it returns is kept while bytes are counted, as is whatever holds itself. */
  make: () => unknown;
  /** Lets go of what holds itself. */
  release?: () => void;
}

interface RowOf<Kind, Contestant> {
  readonly kind: Kind;
  readonly name: string;
  /** What makes each contestant, once per process. Ours is the first. */
  readonly contestants: Readonly<Record<string, () => Contestant>>;
  readonly go?: GoBenchmark | undefined;
}

/** A benchmark of Go's own (`std`) or of bench/go, and how many of our operations one of its iterations is. */
export interface GoBenchmark {
  readonly of: 'std' | 'own';
  readonly name: string;
  /** What to read of its output, `ns/op` by default. */
  readonly unit?: string;
  readonly ops?: number;
  /** Iterations, where the figure depends on them; by default as many as fit into the time. */
  readonly iterations?: number;
}

export type Row =
  | RowOf<'ns', Loop | Shot>
  /** Bytes that are held by one of what is made. */
  | RowOf<'bytes held', Kept>
  /** Bytes that one operation allocates, whether or not it still holds them. */
  | RowOf<'bytes allocated', Loop>;

/** Time of an operation. */
export function timed(name: string, contestants: Record<string, () => Loop | Shot>, go?: GoBenchmark): Row {
  return { kind: 'ns', name, contestants, go };
}

export function held(name: string, contestants: Record<string, () => Kept>, go?: GoBenchmark): Row {
  return { kind: 'bytes held', name, contestants, go };
}

export function allocated(name: string, contestants: Record<string, () => Loop>, go?: GoBenchmark): Row {
  return { kind: 'bytes allocated', name, contestants, go };
}

/**
 * Where what an operation makes must go, so that the compiler can not do without making it. One place, overwritten by
 * the next operation: a benchmark must not keep what it makes alive.
 */
export const sink: { last: unknown } = { last: undefined };

export function keep(value: unknown): void {
  sink.last = value;
}

/** Numbers in a random order that is the same every time. */
export function shuffled(length: number): Uint32Array {
  const order = Uint32Array.from({ length }, (_, i) => i);
  let state = 42;
  for (let i = length - 1; i > 0; i--) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const j = Math.floor((state / 2 ** 32) * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}
