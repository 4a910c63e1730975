// State stores freeze what they are given, and a wrapper may be in it.
import { background, contextKey, withCancel, withTimeout, withScheduler, withValue } from '../../lib/index.js';
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
});
