// Operators of RxJS around ours, in the combinations that people write.
import {
  EMPTY,
  NEVER,
  Subject,
  catchError,
  combineLatest,
  concat,
  defer,
  endWith,
  finalize,
  forkJoin,
  ignoreElements,
  map,
  merge,
  mergeMap,
  of,
  race,
  repeat,
  retry,
  share,
  shareReplay,
  switchMap,
  takeUntil,
  throwError,
  timer,
  toArray,
} from 'rxjs';
import {
  background,
  isCanceled,
  isDeadlineExceeded,
  remaining,
  switchMapCtx,
  takeUntilCtx,
  throwOnCtx,
  usingCtx,
  withCancel,
  withTimeout,
  withTimeoutCtx,
} from '../../lib/index.js';
import type { Context } from '../../lib/index.js';
import { listenerCount } from '../../lib/testing/index.js';
import { canceled, drawLife, exceeded, run } from '../helpers/operators.js';

describe('takeUntil(ctx.done$)', () => {
  it('does what takeUntilCtx does', () => {
    run((t) => {
      for (const marble of ['c', 'd']) {
        const source = t.cold('--a--b--c--d--|');
        const ctx = t.ctx(`    -------${marble}`);
        const result = '       --a--b-|';
        const subs = '         ^------!';

        t.expectObservable(source.pipe(takeUntil(ctx.done$))).toBe(result);
        t.expectObservable(source.pipe(takeUntilCtx(ctx))).toBe(result);
        t.expectSubscriptions(source.subscriptions).toBe([subs, subs]);
      }
    });
  });

  it('completes at once under a context that is done, and does not subscribe', () => {
    run((t) => {
      const source = t.cold('--a--|');
      const result = '       |';

      t.expectObservable(source.pipe(takeUntil(t.ctx('d').done$))).toBe(result);
      t.expectSubscriptions(source.subscriptions).toBe([]);
    });
  });

  it('mirrors under a context that cannot end', () => {
    run((t) => {
      const source = t.cold('--a--b--|');
      const result = '       --a--b--|';

      t.expectObservable(source.pipe(takeUntil(background().done$))).toBe(result);
    });
  });

  it('leaves no listener when the source ends first, or nobody is subscribed any more', () => {
    const [ctx] = withCancel(background());
    const source$ = new Subject<number>();
    const subscription = NEVER.pipe(takeUntil(ctx.done$)).subscribe();
    source$.pipe(takeUntil(ctx.done$)).subscribe();
    expect(listenerCount(ctx)).toBe(2);
    source$.complete();
    subscription.unsubscribe();
    expect(listenerCount(ctx)).toBe(0);
  });

  it('ends a stream with what the context tells: switchMap to an error', () => {
    run((t) => {
      const source = t.cold('--a--b--c--|');
      const ctx = t.ctx('    ------d');
      const result = '       --a--b#';
      const fails$ = ctx.done$.pipe(switchMap((err) => throwError(() => err)));

      t.expectObservable(merge(source, fails$)).toBe(result, undefined, exceeded);
      t.expectObservable(source.pipe(throwOnCtx(ctx))).toBe(result, undefined, exceeded);
    });
  });
});

describe('race', () => {
  it('lets the context go for the loser', () => {
    run((t) => {
      const slow = t.cold('  -----a-|');
      const fast = t.cold('  --x--y--z|');
      const result = '       --x--y--z|';
      const [ctx] = withCancel(background());

      t.expectObservable(race(slow.pipe(throwOnCtx(ctx)), fast.pipe(takeUntilCtx(ctx)))).toBe(result);
      t.expectSubscriptions(slow.subscriptions).toBe('^-!');
      t.cold('---x').subscribe(() => expect(listenerCount(ctx)).toBe(1));
      t.flush();
      expect(listenerCount(ctx)).toBe(0);
    });
  });

  it('cancels the child of the loser', () => {
    run((t) => {
      const slow = t.cold('  -----a|');
      const fast = t.cold('  --x-|');
      const result = '       --x-|';
      const life = t.cold('  ');
      const lives = ['        ^-!', '^---!'];

      const load = (work: typeof slow) =>
        usingCtx(background(), (ctx) => {
          drawLife(ctx, life);
          return work;
        });
      t.expectObservable(race(load(slow), load(fast))).toBe(result);
      t.expectSubscriptions(life.subscriptions).toBe(lives);
    });
  });

  it('is won by the context that is done first', () => {
    run((t) => {
      const source = t.cold('-----a|');
      const ctx = t.ctx('    ---c');
      const result = '       ---#';

      t.expectObservable(race(source.pipe(throwOnCtx(ctx)), source)).toBe(result, undefined, canceled);
      t.expectSubscriptions(source.subscriptions).toBe(['^--!', '^--!']);
    });
  });
});

