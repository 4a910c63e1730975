import fc from 'fast-check';
import { timeoutFrom, timeoutHeaders } from '../../../lib/adapters/http.js';
import type { HeadersLike } from '../../../lib/adapters/http.js';
import { background, withCancel, withDeadline, withScheduler, withTimeout } from '../../../lib/index.js';
import type { Context } from '../../../lib/index.js';
import { listenerCount } from '../../../lib/testing/index.js';
import { Clock } from '../../helpers/clock.js';

const connect = 'connect-timeout-ms';
const grpc = 'grpc-timeout';
const envoy = 'x-envoy-expected-rq-timeout-ms';

describe('timeoutFrom', () => {
  const cases: [headers: Record<string, string | string[]>, ms: number | undefined][] = [
    [{}, undefined],
    [{ accept: '*/*', 'x-timeout': '5' }, undefined],
    [{ [connect]: '250' }, 250],
    [{ [connect]: '1' }, 1],
    [{ [connect]: '0' }, 0],
    [{ [connect]: '0005' }, 5],
    [{ [connect]: '9999999999' }, 9_999_999_999],
    [{ [connect]: '10000000000' }, undefined],
    [{ [connect]: '00000000005' }, undefined],
    [{ [grpc]: '2H' }, 7_200_000],
    [{ [grpc]: '3M' }, 180_000],
    [{ [grpc]: '4S' }, 4000],
    [{ [grpc]: '5m' }, 5],
    [{ [grpc]: '1500u' }, 1.5],
    [{ [grpc]: '2000000n' }, 2],
    [{ [grpc]: '0S' }, 0],
    [{ [grpc]: '99999999H' }, 359_999_996_400_000],
    [{ [grpc]: '100000000n' }, undefined],
    [{ [grpc]: '5' }, undefined],
    [{ [grpc]: 'S' }, undefined],
    [{ [grpc]: '5h' }, undefined],
    [{ [grpc]: '5s' }, undefined],
    [{ [grpc]: '5 S' }, undefined],
    [{ [grpc]: '5S;' }, undefined],
    [{ [envoy]: '30' }, 30],
    // Envoy's way to say that there is no limit.
    [{ [envoy]: '0' }, undefined],
    // The first valid one wins.
    [{ [connect]: '10', [grpc]: '20m', [envoy]: '30' }, 10],
    [{ [connect]: 'x', [grpc]: '20m', [envoy]: '30' }, 20],
    [{ [connect]: '-1', [grpc]: '20', [envoy]: '30' }, 30],
    [{ [connect]: '-1', [grpc]: '20', [envoy]: '-30' }, undefined],
    // Node's object has an array for few headers only, and joins the values of most.
    [{ [connect]: ['40'] }, 40],
    [{ [connect]: ['40', '50'] }, undefined],
    [{ [connect]: '40, 50' }, undefined],
    [{ [connect]: [] }, undefined],
  ];
  for (const bad of [
    '',
    ' ',
    '-5',
    '+5',
    '5.5',
    '5e3',
    '0x10',
    'NaN',
    'Infinity',
    '5ms',
    '٣',
    '5\n',
    '1'.repeat(9000),
  ]) {
    for (const name of [connect, grpc, envoy]) cases.push([{ [name]: bad }, undefined]);
  }

  for (const [headers, ms] of cases) {
    it(`reads ${String(ms)} from ${JSON.stringify(headers).slice(0, 90)}`, () => {
      expect(timeoutFrom(headers)).toBe(ms);
    });
  }

  it('reads a Headers object, whatever the case of the names', () => {
    expect(timeoutFrom(new Headers({ 'Connect-Timeout-Ms': '250' }))).toBe(250);
    expect(timeoutFrom(new Headers({ 'GRPC-Timeout': ' 4S ' }))).toBe(4000);
    expect(timeoutFrom(new Headers([['x-envoy-expected-rq-timeout-ms', '30']]))).toBe(30);
    expect(
      timeoutFrom(
        new Headers([
          [connect, '1'],
          [connect, '2'],
        ]),
      ),
    ).toBeUndefined();
    expect(timeoutFrom(new Headers())).toBeUndefined();
  });

  it('reads a header object in which a header has the name of a method', () => {
    expect(timeoutFrom({ get: 'x', [connect]: '250' })).toBe(250);
  });

  it('never throws, whatever it gets', () => {
    const throwing = new Proxy({}, { get: fail }) as HeadersLike;
    function fail(): never {
      throw new Error('no headers for you');
    }
    const strange = [undefined, null, 5, 'headers', true, [], () => '5', { get: fail }, { get: () => 5 }, throwing];
    for (const headers of strange) expect(timeoutFrom(headers as unknown as HeadersLike)).toBeUndefined();
    expect(timeoutFrom({ [connect]: 5 } as unknown as HeadersLike)).toBeUndefined();
  });

  it('gives a finite time that is not negative or nothing, for any text in any form', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.stringMatching(/^[-+ ]?[0-9]{0,12}[HMSmunx.]?$/),
      fc.integer().map(String),
      fc.double().map(String),
    );
    const value = fc.oneof(text, fc.array(text), fc.anything()) as fc.Arbitrary<string>;
    const name = fc.constantFrom(connect, grpc, envoy);
    fc.assert(
      fc.property(fc.oneof(fc.dictionary(name, value), fc.anything() as fc.Arbitrary<HeadersLike>), (headers) => {
        const ms = timeoutFrom(headers);
        expect(ms === undefined || (Number.isFinite(ms) && ms >= 0)).toBeTrue();
      }),
    );
  });

  it('reads exactly what the grammars allow', () => {
    const texts = fc.stringMatching(/^[0-9]{0,11}[HMSmun]?$/);
    fc.assert(
      fc.property(texts, (text) => {
        expect(timeoutFrom({ [connect]: text }) !== undefined).toBe(/^[0-9]{1,10}$/.test(text));
        expect(timeoutFrom({ [grpc]: text }) !== undefined).toBe(/^[0-9]{1,8}[HMSmun]$/.test(text));
      }),
    );
  });
});

