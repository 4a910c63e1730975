// Other implementations of fetch than the host's, as the global one: npm's undici and node-fetch.
import { PassThrough, Readable } from 'node:stream';
import nodeFetch, { Response as NodeFetchResponse } from 'node-fetch';
import { firstValueFrom } from 'rxjs';
import * as undici from 'undici';
import { fetchCtx } from '../../../lib/adapters/http.js';
import { background, withCancel } from '../../../lib/index.js';
import type { CancelFunc, Context } from '../../../lib/index.js';
import { listenerCount } from '../../../lib/testing/index.js';
import { collect } from '../../helpers/gc.js';
import { start } from './server.js';
import type { Answers } from './server.js';

type Fetch = typeof fetch;

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no failure',
    (error: unknown) => error,
  );

describe('fetchCtx with another fetch', () => {
  const host = globalThis.fetch;
  let server: Answers;
  let ctx: Context;
  let cancel: CancelFunc;

  beforeAll(async () => {
    server = await start();
  });

  afterAll(() => {
    server.stop();
  });

  beforeEach(() => {
    [ctx, cancel] = withCancel(background());
  });

  it('leaves a response as it is of which no copy with a stream can be made, and a body of a shape that it does not know', async () => {
    class Odd {
      readonly body: unknown = {};
      readonly headers = new Headers();
      readonly status = 200;
    }
    for (const body of [new ReadableStream(), { odd: true }]) {
      const odd = Object.assign(new Odd(), { body });
      globalThis.fetch = () => Promise.resolve(odd as unknown as Response);
      try {
        expect((await firstValueFrom(fetchCtx(ctx, 'http://127.0.0.1/'))).body as unknown).toBe(body);
      } finally {
        globalThis.fetch = host;
      }
    }
  });

  /** The server's helpers ask with the host's. */
  async function through(other: unknown, url: string, init?: RequestInit): Promise<Response> {
    globalThis.fetch = other as Fetch;
    try {
      return await firstValueFrom(fetchCtx(ctx, url, init));
    } finally {
      globalThis.fetch = host;
    }
  }

  for (const [name, other, Class] of [
    ['undici', undici.fetch, undici.Response],
    ['node-fetch', nodeFetch, NodeFetchResponse],
  ] as const) {
    describe(name, () => {
      it('gives the response of its kind, and is free when the body has been read', async () => {
        const response = await through(other, server.url('echo'), {
          method: 'POST',
          body: 'x',
          headers: { 'x-mine': 'yes' },
        });
        expect(response).toBeInstanceOf(Class);
        expect([response.status, response.ok, response.url]).toEqual([201, true, server.url('echo')]);
        expect(response.headers.get('x-mine')).toBe('yes');
        expect(listenerCount(ctx)).toBe(1);
        const { method, body, headers } = (await response.json()) as Record<string, unknown>;
        expect([method, body, (headers as Record<string, string>)['x-mine']]).toEqual(['POST', 'x', 'yes']);
        expect(listenerCount(ctx)).toBe(0);
      });

      it('takes the init of a Request and of a class', async () => {
        const init: object = new (class {
          readonly #members = ['PUT', 'of a class'];

          get method() {
            return this.#members[0];
          }
          get body() {
            return this.#members[1];
          }
        })();
        const { method, body } = (await (await through(other, server.url('echo'), init)).json()) as Record<
          string,
          unknown
        >;
        expect([method, body]).toEqual(['PUT', 'of a class']);
      });

      it('is aborted before the response', async () => {
        const { url, arrival, ending } = server.open('wait');
        const response = through(other, url);
        globalThis.fetch = host;
        await arrival();
        cancel('enough');
        expect(await failure(response)).toBe(ctx.err);
        expect(await ending()).toBe('gone');
      });

      for (const read of ['text', 'json', 'arrayBuffer', 'blob'] as const) {
        it(`aborts the body when ctx is done, and fails with ctx.err (${read})`, async () => {
          const { url, ending } = server.open('begin');
          const response = await through(other, url);
          const failed = failure(response[read]());
          cancel();
          expect(await failed).toBe(ctx.err);
          expect(await ending()).toBe('gone');
          expect(listenerCount(ctx)).toBe(0);
        });
      }

      it('aborts the body that is read bit by bit', async () => {
        const { url, ending } = server.open('begin');
        const { body } = await through(other, url);
        const read = async () => {
          for await (const _ of body as unknown as AsyncIterable<unknown>);
        };
        const failed = failure(read());
        cancel();
        expect(((await failed) as Error).name).toBe('AbortError');
        expect(await ending()).toBe('gone');
      });

      it('aborts a body that nobody reads, and that ends nothing else', async () => {
        const { url, ending } = server.open('begin');
        await through(other, url);
        cancel();
        expect(await ending()).toBe('gone');
        await new Promise((then) => setTimeout(then, 10)); // for what is thrown outside of everything
      });

      it('reads a clone', async () => {
        const response = await through(other, server.url('status', { code: '200' }));
        const clone = response.clone();
        expect(await Promise.all([response.text(), clone.text()])).toEqual(['text', 'text']);
        expect(listenerCount(ctx)).toBe(0);
      });

      it('fails with ctx.err in a clone', async () => {
        const { url } = server.open('begin');
        const response = await through(other, url);
        const failed = failure(response.clone().text());
        cancel();
        expect(await failed).toBe(ctx.err);
      });

      it('is free without a body', async () => {
        await through(other, server.url('status', { code: '204' }));
        await through(other, server.url('echo'), { method: 'HEAD' });
        expect(listenerCount(ctx)).toBe(0);
      });
    });
  }

  describe('of a kind that nobody knows', () => {
    const answering = (response: unknown) => () => Promise.resolve(response);

    it('gives the response as it is where no other can be made, and the abort reaches the body', async () => {
      class Own {
        readonly status = 200;
        readonly headers = new Headers();
        constructor(readonly body: unknown) {
          if (typeof body !== 'string') throw new Error('takes a text only');
        }
      }
      const body = new ReadableStream();
      for (const kind of [Own.prototype, Object.prototype, null]) {
        const own = Object.assign(Object.create(kind) as Response, { body, status: 200, headers: new Headers() });
        let signal: AbortSignal | undefined;
        const response = await through((_: string, init: RequestInit) => {
          signal = init.signal!;
          return Promise.resolve(own);
        }, '/rows');
        expect(response).toBe(own);
        expect(body.locked).toBeFalse();
        expect(signal!.aborted).toBeFalse();
        const [before, end] = [listenerCount(ctx), cancel];
        expect(before).toBe(1);
        end();
        expect(signal!.aborted).toBeTrue();
        [ctx, cancel] = withCancel(background());
      }
    });

    it('is free when a Node stream has been read, has been destroyed or has failed', async () => {
      for (const end of [
        (stream: Readable) => stream.resume().push(null),
        (stream: Readable) => stream.destroy(),
        (stream: Readable) => stream.destroy(new Error('lost')),
        (stream: Readable) => stream.emit('error', new Error('lost')),
      ]) {
        const body = new PassThrough();
        await through(answering({ body, status: 200 }), '/rows');
        expect(listenerCount(ctx)).toBe(1);
        end(body);
        await new Promise((then) => setImmediate(then));
        expect(listenerCount(ctx)).toBe(0);
      }
    });

    it('is free when nobody has the body any more', async () => {
      const aborted = jasmine.createSpy();
      await through((_: string, { signal }: RequestInit) => {
        signal!.addEventListener('abort', aborted);
        return Promise.resolve({ body: {}, status: 200 });
      }, '/rows');
      expect(listenerCount(ctx)).toBe(1);
      while (listenerCount(ctx) > 0) await collect();
      expect(aborted).toHaveBeenCalledTimes(1);
    });

    it('leaves a frozen response alone', async () => {
      const response = Object.freeze({ body: new PassThrough(), status: 200, text: () => Promise.resolve('text') });
      expect(await through(answering(response), '/rows')).toBe(response as unknown as Response);
      response.body.destroy();
    });

    it('errors when there is no response, or one that cannot be asked', async () => {
      const secretive = {
        get body() {
          throw new Error('not for you');
        },
      };
      expect(await failure(through(answering(undefined), '/rows'))).toBeInstanceOf(TypeError);
      expect(((await failure(through(answering(secretive), '/rows'))) as Error).message).toBe('not for you');
      expect(listenerCount(ctx)).toBe(0);
    });
  });
});