describe('merge', () => {
  it('completes when all of its sources did so with the context', () => {
    run((t) => {
      const first = t.cold(' -a---a---a');
      const second = t.cold('---b---b---b');
      const ctx = t.ctx('    ------c');
      const result = '       -a-b-a|';
      const subs = '         ^-----!';

      t.expectObservable(merge(first.pipe(takeUntilCtx(ctx)), second.pipe(takeUntilCtx(ctx)))).toBe(result);
      t.expectObservable(merge(first, second).pipe(takeUntilCtx(ctx))).toBe(result);
      t.expectSubscriptions(first.subscriptions).toBe([subs, subs]);
      t.expectSubscriptions(second.subscriptions).toBe([subs, subs]);
    });
  });

  it('errors with the first of several contexts that is done, and lets the others go', () => {
    run((t) => {
      const first = t.cold(' -a---a---a');
      const second = t.cold('---b---b---b');
      const ctx = t.ctx('    ------c');
      const result = '       -a-b-a#';
      const [other] = withCancel(background());

      const both$ = merge(first.pipe(throwOnCtx(other)), second.pipe(throwOnCtx(ctx)));
      t.expectObservable(both$).toBe(result, undefined, canceled);
      t.expectSubscriptions(first.subscriptions).toBe('^-----!');
      t.flush();
      expect(listenerCount(other)).toBe(0);
    });
  });

  it('of several usingCtx ends each by its own limit', () => {
    run((t) => {
      const source = t.cold('-a-a-a-a-a');
      const result = '       -a-a|';
      const limited = (timeoutMs: number) =>
        usingCtx(background(), () => source, { timeoutMs }).pipe(
          catchError((error: unknown) => (isDeadlineExceeded(error) ? EMPTY : throwError(() => error))),
        );

      t.expectObservable(merge(limited(4), limited(2).pipe(ignoreElements()))).toBe(result);
      t.expectSubscriptions(source.subscriptions).toBe(['^---!', '^-!']);
    });
  });
});

