// A gateway asks two backends for each request. When its client leaves, or its time is up, the backends stop as well.

import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  count,
  defaultIfEmpty,
  forkJoin,
  interval,
  lastValueFrom,
  map,
  mergeMap,
  take,
  takeUntil,
  tap,
  timer,
} from 'rxjs';
import {
  afterFunc,
  background,
  type Context,
  contextKey,
  isDeadlineExceeded,
  takeUntilCtx,
  usingCtx,
  withTimeoutCtx,
  withValue,
} from 'rxjs-ctx';
import { fetchCtx, timeoutHeaders } from 'rxjs-ctx/http';
import { requests } from 'rxjs-ctx/node';

const clientName = contextKey('client name', { default: 'nobody' });
const mostMs = 5_000; // whatever a client asks for
const graceMs = 1_000; // a client waits that much longer than the gateway may take: to be told so takes a moment too

/** Streams ten rows as NDJSON, slowly, until ctx is done. */
function backend(name: string, msPerRow: number) {
  return serve((ctx, res) => {
    interval(msPerRow)
      .pipe(
        take(10),
        tap((row) => res.write(`${JSON.stringify({ [name]: row })}\n`)),
        takeUntilCtx(ctx),
        count(),
      )
      .subscribe((rows) => {
        res.end(); // comes to nothing when ctx is done: what was begun has been destroyed, so that nobody takes it for whole
        sent.set(`${name} for ${ctx.value(clientName)}`, rows);
      });
  });
}

/** Asks both backends at once; answers with the rows of both. When the time is up, 504 has been answered already. */
function gateway(orders: string, stock: string) {
  return serve((ctx, res) => {
    forkJoin([fetchRows(ctx, orders), fetchRows(ctx, stock)]).subscribe({
      next: (parts) => res.end(parts.flat().join('\n')),
      error: () => res.writeHead(502).end(),
    });
    afterFunc(ctx, () => {
      const answered = res.writableFinished && !isDeadlineExceeded(ctx.err);
      why.set(ctx.value(clientName), answered ? 'answered' : (ctx.cause as Error).message);
    });
  });
}

/** Aborted when ctx is done, and when nobody waits for the rows any more. The backend is told how much time is left. */
function fetchRows(ctx: Context, url: string) {
  return fetchCtx(ctx, url, { headers: { 'x-client-name': ctx.value(clientName) } }).pipe(
    mergeMap((response) => response.text()),
    map((text) => text.trimEnd().split('\n')),
  );
}

/** What a client is told that leaves the gateway `ms` milliseconds. */
function client(name: string, ms: number) {
  return usingCtx(
    background(),
    (ctx) => {
      const headers = { 'x-client-name': name, ...timeoutHeaders(ctx, { reserveMs: graceMs }) };
      return fetchCtx(ctx, entrance.url, { headers }).pipe(
        mergeMap(async (response) => {
          const lines = (await response.text()).split('\n');
          const status = `${response.status} ${response.statusText}`;
          return response.ok ? `${status}, ${lines.length} rows` : status;
        }),
      );
    },
    { timeoutMs: ms + graceMs },
  );
}

/** Serves on a free port of the loopback interface, each request under its own context. */
async function serve(handle: (ctx: Context, res: ServerResponse) => void) {
  const server = createServer();
  requests(background(), server, { maxTimeoutMs: mostMs }).subscribe(({ ctx, req, res }) => {
    contexts.push(ctx);
    open.add(res);
    res.once('close', () => open.delete(res));
    handle(withValue(ctx, clientName, String(req.headers['x-client-name'])), res);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const contexts: Context[] = []; // all there were
const open = new Set<ServerResponse>(); // those still open
const sent = new Map<string, number>(); // rows, by backend and client
const why = new Map<string, string>(); // a request ended, by client

/** Counted, not remembered: timers and sockets are those that Node itself knows of. */
function inUse() {
  const resources = process.getActiveResourcesInfo();
  const counts = {
    requests: open.size,
    contexts: contexts.filter((ctx) => !ctx.err).length,
    timers: resources.filter((kind) => kind === 'Timeout').length,
    sockets: resources.filter((kind) => kind.startsWith('TCP')).length,
  };
  return Object.entries(counts)
    .map(([what, count]) => `${String(count).padStart(2)} ${what}`)
    .join('   ');
}

const orders = await backend('orders', 50);
const stock = await backend('stock', 80);
const entrance = await gateway(orders.url, stock.url);

const { busy, ...answers } = await lastValueFrom(
  forkJoin({
    patient: client('patient', 2_000),
    leaving: client('leaving', 2_000).pipe(takeUntil(timer(250)), defaultIfEmpty('left after 250 ms')),
    hurried: client('hurried', 300),
    busy: timer(200).pipe(map(inUse)),
  }),
);

// Each context ends, so this does too; one that did not would be an error here.
await lastValueFrom(forkJoin(contexts.map((ctx) => ctx.done$)).pipe(withTimeoutCtx(background(), 1_000)));

const row = (...cells: unknown[]) => {
  const widths = [10, 13, 13, 21];
  console.log(cells.map((cell, column) => String(cell).padEnd(widths[column] ?? 0)).join(''));
};
row('client', 'orders sent', 'stock sent', 'answer', 'it ended because');
for (const [name, answer] of Object.entries(answers)) {
  const rows = ['orders', 'stock'].map((backend) => `${sent.get(`${backend} for ${name}`)} of 10`);
  row(name, ...rows, answer, why.get(name));
}
console.log(`\nafter 200 ms    ${busy}`);
console.log(`all answered    ${inUse()}, all idle`);

// What is open now listens, or is kept by fetch for its next request.
for (const { server } of [entrance, orders, stock]) {
  server.close();
  server.closeAllConnections();
}
process.once('beforeExit', () => {
  console.log(`servers closed  ${inUse()}`);
  console.log('nothing is left: the process ends by itself');
});
