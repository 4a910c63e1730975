// What an operator adds to a stream: when it is subscribed to and unsubscribed from, for each value, for each inner stream.
import {
  EMPTY,
  NEVER,
  Observable,
  Subject,
  Subscription,
  asyncScheduler,
  concatMap,
  defer,
  exhaustMap,
  finalize,
  fromEvent,
  map,
  mergeMap,
  of,
  switchMap,
  takeUntil,
  timeout,
  timer,
} from 'rxjs';
import type { MonoTypeOperatorFunction, OperatorFunction } from 'rxjs';
import {
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
  withDeadlineCtx,
  withTimeoutCtx,
  withValue,
} from 'rxjs-ctx';
import type { Context } from 'rxjs-ctx';
import { keep, ours, timed } from './harness.js';
import type { Loop, Row } from './harness.js';

const hour = 3_600_000;
const key = contextKey<number>('user');
const observer = { next: keep, error: keep, complete: () => keep(undefined) };

function someContext(): Context {
  return withCancel(withValue(background(), key, 1))[0];
}

/** Subscribes and unsubscribes. */
function visits(make: () => Observable<unknown>): () => Loop {
  return () => {
    const observable = make();
    return (ops) => {
      let subscription = Subscription.EMPTY;
      for (let i = 0; i < ops; i++) {
        subscription = observable.subscribe(observer);
        subscription.unsubscribe();
      }
      keep(subscription);
    };
  };
}

/** The value goes through while one subscription lasts. */
function values(make: () => OperatorFunction<number, unknown>): () => Loop {
  return () => {
    const source = new Subject<number>();
    source.pipe(make()).subscribe(observer);
    return (ops) => {
      for (let i = 0; i < ops; i++) source.next(i);
    };
  };
}

const untilSubject = (): MonoTypeOperatorFunction<unknown> => takeUntil(new Subject());
const untilAborted = (): MonoTypeOperatorFunction<unknown> =>
  takeUntil(fromEvent(new AbortController().signal, 'abort'));
const same = <T>(value: T): T => value;
const nothing = (): void => {
  keep(undefined);
};

/** As it is written without a context: something to clean up for each inner stream. */
const plain = (make: () => Observable<number>) => (): Observable<number> => defer(make).pipe(finalize(nothing));

const one = of(1);
const ends = (): Observable<number> => one;
const lasts = (): Observable<number> => NEVER;
const isEmpty = (): Observable<number> => EMPTY;

/** The least that an operator needs which mirrors its source and has something to take back: all of it is RxJS. */
function withTeardown(source: () => Observable<number>): Observable<number> {
  return new Observable((subscriber) => {
    subscriber.add(new Teardown(subscriber));
    source().subscribe(subscriber);
  });
}

/** Whom it would end, and nothing done about it. */
class Teardown {
  constructor(readonly subscriber: unknown) {}

  unsubscribe(): void {
    nothing();
  }
}

/** The same with a timer, set for an instant. */
function withTimer(source: () => Observable<number>): Observable<number> {
  return new Observable((subscriber) => {
    keep(asyncScheduler.now());
    subscriber.add(asyncScheduler.schedule(nothing, hour));
    source().subscribe(subscriber);
  });
}

