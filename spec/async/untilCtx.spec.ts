import { NEVER } from 'rxjs';
import { background, untilCtx, withCancel, withTimeout, withScheduler } from '../../lib/index.js';
import { listenerCount } from '../../lib/testing/index.js';
import { Clock } from '../helpers/clock.js';
import { expectRefused, notContexts } from '../helpers/operators.js';

describe('untilCtx', () => {
  it('settles as the promise does, and leaves no listener', async () => {
    const [ctx] = withCancel(background());
    const broken = new Error('broken');
    const resolved = untilCtx(ctx, Promise.resolve(5));
    const rejected = untilCtx(ctx, Promise.reject(broken));
    expect(listenerCount(ctx)).toBe(2);
    await expectAsync(resolved).toBeResolvedTo(5);
    expect(await rejected.catch((error: unknown) => error)).toBe(broken);
    expect(listenerCount(ctx)).toBe(0);
    await expectAsync(untilCtx(background(), Promise.resolve(6))).toBeResolvedTo(6);
  });

  it('rejects with ctx.err when ctx is done first, by a deadline, too', async () => {
    const [ctx, cancel] = withCancel(background());
    const pending = untilCtx(ctx, new Promise(() => undefined));
    cancel(new Error('client gone'));
    expect(await pending.catch((error: unknown) => error)).toBe(ctx.err);

    const clock = new Clock();
    const [late] = withTimeout(withScheduler(background(), clock), 10);
    const waits = untilCtx(late, new Promise(() => undefined));
    clock.advance(10);
    expect(await waits.catch((error: unknown) => error)).toBe(late.err);
    expect(clock.actions.length).toBe(0);
  });

  it('ignores what the promise does afterwards: its rejection is handled', async () => {
    const [ctx, cancel] = withCancel(background());
    let reject!: (error: unknown) => void;
    const result = untilCtx(ctx, new Promise((_, fail) => (reject = fail)));
    cancel();
    expect(await result.catch((error: unknown) => error)).toBe(ctx.err);
    reject(new Error('too late')); // an unhandled rejection would fail this run
    await new Promise((resolve) => setTimeout(resolve));
    expect(listenerCount(ctx)).toBe(0);
  });

  it('lets a ctx that is done already win over a promise that is settled already', async () => {
    const [ctx, cancel] = withCancel(background());
    cancel();
    for (const promise of [Promise.resolve(1), Promise.reject(new Error('broken'))]) {
      expect(await untilCtx(ctx, promise as Promise<unknown>).catch((error: unknown) => error)).toBe(ctx.err);
    }
  });

  it('takes any thenable, one that throws from `then`, too', async () => {
    const [ctx] = withCancel(background());
    const thenable = { then: (resolve: (value: string) => void) => resolve('x') } as PromiseLike<string>;
    await expectAsync(untilCtx(ctx, thenable)).toBeResolvedTo('x');
    const bad = {
      then: () => {
        throw new Error('broken');
      },
    } as PromiseLike<string>;
    await expectAsync(untilCtx(ctx, bad)).toBeRejectedWithError('broken');
    expect(listenerCount(ctx)).toBe(0);
  });

  it('refuses what is no context and what is no promise', () => {
    expectRefused('untilCtx: ctx must be a Context', notContexts, (got) => untilCtx(got, Promise.resolve()));
    const wrong = [
      [undefined, 'undefined'],
      [5, '5'],
      [{}, '[object Object]'],
      [() => 5, '[object Function]: did you mean to call it?'],
      [NEVER, '[object Object]: did you mean firstValueFrom(source.pipe(throwOnCtx(ctx)))?'],
    ] as const;
    expectRefused('untilCtx: promise must be a promise', wrong, (got, ctx) => untilCtx(ctx, got));
  });
});
