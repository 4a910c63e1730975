// What goes wrong with gRPC in Node unless one takes care: a real server, hundreds of calls each.
import type { ServiceError } from '@grpc/grpc-js';
import { NEVER, concat, finalize, firstValueFrom, map, of, tap } from 'rxjs';
import { CallCanceledError, callCtx } from '../../../lib/adapters/grpc.js';
import type { CallCtxOptions, ClientCall } from '../../../lib/adapters/grpc.js';
import {
  background,
  isCanceled,
  isDeadlineExceeded,
  withCancel,
  withDeadline,
  withTimeout,
} from '../../../lib/index.js';
import type { Context } from '../../../lib/index.js';
import { listenerCount } from '../../../lib/testing/index.js';
import { LabService } from './generated/lab.js';
import { callKind, kinds, outcome, ping, pong, turns, until, useLabs } from './lab.js';
import type { Outcome, Seen } from './lab.js';

const calls = 300;
const dayMs = 86_400_000;

/** Runs as many calls as are asked for, a number of them at a time. */
async function run<T>(count: number, atOnce: number, one: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let index = 0;
  const work = async () => {
    while (index < count) results.push(await one(index++));
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return results;
}

describe('the traps of gRPC', () => {
  const { serve } = useLabs();

  describe('a call that is canceled in the tick that made it', () => {
    const ways: [name: string, leave: (ctx: Context, cancel: () => void, unsubscribe: () => void) => void][] = [
      ['by ctx', (_ctx, cancel) => cancel()],
      ['by unsubscribing', (_ctx, _cancel, unsubscribe) => unsubscribe()],
      ['in the next microtask', (_ctx, _cancel, unsubscribe) => void Promise.resolve().then(unsubscribe)],
    ];
    for (const kind of kinds) {
      for (const [name, leave] of ways) {
        it(`is torn down on the server, ${name}: ${kind}`, async () => {
          const lab = await serve();
          await outcome(callKind(kind, background(), lab.client)); // the connection is there
          for (let i = 0; i < calls; i++) {
            const [ctx, cancel] = withCancel(background());
            const subscription = callKind(kind, ctx, lab.client, 'hang').subscribe({ error: () => {} });
            leave(ctx, cancel, () => subscription.unsubscribe());
            if (i % 10 === 0) await turns(1);
          }
          // What was sent before arrives before this.
          await outcome(callKind(kind, background(), lab.client));
          await until(() => lab.running.size === 0);
          const canceled = lab.seen.slice(1, -1);
          await until(() => canceled.every(({ ctx }) => ctx.err !== undefined));
          expect(canceled.filter(({ ctx }) => !(ctx.cause instanceof CallCanceledError)).length).toBe(0);
          expect(lab.running.size).toBe(0);
        });
      }
    }
  });

  describe('a deadline far away', () => {
    const rows: [name: string, ms: number, told: boolean][] = [
      ['1 s', 1_000, true],
      ['the longest', 2_147_483_000, true],
      ['1 ms more', 2_147_483_005, false],
      ['30 days', 30 * dayMs, false],
      ['49.71 days', 49.71 * dayMs, false],
      ['60 days', 60 * dayMs, false],
      ['10,000 years', 3_652_500 * dayMs, false],
      ['none', Infinity, false],
    ];
    for (const [name, ms, told] of rows) {
      it(`reaches the server as it is, or not at all: ${name}`, async () => {
        const lab = await serve();
        const outcomes = await run(calls, 20, () => {
          const [ctx] = withTimeout(background(), ms);
          return outcome(callKind('unary', ctx, lab.client));
        });
        expect(outcomes.filter(({ completed }) => completed).length).toBe(calls);
        const deadlines = lab.seen.map(({ call }) => Number(call.getDeadline()));
        const wrong = deadlines.filter((at) => (told ? Math.abs(at - Date.now() - ms) > 5_000 : at !== Infinity));
        expect(wrong).toEqual([]);
      });
    }
  });

  it('an upload that is canceled never looks whole', async () => {
    let whole = 0;
    let failed = 0;
    let left = 0;
    let received = 0;
    const lab = await serve({
      handlers: {
        up: (ctx, pings$) =>
          pings$.pipe(
            tap({
              next: () => received++,
              complete: () => whole++,
              error: (error: unknown) => (failed += error === ctx.err ? 1 : 0),
            }),
            finalize(() => left++),
            map(() => pong()),
          ),
      },
    });
    for (let i = 0; i < calls; i++) {
      const before = received;
      const subscription = callCtx(
        background(),
        lab.client,
        LabService.up,
        concat(of(ping(), ping()), NEVER),
      ).subscribe();
      await until(() => received === before + 2);
      subscription.unsubscribe();
    }
    await until(() => left === calls);
    await turns(10);
    expect({ whole, failed }).toEqual({ whole: 0, failed: calls });
  });

  it('a deadline that has passed, or is no time, sends nothing', async () => {
    const lab = await serve();
    const times = [0, -1, -Infinity];
    const errors = await run(calls, 20, async (i) => {
      const [ctx] =
        i % 2 === 0 ? withTimeout(background(), times[i % 3]!) : withDeadline(background(), Date.now() - 1000);
      return (await outcome(callKind(kinds[i % 4]!, ctx, lab.client))).error;
    });
    expect(errors.filter(isDeadlineExceeded).length).toBe(calls);
    const options = { deadline: NaN } as CallCtxOptions;
    expect(() => callKind('unary', background(), lab.client, 'ok', options)).toThrowError(TypeError);
    await outcome(callKind('unary', background(), lab.client));
    expect(lab.seen.length).toBe(1);
  });

  it('an async handler that rejects is answered at once', async () => {
    const reject = async () => {
      await turns(1);
      throw new Error('rejected');
    };
    const lab = await serve({ handlers: { unary: reject, up: reject, down: reject, both: reject } });
    const outcomes = await run(calls * 4, 20, (i) => outcome(callKind(kinds[i % 4]!, background(), lab.client)));
    const codes = outcomes.map(({ error }) => (error as ServiceError).code);
    expect(codes.filter((code) => code === 2).length).toBe(calls * 4);
  });

  for (const kind of kinds) {
    it(`'cancelled' after the status is not taken for a client that is gone: ${kind}`, async () => {
      const lab = await serve();
      await run(calls, 20, (i) => outcome(callKind(kind, background(), lab.client, i % 2 === 0 ? 'ok' : 'fail')));
      await until(() => lab.seen.every(({ call }) => call.cancelled));
      const causes = lab.seen.map(({ ctx }) => [isCanceled(ctx.err), ctx.cause === ctx.err]);
      expect(causes.filter(([canceled, own]) => canceled === true && own === true).length).toBe(calls);
    });
  }
});

describe('the race of a far status with the own end', () => {
  const { serve } = useLabs();

  it('a deadline is ctx.err in 1,000 of 1,000 calls, and the server hears of it', async () => {
    const lab = await serve();
    const results = await run(1000, 25, async (i) => {
      const [ctx] = withTimeout(background(), 20 + (i % 30));
      const { error } = await outcome(callKind(kinds[i % 4]!, ctx, lab.client, 'hang'));
      return error === ctx.err;
    });
    expect(results.filter(Boolean).length).toBe(1000);
    await until(() => lab.running.size === 0);
    // The client, which resets the stream at its deadline, may be a moment faster than the server.
    const endedSo = ({ ctx }: Seen) => isDeadlineExceeded(ctx.err) || ctx.cause instanceof CallCanceledError;
    expect(lab.seen.filter(endedSo).length).toBe(lab.seen.length);
  });

  it('a status that says so is ctx.err exactly when ctx is done, in 1,000 of 1,000 calls', async () => {
    let canceled = 0;
    const lab = await serve({
      handlers: {
        unary: async (_ctx, { count }) => {
          await turns(count % 7);
          throw Object.assign(new Error('far'), { code: count % 2 === 0 ? 1 : 4 });
        },
      },
    });
    const results = await run(1000, 25, async (i) => {
      const [ctx, cancel] = withCancel(background());
      let then: unknown;
      const result = new Promise<unknown>((resolve) => {
        callCtx(ctx, lab.client, LabService.unary, ping(i)).subscribe({
          error: (error: unknown) => {
            then = ctx.err;
            resolve(error);
          },
        });
      });
      await turns(1 + (i % 5));
      cancel();
      const error = await result;
      if (then !== undefined) canceled++;
      return then === undefined ? (error as ServiceError).details === 'far' : error === then;
    });
    expect(results.filter(Boolean).length).toBe(1000);
    expect(canceled).toBeGreaterThan(0);
  });

  it('a status that comes a moment before the deadline waits for it', async () => {
    const lab = await serve({
      handlers: {
        unary: () => {
          throw Object.assign(new Error('far'), { code: 4 });
        },
      },
    });
    const [ctx] = withTimeout(background(), 60_000);
    const realNow = Date.now;
    const spy = spyOn(Date, 'now').and.callFake(realNow);
    const onCall = (call: ClientCall) =>
      call.on('metadata', () => {
        spy.and.returnValue(ctx.deadline! - 1);
        setTimeout(() => spy.and.callFake(realNow), 0);
      });
    const { error } = await outcome(callCtx(ctx, lab.client, LabService.unary, ping(), { onCall }));
    expect((error as ServiceError).code).toBe(4); // the clock was set back
    expect(ctx.err).toBeUndefined();
  });
});

describe('after 1,000 gRPC calls', () => {
  const { serve } = useLabs();

  for (const kind of kinds) {
    it(`of a ${kind} method nothing is left`, async () => {
      const [parent] = withCancel(background());
      const [ctx] = withCancel(background());
      const lab = await serve({ parent });
      await outcome(callKind(kind, ctx, lab.client));
      const active = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
      const before = active();
      const made: ClientCall[] = [];
      const onCall = (call: ClientCall) => made.push(call);
      await run(1000, 20, async (i): Promise<Outcome | undefined> => {
        if (i % 4 === 0) return outcome(callKind(kind, ctx, lab.client, 'ok', { onCall }));
        if (i % 4 === 1) return outcome(callKind(kind, ctx, lab.client, 'fail', { onCall }));
        const [child, cancel] = i % 4 === 2 ? withTimeout(ctx, 60_000) : withCancel(ctx);
        const next = firstValueFrom(callKind(kind, child, lab.client, 'hang', { onCall })).catch(
          (error: unknown) => error,
        );
        await turns(i % 5);
        cancel();
        await next;
        return undefined;
      });
      await until(() => lab.running.size === 0 && lab.seen.every(({ call }) => call.cancelled));
      await turns(5);
      expect(made.length).toBe(1000);
      expect(listenerCount(ctx)).toBe(0);
      expect(listenerCount(parent)).toBe(0);
      const events = ['data', 'end', 'drain', 'readable', 'close', 'status', 'metadata', 'cancelled'];
      const own = [...made, ...lab.seen.map(({ call }) => call)].map((call) =>
        events.map((event) => `${event}: ${call.listenerCount(event)}`).filter((text) => !text.endsWith(': 0')),
      );
      expect(own.flat()).toEqual([]);
      // One that does nothing: a late error would end the process.
      expect(made.filter((call) => call.listenerCount('error') !== 1).length).toBe(0);
      expect(active()).toBeLessThanOrEqual(before);
    });
  }
});

describe('a gRPC call that is canceled', () => {
  const { serve } = useLabs();

  it('is canceled on the server in less than 10 ms: the median of 100', async () => {
    const lab = await serve();
    const times: number[] = [];
    for (let i = 0; i < 100; i++) {
      const [ctx, cancel] = withCancel(background());
      const next = lab.next();
      const result = outcome(callKind(kinds[i % 4]!, ctx, lab.client, 'hang'));
      const seen = await next;
      const start = performance.now();
      cancel();
      await firstValueFrom(seen.ctx.done$);
      times.push(performance.now() - start);
      await result;
    }
    expect(times.sort((a, b) => a - b)[50]).toBeLessThan(10);
  });

  it('is torn down under load: 10,000 calls, 100 at once, a third canceled at random', async () => {
    const lab = await serve();
    // Node closes a connection on which streams are reset a thousand times and more than 33 times a second.
    const clients = Array.from({ length: 10 }, () => lab.connect({ 'grpc.use_local_subchannel_pool': 1 }));
    let seed = 1;
    const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
    let canceled = 0;
    const wrong = await run(10_000, 100, async (i) => {
      const kind = kinds[i % 4]!;
      const client = clients[i % 10]!;
      if (random() > 1 / 3) return (await outcome(callKind(kind, background(), client))).completed ? 0 : 1;
      const [ctx, cancel] = withCancel(background());
      const result = outcome(callKind(kind, ctx, client, 'hang'));
      await turns(Math.floor(random() * 12));
      cancel();
      canceled++;
      return (await result).error === ctx.err ? 0 : 1;
    });
    expect(wrong.filter((one) => one === 1).length).toBe(0);
    expect(canceled).toBeGreaterThan(3_000);
    await until(() => lab.running.size === 0);
    await until(() => lab.seen.every(({ ctx }) => ctx.err !== undefined));
    expect(lab.running.size).toBe(0);
    expect(lab.seen.length).toBeGreaterThan(10_000 - canceled);
  });
});
