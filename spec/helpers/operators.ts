// What the specs of the operators and creation functions share: virtual time, ways to end, and wrong arguments.
import {
  EMPTY,
  NEVER,
  Observable,
  Subject,
  firstValueFrom,
  from,
  observable,
  of,
  range,
  takeUntil,
  toArray,
} from 'rxjs';
import type { MonoTypeOperatorFunction, ObservableInput, ObservedValueOf, OperatorFunction, Subscriber } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import type { RunHelpers } from 'rxjs/testing';
import {
  CanceledError,
  DeadlineExceededError,
  background,
  contextKey,
  withCancel,
  withScheduler,
  withTimeout,
  withValue,
} from '../../lib/index.js';
import type { Context } from '../../lib/index.js';
import { ctxHelpers, listenerCount } from '../../lib/testing/index.js';
import type { CtxHelpers } from '../../lib/testing/index.js';
import { Clock } from './clock.js';

/** Runs a spec in virtual time, with marbles for observables and contexts. */
export function run(spec: (t: RunHelpers & CtxHelpers) => void): void {
  const scheduler = new TestScheduler((actual, expected) => {
    expect(actual).toEqual(expected);
  });
  scheduler.run((helpers) => {
    spec({ ...helpers, ...ctxHelpers(helpers) });
  });
}

/** What an error is compared with in marbles. Jasmine takes errors with the same message as equal. */
export const canceled = new CanceledError();
export const exceeded = new DeadlineExceededError();

/** Keeps `life` subscribed for as long as `ctx` is not done, so that its subscriptions draw when that is. */
export function drawLife(ctx: Context, life: Observable<unknown>): void {
  life.pipe(takeUntil(ctx.done$)).subscribe();
}

/** Hands every value on, and calls `f` from inside `next`, right after `value`. */
export function callAfter<T>(value: T, f: () => void): MonoTypeOperatorFunction<T> {
  return (source) =>
    new Observable((subscriber) =>
      source.subscribe({
        next: (got) => {
          subscriber.next(got);
          if (got === value) f();
        },
        error: (error: unknown) => subscriber.error(error),
        complete: () => subscriber.complete(),
      }),
    );
}

/** Expects the source to get the very subscriber that the result is subscribed with: nothing stands between, for any value. */
export function expectSameSubscriber(stream: (source: Observable<number>) => Observable<unknown>): void {
  let given: Subscriber<unknown> | undefined;
  let reached: Subscriber<unknown> | undefined;
  const source = new Observable<number>((subscriber) => {
    reached = subscriber;
  });
  const outer = new Observable<unknown>((subscriber) => {
    given = subscriber;
    stream(source).subscribe(subscriber);
  });
  outer.subscribe().unsubscribe();
  expect(reached).toBeDefined();
  expect(reached).toBe(given);
}

/** What `from` of RxJS takes: each is a factory or projection whose result emits `'x'` and ends. */
export const inputs: Record<string, () => ObservableInput<string>> = {
  'an observable': () => of('x'),
  'an observable of another library': () => ({ [observable]: () => of('x') }) as never,
  'a promise': () => Promise.resolve('x'),
  'what an async function returns': async () => {
    await Promise.resolve();
    return 'x';
  },
  'an array': () => ['x'],
  'an iterable': () => new Set(['x']),
  'what a generator returns': function* () {
    yield 'x';
  },
  'what an async generator returns': async function* () {
    yield await Promise.resolve('x');
  },
  'a ReadableStream': () =>
    new ReadableStream<string>({
      start(controller) {
        controller.enqueue('x');
        controller.close();
      },
    }),
};

