// Random attempts: whatever they do and whenever they are stopped, nothing is left, and the result ends once.
import { Observable } from 'rxjs';
import {
  background,
  hedgeCtx,
  isDeadlineExceeded,
  retryBudget,
  retryCtx,
  withCancel,
  withScheduler,
  withTimeout,
} from '../../lib/index.js';
import type { Context } from '../../lib/index.js';
import { listenerCount } from '../../lib/testing/index.js';
import { Clock } from '../helpers/clock.js';
import { Random } from '../helpers/random.js';
import { seed } from '../model/runs.js';

const rounds = 2000;

interface Round {
  readonly random: Random;
  readonly clock: Clock;
  readonly ctx: Context;
  readonly children: Context[];
  readonly open: Set<number>;
}

/** Work that emits, fails, completes or does nothing, at once or later, and may act on its own context's ancestors meanwhile. */
function work({ random, clock, children, open }: Round, child: Context, meddle: () => void): Observable<string> {
  const id = children.push(child);
  expect(child.err).toBeUndefined();
  const [acts, delay] = [random.below(4), random.below(6)];
  return new Observable((subscriber) => {
    open.add(id);
    const act = () => {
      if (random.oneIn(8)) meddle();
      if (random.oneIn(3)) subscriber.next('value');
      if (acts === 0) subscriber.complete();
      else if (acts < 3) subscriber.error('no');
    };
    if (delay === 0) act();
    else subscriber.add(clock.schedule(act, delay));
    subscriber.add(() => open.delete(id));
  });
}

function make(round: Round, kind: number, meddle: () => void): Observable<string> {
  const { random, ctx } = round;
  const budget = random.oneIn(3) ? retryBudget({ maxTokens: 1 + random.below(5) }) : undefined;
  const maxAttempts = 1 + random.below(5);
  const when = random.oneIn(4) ? () => random.below(3) > 0 : undefined;
  if (kind === 0) {
    const options = {
      initialMs: random.below(4),
      multiplier: 1 + random.below(2),
      attemptTimeoutMs: random.pick([Infinity, 3]),
      needsMs: random.below(2),
    };
    return retryCtx(ctx, (child) => work(round, child, meddle), { ...options, maxAttempts, budget, when });
  }
  const delayMs = random.pick([0, 1, 3, Infinity]);
  return hedgeCtx(ctx, (child) => work(round, child, meddle), { delayMs, maxAttempts, budget, when });
}

describe(`retryCtx and hedgeCtx under random use, ${rounds} times each`, () => {
  for (const [kind, name] of ['retryCtx', 'hedgeCtx'].entries()) {
    it(`${name} ends once, with the error that it must, and leaves nothing`, () => {
      for (let i = 0; i < rounds; i++) {
        const random = new Random(seed + i * 2 + kind);
        const clock = new Clock();
        const [root, cancelRoot] = withCancel(withScheduler(background(), clock));
        const [ctx, cancel] = withTimeout(root, random.pick([Infinity, 4, 9]));
        const round: Round = { random, clock, ctx, children: [], open: new Set() };
        const ends: unknown[] = [];
        // eslint-disable-next-line prefer-const -- the work may stop what is being subscribed
        let subscription: { unsubscribe(): void } | undefined;
        const meddle = () =>
          [() => cancel(), () => cancelRoot('root'), () => subscription?.unsubscribe()][random.below(3)]!();
        subscription = make(round, kind, meddle).subscribe({
          error: (error: unknown) => ends.push(error),
          complete: () => ends.push('over'),
        });
        const stopAt = random.below(20);
        clock.advance(stopAt);
        const how = random.below(3);
        if (how === 0) cancel();
        else if (how === 1) subscription.unsubscribe();
        else clock.advance(100);
        const told = `seed ${seed}, round ${i}`;
        if (random.oneIn(2)) subscription.unsubscribe();
        else cancelRoot();
        clock.advance(0);
        expect(ends.length).withContext(told).toBeLessThanOrEqual(1);
        for (const end of ends) {
          expect(end === 'over' || end === 'no' || end === ctx.err || isDeadlineExceeded(end))
            .withContext(told)
            .toBeTrue();
        }
        expect(round.open.size).withContext(told).toBe(0);
        expect(round.children.every(({ err }) => err !== undefined))
          .withContext(told)
          .toBeTrue();
        expect([listenerCount(root), listenerCount(ctx), clock.actions.length])
          .withContext(told)
          .toEqual([0, 0, 0]);
      }
    });
  }
});
