// A server that answers when a spec says so, and tells what became of a request. In Node it is one on the loopback
// interface; to a browser Karma serves it (karma.conf.js), for the page's own origin is a part of what is specified.
import type { IncomingMessage, ServerResponse } from 'node:http';

/** Paths begin with this. */
export const prefix = '/answers/';

const responses = new Map<string, ServerResponse>();
let names = 0;

/** Answers what is asked of it; false when that is for somebody else. */
export function handle(req: IncomingMessage, res: ServerResponse): boolean {
  if (req.url?.startsWith(prefix) !== true) return false;
  const { pathname, searchParams } = new URL(req.url, 'http://localhost');
  const action = actions[pathname.slice(prefix.length)];
  if (action === undefined) res.writeHead(404).end();
  else action(req, res, searchParams);
  return true;
}

const actions: Record<string, (req: IncomingMessage, res: ServerResponse, params: URLSearchParams) => void> = {
  /** What was asked, as JSON. */
  echo(req, res) {
    let body = '';
    req.setEncoding('latin1'); // byte by byte
    req.on('data', (chunk: string) => (body += chunk));
    req.on('end', () => {
      res.writeHead(201, { 'content-type': 'application/json', 'x-mine': 'yes' });
      // As they came: what one client writes in capitals another need not.
      const names = req.rawHeaders.filter((_, i) => i % 2 === 0).sort();
      res.end(JSON.stringify({ method: req.method, headers: req.headers, names, body }));
    });
  },
  /** Leads to another origin, as to a bucket that holds the files. */
  elsewhere({ headers: { host = '' } }, res) {
    const other = host.startsWith('localhost') ? '127.0.0.1' : 'localhost';
    res.writeHead(302, { location: `http://${host.replace(/^[^:]*/, other)}${prefix}bucket` }).end();
  },
  /** Lets everybody read, and allows no header that has to be asked for. */
  bucket({ method }, res) {
    res.writeHead(method === 'OPTIONS' ? 403 : 200, { 'access-control-allow-origin': '*' }).end('file');
  },
  redirect(_, res) {
    res.writeHead(302, { location: 'echo' }).end();
  },
  status(_, res, params) {
    res.writeHead(Number(params.get('code')), { 'content-type': 'text/plain' });
    res.end(params.get('code') === '204' ? undefined : 'text');
  },
  /** Keeps the client waiting for the response. */
  wait(_, res, params) {
    responses.set(params.get('name')!, res);
  },
  /** Begins a response, and keeps the client waiting for the rest. */
  begin(_, res, params) {
    responses.set(params.get('name')!, res);
    res.writeHead(200, { 'content-type': 'application/json' }).write('{"begun":');
  },
  /** The rest. */
  async end(_, res, params) {
    (await arrived(params)).end('true}');
    res.end();
  },
  /** Destroys the connection. */
  async cut(_, res, params) {
    (await arrived(params)).destroy();
    res.end();
  },
  async arrival(_, res, params) {
    await arrived(params);
    res.end();
  },
  /** Says how a request that waits ended, when it has. */
  async ending(_, res, params) {
    const one = await arrived(params);
    // Not `closed`, which a response of Deno does not say.
    if (!one.destroyed) await new Promise((then) => one.once('close', then));
    res.end(one.writableFinished ? 'answered' : 'gone');
  },
};

async function arrived(params: URLSearchParams): Promise<ServerResponse> {
  let res: ServerResponse | undefined;
  while ((res = responses.get(params.get('name')!)) === undefined) await new Promise((then) => setTimeout(then, 1));
  return res;
}

/** A client's view of it. */
export class Answers {
  constructor(
    private readonly origin: string,
    readonly stop: () => void,
  ) {}

  url(action: string, params: Record<string, string> = {}): string {
    return `${this.origin}${prefix}${action}?${String(new URLSearchParams(params))}`;
  }

  /** A request that waits for the spec: for the response, or for the rest of it. */
  open(action: 'wait' | 'begin') {
    const name = `${String(++names)}-${String(Math.random())}`;
    const tell = async (what: string) => (await fetch(this.url(what, { name }))).text();
    return {
      url: this.url(action, { name }),
      arrival: () => tell('arrival'),
      end: () => tell('end'),
      cut: () => tell('cut'),
      /** `'gone'` when its client went before it was answered. */
      ending: () => tell('ending'),
    };
  }
}

export async function start(): Promise<Answers> {
  if (typeof document !== 'undefined') return new Answers(location.origin, () => undefined);
  const { createServer } = await import('node:http');
  const server = createServer((req, res) => void handle(req, res));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address() as { port: number };
  return new Answers(`http://127.0.0.1:${address.port}`, () => {
    server.close();
    server.closeAllConnections();
  });
}
