// The polyfill as the global fetch, in browsers: its responses have no `body`, and come when they have been read.
import { firstValueFrom } from 'rxjs';
import * as whatwg from 'whatwg-fetch';
import { fetchCtx } from '../../../lib/adapters/http.js';
import { background, withCancel } from '../../../lib/index.js';
import type { CancelFunc, Context } from '../../../lib/index.js';
import { listenerCount } from '../../../lib/testing/index.js';
import { start } from './server.js';
import type { Answers } from './server.js';

if ('XMLHttpRequest' in globalThis) {
  describe('fetchCtx with whatwg-fetch', () => {
    const host = { fetch: globalThis.fetch, Response: globalThis.Response };
    let server: Answers;
    let ctx: Context;
    let cancel: CancelFunc;

    beforeAll(async () => {
      server = await start();
    });

    beforeEach(() => {
      [ctx, cancel] = withCancel(background());
    });

    afterEach(() => {
      Object.assign(globalThis, host);
      expect(listenerCount(ctx)).toBe(0);
    });

    for (const [how, polyfill] of Object.entries({
      'the function alone': { fetch: whatwg.fetch },
      'as it puts itself into old browsers': { fetch: whatwg.fetch, Response: whatwg.Response },
    })) {
      describe(how, () => {
        it('gives its response', async () => {
          Object.assign(globalThis, polyfill);
          const init = { method: 'POST', body: 'x', headers: { 'x-mine': 'yes' } };
          const response = await firstValueFrom(fetchCtx(ctx, server.url('echo'), init));
          expect(response).toBeInstanceOf(whatwg.Response);
          const { method, body, headers } = (await response.json()) as Record<string, unknown>;
          expect([method, body, (headers as Record<string, string>)['x-mine']]).toEqual(['POST', 'x', 'yes']);
        });

        for (const [when, kind] of [
          ['before the response', 'wait'],
          ['while the body comes', 'begin'],
        ] as const) {
          it(`is aborted ${when}`, async () => {
            const { url, arrival, ending } = server.open(kind);
            const errors: unknown[] = [];
            Object.assign(globalThis, polyfill);
            fetchCtx(ctx, url).subscribe({ error: (error: unknown) => errors.push(error) });
            Object.assign(globalThis, host);
            await arrival();
            cancel('enough');
            expect(errors).toEqual([ctx.err]);
            expect(await ending()).toBe('gone');
          });
        }
      });
    }
  });
}
