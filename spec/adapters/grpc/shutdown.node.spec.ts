import type { ServiceError } from '@grpc/grpc-js';
import { firstValueFrom, timer, map } from 'rxjs';
import { shutdown } from '../../../lib/adapters/grpc.js';
import { background, withCancel } from '../../../lib/index.js';
import { listenerCount } from '../../../lib/testing/index.js';
import { callKind, kinds, outcome, pong, useLabs } from './lab.js';

describe('shutdown of a gRPC server', () => {
  const { serve } = useLabs();

  it('resolves at once when no call is in flight', async () => {
    const [main, stop] = withCancel(background());
    const { server, service, client } = await serve({ parent: main });
    await outcome(callKind('unary', background(), client));
    const stopped = shutdown(main, server, { graceMs: 60_000, services: [service] });
    stop();
    expect(await stopped).toEqual({ finished: 0, cut: 0 });
    expect(listenerCount(main)).toBe(0);
    expect(((await outcome(callKind('unary', background(), client))).error as ServiceError).code).toBe(14);
  });

  it('resolves when ctx is done before and the server never listened', async () => {
    const [main, stop] = withCancel(background());
    stop();
    const { server } = await serve();
    server.forceShutdown();
    expect(await shutdown(main, server, { graceMs: 60_000 })).toEqual({ finished: 0, cut: 0 });
  });

  for (const kind of kinds) {
    it(`lets a ${kind} call finish, although ctx is its parent`, async () => {
      const [main, stop] = withCancel(background());
      const errs: unknown[] = [];
      const lab = await serve({
        parent: main,
        handlers: {
          [kind]: (ctx: { readonly err: unknown }) => {
            stop();
            return timer(30).pipe(
              map(() => {
                errs.push(ctx.err);
                return pong(7);
              }),
            );
          },
        },
      });
      const stopped = shutdown(main, lab.server, { graceMs: 60_000, services: [lab.service] });
      const { counts, error } = await outcome(callKind(kind, background(), lab.client));
      expect(error).toBeUndefined();
      expect(counts).toEqual([7]);
      expect(errs).toEqual([undefined]);
      expect(await stopped).toEqual({ finished: 1, cut: 0 });
    });

    it(`cuts a ${kind} call that hangs, with UNAVAILABLE`, async () => {
      const [main, stop] = withCancel(background());
      const lab = await serve({ parent: main });
      const stopped = shutdown(main, lab.server, { graceMs: 50, services: [lab.service] });
      const next = lab.next();
      const result = outcome(callKind(kind, background(), lab.client, 'hang'));
      const seen = await next;
      stop(new Error('restart'));
      expect(seen.ctx.err).toBeUndefined();
      expect(((await result).error as ServiceError).code).toBe(14);
      expect(seen.ctx.cause).toEqual(new Error('restart'));
      expect(await stopped).toEqual({ finished: 0, cut: 1 });
    });

    it(`counts a ${kind} call whose client goes in neither`, async () => {
      const [main, stop] = withCancel(background());
      const lab = await serve({ parent: main });
      const stopped = shutdown(main, lab.server, { graceMs: 60_000, services: [lab.service] });
      const next = lab.next();
      const [ctx, cancel] = withCancel(background());
      const result = outcome(callKind(kind, ctx, lab.client, 'hang'));
      await next;
      stop();
      cancel();
      expect((await result).error).toBe(ctx.err);
      expect(await stopped).toEqual({ finished: 0, cut: 0 });
    });
  }

  it('cuts calls whose parent is another one, with the cause of ctx', async () => {
    const [main, stop] = withCancel(background());
    const lab = await serve();
    const stopped = shutdown(main, lab.server, { graceMs: 20, services: [lab.service] });
    const next = lab.next();
    const result = outcome(callKind('both', background(), lab.client, 'hang'));
    const seen = await next;
    const why = new Error('restart');
    stop(why);
    expect(((await result).error as ServiceError).code).toBe(14);
    expect(seen.ctx.cause).toBe(why);
    expect(await stopped).toEqual({ finished: 0, cut: 1 });
  });

  it('waits for the drain of grpc-js without services, then closes the connections', async () => {
    const [main, stop] = withCancel(background());
    const lab = await serve();
    const stopped = shutdown(main, lab.server, { graceMs: 20 });
    const next = lab.next();
    const result = outcome(callKind('unary', background(), lab.client, 'hang'));
    await next;
    stop();
    expect(await stopped).toEqual({ finished: 0, cut: 0 });
    expect((await result).error).toBeInstanceOf(Error);
  });

  it('ends only when the context does', async () => {
    const [main, stop] = withCancel(background());
    const lab = await serve({ parent: main });
    let resolved = false;
    const stopped = shutdown(main, lab.server, { graceMs: 0, services: [lab.service] }).then(() => (resolved = true));
    await firstValueFrom(callKind('unary', background(), lab.client));
    expect(resolved).toBeFalse();
    stop();
    await stopped;
    expect(resolved).toBeTrue();
  });

  it('refuses what is not what it must be', async () => {
    const { server } = await serve();
    const call = shutdown as (...args: unknown[]) => unknown;
    const ctx = background();
    expect(() => call(undefined, server, { graceMs: 1 })).toThrowError(TypeError, /^shutdown: ctx must be a Context/);
    expect(() => call(ctx, {}, { graceMs: 1 })).toThrowError(TypeError, /^shutdown: server must be a server of @grpc/);
    expect(() => call(ctx, undefined, { graceMs: 1 })).toThrowError(TypeError, /^shutdown: server must be/);
    expect(() => call(ctx, server)).toThrowError(TypeError, /^shutdown: graceMs must be/);
    for (const services of [5, [{}], [undefined]]) {
      expect(() => call(ctx, server, { graceMs: 1, services })).toThrowError(
        TypeError,
        /^shutdown: services must be an array/,
      );
    }
  });
});
