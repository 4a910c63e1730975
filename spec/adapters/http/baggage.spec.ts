import { baggageHeaders, withBaggage } from '../../../lib/adapters/http.js';
import type { HeadersLike } from '../../../lib/adapters/http.js';
import { background, contextKey, withValue } from '../../../lib/index.js';
import type { Context, ContextKey } from '../../../lib/index.js';

const user = contextKey<string>('user');
const tenant = contextKey<string>('tenant');
const secret = contextKey<string>('secret');
const keys = { user, tenant };

/** Many keys, and a context with a value for each. */
function many(
  count: number,
  valueOf: (index: number) => string,
): [ctx: Context, keys: Record<string, ContextKey<string>>] {
  const all: Record<string, ContextKey<string>> = {};
  let ctx = background();
  for (let i = 0; i < count; i++) {
    const key = (all[`k${String(i)}`] = contextKey<string>(`k${String(i)}`));
    ctx = withValue(ctx, key, valueOf(i));
  }
  return [ctx, all];
}

describe('baggageHeaders', () => {
  it('carries the values of the listed keys, and no others', () => {
    const ctx = withValue(withValue(withValue(background(), secret, 'hidden'), tenant, 'acme'), user, 'ada');
    expect(baggageHeaders(ctx, keys)).toEqual({ baggage: 'user=ada,tenant=acme' });
    expect(baggageHeaders(ctx, { t: tenant })).toEqual({ baggage: 't=acme' });
    expect(baggageHeaders(background(), keys)).toEqual({});
    expect(baggageHeaders(ctx, {})).toEqual({});
  });

  it('encodes what a header cannot hold, half a surrogate pair too', () => {
    const text = 'a b,c;d=e"\\ü€😀%\r\nx: y';
    const { baggage } = baggageHeaders(withValue(background(), user, text), keys);
    expect(baggage).toMatch(/^user=[!#-+\--:<-[\]-~]*$/);
    expect(withBaggage(background(), { baggage }, keys).value(user)).toBe(text);
    const half = baggageHeaders(withValue(background(), user, 'a\ud83db'), keys);
    expect(half).toEqual({ baggage: 'user=a%EF%BF%BDb' });
  });

  it('sends 64 members, and no 65th', () => {
    const [ctx, all] = many(65, String);
    const members = baggageHeaders(ctx, all).baggage!.split(',');
    expect(members.length).toBe(64);
    expect(members.at(-1)).toBe('k63=63');
  });

  it('sends 8,192 bytes, and no more', () => {
    const fits = withValue(background(), user, 'x'.repeat(8192 - 'user='.length));
    expect(baggageHeaders(fits, keys).baggage?.length).toBe(8192);
    const tooLong = withValue(background(), user, 'x'.repeat(8193 - 'user='.length));
    expect(baggageHeaders(tooLong, keys)).toEqual({});
    // A smaller one may still fit, a comma included.
    expect(baggageHeaders(withValue(tooLong, tenant, 'acme'), keys)).toEqual({ baggage: 'tenant=acme' });
    expect(baggageHeaders(withValue(fits, tenant, ''), keys).baggage?.length).toBe(8192);
  });

  it('refuses bad input at the call', () => {
    expect(() => baggageHeaders(undefined as never, keys)).toThrowError(TypeError, /^baggageHeaders: ctx must be/);
    expect(() => baggageHeaders(background(), undefined as never)).toThrowError(
      TypeError,
      'baggageHeaders: keys must be an object of keys by their names, got undefined',
    );
    for (const name of ['', 'a b', 'a=b', 'ü', 'a,b']) {
      expect(() => baggageHeaders(background(), { [name]: user })).toThrowError(
        TypeError,
        `baggageHeaders: a name of keys must be a token of HTTP, got ${JSON.stringify(name)}`,
      );
    }
    expect(() => baggageHeaders(background(), { user: 'user' as never })).toThrowError(
      TypeError,
      'baggageHeaders: key must be a ContextKey, got "user"',
    );
    const id = contextKey<number>('id');
    expect(() => baggageHeaders(withValue(background(), id, 7), { id })).toThrowError(
      TypeError,
      'baggageHeaders: the value of id must be a string, got 7',
    );
  });
});

describe('withBaggage', () => {
  const read = (baggage: unknown) => {
    const ctx = withBaggage(background(), { baggage } as HeadersLike, keys);
    return [ctx.value(user), ctx.value(tenant)];
  };

  it('takes the listed keys from Headers and from the headers of Node', () => {
    const header = 'user=ada, other=1 ,\ttenant = acme ;ttl=5;x';
    expect(read(header)).toEqual(['ada', 'acme']);
    const ctx = withBaggage(background(), new Headers({ baggage: header }), keys);
    expect([ctx.value(user), ctx.value(tenant)]).toEqual(['ada', 'acme']);
    expect(read(['user=ada', 'tenant=acme'])).toEqual(['ada', 'acme']);
  });

  it('returns the parent when there is nothing to take', () => {
    const parent = withValue(background(), user, 'mine');
    expect(withBaggage(parent, {}, keys)).toBe(parent);
    expect(withBaggage(parent, new Headers(), keys)).toBe(parent);
    expect(withBaggage(parent, { baggage: 'other=1' }, keys)).toBe(parent);
    expect(withBaggage(parent, { baggage: 'user=theirs' }, keys).value(user)).toBe('theirs');
  });

  it('takes the first of two that is valid', () => {
    expect(read('user=%zz,user=ada,user=bob')).toEqual(['ada', undefined]);
  });

  it('never throws, whatever strangers send', () => {
    const nothing = [undefined, undefined];
    for (const header of [
      undefined,
      null,
      7,
      {},
      Symbol('x'),
      '',
      ',,,',
      '=',
      'user',
      'user;=ada',
      '=ada',
      'user=%',
      'user=%ff',
      'user=a b',
      'us er=ada',
      '__proto__=x,constructor=y,toString=z',
      'x'.repeat(100_000),
    ]) {
      expect(read(header)).withContext(JSON.stringify(header)).toEqual(nothing);
    }
    for (const headers of [undefined, null, 7, 'baggage']) {
      expect(withBaggage(background(), headers as never, keys)).toBe(background());
    }
    const throwing = {
      get() {
        throw new Error('no');
      },
    };
    expect(withBaggage(background(), throwing, keys)).toBe(background());
    expect(read('user=')).toEqual(['', undefined]);
  });

  it('reads 64 members and 8,192 bytes, and no more', () => {
    const padding = (count: number) => 'x=1,'.repeat(count);
    expect(read(`${padding(63)}user=ada`)).toEqual(['ada', undefined]);
    expect(read(`${padding(64)}user=ada`)).toEqual([undefined, undefined]);
    const value = (bytes: number) => `user=${'x'.repeat(bytes - 'user='.length)}`;
    expect(read(value(8192))[0]?.length).toBe(8187);
    expect(read(value(8193))).toEqual([undefined, undefined]);
  });

  it('refuses bad input of ours at the call', () => {
    expect(() => withBaggage(undefined as never, {}, keys)).toThrowError(TypeError, /^withBaggage: parent must be/);
    expect(() => withBaggage(background(), {}, { user: undefined as never })).toThrowError(
      TypeError,
      /^withBaggage: key/,
    );
    expect(() => withBaggage(background(), {}, { 'a b': user })).toThrowError(
      TypeError,
      /^withBaggage: a name of keys/,
    );
  });
});
