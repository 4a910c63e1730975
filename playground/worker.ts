// Runs expressions beside the page: one that never comes to an end is ended together with its worker, and the page goes on.
import type { Diagram, Row } from '../diagrams/parse.js';
import { run } from '../diagrams/run.js';

/** What comes of an expression: the rows that are drawn, or why there are none. */
export type Answer = { readonly rows: readonly Row[] } | { readonly fault: string };

/** More than can be told apart. */
const mostMarks = 500;

function answerTo(diagram: Diagram): Answer {
  try {
    const rows = run(diagram);
    const marks = rows.reduce((sum, row) => sum + row.marks.length, 0);
    return marks > mostMarks ? { fault: `too much happens to be drawn: ${marks} marbles` } : { rows };
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
}

addEventListener('message', ({ data }: MessageEvent<Diagram>) => postMessage(answerTo(data)));
postMessage('ready');
