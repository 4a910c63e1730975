// Random histories of contexts: what is done, and what listeners do when they are called. runner.ts lives them.
import fc from 'fast-check';

/** The simplest is first in each of these, for shrinking goes that way. What stands there twice happens twice as often. */
const derivations = [
  'withCancel',
  'withCancel',
  'withCancel',
  'withTimeout',
  'withTimeout',
  'withDeadline',
  'withValue',
  'withoutCancel',
  'withScheduler',
  'wrap', // by somebody else's implementation
  'mock', // another one, that ends when it likes
  'followCtx', // withCancelOn(ctx, …)
  'followCtx',
  'followOutside', // an observable or an AbortSignal
  'followInput', // an observable that speaks at once, or never
] as const;
const events = ['cancel', 'cancel', 'cancel', 'advance', 'advance', 'jump', 'leave', 'speak', 'end'] as const;
const listenings = ['done$', 'done$', 'afterFunc', 'takeUntilCtx', 'throwOnCtx', 'signal'] as const;

export type Derivation = (typeof derivations)[number];
/** Those of short histories alone: to the next deadline, with timers or without, and a look at one context. */
type ShortEvent = 'expire' | 'expireBusy' | 'look';
export type Listening = (typeof listenings)[number];

/**
 * The contexts are kept in slots, which hold the root at first: what is derived goes into one, and what was there lives on.
 * So a shorter history goes on meaning what it meant.
 */
export const slots = 10;

export interface Command {
  readonly act: Derivation | Listening | (typeof events)[number] | ShortEvent;
  /** The slot of the context that it is about, and that of another, or the number of something else. */
  readonly ctx: number;
  readonly other: number;
  /** The slot for what it derives. */
  readonly to: number;
  /** A time, a kind of cause … */
  readonly n: number;
  /** What a listener does when it is called, */
  readonly reactions: readonly Command[];
  /** and whether it then throws. */
  readonly throws: boolean;
}

export interface History {
  /**
   * Whether there are foreign contexts. These do not say when they ended, so a deadline below them has to be heard in time.
   * Without them, a busy loop may keep timers from firing.
   */
  readonly foreign: boolean;
  /** Nobody looks at a context before the end but for `look` and listeners, where there is nothing foreign. */
  readonly unobserved?: boolean | undefined;
  readonly steps: readonly Command[];
  /** In the end everything is canceled, from the root or (odd) from the leaves, with all listeners or (2, 3) when they have left. */
  readonly ending: number;
}

function commands(depth: number): fc.Arbitrary<Command> {
  const nothing = { to: fc.constant(0), reactions: fc.constant([]), throws: fc.constant(false) };
  const some = { ctx: fc.nat(slots - 1), other: fc.nat(slots - 1), n: fc.nat(15) };
  const derive = fc.record({ act: fc.constantFrom(...derivations), ...some, ...nothing, to: fc.nat(slots - 1) });
  const cause = fc.record({ act: fc.constantFrom(...events), ...some, ...nothing });
  const reactions = depth > 0 ? fc.array(commands(depth - 1), { maxLength: 3 }) : nothing.reactions;
  const listen = fc.record({
    act: fc.constantFrom(...listenings),
    ...some,
    to: nothing.to,
    reactions,
    throws: fc.nat(9).map((n) => n === 9),
  });
  return fc.oneof({ weight: 4, arbitrary: derive }, { weight: 3, arbitrary: cause }, { weight: 3, arbitrary: listen });
}

/** Of up to 200 steps: one in seven is a long one. */
export const histories: fc.Arbitrary<History> = fc.record({
  foreign: fc.boolean(),
  steps: fc.oneof(
    { weight: 6, arbitrary: fc.array(commands(2), { maxLength: 30, size: 'max' }) },
    { weight: 1, arbitrary: fc.array(commands(2), { maxLength: 200, size: 'max' }) },
  ),
  ending: fc.nat(3),
});