export default [
  timed('takeUntilCtx: subscribe + unsubscribe', {
    [ours]: visits(() => NEVER.pipe(takeUntilCtx(someContext()))),
    'takeUntil(subject)': visits(() => NEVER.pipe(untilSubject())),
    "takeUntil(fromEvent(signal, 'abort'))": visits(() => NEVER.pipe(untilAborted())),
    'floor: an Observable with a teardown': visits(() => withTeardown(lasts)),
    'no operator': visits(() => NEVER),
  }),
  timed('throwOnCtx: subscribe + unsubscribe', {
    [ours]: visits(() => NEVER.pipe(throwOnCtx(someContext()))),
    'takeUntil(subject)': visits(() => NEVER.pipe(untilSubject())),
  }),
  timed('withTimeoutCtx: subscribe + unsubscribe', {
    [ours]: visits(() => NEVER.pipe(withTimeoutCtx(someContext(), hour))),
    timeout: visits(() => NEVER.pipe(timeout(hour))),
    'floor: an Observable with a timer, the clock read once': visits(() => withTimer(lasts)),
    'takeUntil(timer)': visits(() => NEVER.pipe(takeUntil(timer(hour)))),
  }),
  timed('withDeadlineCtx: subscribe + unsubscribe', {
    [ours]: visits(() => NEVER.pipe(withDeadlineCtx(someContext(), Date.now() + hour))),
    'timeout({ first: date })': visits(() => NEVER.pipe(timeout({ first: new Date(Date.now() + hour) }))),
  }),
  timed('ctxValue: subscribe + unsubscribe', {
    [ours]: visits(() => NEVER.pipe(ctxValue(someContext(), key))),
    'map + takeUntil(subject)': visits(() => NEVER.pipe(map(same), untilSubject())),
  }),
  timed('usingCtx: subscribe + unsubscribe', {
    [ours]: visits(() => usingCtx(someContext(), lasts)),
    'defer + finalize': visits(plain(lasts)),
    'floor: an Observable with a teardown': visits(() => withTeardown(lasts)),
    'defer + finalize + takeUntil(subject)': visits(() => plain(lasts)().pipe(untilSubject())),
  }),
  timed('usingCtx: subscribe, one value, completion', {
    [ours]: visits(() => usingCtx(someContext(), ends)),
    'defer + finalize': visits(plain(ends)),
  }),
  timed('switchMapCtx: an inner stream that is superseded', {
    [ours]: values(() => switchMapCtx(someContext(), lasts)),
    'switchMap + defer + finalize': values(() => switchMap(plain(lasts))),
    'switchMap + defer + finalize + takeUntil(subject)': values(() => {
      const done = new Subject();
      return switchMap(() => plain(lasts)().pipe(takeUntil(done)));
    }),
    switchMap: values(() => switchMap(lasts)),
  }),
  timed('switchMapCtx: an inner stream of one value', {
    [ours]: values(() => switchMapCtx(someContext(), ends)),
    'switchMap + defer + finalize': values(() => switchMap(plain(ends))),
    switchMap: values(() => switchMap(ends)),
  }),
  timed('mergeMapCtx: an inner stream of one value', {
    [ours]: values(() => mergeMapCtx(someContext(), ends)),
    'mergeMap + defer + finalize': values(() => mergeMap(plain(ends))),
    mergeMap: values(() => mergeMap(ends)),
  }),
  timed('concatMapCtx: an inner stream of one value', {
    [ours]: values(() => concatMapCtx(someContext(), ends)),
    'concatMap + defer + finalize': values(() => concatMap(plain(ends))),
    concatMap: values(() => concatMap(ends)),
  }),
  timed('exhaustMapCtx: an inner stream of one value', {
    [ours]: values(() => exhaustMapCtx(someContext(), ends)),
    'exhaustMap + defer + finalize': values(() => exhaustMap(plain(ends))),
    exhaustMap: values(() => exhaustMap(ends)),
  }),
  timed('switchMapCtx: subscribe + unsubscribe', {
    [ours]: visits(() => NEVER.pipe(switchMapCtx(someContext(), isEmpty))),
    'switchMap + takeUntil(subject)': visits(() => NEVER.pipe(switchMap(isEmpty), untilSubject())),
  }),
  timed('mergeMapCtx: subscribe + unsubscribe', {
    [ours]: visits(() => NEVER.pipe(mergeMapCtx(someContext(), isEmpty))),
    'mergeMap + takeUntil(subject)': visits(() => NEVER.pipe(mergeMap(isEmpty), untilSubject())),
  }),
  timed('concatMapCtx: subscribe + unsubscribe', {
    [ours]: visits(() => NEVER.pipe(concatMapCtx(someContext(), isEmpty))),
    'concatMap + takeUntil(subject)': visits(() => NEVER.pipe(concatMap(isEmpty), untilSubject())),
  }),
  timed('exhaustMapCtx: subscribe + unsubscribe', {
    [ours]: visits(() => NEVER.pipe(exhaustMapCtx(someContext(), isEmpty))),
    'exhaustMap + takeUntil(subject)': visits(() => NEVER.pipe(exhaustMap(isEmpty), untilSubject())),
  }),
  timed('takeUntilCtx: a value', {
    [ours]: values(() => takeUntilCtx(someContext())),
    'takeUntil(NEVER)': values(() => takeUntil(NEVER)),
  }),
  timed('throwOnCtx: a value', {
    [ours]: values(() => throwOnCtx(someContext())),
    'takeUntil(NEVER)': values(() => takeUntil(NEVER)),
  }),
  timed('withTimeoutCtx: a value', {
    [ours]: values(() => withTimeoutCtx(someContext(), hour)),
    'timeout({ first })': values(() => timeout({ first: hour })),
    'takeUntil(timer)': values(() => takeUntil(timer(hour))),
  }),
  timed('ctxValue: a value', {
    [ours]: values(() => ctxValue(someContext(), key)),
    map: values(() => map((value) => [value, 1])),
  }),
] satisfies Row[];
