import type { Context } from '../../core/context.js';
import { durationOf, remaining } from '../../core/deadline.js';
import { toInternal } from '../../core/foreign.js';

/** A `Headers`, the header object of a Node request (names in lower case), or anything of either shape. */
export type HeadersLike =
  | {
      /** The value of a header; null when there is none. */
      get(name: string): string | null;
    }
  | Readonly<Record<string, string | readonly string[] | undefined>>;

/** @see {@link timeoutHeaders} */
export interface TimeoutHeadersOptions {
  /** Milliseconds to keep for the way back: what the next process is told is less by that. */
  readonly reserveMs?: number | undefined;
}

/** Of the Connect protocol: whole milliseconds. */
const connectTimeout = 'connect-timeout-ms';
const mostDigits = 9_999_999_999;

const formats: readonly (readonly [header: string, read: (value: string) => number | undefined])[] = [
  [connectTimeout, wholeMs],
  ['grpc-timeout', grpcMs],
  ['x-envoy-expected-rq-timeout-ms', envoyMs],
];

/**
 * The time that whoever sent these headers leaves for the answer: a duration, so that no clocks need to agree.
 *
 * Reads `connect-timeout-ms`, `grpc-timeout` and `x-envoy-expected-rq-timeout-ms`, in this order; the first valid one wins.
 * What is malformed, negative or has too many digits is ignored. Never throws, whatever it gets.
 *
 * @returns milliseconds: 0 when no time is left, a fraction for the small units of `grpc-timeout`; `undefined` when no
 * header sets a limit
 */
export function timeoutFrom(headers: HeadersLike): number | undefined {
  for (const [header, read] of formats) {
    const value = valueOf(headers, header);
    const ms = value === undefined ? undefined : read(value);
    if (ms !== undefined) return ms;
  }
  return undefined;
}

/**
 * The headers that hand the rest of the time on to the next process: `connect-timeout-ms` with what is {@link remaining}
 * less the reserve, at least 1 and at most 10 digits; none when ctx has no deadline.
 *
 * ```ts
 * http.request(url, { headers: { accept: 'text/plain', ...timeoutHeaders(ctx, { reserveMs: 20 }) } });
 * ```
 *
 * @throws ctx.err when ctx is done: there is no time to hand on
 * @throws TypeError when ctx is not a context or reserveMs is not a number
 * @see {@link timeoutFrom} for the other end
 */
export function timeoutHeaders(ctx: Context, options?: TimeoutHeadersOptions): Record<string, string> {
  const own = toInternal(ctx, 'timeoutHeaders');
  const reserveMs = durationOf(options?.reserveMs ?? 0, 'timeoutHeaders', 'reserveMs');
  const { err } = own;
  if (err !== undefined) throw err;
  const leftMs = remaining(own);
  if (leftMs === Infinity) return {};
  const handedOn = Math.min(Math.max(1, Math.floor(leftMs - Math.max(0, reserveMs))), mostDigits);
  return { [connectTimeout]: String(handedOn) };
}

/** Whether these headers limit the time already: nothing is added to them then. */
export function limitsTime(headers: Headers): boolean {
  return formats.some(([header]) => headers.has(header));
}

const nameLengths: readonly (true | undefined)[] = formats.reduce<true[]>((lengths, [{ length }]) => {
  lengths[length] = true;
  return lengths;
}, []);

/**
 * Whether one of Node's raw headers could limit the time, by the length of its name: a look that costs less than the object
 * that Node makes of them when `req.headers` is first read.
 */
export function mayLimitTime(rawHeaders: readonly string[] | undefined): boolean {
  if (rawHeaders === undefined) return true;
  for (let i = 0; i < rawHeaders.length; i += 2) if (nameLengths[rawHeaders[i]!.length] === true) return true;
  return false;
}

/** The value of a header that is there once. Never throws. */
export function valueOf(headers: HeadersLike, name: string): string | undefined {
  try {
    const { get } = headers as { get?: unknown };
    let value: unknown =
      typeof get === 'function' ? (headers as Headers).get(name) : (headers as Record<string, unknown>)[name];
    if (Array.isArray(value) && value.length === 1) value = value[0];
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

function wholeMs(value: string): number | undefined {
  return /^\d{1,10}$/.test(value) ? Number(value) : undefined;
}

/** Envoy says 0 for no limit; with the other two it is a client whose time is over. */
function envoyMs(value: string): number | undefined {
  const ms = wholeMs(value);
  return ms === 0 ? undefined : ms;
}

const grpcUnits: Readonly<Record<string, (amount: number) => number>> = {
  H: (amount) => amount * 3_600_000,
  M: (amount) => amount * 60_000,
  S: (amount) => amount * 1000,
  m: (amount) => amount,
  u: (amount) => amount / 1000,
  n: (amount) => amount / 1_000_000,
};

function grpcMs(value: string): number | undefined {
  const match = /^(\d{1,8})([HMSmun])$/.exec(value);
  return match === null ? undefined : grpcUnits[match[2]!]!(Number(match[1]));
}
