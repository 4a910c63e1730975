import { requests, shutdown } from '../../../lib/adapters/node.js';
import type { AnyRequest, AnyResponse } from '../../../lib/adapters/node.js';
import {
  afterFunc,
  background,
  contextKey,
  isDeadlineExceeded,
  withCancel,
  withScheduler,
  withTimeout,
  withValue,
} from '../../../lib/index.js';
import type { Context } from '../../../lib/index.js';
import { listenerCount } from '../../../lib/testing/index.js';
import { Clock } from '../../helpers/clock.js';
import { transports, until, useServers } from './servers.js';

describe('the context between a server and its requests', () => {
  const { pair } = useServers();

  /** A server under a context on a clock, whose requests wait for the spec. */
  async function serve(deriveParent: (ctx: Context) => Context = (ctx) => ctx) {
    const clock = new Clock(Date.now());
    const [ctx, cancel] = withCancel(withScheduler(background(), clock));
    const { server, ask } = await pair(transports[0]!, undefined, 40);
    const seen: { ctx: Context; req: AnyRequest; res: AnyResponse }[] = [];
    requests(deriveParent(ctx), server).subscribe((request) => seen.push(request));
    const down = shutdown(ctx, server, { graceMs: 500 });
    return {
      ...{ clock, ctx, cancel, ask, seen, down },
      /** Asks, and waits for the context of that request. */
      async request() {
        const call = ask();
        const count = seen.length;
        await until(() => seen.length > count);
        return { ...call, ...seen.at(-1)! };
      },
    };
  }

  for (const transport of [transports[0]!, transports[2]!]) {
    it(`leaves no timer of 2,000 finished requests that gave work a time limit (${transport.name})`, async () => {
      const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
      const [main, cancel] = withCancel(background());
      const { server, ask } = await pair(transport, undefined, 40);
      let served = 0;
      requests(main, server).subscribe(({ ctx, res }) => {
        withTimeout(ctx, 20_000);
        served++;
        res.end('ok');
      });
      const down = shutdown(main, server, { graceMs: 5000 });
      const before = timers();
      for (let round = 0; round < 50; round++) {
        await Promise.all(Array.from({ length: 40 }, () => ask().answer));
      }
      expect(served).toBe(2000);
      // Those of the runner and of open connections come and go.
      expect(timers() - before).toBeLessThan(100);
      cancel();
      await down;
    });
  }

  it('arms a timer only while something listens', async () => {
    const one = await serve();
    const { ctx } = await one.request();
    const [child] = withTimeout(ctx, 300);
    expect(one.clock.actions).toEqual([]);
    const stop = afterFunc(child, () => {});
    expect(one.clock.actions.length).toBe(1);
    stop();
    expect(one.clock.actions).toEqual([]);
    one.seen[0]!.res.end();
    one.cancel();
    await one.down;
  });

  it('knows that a deadline below came before the cancel, although nobody was looking', async () => {
    const one = await serve();
    const { ctx, leave } = await one.request();
    const [early] = withTimeout(ctx, 100);
    const [late] = withTimeout(ctx, 300);
    one.clock.jump(200);
    one.cancel();
    // The end of the request itself is put off, and the deadline of a child is not.
    expect(isDeadlineExceeded(early.err)).toBeTrue();
    expect(late.err).toBeUndefined();
    leave();
    await one.down;
    expect(isDeadlineExceeded(late.err)).toBeFalse();
  });

  it('knows that a deadline came in the grace, although nobody was looking', async () => {
    const one = await serve();
    const { ctx, leave } = await one.request();
    one.cancel();
    const [early] = withTimeout(ctx, 300);
    const [late] = withTimeout(ctx, 700);
    one.clock.advance(500);
    expect(ctx.err).toBe(one.ctx.err);
    expect(isDeadlineExceeded(early.err)).toBeTrue();
    expect(late.err).toBe(one.ctx.err);
    leave();
    one.clock.advance(100);
    await one.down;
  });

  it('ends with its parent as exactly as any other child, where no shutdown spares it', async () => {
    const own: (() => void)[] = [];
    const one = await serve((ctx) => {
      const [parent, cancel] = withCancel(ctx);
      own.push(cancel);
      return parent;
    });
    const { ctx, leave } = await one.request();
    const [early] = withTimeout(ctx, 100);
    const [late] = withTimeout(ctx, 300);
    one.clock.jump(200);
    own[0]!();
    expect(ctx.err).toBeDefined();
    expect(late.err).toBe(ctx.err);
    expect(isDeadlineExceeded(early.err)).toBeTrue();
    leave();
    one.cancel();
    await one.down;
  });

  it('has the deadline, the values and the name of its parent, and leaves no listener there', async () => {
    const user = contextKey<string>('user');
    const [limited] = withTimeout(background(), 60_000);
    const one = await serve(() => withValue(limited, user, 'Ann'));
    const { ctx, leave } = await one.request();
    expect(ctx.deadline).toBe(limited.deadline);
    expect(ctx.value(user)).toBe('Ann');
    expect(String(ctx)).toContain('withValue(user)');
    expect(listenerCount(limited)).toBe(1);
    leave();
    one.cancel();
    await one.down;
    expect(listenerCount(limited)).toBe(0);
  });
});