describe('share', () => {
  it('behind throwOnCtx holds one listener for all, and none when the last one leaves', () => {
    const [ctx] = withCancel(background());
    const source$ = new Subject<number>();
    const shared$ = source$.pipe(throwOnCtx(ctx), share());
    const subscriptions = [shared$.subscribe(), shared$.subscribe(), shared$.subscribe()];
    expect(listenerCount(ctx)).toBe(1);
    subscriptions[0]!.unsubscribe();
    subscriptions[1]!.unsubscribe();
    expect(listenerCount(ctx)).toBe(1);
    subscriptions[2]!.unsubscribe();
    expect(listenerCount(ctx)).toBe(0);
    expect(source$.observed).toBeFalse();
    shared$.subscribe();
    expect(listenerCount(ctx)).toBe(1);
  });

  it('behind throwOnCtx ends all of its readers with the context', () => {
    run((t) => {
      const source = t.cold('-a-b-c-d-e');
      const ctx = t.ctx('    ------c');
      const early = '        -a-b-c#';
      const late = '         -----c#';
      const subs = '         ^-----!';

      const shared$ = source.pipe(throwOnCtx(ctx), share());
      t.expectObservable(shared$).toBe(early, undefined, canceled);
      t.expectObservable(shared$, '----^').toBe(late, undefined, canceled);
      t.expectObservable(shared$, '--------^').toBe('--------#', undefined, canceled);
      t.expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('before throwOnCtx ends only the reader whose context is done', () => {
    run((t) => {
      const source = t.cold('-a-b-c-d-|');
      const ctx = t.ctx('    ----c');
      const ended = '        -a-b#';
      const whole = '        -a-b-c-d-|';
      const subs = '         ^--------!';

      const shared$ = source.pipe(share());
      t.expectObservable(shared$.pipe(throwOnCtx(ctx))).toBe(ended, undefined, canceled);
      t.expectObservable(shared$.pipe(throwOnCtx(background()))).toBe(whole);
      t.expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('of usingCtx runs the work once, and cancels its child when the last one leaves', () => {
    run((t) => {
      const source = t.cold('-a-b-c-d-e');
      const first = '        ^--!';
      const second = '       --^---!';
      const ends = '         ------c';

      const shared$ = usingCtx(background(), (ctx) => {
        t.expectCtx(ctx).toBe(ends);
        return source;
      }).pipe(share());
      t.expectObservable(shared$, first).toBe(' -a-');
      t.expectObservable(shared$, second).toBe('---b-c');
      t.expectSubscriptions(source.subscriptions).toBe('^-----!');
    });
  });
});

describe('shareReplay({ refCount: true })', () => {
  it('behind takeUntilCtx replays to those who come after the end, without the source', () => {
    run((t) => {
      const source = t.cold('-a-b-c-d-e');
      const ctx = t.ctx('    ----c');
      const early = '        -a-b|';
      const late = '         ------(b|)';
      const subs = '         ^---!';

      const shared$ = source.pipe(takeUntilCtx(ctx), shareReplay({ bufferSize: 1, refCount: true }));
      t.expectObservable(shared$).toBe(early);
      t.expectObservable(shared$, '------^').toBe(late);
      t.expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('behind throwOnCtx errors for those who come after the end, without the source', () => {
    run((t) => {
      const source = t.cold('-a-b-c-d-e');
      const ctx = t.ctx('    ------d');
      const early = '        -a-b-c#';
      const late = '         ----bc#';
      const after = '        --------#';
      const subs = '         ^-----!';

      const shared$ = source.pipe(throwOnCtx(ctx), shareReplay({ bufferSize: 1, refCount: true }));
      t.expectObservable(shared$).toBe(early, undefined, exceeded);
      t.expectObservable(shared$, '----^').toBe(late, undefined, exceeded);
      t.expectObservable(shared$, '--------^').toBe(after, undefined, exceeded);
      t.expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('of usingCtx cancels the child when the last one leaves, and begins anew with the next', () => {
    run((t) => {
      const source = t.cold('-a-b-c-d-e');
      const first = '        ^---!';
      const second = '       --^--!';
      const third = '        -------^-!';
      const life = t.cold('  ');
      const lives = ['        ^----!', '-------^-!'];

      const shared$ = usingCtx(background(), (ctx) => {
        drawLife(ctx, life);
        return source;
      }).pipe(shareReplay({ bufferSize: 1, refCount: true }));
      t.expectObservable(shared$, first).toBe(' -a-b');
      t.expectObservable(shared$, second).toBe('--ab');
      t.expectObservable(shared$, third).toBe(' --------a');
      t.expectSubscriptions(source.subscriptions).toBe(lives);
      t.expectSubscriptions(life.subscriptions).toBe(lives);
    });
  });
});

describe('retry', () => {
  it('around usingCtx gives each attempt a child of its own, and the one before is canceled', () => {
    run((t) => {
      const source = t.cold('--a#');
      const result = '       --a--a--a#';
      const life = t.cold('  ');
      const lives = ['        ^--!', '---^--!', '------^--!'];

      const work$ = usingCtx(background(), (ctx) => {
        drawLife(ctx, life);
        return source;
      });
      t.expectObservable(work$.pipe(retry(2))).toBe(result);
      t.expectSubscriptions(source.subscriptions).toBe(lives);
      t.expectSubscriptions(life.subscriptions).toBe(lives);
    });
  });

  it('around withTimeoutCtx gives each attempt its own limit', () => {
    run((t) => {
      const source = t.cold('-a----b|');
      const result = '       -a--a--a-#';
      const subs = ['         ^--!', '---^--!', '------^--!'];

      t.expectObservable(source.pipe(withTimeoutCtx(background(), 3), retry(2))).toBe(result, undefined, exceeded);
      t.expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('before throwOnCtx stops in mid-attempt and in mid-pause', () => {
    run((t) => {
      const source = t.cold('-a#');
      const during = t.ctx(' ------c');
      const between = t.ctx('--------c');
      const results = ['      -a----#', '-a----a-#'];
      const subs = ['         ^-!', '^-!', '-----^!', '-----^-!'];

      const endless$ = source.pipe(retry({ delay: 3 }));
      t.expectObservable(endless$.pipe(throwOnCtx(during))).toBe(results[0]!, undefined, canceled);
      t.expectObservable(endless$.pipe(throwOnCtx(between))).toBe(results[1]!, undefined, canceled);
      t.expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('behind throwOnCtx tries in vain, and never subscribes to the source again', () => {
    run((t) => {
      const source = t.cold('-a-a-a-a');
      const ctx = t.ctx('    ----c');
      const result = '       -a-a#';
      const subs = '         ^---!';

      t.expectObservable(source.pipe(throwOnCtx(ctx), retry(3))).toBe(result, undefined, canceled);
      t.expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('with backoff goes on while the context has time for the pause', () => {
    run((t) => {
      const busy = new Error('busy');
      const source = t.cold('-#', undefined, busy);
      const ctx = t.ctx('    ----------d');
      const result = '       ------#';
      const subs = ['         ^!', '--^!', '-----^!'];

      const backoff = (error: unknown, attempt: number) => {
        const pauseMs = 2 ** (attempt - 1);
        return remaining(ctx) > pauseMs ? timer(pauseMs) : throwError(() => error);
      };
      const work$ = usingCtx(ctx, () => source).pipe(retry({ delay: backoff }));
      t.expectObservable(work$).toBe(result, undefined, busy);
      t.expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('that asks for the kind of error tries again after a timeout, and not after a cancellation', () => {
    run((t) => {
      const source = t.cold('-a--------');
      const ctx = t.ctx('    -------c');
      const result = '       -a--a--#';
      const subs = ['         ^--!', '---^--!', '------^!'];

      const again = (error: unknown) => (isDeadlineExceeded(error) ? of(0) : throwError(() => error));
      t.expectObservable(source.pipe(withTimeoutCtx(ctx, 3), retry({ delay: again }))).toBe(
        result,
        undefined,
        canceled,
      );
      t.expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });
});

describe('repeat', () => {
  it('around usingCtx gives each round a child of its own', () => {
    run((t) => {
      const source = t.cold('-a|');
      const result = '       -a-a-a|';
      const life = t.cold('  ');
      const lives = ['        ^-!', '--^-!', '----^-!'];

      const work$ = usingCtx(background(), (ctx) => {
        drawLife(ctx, life);
        return source;
      });
      t.expectObservable(work$.pipe(repeat(3))).toBe(result);
      t.expectSubscriptions(life.subscriptions).toBe(lives);
    });
  });

  it('before takeUntilCtx polls until the context is done', () => {
    run((t) => {
      const source = t.cold('-a|');
      const ctx = t.ctx('    -----------c');
      const result = '       -a----a----|';
      const subs = ['         ^-!', '-----^-!', '----------^!'];

      t.expectObservable(source.pipe(repeat({ delay: 3 }), takeUntilCtx(ctx))).toBe(result);
      t.expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('behind takeUntilCtx completes without the source once the context is done', () => {
    run((t) => {
      const source = t.cold('-a-b-c');
      const ctx = t.ctx('    ----c');
      const result = '       -a-b|';
      const subs = '         ^---!';

      t.expectObservable(source.pipe(takeUntilCtx(ctx), repeat(3))).toBe(result);
      t.expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });
});

describe('defer', () => {
  it('gives each subscription a limit of its own, which finalize takes back', () => {
    run((t) => {
      const source = t.cold('-a-b-c-d|');
      const parent = t.ctx(' --------c');
      const first = '        -a-b#';
      const second = '       ---a-b#';

      const limited$ = defer(() => {
        const [ctx, cancel] = withTimeout(parent, 4);
        return source.pipe(throwOnCtx(ctx), finalize(cancel));
      });
      t.expectObservable(limited$).toBe(first, undefined, exceeded);
      t.expectObservable(limited$, '--^').toBe(second, undefined, exceeded);
      t.expectObservable(limited$, '-----^').toBe('------a-#', undefined, canceled);
      t.expectSubscriptions(source.subscriptions).toBe(['^---!', '--^---!', '-----^--!']);
      t.flush();
      expect(listenerCount(parent)).toBe(0);
    });
  });

  it('derives nothing before somebody subscribes', () => {
    const [parent] = withCancel(background());
    const children: Context[] = [];
    const work$ = defer(() => {
      const [ctx, cancel] = withCancel(parent);
      children.push(ctx);
      return NEVER.pipe(throwOnCtx(ctx), finalize(cancel));
    });
    expect(children).toEqual([]);
    const subscription = work$.subscribe();
    expect(listenerCount(parent)).toBe(1);
    subscription.unsubscribe();
    expect(children.length).toBe(1);
    expect(isCanceled(children[0]!.err)).toBeTrue();
    expect(listenerCount(parent)).toBe(0);
  });
});

describe('catchError', () => {
  it('takes the end of the context for what it is, and hands on other errors', () => {
    run((t) => {
      const broken = new Error('broken');
      const source = t.cold('-a-b-c|');
      const failing = t.cold('-a-#', undefined, broken);
      const ctx = t.ctx('    ----c');
      const result = '       -a-b(x|)';

      const quiet = catchError((error: unknown) => (isCanceled(error) ? of('x') : throwError(() => error)));
      t.expectObservable(source.pipe(throwOnCtx(ctx), quiet)).toBe(result);
      t.expectObservable(failing.pipe(throwOnCtx(ctx), quiet)).toBe('-a-#', undefined, broken);
    });
  });
});

describe('finalize, toArray and endWith', () => {
  it('behind takeUntilCtx act on what came until the context was done', () => {
    run((t) => {
      const source = t.cold('-a-b-c');
      const ctx = t.ctx('    ----c');
      const order: string[] = [];

      t.expectObservable(source.pipe(takeUntilCtx(ctx), toArray())).toBe('----(r|)', { r: ['a', 'b'] });
      t.expectObservable(source.pipe(takeUntilCtx(ctx), endWith('z'))).toBe('-a-b(z|)');
      source
        .pipe(
          takeUntilCtx(ctx),
          finalize(() => order.push('over')),
        )
        .subscribe({ complete: () => order.push('end') });
      t.flush();
      expect(order).toEqual(['end', 'over']);
    });
  });
});

describe('forkJoin, combineLatest and concat', () => {
  it('of streams that throw on the context error with it, and let all of them go', () => {
    run((t) => {
      const first = t.cold(' -a|');
      const second = t.cold('---b---b|');
      const ctx = t.ctx('    -----d');
      const both = [first, second].map((source$) => source$.pipe(throwOnCtx(ctx)));

      t.expectObservable(forkJoin(both)).toBe('-----#', undefined, exceeded);
      t.expectObservable(combineLatest(both).pipe(map((values) => values.join('')))).toBe(
        '---x-#',
        { x: 'ab' },
        exceeded,
      );
      t.expectObservable(concat(...both)).toBe('-a---#', undefined, exceeded);
      t.expectSubscriptions(first.subscriptions).toBe(['^-!', '^-!', '^-!']);
      t.expectSubscriptions(second.subscriptions).toBe(['^----!', '^----!', '--^--!']);
      t.flush();
      expect(listenerCount(ctx)).toBe(0);
    });
  });
});

describe('switchMap and mergeMap', () => {
  it('before takeUntilCtx end with their inner streams', () => {
    run((t) => {
      const source = t.cold('-x---x');
      const inner = t.cold(' -a-a-a-a');
      const ctx = t.ctx('    --------c');

      t.expectObservable(
        source.pipe(
          switchMap(() => inner),
          takeUntilCtx(ctx),
        ),
      ).toBe('--a-a-a-|');
      t.expectSubscriptions(inner.subscriptions).toBe(['-^---!', '-----^--!']);
    });
  });

  it('behind takeUntilCtx do not: the inner streams go on', () => {
    run((t) => {
      const source = t.cold('-x-------');
      const inner = t.cold(' -a-a-a-a|');
      const ctx = t.ctx('    ----c');

      t.expectObservable(
        source.pipe(
          takeUntilCtx(ctx),
          mergeMap(() => inner),
        ),
      ).toBe('--a-a-a-a|');
      t.expectSubscriptions(inner.subscriptions).toBe('-^-------!');
    });
  });
});

describe('the flattening operators within each other', () => {
  it('cancel from the outermost that is superseded down to the innermost', () => {
    run((t) => {
      const outer = t.cold(' -x-----x');
      const middle = t.cold('-y-y');
      const inner = t.cold(' -a-a-a-a-a');
      const result = '       ---a-a---a-a#';
      const ctx = t.ctx('    ------------d');
      const life = t.cold('  ');
      const lives = ['        --^-!', '----^--!', '--------^-!', '----------^-!'];

      const nested$ = outer.pipe(
        switchMapCtx(ctx, (middleCtx) =>
          middle.pipe(
            switchMapCtx(middleCtx, (innerCtx) => {
              drawLife(innerCtx, life);
              return inner;
            }),
          ),
        ),
      );
      t.expectObservable(nested$).toBe(result, undefined, exceeded);
      t.expectSubscriptions(life.subscriptions).toBe(lives);
      t.expectSubscriptions(inner.subscriptions).toBe(lives);
    });
  });
});
