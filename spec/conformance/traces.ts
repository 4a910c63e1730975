/** One step of a trace: what is done, and what must be so afterwards. */
export type Step = After &
  (
    | { op: 'background'; id: number }
    | { op: 'withCancel' | 'withoutCancel' | 'custom'; id: number; parent: number }
    | { op: 'withValue'; id: number; parent: number; key: string; value: string }
    | { op: 'withDeadline'; id: number; parent: number; at: number; cause?: string }
    | { op: 'withTimeout'; id: number; parent: number; ms: number; cause?: string }
    | { op: 'cancel'; ctx: number; cause?: string }
    | { op: 'afterFunc'; id: number; ctx: number }
    | { op: 'stop'; id: number; result: boolean }
    | { op: 'advance'; ms: number }
    | { op: 'value'; ctx: number; key: string; result: string | null }
  );

interface After {
  /** Of the context that the step derived. */
  deadline?: number | null;
  /** `[id, err, cause]` of every context whose state is another one than after the step before. */
  changes?: [id: number, err: '' | 'canceled' | 'deadline', cause: string | null][];
  /** The callbacks that ran, sorted. */
  fired?: number[];
}

export interface Trace {
  seed: number;
  steps: Step[];
}

const file = 'spec/conformance/go-context.jsonl';

/** Node reads the file, a browser gets it from Karma. */
export async function readTraces(): Promise<Trace[]> {
  const text =
    typeof document === 'undefined'
      ? process.getBuiltinModule('node:fs').readFileSync(file, 'utf8')
      : await (await fetch(`/base/${file}`)).text();
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Trace);
}
