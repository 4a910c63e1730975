// State stores freeze what they are given, and a context may be in it.
import {
  background,
  contextKey,
  withCancel,
  withCancelOn,
  withTimeout,
  withValue,
  withScheduler,
} from '../../lib/index.js';
import type { CancelFunc, Context } from '../../lib/index.js';
import { listenerCount } from '../../lib/testing/index.js';
import { Clock } from '../helpers/clock.js';
import { wrap } from '../helpers/foreign.js';
import { listen } from '../helpers/listen.js';

const user = contextKey<string>('user');

describe('a frozen context', () => {
  const kinds: Record<string, (parent: Context) => [Context, CancelFunc]> = {
    withCancel,
    withTimeout: (parent) => withTimeout(parent, 10),
    'withCancelOn a signal': (parent) => withCancelOn(parent, new AbortController().signal),
    'withCancelOn a context': (parent) => withCancelOn(parent, withTimeout(parent, 10)[0]),
    'a wrapper': (parent) => {
      const [ctx, cancel] = withCancel(parent);
      return [wrap(ctx), cancel];
    },
  };

  for (const [name, derive] of Object.entries(kinds)) {
    it(`can be canceled, listened to and derived from: ${name}`, () => {
      const root = Object.freeze(withScheduler(background(), new Clock()));
      const [ctx, cancel] = derive(root);
      Object.freeze(ctx);
      Object.freeze(cancel);
      const [child] = withCancel(Object.freeze(withValue(ctx, user, 'Ann')));
      const heard = [listen(ctx), listen(Object.freeze(child))];
      const { signal } = ctx;
      cancel('gone');
      expect(child.err).toBe(ctx.err);
      expect(child.cause).toBe('gone');
      expect(child.value(user)).toBe('Ann');
      expect(signal.reason).toBe(ctx.err);
      for (const { errs, completed } of heard) {
        expect(errs).toEqual([ctx.err!]);
        expect(completed).toBe(1);
      }
      expect(listenerCount(ctx)).toBe(0);
    });
  }

  it('ends at its deadline, and has armed and disarmed its timer until then', () => {
    const clock = new Clock();
    const ctx = Object.freeze(withTimeout(withScheduler(background(), clock), 10)[0]);
    listen(ctx).unsubscribe();
    expect(clock.actions.length).toBe(0);
    const heard = listen(ctx);
    expect(clock.actions.length).toBe(1);
    clock.advance(10);
    expect(heard.errs).toEqual([ctx.err!]);
    expect(clock.actions.length).toBe(0);
  });
});
