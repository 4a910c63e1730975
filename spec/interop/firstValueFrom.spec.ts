import { EMPTY, EmptyError, NEVER, Subject, firstValueFrom, lastValueFrom, of, take } from 'rxjs';
import {
  background,
  CanceledError,
  DeadlineExceededError,
  takeUntilCtx,
  throwOnCtx,
  usingCtx,
  withCancel,
  withCancelOn,
  withScheduler,
  withTimeout,
  withTimeoutCtx,
} from '../../lib/index.js';
import { listenerCount } from '../../lib/testing/index.js';
import { Clock } from '../helpers/clock.js';

for (const [name, valueFrom] of Object.entries({ firstValueFrom, lastValueFrom })) {
  describe(name, () => {
    it('behind throwOnCtx rejects with err when the context is canceled', async () => {
      const [ctx, cancel] = withCancel(background());
      const source$ = new Subject<number>();
      const result = valueFrom(source$.pipe(throwOnCtx(ctx)));
      cancel(new Error('client gone'));
      await expectAsync(result).toBeRejectedWith(ctx.err);
      expect(ctx.err).toBeInstanceOf(CanceledError);
      expect(source$.observed).toBeFalse();
    });

    it('behind throwOnCtx rejects with err when the deadline passes', async () => {
      const clock = new Clock();
      const [ctx] = withTimeout(withScheduler(background(), clock), 10);
      const result = valueFrom(NEVER.pipe(throwOnCtx(ctx)));
      clock.advance(10);
      await expectAsync(result).toBeRejectedWith(ctx.err);
      expect(ctx.err).toBeInstanceOf(DeadlineExceededError);
    });

    it('behind throwOnCtx rejects with err, never with EmptyError, when the context is done before', async () => {
      const [canceled, cancel] = withCancel(background());
      cancel();
      const [late] = withTimeout(background(), 0);
      const [followed] = withCancelOn(background(), of('x'));
      for (const ctx of [canceled, late, followed]) {
        for (const source$ of [NEVER, EMPTY, of(1), of(1, 2)]) {
          const error: unknown = await valueFrom(source$.pipe(throwOnCtx(ctx))).catch((thrown: unknown) => thrown);
          expect(error).toBe(ctx.err);
          expect(error).not.toBeInstanceOf(EmptyError);
        }
      }
    });

    it('behind throwOnCtx rejects with err though a default is given', async () => {
      const [ctx, cancel] = withCancel(background());
      const result = valueFrom(NEVER.pipe(throwOnCtx(ctx)), { defaultValue: 'none' });
      cancel();
      await expectAsync(result).toBeRejectedWith(ctx.err);
    });

    it('behind throwOnCtx resolves when the source is faster, and leaves no listener', async () => {
      const [ctx, cancel] = withCancel(background());
      const source$ = new Subject<number>();
      const result = valueFrom(source$.pipe(throwOnCtx(ctx), take(1)));
      expect(listenerCount(ctx)).toBe(1);
      source$.next(1);
      expect(listenerCount(ctx)).toBe(0);
      cancel();
      expect(await result).toBe(1);
      expect(await valueFrom(of(2).pipe(throwOnCtx(background())))).toBe(2);
    });

    it('behind throwOnCtx rejects with EmptyError only when the source itself is empty', async () => {
      const [ctx] = withCancel(background());
      await expectAsync(valueFrom(EMPTY.pipe(throwOnCtx(ctx)))).toBeRejectedWithError(EmptyError);
      expect(listenerCount(ctx)).toBe(0);
    });

    it('behind takeUntilCtx rejects with EmptyError, which does not tell why', async () => {
      const [ctx, cancel] = withCancel(background());
      const result = valueFrom(NEVER.pipe(takeUntilCtx(ctx)));
      cancel();
      await expectAsync(result).toBeRejectedWithError(EmptyError);
      expect(await valueFrom(NEVER.pipe(takeUntilCtx(ctx)), { defaultValue: 'none' })).toBe('none');
    });

    it('behind usingCtx and withTimeoutCtx rejects with the err of the child', async () => {
      const clock = new Clock();
      const parent = withScheduler(background(), clock);
      const results = [
        valueFrom(NEVER.pipe(withTimeoutCtx(parent, 10))),
        valueFrom(usingCtx(parent, () => NEVER, { timeoutMs: 10 })),
      ];
      clock.advance(10);
      for (const result of results) await expectAsync(result).toBeRejectedWithError(DeadlineExceededError);
      expect(clock.actions.length).toBe(0);
    });
  });
}
