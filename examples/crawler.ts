// Crawls a site that fails now and then and has no end: four pages at a time, one budget for all retries, one deadline.

import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { lastValueFrom, mergeMap } from 'rxjs';
import {
  background,
  type Context,
  type Group,
  groupCtx,
  retryBudget,
  retryCtx,
  type RetryOptions,
  withTimeout,
} from 'rxjs-ctx';
import { fetchCtx, retryAfter } from 'rxjs-ctx/http';

const totalMs = 1_000;

class HttpError extends Error {
  constructor(readonly response: Response) {
    super(String(response.status));
  }
}

const budget = retryBudget({ maxTokens: 10 });
const policy: RetryOptions = {
  budget,
  initialMs: 20,
  attemptTimeoutMs: 500,
  // What a server says is final, except that it is busy. All else is the network's fault, and worth another attempt.
  when: (error) => !(error instanceof HttpError) || (error.response.status === 503 && waitFor(error.response)),
};
const waitFor = ({ headers }: Response) => retryAfter(headers) ?? true;

interface Page {
  attempts: number;
  outcome: 'not begun' | 'cut off' | 'read' | 'given up';
  error?: string;
}
const pages = new Map<string, Page>();

/** Reads a page, and then all that it links to. The group waits for all of them. */
function crawl(group: Group, path: string): void {
  if (pages.has(path)) return;
  const page: Page = { attempts: 0, outcome: 'not begun' };
  pages.set(path, page);
  void group.go(async (ctx) => {
    try {
      const links$ = retryCtx(
        ctx,
        (ctx, { attempt }) => {
          page.attempts = attempt;
          return fetchLinks(ctx, path);
        },
        policy,
      );
      const links = await lastValueFrom(links$);
      page.outcome = 'read';
      for (const link of links) crawl(group, link);
    } catch (error) {
      page.outcome = error === ctx.err ? 'cut off' : 'given up';
      page.error = (error as Error).message;
    }
  });
}

/** Of one attempt: aborted when the attempt is over, or its time. */
function fetchLinks(ctx: Context, path: string) {
  return fetchCtx(ctx, origin + path).pipe(
    mergeMap((response) => {
      if (!response.ok) throw new HttpError(response);
      return response.json() as Promise<string[]>;
    }),
  );
}

/** A site of which `/news` is busy at times, `/archive` is down, and `/calendar` links to the next month and the next year. */
function answer(path: string, res: ServerResponse): void {
  const [, section = '', name] = path.split('/');
  const send = (ms: number, status: number, links: readonly string[] = [], headers = {}) => {
    const timer = setTimeout(() => res.writeHead(status, headers).end(JSON.stringify(links)), ms);
    res.once('close', () => {
      clearTimeout(timer);
    });
  };
  const visits = (visited.get(path) ?? 0) + 1;
  visited.set(path, visits);
  if (section === '') send(5, 200, ['/news', '/archive', '/calendar/1']);
  else if (section === 'calendar')
    send(
      60,
      200,
      [1, 12].map((months) => `/calendar/${Number(name) + months}`),
    );
  else if (path === '/news') send(5, 200, ['/news/1', '/news/2', '/news/3', '/news/4', '/news/lost']);
  else if (path === '/archive')
    send(
      150,
      200,
      [1, 2, 3, 4, 5, 6, 7, 8].map((year) => `/archive/${year}`),
    );
  else if (section === 'archive') send(5, 503);
  else if (name === 'lost') send(5, 404);
  else if (name === '2' && visits === 1) send(5, 503);
  else if (name === '4' && visits === 1) send(5, 503, [], { 'retry-after': '0' });
  else send(5, 200);
}

const visited = new Map<string, number>(); // how often the server was asked, by page
const open = new Set<ServerResponse>(); // what the server has not answered yet
const server = createServer((req, res) => {
  open.add(res);
  res.once('close', () => open.delete(res));
  answer(req.url!, res);
});
await once(server.listen(0, '127.0.0.1'), 'listening');
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

const start = performance.now();
const [ctx, cancel] = withTimeout(background(), totalMs);
using _ = cancel;
const end = await groupCtx(ctx, (group) => crawl(group, '/'), { limit: 4 }).then(
  () => 'all pages are read',
  (error: unknown) => (error as Error).message,
);
const tookMs = Math.round(performance.now() - start);

const outcomes = ['read', 'given up', 'cut off', 'not begun'] as const;
const row = (...cells: unknown[]) => {
  console.log(cells.map((cell, column) => String(cell)[column === 0 ? 'padEnd' : 'padStart'](11)).join(''));
};
row('section', ...outcomes);
for (const section of ['', 'news', 'archive', 'calendar']) {
  const own = [...pages].filter(([path]) => path.split('/')[1] === section).map(([, page]) => page);
  row(`/${section}`, ...outcomes.map((outcome) => own.filter((page) => page.outcome === outcome).length));
}
console.log();
for (const [path, { outcome, attempts, error }] of pages) {
  if (outcome === 'read' && attempts > 1) console.log(`retried   ${path}: read at attempt ${attempts}`);
  if (outcome === 'given up') console.log(`given up  ${path}: ${error}, attempt ${attempts}`);
}
console.log(`\nbudget    ${budget.tokens.toFixed(1)} of 10 tokens left: a failure is final from 5 down`);
console.log(`it ended  after ${tookMs} ms: ${end}`);

// The server learns of an abort when the socket closes, which takes a moment.
await Promise.all([...open].map((res) => once(res, 'close')));
console.log(`server    ${open.size} requests open`);
server.close();
server.closeAllConnections();
