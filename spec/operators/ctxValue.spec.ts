import { NEVER, Observable, of, range } from 'rxjs';
import { background, contextKey, ctxValue, withCancel, withTimeout, withValue } from '../../lib/index.js';
import type { Context, ContextKey } from '../../lib/index.js';
import { wrap } from '../helpers/foreign.js';
import {
  callAfter,
  canceled,
  exceeded,
  expectNothingLeft,
  expectNothingLeftByAbsent,
  expectRefused,
  missing,
  notContexts,
  notFunctions,
  run,
} from '../helpers/operators.js';

const key = contextKey<string>('key');
const user = contextKey<string>('user');
const retries = contextKey('retries', { default: 3 });

/** Somebody else's context, which counts how often a value is looked up. */
function counting(ctx: Context, counted: unknown): { ctx: Context; lookups: number } {
  const counter = { ctx: wrap(ctx), lookups: 0 };
  counter.ctx.value = <T, D extends T | undefined>(asked: ContextKey<T, D>) => {
    if (asked === counted) counter.lookups++;
    return ctx.value(asked);
  };
  return counter;
}

describe('ctxValue', () => {
  it('pairs each value with what ctx holds, until ctx is canceled', () => {
    run((t) => {
      const source = t.cold('          --a--b--c--d--|');
      const ctx = withValue(t.ctx('    -------c'), key, 'x');
      const result = '                 --A--B-#';
      const subs = '                   ^------!';
      const values = { A: ['a', 'x'], B: ['b', 'x'] };

      t.expectObservable(source.pipe(ctxValue(ctx, key))).toBe(result, values, canceled);
      t.expectSubscriptions(source.subscriptions).toBe(subs);
      t.expectCtx(ctx).toBe('-------c');
    });
  });

  it('errors when the deadline of ctx passes', () => {
    run((t) => {
      const source = t.cold('--a--b--c--d--|');
      const ctx = t.ctx('    -------d');
      const result = '       --A--B-#';
      const subs = '         ^------!';
      const values = { A: ['a', 3], B: ['b', 3] };

      t.expectObservable(source.pipe(ctxValue(ctx, retries))).toBe(result, values, exceeded);
      t.expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('errors at once under a ctx that is done, and does not subscribe to the source', () => {
    run((t) => {
      const source = t.cold('--a--b--|');
      const result = '       #';

      t.expectObservable(source.pipe(ctxValue(t.ctx('c'), retries))).toBe(result, undefined, canceled);
      t.expectObservable(source.pipe(ctxValue(t.ctx('d'), retries))).toBe(result, undefined, exceeded);
      t.expectSubscriptions(source.subscriptions).toBe([]);
    });
  });

  it('completes with a source that completes first', () => {
    run((t) => {
      const source = t.cold('--a--b--|');
      const ctx = t.ctx('    ----------c');
      const result = '       --A--B--|';
      const subs = '         ^-------!';

      t.expectObservable(source.pipe(ctxValue(ctx, retries))).toBe(result, { A: ['a', 3], B: ['b', 3] });
      t.expectSubscriptions(source.subscriptions).toBe(subs);
      t.expectCtx(ctx).toBe('----------c');
    });
  });

  it('errors with the error of a source that errors first', () => {
    run((t) => {
      const source = t.cold('--a--#', undefined, new Error('broken'));
      const ctx = t.ctx('    ----------c');
      const result = '       --A--#';
      const subs = '         ^----!';

      t.expectObservable(source.pipe(ctxValue(ctx, retries))).toBe(result, { A: ['a', 3] }, new Error('broken'));
      t.expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('unsubscribes from the source when it is unsubscribed early', () => {
    run((t) => {
      const source = t.cold('--a--b--c--d--|');
      const ctx = t.ctx('    -------c');
      const unsub = '        ^---!';
      const result = '       --A--';
      const subs = '         ^---!';

      t.expectObservable(source.pipe(ctxValue(ctx, retries)), unsub).toBe(result, { A: ['a', 3] });
      t.expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('pairs the values of a synchronous source', () => {
    run((t) => {
      const ctx = t.ctx('---c');
      const result = '   (AB|)';

      t.expectObservable(of('a', 'b').pipe(ctxValue(ctx, retries))).toBe(result, { A: ['a', 3], B: ['b', 3] });
    });
  });

  it('errors when ctx is canceled from inside next, and no value follows', () => {
    run((t) => {
      const [ctx, cancel] = withCancel(background());
      const source = t.cold('--a--b--c--|');
      const result = '       --a--(b#)';
      const subs = '         ^----!';
      const stream = source.pipe(
        ctxValue(ctx, retries, (value) => value),
        callAfter('b', cancel),
      );

      t.expectObservable(stream).toBe(result, undefined, canceled);
      t.expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('stops a synchronous source when ctx is canceled from inside the projection', () => {
    const [ctx, cancel] = withCancel(background());
    const seen: unknown[] = [];
    const project = (n: number) => {
      if (n === 3) cancel();
      return n;
    };
    range(1, 1000)
      .pipe(ctxValue(ctx, retries, project))
      .subscribe({ next: (n) => seen.push(n), error: (err: unknown) => seen.push(err) });
    expect(seen).toEqual([1, 2, ctx.err]);
  });

  it('gives what the nearest context upwards holds', () => {
    const outer = withValue(background(), user, 'Ann');
    const [inner] = withCancel(withValue(withTimeout(outer, 1000)[0], user, 'Bob'));
    const seen: unknown[] = [];
    of(1)
      .pipe(ctxValue(outer, user))
      .subscribe((pair) => seen.push(pair));
    of(2)
      .pipe(ctxValue(inner, user))
      .subscribe((pair) => seen.push(pair));
    expect(seen).toEqual([
      [1, 'Ann'],
      [2, 'Bob'],
    ]);
  });

  it('gives the default of the key, or undefined without one, where nothing is held', () => {
    const seen: unknown[] = [];
    of(1)
      .pipe(ctxValue(background(), retries))
      .subscribe((pair) => seen.push(pair));
    of(2)
      .pipe(ctxValue(background(), user))
      .subscribe((pair) => seen.push(pair));
    expect(seen).toEqual([
      [1, 3],
      [2, undefined],
    ]);
  });

  it('gives the default of the key where a context that is not ours gives undefined', () => {
    const foreign = wrap(background());
    foreign.value = () => undefined as never;
    const seen: unknown[] = [];
    of(1)
      .pipe(ctxValue(foreign, retries))
      .subscribe((pair) => seen.push(pair));
    of(2)
      .pipe(ctxValue(withCancel(foreign)[0], retries))
      .subscribe((pair) => seen.push(pair));
    expect(seen).toEqual([
      [1, 3],
      [2, 3],
    ]);
  });

  it('gives the projection the value, what was looked up and the index', () => {
    const ctx = withValue(background(), user, 'Ann');
    const seen: unknown[] = [];
    const stream = of('a', 'b').pipe(ctxValue(ctx, user, (...given) => given));
    stream.subscribe((given) => seen.push(given));
    stream.subscribe((given) => seen.push(given));
    expect(seen).toEqual([
      ['a', 'Ann', 0],
      ['b', 'Ann', 1],
      ['a', 'Ann', 0],
      ['b', 'Ann', 1],
    ]);
  });

  it('looks the value up once per subscription, and not before', () => {
    const counter = counting(withValue(background(), user, 'Ann'), user);
    const stream = range(1, 100).pipe(ctxValue(counter.ctx, user));
    expect(counter.lookups).toBe(0);
    stream.subscribe();
    expect(counter.lookups).toBe(1);
    stream.subscribe();
    expect(counter.lookups).toBe(2);
    NEVER.pipe(ctxValue(counter.ctx, user)).subscribe().unsubscribe();
    expect(counter.lookups).toBe(3);
  });

  it('errors when the lookup throws, and does not subscribe to the source', () => {
    run((t) => {
      const source = t.cold('--a--|');
      const result = '       #';
      const ctx = wrap(background());
      ctx.value = () => {
        throw new Error('no values here');
      };

      t.expectObservable(source.pipe(ctxValue(ctx, user))).toBe(result, undefined, new Error('no values here'));
      t.expectSubscriptions(source.subscriptions).toBe([]);
    });
  });

  it('errors when the projection throws, and unsubscribes from the source', () => {
    run((t) => {
      const source = t.cold('--a--b--|');
      const result = '       --#';
      const subs = '         ^-!';
      const project = () => {
        throw new Error('not this one');
      };
      const stream = source.pipe(ctxValue(background(), user, project));

      t.expectObservable(stream).toBe(result, undefined, new Error('not this one'));
      t.expectSubscriptions(source.subscriptions).toBe(subs);
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
      .pipe(ctxValue(ctx, user))
      .subscribe({ next: (pair) => seen.push(pair), error: (err: unknown) => seen.push(err) });
    expect(seen).toEqual([ctx.err, 'let go']);
  });

  it('leaves no listener on ctx, however the stream ends', () => {
    expectNothingLeft((ctx, source) => source.pipe(ctxValue(ctx, user)));
  });

  it('leaves nothing on ctx for a subscriber who has left already, and does not subscribe to the source', () => {
    expectNothingLeftByAbsent((ctx, source) => source.pipe(ctxValue(ctx, user)));
  });

  it('refuses what is no context', () => {
    expectRefused('ctxValue: ctx must be a Context', notContexts, (got, _, source) => source.pipe(ctxValue(got, user)));
  });

  it('refuses what is no key', () => {
    const wrong = [missing, ...notFunctions] as const;
    expectRefused('ctxValue: key must be a ContextKey', wrong, (got, ctx, source) => source.pipe(ctxValue(ctx, got)));
  });

  it('refuses what is no projection', () => {
    expectRefused('ctxValue: project must be a function', notFunctions, (got, ctx, source) =>
      source.pipe(ctxValue(ctx, user, got)),
    );
  });
});
