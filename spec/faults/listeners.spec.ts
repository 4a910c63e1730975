import { Subscription, config } from 'rxjs';
import { CanceledError, afterFunc, background, withCancel, withScheduler, withTimeout } from '../../lib/index.js';
import type { Context } from '../../lib/index.js';
import { listenerCount } from '../../lib/testing/index.js';
import { Clock } from '../helpers/clock.js';
import { wrap } from '../helpers/foreign.js';
import { listen } from '../helpers/listen.js';
import { Random } from '../helpers/random.js';
import { macrotask, takeUnhandledErrors } from '../support/unhandled-errors.js';

describe('listeners that throw', () => {
  const ways: Record<string, (ctx: Context, f: () => void) => void> = {
    afterFunc: (ctx, f) => afterFunc(ctx, f),
    'next of done$': (ctx, f) => ctx.done$.subscribe(f),
    'complete of done$': (ctx, f) => ctx.done$.subscribe({ complete: f }),
    'a foreign wrapper': (ctx, f) => afterFunc(wrap(ctx), f),
  };

  for (const [name, hear] of Object.entries(ways)) {
    it(`are reported, each, and every healthy one hears: ${name}`, async () => {
      const clock = new Clock();
      const [root, cancel] = withCancel(withScheduler(background(), clock));
      const healthy: ReturnType<typeof listen>[] = [];
      for (let i = 0; i < 10; i++) {
        const [child] = i % 2 === 0 ? withCancel(root) : withTimeout(root, 10);
        for (const ctx of [root, child]) {
          hear(ctx, () => {
            throw new Error('unhealthy');
          });
          healthy.push(listen(ctx));
        }
      }
      expect(() => cancel()).not.toThrow();
      for (const { errs, completed } of healthy) {
        expect(errs).toEqual([root.err!]);
        expect(completed).toBe(1);
      }
      expect(listenerCount(root)).toBe(0);
      expect(clock.actions.length).toBe(0);
      await macrotask();
      expect(takeUnhandledErrors()).toEqual(Array.from({ length: 20 }, () => new Error('unhealthy')));
    });
  }

  it('are left to the host where `config.onUnhandledError` is not set, as with RxJS', () => {
    const [ctx, cancel] = withCancel(background());
    const { onUnhandledError } = config;
    jasmine.clock().install();
    try {
      config.onUnhandledError = null;
      afterFunc(ctx, () => {
        throw new Error('unhealthy');
      });
      cancel();
      expect(() => jasmine.clock().tick(1)).toThrowError('unhealthy');
    } finally {
      config.onUnhandledError = onUnhandledError;
      jasmine.clock().uninstall();
    }
  });

  it('are reported though they come late, and afterFunc does not throw', async () => {
    const [ctx, cancel] = withCancel(background());
    cancel();
    expect(() =>
      afterFunc(ctx, () => {
        throw new Error('unhealthy');
      }),
    ).not.toThrow();
    await macrotask();
    expect(takeUnhandledErrors()).toEqual([new Error('unhealthy')]);
  });
});

describe('cancel from inside a teardown', () => {
  it('ends the context for everybody else, once', () => {
    const [ctx, cancel] = withCancel(background());
    const before = listen(ctx);
    const subscription = ctx.done$.subscribe();
    subscription.add(() => cancel('from the teardown'));
    const after = listen(ctx);
    subscription.unsubscribe();
    for (const heard of [before, after]) {
      expect(heard.errs).toEqual([ctx.err!]);
      expect(heard.completed).toBe(1);
    }
    expect(ctx.cause).toBe('from the teardown');
    expect(listenerCount(ctx)).toBe(0);
  });

  it('of the parent, while the child is being told of its own end, tells each of them once', () => {
    const [parent, cancelParent] = withCancel(background());
    const [child, cancelChild] = withCancel(parent);
    const first = child.done$.subscribe();
    first.add(() => cancelParent('up'));
    const heard = [listen(child), listen(parent)];
    cancelChild('own');
    expect(child.cause).toBe('own');
    expect(parent.cause).toBe('up');
    for (const { completed } of heard) expect(completed).toBe(1);
  });

  it('of the child, while the parent is being told, finds it ended', () => {
    const [parent, cancelParent] = withCancel(background());
    const [child, cancelChild] = withCancel(parent);
    const heard = listen(child);
    parent.done$.subscribe().add(() => cancelChild('own'));
    cancelParent('up');
    expect(child.cause).toBe('up');
    expect(heard.errs).toEqual([parent.err!]);
  });
});

describe('listeners by the million', () => {
  it('hear once each, in their order', () => {
    const [ctx, cancel] = withCancel(background());
    let heard = 0;
    let inOrder = true;
    for (let i = 0; i < 1_000_000; i++) {
      afterFunc(ctx, () => {
        inOrder &&= heard === i;
        heard++;
      });
    }
    expect(listenerCount(ctx)).toBe(1_000_000);
    cancel();
    expect(heard).toBe(1_000_000);
    expect(inOrder).toBeTrue();
    expect(listenerCount(ctx)).toBe(0);
  }, 60_000);
});

describe('teardown out of order', () => {
  it('leaves those who stay, in their order, and at last nobody', () => {
    const random = new Random(7);
    for (let round = 0; round < 50; round++) {
      const [root, cancel] = withCancel(background());
      const contexts = [root];
      for (let i = 0; i < 20; i++) contexts.push(withCancel(contexts[random.below(contexts.length)]!)[0]);
      const order: number[] = [];
      const all = Array.from({ length: 100 }, (_, i) => ({
        i,
        stop: afterFunc(contexts[0]!, () => order.push(i)),
        below: contexts[random.below(contexts.length)]!.done$.subscribe(),
      }));
      const left = new Set<number>();
      for (let i = 0; i < 60; i++) {
        const { stop, below, i: who } = all[random.below(all.length)]!;
        expect(stop()).toBe(!left.has(who));
        left.add(who);
        below.unsubscribe();
      }
      cancel();
      expect(order).toEqual(all.map(({ i }) => i).filter((i) => !left.has(i)));
      for (const ctx of contexts) expect(listenerCount(ctx)).toBe(0);
    }
  });

  it('of contexts before and after their parents, twice, is the same as in order', () => {
    const [root, cancelRoot] = withCancel(background());
    const [child, cancelChild] = withCancel(root);
    const [leaf, cancelLeaf] = withCancel(child);
    const heard = [root, child, leaf].map(listen);
    cancelChild('child');
    cancelLeaf('leaf');
    cancelRoot('root');
    cancelChild('again');
    expect([root.cause, child.cause, leaf.cause]).toEqual(['root', 'child', 'child']);
    for (const { completed } of heard) expect(completed).toBe(1);
  });

  it('of a subscription that holds a listener, whoever closes it first', () => {
    const [ctx, cancel] = withCancel(background());
    const all = new Subscription();
    for (let i = 0; i < 3; i++) all.add(ctx.done$.subscribe());
    all.add(() => expect(listenerCount(ctx)).toBe(0));
    all.unsubscribe();
    cancel();
    all.unsubscribe();
    expect(ctx.err).toBeInstanceOf(CanceledError);
  });
});
