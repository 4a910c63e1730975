import { Client, Server, ServerCredentials, credentials } from '@grpc/grpc-js';
import type { ServerUnaryCall, UntypedServiceImplementation, sendUnaryData } from '@grpc/grpc-js';
import { firstValueFrom } from 'rxjs';
import { CallCanceledError, serverCallContext, statusFrom } from '../../../lib/adapters/grpc.js';
import type { ServerCall } from '../../../lib/adapters/grpc.js';
import { afterFunc, background, isCanceled, isDeadlineExceeded, withCancel, withTimeout } from '../../../lib/index.js';
import type { Context } from '../../../lib/index.js';
import { listenerCount } from '../../../lib/testing/index.js';
import { LabService } from './generated/lab.js';
import type { Ping, Pong } from './generated/lab.js';
import { callKind, kinds, modeHeader, outcome, pong, until } from './lab.js';

describe('serverCallContext', () => {
  const stops: (() => void)[] = [];
  afterEach(() => {
    for (const stop of stops.splice(0)) stop();
  });

  async function serve(implementation: UntypedServiceImplementation): Promise<Client> {
    const server = new Server();
    server.addService(LabService, implementation);
    const port = await new Promise<number>((resolve) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (_error, bound) => resolve(bound));
    });
    const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
    stops.push(() => {
      client.close();
      server.forceShutdown();
    });
    return client;
  }

  /** A service that answers no call, and the contexts of its calls. */
  async function serveContexts(parent: Context, options?: Parameters<typeof serverCallContext>[2]) {
    const contexts: Context[] = [];
    const calls: ServerCall[] = [];
    const handle = (call: ServerCall) => {
      calls.push(call);
      contexts.push(serverCallContext(parent, call, options));
    };
    const client = await serve({
      unary: handle,
      up: handle,
      down: handle,
      both: handle,
    });
    return { client, contexts, calls };
  }

  for (const kind of kinds) {
    it(`is done when the client cancels a ${kind} call`, async () => {
      const [parent] = withCancel(background());
      const { client, contexts, calls } = await serveContexts(parent);
      const [ctx, cancel] = withCancel(background());
      const result = outcome(callKind(kind, ctx, client, 'hang'));
      await until(() => contexts.length === 1);
      expect(contexts[0]!.err).toBeUndefined();
      cancel();
      await result;
      const err = await firstValueFrom(contexts[0]!.done$);
      expect(isCanceled(err)).toBeTrue();
      expect(contexts[0]!.cause).toBeInstanceOf(CallCanceledError);
      expect((contexts[0]!.cause as Error).name).toBe('CallCanceledError');
      expect(calls[0]!.listenerCount('cancelled')).toBe(0);
      expect(listenerCount(parent)).toBe(0);
    });

    it(`has the deadline of a ${kind} call`, async () => {
      const { client, contexts } = await serveContexts(background());
      const metadata = modeHeader('hang');
      metadata.set('grpc-timeout', '50m'); // the client does not know, and does not cancel
      const result = outcome(callKind(kind, background(), client, 'hang', { metadata }));
      await until(() => contexts.length === 1);
      expect(isDeadlineExceeded(await firstValueFrom(contexts[0]!.done$))).toBeTrue();
      await result;
    });
  }

  it('is the same one for the same call, and another for another', async () => {
    const seen: boolean[] = [];
    const unary = (call: ServerUnaryCall<Ping, Pong>, callback: sendUnaryData<Pong>) => {
      const ctx = serverCallContext(background(), call);
      const [other] = withCancel(background());
      seen.push(ctx === serverCallContext(other, call, { timeoutMs: 5 }));
      callback(null, pong(ctx.deadline ?? 0));
    };
    const client = await serve({ unary });
    expect((await outcome(callKind('unary', background(), client))).counts).toEqual([0]);
    expect(seen).toEqual([true]);
  });

  it('is limited by timeoutMs without a deadline, and always by maxTimeoutMs', async () => {
    const { client, contexts } = await serveContexts(background(), { timeoutMs: 1000, maxTimeoutMs: 60_000 });
    const [stopped, stop] = withCancel(background());
    const [late] = withTimeout(stopped, 120_000);
    const before = Date.now();
    const results = [outcome(callKind('unary', stopped, client)), outcome(callKind('unary', late, client))];
    await until(() => contexts.length === 2);
    const [first, second] = contexts.map(({ deadline }) => deadline! - before).sort((a, b) => a - b);
    expect(first).toBeLessThan(30_000);
    expect(second).toBeGreaterThan(50_000);
    expect(second).toBeLessThan(90_000);
    stop();
    await Promise.all(results);
  });

  it('is canceled without a cause when a stream of responses was ended', async () => {
    const contexts: Context[] = [];
    const down = (call: ServerCall & { end(): void }) => {
      contexts.push(serverCallContext(background(), call));
      call.end();
    };
    const client = await serve({ down });
    expect((await outcome(callKind('down', background(), client))).completed).toBeTrue();
    const err = await firstValueFrom(contexts[0]!.done$);
    expect(contexts[0]!.cause).toBe(err);
  });

  it('is done for a call that is over', async () => {
    let over: ServerCall | undefined;
    const unary = (call: ServerCall, callback: sendUnaryData<Pong>) => {
      over = call;
      callback(null, pong());
    };
    const client = await serve({ unary });
    await outcome(callKind('unary', background(), client));
    await until(() => over!.cancelled);
    expect(isCanceled(serverCallContext(background(), over!).err)).toBeTrue();
  });

  it('takes a deadline for one that has passed although grpc-js says so a moment before', async () => {
    const { client, contexts, calls } = await serveContexts(background());
    const [ctx] = withTimeout(background(), 60_000);
    const [stopped, stop] = withCancel(ctx);
    const result = outcome(callKind('unary', stopped, client));
    await until(() => contexts.length === 1);
    const now = contexts[0]!.deadline! - 1;
    const spy = spyOn(Date, 'now').and.returnValue(now);
    calls[0]!.emit('cancelled');
    expect(contexts[0]!.err).toBeUndefined();
    spy.and.returnValue(now + 1);
    const err = await firstValueFrom(contexts[0]!.done$);
    spy.and.callThrough();
    expect(isDeadlineExceeded(err)).toBeTrue();
    stop();
    await result;
  });

  it('serves a handler that sends the status itself', async () => {
    const down = (call: ServerCall) => {
      const ctx = serverCallContext(background(), call, { timeoutMs: 20 });
      afterFunc(ctx, () => call.emit('error', statusFrom(ctx.err)));
    };
    const client = await serve({ down });
    expect((await outcome(callKind('down', background(), client))).error).toEqual(
      jasmine.objectContaining({ code: 4 }),
    );
  });

  it('refuses what is not what it must be', () => {
    const make = serverCallContext as (...args: unknown[]) => unknown;
    const call = { getDeadline: () => Infinity, once: () => undefined };
    expect(() => make(undefined, call)).toThrowError(TypeError, /^serverCallContext: parent must be a Context/);
    for (const wrong of [undefined, {}, { once: () => 0 }]) {
      expect(() => make(background(), wrong)).toThrowError(TypeError, /^serverCallContext: call must be a call/);
    }
    expect(() => make(background(), { getDeadline: () => 0 })).toThrowError(TypeError, /^serverCallContext: call/);
    expect(() => make(background(), call, { timeoutMs: NaN })).toThrowError(TypeError, /timeoutMs must be a number/);
    expect(() => make(background(), call, { maxTimeoutMs: '5' })).toThrowError(
      TypeError,
      /maxTimeoutMs must be a number/,
    );
  });
});
