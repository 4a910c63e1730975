// The server under load, in a process of its own. Three ports: the handler without contexts, with them, and watched.
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { filter, map, take, timer } from 'rxjs';
import { background, throwOnCtx, withCancel } from 'rxjs-ctx';
import type { Context } from 'rxjs-ctx';
import { requests } from 'rxjs-ctx/node';
import { listenerCount } from 'rxjs-ctx/testing';
import { row, rowCount, rowEveryMs } from './rows.js';

/** Where the server listens. */
export interface Ports {
  readonly bare: number;
  readonly ctx: number;
  readonly watched: number;
}

/** What is left when all clients are gone. All zeros is what it should be, `requests` aside. */
export interface Left {
  readonly requests: number;
  readonly contexts: number;
  readonly ctxListeners: number;
  readonly responseListeners: number;
  readonly timers: number;
  readonly unhandled: string[];
}

export type Ask = 'cpu' | 'left';

/** Rows, each a little later than the one before: what a query is like. */
function answer(req: IncomingMessage, res: ServerResponse, ctx?: Context): void {
  const rows$ = timer(rowEveryMs, rowEveryMs).pipe(take(rowCount), map(row));
  const wanted$ = ctx === undefined ? rows$ : rows$.pipe(throwOnCtx(ctx));
  res.setHeader('content-type', 'text/plain');
  wanted$.pipe(filter(() => req.headers['x-nothing'] === undefined)).subscribe({
    next: (line) => res.write(line),
    complete: () => res.end(),
    error: () => undefined, // whoever should know, does
  });
}

const unhandled: string[] = [];
for (const event of ['unhandledRejection', 'uncaughtException', 'warning']) {
  process.on(event, (what: unknown) => unhandled.push(`${event}: ${String(what)}`));
}

const [parent] = withCancel(background());
const servers = { bare: createServer(), ctx: createServer(), watched: createServer() };

servers.bare.on('request', (req, res) => {
  answer(req, res);
});
requests(parent, servers.ctx, { timeoutMs: 60_000 }).subscribe(({ ctx, req, res }) => {
  answer(req, res, ctx);
});

let seen = 0;
let responseListeners = 0;
const contexts: WeakRef<Context>[] = [];
const listenersOf = (res: ServerResponse) => res.listenerCount('finish') + res.listenerCount('close');
// Before anybody else hears of the request, and after everybody has heard of its end.
servers.watched.on('request', (_, res) => {
  seen++;
  const before = listenersOf(res);
  // To a handler whose time is over the response is closed before the answer has gone out.
  res.once('close', () => setTimeout(() => (responseListeners += Math.max(0, listenersOf(res) - before)), 200).unref());
});
requests(parent, servers.watched, { timeoutMs: 60_000 }).subscribe(({ ctx, req, res }) => {
  contexts.push(new WeakRef(ctx));
  answer(req, res, ctx);
});
const ownListeners = listenerCount(parent);

async function left(): Promise<Left> {
  const alive = () => contexts.filter((ref) => ref.deref() !== undefined).length;
  for (let i = 0; i < 50 && alive() > 0; i++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    globalThis.gc!();
  }
  return {
    requests: seen,
    contexts: alive(),
    ctxListeners: listenerCount(parent) - ownListeners,
    responseListeners,
    timers: process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length,
    unhandled,
  };
}

process.on('message', (ask: Ask) => {
  if (ask === 'cpu') process.send!(process.cpuUsage());
  else void left().then((what) => process.send!(what));
});

const ports: Record<string, number> = {};
for (const [name, server] of Object.entries(servers)) {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ports[name] = (server.address() as AddressInfo).port;
}
process.send!(ports);
