// Every history of a few steps over a small alphabet, each once: what is alike but for names is told once.
import type { Command, Derivation, History } from './histories.js';
import type { Random } from '../helpers/random.js';
import { run } from './runner.js';

type Act = Command['act'];

/** One step: a number of a context, of another one, or of a listener, stands where the act needs one. */
interface Step {
  readonly act: Act;
  readonly ctx: number;
  /** The context that is followed, or that a listener cancels. */
  readonly other?: number;
  /** How many milliseconds a timeout has: of two, one can be earlier than the other, or at the same time. */
  readonly ms?: number;
}

/** What a step may speak of: the contexts so far, the root being the first, and the listeners. */
interface Prefix {
  readonly steps: readonly Step[];
  readonly contexts: readonly { readonly act: Derivation | undefined; readonly canEnd: boolean }[];
  readonly listeners: number;
}

const empty: Prefix = { steps: [], contexts: [{ act: undefined, canEnd: false }], listeners: 0 };

/** The histories of exactly `length` steps. */
export function* shortHistories(length: number, prefix: Prefix = empty): Generator<History> {
  if (prefix.steps.length === length) {
    if (isNew(prefix)) yield historyOf(prefix);
    return;
  }
  for (const step of nextSteps(prefix)) {
    if (!isTwin(prefix.steps.at(-1), step, prefix.contexts.length - 1))
      yield* shortHistories(length, add(prefix, step));
  }
}

/** Runs every `parts`-th of them, from the one with the number `first`. @returns how many these are */
export function runShortHistories(length: number, parts = 1, first = 0): number {
  let [index, count] = [0, 0];
  for (const history of shortHistories(length)) if (index++ % parts === first) run({ ...history, ending: count++ % 4 });
  return count;
}

/** Runs all that begin with the same four steps, chosen at random. @returns how many these are */
export function runSomeShortHistories(length: number, random: Random): number {
  let prefix = empty;
  while (prefix.steps.length < 4) {
    const steps = [...nextSteps(prefix)];
    prefix = add(prefix, steps[random.below(steps.length)]!);
  }
  let count = 0;
  for (const history of shortHistories(length, prefix)) run({ ...history, ending: count++ % 4 });
  return count;
}

/** The alphabet. Who cannot end is neither listened to nor followed, and is looked at by all others. */
function* nextSteps({ steps, contexts, listeners }: Prefix): Generator<Step> {
  const numbers = [...contexts.keys()];
  const canEnd = numbers.filter((ctx) => contexts[ctx]!.canEnd);
  const cancelable = canEnd.filter((ctx) => ownCancel.has(contexts[ctx]!.act));
  for (const ctx of numbers) {
    yield { act: 'withCancel', ctx };
    for (const ms of [1, 2]) yield { act: 'withTimeout', ctx, ms };
    yield { act: 'followOutside', ctx };
    for (const other of canEnd) if (other !== ctx) yield { act: 'followCtx', ctx, other };
    if (ctx > 0) for (const act of ['withValue', 'withoutCancel', 'withScheduler', 'wrap'] as const) yield { act, ctx };
  }
  yield { act: 'mock', ctx: 0 };
  for (const ctx of canEnd) {
    yield { act: 'afterFunc', ctx };
    for (const other of cancelable) yield { act: 'afterFunc', ctx, other };
    if (steps.at(-1)?.act !== 'look') yield { act: 'look', ctx };
  }
  for (let listener = 0; listener < listeners; listener++) {
    if (!steps.some(({ act, ctx }) => act === 'leave' && ctx === listener)) yield { act: 'leave', ctx: listener };
  }
  for (const ctx of cancelable) if (!happened(steps, 'cancel', ctx)) yield { act: 'cancel', ctx };
  for (const ctx of canEnd) {
    if (contexts[ctx]!.act === 'mock' && !happened(steps, 'end', ctx)) yield { act: 'end', ctx };
  }
  if (steps.some(({ act }) => act === 'followOutside') && !happened(steps, 'speak', 0)) yield { act: 'speak', ctx: 0 };
  if (steps.some(({ act }) => act === 'withTimeout')) {
    yield { act: 'expire', ctx: 0 };
    if (!steps.some(isForeign)) yield { act: 'expireBusy', ctx: 0 };
  }
}

