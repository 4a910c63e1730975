// Servers that take a function from Request to Response: that of the host which runs the specs.
type Handler = (request: Request) => Response | Promise<Response>;

export interface Host {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

interface DenoServer {
  readonly addr: { readonly port: number };
  shutdown(): Promise<void>;
}

interface BunServer {
  readonly port: number;
  stop(closeActiveConnections: boolean): Promise<void>;
}

const { Deno, Bun } = globalThis as {
  Deno?: { serve(options: object, handler: Handler): DenoServer };
  Bun?: { serve(options: object): BunServer };
};

export const hostName = Deno ? 'Deno.serve' : Bun ? 'Bun.serve' : '@hono/node-server';

export async function start(handler: Handler): Promise<Host> {
  if (Deno !== undefined) {
    const abort = new AbortController();
    const { signal } = abort;
    const server = Deno.serve({ port: 0, hostname: '127.0.0.1', signal, onListen: () => undefined }, handler);
    return {
      url: `http://127.0.0.1:${String(server.addr.port)}`,
      stop: () => {
        abort.abort();
        return Promise.resolve();
      },
    };
  }
  if (Bun !== undefined) {
    const server = Bun.serve({ port: 0, hostname: '127.0.0.1', idleTimeout: 60, fetch: handler });
    return { url: `http://127.0.0.1:${String(server.port)}`, stop: () => server.stop(true) };
  }
  // By a name that no bundler for browsers follows.
  const name = '@hono/node-server';
  const { createAdaptorServer } = (await import(name)) as typeof import('@hono/node-server');
  const server = createAdaptorServer({ fetch: handler, overrideGlobalObjects: false }) as import('node:http').Server;
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${String(port)}`,
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
