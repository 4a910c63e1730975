import { NEVER, Observable, of, range } from 'rxjs';
import {
  CanceledError,
  background,
  contextKey,
  throwOnCtx,
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
  exceeded,
  expectNothingLeft,
  expectNothingLeftByAbsent,
  expectRefused,
  expectSameSubscriber,
  notContexts,
  run,
} from '../helpers/operators.js';

describe('throwOnCtx', () => {
  it('mirrors the source until ctx is canceled, then errors', () => {
    run((t) => {
      const source = t.cold('--a--b--c--d--|');
      const ctx = t.ctx('    -------c');
      const result = '       --a--b-#';
      const subs = '         ^------!';

      t.expectObservable(source.pipe(throwOnCtx(ctx))).toBe(result, undefined, canceled);
      t.expectSubscriptions(source.subscriptions).toBe(subs);
      t.expectCtx(ctx).toBe('-------c');
    });
  });

  it('errors when the deadline of ctx passes', () => {
    run((t) => {
      const source = t.cold('--a--b--c--d--|');
      const ctx = t.ctx('    -------d');
      const result = '       --a--b-#';
      const subs = '         ^------!';

      t.expectObservable(source.pipe(throwOnCtx(ctx))).toBe(result, undefined, exceeded);
      t.expectSubscriptions(source.subscriptions).toBe(subs);
      t.expectCtx(ctx).toBe('-------d');
    });
  });

  it('errors at once under a ctx that is done, and does not subscribe to the source', () => {
    run((t) => {
      const source = t.cold('--a--b--|');
      const result = '       #';

      t.expectObservable(source.pipe(throwOnCtx(t.ctx('c')))).toBe(result, undefined, canceled);
      t.expectObservable(source.pipe(throwOnCtx(t.ctx('d')))).toBe(result, undefined, exceeded);
      t.expectObservable(source.pipe(throwOnCtx(t.ctx('--c'))), '---^').toBe('---#', undefined, canceled);
      t.expectSubscriptions(source.subscriptions).toBe([]);
    });
  });

  it('completes with a source that completes first', () => {
    run((t) => {
      const source = t.cold('--a--b--|');
      const ctx = t.ctx('    ----------c');
      const result = '       --a--b--|';
      const subs = '         ^-------!';

      t.expectObservable(source.pipe(throwOnCtx(ctx))).toBe(result);
      t.expectSubscriptions(source.subscriptions).toBe(subs);
      t.expectCtx(ctx).toBe('----------c');
    });
  });

  it('errors with the error of a source that errors first', () => {
    run((t) => {
      const source = t.cold('--a--b--#', undefined, new Error('broken'));
      const ctx = t.ctx('    ----------c');
      const result = '       --a--b--#';
      const subs = '         ^-------!';

      t.expectObservable(source.pipe(throwOnCtx(ctx))).toBe(result, undefined, new Error('broken'));
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

      t.expectObservable(source.pipe(throwOnCtx(ctx)), unsub).toBe(result);
      t.expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('mirrors a synchronous source', () => {
    run((t) => {
      const ctx = t.ctx('---c');
      const result = '   (abc|)';

      t.expectObservable(of('a', 'b', 'c').pipe(throwOnCtx(ctx))).toBe(result);
    });
  });

  it('lets go of a source that cancels ctx while it is being subscribed', () => {
    const [ctx, cancel] = withCancel(background());
    const seen: unknown[] = [];
    const source = new Observable<string>((subscriber) => {
      cancel();
      subscriber.next('late');
      return () => seen.push('let go');
    });
    source
      .pipe(throwOnCtx(ctx))
      .subscribe({ next: (value) => seen.push(value), error: (err: unknown) => seen.push(err) });
    expect(seen).toEqual([ctx.err, 'let go']);
  });

  it('errors when ctx is canceled from inside next, and no value follows', () => {
    run((t) => {
      const [ctx, cancel] = withCancel(background());
      const source = t.cold('--a--b--c--|');
      const result = '       --a--(b#)';
      const subs = '         ^----!';

      t.expectObservable(source.pipe(throwOnCtx(ctx), callAfter('b', cancel))).toBe(result, undefined, canceled);
      t.expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('stops a synchronous source when ctx is canceled from inside next', () => {
    run((t) => {
      const [ctx, cancel] = withCancel(background());
      const stream = range(1, 1000).pipe(throwOnCtx(ctx), callAfter(3, cancel));
      const result = '(abc#)';

      t.expectObservable(stream).toBe(result, { a: 1, b: 2, c: 3 }, canceled);
    });
  });

  it('errors with err itself, never with the bare cause', () => {
    const cause = new Error('client gone');
    const [ctx, cancel] = withCancel(background());
    const errors: unknown[] = [];
    const stream = NEVER.pipe(throwOnCtx(ctx));
    stream.subscribe({ error: (err: unknown) => errors.push(err) });
    cancel(cause);
    stream.subscribe({ error: (err: unknown) => errors.push(err) });
    expect(errors).toEqual([ctx.err, ctx.err]);
    expect(errors[0]).toBe(ctx.err);
    expect(errors[1]).toBe(ctx.err);
    expect(errors[0]).toBeInstanceOf(CanceledError);
    expect((errors[0] as Error).cause).toBe(cause);
  });

  it('errors with the err of the context above that ended', () => {
    const [parent, cancel] = withCancel(background());
    const errors: unknown[] = [];
    for (const ctx of [withTimeout(parent, 1000)[0], withValue(parent, contextKey<string>('user'), 'Ann')]) {
      NEVER.pipe(throwOnCtx(ctx)).subscribe({ error: (err: unknown) => errors.push(err) });
    }
    cancel();
    expect(errors.length).toBe(2);
    for (const error of errors) expect(error).toBe(parent.err);
  });

  it('errors at once when the deadline has passed and no timer could tell', () => {
    const clock = new Clock();
    const [ctx] = withTimeout(withScheduler(background(), clock), 7);
    const seen: unknown[] = [];
    clock.jump(7);
    of('late')
      .pipe(throwOnCtx(ctx))
      .subscribe({ next: (value) => seen.push(value), error: (err: unknown) => seen.push(err) });
    expect(seen).toEqual([exceeded]);
    expect(clock.actions.length).toBe(0);
  });

  it('mirrors the source under a context that cannot end', () => {
    run((t) => {
      const source = t.cold('--a--b--|');
      const result = '       --a--b--|';

      t.expectObservable(source.pipe(throwOnCtx(background()))).toBe(result);
    });
  });

  it('listens for each subscription', () => {
    run((t) => {
      const source = t.hot('--a--b--c--d--|');
      const ctx = t.ctx('   ---------c');
      const early = '       ^--------!';
      const left = '        ---^--!';
      const late = '        ------^--!';
      const stream = source.pipe(throwOnCtx(ctx));

      t.expectObservable(stream).toBe('     --a--b--c#', undefined, canceled);
      t.expectObservable(stream, left).toBe('-----b-');
      t.expectObservable(stream, late).toBe('--------c#', undefined, canceled);
      t.expectSubscriptions(source.subscriptions).toBe([early, left, late]);
    });
  });

  it('follows a context that is not ours, and lets it go', () => {
    const ctx = mock();
    const errors: unknown[] = [];
    const stream = NEVER.pipe(throwOnCtx(ctx));
    stream.subscribe().unsubscribe();
    expect(ctx.open).toBe(0);
    stream.subscribe({ error: (err: unknown) => errors.push(err) });
    expect(ctx.open).toBe(1);
    const err = new CanceledError('theirs');
    ctx.end(err);
    expect(ctx.open).toBe(0);
    stream.subscribe({ error: (late: unknown) => errors.push(late) });
    expect(errors.length).toBe(2);
    for (const error of errors) expect(error).toBe(err);
  });

  it('adds nothing per value: the source gets the very subscriber', () => {
    expectSameSubscriber((source) => source.pipe(throwOnCtx(withCancel(background())[0])));
  });

  it('leaves no listener on ctx, however the stream ends', () => {
    expectNothingLeft((ctx, source) => source.pipe(throwOnCtx(ctx)));
  });

  it('leaves nothing on ctx for a subscriber who has left already, and does not subscribe to the source', () => {
    expectNothingLeftByAbsent((ctx, source) => source.pipe(throwOnCtx(ctx)));
  });

  it('refuses what is no context', () => {
    expectRefused('throwOnCtx: ctx must be a Context', notContexts, (got, _, source) => source.pipe(throwOnCtx(got)));
  });
});
