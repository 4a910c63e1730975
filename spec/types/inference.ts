// Compiled, never run: what is inferred where keys, values and contexts meet, and what must not compile there.
import { expectTypeOf } from 'expect-type';
import { of } from 'rxjs';
import type { Observable, OperatorFunction } from 'rxjs';
import {
  contextKey,
  ctxValue,
  isCanceled,
  isDeadlineExceeded,
  takeUntilCtx,
  throwOnCtx,
  withCancel,
  withTimeout,
  withTimeoutCtx,
  withValue,
} from '../../lib/index.js';
import type { CancelFunc, Context, ContextError, ContextKey } from '../../lib/index.js';

interface User {
  readonly name: string;
  readonly admin: boolean;
}

declare const ctx: Context;
declare const thrown: unknown;
const user = contextKey<User>('user');
const trace = contextKey<string>('trace');
const locale = contextKey('locale', { default: 'en' });
const level = contextKey<'debug' | 'info'>('level', { default: 'info' });
const nullable = contextKey<User | null>('nullable', { default: null });

// A key says what is found under it: undefined too, unless it has a default.
expectTypeOf(user).toEqualTypeOf<ContextKey<User>>();
expectTypeOf(locale).toEqualTypeOf<ContextKey<string, string>>();
expectTypeOf(level).toEqualTypeOf<ContextKey<'debug' | 'info', 'debug' | 'info'>>();
expectTypeOf(ctx.value(user)).toEqualTypeOf<User | undefined>();
expectTypeOf(ctx.value(level)).toEqualTypeOf<'debug' | 'info'>();
expectTypeOf(ctx.value(nullable)).toEqualTypeOf<User | null>();

// ctxValue
expectTypeOf(of(1).pipe(ctxValue(ctx, trace))).toEqualTypeOf<Observable<[number, string | undefined]>>();
expectTypeOf(of(1).pipe(ctxValue(ctx, locale))).toEqualTypeOf<Observable<[number, string]>>();
expectTypeOf(of(1).pipe(ctxValue(ctx, level))).toEqualTypeOf<Observable<[number, 'debug' | 'info']>>();
expectTypeOf(of(1).pipe(ctxValue(ctx, nullable))).toEqualTypeOf<Observable<[number, User | null]>>();
expectTypeOf(of(1).pipe(ctxValue(ctx, user, (value, found) => found?.name ?? value))).toEqualTypeOf<
  Observable<string | number>
>();
expectTypeOf(of('a').pipe(ctxValue(ctx, locale, (value, found, index) => ({ value, found, index })))).toEqualTypeOf<
  Observable<{ value: string; found: string; index: number }>
>();
expectTypeOf(
  of(1).pipe(
    ctxValue(ctx, locale),
    takeUntilCtx(ctx),
    ctxValue(ctx, user, ([value, found], who) => ({ value, found, who })),
    throwOnCtx(ctx),
    withTimeoutCtx(ctx, 5),
  ),
).toEqualTypeOf<Observable<{ value: number; found: string; who: User | undefined }>>();
expectTypeOf(of(1).pipe(ctxValue(ctx, locale, async (value) => Promise.resolve(value)))).toEqualTypeOf<
  Observable<Promise<number>>
>();
((): OperatorFunction<number, [number, string]> => ctxValue(ctx, locale))();
// @ts-expect-error -- may be undefined without a default
((): OperatorFunction<number, [number, string]> => ctxValue(ctx, trace))();
// @ts-expect-error -- may be undefined without a default
of(1).pipe(ctxValue(ctx, user, (_, found) => found.name));
// @ts-expect-error -- the value comes before what was found
of(1).pipe(ctxValue(ctx, locale, (found: string, value: number) => found.repeat(value)));
// @ts-expect-error -- what the source emits is no string
of(1).pipe(ctxValue(ctx, locale, (value: string) => value));
// @ts-expect-error -- not a key, only something like it
of(1).pipe(ctxValue(ctx, { name: 'user' }));
// @ts-expect-error -- the context is missing
of(1).pipe(ctxValue(user));
// @ts-expect-error -- a projection, not a value
of(1).pipe(ctxValue(ctx, user, 'name'));

