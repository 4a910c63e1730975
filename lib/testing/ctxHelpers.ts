import { Observable, asyncScheduler } from 'rxjs';
import type { RunHelpers } from 'rxjs/testing';
import { background } from '../adapters/rxjs7.js';
import { withCancel } from '../core/derive.js';
import type { Context } from '../core/context.js';
import { withTimeout } from '../core/deadline.js';
import { isDeadlineExceeded } from '../core/errors.js';
import type { ContextError } from '../core/errors.js';
import { toInternal } from '../core/foreign.js';
import { invalidArgument } from '../core/invalidArgument.js';
import { drawEnding, parseEnding, parseStart } from './marbles.js';
import type { Ending } from './marbles.js';

/** What a context is ended with: the cause for `c`, or that for `d`. */
export interface Causes {
  /** That of a cancel. */
  readonly c?: unknown;
  /** That of a deadline. */
  readonly d?: unknown;
}

/** @see {@link ctxHelpers} */
export interface CtxHelpers {
  /**
   * Makes a context that ends as the diagram says: `'-----c'` is canceled in frame 5, `'---d'` runs into its deadline in
   * frame 3, `'------'` does not end. In the frame in which it is canceled, that comes before what cold and hot
   * observables emit.
   *
   * @param causes for example `{ c: new Error('client gone') }`
   * @param parent by default `background()`
   * @throws Error that shows the position when the diagram is malformed
   */
  readonly ctx: (marbles: string, causes?: Causes, parent?: Context) => Context;
  /**
   * Expects `ctx` to end when and how the diagram says, or not at all. A cause is compared when one is expected.
   *
   * @param unsubscriptionMarbles until when to look, as with `expectObservable`; an end in later frames is none
   */
  readonly expectCtx: (
    ctx: Context,
    unsubscriptionMarbles?: string,
  ) => {
    /** @throws Error that shows the position when the diagram is malformed */
    toBe(marbles: string, causes?: Causes): void;
  };
}

/**
 * Marble diagrams for contexts, inside `TestScheduler.run`: `c` = canceled, `d` = deadline exceeded.
 *
 * ```ts
 * testScheduler.run((helpers) => {
 *   const { ctx, expectCtx } = ctxHelpers(helpers);
 *   const parent = ctx('-----c');
 *   const [child] = withTimeout(parent, 3);
 *   expectCtx(child).toBe('---d');
 * });
 * ```
 *
 * @param helpers what `run` gives to its callback
 * @throws TypeError when helpers are none
 */
export function ctxHelpers(helpers: RunHelpers): CtxHelpers {
  const { cold, expectObservable } = (helpers as Partial<RunHelpers> | undefined) ?? {};
  if (typeof cold !== 'function' || typeof expectObservable !== 'function') {
    throw invalidArgument('ctxHelpers', 'helpers', "the helpers of TestScheduler's run", helpers);
  }

  return {
    ctx(marbles, causes = {}, parent = background()) {
      const ending = parseEnding(marbles, 'ctx');
      toInternal(parent, 'ctx', 'parent');
      if (ending?.marble === 'd') return withTimeout(parent, ending.frame, { cause: causes.d })[0];
      const [ctx, cancel] = withCancel(parent);
      if (ending !== undefined) {
        cold(`${String(ending.frame)}ms c`).subscribe(() => {
          cancel(causes.c);
        });
      }
      return ctx;
    },

    expectCtx(ctx, unsubscriptionMarbles) {
      toInternal(ctx, 'expectCtx');
      const start = asyncScheduler.now() + parseStart(unsubscriptionMarbles ?? '', 'expectCtx');
      return {
        toBe(marbles, causes = {}) {
          const expected = parseEnding(marbles, 'toBe');
          const compareCause = expected !== undefined && expected.marble in causes;
          // The run compares, when it is over, the one value that is emitted at its start: then it tells what came.
          expectObservable(observe(ctx, marbles, expected, compareCause), unsubscriptionMarbles).toBe(`${start}ms x`, {
            x: { ends: drawEnding(expected), ...(compareCause && { cause: causes[expected.marble] }) },
          });
        },
      };
    },
  };
}

function observe(
  ctx: Context,
  marbles: string,
  expected: Ending | undefined,
  compareCause: boolean,
): Observable<unknown> {
  return new Observable((subscriber) => {
    let ending: Ending | undefined;
    const actual: { readonly ends: string; cause?: unknown } = {
      get ends() {
        const drawn = drawEnding(ending);
        if (drawn === drawEnding(expected)) return drawn;
        const diagrams = `  expected  ${marbles}\n  actual    ${drawEnding(ending, marbles)}`;
        throw new Error(`expectCtx: the context ends otherwise\n${diagrams}`);
      },
    };
    if (compareCause) actual.cause = undefined;
    subscriber.next(actual);
    const record = (err: ContextError) => {
      ending = { frame: asyncScheduler.now(), marble: isDeadlineExceeded(err) ? 'd' : 'c' };
      if (compareCause) actual.cause = ctx.cause;
    };
    subscriber.add(ctx.done$.subscribe(record));
    // An end in the frame of the unsubscription counts, whichever of the two the scheduler runs first.
    subscriber.add(() => {
      if (ending === undefined && ctx.err !== undefined) record(ctx.err);
    });
  });
}
