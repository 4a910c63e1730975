import {
  background,
  DeadlineExceededError,
  contextKey,
  todo,
  withCancel,
  withDeadline,
  withoutCancel,
  withScheduler,
  withTimeout,
  withValue,
} from '../../lib/index.js';
import { Clock } from '../helpers/clock.js';
import { mock, wrap } from '../helpers/foreign.js';

describe('signal', () => {
  it('is an AbortSignal, made once and kept', () => {
    const [ctx, cancel] = withCancel(background());
    const { signal } = ctx;
    expect(signal).toBeInstanceOf(AbortSignal);
    expect(signal.aborted).toBeFalse();
    expect(ctx.signal).toBe(signal);
    cancel();
    expect(ctx.signal).toBe(signal);
  });

  it('aborts inside cancel, once, with err as its reason', () => {
    const [ctx, cancel] = withCancel(background());
    const { signal } = ctx;
    const reasons: unknown[] = [];
    signal.addEventListener('abort', () => reasons.push(signal.reason));
    cancel('gone');
    expect(signal.aborted).toBeTrue();
    expect(signal.reason).toBe(ctx.err);
    expect(reasons).toEqual([ctx.err]);
    cancel('again');
    expect(reasons.length).toBe(1);
  });

  it('has err, never the bare cause, as its reason', () => {
    const [ctx, cancel] = withCancel(background());
    const { signal } = ctx;
    cancel(new Error('client gone'));
    expect(signal.reason).toBe(ctx.err);
    expect(signal.reason).not.toBe(ctx.cause);
    expect(() => signal.throwIfAborted()).toThrow(ctx.err);
  });

  it('is aborted already when the context is done', () => {
    const [parent, cancel] = withCancel(background());
    const [child] = withCancel(parent);
    cancel('gone');
    for (const ctx of [parent, child, withCancel(parent)[0], withValue(child, contextKey<string>('user'), 'Ann')]) {
      expect(ctx.signal.aborted).toBeTrue();
      expect(ctx.signal.reason).toBe(parent.err);
      expect(ctx.signal).toBe(ctx.signal);
    }
  });

  it('aborts when the parent is canceled', () => {
    const [parent, cancel] = withCancel(background());
    const [child] = withCancel(withValue(parent, contextKey<string>('user'), 'Ann'));
    const { signal } = child;
    cancel();
    expect(signal.aborted).toBeTrue();
    expect(signal.reason).toBe(parent.err);
  });

  it('of a child does not abort that of its parent', () => {
    const [parent] = withCancel(background());
    const [child, cancel] = withCancel(parent);
    expect(child.signal).not.toBe(parent.signal);
    cancel();
    expect(child.signal.aborted).toBeTrue();
    expect(parent.signal.aborted).toBeFalse();
  });

  it('of a value context aborts with its parent', () => {
    const [parent, cancel] = withCancel(background());
    const ctx = withValue(parent, contextKey<string>('user'), 'Ann');
    const { signal } = ctx;
    expect(ctx.signal).toBe(signal);
    cancel();
    expect(signal.aborted).toBeTrue();
    expect(signal.reason).toBe(parent.err);
  });

  it('aborts at the deadline, though nobody subscribed to done$', () => {
    const clock = new Clock();
    const [ctx] = withTimeout(withScheduler(background(), clock), 10);
    const { signal } = ctx;
    clock.advance(9);
    expect(signal.aborted).toBeFalse();
    clock.advance(1);
    expect(signal.aborted).toBeTrue();
    expect(signal.reason).toBeInstanceOf(DeadlineExceededError);
    expect(signal.reason).toBe(ctx.err);
  });

  it('is aborted already when first read after a deadline that no timer has noticed', () => {
    const clock = new Clock();
    const [ctx] = withTimeout(withScheduler(background(), clock), 10);
    clock.jump(10);
    expect(ctx.signal.aborted).toBeTrue();
    expect(ctx.signal.reason).toBe(ctx.err);
    expect(clock.actions.length).toBe(0);
  });

  it('made before a deadline passes unnoticed aborts right after, from the timer', () => {
    const clock = new Clock();
    const [ctx] = withDeadline(withScheduler(background(), clock), 10);
    const { signal } = ctx;
    let aborts = 0;
    signal.addEventListener('abort', () => aborts++);
    clock.jump(15);
    expect(ctx.err).toBeInstanceOf(DeadlineExceededError);
    expect(aborts).toBe(0);
    clock.advance(0);
    expect(aborts).toBe(1);
    expect(signal.reason).toBe(ctx.err);
  });

  it('of a context that cannot end never aborts, and is kept', () => {
    for (const ctx of [
      background(),
      todo(),
      withoutCancel(background()),
      withValue(todo(), contextKey<string>('user'), 'Ann'),
    ]) {
      expect(ctx.signal).toBeInstanceOf(AbortSignal);
      expect(ctx.signal.aborted).toBeFalse();
      expect(ctx.signal).toBe(ctx.signal);
    }
  });

  it('of a context without cancellation does not abort with its parent', () => {
    const [parent, cancel] = withCancel(background());
    const { signal } = withoutCancel(parent);
    cancel();
    expect(signal.aborted).toBeFalse();
  });

  it('aborts with a foreign parent', () => {
    const [ctx, cancel] = withCancel(background());
    const [child] = withCancel(wrap(ctx));
    const { signal } = child;
    cancel('gone');
    expect(signal.reason).toBe(ctx.err);
  });

  it('of a child that was canceled leaves nothing on the parent', () => {
    const parent = mock();
    const [child, cancel] = withCancel(parent);
    const { signal } = child;
    expect(signal.aborted).toBeFalse();
    expect(parent.open).toBe(1);
    cancel();
    expect(signal.aborted).toBeTrue();
    expect(parent.open).toBe(0);
  });

  it('stops a fetch that has not begun', async () => {
    const [ctx, cancel] = withCancel(background());
    cancel('gone');
    await expectAsync(fetch('http://127.0.0.1:9/', { signal: ctx.signal })).toBeRejectedWith(ctx.err);
  });
});
