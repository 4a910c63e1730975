// State stores freeze what they are given, and a wrapper may be in it.
import {
  background,
  contextKey,
  withCancel,
  withCancelOn,
  withScheduler,
  withTimeout,
  withValue,
} from '../../lib/index.js';
import type { CancelFunc, Context } from '../../lib/index.js';
import { listenerCount } from '../../lib/testing/index.js';
import { Clock } from '../helpers/clock.js';
import { wrap } from '../helpers/foreign.js';
import { listen } from '../helpers/listen.js';

describe('a frozen context', () => {
  it('that is foreign can be listened to and derived from', () => {
    const user = contextKey<string>('user');
    const clock = new Clock();
    const [ctx, cancel] = withCancel(withScheduler(background(), clock));
    const [child] = withTimeout(Object.freeze(wrap(Object.freeze(withValue(ctx, user, 'Ann')))), 10);
    const heard = listen(child);
    cancel('gone');
    expect(child.cause).toBe('gone');
    expect(child.value(user)).toBe('Ann');
    expect(heard.errs).toEqual([ctx.err!]);
    expect(clock.actions.length).toBe(0);
  });

  it('that cannot end by itself works as before', () => {
    const [parent, cancel] = withCancel(Object.freeze(withScheduler(background(), new Clock())));
    const ctx = Object.freeze(withValue(parent, contextKey<number>('n'), 1));
    const heard = listen(withCancel(ctx)[0]);
    cancel('gone');
    expect(heard.completed).toBe(1);
    expect(ctx.cause).toBe('gone');
  });

  const ways: Record<string, (parent: Context) => [Context, CancelFunc]> = {
    withCancel,
    withTimeout: (parent) => withTimeout(parent, 10),
    withCancelOn: (parent) => withCancelOn(parent, new AbortController().signal),
  };
  for (const [name, derive] of Object.entries(ways)) {
    it(`that can end is canceled as before, and everybody hears: ${name}`, () => {
      const root = withScheduler(background(), new Clock());
      const [ctx, cancel] = derive(root);
      const before = listen(ctx);
      Object.freeze(ctx);
      const after = [listen(ctx), listen(withCancel(ctx)[0])];
      cancel('gone');
      for (const { errs } of [before, ...after]) expect(errs).toEqual([ctx.err!]);
      expect(ctx.cause).toBe('gone');
      expect(ctx.signal.aborted).toBeTrue();
      expect(listenerCount(ctx)).toBe(0);
    });

    it(`that can end runs into its deadline as before: ${name}`, () => {
      const clock = new Clock();
      const [root] = withTimeout(withScheduler(background(), clock), 20);
      const ctx = Object.freeze(derive(root)[0]);
      const heard = [listen(ctx), listen(withCancel(ctx)[0])];
      clock.jump(20);
      const { err } = ctx;
      expect(err).toBeDefined();
      expect(ctx.err).toBe(err);
      clock.advance(0);
      for (const { errs } of heard) expect(errs).toEqual([err!]);
    });

    it(`that can end does not keep others from hearing of an end above it: ${name}`, () => {
      const [root, cancel] = withCancel(withScheduler(background(), new Clock()));
      const [ctx] = derive(root);
      const [child] = withCancel(ctx);
      const heard = [listen(ctx), listen(child), listen(withCancel(root)[0])];
      Object.freeze(ctx);
      expect(() => cancel('gone')).not.toThrow();
      for (const { errs } of heard) expect(errs).toEqual([root.err!]);
      expect(child.err).toBe(root.err);
    });
  }
});
