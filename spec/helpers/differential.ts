// The same random streams through what we have and what RxJS has. Whatever can be seen from outside must be the same, frame by
// frame: notifications, calls of projections, and when each source was subscribed and let go.
//
// Ties in one frame: what was scheduled first comes first. So a cancel may come before or after what a hot source emits (each case
// says which), and both before what a cold one emits. A deadline comes after a hot source and before a cold one; it wins over a
// cancel in either order, for the clock had reached it.
import fc from 'fast-check';
import { ReplaySubject, map } from 'rxjs';
import type { Observable, OperatorFunction } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { afterFunc, background, withCancel } from '../../lib/index.js';
import type { Context } from '../../lib/index.js';
import { listenerCount } from '../../lib/testing/index.js';
import { histories, seed } from '../model/runs.js';

export interface Case {
  readonly hot: boolean;
  readonly source: string;
  /** What the values a to d are projected to. */
  readonly inners: readonly string[];
  /** When ctx is canceled. */
  readonly at: number;
  /** Whether that comes before what a hot source emits in the same frame. */
  readonly first: boolean;
  /** When the subscriber comes, and how long it stays. */
  readonly from: number;
  readonly stay: number;
  /** Of mergeMap, and a time limit. */
  readonly n: number;
}

/** Diagrams with values a to d, several in one frame too, that end or do not. */
const diagrams = fc
  .tuple(
    fc.array(fc.constantFrom('-', '-', '--', 'a', 'b', 'c', 'd', '(ab)', '(cda)'), { maxLength: 10 }),
    fc.constantFrom('', '|', '#', '(a|)', '(b#)'),
  )
  .map(([frames, end]) => frames.join('') + end);

export const cases: fc.Arbitrary<Case> = fc.record({
  hot: fc.boolean(),
  source: diagrams,
  inners: fc.tuple(diagrams, diagrams, diagrams, diagrams),
  at: fc.nat(20),
  first: fc.boolean(),
  from: fc.nat(4),
  stay: fc.oneof(fc.nat(20), fc.constant(Infinity)),
  n: fc.integer({ min: 1, max: 12 }),
});

/** What an operator under test works with. */
export interface Work extends Case {
  readonly ctx: Context;
  /** Emits when ctx is canceled, to late subscribers too. */
  readonly canceled$: Observable<unknown>;
  /** Errors with `ctx.err` when ctx is canceled, to late subscribers too. */
  readonly failed$: Observable<never>;
  readonly inner: (value: string) => Observable<string>;
  /** Takes down what is to be the same on both sides. */
  readonly note: (what: string) => void;
  readonly now: () => number;
  /** Takes down from when until when a context lived: as long as the source (`s`), or the inner stream of a value. */
  readonly watch: (child: Context, name: string) => void;
}

type Build = (work: Work) => OperatorFunction<string, unknown>;

/** The source, and the values. */
const names = 'sabcd';

/** Expects the same of both, in random cases. The seed is in the message of what it throws. */
export function expectAlike(ours: Build, theirs: Build, among = cases): void {
  check(among, (one) => {
    const scheduler = new TestScheduler(() => {});
    scheduler.run((helpers) => {
      const [ctx, cancel] = withCancel(background());
      const canceled$ = new ReplaySubject<unknown>(1);
      const cancelAt = () => {
        helpers.hot(`${one.at}ms x`).subscribe(() => {
          cancel('canceled');
          canceled$.next(0);
        });
      };
      const failed$ = canceled$.pipe(
        map((): never => {
          throw ctx.err!;
        }),
      );

      if (one.first) cancelAt();
      const run = (build: Build) => {
        const log: string[] = [];
        const lives: string[] = [];
        // What RxJS has to do a little before a frame counts as done in it.
        const now = () => Math.ceil(scheduler.now());
        const note = (what: string) => log.push(`${now()} ${what}`);
        const outer = one.hot ? helpers.hot(one.source) : helpers.cold(one.source);
        const projected = one.inners.map((diagram) => helpers.cold(diagram));
        const operator = build({
          ...one,
          ctx,
          canceled$,
          failed$,
          inner: (value) => projected[names.indexOf(value) - 1]!,
          note,
          now,
          watch: (child, name) => {
            const life = lives.push(`${name} ${now()} Infinity`) - 1;
            afterFunc(child, () => (lives[life] = lives[life]!.replace('Infinity', `${now()}`)));
          },
        });
        scheduler.schedule(() => {
          const subscription = outer.pipe(operator).subscribe({
            next: (value) => note(`next ${String(value)}`),
            error: (error: unknown) => note(`error ${String(error)}`),
            complete: () => note('complete'),
          });
          if (one.stay < Infinity) scheduler.schedule(() => subscription.unsubscribe(), one.stay);
        }, one.from);
        const subscriptions = () =>
          [outer, ...projected].flatMap(({ subscriptions }, index) =>
            subscriptions.map(
              ({ subscribedFrame, unsubscribedFrame }) =>
                `${names[index]!} ${subscribedFrame} ${Math.ceil(unsubscribedFrame)}`,
            ),
          );
        return { log, lives, subscriptions };
      };
      const we = run(ours);
      const they = run(theirs);
      if (!one.first) cancelAt();
      helpers.flush();

      expectSame('notifications', we.log, they.log);
      expectSame('subscriptions', we.subscriptions(), they.subscriptions());
      const watched = new Set(we.lives.map(([name]) => name));
      const watchedSubscriptions = they.subscriptions().filter(([name]) => watched.has(name));
      expectSame('lives of contexts', we.lives.sort(), watchedSubscriptions.sort());
      expectSame('listeners left', [listenerCount(ctx)], [0]);
    });
  });
}

/** Asks a law of a tenth as many cases as there are histories. */
export function check<T>(among: fc.Arbitrary<T>, law: (one: T) => void): void {
  fc.assert(fc.property(among, law), { numRuns: Math.ceil(histories / 10), seed, includeErrorInReport: true });
  expect().nothing();
}

export function expectSame(what: string, ours: readonly unknown[], theirs: readonly unknown[]): void {
  if (ours.join('\n') !== theirs.join('\n')) {
    throw new Error(`${what}\nours:\n  ${ours.join('\n  ')}\nof RxJS:\n  ${theirs.join('\n  ')}`);
  }
}
