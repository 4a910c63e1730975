// Uses every kind of context and every operator before anything is measured, and keeps one of each. In a program that does
// all of it, a call site inside the library or RxJS sees several classes of objects; in a benchmark that does one thing it
// would see one, and be compiled to code that no program of any size runs.
import {
  EMPTY,
  NEVER,
  Subject,
  asapScheduler,
  concatMap,
  defer,
  exhaustMap,
  finalize,
  from,
  fromEvent,
  map,
  mergeMap,
  of,
  switchMap,
  takeUntil,
  throwError,
  timeout,
} from 'rxjs';
import type { Observable } from 'rxjs';
import {
  afterFunc,
  background,
  concatMapCtx,
  contextKey,
  ctxValue,
  exhaustMapCtx,
  mergeMapCtx,
  switchMapCtx,
  takeUntilCtx,
  throwOnCtx,
  usingCtx,
  withCancel,
  withCancelOn,
  withDeadlineCtx,
  withScheduler,
  withTimeout,
  withTimeoutCtx,
  withValue,
  withoutCancel,
} from 'rxjs-ctx';
import type { CancelFunc, Context } from 'rxjs-ctx';
import { keep } from './harness.js';

const hour = 3_600_000;
const key = contextKey<number>('warm-up');
const observer = { next: keep, error: keep, complete: () => keep(undefined) };

/** One of each, for as long as the process lives: V8 forgets what it learnt of a class when the last object is gone. */
const alive: unknown[] = [];

export function useEverything(): void {
  for (let round = 0; round < 50; round++) useOnce(round);
  alive.push(useOnce(0));
}

function useOnce(round: number): unknown {
  const used: unknown[] = [];
  const signal = new AbortController();
  const done = new Subject<number>();
  const [root, cancelRoot] = withCancel(background());
  const parents: Context[] = [
    background(),
    root,
    withTimeout(root, hour)[0],
    withValue(root, key, round),
    withoutCancel(root),
    withScheduler(root, asapScheduler),
    withCancelOn(root, signal.signal)[0],
    withCancelOn(root, done)[0],
    foreign(root),
  ];
  for (const parent of parents) {
    const derived: [Context, CancelFunc][] = [
      withCancel(parent),
      withTimeout(parent, hour),
      withCancelOn(parent, root),
    ];
    for (const [ctx, cancel] of derived) {
      const leave = useContext(ctx);
      if (round % 2 === 0) cancel(round % 4 === 0 ? undefined : round);
      leave();
      keep(ctx.err);
      used.push(ctx);
    }
  }
  cancelRoot();
  for (const parent of parents) keep([parent.err, parent.cause, withCancel(parent)]);
  useRx(signal.signal, done);
  done.next(1);
  signal.abort();
  used.push(parents);
  return used;
}

function useContext(ctx: Context): () => void {
  keep([ctx.deadline, ctx.err, ctx.value(key), ctx.value(contextKey<string>('other'))]);
  const source = new Subject<number>();
  const subscriptions = [
    ctx.done$,
    source.pipe(takeUntilCtx(ctx)),
    source.pipe(throwOnCtx(ctx)),
    source.pipe(withTimeoutCtx(ctx, hour)),
    source.pipe(withDeadlineCtx(ctx, Date.now() + hour)),
    source.pipe(ctxValue(ctx, key)),
    source.pipe(switchMapCtx(ctx, inner)),
    source.pipe(mergeMapCtx(ctx, inner)),
    source.pipe(concatMapCtx(ctx, inner)),
    source.pipe(exhaustMapCtx(ctx, inner)),
    usingCtx(ctx, () => NEVER),
    usingCtx(ctx, () => of(1)),
    usingCtx(ctx, () => throwError(() => new Error('warm-up'))),
  ].map((observable: Observable<unknown>) => observable.subscribe(observer));
  const stop = afterFunc(ctx, () => keep(ctx));
  for (let i = 0; i < 5; i++) source.next(i);
  for (const subscription of subscriptions.slice(6)) subscription.unsubscribe();
  keep(ctx.signal);
  return () => {
    for (const subscription of subscriptions) subscription.unsubscribe();
    stop();
  };
}

function useRx(signal: AbortSignal, done: Observable<unknown>): void {
  const source = new Subject<number>();
  const subscriptions = [
    source.pipe(takeUntil(done)),
    source.pipe(takeUntil(fromEvent(signal, 'abort'))),
    source.pipe(timeout(hour)),
    source.pipe(map((value) => value)),
    source.pipe(switchMap((value) => plainInner(value))),
    source.pipe(mergeMap((value) => plainInner(value))),
    source.pipe(concatMap((value) => plainInner(value))),
    source.pipe(exhaustMap((value) => plainInner(value))),
    defer(() => from([1, 2])).pipe(finalize(() => keep(source))),
  ].map((observable: Observable<unknown>) => observable.subscribe(observer));
  for (let i = 0; i < 5; i++) source.next(i);
  for (const subscription of subscriptions.slice(1)) subscription.unsubscribe();
}

function inner(ctx: Context, value: number): Observable<number> {
  return value % 3 === 0 ? EMPTY : value % 3 === 1 ? of(value) : NEVER.pipe(takeUntilCtx(ctx));
}

function plainInner(value: number): Observable<number> {
  return defer(() => (value % 2 === 0 ? of(value) : NEVER)).pipe(finalize(() => keep(value)));
}

/** A wrapper, as a test or another copy of the library would hand in. */
function foreign(ctx: Context): Context {
  return {
    get deadline() {
      return ctx.deadline;
    },
    get done$() {
      return ctx.done$;
    },
    get err() {
      return ctx.err;
    },
    get cause() {
      return ctx.cause;
    },
    get signal() {
      return ctx.signal;
    },
    value: (k) => ctx.value(k),
  };
}
