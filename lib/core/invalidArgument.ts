// Bad input is refused at the call, before anything is derived, armed or subscribed.

/**
 * Makes for example `withTimeout: ms must be a number of milliseconds, got NaN`. Never shows what objects hold: it may be a
 * secret.
 *
 * @param hint what was probably meant: `did you mean its first element?`
 */
export function invalidArgument(
  call: string,
  argument: string,
  expected: string,
  got: unknown,
  hint?: string,
  cause?: unknown,
): TypeError {
  const message = `${call}: ${argument} must be ${expected}, got ${shown(got)}`;
  return new TypeError(
    hint === undefined ? message : `${message}: ${hint}`,
    cause === undefined ? undefined : { cause },
  );
}

function shown(got: unknown): string {
  if (Array.isArray(got)) return 'an array';
  if (typeof got === 'string') return JSON.stringify(got);
  return typeof got === 'function' || (typeof got === 'object' && got !== null && !(got instanceof Date))
    ? Object.prototype.toString.call(got)
    : String(got);
}
