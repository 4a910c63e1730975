// In random cases (RXJS_CTX_HISTORIES / 10 of them, see helpers/runs.ts) the operators do what RxJS's own do.
import fc from 'fast-check';
import {
  Observable,
  ReplaySubject,
  catchError,
  concatMap,
  defer,
  exhaustMap,
  ignoreElements,
  map,
  merge,
  mergeMap,
  of,
  switchMap,
  takeUntil,
  throwError,
  timeout,
  timer,
  using,
} from 'rxjs';
import type { MonoTypeOperatorFunction, OperatorFunction } from 'rxjs';
import {
  DeadlineExceededError,
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
  withTimeout,
  withTimeoutCtx,
  withValue,
} from '../../lib/index.js';
import type { Context } from '../../lib/index.js';
import { listenerCount } from '../../lib/testing/index.js';
import { cases, check, expectAlike, expectSame } from '../helpers/differential.js';
import type { Work } from '../helpers/differential.js';

const user = contextKey<string>('user');

describe('operators against RxJS, with random sources and cancellations', () => {
  it('takeUntilCtx is takeUntil', () => {
    expectAlike(
      ({ ctx }) => takeUntilCtx(ctx),
      ({ canceled$ }) => takeUntil(canceled$),
    );
  });

  it('takeUntilCtx with a deadline is takeUntil with a timer', () => {
    expectAlike(
      ({ ctx, n }) => takeUntilCtx(withTimeout(ctx, n)[0]),
      ({ canceled$, n, now }) =>
        takeUntil(
          merge(
            canceled$,
            defer(() => (now() < n ? timer(n - now()) : of(0))),
          ),
        ),
    );
  });

  it('throwOnCtx is takeUntil with a notifier that errors', () => {
    expectAlike(
      ({ ctx }) => throwOnCtx(ctx),
      ({ failed$ }) => takeUntil(failed$),
    );
  });

  it('ctxValue is map, until ctx is done', () => {
    expectAlike(
      ({ ctx }) => ctxValue(withValue(ctx, user, 'Ann'), user, (value, name, index) => `${value}${name!}${index}`),
      ({ failed$ }) =>
        until(
          failed$,
          map((value, index) => `${value}Ann${index}`),
        ),
    );
  });

  describe('(with a time limit)', () => {
    it('withTimeoutCtx is takeUntil with a timer that errors', () => {
      expectAlike(
        ({ ctx, n }) => withTimeoutCtx(ctx, n),
        (work) => takeUntil(defer(() => limit(work, work.now() + work.n))),
      );
    });

    // RxJS subscribes to the source before it arms its timer: for that to come first in a tie, it is a little earlier there.
    it('withTimeoutCtx is timeout, where the source has nothing to say but its end', () => {
      const quiet = ignoreElements() as MonoTypeOperatorFunction<string>;
      expectAlike(
        ({ ctx, n }) =>
          (source) =>
            source.pipe(quiet, withTimeoutCtx(ctx, n)),
        ({ n, failed$ }) =>
          (source) =>
            source.pipe(
              quiet,
              timeout({ first: n - 1 / 4, with: () => throwError(() => new DeadlineExceededError()) }),
              takeUntil(failed$),
            ),
        cases.map((one) => ({ ...one, hot: false })),
      );
    });

    it('withDeadlineCtx is takeUntil with a timer that errors at a fixed time', () => {
      expectAlike(
        ({ ctx, n }) => withDeadlineCtx(ctx, n),
        (work) => takeUntil(defer(() => limit(work, work.n))),
      );
    });

    it('usingCtx is using, with a context that lives as long', () => {
      expectAlike(
        ({ ctx, n, watch }) =>
          (source) =>
            usingCtx(ctx, (child) => (watch(child, 's'), source), { timeoutMs: n }),
        (work) => (source) =>
          using(
            () => ({ unsubscribe() {} }),
            () => source.pipe(takeUntil(limit(work, work.now() + work.n))),
          ),
      );
    });
  });

  describe('(flattening)', () => {
    it('switchMapCtx is switchMap, until ctx is done', () => {
      expectAlike(
        (work) => switchMapCtx(work.ctx, project(work)),
        (work) => until(work.failed$, switchMap(projectWithoutCtx(work))),
      );
    });

    it('mergeMapCtx is mergeMap, until ctx is done', () => {
      const concurrent = ({ n }: Work) => (n > 4 ? Infinity : n);
      expectAlike(
        (work) => mergeMapCtx(work.ctx, project(work), concurrent(work)),
        (work) => until(work.failed$, mergeMap(projectWithoutCtx(work), concurrent(work))),
      );
    });

    it('concatMapCtx is concatMap, until ctx is done', () => {
      expectAlike(
        (work) => concatMapCtx(work.ctx, project(work)),
        (work) => until(work.failed$, concatMap(projectWithoutCtx(work))),
      );
    });

    it('exhaustMapCtx is exhaustMap, until ctx is done', () => {
      expectAlike(
        (work) => exhaustMapCtx(work.ctx, project(work)),
        (work) => until(work.failed$, exhaustMap(projectWithoutCtx(work))),
      );
    });
  });

  describe('(a source that emits synchronously)', () => {
    const twice = (n: number) => of(n, n);
    type Pair = [
      ours: (ctx: Context) => OperatorFunction<number, number>,
      theirs: (failed$: Observable<never>) => OperatorFunction<number, number>,
    ];
    const pairs: Record<string, Pair> = {
      takeUntilCtx: [takeUntilCtx, (failed$) => takeUntil(failed$.pipe(catchError(() => of(0))))],
      throwOnCtx: [throwOnCtx, takeUntil],
      withTimeoutCtx: [(ctx) => withTimeoutCtx(ctx, 1e6), takeUntil],
      withDeadlineCtx: [(ctx) => withDeadlineCtx(ctx, 1e15), takeUntil],
      usingCtx: [(ctx) => (source) => usingCtx(ctx, () => source), takeUntil],
      ctxValue: [(ctx) => ctxValue(ctx, user, (n) => n), takeUntil],
      mergeMapCtx: [
        (ctx) => mergeMapCtx(ctx, (_, n: number) => twice(n)),
        (failed$) => until(failed$, mergeMap(twice)),
      ],
      concatMapCtx: [
        (ctx) => concatMapCtx(ctx, (_, n: number) => twice(n)),
        (failed$) => until(failed$, concatMap(twice)),
      ],
      switchMapCtx: [
        (ctx) => switchMapCtx(ctx, (_, n: number) => twice(n)),
        (failed$) => until(failed$, switchMap(twice)),
      ],
      exhaustMapCtx: [
        (ctx) => exhaustMapCtx(ctx, (_, n: number) => twice(n)),
        (failed$) => until(failed$, exhaustMap(twice)),
      ],
    };

    /** Emits up to `length` numbers; ctx is canceled before the number `at`, or inside `next` of the number `inNext`. */
    const logOf = (
      { length, at, inNext, ends }: { length: number; at: number; inNext: number; ends: boolean },
      operate: (ctx: Context, failed$: Observable<never>) => OperatorFunction<number, number>,
    ) => {
      const [ctx, cancel] = withCancel(background());
      const failed$ = new ReplaySubject<never>(1);
      const stop = () => {
        cancel();
        failed$.error(ctx.err);
      };
      const log: string[] = [];
      const source = new Observable<number>((subscriber) => {
        for (let n = 0; n < length; n++) {
          if (n === at) stop();
          log.push(`emit ${n}, closed ${subscriber.closed}`);
          subscriber.next(n);
        }
        if (ends) subscriber.complete();
        return () => log.push('let go');
      });
      const subscription = source.pipe(operate(ctx, failed$)).subscribe({
        next: (n) => {
          log.push(`next ${n}`);
          if (n === inNext) stop();
        },
        error: (error: unknown) => log.push(`error ${String(error)}`),
        complete: () => log.push('complete'),
      });
      log.push(`closed ${subscription.closed}`);
      subscription.unsubscribe();
      expectSame('listeners left', [listenerCount(ctx)], [0]);
      return log;
    };

    for (const [name, [ours, theirs]] of Object.entries(pairs)) {
      it(`is stopped by ${name} where RxJS stops it`, () => {
        const runs = fc.record({ length: fc.nat(8), at: fc.nat(6), inNext: fc.nat(8), ends: fc.boolean() });
        check(runs, (one) => {
          const wanted = logOf(one, (_, failed$) => theirs(failed$));
          expectSame('notifications', logOf(one, ours), wanted);
        });
      });
    }
  });
});

/** RxJS's operator, until ctx is done. */
function until<T, R>(failed$: Observable<never>, operator: OperatorFunction<T, R>): OperatorFunction<T, R> {
  return (source) => source.pipe(operator, takeUntil(failed$));
}

/** Errors when ctx is canceled or the time has come, whichever is first. */
function limit({ failed$, now }: Work, at: number): Observable<never> {
  const exceeded = () => new DeadlineExceededError();
  const expired$ = now() < at ? timer(at - now()).pipe(mergeMap(() => throwError(exceeded))) : throwError(exceeded);
  // In one and the same millisecond the deadline is first.
  const canceled$ = failed$.pipe(catchError((err: unknown) => throwError(() => (now() < at ? err : exceeded()))));
  return merge(now() < at ? canceled$ : failed$, expired$);
}

function project(work: Work): (child: Context, value: string, index: number) => Observable<string> {
  return (child, value, index) => {
    work.watch(child, value);
    return projectWithoutCtx(work)(value, index);
  };
}

function projectWithoutCtx({ note, inner }: Work): (value: string, index: number) => Observable<string> {
  return (value, index) => {
    note(`project ${value} ${index}`);
    return inner(value);
  };
}
