// Compiled, never run: what the types of groups, promises and async iterables promise, and what they must not let through.
import { expectTypeOf } from 'expect-type';
import { EMPTY, of } from 'rxjs';
import type { Observable, ObservableInput } from 'rxjs';
import { allCtx, groupCtx, iterateCtx, sleepCtx, untilCtx } from '../../lib/index.js';
import type { Context, CoreContext, Group, GroupResult } from '../../lib/index.js';

interface User {
  readonly name: string;
}

declare const ctx: Context;
declare const coreCtx: CoreContext;
declare const users$: Observable<User>;
declare const load: (ctx: Context) => Promise<User>;
declare const input: ObservableInput<User>;
declare const group: Group;

// A promise's value; of anything else the last value, if there was one.
expectTypeOf<GroupResult<Promise<User>>>().toEqualTypeOf<User>();
expectTypeOf<GroupResult<PromiseLike<User>>>().toEqualTypeOf<User>();
expectTypeOf<GroupResult<Observable<User>>>().toEqualTypeOf<User | undefined>();
expectTypeOf<GroupResult<number[]>>().toEqualTypeOf<number | undefined>();
expectTypeOf<GroupResult<AsyncGenerator<User>>>().toEqualTypeOf<User | undefined>();
expectTypeOf<GroupResult<typeof EMPTY>>().toEqualTypeOf<undefined>();
expectTypeOf<GroupResult<number>>().toEqualTypeOf<never>();

expectTypeOf(group.go(load)).toEqualTypeOf<Promise<User>>();
expectTypeOf(group.go(() => users$)).toEqualTypeOf<Promise<User | undefined>>();
expectTypeOf(group.go(() => input)).toEqualTypeOf<Promise<User | undefined>>();
expectTypeOf(group.ctx).toEqualTypeOf<Context>();
// @ts-expect-error -- work that returns nothing is nothing to wait for
void group.go(() => {
  void load(ctx);
});
// @ts-expect-error -- a function, not the promise itself
void group.go(load(ctx));

expectTypeOf(groupCtx(ctx, () => 5)).toEqualTypeOf<Promise<number>>();
expectTypeOf(groupCtx(coreCtx, (g) => g.go(load))).toEqualTypeOf<Promise<User>>();
expectTypeOf(groupCtx(ctx, () => undefined, { limit: undefined, onError: undefined })).toEqualTypeOf<
  Promise<undefined>
>();
// @ts-expect-error -- another word
void groupCtx(ctx, () => 5, { onError: 'stop' });
// @ts-expect-error -- a signal is no context
void groupCtx(ctx.signal, () => 5);

expectTypeOf(allCtx(ctx, { a: async () => Promise.resolve(1), b: () => of('x'), c: () => [true] })).toEqualTypeOf<
  Promise<{ a: number; b: string | undefined; c: boolean | undefined }>
>();
expectTypeOf(allCtx(ctx, [load, () => users$])).toEqualTypeOf<Promise<[User, User | undefined]>>();
const list: ((ctx: Context) => Promise<User>)[] = [load];
expectTypeOf(allCtx(ctx, list)).toEqualTypeOf<Promise<User[]>>();
void allCtx(ctx, {
  a: async (child) => {
    expectTypeOf(child).toEqualTypeOf<Context>();
    return load(child);
  },
});
// @ts-expect-error -- functions, not promises
void allCtx(ctx, { a: load(ctx) });

expectTypeOf(untilCtx(ctx, load(ctx))).toEqualTypeOf<Promise<User>>();
expectTypeOf(untilCtx(coreCtx, load(ctx) as PromiseLike<User>)).toEqualTypeOf<Promise<User>>();
// @ts-expect-error -- a promise, not an observable
void untilCtx(ctx, users$);
expectTypeOf(sleepCtx(ctx, 5)).toEqualTypeOf<Promise<void>>();
// @ts-expect-error -- a number of milliseconds
void sleepCtx(ctx, '5s');

expectTypeOf(iterateCtx(ctx, users$)).toEqualTypeOf<AsyncGenerator<User, void, void>>();
expectTypeOf(iterateCtx(ctx, [1, 2], { buffer: 2 })).toEqualTypeOf<AsyncGenerator<number, void, void>>();
expectTypeOf(iterateCtx(coreCtx, input)).toEqualTypeOf<AsyncGenerator<User, void, void>>();
// @ts-expect-error -- another word
iterateCtx(ctx, users$, { overflow: 'drop' });
// @ts-expect-error -- nothing to subscribe to
iterateCtx(ctx, 5);
