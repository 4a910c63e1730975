import { of } from 'rxjs';
import {
  afterFunc,
  background,
  contextKey,
  takeUntilCtx,
  throwOnCtx,
  usingCtx,
  withCancel,
  withDeadline,
  withoutCancel,
  withTimeout,
  withTimeoutCtx,
  withValue,
} from '../../lib/index.js';
import type { Context } from '../../lib/index.js';
import { wrap } from '../helpers/foreign.js';
import { collect, heldBytes } from '../helpers/gc.js';

const someBytes = 8; // the smallest object has 12

/** What stays on the heap of `times` turns with one living parent, in bytes a turn. */
async function leftBehind(times: number, turn: (parent: Context) => void): Promise<number> {
  const [parent, cancel] = withTimeout(background(), 1_000_000_000);
  const stays = parent.done$.subscribe();
  let least = Infinity;
  // What is made once, and compiled code, may show in a first round. A leak shows in every one.
  for (let round = 0; round < 8 && least > someBytes; round++) {
    const before = await heldBytes();
    for (let i = 0; i < times; i++) turn(parent);
    least = Math.min(least, ((await heldBytes()) - before) / times);
  }
  stays.unsubscribe();
  cancel();
  return least;
}

describe('what is over leaves nothing behind', () => {
  it('1,000,000 children that were forgotten after a listener came and went', async () => {
    const left = await leftBehind(1_000_000, (parent) => afterFunc(withCancel(parent)[0], () => undefined)());
    expect(left).toBeLessThan(someBytes / 8);
  }, 60_000);

  const turns: Record<string, (parent: Context) => void> = {
    'a child that nobody ever listened to': (parent) => void withCancel(parent),
    'a child with a deadline that was only read': (parent) => withTimeout(parent, 1_000_000)[0].err,
    'a child with a deadline that was listened to': (parent) =>
      withTimeout(parent, 1_000_000)[0].done$.subscribe().unsubscribe(),
    'a child that was canceled while somebody listened': (parent) => {
      const [child, cancel] = withCancel(parent);
      child.done$.subscribe();
      cancel('gone');
    },
    'a child whose signal was made and that was canceled': (parent) => {
      const [child, cancel] = withDeadline(parent, Date.now() + 1_000_000);
      child.signal.addEventListener('abort', () => undefined);
      cancel();
    },
    'a child of a child, with a value in between': (parent) => {
      const [child] = withCancel(withValue(withCancel(parent)[0], contextKey<string>('user'), 'Ann'));
      child.done$.subscribe().unsubscribe();
    },
    'a child of a foreign context': (parent) => {
      const [child] = withCancel(wrap(parent));
      child.done$.subscribe().unsubscribe();
    },
    'a child without cancellation': (parent) => void withCancel(withoutCancel(parent))[0].done$.subscribe(),
    'a function that was stopped': (parent) => void afterFunc(parent, () => undefined)(),
    'a pipeline that completed': (parent) => void of(1).pipe(takeUntilCtx(parent), throwOnCtx(parent)).subscribe(),
    'a pipeline that was unsubscribed': (parent) =>
      background().done$.pipe(withTimeoutCtx(parent, 1_000_000), takeUntilCtx(parent)).subscribe().unsubscribe(),
    'a child of usingCtx': (parent) => void usingCtx(parent, (ctx) => of(ctx.deadline), { timeoutMs: 1e6 }).subscribe(),
  };

  for (const [what, turn] of Object.entries(turns)) {
    it(
      what,
      async () => {
        expect(await leftBehind(5000, turn)).toBeLessThan(someBytes);
      },
      60_000,
    );
  }

  it('a child that is forgotten, of a parent that is listened to', async () => {
    const [parent] = withCancel(background());
    const stays = parent.done$.subscribe();
    const derive = () => new WeakRef(withCancel(parent)[0]);
    const child = derive();
    await collect();
    expect(child.deref()).toBeUndefined();
    stays.unsubscribe();
  });

  it('a listener that has heard, and one that has left, of a context that is kept', async () => {
    const [ctx, cancel] = withCancel(background());
    const [kept] = withCancel(ctx);
    const subscribe = (one: Context, leave: boolean) => {
      const listener = { heard: 0 };
      const subscription = one.done$.subscribe(() => listener.heard++);
      if (leave) subscription.unsubscribe();
      return new WeakRef(listener);
    };
    const refs = [subscribe(kept, true), subscribe(ctx, true), subscribe(kept, false), subscribe(ctx, false)];
    cancel();
    await collect();
    expect(refs.map((ref) => ref.deref())).toEqual([undefined, undefined, undefined, undefined]);
    expect(kept.err).toBe(ctx.err);
  });

  it('the timer of a deadline, which keeps no process alive when nobody listens', () => {
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const before = timers();
    const [ctx, cancel] = withTimeout(background(), 1_000_000);
    expect(ctx.err).toBeUndefined();
    expect(timers()).toBe(before);
    const subscription = ctx.done$.subscribe();
    expect(timers()).toBe(before + 1);
    subscription.unsubscribe();
    expect(timers()).toBe(before);
    ctx.done$.subscribe();
    cancel();
    expect(timers()).toBe(before);
  });
});
