// Compiled, never run: what the types of the operators and creation functions promise, and what they must not let through.
import { expectTypeOf } from 'expect-type';
import type { Observable } from 'rxjs';
import {
  contextKey,
  ctxValue,
  takeUntilCtx,
  throwOnCtx,
  usingCtx,
  withDeadlineCtx,
  withTimeoutCtx,
} from '../../lib/index.js';
import type { Context, ContextKey } from '../../lib/index.js';

declare const ctx: Context;
declare const user: ContextKey<string>;
declare const source$: Observable<number>;
const retries = contextKey('retries', { default: 3 });

// What mirrors the source keeps its type.
expectTypeOf(source$.pipe(takeUntilCtx(ctx))).toEqualTypeOf<Observable<number>>();
expectTypeOf(source$.pipe(throwOnCtx(ctx))).toEqualTypeOf<Observable<number>>();
expectTypeOf(source$.pipe(withTimeoutCtx(ctx, 5))).toEqualTypeOf<Observable<number>>();
expectTypeOf(source$.pipe(withTimeoutCtx(ctx, 5, { cause: 'late' }))).toEqualTypeOf<Observable<number>>();
expectTypeOf(source$.pipe(withDeadlineCtx(ctx, new Date()))).toEqualTypeOf<Observable<number>>();
expectTypeOf(source$.pipe(withDeadlineCtx(ctx, 5, { cause: 'late' }))).toEqualTypeOf<Observable<number>>();
// @ts-expect-error -- the context is missing
source$.pipe(takeUntilCtx());
// @ts-expect-error -- the context is missing
source$.pipe(throwOnCtx());
// @ts-expect-error -- called with the context, not handed to pipe as it is
source$.pipe(takeUntilCtx);
// @ts-expect-error -- a signal is no context
source$.pipe(takeUntilCtx(ctx.signal));
// @ts-expect-error -- done$ is no context
source$.pipe(takeUntilCtx(ctx.done$));
// @ts-expect-error -- the time is missing
source$.pipe(withTimeoutCtx(ctx));
// @ts-expect-error -- the context comes first
source$.pipe(withTimeoutCtx(5, ctx));
// @ts-expect-error -- a duration is no Date
source$.pipe(withTimeoutCtx(ctx, new Date()));
// @ts-expect-error -- a time is a Date or a number
source$.pipe(withDeadlineCtx(ctx, 'tomorrow'));

// ctxValue
expectTypeOf(source$.pipe(ctxValue(ctx, user))).toEqualTypeOf<Observable<[number, string | undefined]>>();
expectTypeOf(source$.pipe(ctxValue(ctx, retries))).toEqualTypeOf<Observable<[number, number]>>();
expectTypeOf(
  source$.pipe(
    ctxValue(ctx, user, (value, name, index) => {
      expectTypeOf(value).toEqualTypeOf<number>();
      expectTypeOf(name).toEqualTypeOf<string | undefined>();
      expectTypeOf(index).toEqualTypeOf<number>();
      return true;
    }),
  ),
).toEqualTypeOf<Observable<boolean>>();
expectTypeOf(source$.pipe(ctxValue(ctx, retries, (value, tries) => value < tries))).toEqualTypeOf<
  Observable<boolean>
>();
// @ts-expect-error -- may be undefined
source$.pipe(ctxValue(ctx, user, (value, name) => name.length + value));
// @ts-expect-error -- a key, not its name
source$.pipe(ctxValue(ctx, 'user'));
// @ts-expect-error -- the key is missing
source$.pipe(ctxValue(ctx));
// @ts-expect-error -- the context comes first
source$.pipe(ctxValue(user, ctx));

// usingCtx
expectTypeOf(usingCtx(ctx, () => source$)).toEqualTypeOf<Observable<number>>();
expectTypeOf(usingCtx(ctx, () => Promise.resolve('x'))).toEqualTypeOf<Observable<string>>();
expectTypeOf(usingCtx(ctx, () => [1, 2])).toEqualTypeOf<Observable<number>>();
expectTypeOf(
  usingCtx(ctx, async function* () {
    yield await Promise.resolve(true);
  }),
).toEqualTypeOf<Observable<boolean>>();
usingCtx(ctx, (child) => {
  expectTypeOf(child).toEqualTypeOf<Context>();
  return source$;
});
usingCtx(ctx, () => source$, { timeoutMs: 5, deadline: new Date(), cause: 'late' });
usingCtx(ctx, () => source$, {});
// @ts-expect-error -- the context is missing
usingCtx(() => source$);
// @ts-expect-error -- the function is missing
usingCtx(ctx);
// @ts-expect-error -- a function that makes the work, not the work itself
usingCtx(ctx, source$);
// @ts-expect-error -- what it returns is neither observable nor promise nor iterable
usingCtx(ctx, () => 5);
// @ts-expect-error -- an options object, not a duration
usingCtx(ctx, () => source$, 5);
// @ts-expect-error -- a duration is a number
usingCtx(ctx, () => source$, { timeoutMs: '5s' });
