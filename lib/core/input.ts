// Bad input is refused at the call, before anything is derived, armed or subscribed.

/** For example `withTimeout: ms must be a number, got NaN`. What objects hold is not shown: it may be a secret. */
export function badInput(call: string, argument: string, expected: string, got: unknown): TypeError {
  const shown =
    typeof got === 'string'
      ? JSON.stringify(got)
      : typeof got === 'function' || (typeof got === 'object' && got !== null && !(got instanceof Date))
        ? Object.prototype.toString.call(got)
        : String(got);
  return new TypeError(`${call}: ${argument} must be ${expected}, got ${shown}`);
}
