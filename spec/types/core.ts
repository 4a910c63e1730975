// Compiled, never run: what the core's types promise, and what they must not let through.
import { expectTypeOf } from 'expect-type';
import { TestScheduler } from 'rxjs/testing';
import type { Observable } from 'rxjs';
import {
  afterFunc,
  background,
  CanceledError,
  contextKey,
  DeadlineExceededError,
  remaining,
  throwIfDone,
  todo,
  withCancel,
  withDeadline,
  withoutCancel,
  withScheduler,
  withTimeout,
  withValue,
} from '../../lib/index.js';
import type { CancelFunc, Context, ContextError, ContextKey } from '../../lib/index.js';

declare const ctx: Context;
declare const user: ContextKey<string>;
declare const scheduler: TestScheduler;
const retries = contextKey('retries', { default: 3 });

// Context
expectTypeOf(ctx.deadline).toEqualTypeOf<number | undefined>();
expectTypeOf(ctx.done$).toEqualTypeOf<Observable<ContextError>>();
expectTypeOf(ctx.err).toEqualTypeOf<ContextError | undefined>();
expectTypeOf(ctx.cause).toEqualTypeOf<unknown>();
expectTypeOf(ctx.signal).toEqualTypeOf<AbortSignal>();
expectTypeOf<ContextError>().toEqualTypeOf<CanceledError | DeadlineExceededError>();
// @ts-expect-error -- nobody sets err from outside
ctx.err = new CanceledError();
// @ts-expect-error -- nor the deadline
ctx.deadline = 5;

// value: T where the key has a default, else T or undefined
expectTypeOf(ctx.value(user)).toEqualTypeOf<string | undefined>();
expectTypeOf(ctx.value(retries)).toEqualTypeOf<number>();
expectTypeOf(ctx.value(contextKey<'a' | 'b'>('letter', { default: 'a' }))).toEqualTypeOf<'a' | 'b'>();
expectTypeOf(ctx.value(contextKey<string>('name', {}))).toEqualTypeOf<string | undefined>();
// @ts-expect-error -- a key, not its name
ctx.value('user');
// @ts-expect-error -- a key is missing
ctx.value();
// @ts-expect-error -- may be undefined
((): string => ctx.value(user))();

// contextKey
expectTypeOf(contextKey<string>('user')).toEqualTypeOf<ContextKey<string>>();
// @ts-expect-error -- a name is missing
contextKey();
// @ts-expect-error -- a name is a string
contextKey(5);
// @ts-expect-error -- a default has the type of the key
contextKey<number>('retries', { default: 'three' });
// @ts-expect-error -- a key of a string is no key of a number
((): ContextKey<number> => user)();
// @ts-expect-error -- a key of something narrower could be used to store something wider
((): ContextKey<string | number> => user)();
// @ts-expect-error -- a key without a default does not promise one
((): typeof retries => contextKey<number>('retries'))();
// A key with a default serves where one without is asked for.
((): ContextKey<number> => retries)();