describe('timeoutHeaders', () => {
  /** What is sent when so much is left. */
  const sent = (leftMs: number, reserveMs?: number) =>
    timeoutHeaders(withTimeout(withScheduler(background(), new Clock(1000)), leftMs)[0], { reserveMs });

  it('writes what is left of the time', () => {
    expect(sent(250)).toEqual({ [connect]: '250' });
    const clock = new Clock(1000);
    const [ctx] = withTimeout(withScheduler(background(), clock), 250);
    clock.jump(100);
    expect(timeoutHeaders(ctx)).toEqual({ [connect]: '150' });
  });

  it('keeps the reserve', () => {
    expect(sent(250, 20)).toEqual({ [connect]: '230' });
    expect(sent(250, 0)).toEqual({ [connect]: '250' });
  });

  it('writes whole milliseconds, at least one', () => {
    expect(sent(10.9)).toEqual({ [connect]: '10' });
    expect(sent(0.5)).toEqual({ [connect]: '1' });
    expect(sent(20, 20)).toEqual({ [connect]: '1' });
    expect(sent(20, 500)).toEqual({ [connect]: '1' });
    expect(sent(20, Infinity)).toEqual({ [connect]: '1' });
  });

  it('writes ten digits at most', () => {
    expect(sent(9_999_999_999)).toEqual({ [connect]: '9999999999' });
    expect(sent(1e12)).toEqual({ [connect]: '9999999999' });
  });

  it('never gives more than there is', () => {
    expect(sent(250, -100)).toEqual({ [connect]: '250' });
  });

  it('writes nothing without a deadline', () => {
    expect(timeoutHeaders(background())).toEqual({});
    expect(timeoutHeaders(withDeadline(background(), Infinity)[0], { reserveMs: 5 })).toEqual({});
  });

  it("throws the context's error when it is done", () => {
    const [canceled, cancel] = withCancel(background());
    cancel('enough');
    const clock = new Clock(1000);
    const [late] = withTimeout(withScheduler(background(), clock), 10);
    clock.jump(10);
    for (const ctx of [canceled, late, withTimeout(canceled, 1000)[0]]) {
      expect(() => timeoutHeaders(ctx)).toThrowMatching((thrown) => thrown === ctx.err && thrown !== undefined);
    }
  });

  it('is read by timeoutFrom at the other end', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.001, max: 1e12, noNaN: true }),
        fc.double({ min: 0, max: 1e12, noNaN: true }),
        (leftMs, reserveMs) => {
          const headers = sent(leftMs, reserveMs);
          expect(headers[connect]).toMatch(/^[1-9][0-9]{0,9}$/);
          const ms = timeoutFrom(headers)!;
          expect(timeoutFrom(new Headers(headers))).toBe(ms);
          expect(ms === 1 || ms <= leftMs - reserveMs).toBeTrue();
        },
      ),
    );
  });

  it('holds nothing', () => {
    const [ctx] = withTimeout(background(), 1e6);
    timeoutHeaders(ctx);
    expect(listenerCount(ctx)).toBe(0);
  });

  it('refuses bad input at the call', () => {
    const refused = (ctx: unknown, options?: unknown) => () => timeoutHeaders(ctx as Context, options as object);
    expect(refused(undefined)).toThrowError(TypeError, 'timeoutHeaders: ctx must be a Context, got undefined');
    expect(refused({})).toThrowError(TypeError, 'timeoutHeaders: ctx must be a Context, got [object Object]');
    for (const [reserveMs, shown] of [
      [NaN, 'NaN'],
      ['5', '"5"'],
    ]) {
      expect(refused(background(), { reserveMs })).toThrowError(
        TypeError,
        `timeoutHeaders: reserveMs must be a number of milliseconds, got ${String(shown)}`,
      );
    }
  });
});
