import { NEVER, asyncScheduler } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import type { RunHelpers } from 'rxjs/testing';
import {
  background,
  CanceledError,
  contextKey,
  remaining,
  switchMapCtx,
  takeUntilCtx,
  usingCtx,
  withCancel,
  withCancelOn,
  withDeadline,
  withScheduler,
  withTimeout,
  withValue,
} from '../../lib/index.js';
import { ctxHelpers, listenerCount } from '../../lib/testing/index.js';
import type { CtxHelpers } from '../../lib/testing/index.js';
import { mock, wrap } from '../helpers/foreign.js';
import { canceled, exceeded, expectRefused, missing, notContexts } from '../helpers/operators.js';

type Compare = (actual: unknown, expected: unknown) => void;

/** What a user may have given to `TestScheduler`. */
const compares: Record<string, Compare> = {
  'toEqual of Jasmine': (actual, expected) => {
    expect(actual).toEqual(expected);
  },
  'a strict deep equality that throws': (actual, expected) => {
    if (!same(actual, expected)) throw new Error('not equal');
  },
};

function same(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b);
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (a instanceof Error && b instanceof Error && a.message !== b.message) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => same(Reflect.get(a, key), Reflect.get(b, key)));
}

function run(spec: (t: RunHelpers & CtxHelpers) => void, compare = compares['toEqual of Jasmine']!): void {
  new TestScheduler(compare).run((helpers) => {
    spec({ ...helpers, ...ctxHelpers(helpers) });
  });
}

/** The message that a run fails with. */
function failureOf(spec: (t: RunHelpers & CtxHelpers) => void, compare?: Compare): string {
  try {
    run(spec, compare);
  } catch (error) {
    return (error as Error).message;
  }
  return 'passed';
}

