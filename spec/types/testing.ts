// Compiled, never run: what the types of `rxjs-ctx/testing` promise, and what they must not let through.
import { expectTypeOf } from 'expect-type';
import { TestScheduler } from 'rxjs/testing';
import type { RunHelpers } from 'rxjs/testing';
import type { Context } from '../../lib/index.js';
import { ctxHelpers, listenerCount } from '../../lib/testing/index.js';
import type { Causes, CtxHelpers } from '../../lib/testing/index.js';

declare const helpers: RunHelpers;
declare const parent: Context;
declare const testScheduler: TestScheduler;

expectTypeOf(ctxHelpers(helpers)).toEqualTypeOf<CtxHelpers>();
testScheduler.run((given) => {
  const t = { ...given, ...ctxHelpers(given) };
  expectTypeOf(t.ctx('---c')).toEqualTypeOf<Context>();
  t.expectObservable(t.cold('a'));
});
const t = ctxHelpers(helpers);
t.ctx('---c', { c: 'gone' });
t.ctx('---d', { d: new Error('late') }, parent);
t.ctx('---c', undefined, parent);
t.ctx('---c', {} satisfies Causes);
t.expectCtx(parent).toBe('---c');
expectTypeOf<ReturnType<CtxHelpers['expectCtx']>['toBe']>().returns.toBeVoid();
t.expectCtx(parent, '---!').toBe('---c', { c: null });
// @ts-expect-error -- marbles are missing
t.ctx();
// @ts-expect-error -- a context ends as c or d only
t.ctx('---x', { x: 'gone' });
// @ts-expect-error -- the causes come before the parent
t.ctx('---c', parent);
// @ts-expect-error -- marbles are a string
t.ctx(5);
// @ts-expect-error -- a context is missing
t.expectCtx();
// @ts-expect-error -- done$ is no context
t.expectCtx(parent.done$);
// @ts-expect-error -- marbles are missing
t.expectCtx(parent).toBe();
// @ts-expect-error -- the causes, not the cause itself
t.expectCtx(parent).toBe('---c', 'gone');
// @ts-expect-error -- the helpers of a run, not the scheduler
ctxHelpers(testScheduler);
// @ts-expect-error -- the helpers are missing
ctxHelpers();

expectTypeOf(listenerCount(parent)).toEqualTypeOf<number>();
// @ts-expect-error -- a context is missing
listenerCount();
// @ts-expect-error -- a signal is no context
listenerCount(parent.signal);
