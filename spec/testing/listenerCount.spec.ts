import { NEVER, Subject, firstValueFrom, of } from 'rxjs';
import {
  afterFunc,
  background,
  CanceledError,
  contextKey,
  switchMapCtx,
  takeUntilCtx,
  throwOnCtx,
  todo,
  usingCtx,
  withCancel,
  withCancelOn,
  withoutCancel,
  withScheduler,
  withTimeout,
  withTimeoutCtx,
  withValue,
} from '../../lib/index.js';
import { listenerCount } from '../../lib/testing/index.js';
import { Clock } from '../helpers/clock.js';
import { mock, wrap } from '../helpers/foreign.js';
import { expectRefused, missing, notContexts } from '../helpers/operators.js';
import { Random } from '../helpers/random.js';

const user = contextKey<string>('user');

describe('listenerCount', () => {
  it('is 0 for a context that cannot end, whoever listens', () => {
    const [parent] = withCancel(background());
    for (const ctx of [background(), todo(), withoutCancel(parent), withValue(background(), user, 'Ann')]) {
      ctx.done$.subscribe();
      afterFunc(ctx, () => {});
      NEVER.pipe(takeUntilCtx(ctx)).subscribe();
      withCancel(ctx)[0].done$.subscribe();
      expect(listenerCount(ctx)).toBe(0);
    }
  });

  it('is 0 for a context that nobody listens to, children and deadline or not', () => {
    const clock = new Clock();
    const [ctx] = withTimeout(withScheduler(background(), clock), 10);
    withCancel(withCancel(ctx)[0]);
    withTimeout(ctx, 5);
    withValue(ctx, user, 'Ann');
    expect(ctx.done$).toBe(ctx.done$);
    expect(listenerCount(ctx)).toBe(0);
  });

  it('counts each listener once, of whatever kind, until it is gone', () => {
    const [ctx] = withCancel(background());
    const first = ctx.done$.subscribe();
    expect(listenerCount(ctx)).toBe(1);
    const second = ctx.done$.subscribe();
    expect(listenerCount(ctx)).toBe(2);
    const stop = afterFunc(ctx, () => {});
    expect(listenerCount(ctx)).toBe(3);
    const mirrored = NEVER.pipe(takeUntilCtx(ctx)).subscribe();
    expect(listenerCount(ctx)).toBe(4);
    first.unsubscribe();
    mirrored.unsubscribe();
    expect(listenerCount(ctx)).toBe(2);
    stop();
    second.unsubscribe();
    expect(listenerCount(ctx)).toBe(0);
  });

  it('counts the signal as one listener, from its first use on', () => {
    const [ctx, cancel] = withCancel(background());
    const { signal } = ctx;
    expect(ctx.signal).toBe(signal);
    signal.addEventListener('abort', () => {});
    expect(listenerCount(ctx)).toBe(1);
    cancel();
    expect(listenerCount(ctx)).toBe(0);
  });

  it('counts a child as one, however many listen to it or below it, and only while somebody does', () => {
    const [ctx] = withCancel(background());
    const [child] = withCancel(ctx);
    const [grandchild] = withCancel(child);
    expect(listenerCount(ctx)).toBe(0);
    const listeners = [child.done$.subscribe(), grandchild.done$.subscribe(), grandchild.done$.subscribe()];
    expect([ctx, child, grandchild].map(listenerCount)).toEqual([1, 2, 2]);
    listeners[0]!.unsubscribe();
    expect([ctx, child, grandchild].map(listenerCount)).toEqual([1, 1, 2]);
    listeners[1]!.unsubscribe();
    listeners[2]!.unsubscribe();
    expect([ctx, child, grandchild].map(listenerCount)).toEqual([0, 0, 0]);
  });

  it('counts listeners and children together', () => {
    const [ctx] = withCancel(background());
    ctx.done$.subscribe();
    withCancel(ctx)[0].done$.subscribe();
    withTimeout(ctx, 1_000_000)[0].done$.subscribe().unsubscribe();
    withCancelOn(ctx, new Subject());
    expect(listenerCount(ctx)).toBe(3);
  });

  it('of a context that ends with its parent alone is that of the parent', () => {
    const clock = new Clock();
    const [parent] = withCancel(withScheduler(background(), clock));
    const ctx = withScheduler(withValue(parent, user, 'Ann'), clock);
    ctx.done$.subscribe();
    parent.done$.subscribe();
    expect(listenerCount(ctx)).toBe(2);
    expect(listenerCount(parent)).toBe(2);
  });

  it('is 0 once the context is done, canceled or past its deadline, for those below too', () => {
    const clock = new Clock();
    const [canceled, cancel] = withCancel(background());
    const [late] = withTimeout(withScheduler(background(), clock), 10);
    for (const ctx of [canceled, late]) {
      const [child] = withCancel(ctx);
      ctx.done$.subscribe();
      child.done$.subscribe();
      expect([listenerCount(ctx), listenerCount(child)]).toEqual([2, 1]);
      if (ctx === canceled) cancel();
      else clock.advance(10);
      expect([listenerCount(ctx), listenerCount(child)]).toEqual([0, 0]);
      ctx.done$.subscribe();
      expect(listenerCount(ctx)).toBe(0);
    }
  });

  it('is what is left to be called, from inside a listener', () => {
    const [ctx, cancel] = withCancel(background());
    const left: number[] = [];
    for (let i = 0; i < 3; i++) afterFunc(ctx, () => left.push(listenerCount(ctx)));
    cancel();
    expect(left).toEqual([2, 1, 0]);
  });

  it('counts thousands, which leave in any order', () => {
    const random = new Random(3);
    const [ctx] = withCancel(background());
    const listeners = Array.from({ length: 2_000 }, (_, i) => (i % 2 ? ctx : withCancel(ctx)[0]).done$.subscribe());
    for (let left = listeners.length; left > 0; left--) {
      if (left % 100 === 0) expect(listenerCount(ctx)).toBe(left);
      listeners.splice(random.below(left), 1)[0]!.unsubscribe();
    }
    expect(listenerCount(ctx)).toBe(0);
  });

  it('of a foreign context counts those who follow it through this library', () => {
    const ctx = mock();
    ctx.done$.subscribe();
    expect(listenerCount(ctx)).toBe(0);
    const mirrored = NEVER.pipe(takeUntilCtx(ctx)).subscribe();
    const child = withCancel(ctx)[0].done$.subscribe();
    const [, cancel] = withCancelOn(background(), ctx);
    expect(listenerCount(ctx)).toBe(3);
    expect(ctx.open).toBe(2);
    mirrored.unsubscribe();
    child.unsubscribe();
    cancel();
    expect(listenerCount(ctx)).toBe(0);
    expect(ctx.open).toBe(1);
  });

  it('of a foreign context is 0 once that is done', () => {
    const ctx = mock();
    NEVER.pipe(takeUntilCtx(ctx)).subscribe();
    ctx.end(new CanceledError());
    expect(listenerCount(ctx)).toBe(0);
  });

  it('counts on the context that is wrapped the one subscription of the wrapper', () => {
    const [ctx] = withCancel(background());
    const wrapper = wrap(ctx);
    const listeners = [0, 1, 2].map(() => NEVER.pipe(takeUntilCtx(wrapper)).subscribe());
    expect([listenerCount(wrapper), listenerCount(ctx)]).toEqual([3, 1]);
    for (const listener of listeners) listener.unsubscribe();
    expect([listenerCount(wrapper), listenerCount(ctx)]).toEqual([0, 0]);
  });

  it('shows that streams leave nothing behind', async () => {
    const [ctx] = withCancel(background());
    const source = new Subject<number>();
    const streams = [
      source.pipe(throwOnCtx(ctx)),
      source.pipe(withTimeoutCtx(ctx, 1_000_000)),
      source.pipe(switchMapCtx(ctx, (child) => of(1).pipe(takeUntilCtx(child)))),
      usingCtx(ctx, () => source),
    ];
    const results = streams.map((stream$) => firstValueFrom(stream$));
    expect(listenerCount(ctx)).toBeGreaterThan(3);
    source.next(1);
    await Promise.all(results);
    expect(listenerCount(ctx)).toBe(0);
  });

  it('refuses what is no context', () => {
    expectRefused('listenerCount: ctx must be a Context', [...notContexts, missing], (got) => listenerCount(got));
  });

  it('leaves no listener itself', () => {
    const ctx = mock();
    for (let i = 0; i < 3; i++) expect(listenerCount(ctx)).toBe(0);
    expect(ctx.total).toBe(0);
  });
});
