// The gateway's own HTTP: each request under its own context.
import type { Server, ServerResponse } from 'node:http';
import { type Observable, Subject, type Subscription, takeUntil } from 'rxjs';
import { afterFunc, withValue, type Context } from 'rxjs-ctx';
import { requests } from 'rxjs-ctx/node';
import type { Backend } from './backends/start.js';
import { counters, sum } from './counters.js';
import { sendPage, type Page } from './page.js';
import type { BackendName, Counts, Totals } from './protocol.js';
import { answer } from './rows.js';
import { search } from './search.js';
import { drawn, lane, timeline } from './timeline.js';
import { crowd, events, send, type Viewer } from './watch.js';

export interface Gateway {
  readonly url: string;
  readonly backends: readonly Backend[];
  readonly page: Page;
  /** Those who watch, by name. */
  readonly viewers: Map<string, Viewer>;
  /** Emits when the gateway is about to end. */
  readonly closing$: Observable<unknown>;
}

type Route = (ctx: Context, gateway: Gateway, res: ServerResponse, params: URLSearchParams) => void;

const mostSearches = 500;

const routes: Readonly<Record<string, Route>> = {
  'GET /events': (ctx, gateway, res, params) => {
    const { url, viewers } = gateway;
    const viewer: Viewer = { name: params.get('viewer') ?? '', commands$: new Subject() };
    viewers.set(viewer.name, viewer);
    afterFunc(ctx, () => viewers.get(viewer.name) === viewer && viewers.delete(viewer.name));
    ctx.value(counters).watch(ctx);
    crowd(ctx, viewer, url).subscribe();
    // They would never finish, and a gateway that ends would wait for them.
    send(res, events(ctx, () => totals(ctx, gateway)).pipe(takeUntil(gateway.closing$)));
  },

  'GET /search': (request, { backends }, res, params) => {
    const get = (name: string) => params.get(name) ?? '';
    const text = get('q');
    const ctx = withValue(request, lane, get('lane'));
    ctx.value(counters).watch(ctx);
    ctx.value(timeline).next({
      mark: 'request',
      lane: ctx.value(lane),
      at: Date.now(),
      deadline: ctx.deadline,
      text,
      viewer: get('viewer'),
    });
    answer(ctx, res, search(ctx, backends, params).pipe(drawn(ctx)));
  },

  'POST /searches': (_, { viewers }, res, params) => {
    const viewer = viewers.get(params.get('viewer') ?? '');
    const count = Number(params.get('count'));
    const deadlineMs = Number(params.get('deadlineMs'));
    if (viewer === undefined || !(count >= 1 && count <= mostSearches && deadlineMs > 0)) {
      res.writeHead(400).end();
      return;
    }
    const query = { text: params.get('q') ?? '', deadlineMs, trouble: params.get('trouble') ?? '' };
    viewer.commands$.next({ do: 'start', count, query });
    res.writeHead(202).end();
  },

  'DELETE /searches': (_, { viewers }, res, params) => {
    viewers.get(params.get('viewer') ?? '')?.commands$.next({ do: 'cancel', lane: params.get('lane') ?? undefined });
    res.writeHead(202).end();
  },

  // Its own context is not counted: looking must not change what is looked at.
  'GET /counters': (ctx, gateway, res) => {
    res.setHeader('content-type', 'application/json');
    res.end(JSON.stringify(totals(ctx, gateway)));
  },
};

/** Serves until ctx is done. */
export function serve(ctx: Context, server: Server, gateway: Gateway): Subscription {
  return requests(ctx, server).subscribe(({ ctx, req, res }) => {
    const [path = '/', params] = (req.url ?? '/').split('?', 2);
    const file = gateway.page.get(path);
    const route = routes[`${req.method} ${path}`];
    if (file !== undefined) sendPage(res, file);
    else if (route !== undefined) route(ctx, gateway, res, new URLSearchParams(params));
    else res.writeHead(404).end();
  });
}

function totals(ctx: Context, { backends, viewers }: Gateway): Totals {
  const own = ctx.value(counters);
  own.sample();
  const each = backends.map(({ from, counters }) => [from, counters.read()] as const);
  return {
    ...sum([own.read(), ...each.map(([, counts]) => counts)]),
    viewers: viewers.size,
    backends: Object.fromEntries(each) as Record<BackendName, Counts>,
  };
}
