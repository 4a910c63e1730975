// Real servers on the loopback interface, and clients that do what clients do: ask, wait, and leave.
import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type { AnyRequest, AnyResponse, AnyServer } from '../../../lib/adapters/node.js';

/** What a client got. */
export interface Answer {
  /** `undefined`: nothing at all. */
  readonly status: number | undefined;
  readonly headers: Record<string, unknown>;
  readonly body: string;
  /** Whether the client can take it for the whole response. */
  readonly whole: boolean;
}

export interface Call {
  readonly answer: Promise<Answer>;
  /** Sends the rest of the body. */
  finish(): void;
  leave(): void;
}

export interface AskOptions {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  /** Begins a body, which `finish` ends. */
  readonly body?: string;
  /** The response is not read. */
  readonly deaf?: boolean;
}

export interface Transport {
  readonly name: string;
  readonly secure: boolean;
  readonly version: 1 | 2;
}

export const transports: readonly Transport[] = [
  { name: 'HTTP/1.1', secure: false, version: 1 },
  { name: 'HTTP/1.1 over TLS', secure: true, version: 1 },
  { name: 'HTTP/2', secure: false, version: 2 },
  { name: 'HTTP/2 over TLS', secure: true, version: 2 },
];

/** For the specs of one `describe`: what they start is stopped after each. */
export function useServers() {
  const stops: (() => void)[] = [];
  afterEach(() => {
    for (const stop of stops.splice(0).reverse()) stop();
  });

  /** Lets a server listen on a free port. */
  async function listen<T extends AnyServer>(server: T): Promise<{ server: T; port: number; url: string }> {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const sockets = new Set<Socket>();
    server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    });
    stops.push(() => {
      server.close();
      for (const socket of sockets) socket.destroy();
    });
    const { port } = server.address() as AddressInfo;
    return { server, port, url: `http://127.0.0.1:${port}` };
  }

  /** A client that has one connection to a server, or with HTTP/1.1 up to `maxSockets`. */
  function client({ secure, version }: Transport, port: number, maxSockets = 1): (options?: AskOptions) => Call {
    if (version === 1) {
      const { request, Agent } = secure ? https : http;
      const agent = new Agent({ keepAlive: true, maxSockets });
      stops.push(() => agent.destroy());
      return (options) => ask1(request, agent, port, options);
    }
    const session = http2.connect(`${secure ? 'https' : 'http'}://127.0.0.1:${port}`, { rejectUnauthorized: false });
    session.on('error', () => {});
    stops.push(() => session.destroy());
    return (options) => ask2(session, options);
  }

  /** A server, and a client of it. */
  async function pair(transport: Transport, handle?: (req: AnyRequest, res: AnyResponse) => void, maxSockets?: number) {
    const { secure, version } = transport;
    const made =
      version === 1
        ? secure
          ? https.createServer(certificate)
          : http.createServer()
        : secure
          ? http2.createSecureServer(certificate)
          : http2.createServer();
    if (handle) (made as http.Server).on('request', handle);
    const { server, port } = await listen<AnyServer>(made);
    return { server, port, ask: client(transport, port, maxSockets) };
  }

  /** A connection to write to by hand. */
  async function raw(port: number) {
    const socket = connect(port, '127.0.0.1');
    let received = '';
    let ended: 'end' | 'error' | undefined;
    socket.on('data', (text: Buffer) => (received += text.toString()));
    socket.on('error', () => (ended = 'error'));
    socket.on('end', () => (ended ??= 'end'));
    stops.push(() => socket.destroy());
    await once(socket, 'connect');
    return {
      socket,
      get received() {
        return received;
      },
      /** How the server closed it. */
      get ended() {
        return ended;
      },
    };
  }

  return { listen, client, pair, raw };
}

