import { NEVER, Subject } from 'rxjs';
import {
  afterFunc,
  background,
  contextKey,
  takeUntilCtx,
  usingCtx,
  withCancel,
  withCancelOn,
  withScheduler,
  withTimeout,
  withValue,
} from '../../lib/index.js';
import { trackContexts } from '../../lib/testing/index.js';
import type { ContextTracker } from '../../lib/testing/index.js';
import { Clock } from '../helpers/clock.js';
import { disposeOf } from '../helpers/dispose.js';
import { mock } from '../helpers/foreign.js';
import { expectRefused, notContexts } from '../helpers/operators.js';

const user = contextKey<string>('user');

describe('trackContexts', () => {
  let tracked: ContextTracker;
  beforeEach(() => {
    tracked = trackContexts();
  });
  afterEach(() => {
    disposeOf(tracked);
  });

  it('throws when a context is alive and listened to, and shows it with the line that made it', () => {
    const [ctx, cancel] = withCancel(background());
    ctx.done$.subscribe();
    expect(() => tracked.expectNoneLeft()).toThrowError(
      /^expectNoneLeft: 1 context is alive and listened to\n {2}#\d+ background\.withCancel made by .*:\d+:\d+\)?$/,
    );
    cancel();
    expect(() => tracked.expectNoneLeft()).not.toThrow();
  });

  it('lists all of them, in the order in which they were made', () => {
    const [page, leave] = withCancel(background());
    const [search] = withTimeout(withValue(page, user, 'Ann'), 1_000_000);
    NEVER.pipe(takeUntilCtx(search)).subscribe();
    expect(() => tracked.expectNoneLeft()).toThrowError(
      /^expectNoneLeft: 2 contexts are .*\n {2}#\d+ background\.withCancel made.*\n {2}#\d+ background\.withCancel\.withValue\(user\)\.withDeadline\(/,
    );
    leave();
    expect(() => tracked.expectNoneLeft()).not.toThrow();
  });

  it('lets contexts be that nobody listens to, or no longer does', () => {
    withTimeout(background(), 1_000_000);
    const [ctx] = withCancel(withValue(background(), user, 'Ann'));
    ctx.done$.subscribe().unsubscribe();
    afterFunc(ctx, () => {})();
    usingCtx(ctx, () => NEVER)
      .subscribe()
      .unsubscribe();
    expect(() => tracked.expectNoneLeft()).not.toThrow();
  });

  it('takes a deadline that has passed for an end', () => {
    const clock = new Clock();
    const [ctx] = withTimeout(withScheduler(background(), clock), 10);
    ctx.done$.subscribe();
    expect(() => tracked.expectNoneLeft()).toThrowError(/1 context/);
    clock.jump(10);
    expect(() => tracked.expectNoneLeft()).not.toThrow();
  });

  it('finds a forgotten context of withCancelOn on its source', () => {
    const [, cancel] = withCancelOn(background(), new Subject());
    expect(() => tracked.expectNoneLeft()).toThrowError(/1 context is .*\n.*background\.withCancelOn made by/);
    cancel();
    expect(() => tracked.expectNoneLeft()).not.toThrow();
  });

  it('shows a foreign context that is followed', () => {
    const foreign = mock();
    const [ctx, cancel] = withCancel(foreign);
    const subscription = ctx.done$.subscribe();
    expect(() => tracked.expectNoneLeft()).toThrowError(
      /#\d+ foreign made by .*\n {2}#\d+ foreign\.withCancel made by/,
    );
    cancel();
    expect(() => tracked.expectNoneLeft()).not.toThrow();
    subscription.unsubscribe();
  });

  it('is about contexts that were made since', () => {
    const [older] = withCancel(background());
    older.done$.subscribe();
    const second = trackContexts();
    expect(() => second.expectNoneLeft()).not.toThrow();
    disposeOf(second);
    expect(() => tracked.expectNoneLeft()).toThrowError(/1 context/);
    disposeOf(tracked);
    const third = trackContexts();
    older.done$.subscribe();
    const [child] = withCancel(older);
    expect(() => third.expectNoneLeft()).not.toThrow();
    child.done$.subscribe();
    expect(() => third.expectNoneLeft()).toThrowError(/1 context is .*\n.*background\.withCancel\.withCancel made by/);
    disposeOf(third);
  });

  it('is about those below a context, where one is given', () => {
    const [page, leave] = withCancel(background());
    const [other, cancelOther] = withCancel(background());
    const below = trackContexts(page);
    other.done$.subscribe();
    page.done$.subscribe();
    expect(() => below.expectNoneLeft()).not.toThrow();
    withCancel(withValue(page, user, 'Ann'))[0].done$.subscribe();
    expect(() => below.expectNoneLeft()).toThrowError(/1 context is .*\n.*\.withValue\(user\)\.withCancel made by/);
    leave();
    cancelOther();
    expect(() => below.expectNoneLeft()).not.toThrow();
    disposeOf(below);
  });

  it('refuses what is no context', () => {
    const wrong = notContexts.filter(([got]) => got !== undefined);
    expectRefused('trackContexts: ctx must be a Context', wrong, (got) => trackContexts(got));
  });
});
