import {
  EMPTY,
  NEVER,
  Observable,
  Subject,
  catchError,
  concatWith,
  defer,
  firstValueFrom,
  ignoreElements,
  of,
  range,
} from 'rxjs';
import { retry, take, tap, toArray } from 'rxjs';
import {
  CanceledError,
  DeadlineExceededError,
  afterFunc,
  background,
  contextKey,
  takeUntilCtx,
  throwOnCtx,
  usingCtx,
  withCancel,
  withScheduler,
  withValue,
} from '../../lib/index.js';
import type { Context, UsingCtxOptions } from '../../lib/index.js';
import type { ContextNode } from '../../lib/core/contextNode.js';
import { listenerCount } from '../../lib/testing/index.js';
import { Clock } from '../helpers/clock.js';
import { mock, wrap } from '../helpers/foreign.js';
import {
  callAfter,
  canceled,
  drawLife,
  exceeded,
  expectNothingLeft,
  expectNothingLeftByAbsent,
  expectRefused,
  expectSameSubscriber,
  inputs,
  missing,
  notContexts,
  notDurations,
  notFunctions,
  notTimes,
  run,
} from '../helpers/operators.js';
import type { Wrong } from '../helpers/operators.js';

describe('usingCtx', () => {
  it('mirrors the work until parent is canceled, then errors', () => {
    run((t) => {
      const work = t.cold('  --a--b--c--d--|');
      const parent = t.ctx(' -------c');
      const result = '       --a--b-#';
      const subs = '         ^------!';

      t.expectObservable(usingCtx(parent, () => work)).toBe(result, undefined, canceled);
      t.expectSubscriptions(work.subscriptions).toBe(subs);
      t.expectCtx(parent).toBe('-------c');
    });
  });

  it('errors when the deadline of parent passes', () => {
    run((t) => {
      const work = t.cold('  --a--b--c--d--|');
      const parent = t.ctx(' -------d');
      const result = '       --a--b-#';
      const subs = '         ^------!';

      t.expectObservable(usingCtx(parent, () => work)).toBe(result, undefined, exceeded);
      t.expectSubscriptions(work.subscriptions).toBe(subs);
    });
  });

  it('errors at once under a parent that is done, and does not call the factory', () => {
    run((t) => {
      const result = ' #';
      const factory = jasmine.createSpy('factory').and.returnValue(EMPTY);

      t.expectObservable(usingCtx(t.ctx('c'), factory)).toBe(result, undefined, canceled);
      t.expectObservable(usingCtx(t.ctx('d'), factory)).toBe(result, undefined, exceeded);
      t.expectObservable(usingCtx(t.ctx('c'), factory, { timeoutMs: 0 })).toBe(result, undefined, canceled);
      t.flush();
      expect(factory).not.toHaveBeenCalled();
    });
  });

  it('completes with work that completes first', () => {
    run((t) => {
      const work = t.cold('  --a--b--|');
      const parent = t.ctx(' ----------c');
      const result = '       --a--b--|';
      const subs = '         ^-------!';

      t.expectObservable(usingCtx(parent, () => work)).toBe(result);
      t.expectSubscriptions(work.subscriptions).toBe(subs);
      t.expectCtx(parent).toBe('----------c');
    });
  });

  it('errors with the error of work that errors first', () => {
    run((t) => {
      const work = t.cold('  --a--b--#', undefined, new Error('broken'));
      const parent = t.ctx(' ----------c');
      const result = '       --a--b--#';
      const subs = '         ^-------!';

      t.expectObservable(usingCtx(parent, () => work)).toBe(result, undefined, new Error('broken'));
      t.expectSubscriptions(work.subscriptions).toBe(subs);
    });
  });

  it('unsubscribes from the work when it is unsubscribed early', () => {
    run((t) => {
      const work = t.cold('  --a--b--c--d--|');
      const parent = t.ctx(' -------c');
      const unsub = '        ^---!';
      const result = '       --a--';
      const subs = '         ^---!';

      t.expectObservable(
        usingCtx(parent, () => work),
        unsub,
      ).toBe(result);
      t.expectSubscriptions(work.subscriptions).toBe(subs);
    });
  });

  it('mirrors synchronous work', () => {
    run((t) => {
      const parent = t.ctx('---c');
      const result = '      (abc|)';

      t.expectObservable(usingCtx(parent, () => of('a', 'b', 'c'))).toBe(result);
    });
  });

  it('errors when parent is canceled from inside next, and no value follows', () => {
    run((t) => {
      const [parent, cancel] = withCancel(background());
      const work = t.cold('--a--b--c--|');
      const result = '     --a--(b#)';
      const subs = '       ^----!';
      const stream = usingCtx(parent, () => work).pipe(callAfter('b', cancel));

      t.expectObservable(stream).toBe(result, undefined, canceled);
      t.expectSubscriptions(work.subscriptions).toBe(subs);
    });
  });

  it('stops synchronous work when parent is canceled from inside next', () => {
    run((t) => {
      const [parent, cancel] = withCancel(background());
      const stream = usingCtx(parent, () => range(1, 1000)).pipe(callAfter(3, cancel));
      const result = '(abc#)';

      t.expectObservable(stream).toBe(result, { a: 1, b: 2, c: 3 }, canceled);
    });
  });

  describe('(the child)', () => {
    it('is derived from parent, and is not parent', () => {
      const user = contextKey<string>('user');
      const [parent, cancel] = withCancel(withValue(background(), user, 'Ann'));
      let child: Context | undefined;
      usingCtx(parent, (ctx) => {
        child = ctx;
        return NEVER;
      }).subscribe({ error: () => {} });
      expect(child).not.toBe(parent);
      expect(child?.value(user)).toBe('Ann');
      expect(child?.err).toBeUndefined();
      cancel();
      expect(child?.err).toBeDefined();
      expect(child?.err).toBe(parent.err);
    });

    // The work, its options, the subscription to the result, when that ends, and how long child and work live.
    const lives: [work: string, options: UsingCtxOptions, subscription: string, ends: string, life: string][] = [
      ['--a-b--|  ', {}, '           ^       ', '-------| ', '^------!'],
      ['--a-b#    ', {}, '           ^       ', '-----|   ', '^----!'],
      ['--a-b---- ', {}, '           --^---! ', '---------', '--^---!'],
      ['--a-b---- ', { timeoutMs: 4 }, '-^    ', '-----|   ', '-^---!'],
      ['--a-b---- ', {}, '           ^       ', '--------|', '^-------!'], // with parent
    ];

    it('lives exactly as long as the work is subscribed', () => {
      run((t) => {
        const parent = t.ctx('--------c');
        for (const [marbles, options, subscription, ends, expected] of lives) {
          const life = t.cold('-');
          const work = t.cold(marbles);
          const factory = (ctx: Context) => {
            drawLife(ctx, life);
            return work;
          };
          const end = usingCtx(parent, factory, options).pipe(
            catchError(() => EMPTY),
            ignoreElements(),
          );

          t.expectObservable(end, subscription).toBe(ends);
          t.expectSubscriptions(work.subscriptions).toBe(expected);
          t.expectSubscriptions(life.subscriptions).toBe(expected);
        }
      });
    });

    it('is canceled when the work completes, errors or is unsubscribed, and parent is not', () => {
      for (const how of ['complete', 'error', 'unsubscribe'] as const) {
        const [parent] = withCancel(background());
        const work = new Subject<number>();
        let child: Context | undefined;
        const subscription = usingCtx(parent, (ctx) => {
          child = ctx;
          return work;
        }).subscribe({ error: () => {} });
        expect(child?.err).withContext(how).toBeUndefined();
        if (how === 'complete') work.complete();
        else if (how === 'error') work.error(new Error('broken'));
        else subscription.unsubscribe();
        expect(child?.err).withContext(how).toBeInstanceOf(CanceledError);
        expect(child?.cause).withContext(how).toBe(child?.err);
        expect(parent.err).withContext(how).toBeUndefined();
      }
    });

    it('is canceled when synchronous work is over, and when somebody downstream has had enough', () => {
      const children: Context[] = [];
      const under = <T>(work: Observable<T>) =>
        usingCtx(background(), (ctx) => {
          children.push(ctx);
          return work;
        });
      under(of(1, 2)).subscribe();
      under(range(1, 1000)).pipe(take(3)).subscribe();
      under(EMPTY).subscribe();
      expect(children.map(({ err }) => err)).toEqual([canceled, canceled, canceled]);
    });

    it('is done inside work that looks at nothing else, as soon as somebody downstream has had enough', () => {
      let emitted = 0;
      usingCtx(
        background(),
        (ctx) =>
          new Observable<number>((subscriber) => {
            while (!ctx.err && emitted < 1000) subscriber.next(++emitted);
          }),
      )
        .pipe(take(3))
        .subscribe();
      expect(emitted).toBe(3);
    });

    it('is a fresh one for each subscription', () => {
      const [parent] = withCancel(background());
      const children: Context[] = [];
      const work = new Subject<number>();
      const stream = usingCtx(parent, (ctx) => {
        children.push(ctx);
        return work;
      });
      expect(children.length).toBe(0);
      const first = stream.subscribe();
      const second = stream.subscribe();
      expect(children.length).toBe(2);
      expect(children[0]).not.toBe(children[1]);
      first.unsubscribe();
      expect(children.map(({ err }) => err)).toEqual([canceled, undefined]);
      second.unsubscribe();
      stream.subscribe();
      expect(children.map(({ err }) => err)).toEqual([canceled, canceled, undefined]);
      expect(listenerCount(parent)).toBe(1);
    });

    it('is a fresh one when the work is retried', () => {
      run((t) => {
        const life = t.cold('      -');
        const work = t.cold('      --a#');
        const first = '            ^--!';
        const second = '           ---^--!';
        const result = '           --a--a#';
        const stream = usingCtx(background(), (ctx) => {
          drawLife(ctx, life);
          return work;
        });

        t.expectObservable(stream.pipe(retry(1))).toBe(result);
        t.expectSubscriptions(life.subscriptions).toBe([first, second]);
        t.expectSubscriptions(work.subscriptions).toBe([first, second]);
      });
    });

    it('tells nothing to work that is unsubscribed', () => {
      const told: unknown[] = [];
      const source = new Subject<number>();
      const restart = (error: unknown) => {
        told.push(error);
        return EMPTY;
      };
      const commit = defer(() => {
        told.push('commit');
        return EMPTY;
      });
      const throwing = usingCtx(background(), (ctx) => source.pipe(throwOnCtx(ctx), catchError(restart)));
      const completing = usingCtx(background(), (ctx) => source.pipe(takeUntilCtx(ctx), concatWith(commit)));
      for (const stream of [throwing, completing]) {
        stream.subscribe().unsubscribe();
        stream.pipe(take(1)).subscribe();
        source.next(1);
      }
      expect(told).toEqual([]);
    });

    it('tells nothing to work that is unsubscribed because parent is canceled', () => {
      const told: unknown[] = [];
      const [parent, cancel] = withCancel(background());
      const commit = defer(() => {
        told.push('commit');
        return EMPTY;
      });
      const work = (ctx: Context) =>
        NEVER.pipe(takeUntilCtx(ctx), tap({ complete: () => told.push('over') }), concatWith(commit));
      usingCtx(parent, work).subscribe({ error: (err: unknown) => told.push(err) });
      cancel();
      expect(told).toEqual([parent.err]);
    });

    it('makes no error on the way out that nobody reads', () => {
      const [parent] = withCancel(background());
      for (const options of [{}, { timeoutMs: 60_000 }]) {
        let child: Context | undefined;
        const stream = usingCtx(
          parent,
          (ctx) => {
            child = ctx;
            return NEVER;
          },
          options,
        );
        stream.subscribe().unsubscribe();
        const end = (child as ContextNode).canceler?.end;
        const errors = () => Object.values(end ?? {}).filter((value) => value instanceof Error);
        expect(end).toBeDefined();
        expect(errors()).toEqual([]);
        expect(child?.err).toBeInstanceOf(CanceledError);
        expect(errors()).toEqual([canceled]);
      }
    });
  });

  describe('(the factory)', () => {
    it('is called on subscription, once each', () => {
      let called = 0;
      const stream = usingCtx(background(), () => {
        called++;
        return EMPTY;
      });
      expect(called).toBe(0);
      stream.subscribe();
      stream.subscribe();
      expect(called).toBe(2);
    });

    it('may return whatever `from` takes; the child is canceled when that ends', async () => {
      for (const [kind, input] of Object.entries(inputs)) {
        let child: Context | undefined;
        const stream = usingCtx(background(), (ctx) => {
          child = ctx;
          return input();
        });
        expect(await firstValueFrom(stream.pipe(toArray())))
          .withContext(kind)
          .toEqual(['x']);
        expect(child?.err).withContext(kind).toBeInstanceOf(CanceledError);
      }
    });

    it('that throws gives an error notification, and the child is canceled', () => {
      const [parent] = withCancel(background());
      const broken = new Error('broken');
      let child: Context | undefined;
      const errors: unknown[] = [];
      const stream = usingCtx(parent, (ctx) => {
        child = ctx;
        throw broken;
      });
      expect(() => stream.subscribe({ error: (error: unknown) => errors.push(error) })).not.toThrow();
      expect(errors).toEqual([broken]);
      expect(errors[0]).toBe(broken);
      expect(child?.err).toBeInstanceOf(CanceledError);
      expect(parent.err).toBeUndefined();
      expect(listenerCount(parent)).toBe(0);
    });

    it('that returns nothing to subscribe to gives an error notification, and the child is canceled', () => {
      const [parent] = withCancel(background());
      let child: Context | undefined;
      const errors: unknown[] = [];
      usingCtx(parent, (ctx) => {
        child = ctx;
        return undefined as never;
      }).subscribe({ error: (error: unknown) => errors.push(error) });
      expect(errors).toEqual([jasmine.any(TypeError)]);
      expect(child?.err).toBeInstanceOf(CanceledError);
      expect(listenerCount(parent)).toBe(0);
    });

    it('that cancels parent makes the result error, once', () => {
      const [parent, cancel] = withCancel(background());
      const seen: unknown[] = [];
      usingCtx(parent, () => {
        cancel();
        return of('late');
      }).subscribe({ next: (value) => seen.push(value), error: (err: unknown) => seen.push(err) });
      expect(seen).toEqual([parent.err]);
      expect(listenerCount(parent)).toBe(0);
    });

    it('that cancels parent and then rejects or throws leaves no error unhandled', async () => {
      const seen: unknown[] = [];
      for (const fail of [
        () => Promise.reject(new Error('broken')),
        () => {
          throw new Error('broken');
        },
      ]) {
        const [parent, cancel] = withCancel(background());
        usingCtx(parent, () => {
          cancel();
          return fail();
        }).subscribe({ error: (err: unknown) => seen.push(err) });
      }
      await Promise.resolve();
      expect(seen).toEqual([canceled, canceled]);
    });
  });

  describe('(the error)', () => {
    it("is the child's err itself, never the bare cause", () => {
      const [parent, cancel] = withCancel(background());
      const errors: unknown[] = [];
      let child: Context | undefined;
      usingCtx(parent, (ctx) => {
        child = ctx;
        return NEVER;
      }).subscribe({ error: (err: unknown) => errors.push(err) });
      cancel('client gone');
      expect(errors.length).toBe(1);
      expect(errors[0]).toBe(parent.err);
      expect(errors[0]).toBe(child?.err);
      expect((errors[0] as Error).cause).toBe('client gone');
    });

    it("is the child's own when its limit passes, and parent goes on", () => {
      const clock = new Clock();
      const [parent] = withCancel(withScheduler(background(), clock));
      const errors: unknown[] = [];
      let child: Context | undefined;
      const factory = (ctx: Context) => {
        child = ctx;
        return NEVER;
      };
      usingCtx(parent, factory, { timeoutMs: 7, cause: 'slow' }).subscribe({
        error: (err: unknown) => errors.push(err),
      });
      clock.advance(7);
      expect(errors.length).toBe(1);
      expect(errors[0]).toBe(child?.err);
      expect(errors[0]).toBeInstanceOf(DeadlineExceededError);
      expect(child?.cause).toBe('slow');
      expect(parent.err).toBeUndefined();
    });
  });

  describe('(the options)', () => {
    // In virtual time the epoch is frame 0, and all are subscribed in frame 3.
    const limits: [what: string, options: UsingCtxOptions, result: string][] = [
      ['none', {}, '                                                      -----a-a-a-a|'],
      ['a timeout', { timeoutMs: 5 }, '                                     -----a-a#'],
      ['a deadline', { deadline: 6 }, '                                   -----a#'],
      ['a Date as the deadline', { deadline: new Date(6) }, '             -----a#'],
      ['both, the timeout first', { timeoutMs: 3, deadline: 8 }, '          -----a#'],
      ['both, the deadline first', { timeoutMs: 7, deadline: 8 }, '         -----a-a#'],
      ['both at once', { timeoutMs: 5, deadline: 8 }, '                     -----a-a#'],
      ['undefined', { timeoutMs: undefined, deadline: undefined }, '        -----a-a-a-a|'],
      ['Infinity', { timeoutMs: Infinity, deadline: Infinity }, '           -----a-a-a-a|'],
      ['no time', { timeoutMs: 0 }, '                                       ---#'],
      ['less than no time', { timeoutMs: -1 }, '                            ---#'],
      ['a deadline that is past', { deadline: 3 }, '                      ---#'],
      ['only a cause', { cause: 'unused' }, '                             -----a-a-a-a|'],
    ];

    it('limit each subscription: timeout from the subscription, deadline for all, the earlier of both', () => {
      run((t) => {
        const work = t.cold('--a-a-a-a|');
        const unlimited = t.ctx('-');
        for (const parent of [unlimited, wrap(unlimited)]) {
          for (const [, options, result] of limits) {
            t.expectObservable(
              usingCtx(parent, () => work, options),
              '---^',
            ).toBe(result, undefined, exceeded);
          }
        }
      });
    });

    it('are reported by the child as its deadline', () => {
      run((t) => {
        const deadlines: unknown[] = [];
        const parent = t.ctx('----------d');
        for (const options of [
          {},
          { timeoutMs: 5 },
          { deadline: 6 },
          { timeoutMs: 5, deadline: 6 },
          { timeoutMs: 50 },
        ]) {
          usingCtx(
            parent,
            (ctx) => {
              deadlines.push(ctx.deadline);
              return EMPTY;
            },
            options,
          ).subscribe();
        }
        expect(deadlines).toEqual([10, 5, 6, 5, 10]);
      });
    });

    it('do not make the child outlive parent, and their cause is for their own limit', () => {
      const causes: unknown[] = [];
      for (const [parentTimeout, timeoutMs] of [
        [5, 9],
        [9, 5],
      ] as const) {
        const clock = new Clock();
        const root = withScheduler(background(), clock);
        usingCtx(root, (parent) => usingCtx(parent, () => NEVER, { timeoutMs, cause: 'inner' }), {
          timeoutMs: parentTimeout,
          cause: 'outer',
        }).subscribe({ error: (err: unknown) => causes.push((err as Error).cause) });
        clock.advance(5);
      }
      expect(causes).toEqual(['outer', 'inner']);
    });

    it('give every error of a passed limit its cause, and none to a canceled one', () => {
      const clock = new Clock();
      const [parent, cancel] = withCancel(withScheduler(background(), clock));
      const causes: unknown[] = [];
      for (const options of [{ timeoutMs: 7 }, { deadline: 7 }, { timeoutMs: 7, deadline: 7 }, { timeoutMs: 9 }]) {
        usingCtx(parent, () => NEVER, { ...options, cause: 'slow' }).subscribe({
          error: (err: unknown) => causes.push((err as Error).cause),
        });
      }
      clock.advance(7);
      expect(causes).toEqual(['slow', 'slow', 'slow']);
      cancel();
      expect(causes).toEqual(['slow', 'slow', 'slow', undefined]);
    });

    it('are all that reads the clock', () => {
      const clock = new Clock();
      const now = spyOn(clock, 'now').and.callThrough();
      const root = withScheduler(background(), clock);
      usingCtx(root, () => NEVER)
        .subscribe()
        .unsubscribe();
      usingCtx(root, () => NEVER, { timeoutMs: Infinity, deadline: Infinity })
        .subscribe()
        .unsubscribe();
      expect(now).not.toHaveBeenCalled();
    });

    it('leave no timer, however the work ends, and arm none without a limit', () => {
      const clock = new Clock();
      const root = withScheduler(background(), clock);
      const broken = new Observable<never>((subscriber) => subscriber.error(new Error('broken')));
      const timersOf = (work: Observable<unknown>, options?: UsingCtxOptions) => {
        const subscription = usingCtx(root, () => work, options).subscribe({ error: () => {} });
        const { length } = clock.actions;
        subscription.unsubscribe();
        expect(clock.actions.length).toBe(0);
        return length;
      };
      expect(timersOf(NEVER)).toBe(0);
      expect(timersOf(NEVER, { timeoutMs: Infinity, deadline: Infinity })).toBe(0);
      expect(timersOf(NEVER, { timeoutMs: 7 })).toBe(1);
      expect(timersOf(NEVER, { timeoutMs: 7, deadline: 9 })).toBe(1);
      expect(timersOf(EMPTY, { timeoutMs: 7 })).toBe(0);
      expect(timersOf(broken, { timeoutMs: 7 })).toBe(0);
    });
  });

  describe('(the signal)', () => {
    // As `fetch` does: rejects with the reason as soon as the signal aborts, and answers when told.
    const request = (signal: AbortSignal, answers: (() => void)[], aborted: unknown[]) =>
      new Promise<string>((resolve, reject) => {
        answers.push(() => resolve('body'));
        signal.addEventListener('abort', () => {
          aborted.push(signal.reason);
          // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- as fetch does
          reject(signal.reason);
        });
      });

    it('aborts a request when the result is unsubscribed, and not before; nothing is left unhandled', async () => {
      const answers: (() => void)[] = [];
      const aborted: unknown[] = [];
      const subscription = usingCtx(background(), (ctx) => request(ctx.signal, answers, aborted)).subscribe();
      await Promise.resolve();
      expect(aborted).toEqual([]);
      subscription.unsubscribe();
      expect(aborted).toEqual([jasmine.any(CanceledError)]);
    });

    it('aborts a request when parent is canceled or the time is over, with the error of the result', () => {
      const clock = new Clock();
      const [parent, cancel] = withCancel(withScheduler(background(), clock));
      const aborted: unknown[] = [];
      const errors: unknown[] = [];
      for (const timeoutMs of [7, Infinity]) {
        usingCtx(parent, (ctx) => request(ctx.signal, [], aborted), { timeoutMs }).subscribe({
          error: (err: unknown) => errors.push(err),
        });
      }
      expect(aborted).toEqual([]);
      clock.advance(7);
      expect(aborted).toEqual([exceeded]);
      cancel();
      expect(aborted).toEqual([exceeded, canceled]);
      expect(errors[0]).toBe(aborted[0]);
      expect(errors[1]).toBe(aborted[1]);
    });

    it('does not abort a request that is answered until the answer is out', async () => {
      const answers: (() => void)[] = [];
      const aborted: unknown[] = [];
      const answer = firstValueFrom(
        usingCtx(background(), (ctx) => request(ctx.signal, answers, aborted)).pipe(
          tap(() => {
            expect(aborted).toEqual([]);
          }),
        ),
      );
      answers[0]!();
      expect(await answer).toBe('body');
    });

    it('lets an async generator clean up when the result is unsubscribed', async () => {
      const order: string[] = [];
      const aborted: unknown[] = [];
      let ask = () => {};
      let clean = () => {};
      const asked = new Promise<void>((resolve) => (ask = resolve));
      const cleaned = new Promise<void>((resolve) => (clean = resolve));
      const rows = usingCtx(background(), async function* (ctx) {
        try {
          yield 'row';
          ask();
          yield await request(ctx.signal, [], aborted);
        } finally {
          order.push('finally');
          clean();
        }
      });
      const subscription = rows.subscribe((row) => order.push(row));
      await asked;
      expect(order).toEqual(['row']);
      subscription.unsubscribe();
      order.push('unsubscribed');
      await cleaned;
      expect(order).toEqual(['row', 'unsubscribed', 'finally']);
      expect(aborted).toEqual([jasmine.any(CanceledError)]);
    });
  });

  it('follows a parent that is not ours, and lets it go', () => {
    const parent = mock();
    const errors: unknown[] = [];
    const stream = usingCtx(parent, () => NEVER);
    stream.subscribe().unsubscribe();
    expect(parent.open).toBe(0);
    stream.subscribe({ error: (err: unknown) => errors.push(err) });
    expect(parent.open).toBe(1);
    const err = new CanceledError('theirs');
    parent.end(err);
    expect(parent.open).toBe(0);
    expect(errors.length).toBe(1);
    expect(errors[0]).toBe(err);
  });

  it('adds nothing per value: the work gets the very subscriber', () => {
    expectSameSubscriber((work) => usingCtx(withCancel(background())[0], () => work));
  });

  it('leaves nothing on parent, however the stream ends', () => {
    expectNothingLeft((parent, work) => usingCtx(parent, () => work));
    expectNothingLeft((parent, work) => usingCtx(parent, () => work, { timeoutMs: 60_000 }));
    expectNothingLeft((parent, work) =>
      usingCtx(parent, (ctx) => {
        afterFunc(ctx, () => {}); // the child has listeners of its own
        return ctx.signal.aborted ? EMPTY : work;
      }),
    );
  });

  it('leaves nothing on parent for a subscriber who has left already, and does not call the factory', () => {
    const factory = jasmine.createSpy('factory').and.returnValue(NEVER);
    expectNothingLeftByAbsent((parent) => usingCtx(parent, factory));
    expectNothingLeftByAbsent((parent) => usingCtx(parent, factory, { timeoutMs: 60_000 }));
    expect(factory).not.toHaveBeenCalled();
  });

  it('refuses what is no context', () => {
    expectRefused('usingCtx: parent must be a Context', notContexts, (got, _, work) => usingCtx(got, () => work));
  });

  it('refuses what is no factory', () => {
    const wrong = [missing, ...notFunctions];
    expectRefused('usingCtx: factory must be a function', wrong, (got, ctx) => usingCtx(ctx, got));
  });

  it('refuses options that are none', () => {
    const wrong: Wrong[] = [
      [null, 'null'],
      [5000, '5000'],
      ['5s', '"5s"'],
    ];
    expectRefused('usingCtx: options must be an object', wrong, (got, ctx, work) => usingCtx(ctx, () => work, got));
  });

  it('asks what was meant by the option timeout', () => {
    const options = { timeout: 5 } as object;
    expect(() => usingCtx(background(), () => NEVER, options)).toThrowError(
      TypeError,
      'usingCtx: options.timeout must be absent, got 5: did you mean timeoutMs?',
    );
  });

  it('refuses what is no time', () => {
    expectRefused('usingCtx: timeoutMs must be a number of milliseconds', notDurations, (got, ctx, work) =>
      usingCtx(ctx, () => work, { timeoutMs: got }),
    );
    expectRefused('usingCtx: deadline must be a valid Date or epoch milliseconds', notTimes, (got, ctx, work) =>
      usingCtx(ctx, () => work, { deadline: got }),
    );
  });
});
