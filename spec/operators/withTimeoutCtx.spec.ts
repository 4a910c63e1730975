import { EMPTY, NEVER, Observable, of, range, repeat } from 'rxjs';
import { DeadlineExceededError, background, withCancel, withScheduler, withTimeoutCtx } from '../../lib/index.js';
import { Clock } from '../helpers/clock.js';
import {
  callAfter,
  canceled,
  exceeded,
  expectNothingLeft,
  expectNothingLeftByAbsent,
  expectRefused,
  expectSameSubscriber,
  missing,
  notContexts,
  notDurations,
  run,
} from '../helpers/operators.js';

describe('withTimeoutCtx', () => {
  it('mirrors the source until the time is over, then errors', () => {
    run((t) => {
      const source = t.cold('--a--b--c--d--|');
      const ctx = t.ctx('    ---------------');
      const result = '       --a--b-#';
      const subs = '         ^------!';

      t.expectObservable(source.pipe(withTimeoutCtx(ctx, 7))).toBe(result, undefined, exceeded);
      t.expectSubscriptions(source.subscriptions).toBe(subs);
      t.expectCtx(ctx).toBe('---------------');
    });
  });

  it('errors when ctx is canceled in mid-stream', () => {
    run((t) => {
      const source = t.cold('--a--b--c--d--|');
      const ctx = t.ctx('    ----c');
      const result = '       --a-#';
      const subs = '         ^---!';

      t.expectObservable(source.pipe(withTimeoutCtx(ctx, 7))).toBe(result, undefined, canceled);
      t.expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('errors when an earlier deadline of ctx passes', () => {
    run((t) => {
      const source = t.cold('--a--b--c--d--|');
      const ctx = t.ctx('    ----d');
      const result = '       --a-#';
      const subs = '         ^---!';

      t.expectObservable(source.pipe(withTimeoutCtx(ctx, 7))).toBe(result, undefined, exceeded);
      t.expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('errors at once under a ctx that is done, and does not subscribe to the source', () => {
    run((t) => {
      const source = t.cold('--a--b--|');
      const result = '       #';

      t.expectObservable(source.pipe(withTimeoutCtx(t.ctx('c'), 7))).toBe(result, undefined, canceled);
      t.expectObservable(source.pipe(withTimeoutCtx(t.ctx('d'), 7))).toBe(result, undefined, exceeded);
      t.expectObservable(source.pipe(withTimeoutCtx(t.ctx('c'), 0))).toBe(result, undefined, canceled);
      t.expectSubscriptions(source.subscriptions).toBe([]);
    });
  });

  it('completes with a source that completes first', () => {
    run((t) => {
      const source = t.cold('--a--b|');
      const ctx = t.ctx('    ---------c');
      const result = '       --a--b|';
      const subs = '         ^-----!';

      t.expectObservable(source.pipe(withTimeoutCtx(ctx, 7))).toBe(result);
      t.expectSubscriptions(source.subscriptions).toBe(subs);
      t.expectCtx(ctx).toBe('---------c');
    });
  });

  it('errors with the error of a source that errors first', () => {
    run((t) => {
      const source = t.cold('--a--b#', undefined, new Error('broken'));
      const ctx = t.ctx('    ---------c');
      const result = '       --a--b#';
      const subs = '         ^-----!';

      t.expectObservable(source.pipe(withTimeoutCtx(ctx, 7))).toBe(result, undefined, new Error('broken'));
      t.expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('unsubscribes from the source when it is unsubscribed early', () => {
    run((t) => {
      const source = t.cold('--a--b--c--d--|');
      const ctx = t.ctx('    ---------c');
      const unsub = '        ^---!';
      const result = '       --a--';
      const subs = '         ^---!';

      t.expectObservable(source.pipe(withTimeoutCtx(ctx, 7)), unsub).toBe(result);
      t.expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('mirrors a synchronous source', () => {
    run((t) => {
      const ctx = t.ctx('---c');
      const result = '   (abc|)';

      t.expectObservable(of('a', 'b', 'c').pipe(withTimeoutCtx(ctx, 7))).toBe(result);
    });
  });

  it('errors when ctx is canceled from inside next, and no value follows', () => {
    run((t) => {
      const [ctx, cancel] = withCancel(background());
      const source = t.cold('--a--b--c--|');
      const result = '       --a--(b#)';
      const subs = '         ^----!';
      const stream = source.pipe(withTimeoutCtx(ctx, 7), callAfter('b', cancel));

      t.expectObservable(stream).toBe(result, undefined, canceled);
      t.expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('stops a synchronous source when ctx is canceled from inside next', () => {
    run((t) => {
      const [ctx, cancel] = withCancel(background());
      const stream = range(1, 1000).pipe(withTimeoutCtx(ctx, 7), callAfter(3, cancel));
      const result = '(abc#)';

      t.expectObservable(stream).toBe(result, { a: 1, b: 2, c: 3 }, canceled);
    });
  });

  it('counts from each subscription', () => {
    run((t) => {
      const source = t.cold('   --a--b--c--d--|');
      const late = '            ---^';
      const stream = source.pipe(withTimeoutCtx(background(), 7));

      t.expectObservable(stream).toBe('      --a--b-#', undefined, exceeded);
      t.expectObservable(stream, late).toBe('-----a--b-#', undefined, exceeded);
      t.expectSubscriptions(source.subscriptions).toBe(['^------!', '---^------!']);
    });
  });

  it('gives a repeated source its time again', () => {
    run((t) => {
      const source = t.cold('--a--|');
      const subs = ['        ^----!', '-----^----!', '----------^----!'];
      const result = '       --a----a----a--|';

      t.expectObservable(source.pipe(withTimeoutCtx(background(), 7), repeat(3))).toBe(result);
      t.expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('is for the stream as a whole, not for each value', () => {
    run((t) => {
      const source = t.cold('-a-a-a-a-a-a-a|');
      const result = '       -a-a-a-#';

      t.expectObservable(source.pipe(withTimeoutCtx(background(), 7))).toBe(result, undefined, exceeded);
    });
  });

  it('errors at once when there is no time, and does not subscribe to the source', () => {
    run((t) => {
      const source = t.cold('a|');
      const result = '       #';

      for (const ms of [0, -1, -Infinity]) {
        t.expectObservable(source.pipe(withTimeoutCtx(background(), ms))).toBe(result, undefined, exceeded);
      }
      t.expectSubscriptions(source.subscriptions).toBe([]);
    });
  });

  it('has no limit, and no timer, with Infinity', () => {
    const clock = new Clock();
    const ctx = withScheduler(background(), clock);
    const subscription = NEVER.pipe(withTimeoutCtx(ctx, Infinity)).subscribe();
    expect(clock.actions.length).toBe(0);
    clock.advance(2 ** 33);
    expect(subscription.closed).toBeFalse();
    subscription.unsubscribe();
  });

  it('errors with an error that has the cause', () => {
    const clock = new Clock();
    const [ctx, cancel] = withCancel(withScheduler(background(), clock));
    const errors: unknown[] = [];
    const stream = NEVER.pipe(withTimeoutCtx(ctx, 7, { cause: 'slow backend' }));
    stream.subscribe({ error: (err: unknown) => errors.push(err) });
    clock.advance(7);
    stream.subscribe({ error: (err: unknown) => errors.push(err) });
    cancel('client gone');
    expect(errors[0]).toBeInstanceOf(DeadlineExceededError);
    expect((errors[0] as Error).cause).toBe('slow backend');
    expect(errors[1]).toBe(ctx.err);
    expect((errors[1] as Error).cause).toBe('client gone');
  });

  it('takes the clock and the timers of ctx', () => {
    const clock = new Clock(1000);
    const ctx = withScheduler(background(), clock);
    const errors: unknown[] = [];
    NEVER.pipe(withTimeoutCtx(ctx, 7)).subscribe({ error: (err: unknown) => errors.push(err) });
    clock.advance(6);
    expect(errors).toEqual([]);
    clock.advance(1);
    expect(errors).toEqual([exceeded]);
  });

  it('leaves no timer, however the stream ends', () => {
    const clock = new Clock();
    const [ctx, cancel] = withCancel(withScheduler(background(), clock));
    const failing = new Observable<never>((subscriber) => subscriber.error(new Error('broken')));
    for (const source of [EMPTY, failing]) {
      source.pipe(withTimeoutCtx(ctx, 7)).subscribe({ error: () => {} });
      expect(clock.actions.length).toBe(0);
    }
    const subscription = NEVER.pipe(withTimeoutCtx(ctx, 7)).subscribe();
    NEVER.pipe(withTimeoutCtx(ctx, 7)).subscribe({ error: () => {} });
    expect(clock.actions.length).toBe(2);
    subscription.unsubscribe();
    expect(clock.actions.length).toBe(1);
    cancel();
    expect(clock.actions.length).toBe(0);
  });

  it('adds nothing per value: the source gets the very subscriber', () => {
    expectSameSubscriber((source) => source.pipe(withTimeoutCtx(background(), 7)));
  });

  it('leaves nothing on ctx, however the stream ends', () => {
    expectNothingLeft((ctx, source) => source.pipe(withTimeoutCtx(ctx, 60_000)));
  });

  it('leaves nothing on ctx for a subscriber who has left already, and does not subscribe to the source', () => {
    expectNothingLeftByAbsent((ctx, source) => source.pipe(withTimeoutCtx(ctx, 60_000)));
  });

  it('refuses what is no context', () => {
    expectRefused('withTimeoutCtx: ctx must be a Context', notContexts, (got, _, source) =>
      source.pipe(withTimeoutCtx(got, 7)),
    );
  });

  it('refuses what is no number of milliseconds', () => {
    const message = 'withTimeoutCtx: ms must be a number of milliseconds';
    expectRefused(message, [missing, ...notDurations], (got, ctx, source) => source.pipe(withTimeoutCtx(ctx, got)));
  });
});