// Roots and derivation
expectTypeOf(background).toEqualTypeOf<() => Context>();
expectTypeOf(todo).toEqualTypeOf<() => Context>();
expectTypeOf(withCancel(ctx)).toExtend<[Context, CancelFunc]>();
expectTypeOf(withDeadline(ctx, new Date())).toExtend<[Context, CancelFunc]>();
expectTypeOf(withTimeout(ctx, 5, { cause: 'late' })).toExtend<[Context, CancelFunc]>();
expectTypeOf(withValue(ctx, user, 'Ann')).toEqualTypeOf<Context>();
expectTypeOf(withoutCancel(ctx)).toEqualTypeOf<Context>();
expectTypeOf(withScheduler(ctx, scheduler)).toEqualTypeOf<Context>();
withDeadline(ctx, Date.now(), {});
withTimeout(ctx, 5, { cause: undefined });
// @ts-expect-error -- the parent is missing
withCancel();
// @ts-expect-error -- the parent is missing
withTimeout(5);
// @ts-expect-error -- the time is missing
withTimeout(ctx);
// @ts-expect-error -- the parent comes first
withTimeout(5, ctx);
// @ts-expect-error -- the parent comes first
withDeadline(new Date(), ctx);
// @ts-expect-error -- the parent comes first
withValue(user, ctx, 'Ann');
// @ts-expect-error -- the key comes before the value
withValue(ctx, 'Ann', user);
// @ts-expect-error -- the value is missing
withValue(ctx, user);
// @ts-expect-error -- the context, not the tuple
withCancel(withCancel(ctx));
// @ts-expect-error -- a duration is a number
withTimeout(ctx, '5s');
// @ts-expect-error -- a duration is no Date
withTimeout(ctx, new Date());
// @ts-expect-error -- a time is a Date or a number
withDeadline(ctx, '2026-11-22');
// @ts-expect-error -- an options object, not the cause itself
withTimeout(ctx, 5, 'late');
// @ts-expect-error -- a misspelt option
withTimeout(ctx, 5, { reason: 'late' });
// @ts-expect-error -- a scheduler is missing
withScheduler(ctx);
// @ts-expect-error -- no scheduler
withScheduler(ctx, setTimeout);
// @ts-expect-error -- no context
withCancel({});
// @ts-expect-error -- a signal is no context
withCancel(new AbortController().signal);

// withValue: the value has the type of the key, and does not widen it
withValue(ctx, retries, 5);
// @ts-expect-error -- a number under a key of a string
withValue(ctx, user, 5);
// @ts-expect-error -- undefined under a key of a string
withValue(ctx, user, undefined);
// @ts-expect-error -- a string under a key with a default of a number
withValue(ctx, retries, 'five');

// CancelFunc
expectTypeOf<CancelFunc>().toExtend<Disposable>();
expectTypeOf<CancelFunc>().toExtend<(cause?: unknown) => void>();
expectTypeOf<CancelFunc>().returns.toBeVoid();
function using() {
  const [child, cancel] = withCancel(ctx);
  using _ = cancel;
  return child.err;
}
expectTypeOf(using).returns.toEqualTypeOf<ContextError | undefined>();

// Reading and reacting
expectTypeOf(afterFunc(ctx, () => undefined)).toEqualTypeOf<() => boolean>();
expectTypeOf(remaining(ctx)).toEqualTypeOf<number>();
expectTypeOf(throwIfDone).returns.toBeVoid();
// @ts-expect-error -- the context comes first
afterFunc(() => undefined, ctx);
// @ts-expect-error -- the function is missing
afterFunc(ctx);
// @ts-expect-error -- the function is called with nothing
afterFunc(ctx, (err: Error) => err);
// @ts-expect-error -- the context is missing
remaining();
// @ts-expect-error -- the context is missing
throwIfDone();

// Errors: told apart by instanceof and by name
function kind(err: ContextError): 'canceled' | 'deadline' {
  if (err instanceof DeadlineExceededError) {
    return 'deadline';
  }
  expectTypeOf(err.name).toEqualTypeOf<'AbortError'>();
  return 'canceled';
}
function named(err: ContextError): void {
  if (err.name === 'TimeoutError') expectTypeOf(err).toEqualTypeOf<DeadlineExceededError>();
}
expectTypeOf<DeadlineExceededError['timeout']>().toEqualTypeOf<true>();
expectTypeOf(kind).toBeFunction();
expectTypeOf(named).toBeFunction();
// Only one of the two is a timeout.
expectTypeOf<CanceledError>().not.toHaveProperty('timeout');

// Anyone may implement Context.
const wrapper: Context = {
  deadline: undefined,
  done$: ctx.done$,
  err: undefined,
  cause: undefined,
  signal: ctx.signal,
  value: (key) => ctx.value(key),
};
class Wrapper implements Context {
  readonly deadline = undefined;
  readonly done$ = ctx.done$;
  readonly err = undefined;
  readonly cause = undefined;
  readonly signal = ctx.signal;
  readonly value: Context['value'] = (key) => ctx.value(key);
}
withCancel(wrapper);
withCancel(new Wrapper());
