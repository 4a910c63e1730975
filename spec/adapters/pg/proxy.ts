// What stands between a client and its server: it can refuse and swallow connections, and end TLS.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import tls from 'node:tls';

export interface Proxy {
  readonly port: number;
  /** Every connection so far. */
  readonly connections: number;
  /** What happens to the next connections. A text is answered to the first bytes. */
  mode: 'forward' | 'refuse' | 'swallow' | 'lose' | { readonly answer: string };
  stop(): Promise<void>;
}

export async function startProxy(to: number, secure?: tls.TlsOptions): Promise<Proxy> {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).once('close', () => sockets.delete(socket));
  };
  const onConnection = (socket: Socket) => {
    proxy.connections++;
    keep(socket);
    const { mode } = proxy;
    if (mode === 'refuse') socket.resetAndDestroy();
    else if (mode === 'lose') socket.once('data', () => socket.end());
    else if (mode === 'swallow') socket.resume();
    else if (mode !== 'forward') socket.once('data', () => socket.write(mode.answer));
    else {
      const server = connect(to, '127.0.0.1');
      keep(server);
      socket.pipe(server).pipe(socket);
      socket.once('close', () => server.destroy());
      server.once('close', () => socket.destroy());
    }
  };
  const server =
    secure === undefined
      ? createServer(onConnection)
      : tls.createServer(secure, onConnection).on('tlsClientError', () => {});
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const proxy = {
    port: (server.address() as AddressInfo).port,
    connections: 0,
    mode: 'forward' as Proxy['mode'],
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
  return proxy;
}