function ask1(
  request: typeof http.request,
  agent: http.Agent,
  port: number,
  { method = 'GET', headers, body, deaf = false }: AskOptions = {},
): Call {
  const req = request({ host: '127.0.0.1', port, method, headers, agent, rejectUnauthorized: false } as object);
  const answer = new Promise<Answer>((resolve) => {
    req.on('error', () => resolve({ status: undefined, headers: {}, body: '', whole: false }));
    req.on('response', (res) => {
      let text = '';
      const end = () => resolve({ status: res.statusCode, headers: res.headers, body: text, whole: res.complete });
      res.on('error', end).on('end', end);
      if (!deaf) res.on('data', (chunk: Buffer) => (text += chunk.toString()));
    });
  });
  if (body === undefined) req.end();
  else req.write(body);
  return { answer, finish: () => req.end(), leave: () => req.destroy() };
}

function ask2(
  session: http2.ClientHttp2Session,
  { method = 'GET', headers, body, deaf = false }: AskOptions = {},
): Call {
  if (session.destroyed) {
    const nothing = { status: undefined, headers: {}, body: '', whole: false };
    return { answer: Promise.resolve(nothing), finish: () => {}, leave: () => {} };
  }
  const stream = session.request({ ':method': method, ':path': '/', ...headers }, { endStream: body === undefined });
  let failed = false;
  const answer = new Promise<Answer>((resolve) => {
    let status: number | undefined;
    let got: Record<string, unknown> = {};
    let text = '';
    stream.on('response', (response) => {
      status = response[':status'];
      got = { ...response };
    });
    if (!deaf) stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
    // What a client can see: a stream that is reset as if it were over is no failure.
    stream.on('error', () => (failed = true));
    stream.on('close', () => resolve({ status, headers: got, body: text, whole: !failed && status !== undefined }));
  });
  if (body !== undefined) stream.write(body);
  const leave = () => {
    failed = true;
    stream.close(http2.constants.NGHTTP2_CANCEL);
  };
  return { answer, finish: () => stream.end(), leave };
}

/** Looks again and again, as long as it takes; the limit of the spec is the limit. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}

/** Lets what happens now on the sockets of this process happen. */
export async function turns(count = 20): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** A response's listeners, and those of its stream. */
export function listenersOf(res: AnyResponse): number {
  const emitters = 'stream' in res ? [res, res.stream] : [res];
  return emitters
    .flatMap((emitter) => emitter.eventNames().map((name) => emitter.listenerCount(name)))
    .reduce((a, b) => a + b, 0);
}

/** For localhost, signed by itself; the key protects nothing. */
const certificate = {
  key: `-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIDKX8muGhCQqfzoPjG1+vU/gIMlY24paaJdPHp2kBwz8oAoGCCqGSM49
AwEHoUQDQgAE/B4KIurbOaRJQ3SSV6EF9SZzb6ZavuvY0/uM0lvp+Kip8VVzmmeH
JRIalnTH3YjTytGezUablfb6VDYsVm9gWA==
-----END EC PRIVATE KEY-----`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBnDCCAUGgAwIBAgIUL5TixrQiqIXWBDiEivX1UM00NCowCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMjEyMjM0NVoYDzIxMjYxMDI5
MTIyMzQ1WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAT8Hgoi6ts5pElDdJJXoQX1JnNvplq+69jT+4zSW+n4qKnxVXOaZ4cl
EhqWdMfdiNPK0Z7NRpuV9vpUNixWb2BYo28wbTAdBgNVHQ4EFgQUmwrWxkJfT0Ov
IbsihuvVn3A//6kwHwYDVR0jBBgwFoAUmwrWxkJfT0OvIbsihuvVn3A//6kwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARhwR/AAABgglsb2NhbGhvc3QwCgYIKoZI
zj0EAwIDSQAwRgIhAIk0d72D5PTbbZEiH5PE5dItLJtGbCKutv9bd5aVptpHAiEA
0imOF7JB4XMs0bc9O1mo4qVhH478guQnu0kN0frfyMQ=
-----END CERTIFICATE-----`,
};