/** Those that come with a cancel function of their own. */
const ownCancel: ReadonlySet<Act | undefined> = new Set(['withCancel', 'withTimeout', 'followOutside', 'followCtx']);
const derivations: ReadonlySet<Act | undefined> = new Set<Act | undefined>([
  ...ownCancel,
  ...(['withValue', 'withoutCancel', 'withScheduler', 'wrap', 'mock'] as const),
]);

function isForeign({ act }: Step): boolean {
  return act === 'wrap' || act === 'mock' || act === 'withScheduler';
}

function happened(steps: readonly Step[], what: Act, to: number): boolean {
  return steps.some(({ act, ctx }) => act === what && ctx === to);
}

function add({ steps, contexts, listeners }: Prefix, step: Step): Prefix {
  const { act, ctx } = step;
  const canEnd = act === 'withValue' ? contexts[ctx]!.canEnd : act !== 'withoutCancel';
  const made = derivations.has(act) ? [{ act: act as Derivation, canEnd }] : [];
  return {
    steps: [...steps, step],
    contexts: [...contexts, ...made],
    listeners: act === 'afterFunc' ? listeners + 1 : listeners,
  };
}

/** Two derivations that have nothing to do with each other are told in one order alone. */
function isTwin(before: Step | undefined, step: Step, newest: number): boolean {
  if (before === undefined || !derivations.has(before.act) || !derivations.has(step.act)) return false;
  return step.ctx !== newest && step.other !== newest && orderOf(step) < orderOf(before);
}

function orderOf({ act, ctx, other = 0, ms = 0 }: Step): number {
  return [...derivations].indexOf(act) * 1000 + ctx * 100 + other * 10 + ms;
}

/** Whether no other history tells the same. */
function isNew(prefix: Prefix): boolean {
  const { steps } = prefix;
  const timeouts = steps.filter(({ act }) => act === 'withTimeout');
  // All is looked at in the end. And where all timeouts take as long as each other, it does not matter how long.
  if (steps.at(-1)?.act === 'look' || (timeouts.length > 0 && timeouts.every(({ ms }) => ms === 2))) return false;
  return isConnected(prefix);
}

/** Trees that never touch are histories of their own, and shorter ones. */
function isConnected({ steps, contexts }: Prefix): boolean {
  const trees = [...contexts.keys()];
  const join = (a: number, b: number) => {
    const [from, to] = [trees[a]!, trees[b]!];
    for (const [ctx, tree] of trees.entries()) if (tree === from) trees[ctx] = to;
  };
  let [made, outside] = [0, 0];
  for (const { act, ctx, other = 0 } of steps) {
    if (act === 'afterFunc' && other > 0) join(ctx, other);
    if (!derivations.has(act)) continue;
    made++;
    if (ctx > 0) join(made, ctx);
    if (other > 0) join(made, other);
    if (act !== 'followOutside') continue;
    if (outside > 0) join(made, outside);
    outside = made;
  }
  return new Set(trees.slice(1)).size === 1;
}

function historyOf({ steps }: Prefix): History {
  let made = 0;
  const mocks: number[] = [];
  const ended: number[] = [];
  return {
    foreign: steps.some(isForeign),
    unobserved: true,
    ending: 0,
    steps: steps.map(({ act, ctx, other = 0, ms = 0 }) => {
      const to = derivations.has(act) ? ++made : 0;
      if (act === 'mock') mocks.push(to);
      switch (act) {
        case 'withTimeout':
          return command(act, ctx, { to, n: ms + 2 });
        case 'followOutside':
          return command(act, ctx, { to, other: theSignal });
        case 'speak':
          return command(act, 0, { other: theSignal });
        case 'withScheduler':
          return command(act, ctx, { to, other: 1 });
        case 'end': {
          const open = mocks.filter((mock) => !ended.includes(mock));
          ended.push(ctx);
          return command(act, 0, { other: open.indexOf(ctx) });
        }
        case 'afterFunc':
          return command(act, ctx, { reactions: other === 0 ? [] : [command('cancel', other)] });
        default:
          return command(act, ctx, { to, other });
      }
    }),
  };
}

/** Outside, what is odd is an AbortSignal. */
const theSignal = 1;

function command(act: Act, ctx: number, more: Partial<Command> = {}): Command {
  return { act, ctx, other: 0, to: 0, n: 0, reactions: [], throws: false, ...more };
}
