import { NEVER, Observable, of, range } from 'rxjs';
import {
  background,
  contextKey,
  takeUntilCtx,
  withCancel,
  withScheduler,
  withTimeout,
  withValue,
} from '../../lib/index.js';
import { Clock } from '../helpers/clock.js';
import { mock } from '../helpers/foreign.js';
import {
  callAfter,
  canceled,
  expectNothingLeft,
  expectNothingLeftByAbsent,
  expectRefused,
  expectSameSubscriber,
  notContexts,
  run,
} from '../helpers/operators.js';

describe('takeUntilCtx', () => {
  it('mirrors the source until ctx is canceled, then completes', () => {
    run((t) => {
      const source = t.cold('--a--b--c--d--|');
      const ctx = t.ctx('    -------c');
      const result = '       --a--b-|';
      const subs = '         ^------!';

      t.expectObservable(source.pipe(takeUntilCtx(ctx))).toBe(result);
      t.expectSubscriptions(source.subscriptions).toBe(subs);
      t.expectCtx(ctx).toBe('-------c');
    });
  });

  it('completes when the deadline of ctx passes', () => {
    run((t) => {
      const source = t.cold('--a--b--c--d--|');
      const ctx = t.ctx('    -------d');
      const result = '       --a--b-|';
      const subs = '         ^------!';

      t.expectObservable(source.pipe(takeUntilCtx(ctx))).toBe(result);
      t.expectSubscriptions(source.subscriptions).toBe(subs);
      t.expectCtx(ctx).toBe('-------d');
    });
  });

  it('completes at once under a ctx that is done, and does not subscribe to the source', () => {
    run((t) => {
      const source = t.cold('--a--b--|');
      const result = '       |';

      t.expectObservable(source.pipe(takeUntilCtx(t.ctx('c')))).toBe(result);
      t.expectObservable(source.pipe(takeUntilCtx(t.ctx('d')))).toBe(result);
      t.expectObservable(source.pipe(takeUntilCtx(t.ctx('--c'))), '---^').toBe('---|');
      t.expectSubscriptions(source.subscriptions).toBe([]);
    });
  });

  it('completes with a source that completes first', () => {
    run((t) => {
      const source = t.cold('--a--b--|');
      const ctx = t.ctx('    ----------c');
      const result = '       --a--b--|';
      const subs = '         ^-------!';

      t.expectObservable(source.pipe(takeUntilCtx(ctx))).toBe(result);
      t.expectSubscriptions(source.subscriptions).toBe(subs);
      t.expectCtx(ctx).toBe('----------c');
    });
  });

  it('errors with a source that errors first', () => {
    run((t) => {
      const source = t.cold('--a--b--#', undefined, new Error('broken'));
      const ctx = t.ctx('    ----------c');
      const result = '       --a--b--#';
      const subs = '         ^-------!';

      t.expectObservable(source.pipe(takeUntilCtx(ctx))).toBe(result, undefined, new Error('broken'));
      t.expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('unsubscribes from the source when it is unsubscribed early', () => {
    run((t) => {
      const source = t.cold('--a--b--c--d--|');
      const ctx = t.ctx('    -------c');
      const unsub = '        ^---!';
      const result = '       --a--';
      const subs = '         ^---!';

      t.expectObservable(source.pipe(takeUntilCtx(ctx)), unsub).toBe(result);
      t.expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('mirrors a synchronous source', () => {
    run((t) => {
      const ctx = t.ctx('---c');
      const result = '   (abc|)';

      t.expectObservable(of('a', 'b', 'c').pipe(takeUntilCtx(ctx))).toBe(result);
    });
  });

  it('lets go of a source that cancels ctx while it is being subscribed', () => {
    const [ctx, cancel] = withCancel(background());
    const seen: string[] = [];
    const source = new Observable<string>((subscriber) => {
      cancel();
      subscriber.next('late');
      return () => seen.push('let go');
    });
    source.pipe(takeUntilCtx(ctx)).subscribe({ next: (value) => seen.push(value), complete: () => seen.push('over') });
    expect(seen).toEqual(['over', 'let go']);
  });

  it('completes when ctx is canceled from inside next, and no value follows', () => {
    run((t) => {
      const [ctx, cancel] = withCancel(background());
      const source = t.cold('--a--b--c--|');
      const result = '       --a--(b|)';
      const subs = '         ^----!';

      t.expectObservable(source.pipe(takeUntilCtx(ctx), callAfter('b', cancel))).toBe(result);
      t.expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('stops a synchronous source when ctx is canceled from inside next', () => {
    run((t) => {
      const [ctx, cancel] = withCancel(background());
      const source = range(1, 1000);
      const result = '(abc|)';

      t.expectObservable(source.pipe(takeUntilCtx(ctx), callAfter(3, cancel))).toBe(result, { a: 1, b: 2, c: 3 });
    });
  });

  it('completes under every context below the one that is canceled, also one that only carries a value', () => {
    run((t) => {
      const source = t.cold('--a--b--c--|');
      const parent = t.ctx(' -------c');
      const result = '       --a--b-|';

      for (const ctx of [withCancel(parent)[0], withValue(parent, contextKey<string>('user'), 'Ann')]) {
        t.expectObservable(source.pipe(takeUntilCtx(ctx))).toBe(result);
      }
    });
  });

  it('completes at once when the deadline has passed and no timer could tell', () => {
    const clock = new Clock();
    const [ctx] = withTimeout(withScheduler(background(), clock), 7);
    const seen: unknown[] = [];
    clock.jump(7);
    of('late')
      .pipe(takeUntilCtx(ctx))
      .subscribe({ next: (value) => seen.push(value), complete: () => seen.push('over') });
    expect(seen).toEqual(['over']);
    expect(clock.actions.length).toBe(0);
  });

  it('mirrors the source under a context that cannot end', () => {
    run((t) => {
      const source = t.cold('--a--b--|');
      const result = '       --a--b--|';

      t.expectObservable(source.pipe(takeUntilCtx(background()))).toBe(result);
    });
  });

  it('listens for each subscription', () => {
    run((t) => {
      const source = t.hot('--a--b--c--d--|');
      const ctx = t.ctx('   ---------c');
      const early = '       ^--------!';
      const left = '        ---^--!';
      const late = '        ------^--!';
      const stream = source.pipe(takeUntilCtx(ctx));

      t.expectObservable(stream).toBe('     --a--b--c|');
      t.expectObservable(stream, left).toBe('-----b-');
      t.expectObservable(stream, late).toBe('--------c|');
      t.expectSubscriptions(source.subscriptions).toBe([early, left, late]);
    });
  });

  it('follows a context that is not ours, and lets it go', () => {
    const ctx = mock();
    const seen: unknown[] = [];
    const stream = NEVER.pipe(takeUntilCtx(ctx));
    stream.subscribe().unsubscribe();
    expect(ctx.open).toBe(0);
    stream.subscribe({ complete: () => seen.push('over') });
    expect(ctx.open).toBe(1);
    ctx.end(canceled);
    expect(ctx.open).toBe(0);
    stream.subscribe({ complete: () => seen.push('over at once') });
    expect(seen).toEqual(['over', 'over at once']);
  });

  it('adds nothing per value: the source gets the very subscriber', () => {
    expectSameSubscriber((source) => source.pipe(takeUntilCtx(withCancel(background())[0])));
  });

  it('leaves no listener on ctx, however the stream ends', () => {
    expectNothingLeft((ctx, source) => source.pipe(takeUntilCtx(ctx)));
  });

  it('leaves nothing on ctx for a subscriber who has left already, and does not subscribe to the source', () => {
    expectNothingLeftByAbsent((ctx, source) => source.pipe(takeUntilCtx(ctx)));
  });

  it('refuses what is no context', () => {
    expectRefused('takeUntilCtx: ctx must be a Context', notContexts, (got, _, source) =>
      source.pipe(takeUntilCtx(got)),
    );
  });
});
