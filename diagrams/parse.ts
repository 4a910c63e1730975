// Marble diagrams as they stand in doc comments and pages:
//
//   source  --a--b--c--d--|
//   leave   -------x          hot
//           takeUntil(leave)
//   result  --a--b-|
//   source  ^------!
//
// Rows above the expression go in, rows below it come out: what is seen by who subscribes where the result's row begins, and
// when an input was subscribed to. A row's frames begin below those of the first row; a note follows after two blanks.

/** What is drawn in one frame of a row. */
export interface Mark {
  readonly frame: number;
  /** `value`: also the `c` and `d` of a context. */
  readonly kind: 'value' | 'complete' | 'error' | 'subscribe' | 'unsubscribe';
  readonly text: string;
  /** What an error said, once the diagram was run. */
  readonly reason?: string;
}

export interface Row {
  readonly label: string;
  /** `stream`: what an observable emits; `context`: when one ends; `subscription`: when an input is subscribed to. */
  readonly kind: 'stream' | 'context' | 'subscription';
  /** The frame in which it begins. */
  readonly start: number;
  /** The frame behind its last. */
  readonly end: number;
  readonly marbles: string;
  readonly marks: readonly Mark[];
  readonly note: string;
}

export interface Diagram {
  readonly inputs: readonly Row[];
  /** An operator to be applied to `source`, or an observable. */
  readonly expression: string;
  readonly outputs: readonly Row[];
}

const row = /^(?<label>[a-z]\w*)(?<gap> {2,})(?<marbles>\S+)(?: {2,}(?<note>\S.*))?$/i;

/** Whether a block of text means to be a diagram: it has a row of marbles called `result`. */
export function isDiagram(text: string): boolean {
  return /^result {2,}\S/m.test(text);
}

/** @throws Error that names the line which is no part of a diagram */
export function parse(text: string): Diagram {
  const lines = text.trimEnd().split('\n');
  const rows = lines.map((line) => row.exec(line)?.groups as Groups | undefined);
  const column = Math.min(...rows.filter((groups) => groups !== undefined).map(beginOf));
  const inputs: Row[] = [];
  const outputs: Row[] = [];
  const expression: string[] = [];
  lines.forEach((line, index) => {
    const groups = rows[index];
    if (groups !== undefined) (expression.length === 0 ? inputs : outputs).push(rowOf(groups, column));
    else if (/^ {2}/.test(line) && outputs.length === 0) expression.push(line.trim());
    else throw malformed(line, 'is neither a row nor an expression');
  });
  if (outputs[0]?.label !== 'result') throw malformed(text, 'has no result below an expression');
  return { inputs, expression: expression.join(' '), outputs };
}

interface Groups {
  readonly label: string;
  readonly gap: string;
  readonly marbles: string;
  readonly note?: string;
}

function beginOf({ label, gap }: Groups): number {
  return label.length + gap.length;
}

/** How a row is read follows from its marbles and, for a context, from its name. */
function rowOf(groups: Groups, column: number): Row {
  const { label, marbles, note = '' } = groups;
  const start = beginOf(groups) - column;
  const kind = /^[-^!]*[\^!][-^!]*$/.test(marbles)
    ? 'subscription'
    : /^(ctx|parent|child)$|Ctx$/.test(label)
      ? 'context'
      : 'stream';
  return { label, kind, start, end: start + marbles.length, marbles, marks: marksOf(marbles, start, kind), note };
}

const kinds: Readonly<Record<string, Mark['kind']>> = {
  '|': 'complete',
  '#': 'error',
  '^': 'subscribe',
  '!': 'unsubscribe',
};

function marksOf(marbles: string, start: number, kind: Row['kind']): Mark[] {
  const marks: Mark[] = [];
  let group: number | undefined;
  marbles.split('').forEach((text, index) => {
    const frame = group ?? start + index;
    if (text === '-') return;
    if (text === '(') group = frame;
    else if (text === ')') group = undefined;
    else if (kind === 'context' && text !== 'c' && text !== 'd') throw malformed(marbles, `has "${text}": c or d`);
    else marks.push({ frame, kind: kinds[text] ?? 'value', text });
  });
  if (group !== undefined) throw malformed(marbles, 'has a group that is never closed');
  return marks;
}

function malformed(text: string, what: string): Error {
  return new Error(`a diagram's "${text.trim()}" ${what}`);
}
