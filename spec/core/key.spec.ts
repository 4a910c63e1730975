import { background, contextKey, todo, withCancel, withValue } from '../../lib/index.js';

describe('contextKey', () => {
  it('makes two keys of one name', () => {
    const one = contextKey<string>('user');
    const other = contextKey<string>('user');
    const ctx = withValue(withValue(background(), one, 'Ann'), other, 'Bob');
    expect(one).not.toBe(other);
    expect(ctx.value(one)).toBe('Ann');
    expect(ctx.value(other)).toBe('Bob');
    expect(withValue(background(), one, 'Ann').value(other)).toBeUndefined();
  });

  it('has its default where nothing is stored', () => {
    const retries = contextKey('retries', { default: 3 });
    const [ctx] = withCancel(withValue(background(), contextKey<string>('user'), 'Ann'));
    expect(background().value(retries)).toBe(3);
    expect(todo().value(retries)).toBe(3);
    expect(ctx.value(retries)).toBe(3);
  });

  it('has the stored value, not its default, where something is stored', () => {
    const retries = contextKey<number | undefined>('retries', { default: 3 });
    expect(withValue(background(), retries, 5).value(retries)).toBe(5);
    expect(withValue(background(), retries, 0).value(retries)).toBe(0);
    expect(withValue(background(), retries, undefined).value(retries)).toBeUndefined();
  });

  it('may have a default that is falsy', () => {
    for (const value of [null, 0, '', false]) {
      expect(background().value(contextKey<unknown>('any', { default: value }))).toBe(value);
    }
  });

  it('gives the same default object every time', () => {
    const tags = contextKey<string[]>('tags', { default: [] });
    expect(background().value(tags)).toBe(todo().value(tags));
  });

  it('reads its default once', () => {
    let read = 0;
    const options = {
      get default() {
        read++;
        return 3;
      },
    };
    const retries = contextKey('retries', options);
    const before = read;
    background().value(retries);
    withCancel(background())[0].value(retries);
    expect(read).toBe(before);
  });

  it('has no default without options, and with empty ones', () => {
    expect(background().value(contextKey<string>('none'))).toBeUndefined();
    expect(background().value(contextKey<string>('none', {}))).toBeUndefined();
  });

  it('may have an empty name, for names say nothing', () => {
    const key = contextKey<number>('');
    expect(withValue(background(), key, 1).value(key)).toBe(1);
  });
});
