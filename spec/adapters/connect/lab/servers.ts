// Real servers of Connect, and their clients: one for every transport that Node has.
import * as http from 'node:http';
import * as http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { ConnectRouter, Transport } from '@connectrpc/connect';
import { connectNodeAdapter, createConnectTransport, createGrpcTransport } from '@connectrpc/connect-node';
import type { ConnectNodeAdapterOptions } from '@connectrpc/connect-node';

export interface Running {
  readonly transport: Transport;
  /** What holds on to connections on the server. */
  readonly sockets: () => number;
  stop: () => Promise<void>;
}

type Start = (
  routes: (router: ConnectRouter) => void,
  options?: Omit<ConnectNodeAdapterOptions, 'routes'>,
) => Promise<Running>;

function over(
  createServer: (listener: ReturnType<typeof connectNodeAdapter>) => http.Server | http2.Http2Server,
  connect: (baseUrl: string) => Transport,
): Start {
  return async (routes, options) => {
    const server = createServer(connectNodeAdapter({ ...options, routes }));
    const sockets = new Set<{ destroy(): void }>();
    server.on('connection', (socket: NodeJS.Socket & { destroy(): void }) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const { port } = server.address() as AddressInfo;
    return {
      transport: connect(`http://127.0.0.1:${String(port)}`),
      sockets: () => sockets.size,
      async stop() {
        const closed = new Promise((resolve) => server.close(resolve));
        for (const socket of sockets) socket.destroy();
        await closed;
      },
    };
  };
}

const http1 = (listener: ReturnType<typeof connectNodeAdapter>) =>
  http.createServer((req, res) => {
    listener(req, res);
  });
const h2c = (listener: ReturnType<typeof connectNodeAdapter>) =>
  http2.createServer((req, res) => {
    listener(req, res);
  });

export const servers: Readonly<Record<string, Start>> = {
  'Connect over HTTP/1.1': over(http1, (baseUrl) => createConnectTransport({ baseUrl, httpVersion: '1.1' })),
  'Connect over HTTP/2': over(h2c, (baseUrl) => createConnectTransport({ baseUrl, httpVersion: '2' })),
  'gRPC over HTTP/2': over(h2c, (baseUrl) => createGrpcTransport({ baseUrl })),
};