describe('ctxHelpers', () => {
  for (const [name, compare] of Object.entries(compares)) {
    it(`does what its contract shows, with ${name}`, () => {
      const testScheduler = new TestScheduler(compare);
      let compared = 0;
      testScheduler.assertDeepEqual = (actual: unknown, expected: unknown) => {
        compared++;
        compare(actual, expected);
      };
      testScheduler.run((helpers) => {
        const { ctx, expectCtx } = ctxHelpers(helpers);
        const parent = ctx('-----c', { c: new Error('client gone') });
        const [child] = withTimeout(parent, 3);
        expectCtx(child).toBe('---d');
        expectCtx(parent).toBe('-----c', { c: new Error('client gone') });
        expectCtx(background()).toBe('------');
        helpers.expectObservable(helpers.cold('a-b-c-d').pipe(takeUntilCtx(child))).toBe('a-b|');
      });
      expect(compared).toBe(4);
    });
  }

  it('refuses what is not the helpers of a run', () => {
    for (const [got, shown] of [
      [undefined, 'undefined'],
      [null, 'null'],
      [5, '5'],
      [{}, '[object Object]'],
      [{ cold: () => NEVER }, '[object Object]'],
      [new TestScheduler(() => {}), '[object Object]'],
    ] as const) {
      expect(() => ctxHelpers(got as never)).toThrowError(
        TypeError,
        `ctxHelpers: helpers must be the helpers of TestScheduler's run, got ${shown}`,
      );
    }
  });

  describe('ctx', () => {
    it('makes a context that is canceled in the frame of its c', () => {
      run((t) => {
        const ctx = t.ctx('                  ---c-');
        t.expectObservable(ctx.done$).toBe(' ---(x|)', { x: canceled });
        t.flush();
        expect(ctx.err).toBeInstanceOf(CanceledError);
        expect(ctx.deadline).toBeUndefined();
      });
    });

    it('makes a context whose deadline passes in the frame of its d', () => {
      run((t) => {
        const ctx = t.ctx('                  ---d-');
        t.expectObservable(ctx.done$).toBe(' ---(x|)', { x: exceeded });
        expect(ctx.deadline).toBe(3);
        expect(remaining(ctx)).toBe(3);
      });
    });

    it('makes a context that does not end', () => {
      run((t) => {
        for (const marbles of ['', '-', '------', '  ', '1s', '-- 5ms --']) {
          const ctx = t.ctx(marbles);
          t.expectObservable(ctx.done$).toBe('-');
          expect(ctx.deadline).toBeUndefined();
        }
      });
    });

    it('gives the cause of its kind', () => {
      const causes = { c: new Error('client gone'), d: null };
      run((t) => {
        const [canceledCtx, lateCtx, plain] = [t.ctx('-c', causes), t.ctx('--d', causes), t.ctx('---c', { d: 5 })];
        t.expectCtx(lateCtx).toBe('--d');
        t.flush();
        expect(canceledCtx.cause).toBe(causes.c);
        expect(lateCtx.cause).toBe(causes.d);
        expect(plain.cause).toBe(plain.err);
      });
    });

    it('reads blanks and stretches of time as TestScheduler does', () => {
      const diagrams: [marbles: string, frame: number][] = [
        ['c', 0],
        ['d', 0],
        ['   -c   ', 1],
        [' - - - d', 3],
        ['10ms c', 10],
        ['10ms d', 10],
        ['1s c', 1_000],
        ['1m d', 60_000],
        ['1.25s c', 1_250],
        ['-- 8ms - 1s c', 1_011],
        ['--d---', 2],
      ];
      run((t) => {
        for (const [marbles, frame] of diagrams) {
          const kind = marbles.includes('c') ? canceled : exceeded;
          t.expectObservable(t.ctx(marbles).done$).toBe(`${frame}ms (x|)`, { x: kind });
          t.expectObservable(t.cold(marbles.replace(/[cd]/, 'x'))).toBe(`${frame}ms x`);
        }
      });
    });

    it('derives from a parent: it ends with it, and has its deadline and its values', () => {
      const user = contextKey<string>('user');
      run((t) => {
        const parent = withValue(t.ctx(' ---d', { d: 'late' }), user, 'Ann');
        const later = t.ctx('            -----c', {}, parent);
        const latest = t.ctx('           -----d', {}, parent);
        const sooner = t.ctx('           -c', { c: 'own' }, parent);
        for (const ctx of [later, latest]) {
          expect(ctx.deadline).toBe(3);
          expect(ctx.value(user)).toBe('Ann');
          t.expectCtx(ctx).toBe('       ---d', { d: 'late' });
        }
        t.expectCtx(sooner).toBe('       -c', { c: 'own' });
        t.expectCtx(parent).toBe('       ---d');
      });
    });

    it('derives from a parent that is done, or is not of this library', () => {
      run((t) => {
        const [done, cancel] = withCancel(background());
        cancel('gone');
        const ctx = t.ctx('           --c', {}, done);
        expect(ctx.err).toBe(done.err);
        const parent = t.ctx('        ---c', { c: 'gone' });
        t.expectCtx(t.ctx('           -----d', {}, wrap(parent))).toBe('---c', { c: 'gone' });
        t.expectCtx(t.ctx('           --d', {}, wrap(parent))).toBe('   --d');
      });
    });

    it('is canceled before what cold and hot observables emit in that frame, whichever was made first', () => {
      run((t) => {
        const sources = [t.hot(' a--b-|'), t.cold('a--b-|')];
        const ctx = t.ctx('      ---c');
        sources.push(t.hot('     a--b-|'), t.cold('a--b-|'));
        const result = '         a--|';

        for (const source of sources) {
          t.expectObservable(source.pipe(takeUntilCtx(ctx))).toBe(result);
        }
      });
    });

    it('is canceled in frame 0 before anything else happens there, and is done at the call with a deadline there', () => {
      run((t) => {
        const source = t.hot('a--b');
        const [first, second] = [t.ctx('c'), t.ctx('d')];
        expect(first.err).toBeUndefined();
        expect(second.err?.name).toBe('TimeoutError');
        t.expectObservable(source.pipe(takeUntilCtx(first))).toBe('|');
        t.expectObservable(source.pipe(takeUntilCtx(second))).toBe('|');
      });
    });

    it('cancels those of one frame in the order in which they were made', () => {
      run((t) => {
        const order: string[] = [];
        const contexts = [t.ctx('---c'), t.ctx('---c'), t.ctx('---c')];
        for (const [i, ctx] of [...contexts.entries()].reverse()) ctx.done$.subscribe(() => order.push(String(i)));
        t.flush();
        expect(order).toEqual(['0', '1', '2']);
      });
    });

    it('counts from the frame in which it is made', () => {
      run((t) => {
        const ended: [marbles: string, frame: number][] = [];
        t.cold('--x').subscribe(() => {
          for (const marbles of ['---c', '---d', 'c', 'd']) {
            // eslint-disable-next-line rxjs-x/no-nested-subscribe -- what the spec is about
            t.ctx(marbles).done$.subscribe(() => ended.push([marbles, asyncScheduler.now()]));
          }
        });
        t.flush();
        expect(ended).toEqual([
          ['d', 2],
          ['c', 2],
          ['---c', 5],
          ['---d', 5],
        ]);
      });
    });

    it('refuses a malformed diagram with an error that shows the position', () => {
      const known = '"-", "c" (canceled), "d" (deadline exceeded) or a time such as "10ms "';
      const diagrams: [marbles: string, position: number, what: string][] = [
        ['--x', 2, `"x" is not ${known}`],
        ['x', 0, `"x" is not ${known}`],
        ['C', 0, `"C" is not ${known}`],
        ['^--c', 0, `"^" is not ${known}`],
        ['--c|', 3, `"|" is not ${known}`],
        ['--#', 2, `"#" is not ${known}`],
        ['-(c|)', 1, `"(" is not ${known}`],
        ['--!', 2, `"!" is not ${known}`],
        ['10msc', 0, `"1" is not ${known}`],
        ['-5ms c', 1, `"5" is not ${known}`],
        ['5 ms c', 0, `"5" is not ${known}`],
        ['--\tc', 2, `"\t" is not ${known}`],
        ['c-c', 2, 'a context ends only once'],
        [' -- d 5ms c', 10, 'a context ends only once'],
      ];
      run((t) => {
        for (const [marbles, position, what] of diagrams) {
          const shown = `${what}, at position ${position} of\n  ${marbles}\n  ${' '.repeat(position)}^`;
          expect(() => t.ctx(marbles)).toThrowError(`ctx: ${shown}`);
          expect(() => t.expectCtx(background()).toBe(marbles)).toThrowError(`toBe: ${shown}`);
        }
      });
    });

    it('refuses what is no diagram at all, and a parent that is no context', () => {
      run((t) => {
        for (const [got, shown] of [
          [undefined, 'undefined'],
          [null, 'null'],
          [5, '5'],
          [{}, '[object Object]'],
        ] as const) {
          expect(() => t.ctx(got as never)).toThrowError(TypeError, `ctx: marbles must be a string, got ${shown}`);
          expect(() => t.expectCtx(background()).toBe(got as never)).toThrowError(
            TypeError,
            `toBe: marbles must be a string, got ${shown}`,
          );
        }
        const wrong = notContexts.filter(([got]) => got !== undefined);
        expectRefused('ctx: parent must be a Context', wrong, (got) => t.ctx('--c', {}, got));
        expectRefused('ctx: parent must be a Context', wrong, (got) => t.ctx('--d', {}, got));
      });
    });

    it('derives nothing from a malformed diagram', () => {
      const parent = mock();
      run((t) => {
        expect(() => t.ctx('--d-d', {}, parent)).toThrowError();
        expect(() => t.ctx('--c-x', {}, parent)).toThrowError();
      });
      expect(parent.total).toBe(0);
    });
  });

  describe('expectCtx', () => {
    for (const [name, compare] of Object.entries(compares)) {
      it(`passes when the context ends when and how the diagram says, with ${name}`, () => {
        expect(() =>
          run((t) => {
            t.expectCtx(t.ctx('---c')).toBe('---c');
            t.expectCtx(t.ctx('---d')).toBe('---d');
            t.expectCtx(t.ctx('---c')).toBe('  ---c--');
            t.expectCtx(t.ctx('10ms d')).toBe('-- 8ms d');
            t.expectCtx(t.ctx('1m c')).toBe('60s c');
            t.expectCtx(t.ctx('----')).toBe('--');
            t.expectCtx(t.ctx('----')).toBe('');
            t.expectCtx(background()).toBe('------');
          }, compare),
        ).not.toThrow();
      });

      it(`shows both diagrams, one under the other, when it does not, with ${name}`, () => {
        const cases: [actual: string, expected: string, drawn: string][] = [
          ['-----c', '---c', '-----c'],
          ['--c', '---c', '--c'],
          ['---d', '---c', '---d'],
          ['---c', '---d', '---c'],
          ['-------', '---c', '----'],
          ['-------', '---d---', '-------'],
          ['---c', '-------', '---c'],
          ['---d', '', '---d'],
          ['100ms d', '---', '100ms d'],
          ['-', '100ms c', '100ms -'],
          ['100ms c', '101ms c', '100ms c'],
          ['-c', '  --c', '-c'],
          ['60ms d', '-', `${'-'.repeat(60)}d`],
          ['61ms d', '-', '61ms d'],
        ];
        for (const [actual, expected, drawn] of cases) {
          expect(
            failureOf((t) => {
              t.expectCtx(t.ctx(actual)).toBe(expected);
            }, compare),
          ).toBe(`expectCtx: the context ends otherwise\n  expected  ${expected}\n  actual    ${drawn}`);
        }
      });
    }

    it('tells frames apart that are no whole milliseconds', () => {
      expect(failureOf((t) => t.expectCtx(t.ctx('1.5ms c')).toBe('1ms c'))).toMatch(/expected {2}1ms c\n.*1\.5ms c$/);
      expect(failureOf((t) => t.expectCtx(t.ctx('1.5ms c')).toBe('1.5ms c'))).toBe('passed');
    });

    it('checks each of several expectations', () => {
      expect(
        failureOf((t) => {
          t.expectCtx(t.ctx('-c')).toBe('-c');
          t.expectCtx(t.ctx('--c')).toBe('---c');
          t.expectCtx(t.ctx('---c')).toBe('---c');
        }),
      ).toContain('actual    --c');
    });

    it('expects nothing before toBe is called, as expectObservable', () => {
      expect(failureOf((t) => t.expectCtx(t.ctx('-c')))).toBe('passed');
    });

    it('compares the cause when one is expected', () => {
      const strict = compares['a strict deep equality that throws']!;
      const outcome = (given: object, expected: object) => [
        failureOf((t) => t.expectCtx(t.ctx('---c', given)).toBe('---c', expected), strict),
        failureOf((t) => t.expectCtx(t.ctx('---d', given)).toBe('---d', expected), strict),
      ];
      const both = (cause: unknown) => ({ c: cause, d: cause });
      for (const [given, expected, result] of [
        [both('gone'), both('gone'), 'passed'],
        [both('gone'), both('left'), 'not equal'],
        [both({ code: 5 }), both({ code: 5 }), 'passed'],
        [both({ code: 5 }), both({ code: 6 }), 'not equal'],
        [both(new Error('gone')), both(new Error('gone')), 'passed'],
        [both(new Error('gone')), both(new Error('left')), 'not equal'],
        [both(null), both(null), 'passed'],
        [both('gone'), {}, 'passed'],
        [both('gone'), both(undefined), 'not equal'],
        [{}, both('gone'), 'not equal'],
      ] as const) {
        expect(outcome(given, expected))
          .withContext(`${JSON.stringify(given)} ${JSON.stringify(expected)}`)
          .toEqual([result, result]);
      }
    });

    it('compares no cause of the other kind', () => {
      run((t) => {
        t.expectCtx(t.ctx('---c', { c: 'gone', d: 'late' })).toBe('---c', { d: 'never compared' });
        t.expectCtx(t.ctx('---d', { c: 'gone', d: 'late' })).toBe('---d', { c: 'never compared' });
      });
    });

    it('compares with err where no cause was given', () => {
      run((t) => {
        t.expectCtx(t.ctx('---c')).toBe('---c', { c: canceled });
        t.expectCtx(t.ctx('---d')).toBe('---d', { d: exceeded });
      });
    });

    it('takes a cause that is an observable as it is', () => {
      run((t) => {
        t.expectCtx(t.ctx('---c', { c: NEVER })).toBe('---c', { c: NEVER });
      });
    });

    it('looks until the unsubscription', () => {
      run((t) => {
        t.expectCtx(t.ctx('-----c'), '---!').toBe('---');
        t.expectCtx(t.ctx('-----d'), '---!').toBe('---');
        t.expectCtx(t.ctx('--c'), '---!').toBe('--c');
        t.expectCtx(t.ctx('--d'), '^--!').toBe('--d');
        t.expectCtx(t.ctx('20ms d'), '10ms !').toBe('---');
        t.expectCtx(withTimeout(background(), 1_000_000)[0], '1ms !').toBe('---');
      });
      expect(failureOf((t) => t.expectCtx(t.ctx('-----c'), '---!').toBe('-----c'))).toBe(
        'expectCtx: the context ends otherwise\n  expected  -----c\n  actual    ------',
      );
    });

    it('treats both kinds alike when the end falls on the unsubscription', () => {
      const seen = (marble: string) =>
        failureOf((t) => t.expectCtx(t.ctx(`---${marble}`), '---!').toBe(`---${marble}`)) === 'passed';
      expect(seen('d')).toBe(seen('c'));
    });

    it('looks from the subscription on, when a context that is done says so at once', () => {
      run((t) => {
        t.expectCtx(t.ctx('----c'), '--^').toBe('       ----c');
        t.expectCtx(t.ctx('----d'), '--^').toBe('       ----d');
        t.expectCtx(t.ctx('-c'), '   --^').toBe('       --c');
        t.expectCtx(t.ctx('-d'), '   --^--!').toBe('    --d');
        t.expectCtx(t.ctx('------c'), '--^--!').toBe('  ---');
      });
    });

    it('refuses malformed unsubscription marbles with an error that shows the position, at the call', () => {
      const known = '"-", "^" (from here on), "!" (until here) or a time such as "10ms "';
      run((t) => {
        for (const [marbles, position] of [
          ['--q', 2],
          ['^--c', 3],
        ] as const) {
          expect(() => t.expectCtx(background(), marbles)).toThrowError(
            `expectCtx: "${marbles.charAt(position)}" is not ${known}, at position ${position} of\n` +
              `  ${marbles}\n  ${' '.repeat(position)}^`,
          );
        }
        expect(() => t.expectCtx(background(), 5 as never)).toThrowError(
          TypeError,
          'expectCtx: unsubscriptionMarbles must be a string, got 5',
        );
      });
    });

    it('leaves no listener', () => {
      run((t) => {
        const [ctx] = withCancel(background());
        t.expectCtx(ctx, '---!').toBe('---');
        t.cold('--x').subscribe(() => expect(listenerCount(ctx)).toBe(1));
        t.flush();
        expect(listenerCount(ctx)).toBe(0);
      });
    });

    it('takes a context that is done already', () => {
      run((t) => {
        const [ctx, cancel] = withCancel(background());
        cancel('gone');
        t.expectCtx(ctx).toBe('c', { c: 'gone' });
        t.expectCtx(withTimeout(background(), 0, { cause: 'late' })[0]).toBe('d', { d: 'late' });
        t.expectCtx(withDeadline(background(), -5)[0]).toBe('d');
      });
    });

    it('takes any context: derived, foreign, on a scheduler of its own, one of another adapter', () => {
      run((t) => {
        const ctx = t.ctx('---c', { c: 'gone' });
        const testScheduler = new TestScheduler(() => {});
        t.expectCtx(withValue(ctx, contextKey<string>('user'), 'Ann')).toBe('---c', { c: 'gone' });
        t.expectCtx(wrap(ctx)).toBe('---c', { c: 'gone' });
        t.expectCtx(withScheduler(ctx, testScheduler)).toBe('---c', { c: 'gone' });
        t.expectCtx(withCancelOn(background(), ctx)[0]).toBe('---c', { c: canceled });
        t.expectCtx(withCancelOn(background(), t.cold('---x'))[0]).toBe('---c', { c: 'x' });
        const foreign = mock();
        t.cold('--x').subscribe(() => foreign.end(exceeded, 'late'));
        t.expectCtx(foreign).toBe('--d', { d: 'late' });
      });
    });

    it('refuses what is no context', () => {
      run((t) => {
        expectRefused('expectCtx: ctx must be a Context', [...notContexts, missing], (got) => t.expectCtx(got));
      });
    });

    it('is used where the context is made, in mid-stream, with frames that count from the start', () => {
      run((t) => {
        const source = t.cold('--a--b-------|');
        const inner = t.cold('   -x-y-z|');
        const result = '       ---x--x-y-z--|';
        const ends = ['        -----c', '-----------c'];

        const flat = switchMapCtx<string, typeof inner>(background(), (ctx, _, index) => {
          t.expectCtx(ctx).toBe(ends[index]!);
          return inner;
        });
        t.expectObservable(source.pipe(flat)).toBe(result);
      });
    });

    it('is used in mid-stream with unsubscription marbles that count from there, as those of expectObservable', () => {
      run((t) => {
        t.cold('--x').subscribe(() => {
          t.expectCtx(t.ctx('---c'), '-----!').toBe('-----c');
          t.expectCtx(t.ctx('---c'), '--!').toBe('---');
          t.expectObservable(t.cold('---c'), '--!').toBe('---');
          t.expectObservable(t.cold('---c'), '-----!').toBe('-----c');
        });
      });
    });

    it('is used in a factory that runs in frame 0', () => {
      run((t) => {
        const work = t.cold('-a-b-c|');
        const result = '     -a-#';
        const limited = usingCtx(
          background(),
          (ctx) => {
            t.expectCtx(ctx).toBe('---d');
            return work;
          },
          { timeoutMs: 3 },
        );
        t.expectObservable(limited).toBe(result, undefined, exceeded);
      });
    });
  });
});
