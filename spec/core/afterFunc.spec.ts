import {
  afterFunc,
  background,
  contextKey,
  withCancel,
  withoutCancel,
  withScheduler,
  withTimeout,
  withValue,
} from '../../lib/index.js';
import { Clock } from '../helpers/clock.js';
import { mock, wrap } from '../helpers/foreign.js';
import { CanceledError } from '../../lib/index.js';
import { macrotask, takeUnhandledErrors } from '../support/unhandled-errors.js';

describe('afterFunc', () => {
  it('calls once, inside cancel', () => {
    const [ctx, cancel] = withCancel(background());
    let called = 0;
    afterFunc(ctx, () => called++);
    expect(called).toBe(0);
    cancel();
    expect(called).toBe(1);
    cancel();
    expect(called).toBe(1);
  });

  it('calls at once when the context is done', () => {
    const [ctx, cancel] = withCancel(background());
    cancel();
    let called = 0;
    const stop = afterFunc(ctx, () => called++);
    expect(called).toBe(1);
    expect(stop()).toBeFalse();
  });

  it('calls when the parent is canceled, and when the deadline passes', () => {
    const clock = new Clock();
    const [parent, cancel] = withCancel(withScheduler(background(), clock));
    const order: string[] = [];
    afterFunc(withCancel(parent)[0], () => order.push('child'));
    afterFunc(withTimeout(parent, 10)[0], () => order.push('timed'));
    afterFunc(withValue(parent, contextKey<string>('user'), 'Ann'), () => order.push('valued'));
    clock.advance(10);
    expect(order).toEqual(['timed']);
    cancel();
    expect(order.sort()).toEqual(['child', 'timed', 'valued']);
  });

  it('calls each of several, one function as often as it was given', () => {
    const [ctx, cancel] = withCancel(background());
    let called = 0;
    const f = () => called++;
    const stop = afterFunc(ctx, f);
    afterFunc(ctx, f);
    afterFunc(ctx, f);
    expect(stop()).toBeTrue();
    cancel();
    expect(called).toBe(2);
  });

  it('stops: true when that prevented the call, false when it did not', () => {
    const [ctx, cancel] = withCancel(background());
    let called = 0;
    const stop = afterFunc(ctx, () => called++);
    const other = afterFunc(ctx, () => called++);
    expect(stop()).toBeTrue();
    expect(stop()).toBeFalse();
    cancel();
    expect(called).toBe(1);
    expect(stop()).toBeFalse();
    expect(other()).toBeFalse();
  });

  it('cannot be stopped from inside the call', () => {
    const [ctx, cancel] = withCancel(background());
    const stopped: boolean[] = [];
    const stop = afterFunc(ctx, () => stopped.push(stop()));
    cancel();
    expect(stopped).toEqual([false]);
  });

  it('is stopped by a listener that comes before it', () => {
    const [ctx, cancel] = withCancel(background());
    const order: string[] = [];
    afterFunc(ctx, () => order.push(`stopped: ${String(stop())}`));
    const stop = afterFunc(ctx, () => order.push('never'));
    cancel();
    expect(order).toEqual(['stopped: true']);
  });

  it('never calls on a context that cannot end, and can be stopped there', () => {
    let called = 0;
    for (const ctx of [background(), withoutCancel(withCancel(background())[0])]) {
      const stop = afterFunc(ctx, () => called++);
      expect(stop()).toBeTrue();
      expect(stop()).toBeFalse();
    }
    expect(called).toBe(0);
  });

  it('calls on a foreign context, and leaves nothing on it when stopped', () => {
    const ctx = mock();
    let called = 0;
    const stop = afterFunc(ctx, () => called++);
    afterFunc(ctx, () => called++);
    expect(ctx.open).toBe(1);
    expect(stop()).toBeTrue();
    expect(ctx.open).toBe(1);
    ctx.end(new CanceledError());
    expect(called).toBe(1);
    expect(ctx.open).toBe(0);
  });

  it('calls at once on a foreign context that is done', () => {
    const [ctx, cancel] = withCancel(background());
    cancel();
    let called = 0;
    expect(afterFunc(wrap(ctx), () => called++)()).toBeFalse();
    expect(called).toBe(1);
  });

  it('reports what the function throws', async () => {
    const [ctx, cancel] = withCancel(background());
    const thrown = new Error('thrown');
    afterFunc(ctx, () => {
      throw thrown;
    });
    expect(() => cancel()).not.toThrow();
    await macrotask();
    expect(takeUnhandledErrors()).toEqual([thrown]);
  });
});
