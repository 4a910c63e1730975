import { retryAfter } from '../../../lib/adapters/http.js';
import type { HeadersLike } from '../../../lib/adapters/http.js';

const now = Date.UTC(1994, 10, 6, 8, 49, 30);
const read = (value: string, name = 'retry-after') => retryAfter({ [name]: value }, now);

describe('retryAfter', () => {
  it('reads seconds', () => {
    expect(['0', '2', '120', ' 3 '].map((value) => read(value))).toEqual([0, 2000, 120_000, 3000]);
  });

  it('reads an HTTP date in each of its forms', () => {
    const dates = ['Sun, 06 Nov 1994 08:49:37 GMT', 'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994'];
    expect(dates.map((value) => read(value))).toEqual([7000, 7000, 7000]);
  });

  it('takes a date that has passed for now', () => {
    expect(read('Sun, 06 Nov 1994 08:49:29 GMT')).toBe(0);
    expect(retryAfter({ 'retry-after': 'Sun, 06 Nov 1994 08:49:37 GMT' })).toBe(0);
  });

  it('takes two digits for a year that is at most 50 years ahead', () => {
    expect(read('Monday, 06-Nov-50 08:49:37 GMT')).toBe(0);
    expect(read('Monday, 06-Nov-44 08:49:37 GMT')).toBe(0);
    expect(retryAfter({ 'retry-after': 'Sunday, 06-Nov-94 08:49:37 GMT' }, Date.UTC(2010, 0))).toBe(0);
    expect(retryAfter({ 'retry-after': 'Monday, 06-Nov-30 00:00:01 GMT' }, Date.UTC(2030, 10, 6))).toBe(1000);
  });

  it('reads what a gRPC server says, first: also that there is to be no next attempt', () => {
    expect(read('1500', 'grpc-retry-pushback-ms')).toBe(1500);
    expect(read('-1', 'grpc-retry-pushback-ms')).toBe(-1);
    expect(retryAfter({ 'grpc-retry-pushback-ms': '7', 'retry-after': '1' }, now)).toBe(7);
    expect(read('soon', 'grpc-retry-pushback-ms')).toBeUndefined();
  });

  it('reads Headers, and those of Node', () => {
    expect(retryAfter(new Headers({ 'Retry-After': '2' }))).toBe(2000);
    expect(retryAfter({ 'retry-after': ['2'] })).toBe(2000);
  });

  it('is undefined for what is missing or malformed, and never throws', () => {
    for (const value of ['', '-1', '1.5', '1e3', 'soon', '2026-11-27', 'Sun, 06 Foo 1994 08:49:37 GMT', '1, 2']) {
      expect(read(value)).withContext(value).toBeUndefined();
    }
    for (const headers of [
      {},
      null,
      undefined,
      5,
      { 'retry-after': 5 },
      { 'retry-after': ['1', '2'] },
      {
        get: () => {
          throw new Error('no');
        },
      },
    ]) {
      expect(retryAfter(headers as unknown as HeadersLike)).toBeUndefined();
    }
  });
});
