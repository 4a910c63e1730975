import { invalidArgument } from '../core/invalidArgument.js';

/** When and how a context ends: `c` canceled, `d` deadline exceeded. `undefined`: it does not. */
export interface Ending {
  readonly frame: number;
  readonly marble: 'c' | 'd';
}

const time = /^(\d+(?:\.\d+)?)(ms|s|m)(?: |$)/;
const unitMs = { ms: 1, s: 1000, m: 60_000 };

/**
 * Reads a context's diagram as `TestScheduler.run` reads those of observables: `-` and a marble are a frame each, blanks are
 * nothing, and `10ms ` (or `s`, `m`) is a stretch of time.
 *
 * @throws Error that shows the position of what is no part of such a diagram
 */
export function parseEnding(marbles: string, call: string): Ending | undefined {
  const legend = '"c" (canceled), "d" (deadline exceeded)';
  let ending: Ending | undefined;
  for (const { marble, frame, position } of scan(marbles, call, 'marbles', 'cd', legend)) {
    if (ending !== undefined) throw malformed(call, marbles, position, 'a context ends only once');
    ending = { frame, marble: marble as Ending['marble'] };
  }
  return ending;
}

/**
 * Reads from when on to look, as `expectObservable` does: the frame of `^`, or 0.
 *
 * @throws Error that shows the position of what is no part of such a diagram
 */
export function parseStart(marbles: string, call: string): number {
  let start = 0;
  const legend = '"^" (from here on), "!" (until here)';
  for (const { marble, frame } of scan(marbles, call, 'unsubscriptionMarbles', '^!', legend)) {
    if (marble === '^') start = frame;
  }
  return start;
}

interface Marble {
  readonly marble: string;
  readonly frame: number;
  readonly position: number;
}

function scan(marbles: string, call: string, argument: string, known: string, legend: string): Marble[] {
  if (typeof marbles !== 'string') throw invalidArgument(call, argument, 'a string', marbles);
  const found: Marble[] = [];
  let frame = 0;
  for (let position = 0; position < marbles.length; position++) {
    const marble = marbles.charAt(position);
    if (marble === ' ') continue;
    const stretch = position === 0 || marbles.charAt(position - 1) === ' ' ? time.exec(marbles.slice(position)) : null;
    if (stretch !== null) {
      const [text, amount, unit] = stretch as unknown as [string, string, keyof typeof unitMs];
      frame += Number(amount) * unitMs[unit];
      position += text.length - 1;
      continue;
    }
    if (known.includes(marble)) found.push({ marble, frame, position });
    else if (marble !== '-') {
      const what = `"${marble}" is not "-", ${legend} or a time such as "10ms "`;
      throw malformed(call, marbles, position, what);
    }
    frame++;
  }
  return found;
}

/** The diagram of an ending; of none, as many frames as the other diagram has. */
export function drawEnding(ending: Ending | undefined, like = ''): string {
  if (ending === undefined) return like.replace(/[cd]/, '-') || '-';
  const { frame, marble } = ending;
  return (Number.isInteger(frame) && frame <= 60 ? '-'.repeat(frame) : `${frame}ms `) + marble;
}

function malformed(call: string, marbles: string, position: number, what: string): Error {
  return new Error(`${call}: ${what}, at position ${String(position)} of\n  ${marbles}\n  ${' '.repeat(position)}^`);
}
