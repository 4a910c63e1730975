import { NEVER, Subject, firstValueFrom, lastValueFrom, take, toArray } from 'rxjs';
import {
  background,
  isCanceled,
  isDeadlineExceeded,
  switchMapCtx,
  throwIfDone,
  throwOnCtx,
  usingCtx,
  withCancel,
  withScheduler,
} from '../../lib/index.js';
import type { Context } from '../../lib/index.js';
import { listenerCount } from '../../lib/testing/index.js';
import { Clock } from '../helpers/clock.js';
import { macrotask } from '../support/unhandled-errors.js';

/** Waits for as long as the context lets it. */
function forever(ctx: Context): Promise<never> {
  return firstValueFrom(NEVER.pipe(throwOnCtx(ctx)));
}

describe('an async generator', () => {
  let log: string[];

  beforeEach(() => {
    log = [];
  });

  /** Says what becomes of it, and waits for ever for what would come next. */
  async function* waiting(ctx: Context, name = 'it') {
    try {
      yield name;
      await forever(ctx);
      log.push(`${name} went on`);
    } catch (error) {
      log.push(`${name} is ${isCanceled(error) ? 'canceled' : isDeadlineExceeded(error) ? 'late' : 'broken'}`);
      throw error;
    } finally {
      log.push(`${name} is over`);
    }
  }

  it('in usingCtx runs its finally when the subscription goes', async () => {
    const [parent] = withCancel(background());
    const subscription = usingCtx(parent, waiting).subscribe((value) => log.push(value));
    await macrotask();
    expect(log).toEqual(['it']);
    subscription.unsubscribe();
    await macrotask();
    expect(log).toEqual(['it', 'it is canceled', 'it is over']);
    expect(listenerCount(parent)).toBe(0);
  });

  it('in usingCtx runs its finally when its reader has enough', async () => {
    const taken = usingCtx(background(), waiting).pipe(take(1));
    expect(await firstValueFrom(taken)).toBe('it');
    await macrotask();
    expect(log).toEqual(['it is over']);
  });

  it('in usingCtx runs its finally when the parent is canceled, and the result errors with err at once', async () => {
    const [parent, cancel] = withCancel(background());
    usingCtx(parent, waiting).subscribe({
      error: (error: unknown) => log.push(error === parent.err ? 'err' : 'something else'),
    });
    await macrotask();
    cancel('gone');
    expect(log).toEqual(['err']);
    await macrotask();
    expect(log).toEqual(['err', 'it is canceled', 'it is over']);
  });

  it('in usingCtx runs its finally when the deadline passes', async () => {
    const clock = new Clock();
    usingCtx(withScheduler(background(), clock), waiting, { timeoutMs: 10 }).subscribe({
      error: (error: unknown) => log.push(isDeadlineExceeded(error) ? 'late' : 'something else'),
    });
    await macrotask();
    clock.advance(10);
    await macrotask();
    expect(log).toEqual(['late', 'it is late', 'it is over']);
  });

  it('in usingCtx runs its finally with the next value when it does not look at its context', async () => {
    let next!: () => void;
    const gate = new Promise<void>((resolve) => (next = resolve));
    async function* deaf() {
      try {
        yield 1;
        await gate;
        yield 2;
        log.push('went on');
      } finally {
        log.push('over');
      }
    }
    const subscription = usingCtx(background(), deaf).subscribe((value) => log.push(String(value)));
    await macrotask();
    subscription.unsubscribe();
    await macrotask();
    expect(log).toEqual(['1']);
    next();
    await macrotask();
    expect(log).toEqual(['1', 'over']);
  });

  it('in usingCtx stops at throwIfDone', async () => {
    async function* counting(ctx: Context) {
      try {
        for (let i = 0; ; i++) {
          throwIfDone(ctx);
          yield i;
          await macrotask();
        }
      } finally {
        log.push('over');
      }
    }
    const [parent, cancel] = withCancel(background());
    usingCtx(parent, counting).subscribe({
      next: (i) => {
        log.push(String(i));
        if (i === 2) cancel();
      },
      error: (error: unknown) => log.push(error === parent.err ? 'err' : 'something else'),
    });
    while (!log.includes('over')) await macrotask();
    expect(log).toEqual(['0', '1', '2', 'err', 'over']);
  });

  it('in usingCtx is not begun when the parent is done', async () => {
    const [parent, cancel] = withCancel(background());
    cancel();
    await expectAsync(lastValueFrom(usingCtx(parent, waiting))).toBeRejectedWith(parent.err);
    expect(log).toEqual([]);
  });

  it('in usingCtx hands on all its values, its end and its error', async () => {
    const broken = new Error('broken');
    async function* values(ctx: Context) {
      yield* [1, 2];
      yield await Promise.resolve(ctx.err === undefined ? 3 : 0);
    }
    // eslint-disable-next-line require-yield -- what the spec is about
    async function* failing(): AsyncGenerator<never> {
      await Promise.resolve();
      throw broken;
    }
    expect(await lastValueFrom(usingCtx(background(), values).pipe(toArray()))).toEqual([1, 2, 3]);
    await expectAsync(lastValueFrom(usingCtx(background(), failing))).toBeRejectedWith(broken);
  });

  it('in switchMapCtx runs its finally when it is superseded, before the next one has its end', async () => {
    const names = new Subject<string>();
    const subscription = names.pipe(switchMapCtx(background(), waiting)).subscribe((name) => log.push(name));
    for (const name of ['a', 'b']) {
      names.next(name);
      await macrotask();
    }
    expect(log).toEqual(['a', 'a is canceled', 'a is over', 'b']);
    subscription.unsubscribe();
    await macrotask();
    expect(log.slice(4)).toEqual(['b is canceled', 'b is over']);
  });
});
