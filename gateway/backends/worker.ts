// The thread of one backend: an HTTP server that keeps within its client's budget, and stops when its client goes.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { concatWith, finalize, fromEvent, identity, NEVER, type Observable, pipe, take, tap, throwError } from 'rxjs';
import { background, throwOnCtx, withCancelOn, type Context } from 'rxjs-ctx';
import { requests, shutdown } from 'rxjs-ctx/node';
import { Counters } from '../counters.js';
import type { BackendName, Stop } from '../protocol.js';
import { answer } from '../rows.js';
import { catalogue } from './catalogue.js';
import { prices } from './prices.js';
import { reviews } from './reviews.js';
import type { Service } from './service.js';

/** What a thread is started with. */
export interface BackendData {
  readonly from: BackendName;
  /** That of its {@link Counters}. */
  readonly memory: SharedArrayBuffer;
}

const services: Record<BackendName, () => Service | Promise<Service>> = { catalogue, prices, reviews };
const longestMs = 30_000;

/** What may come after a few rows. */
const troubles = new Map<string, Observable<never>>([
  ['breaks off', throwError(() => new Error('broke off'))],
  ['hangs', NEVER],
]);

async function run(ctx: Context, { from, memory }: BackendData): Promise<void> {
  const find = await services[from]();
  const counters = new Counters(memory);
  setInterval(() => counters.sample(), 200).unref();

  const server = createServer();
  const ended = shutdown(ctx, server, { graceMs: 0 });
  requests(ctx, server, { maxTimeoutMs: longestMs }).subscribe(({ ctx, req, res }) => {
    counters.watch(ctx);
    const { searchParams } = new URL(req.url ?? '/', 'http://backend');
    const { total, rows$ } = find(searchParams.get('q') ?? '');
    const trouble = troubles.get(searchParams.get('trouble')?.replace(new RegExp(`^(${from}|all) `), '') ?? '');
    let rows = 0;

    const stopped = () => {
      if (ctx.err === undefined || rows === total) return;
      counters.add('stopped');
      counters.add('saved', total - rows);
      const lane = String(req.headers['x-lane']);
      parentPort?.postMessage({ mark: 'stopped', lane, at: Date.now(), from, rows, total } satisfies Stop);
    };
    const sent$ = rows$.pipe(
      trouble === undefined ? identity : pipe(take(3), concatWith(trouble)),
      tap(() => {
        rows++;
        counters.add('rows');
      }),
      throwOnCtx(ctx),
      finalize(stopped),
    );
    answer(ctx, res, sent$);
  });

  await once(server.listen(0, '127.0.0.1'), 'listening');
  parentPort?.postMessage((server.address() as AddressInfo).port);
  await ended;
}

if (parentPort !== null) {
  // Any message means: stop.
  const [ctx] = withCancelOn(background(), fromEvent(parentPort, 'message'));
  void run(ctx, workerData as BackendData);
}
