// Random groups (RXJS_CTX_HISTORIES / 100 of them): whatever members do and whenever the parent ends, nothing settles before all
// has ended, and then nothing is linked, no timer is armed and no promise pending.
import fc from 'fast-check';
import { EMPTY, NEVER, of, throwError, timer } from 'rxjs';
import { background, groupCtx, iterateCtx, sleepCtx, untilCtx, withCancel, withScheduler } from '../../lib/index.js';
import type { Context, Group } from '../../lib/index.js';
import { listenerCount } from '../../lib/testing/index.js';
import { Clock } from '../helpers/clock.js';
import { histories, seed } from '../model/runs.js';
import { macrotask, takeUnhandledErrors } from '../support/unhandled-errors.js';

const kinds = [
  'sleep',
  'stream',
  'sync',
  'empty',
  'fail',
  'failStream',
  'throw',
  'until',
  'iterate',
  'nested',
] as const;

interface Member {
  readonly kind: (typeof kinds)[number];
  readonly ms: number;
}

const cases = fc.record({
  members: fc.array(fc.record({ kind: fc.constantFrom(...kinds), ms: fc.integer({ min: 1, max: 12 }) }), {
    maxLength: 8,
  }),
  limit: fc.constantFrom(1, 2, 3, Infinity),
  onError: fc.constantFrom('cancel' as const, 'continue' as const),
  /** When the parent is canceled. */
  at: fc.nat(30),
});

describe('random groups', () => {
  it('settle when all has ended, with the first failure, and leave nothing behind', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ members, limit, onError, at }) => {
        const clock = new Clock();
        const [parent, cancel] = withCancel(withScheduler(background(), clock));
        /** Works that have been called and not ended. */
        let open = 0;
        /** Promises of `go` that have not settled. */
        let pending = 0;
        const failures: unknown[] = [];
        const run = ({ kind, ms }: Member, group: Group) => {
          pending++;
          const settled = () => pending--;
          group.go((ctx) => watched(work(kind, ms, ctx, group))).then(settled, settled);
        };
        const fail = (name: string): never => {
          const error = new Error(name);
          failures.push(error);
          throw error;
        };
        const watched = async (result: Promise<unknown>) => {
          open++;
          try {
            await result;
          } finally {
            open--;
          }
        };
        const work = async (kind: Member['kind'], ms: number, ctx: Context, group: Group): Promise<unknown> => {
          switch (kind) {
            case 'sleep':
              return sleepCtx(ctx, ms);
            case 'stream':
              for await (const n of iterateCtx(ctx, timer(ms, ms, clock))) if (n === 2) return n;
              return undefined;
            case 'iterate':
              for await (const _ of iterateCtx(ctx, NEVER)) return _;
              return undefined;
            case 'sync':
              return group.go(() => of(1));
            case 'empty':
              return group.go(() => EMPTY);
            case 'until':
              return untilCtx(ctx, sleepCtx(background(), 0));
            case 'nested':
              return groupCtx(ctx, (inner) => inner.go((child) => sleepCtx(child, ms)));
            case 'throw':
              return fail(kind);
            case 'fail':
              await sleepCtx(ctx, ms);
              return fail(kind);
            case 'failStream':
              await sleepCtx(ctx, ms);
              for await (const _ of iterateCtx(
                ctx,
                throwError(() => new Error(kind)),
              ))
                return _;
          }
        };
        let outcome: { error?: unknown; open: number; pending: number } | undefined;
        const take = (error?: unknown) => (outcome = { error, open, pending });
        // A member that waits for a member needs room for both.
        const room = members.some(({ kind }) => kind === 'sync' || kind === 'empty') ? Infinity : limit;
        groupCtx(parent, (group) => members.forEach((member) => run(member, group)), { limit: room, onError }).then(
          () => take(),
          take,
        );
        for (let ms = 0; ms <= 30; ms++) {
          if (ms === at) cancel();
          clock.advance(1);
          await macrotask();
        }
        await macrotask();
        expect(outcome).toBeDefined();
        expect(outcome!.open).withContext('works that run on').toBe(0);
        expect(pending).withContext('promises pending').toBe(0);
        expect(listenerCount(parent)).withContext('listeners left').toBe(0);
        expect(clock.actions.length).withContext('timers left').toBe(0);
        if (outcome!.error !== undefined && outcome!.error !== parent.err) expect(onError).toBe('cancel');
        if (onError === 'cancel' && failures.length > 0 && outcome!.error !== parent.err) {
          expect((outcome!.error as Error).message).toMatch(/^(fail|failStream|throw)$/);
        }
        takeUnhandledErrors();
      }),
      { seed, numRuns: Math.max(20, Math.ceil(histories / 100)) },
    );
  }, 120_000);
});
