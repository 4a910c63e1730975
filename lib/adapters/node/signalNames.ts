/// <reference types="node" preserve="true" />
// The names of signals: those that this platform has, and the one that was probably meant by another.
import { constants } from 'node:os';

/** Those that another platform sends: a program for several platforms names them everywhere. */
const elsewhere = ['SIGBREAK', 'SIGINFO'];
const names = new Set([...Object.keys(constants.signals), ...elsewhere]);

export function isSignalName(name: unknown): name is NodeJS.Signals {
  return names.has(name as string);
}

/** The name that was probably meant, by one or two typing errors: `SIGTERM` for `SIGTREM`, `sigterm` and `TERM`. */
export function nearestSignal(text: string): string | undefined {
  const bare = text.toUpperCase().replace(/^SIG/, '');
  let best: string | undefined;
  let least = bare.length > 4 ? 3 : 2;
  for (const name of names) {
    const distance = typingErrors(bare, name.slice(3));
    if (distance < least) [best, least] = [name, distance];
  }
  return best;
}

/** How many letters are missing, too many, wrong, or swapped with their neighbor. */
function typingErrors(a: string, b: string): number {
  let [before, row]: [number[], number[]] = [[], Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const wrong = a[i - 1] === b[j - 1] ? 0 : 1;
      const swapped = i > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + wrong, swapped ? before[j - 2]! + 1 : Infinity);
    }
    [before, row] = [row, next];
  }
  return row[b.length]!;
}
