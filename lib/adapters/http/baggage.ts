import type { Context } from '../../core/context.js';
import { withValue } from '../../core/derive.js';
import { toInternal } from '../../core/foreign.js';
import { invalidArgument } from '../../core/invalidArgument.js';
import { checkKey } from '../../core/key.js';
import type { AnyContextKey } from '../../core/key.js';
import type { HeadersLike } from './timeoutHeaders.js';

/** What the W3C asks everybody to pass on. More of it is neither sent nor read. */
const mostMembers = 64;
const mostBytes = 8192;

const token = /^[!#$%&'*+\-.^_`|~\w]+$/;

/**
 * Returns the `baggage` header that carries values of `ctx` to the next process: those of the listed keys, and no others. An
 * empty object when none of them has a value.
 *
 * Values are percent-encoded. At most 64 members and 8,192 bytes are sent: a member that does not fit is left out, a smaller
 * one after it may still fit. In a browser, a server of another origin has to allow the header (CORS).
 *
 * @example
 * ```ts
 * import { contextKey } from 'rxjs-ctx';
 * import { baggageHeaders, fetchCtx } from 'rxjs-ctx/http';
 *
 * const tenantKey = contextKey<string>('tenant');
 * const rows$ = fetchCtx(ctx, url, { headers: baggageHeaders(ctx, { tenant: tenantKey }) });
 * ```
 *
 * @param keys by the names that they have in the header
 * @throws TypeError when ctx is not a context, a name is no token, a key is no key, or a value is not a string
 * @see https://www.w3.org/TR/baggage/
 */
export function baggageHeaders(ctx: Context, keys: Readonly<Record<string, AnyContextKey>>): Record<string, string> {
  const own = toInternal(ctx, 'baggageHeaders');
  const members: string[] = [];
  let bytes = 0;
  for (const [name, key] of listed(keys, 'baggageHeaders')) {
    const value: unknown = own.value(key);
    if (value === undefined) continue;
    if (typeof value !== 'string') throw invalidArgument('baggageHeaders', `the value of ${name}`, 'a string', value);
    // Half of a surrogate pair cannot be encoded.
    const member = `${name}=${encodeURIComponent(value.replace(/\p{Surrogate}/gu, '\uFFFD'))}`;
    const more = member.length + (members.length === 0 ? 0 : 1);
    if (members.length === mostMembers || bytes + more > mostBytes) continue;
    members.push(member);
    bytes += more;
  }
  return members.length === 0 ? {} : { baggage: members.join(',') };
}

/**
 * Derives a context that carries what the `baggage` header of a request says of the listed keys, and nothing else of it.
 *
 * Never throws, whatever the headers are. A member that is malformed is ignored, and a header of more than 8,192 bytes, and all
 * members after the 64th. Of two members with one name the first counts. What strangers send is a claim, not a fact: a user
 * or a role needs a proof.
 *
 * @example
 * ```ts
 * import { withBaggage } from 'rxjs-ctx/http';
 * import { requestContext } from 'rxjs-ctx/node';
 *
 * const ctx = withBaggage(requestContext(main, req, res), req.headers, { tenant: tenantKey });
 * ```
 *
 * @param parent returned as it is when the header has none of the keys
 * @param keys by the names that they have in the header; each gets a string
 * @throws TypeError when parent is not a context, a name is no token, or a key is no key
 * @see {@link baggageHeaders} for the other end
 */
export function withBaggage(
  parent: Context,
  headers: HeadersLike,
  keys: Readonly<Record<string, AnyContextKey>>,
): Context {
  toInternal(parent, 'withBaggage', 'parent');
  const wanted = new Map(listed(keys, 'withBaggage'));
  let ctx = parent;
  for (const member of headerOf(headers).split(',', mostMembers)) {
    const [, name = '', text = ''] = /^\s*([^\s=;]+)\s*=\s*([^\s;]*)\s*(?:;.*)?$/.exec(member) ?? [];
    const key = wanted.get(name);
    const value = key === undefined ? undefined : decoded(text);
    if (key === undefined || value === undefined) continue;
    wanted.delete(name);
    ctx = withValue<unknown>(ctx, key, value);
  }
  return ctx;
}

function listed(keys: Readonly<Record<string, AnyContextKey>>, call: string): [name: string, key: AnyContextKey][] {
  if (Object(keys) !== keys) throw invalidArgument(call, 'keys', 'an object of keys by their names', keys);
  const entries = Object.entries(keys);
  for (const [name, key] of entries) {
    if (!token.test(name)) throw invalidArgument(call, 'a name of keys', 'a token of HTTP', name);
    checkKey(call, key);
  }
  return entries;
}

/** Several headers of that name are one. Of strangers: it may be anything, and longer than what is read. */
function headerOf(headers: HeadersLike): string {
  try {
    const { get } = headers as { get?: unknown };
    const value: unknown =
      typeof get === 'function' ? (headers as Headers).get('baggage') : (headers as Headerless).baggage;
    const text: unknown = Array.isArray(value) ? value.join(',') : value;
    return typeof text === 'string' && text.length <= mostBytes ? text : '';
  } catch {
    return '';
  }
}

interface Headerless {
  readonly baggage?: unknown;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
