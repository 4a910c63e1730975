// Compiled, never run: what the types of the flattening operators promise, and what they must not let through.
import { expectTypeOf } from 'expect-type';
import { EMPTY, concatMap, exhaustMap, from, map, mergeMap, of, switchMap } from 'rxjs';
import type { Observable, ObservableInput, OperatorFunction } from 'rxjs';
import { concatMapCtx, exhaustMapCtx, mergeMapCtx, switchMapCtx, takeUntilCtx, usingCtx } from '../../lib/index.js';
import type { Context } from '../../lib/index.js';

interface User {
  readonly name: string;
}

declare const ctx: Context;
declare const source$: Observable<number>;
declare const users$: Observable<User>;
declare const load: (ctx: Context, id: number) => Promise<User>;
declare const input: ObservableInput<User>;

// Inside pipe the value comes from the stream, the child is a Context and the index a number.
source$.pipe(
  switchMapCtx(ctx, (child, value, index) => {
    expectTypeOf(child).toEqualTypeOf<Context>();
    expectTypeOf(value).toEqualTypeOf<number>();
    expectTypeOf(index).toEqualTypeOf<number>();
    return users$;
  }),
  mergeMapCtx(ctx, (_, user) => {
    expectTypeOf(user).toEqualTypeOf<User>();
    return [user.name];
  }),
  concatMapCtx(ctx, (_, name) => {
    expectTypeOf(name).toEqualTypeOf<string>();
    return Promise.resolve(name.length);
  }),
  exhaustMapCtx(ctx, (_, length) => {
    expectTypeOf(length).toEqualTypeOf<number>();
    return of(length > 0);
  }),
  map((long) => {
    expectTypeOf(long).toEqualTypeOf<boolean>();
    return long;
  }),
);

// What a projection returns may be anything that `from` accepts.
expectTypeOf(source$.pipe(switchMapCtx(ctx, () => users$))).toEqualTypeOf<Observable<User>>();
expectTypeOf(source$.pipe(mergeMapCtx(ctx, load))).toEqualTypeOf<Observable<User>>();
expectTypeOf(source$.pipe(mergeMapCtx(ctx, load, 4))).toEqualTypeOf<Observable<User>>();
expectTypeOf(source$.pipe(concatMapCtx(ctx, () => new Set(['a'])))).toEqualTypeOf<Observable<string>>();
expectTypeOf(source$.pipe(exhaustMapCtx(ctx, () => input))).toEqualTypeOf<Observable<User>>();
expectTypeOf(
  source$.pipe(
    switchMapCtx(ctx, async function* (_, value) {
      yield await Promise.resolve(value);
      yield 'end' as const;
    }),
  ),
).toEqualTypeOf<Observable<number | 'end'>>();
expectTypeOf(
  source$.pipe(
    concatMapCtx(ctx, function* (_, value) {
      yield String(value);
    }),
  ),
).toEqualTypeOf<Observable<string>>();
expectTypeOf(
  source$.pipe(switchMapCtx(ctx, (child, value) => (value ? load(child, value) : of(undefined)))),
).toEqualTypeOf<Observable<User | undefined>>();

// As RxJS's own infer it.
declare const stream: ReadableStream<User>;
expectTypeOf(source$.pipe(switchMapCtx(ctx, () => stream))).toEqualTypeOf(source$.pipe(switchMap(() => stream)));
expectTypeOf(source$.pipe(concatMapCtx(ctx, () => 'abc'))).toEqualTypeOf(source$.pipe(concatMap(() => 'abc')));
expectTypeOf(source$.pipe(mergeMapCtx(ctx, () => EMPTY))).toEqualTypeOf(source$.pipe(mergeMap(() => EMPTY)));
expectTypeOf(source$.pipe(exhaustMapCtx(ctx, () => [[1]]))).toEqualTypeOf(source$.pipe(exhaustMap(() => [[1]])));
expectTypeOf(source$.pipe(switchMapCtx(ctx, () => Promise.resolve(users$)))).toEqualTypeOf<
  Observable<Observable<User>>
>();

// Outside pipe the projection says what the source must be.
expectTypeOf(switchMapCtx(ctx, load)).toEqualTypeOf<OperatorFunction<number, User>>();
// @ts-expect-error -- a source of users where a source of numbers is asked for
users$.pipe(switchMapCtx(ctx, load));

// @ts-expect-error -- the context is missing
source$.pipe(switchMapCtx(() => users$));
// @ts-expect-error -- the projection is missing
source$.pipe(mergeMapCtx(ctx));
// @ts-expect-error -- the context comes first
source$.pipe(concatMapCtx(() => users$, ctx));
// @ts-expect-error -- a projection, not the stream itself
source$.pipe(exhaustMapCtx(ctx, users$));
// @ts-expect-error -- the child comes before the value
source$.pipe(switchMapCtx(ctx, (id: number) => load(ctx, id)));
// @ts-expect-error -- neither observable nor promise nor iterable
source$.pipe(switchMapCtx(ctx, (_, value) => value));
// @ts-expect-error -- a signal is no context
source$.pipe(switchMapCtx(ctx.signal, () => users$));
// @ts-expect-error -- concurrency is a number
source$.pipe(mergeMapCtx(ctx, load, 'all'));
// @ts-expect-error -- only mergeMapCtx has a concurrency
source$.pipe(concatMapCtx(ctx, load, 4));

// usingCtx infers from whatever the function returns.
expectTypeOf(usingCtx(ctx, () => input)).toEqualTypeOf<Observable<User>>();
expectTypeOf(usingCtx(ctx, (child) => load(child, 1))).toEqualTypeOf<Observable<User>>();
expectTypeOf(
  usingCtx(ctx, async () => {
    await Promise.resolve();
    return 5 as const;
  }),
).toEqualTypeOf<Observable<5>>();
expectTypeOf(
  usingCtx(ctx, function* () {
    yield 'a' as const;
    yield 5;
  }),
).toEqualTypeOf<Observable<'a' | 5>>();
expectTypeOf(usingCtx(ctx, (child) => (child.err ? of('done' as const) : load(child, 1)))).toEqualTypeOf<
  Observable<'done' | User>
>();
expectTypeOf(usingCtx(ctx, () => from([1, 2]).pipe(takeUntilCtx(ctx)))).toEqualTypeOf<Observable<number>>();
expectTypeOf(
  usingCtx(ctx, (): never => {
    throw new Error('broken');
  }),
).toExtend<Observable<unknown>>();
// @ts-expect-error -- the function may return nothing to subscribe to
usingCtx(ctx, (child) => (child.err ? undefined : users$));
// @ts-expect-error -- the child comes first, and alone
usingCtx(ctx, (child: Context, id: number) => load(child, id));
