// A process of a chain: asks the next one, or works until nobody wants it any more. Tells what happens, and when.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { finalize, interval, mergeMap, tap, timer } from 'rxjs';
import type { Observable } from 'rxjs';
import { fetchCtx, timeoutFrom } from '../../../../lib/adapters/http.js';
import { processContext, requests } from '../../../../lib/adapters/node.js';
import type { HttpRequest } from '../../../../lib/adapters/node.js';
import { throwOnCtx } from '../../../../lib/index.js';
import type { Context } from '../../../../lib/index.js';

const tell = (what: object) => {
  console.log(JSON.stringify({ at: Date.now(), ...what }));
};

const [main] = processContext();
const server = createServer();
requests(main, server).subscribe(serve);
await once(server.listen(0, '127.0.0.1'), 'listening');
tell({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
main.done$.subscribe(() => {
  server.close();
  server.closeAllConnections();
});

function serve({ ctx, req: { headers } }: HttpRequest): void {
  tell({ givenMs: timeoutFrom(headers) });
  // The others of the chain.
  const [next, ...rest] = (headers['x-chain'] as string).split(',').filter((url) => url !== '');
  let worked = 0;
  const work$: Observable<unknown> =
    next === undefined ? interval(1) : timer(5).pipe(mergeMap(() => ask(ctx, next, rest)));
  const stopped = () => {
    tell({ stopped: ctx.err?.name, cause: (ctx.cause as Error).name });
    const before = worked;
    setTimeout(() => {
      tell({ workedSince: worked - before });
    }, 20);
  };
  const counted$ = work$.pipe(
    tap(() => worked++),
    throwOnCtx(ctx),
    finalize(stopped),
  );
  counted$.subscribe({ error: () => undefined });
}

function ask(ctx: Context, url: string, rest: readonly string[]) {
  const headers = { 'x-chain': rest.join() };
  return fetchCtx(ctx, url, { headers }).pipe(mergeMap((response) => response.text()));
}
