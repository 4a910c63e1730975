import assert from 'node:assert';
import { TestScheduler } from 'rxjs/testing';
import type { RunHelpers } from 'rxjs/testing';
import { background, takeUntilCtx, withTimeout } from '../../lib/index.js';
import { ctxHelpers } from '../../lib/testing/index.js';
import type { CtxHelpers } from '../../lib/testing/index.js';

describe('ctxHelpers with node:assert', () => {
  const asserts = { deepEqual: assert.deepEqual.bind(assert), deepStrictEqual: assert.deepStrictEqual.bind(assert) };

  for (const [name, compare] of Object.entries(asserts)) {
    const run = (spec: (t: RunHelpers & CtxHelpers) => void) => () => {
      new TestScheduler(compare).run((helpers) => {
        spec({ ...helpers, ...ctxHelpers(helpers) });
      });
    };

    it(`passes when contexts end as the diagrams say: ${name}`, () => {
      expect(
        run((t) => {
          const parent = t.ctx('-----c', { c: new Error('client gone') });
          const [child] = withTimeout(parent, 3);
          t.expectCtx(child).toBe('---d');
          t.expectCtx(parent).toBe('-----c', { c: new Error('client gone') });
          t.expectCtx(background()).toBe('------');
          t.expectObservable(t.cold('a-b-c-d').pipe(takeUntilCtx(child))).toBe('a-b|');
        }),
      ).not.toThrow();
    });

    it(`shows both diagrams when they do not: ${name}`, () => {
      expect(run((t) => t.expectCtx(t.ctx('---c')).toBe('----d'))).toThrowError(
        'expectCtx: the context ends otherwise\n  expected  ----d\n  actual    ---c',
      );
    });

    it(`shows both causes when they differ: ${name}`, () => {
      expect(run((t) => t.expectCtx(t.ctx('---c', { c: 'gone' })).toBe('---c', { c: 'left' }))).toThrowMatching(
        (thrown: Error) =>
          thrown instanceof assert.AssertionError &&
          thrown.message.includes("'gone'") &&
          thrown.message.includes("'left'"),
      );
    });
  }
});