/** Ends a stream in each of its ways, and expects `ctx` to hold what it held before, and the source to be let go. */
export function expectNothingLeft(stream: (ctx: Context, source: Observable<number>) => Observable<unknown>): void {
  for (const how of ['complete', 'error', 'unsubscribe', 'cancel'] as const) {
    const [parent] = withCancel(background());
    const [ctx, cancel] = withCancel(parent);
    const others = [parent.done$.subscribe(), ctx.done$.subscribe()];
    const source = new Subject<number>();
    const result = stream(ctx, source);
    expect(listenerCount(ctx)).withContext(`before subscribe`).toBe(1);
    const subscription = result.subscribe({ error: () => {} });
    source.next(1);
    expect(listenerCount(ctx)).withContext(`before ${how}`).toBeGreaterThan(1);
    expect(source.observed).withContext(`before ${how}`).toBeTrue();

    if (how === 'complete') source.complete();
    else if (how === 'error') source.error(new Error('broken'));
    else if (how === 'unsubscribe') subscription.unsubscribe();
    else cancel();

    const done = how === 'cancel';
    expect(subscription.closed).withContext(`after ${how}`).toBeTrue();
    expect(source.observed).withContext(`after ${how}`).toBeFalse();
    expect([listenerCount(ctx), listenerCount(parent)])
      .withContext(`after ${how}`)
      .toEqual(done ? [0, 1] : [1, 2]);
    for (const other of others) other.unsubscribe();
  }
}

/** Subscribes in the name of somebody who has left, and expects nothing to be left on `ctx`. */
export function expectNothingLeftByAbsent(
  stream: (ctx: Context, source: Observable<number>) => Observable<unknown>,
): void {
  const [ctx] = withCancel(background());
  const source = new Subject<number>();
  const outer = new Observable<unknown>((subscriber) => {
    subscriber.unsubscribe();
    stream(ctx, source).subscribe(subscriber);
  });
  outer.subscribe();
  expect(listenerCount(ctx)).toBe(0);
  expect(source.observed).toBeFalse();
}

/** A wrong argument, and how the message shows it. */
export type Wrong = readonly [got: unknown, shown: string];

export const notContexts: readonly Wrong[] = [
  [undefined, 'undefined'],
  [null, 'null'],
  [5, '5'],
  ['ctx', '"ctx"'],
  [{}, '[object Object]'],
  [withCancel(background()), 'an array: did you mean its first element?'],
  [NEVER, '[object Object]'],
  [new AbortController().signal, '[object AbortSignal]'],
];
export const notFunctions: readonly Wrong[] = [
  [null, 'null'],
  [5, '5'],
  ['f', '"f"'],
  [{}, '[object Object]'],
  [from([]), '[object Object]'],
];
export const notTimes: readonly Wrong[] = [
  [null, 'null'],
  [NaN, 'NaN'],
  ['5', '"5"'],
  [true, 'true'],
  [{}, '[object Object]'],
  [new Date(NaN), 'Invalid Date'],
];
export const notDurations: readonly Wrong[] = [...notTimes, [new Date(0), String(new Date(0))]];
export const missing: Wrong = [undefined, 'undefined'];

/** Expects a `TypeError` for each of the wrong arguments, at the call, and nothing to be derived or subscribed. */
export function expectRefused(
  message: string,
  wrong: readonly Wrong[],
  call: (got: never, ctx: Context, source: Observable<number>) => unknown,
): void {
  for (const [got, shown] of wrong) {
    const [ctx] = withCancel(background());
    let subscribed = 0;
    const source = new Observable<number>(() => {
      subscribed++;
    });
    expect(() => call(got as never, ctx, source)).toThrowMatching(
      (error: unknown) => error instanceof TypeError && error.message.startsWith(`${message}, got ${shown}`),
    );
    expect(listenerCount(ctx)).toBe(0);
    expect(subscribed).toBe(0);
  }
}

type Flattening = <T, O extends ObservableInput<unknown>>(
  ctx: Context,
  project: (ctx: Context, value: T, index: number) => O,
) => OperatorFunction<T, ObservedValueOf<O>>;

