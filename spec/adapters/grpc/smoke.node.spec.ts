import { firstValueFrom, lastValueFrom, toArray } from 'rxjs';
import { CallCanceledError } from '../../../lib/adapters/grpc.js';
import { background, isDeadlineExceeded, withCancel, withTimeout } from '../../../lib/index.js';
import { callKind, expected, kinds, outcome, useLabs } from './lab.js';

describe('gRPC under a context', () => {
  const { serve } = useLabs();

  for (const kind of kinds) {
    it(`answers a ${kind} call, and stops it on both sides`, async () => {
      const lab = await serve();
      const pongs = await lastValueFrom(callKind(kind, background(), lab.client).pipe(toArray()));
      expect(pongs.map(({ count }) => count)).toEqual(expected[kind]);

      const [ctx, cancel] = withCancel(background());
      const next = lab.next();
      const hanging = outcome(callKind(kind, ctx, lab.client, 'hang'));
      const seen = await next;
      cancel();
      expect((await hanging).error).toBe(ctx.err);
      await seen.over;
      expect(seen.ctx.cause).toBeInstanceOf(CallCanceledError);
    });
  }

  it('tells the server the deadline', async () => {
    const lab = await serve();
    const [ctx] = withTimeout(background(), 100);
    const next = lab.next();
    const hanging = outcome(callKind('unary', ctx, lab.client, 'hang'));
    const seen = await next;
    expect(Math.abs(seen.ctx.deadline! - ctx.deadline!)).toBeLessThan(500);
    await firstValueFrom(seen.ctx.done$);
    expect((await hanging).error).toBe(ctx.err);
    expect(isDeadlineExceeded(ctx.err)).toBeTrue();
  });
});
