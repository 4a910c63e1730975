// Whatever `fetch` is given, the server sees the same from `fetchCtx`: with and without a deadline.
import { firstValueFrom } from 'rxjs';
import { fetchCtx, timeoutHeaders } from '../../../lib/adapters/http.js';
import { background, withCancel, withTimeout } from '../../../lib/index.js';
import type { Context } from '../../../lib/index.js';
import { listenerCount } from '../../../lib/testing/index.js';
import { start } from './server.js';
import type { Answers } from './server.js';

type Args = [input: string | URL | Request, init?: RequestInit];

const inBrowser = typeof document !== 'undefined';

const stream = (...chunks: string[]) =>
  new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk));
      controller.close();
    },
  });

/** A class, whose members are on its prototype. */
class Posting {
  #own = 'secret';

  get method() {
    return `PO${this.#own.slice(0, 1).toUpperCase()}T`;
  }
  get headers() {
    return { 'X-Mine': this.#own };
  }
  get body() {
    return `body of ${this.#own}`;
  }
}

function form() {
  const data = new FormData();
  data.set('a', '1');
  data.set('file', new Blob(['content'], { type: 'text/csv' }), 'rows.csv');
  return data;
}

const fields = () =>
  new Map([
    ['x-mine', 'yes'],
    ['X-Other', 'too'],
  ]);

/** Made anew for each request, for some can be read once. */
const cases: Record<string, (url: string) => Args> = {
  'a text': (url) => [url],
  'a URL': (url) => [new URL(url)],
  'an empty init': (url) => [url, {}],
  'null as init': (url) => [url, null as unknown as RequestInit],
  'undefined members': (url) => [
    url,
    { method: undefined, headers: undefined, body: undefined } as unknown as RequestInit,
  ],
  'a text as body': (url) => [url, { method: 'post', body: 'ä€' }],
  'a URLSearchParams': (url) => [url, { method: 'POST', body: new URLSearchParams({ a: '1', b: 'ä' }) }],
  'a FormData': (url) => [url, { method: 'PUT', body: form() }],
  'a Blob': (url) => [url, { method: 'POST', body: new Blob(['blob'], { type: 'text/csv' }) }],
  'an ArrayBuffer': (url) => [url, { method: 'POST', body: new Uint8Array([0, 255, 13]).buffer }],
  'a view of one': (url) => [url, { method: 'PATCH', body: new Uint8Array([1, 2, 3, 4]).subarray(1, 3) }],
  'a stream': (url) => [url, { method: 'POST', body: stream('one', 'two'), duplex: 'half' } as RequestInit],
  'a stream without duplex': (url) => [url, { method: 'POST', body: stream('one') }],
  Headers: (url) => [url, { headers: new Headers({ 'X-Mine': 'yes', accept: 'text/csv' }) }],
  'an array of headers': (url) => [
    url,
    {
      headers: [
        ['X-Mine', 'yes'],
        ['X-Mine', 'again'],
      ],
    },
  ],
  'a Map of headers': (url) => [url, { headers: fields() as unknown as HeadersInit }],
  'an iterator of headers': (url) => [url, { headers: fields().entries() as unknown as HeadersInit }],
  'a generator of headers': (url) => [
    url,
    {
      headers: (function* () {
        yield* fields();
      })() as unknown as HeadersInit,
    },
  ],
  'the content type in the headers': (url) => [
    url,
    { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{}' },
  ],
  'null as headers': (url) => [url, { headers: null as unknown as HeadersInit }],
  'a Request': (url) => [new Request(url, { method: 'POST', headers: { 'X-Mine': 'yes' }, body: 'of a Request' })],
  'a Request with a form': (url) => [new Request(url, { method: 'POST', body: form() })],
  'a Request with a referrer': (url) => [
    new Request(url, { referrer: new URL('page', url).href, referrerPolicy: 'unsafe-url' }),
  ],
  'a Request without a referrer': (url) => [new Request(url, { referrer: '', referrerPolicy: 'no-referrer' })],
  'a Request and an init': (url) => [
    new Request(url, { method: 'POST', headers: { 'X-Mine': 'yes' }, body: 'of a Request', referrerPolicy: 'origin' }),
    { method: 'PUT', headers: { 'X-Other': 'too' } },
  ],
  'a Request and a body': (url) => [
    new Request(url, { method: 'POST', body: 'of a Request' }),
    { body: 'of the init' },
  ],
  'a Request and null as a body': (url) => [new Request(url, { method: 'POST', body: 'of a Request' }), { body: null }],
  'a Request as init': (url) => [
    url,
    new Request('http://localhost/', { method: 'POST', headers: { 'X-Mine': 'yes' }, body: 'of a Request' }),
  ],
  'a Request as init, for a Request': (url) => [
    new Request(url, { method: 'POST', body: 'one' }),
    new Request('http://localhost/', { method: 'PUT', headers: { 'X-Mine': 'yes' } }),
  ],
  'a subclass of Request': (url) => [
    new (class extends Request {
      override get method() {
        return 'DELETE';
      }
    })(url, { headers: { 'X-Mine': 'yes' } }),
  ],
  'getters of a prototype': (url) => [url, new Posting()],
  'getters of its own': (url) => [
    url,
    {
      get method() {
        return 'POST';
      },
      get headers() {
        return { 'X-Mine': 'yes' };
      },
      get body() {
        return 'of a getter';
      },
    },
  ],
  'Object.create': (url) => [
    url,
    Object.create({ method: 'POST', headers: { 'X-Mine': 'yes' }, body: 'inherited' }) as RequestInit,
  ],
  'Object.create(null)': (url) => [url, Object.assign(Object.create(null) as object, { method: 'POST', body: 'bare' })],
  'members that are not enumerable': (url) => [
    url,
    Object.defineProperties({}, { method: { value: 'POST' }, body: { value: 'hidden' } }),
  ],
  'a frozen init': (url) => [
    url,
    Object.freeze({ method: 'POST', headers: Object.freeze({ 'X-Mine': 'yes' }), body: 'x' }),
  ],
  'a function': (url) => [url, Object.assign(() => undefined, { method: 'POST', body: 'of a function' })],
  'redirect: manual': (url) => [url.replace('echo', 'redirect'), { redirect: 'manual' }],
  'redirect: error': (url) => [url.replace('echo', 'redirect'), { redirect: 'error' }],
  'a redirect': (url) => [url.replace('echo', 'redirect'), { headers: { 'X-Mine': 'yes' } }],
  'a redirected POST': (url) => [url.replace('echo', 'redirect'), { method: 'POST', body: 'x' }],
  'a name that is none': (url) => [url, { headers: { 'no name': 'x' } }],
  'a method that is none': (url) => [url, { method: 'NO METHOD' }],
  'a body for a GET': (url) => [url, { body: 'x' }],
  'credentials in the URL': (url) => [url.replace('://', '://user:word@')],
  cache: (url) => [url, { cache: 'no-store', credentials: 'omit', mode: 'same-origin', keepalive: true }],
};

describe('fetchCtx, asked as fetch is', () => {
  let server: Answers;
  let ctx: Context;

  beforeAll(async () => {
    server = await start();
  });

  afterAll(() => {
    server.stop();
  });

  beforeEach(() => {
    [ctx] = withCancel(background());
  });

  /** What the server saw, or the kind of the error. */
  async function outcome(send: () => Promise<Response>): Promise<unknown> {
    let response: Response;
    try {
      response = await send();
    } catch (error) {
      return (error as Error).name;
    }
    const { status, type } = response;
    // The boundary of a form is another each time.
    const text = (await response.text()).replaceAll(
      /-{4,}\w*[Bb]oundary\w*|-{4,}\w*formdata-\w+-\d+|-{4,}\d{20,}|-{20,}\w+/g,
      'boundary',
    );
    return { status, type, asked: text === '' ? '' : (JSON.parse(text) as object) };
  }

  function withoutTime(seen: unknown): unknown {
    const { asked } = seen as { asked?: { headers: Record<string, string>; names: string[] } | '' };
    if (!asked) return seen;
    delete asked.headers['connect-timeout-ms'];
    // One that comes twice may be sent as one, of both values.
    asked.names = [...new Set(asked.names)].filter((name) => name !== 'connect-timeout-ms');
    // Two forms of one content have boundaries of two lengths in some engines.
    if (asked.headers['content-type']?.startsWith('multipart/') === true) delete asked.headers['content-length'];
    return seen;
  }

  for (const [name, args] of Object.entries(cases)) {
    it(`sends the same: ${name}`, async () => {
      const url = server.url('echo');
      const expected = withoutTime(await outcome(() => fetch(...args(url))));
      expect(await outcome(() => firstValueFrom(fetchCtx(ctx, ...args(url)))).then(withoutTime)).toEqual(expected);
      const [limited, stop] = withTimeout(ctx, 20_000);
      expect(await outcome(() => firstValueFrom(fetchCtx(limited, ...args(url)))).then(withoutTime)).toEqual(expected);
      stop();
      expect(listenerCount(ctx)).toBe(0);
    });
  }

  it('reads a member once for each request', async () => {
    const read: string[] = [];
    const member = (name: string, value: unknown) => ({ get: () => (read.push(name), value), enumerable: true });
    const prototype = Object.defineProperties({}, { headers: member('headers', { 'x-mine': 'yes' }) });
    const init = Object.create(prototype, { body: member('body', 'x'), method: { value: 'POST' } }) as RequestInit;
    const [limited, stop] = withTimeout(ctx, 20_000);
    const response$ = fetchCtx(limited, server.url('echo'), init);
    expect(read).toEqual([]);
    await (await firstValueFrom(response$)).text();
    expect(read.sort()).toEqual(['body', 'headers']);
    stop();
  });

  it('hands on what others find in an init: members of a host, and which there are', () => {
    const fetched = spyOn(globalThis, 'fetch').and.returnValue(new Promise(() => {}));
    const init = Object.create(
      { cf: { cacheTtl: 5 } },
      { next: { value: { tags: ['a'] }, enumerable: true } },
    ) as object;
    fetchCtx(ctx, '/rows', init).subscribe().unsubscribe();
    const handedOn = fetched.calls.mostRecent().args[1] as { cf?: unknown; next?: unknown };
    expect([handedOn.cf, handedOn.next]).toEqual([{ cacheTtl: 5 }, { tags: ['a'] }]);
    expect('cf' in handedOn && 'next' in handedOn && 'signal' in handedOn).toBeTrue();
    expect('method' in handedOn || 'headers' in handedOn).toBeFalse();
    const copy = { ...handedOn } as RequestInit; // as those do that wrap `fetch`
    expect(copy.signal).toBeInstanceOf(AbortSignal);
  });

  describe('under a ctx that is done', () => {
    const giving = () => {
      const reasons: unknown[] = [];
      const body = new ReadableStream({ cancel: (reason) => void reasons.push(reason) });
      return { reasons, init: { method: 'POST', body, duplex: 'half' } as RequestInit };
    };
    const errorOf = (under: Context, ...args: Args) =>
      firstValueFrom(fetchCtx(under, ...args)).then(
        () => 'no error',
        (error: unknown) => error,
      );

    it('cancels a stream that was given as the body, as fetch does', async () => {
      const [done, cancel] = withCancel(background());
      cancel();
      const { reasons, init } = giving();
      expect(await errorOf(done, server.url('echo'), init)).toBe(done.err);
      expect(reasons).toEqual([done.err]);

      const signaled = giving();
      const signal = AbortSignal.abort('enough');
      expect(await errorOf(ctx, server.url('echo'), { ...signaled.init, signal })).toBe('enough');
      expect(signaled.reasons).toEqual(['enough']);
    });

    it('cancels that of a Request', async () => {
      const [done, cancel] = withCancel(background());
      cancel();
      const request = (init: RequestInit) => {
        try {
          return new Request(server.url('echo'), init);
        } catch {
          return undefined; // not every host has streams for bodies
        }
      };
      for (const args of [(it: Request): Args => [it], (it: Request): Args => ['/', it]]) {
        const { reasons, init } = giving();
        const given = request(init);
        if (given?.body == null) {
          expect(inBrowser).toBeTrue();
          continue;
        }
        expect(await errorOf(done, ...args(given))).toBe(done.err);
        expect(reasons).toEqual([done.err]);
      }
    });

    it('leaves alone what is no stream, and a stream that somebody reads', async () => {
      const [done, cancel] = withCancel(background());
      cancel();
      const { reasons, init } = giving();
      const reader = (init.body as ReadableStream).getReader();
      expect(await errorOf(done, '/', init)).toBe(done.err);
      expect(await errorOf(done, '/', { method: 'POST', body: new Blob(['x']) })).toBe(done.err);
      expect(await errorOf(done, '/', { method: 'POST', body: 'x' })).toBe(done.err);
      expect(reasons).toEqual([]);
      await reader.cancel('by its reader');
    });
  });

  it('asks for the time in the headers as anywhere else', async () => {
    const [limited, stop] = withTimeout(ctx, 20_000);
    const seen = await outcome(() =>
      firstValueFrom(fetchCtx(limited, server.url('echo'), { headers: timeoutHeaders(limited) })),
    );
    const { headers } = (seen as { asked: { headers: Record<string, string> } }).asked;
    expect(Number(headers['connect-timeout-ms'])).toBeGreaterThan(10_000);
    stop();
  });
});