/** What the four flattening operators have in common: under what an inner stream runs, and what comes of it. */
export function itRunsEachInnerStreamUnderItsOwnChild(operator: Flattening): void {
  /** A subscription to one inner stream, and the child that this runs under. */
  const oneInner = <T>(inner: Observable<T>) => {
    const [ctx, cancel] = withCancel(background());
    const source = new Subject<string>();
    const seen: unknown[] = [];
    const children: Context[] = [];
    const stream = source.pipe(
      operator(ctx, (child) => {
        children.push(child);
        return inner;
      }),
    );
    const subscription = stream.subscribe({
      next: (value) => seen.push(value),
      error: (error: unknown) => seen.push(error),
      complete: () => seen.push('over'),
    });
    source.next('first');
    const child = children[0]!;
    const { signal } = child;
    expect(child.err).toBeUndefined();
    expect(signal.aborted).toBeFalse();
    return { ctx, cancel, source, seen, child, signal, subscription };
  };

  it('gives the projection a child of ctx, the value and its index', () => {
    const user = contextKey<string>('user');
    const ctx = withValue(background(), user, 'Ann');
    const children: Context[] = [];
    const given: unknown[] = [];
    const project = (child: Context, ...rest: [value: string, index: number]) => {
      children.push(child);
      given.push(rest);
      return EMPTY;
    };
    const stream = of('a', 'b').pipe(operator(ctx, project));
    stream.subscribe();
    stream.subscribe();
    expect(given).toEqual([
      ['a', 0],
      ['b', 1],
      ['a', 0],
      ['b', 1],
    ]);
    expect(new Set([ctx, ...children]).size).toBe(5);
    for (const child of children) expect(child.value(user)).toBe('Ann');
  });

  it('cancels the child when its inner stream completes, and ctx is not', () => {
    const inner = new Subject<string>();
    const { ctx, seen, child, signal } = oneInner(inner);
    inner.next('a');
    expect(child.err).toBeUndefined();
    inner.complete();
    expect(child.err).toBeInstanceOf(CanceledError);
    expect(signal.aborted).toBeTrue();
    expect(signal.reason).toBe(child.err);
    expect(ctx.err).toBeUndefined();
    expect(seen).toEqual(['a']);
  });

  it('errors with the error of an inner stream, and cancels its child', () => {
    const inner = new Subject<string>();
    const { ctx, source, seen, child, signal } = oneInner(inner);
    inner.error(new Error('broken'));
    expect(seen).toEqual([new Error('broken')]);
    expect(child.err).toBeInstanceOf(CanceledError);
    expect(signal.aborted).toBeTrue();
    expect(source.observed).toBeFalse();
    expect(ctx.err).toBeUndefined();
  });

  it('cancels the child when the source errors', () => {
    const inner = new Subject<string>();
    const { source, seen, child, signal } = oneInner(inner);
    source.error(new Error('broken'));
    expect(seen).toEqual([new Error('broken')]);
    expect(child.err).toBeInstanceOf(CanceledError);
    expect(signal.aborted).toBeTrue();
    expect(inner.observed).toBeFalse();
  });

  it('does not cancel the child when the source completes', () => {
    const inner = new Subject<string>();
    const { source, seen, child, signal } = oneInner(inner);
    source.complete();
    expect(signal.aborted).toBeFalse();
    inner.next('a');
    inner.complete();
    expect(child.err).toBeInstanceOf(CanceledError);
    expect(seen).toEqual(['a', 'over']);
  });

  it('cancels the child when the result is unsubscribed', () => {
    const inner = new Subject<string>();
    const { ctx, child, signal, subscription } = oneInner(inner);
    subscription.unsubscribe();
    expect(child.err).toBeInstanceOf(CanceledError);
    expect(signal.aborted).toBeTrue();
    expect(signal.reason).toBe(child.err);
    expect(ctx.err).toBeUndefined();
  });

  it('ends the child together with ctx, and errors with its err itself, never with the bare cause', () => {
    const inner = new Subject<string>();
    const { ctx, cancel, seen, child, signal, source } = oneInner(inner);
    cancel('client gone');
    expect(ctx.err?.cause).toBe('client gone');
    expect(child.err).toBe(ctx.err);
    expect(signal.reason).toBe(ctx.err);
    expect(seen).toEqual([ctx.err]);
    expect(seen[0]).toBe(ctx.err);
    expect(source.observed).toBeFalse();
    expect(inner.observed).toBeFalse();
  });

  it('errors with the err of ctx without an inner stream: before the first, between two, and waiting for the last', () => {
    const [ctx, cancel] = withCancel(background());
    const source = new Subject<Observable<string>>();
    const errors: unknown[] = [];
    const collect = (inners: Observable<Observable<string>>) => {
      inners.pipe(operator(ctx, (_, inner) => inner)).subscribe({ error: (err: unknown) => errors.push(err) });
    };
    collect(NEVER);
    collect(source);
    collect(of(NEVER));
    source.next(of('a'));
    cancel();
    expect(errors.length).toBe(3);
    for (const error of errors) expect(error).toBe(ctx.err);
  });

  it('errors instead of projecting when the deadline has passed and no timer could tell', () => {
    const clock = new Clock();
    const [ctx] = withTimeout(withScheduler(background(), clock), 7);
    const source = new Subject<string>();
    const seen: unknown[] = [];
    source
      .pipe(operator(ctx, (_, value) => of(value)))
      .subscribe({ next: (value) => seen.push(value), error: (err: unknown) => seen.push(err) });
    source.next('in time');
    clock.jump(7);
    source.next('late');
    expect(seen).toEqual(['in time', jasmine.any(DeadlineExceededError)]);
    expect(seen[1]).toBe(ctx.err);
    expect(source.observed).toBeFalse();
    expect(listenerCount(ctx)).toBe(0);
  });

  it('takes whatever `from` takes from the projection, and cancels the child when that ends', async () => {
    for (const [kind, input] of Object.entries(inputs)) {
      const children: Context[] = [];
      const project = (child: Context) => {
        children.push(child);
        return input();
      };
      const stream = of(1).pipe(operator(background(), project), toArray());
      expect(await firstValueFrom(stream))
        .withContext(kind)
        .toEqual(['x']);
      expect(children[0]?.err).withContext(kind).toBeInstanceOf(CanceledError);
    }
  });

  it('errors when the projection throws or returns nothing to subscribe to, and cancels the child', () => {
    const project = (fail: () => Observable<never>) => {
      const [ctx] = withCancel(background());
      const source = new Subject<number>();
      const seen: unknown[] = [];
      let child: Context | undefined;
      const stream = source.pipe(
        operator(ctx, (given) => {
          child = given;
          return fail();
        }),
      );
      stream.subscribe({ error: (error: unknown) => seen.push(error) });
      expect(() => {
        source.next(1);
      }).not.toThrow();
      expect(source.observed).toBeFalse();
      expect(child?.err).toBeInstanceOf(CanceledError);
      expect(ctx.err).toBeUndefined();
      expect(listenerCount(ctx)).toBe(0);
      return seen;
    };
    const broken = new Error('broken');
    const throwing = () => {
      throw broken;
    };
    expect(project(throwing)).toEqual([broken]);
    expect(project(() => undefined as never)).toEqual([jasmine.any(TypeError)]);
  });

  it('errors once when the projection cancels ctx', () => {
    const [ctx, cancel] = withCancel(background());
    const seen: unknown[] = [];
    const project = (_: Context, value: number) => {
      if (value === 2) cancel();
      return of(value);
    };
    range(1, 1000)
      .pipe(operator(ctx, project))
      .subscribe({ next: (value) => seen.push(value), error: (err: unknown) => seen.push(err) });
    expect(seen).toEqual([1, ctx.err]);
    expect(listenerCount(ctx)).toBe(0);
  });

  it('leaves nothing on ctx, however the stream ends', () => {
    expectNothingLeft((ctx, source) => source.pipe(operator(ctx, () => source)));
    expectNothingLeft((ctx, source) => source.pipe(operator(ctx, (child) => (child.signal.aborted ? EMPTY : source))));
    expectNothingLeft((ctx, source) => source.pipe(operator(ctx, () => EMPTY)));
  });

  it('leaves nothing on ctx for a subscriber who has left already, and does not subscribe to the source', () => {
    expectNothingLeftByAbsent((ctx, source) => source.pipe(operator(ctx, () => source)));
    expectNothingLeftByAbsent((ctx) => of(1).pipe(operator(ctx, () => NEVER)));
  });

  it('refuses what is no context', () => {
    expectRefused(`${operator.name}: ctx must be a Context`, notContexts, (got, _, source) =>
      source.pipe(operator(got, () => EMPTY)),
    );
  });

  it('refuses what is no projection', () => {
    const wrong = [missing, ...notFunctions];
    expectRefused(`${operator.name}: project must be a function`, wrong, (got, ctx, source) =>
      source.pipe(operator(ctx, got)),
    );
  });
}