// withValue takes the type from the key, never from the value.
withValue(ctx, user, { name: 'Ann', admin: false });
withValue(ctx, level, 'debug');
withValue(ctx, nullable, null);
// @ts-expect-error -- a member is missing
withValue(ctx, user, { name: 'Ann' });
// @ts-expect-error -- a member too many
withValue(ctx, user, { name: 'Ann', admin: false, age: 5 });
// @ts-expect-error -- none of the letters of the key
withValue(ctx, level, 'trace');
// @ts-expect-error -- a default does not make undefined a value
withValue(ctx, locale, undefined);
// @ts-expect-error -- null under a key that does not say so
withValue(ctx, user, null);
// @ts-expect-error -- a key, not its name
withValue(ctx, 'user', { name: 'Ann', admin: false });
// @ts-expect-error -- a symbol is no key
withValue(ctx, Symbol('user'), { name: 'Ann', admin: false });

// What is stored under a key is also what is read under it: keys are invariant.
declare const num: ContextKey<number>;
declare const wide: ContextKey<number | string>;
declare const numOr5: ContextKey<number, number>;
// @ts-expect-error -- a string could be stored under a key of a number
((): ContextKey<number | string> => num)();
// @ts-expect-error -- a string could be read under a key of a number
((): ContextKey<number> => wide)();
((): ContextKey<number> => numOr5)();
// @ts-expect-error -- a key without a default does not promise one
((): ContextKey<number, number> => num)();
// @ts-expect-error -- a key of anything is none of a number
((): ContextKey<number> => contextKey<unknown>('any'))();

// A plain object, a class and a frozen copy may be contexts, by delegation.
const delegating = (parent: Context): Context => ({
  get deadline() {
    return parent.deadline;
  },
  get done$() {
    return parent.done$;
  },
  get err() {
    return parent.err;
  },
  get cause() {
    return parent.cause;
  },
  get signal() {
    return parent.signal;
  },
  value: (key) => parent.value(key),
});
class Traced implements Context {
  constructor(
    private readonly parent: Context,
    private readonly id: string,
  ) {}
  readonly deadline = undefined;
  readonly done$ = this.parent.done$;
  readonly err = undefined;
  readonly cause = undefined;
  readonly signal = this.parent.signal;
  value<T, D extends T | undefined>(key: ContextKey<T, D>): T | D {
    return key.name === 'trace' ? (this.id as T) : this.parent.value(key);
  }
}
expectTypeOf(withCancel(delegating(new Traced(ctx, '5')))[0].value(locale)).toEqualTypeOf<string>();
// @ts-expect-error -- a member is missing
((parent: Context): Context => ({ value: (key) => parent.value(key), done$: parent.done$ }))(ctx);
// @ts-expect-error -- every key has its own type
((parent: Context): Context => ({ ...parent, value: () => 'always a string' }))(ctx);

// cancel is a function and Disposable, and so is every other of its kind.
function disposing(): ContextError | undefined {
  const [child, cancel] = withTimeout(ctx, 5);
  using _ = cancel;
  using stack = new DisposableStack();
  stack.use(withCancel(child)[1]);
  return child.err;
}
expectTypeOf(disposing).returns.toEqualTypeOf<ContextError | undefined>();
expectTypeOf<CancelFunc>().toExtend<Disposable>();
((cancel: CancelFunc): (() => void) => cancel)(withCancel(ctx)[1]);
// @ts-expect-error -- a plain function is no CancelFunc
((cancel: () => void): CancelFunc => cancel)(withCancel(ctx)[1]);
// @ts-expect-error -- the tuple itself is not Disposable
((): Disposable => withCancel(ctx))();

// isCanceled and isDeadlineExceeded tell what was thrown.
if (isCanceled(thrown)) expectTypeOf(thrown).toEqualTypeOf<Error>();
else expectTypeOf(thrown).toBeUnknown();
if (isDeadlineExceeded(thrown)) expectTypeOf(thrown).toEqualTypeOf<Error>();
if (isDeadlineExceeded(ctx.err)) expectTypeOf(ctx.err).toExtend<Error>();
expectTypeOf([thrown].filter(isCanceled)).toEqualTypeOf<Error[]>();
// @ts-expect-error -- an error is missing
isCanceled();
