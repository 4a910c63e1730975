import { valueOf } from './timeoutHeaders.js';
import type { HeadersLike } from './timeoutHeaders.js';

/**
 * How long a server asks to wait before the next attempt: for the option `when` of `retryCtx`.
 *
 * Reads `grpc-retry-pushback-ms`, or else `retry-after`, which is a number of seconds or an HTTP date. Never throws, whatever it gets.
 *
 * @param now epoch ms, from which a date is counted: `Date.now()` by default
 * @returns ms, 0 for a date that has passed, negative where a gRPC server says that there is to be no next attempt; `undefined`
 * when there is no such header, or it is malformed
 *
 * @example
 * ```ts
 * import { retryAfter } from 'rxjs-ctx/http';
 *
 * console.log(retryAfter({ 'retry-after': '2' })); // 2000
 * ```
 *
 * @see [Retry-After in RFC 9110](https://www.rfc-editor.org/rfc/rfc9110#field.retry-after)
 */
export function retryAfter(headers: HeadersLike, now: number = Date.now()): number | undefined {
  const pushback = valueOf(headers, 'grpc-retry-pushback-ms');
  if (pushback !== undefined) return /^-?\d{1,10}$/.test(pushback) ? Number(pushback) : undefined;
  const value = valueOf(headers, 'retry-after')?.trim() ?? '';
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const at = httpDate(value, now);
  return at === undefined ? undefined : Math.max(0, at - now);
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** The three forms that a recipient has to know, of which the first is the one that is sent. */
const dates = [
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?<day>\d\d) (?<month>[A-Z][a-z]{2}) (?<year>\d{4}) (?<time>\d\d:\d\d:\d\d) GMT$/,
  /^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?<day>\d\d)-(?<month>[A-Z][a-z]{2})-(?<year>\d\d) (?<time>\d\d:\d\d:\d\d) GMT$/,
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?<month>[A-Z][a-z]{2}) (?<day>[ \d]\d) (?<time>\d\d:\d\d:\d\d) (?<year>\d{4})$/,
];

function httpDate(value: string, now: number): number | undefined {
  for (const date of dates) {
    const { day = '', month = '', year = '', time = '' } = date.exec(value)?.groups ?? {};
    if (!months.includes(month)) continue;
    const [hours, minutes, seconds] = time.split(':').map(Number) as [number, number, number];
    return Date.UTC(fullYear(year, now), months.indexOf(month), Number(day), hours, minutes, seconds);
  }
  return undefined;
}

/** Of two digits, the year that is at most 50 years ahead. */
function fullYear(year: string, now: number): number {
  if (year.length === 4) return Number(year);
  const thisYear = new Date(now).getUTCFullYear();
  const sameCentury = thisYear - (thisYear % 100) + Number(year);
  return sameCentury > thisYear + 50 ? sameCentury - 100 : sameCentury;
}
