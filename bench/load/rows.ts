// What the server under load answers, and its clients expect.
export const rowCount = 8;
export const rowEveryMs = 2;

export function row(n: number): string {
  return `${JSON.stringify({ id: n, name: `row ${n}`, price: n * 1.5, tags: ['a', 'b', 'c'] })}\n`;
}

export const whole = Array.from({ length: rowCount }, (_, n) => row(n)).join('');

/** All of them are on their way by then. */
export const wholeMs = rowCount * rowEveryMs;
