import { background, contextKey, withCancel, withValue } from '../../lib/index.js';
import { listenerCount } from '../../lib/testing/index.js';
import { wrap } from '../helpers/foreign.js';

const error = new Error('from the key');
const thrower = (): never => {
  throw error;
};

describe('a key that throws', () => {
  it('in its name is refused by withValue with that error, and nothing is derived', () => {
    const key = Object.defineProperty({ ...contextKey<string>('user') }, 'name', { get: thrower });
    const [parent, cancel] = withCancel(background());
    expect(() => withValue(parent, key, 'Ann')).toThrow(error);
    expect(listenerCount(parent)).toBe(0);
    cancel('gone');
    expect(parent.cause).toBe('gone');
  });

  it('in its name may be looked up all the same: the name says nothing', () => {
    const key = Object.defineProperty({ ...contextKey('user', { default: 'nobody' }) }, 'name', { get: thrower });
    expect(withCancel(background())[0].value(key)).toBe('nobody');
  });

  it('in its default makes the lookup throw that error where nothing is stored, and only there', () => {
    const key = Object.defineProperty({ ...contextKey<string>('user') }, 'default', { get: thrower });
    const ctx = withValue(background(), key, 'Ann');
    expect(() => withCancel(background())[0].value(key)).toThrow(error);
    expect(withCancel(ctx)[0].value(key)).toBe('Ann');
    expect(withCancel(wrap(ctx))[0].value(key)).toBe('Ann');
  });

  it('whenever it is touched makes the call throw that error, and the context goes on', () => {
    const key = new Proxy(contextKey<string>('user'), { get: thrower, has: thrower });
    const [ctx, cancel] = withCancel(background());
    expect(() => withValue(ctx, key, 'Ann')).toThrow(error);
    expect(() => ctx.value(key)).toThrow(error);
    cancel();
    expect(() => ctx.value(key)).toThrow(error);
    expect(ctx.err).toBeDefined();
  });

  it('when it is printed does not: the name was read when the value was put', () => {
    let reads = 0;
    const key = Object.defineProperty({ ...contextKey<string>('user') }, 'name', {
      get: () => (reads++ === 0 ? 'user' : thrower()),
    });
    const ctx = withValue(background(), key, 'Ann');
    expect(String(ctx as unknown)).toBe('background.withValue(user)');
    expect(String(ctx as unknown)).toBe('background.withValue(user)');
  });
});
