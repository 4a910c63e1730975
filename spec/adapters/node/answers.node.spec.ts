// What the library answers where a handler did not: what is left of its headers, and what becomes of the connection.
import { pipeline, Transform } from 'node:stream';
import tls from 'node:tls';
import { ClientGoneError } from '../../../lib/adapters/node.js';
import { answered, closing, deadline, failure, soon, useRequests } from './serveRequests.js';
import { transports, turns, until } from './servers.js';
import { macrotask, takeUnhandledErrors } from '../../support/unhandled-errors.js';

const get = 'GET / HTTP/1.1\r\nHost: localhost\r\n';
const post = 'POST / HTTP/1.1\r\nHost: localhost\r\ncontent-length: 1000000000\r\n';

describe('an answer in place of the handler', () => {
  const { serve, raw } = useRequests();

  const described: Record<string, string> = {
    'content-type': 'application/json',
    'content-length': '1000000',
    'content-encoding': 'gzip',
    'content-language': 'de',
    'content-location': '/rows.json',
    'content-range': 'bytes 0-1/2',
    'content-disposition': 'attachment',
    'content-digest': 'sha-256=:AA==:',
    'repr-digest': 'sha-256=:AA==:',
    digest: 'sha-256=AA==',
    'content-md5': 'AA==',
    trailer: 'x-sum',
    etag: '"1"',
    'last-modified': 'Thu, 01 Jan 2026 00:00:00 GMT',
    'accept-ranges': 'bytes',
    age: '1',
    expires: '0',
    'cache-control': 'public, max-age=3600',
    'set-cookie': 'a=b',
    location: '/elsewhere',
  };
  const kept: Record<string, string> = {
    'access-control-allow-origin': 'https://example.com',
    'access-control-allow-credentials': 'true',
    'access-control-expose-headers': 'x-request-id',
    'content-security-policy': "default-src 'self'",
    'cross-origin-resource-policy': 'cross-origin',
    'strict-transport-security': 'max-age=1',
    'timing-allow-origin': '*',
    vary: 'origin',
    'x-request-id': '7',
  };

  for (const transport of transports) {
    it(`keeps the headers that browsers need, and drops those of the answer that never came (${transport.name})`, async () => {
      const { ask, expire } = await serve(
        ({ res }, seen) => {
          for (const [name, value] of Object.entries({ ...described, ...kept })) res.setHeader(name, value);
          if (transport.version === 1) res.setHeader('transfer-encoding', 'chunked');
          if (seen === 2) throw new Error('out of rows');
        },
        { transport },
      );
      const late = ask({ headers: soon }).answer;
      await expire();
      const failed = ask().answer;
      expect(await late).toEqual(deadline);
      expect(await failed).toEqual(failure);
      for (const { headers } of [await late, await failed]) {
        expect(headers).toEqual(jasmine.objectContaining(kept));
        expect(headers['content-type']).toBe('text/plain; charset=utf-8');
        expect(headers['content-length']).toMatch(/^\d\d$/);
        const dropped = Object.keys(described).filter((name) => !['content-type', 'content-length'].includes(name));
        for (const name of [...dropped, 'transfer-encoding']) {
          expect(headers[name]).withContext(name).toBeUndefined();
        }
      }
      await macrotask();
      expect(takeUnhandledErrors().length).toBe(1);
    });
  }

  it('says that the connection ends, whatever the handler promised', async () => {
    const { ask, cancel, seen } = await serve(({ res }) => res.setHeader('connection', 'keep-alive'));
    const { answer } = ask();
    await until(() => seen.length === 1);
    cancel();
    expect(await answer).toEqual(closing);
    expect((await answer).headers.connection).toBe('close');
  });

  describe('while the request still comes (HTTP/1.1)', () => {
    for (const reads of [true, false]) {
      it(`ends the connection, and destroys it a second later (the handler ${reads ? 'reads' : 'does not read'})`, async () => {
        const { port, seen, expire } = await serve(({ req }) => {
          if (reads) req.resume();
        });
        const client = await raw(port);
        client.socket.write(`${post}connect-timeout-ms: 900\r\n\r\nsome of it`);
        await until(() => seen.length === 1);
        const { socket } = seen[0]!.req;
        // It never stops to send.
        const chunk = Buffer.alloc(64 * 1024);
        const send = () => {
          while (client.socket.writable && client.socket.write(chunk));
        };
        client.socket.on('drain', send);
        send();
        await turns();
        const before = socket.bytesRead;
        const began = performance.now();
        await expire();
        await until(() => client.received.endsWith('Gateway Timeout'));
        expect(client.received).toMatch(/^HTTP\/1\.1 504 [^]*Connection: close\r\n/i);
        await until(() => socket.destroyed);
        expect(performance.now() - began).toBeGreaterThan(900);
        // What is dropped, and what the socket had read ahead.
        expect(socket.bytesRead - before).toBeLessThan(5 * 1024 * 1024);
        await until(() => client.ended !== undefined);
      });
    }

    it('lets a client that was blocked read the answer', async () => {
      const { port, seen, expire } = await serve();
      const client = await raw(port);
      client.socket.write(`${post}connect-timeout-ms: 900\r\n\r\n`);
      await until(() => seen.length === 1);
      // More than the buffers take, and less than is dropped. It reads when it has written.
      client.socket.pause();
      let written = false;
      client.socket.write(Buffer.alloc(3 * 1024 * 1024), () => (written = true));
      await expire();
      await until(() => written);
      client.socket.resume();
      await until(() => client.ended !== undefined);
      expect(client.received).toMatch(/^HTTP\/1\.1 504 [^]*Gateway Timeout$/);
      expect(client.ended).toBe('end');
    });

    it('closes as soon as the client does', async () => {
      const { port, seen, expire } = await serve();
      const client = await raw(port);
      client.socket.write(`${post}connect-timeout-ms: 900\r\n\r\nsome`);
      await until(() => seen.length === 1);
      const { socket } = seen[0]!.req;
      const began = performance.now();
      await expire();
      // The other end of it: that of the client ends itself when it sees the end.
      await until(() => socket.destroyed);
      expect(performance.now() - began).toBeLessThan(900);
      expect(client.ended).toBe('end');
    });

    it('does so over TLS', async () => {
      const { port, seen, expire } = await serve(undefined, { transport: transports[1]! });
      const options = { port, host: '127.0.0.1', rejectUnauthorized: false, allowHalfOpen: true };
      const socket = tls.connect(options);
      let received = '';
      let ended = false;
      socket.on('data', (text: Buffer) => (received += text.toString()));
      socket.on('end', () => (ended = true)).on('error', () => (ended = true));
      socket.write(`${post}connect-timeout-ms: 900\r\n\r\nsome`);
      await until(() => seen.length === 1);
      const sending = setInterval(() => socket.writable && socket.write(Buffer.alloc(1024)), 1);
      await expire();
      await until(() => ended);
      await until(() => seen[0]!.req.socket.destroyed);
      clearInterval(sending);
      socket.destroy();
      expect(received).toMatch(/^HTTP\/1\.1 504 [^]*Connection: close\r\n[^]*Gateway Timeout$/i);
    });

    it('keeps the connection of a request that has come', async () => {
      const { ask, expire, seen } = await serve(({ req }) => req.resume());
      const { answer, finish } = ask({ method: 'POST', body: 'all', headers: soon });
      finish();
      await until(() => seen.length === 1 && (seen[0]!.req as { complete: boolean }).complete);
      await expire();
      expect(await answer).toEqual(deadline);
      expect((await answer).headers.connection).toBe('keep-alive');
    });
  });

  describe('on a pipelined connection', () => {
    it('judges each response by itself: one that was begun and waits for its turn is dropped, the one before is whole', async () => {
      for (const chunked of [true, false]) {
        const { port, seen, expire } = await serve(({ res }, index) => {
          if (index !== 2) return;
          if (!chunked) res.setHeader('content-length', '9');
          res.write('half');
        });
        const client = await raw(port);
        client.socket.write(`${get}\r\n${get}connect-timeout-ms: 900\r\n\r\n`);
        await expire(2);
        await turns();
        expect(seen[1]!.ctx.err!.name).toBe('TimeoutError');
        expect(seen[0]!.ctx.err).toBeUndefined();
        expect(client.received).toBe('');
        seen[0]!.res.end('first');
        await until(() => client.ended !== undefined);
        expect(client.ended).toBe('end');
        expect(client.received).toMatch(/^HTTP\/1\.1 200 [^]*first$/);
        await until(() => seen[0]!.ctx.err !== undefined);
        expect(seen[0]!.ctx.cause).toBe(seen[0]!.ctx.err);
      }
    });

    it('judges each response by itself: one that destroys the connection in its turn makes no client go before', async () => {
      const { port, seen } = await serve();
      const client = await raw(port);
      client.socket.write(`${get}\r\n${get}\r\n`);
      await until(() => seen.length === 2);
      const [first, second] = seen.map(({ res }) => res);
      const assign = second!.assignSocket.bind(second);
      second!.assignSocket = (socket) => {
        assign(socket);
        socket.destroy();
      };
      first!.end('first');
      await until(() => seen.every(({ ctx }) => ctx.err !== undefined));
      expect(seen[0]!.ctx.cause).toBe(seen[0]!.ctx.err);
      expect(seen[1]!.ctx.cause).toBeInstanceOf(ClientGoneError);
    });
  });

  it('goes out whole where a pipeline of the handler has taken the socket from the request', async () => {
    const { ask, seen, expire } = await serve(({ req, res }) => {
      // It reads all, and says nothing until the end, which does not come.
      pipeline(
        req,
        new Transform({
          transform: (_chunk, _, done) => {
            done();
          },
        }),
        res,
        () => {},
      );
    });
    const { answer } = ask({ method: 'POST', body: 'some', headers: soon });
    await expire();
    expect(await answer).toEqual(answered(504, 'Gateway Timeout'));
    await until(() => seen[0]!.req.destroyed);
  });
});
