// Runs a history, with listeners that act while they are being notified. Every step is taken first in the model, then in the
// library; after each, and in every call of a listener, all laws are asked.
import { CanceledError, DeadlineExceededError } from '../../lib/index.js';
import { ExpectedState } from './expectedState.js';
import { slots } from './histories.js';
import type { Command, Derivation, History, Listening } from './histories.js';
import type { ExpectedContext } from './expectedContext.js';
import { Laws } from './laws.js';
import { Listener } from './listeners.js';
import { compareWithReplays } from './replay.js';
import { System, describeStep, keys, schedulers } from './system.js';
import type { Step } from './system.js';

/** Runs `history`. Throws an error that tells the whole story when a law is broken. */
export function run(history: History): Runner {
  const runner = new Runner(history);
  runner.run();
  if (runner.broken === undefined) return runner;
  const retold = new Runner(history, []);
  retold.run();
  throw new Error([...retold.story!, `BROKEN: ${runner.broken}`].join('\n'));
}

export class Runner {
  readonly system = new System();
  readonly expected = new ExpectedState();
  readonly listeners: Listener[] = [];
  /** All that happened to contexts, in order. */
  readonly steps: Step[] = [];
  /** What listeners threw: each is to be reported as unhandled. */
  readonly thrown: unknown[] = [];
  /** The first law that was broken, and how. */
  broken: string | undefined = undefined;
  /** False where it depends on an order that is not promised who was first: then others may see it otherwise. */
  decided = true;
  /** A busy loop has kept timers from firing. */
  busy = false;

  private readonly laws: Laws;
  private readonly slots: ExpectedContext[];
  /** Of what is outside, which ones are followed now. */
  private readonly current = [0, 1, 2, 3];
  private readonly signals = new Set<AbortSignal>();
  private depth = 0;
  private named = 0;
  private finished = false;

  constructor(
    private readonly history: History,
    readonly story?: string[],
  ) {
    this.slots = new Array<ExpectedContext>(slots).fill(this.expected.root);
    this.laws = new Laws(this, history.foreign || history.unobserved !== true);
  }

  run(): void {
    try {
      this.liveAndFinish();
    } catch (error) {
      this.break('nothing is thrown', String(error));
    }
  }

  private liveAndFinish(): void {
    for (const command of this.history.steps) {
      this.act(command);
      this.laws.whenAllIsQuiet();
      if (this.broken !== undefined) return;
    }
    this.finish();
    // The short ones are all there: others of them listen, and look, where this one does not.
    if (this.broken !== undefined || !this.decided || this.history.unobserved) return;
    const differs = compareWithReplays(this, this.history.foreign);
    if (differs !== undefined) this.break('twins of one history agree, observed and unobserved', differs);
  }

  break(law: string, how: string): void {
    this.broken ??= `${law}: ${how}`;
  }

  private act(command: Command): void {
    const { act, ctx, other, n } = command;
    const known = this.slots[ctx]!;
    switch (act) {
      case 'advance':
      case 'jump':
        return this.passTo(this.system.clock.frame + (n % 8), act === 'jump');
      case 'expire':
      case 'expireBusy':
        return this.passTo(this.expected.nextDeadline(this.system.clock.frame), act === 'expireBusy');
      case 'look':
        this.tell(() => `look at ${String(known)}`);
        return this.laws.whenLookedAt(known);
      case 'cancel':
        return this.cancel(known, [this.name('cause'), undefined, null, 0][n % 4]);
      case 'speak':
        return this.speak(other % this.current.length, n);
      case 'end':
        return this.end(other, n);
      case 'leave': {
        const listener = this.listeners[(other * slots + ctx) % Math.max(1, this.listeners.length)];
        return listener && this.leave(listener);
      }
      case 'done$':
      case 'afterFunc':
      case 'takeUntilCtx':
      case 'throwOnCtx':
      case 'signal':
        return this.listen(act, known, command);
      default:
        return this.derive(act, known, command);
    }
  }

  // Contexts.

  private derive(act: Derivation, known: ExpectedContext, { other, to, n }: Command): void {
    if (!this.history.foreign && (act === 'wrap' || act === 'mock')) return;
    this.take(act, known, this.choose(act, known, other, n));
    this.slots[to] = this.expected.known.at(-1)!;
  }

  private choose(act: Derivation, known: ExpectedContext, other: number, n: number): Partial<Step> {
    const cause = other % 2 === 0 ? undefined : this.name('late');
    switch (act) {
      case 'withTimeout':
        return { n: n === 15 ? Infinity : this.instant(known, n) - this.system.clock.frame, cause };
      case 'withDeadline':
        return { n: this.instant(known, n), cause };
      case 'withValue':
        return { n, other: other % keys.length };
      case 'withScheduler':
        // Across clocks a deadline has to be noticed in time, as below what is foreign.
        return { other: this.history.foreign ? other % schedulers : known.scheduler };
      case 'mock':
        return { ctx: 0, n: n % 2 === 0 ? 0 : 1e6 + n }; // it does not keep a deadline by itself: that is later than all
      case 'followCtx':
        return { other: this.slots[other]!.id, more: this.slots.slice(0, n % 3).map(({ id }) => id) };
      case 'wrap':
        return { n };
      case 'followOutside':
        return { other: this.current[other % this.current.length]! };
      case 'followInput':
        return { n: n % 4, cause: this.name('said') };
      default:
        return {};
    }
  }

  /** A time near now. Below foreign contexts each has a fraction of its own: of two timers in one instant either may be first. */
  private instant({ belowForeign }: ExpectedContext, n: number): number {
    return Math.floor(this.system.clock.frame) + n - 2 + (belowForeign ? this.expected.known.length / 1024 : 0);
  }

  private cancel(known: ExpectedContext, cause?: unknown): void {
    let target: ExpectedContext | undefined = known;
    while (target !== undefined && this.system.cancels[target.id] === undefined) target = target.above;
    if (target !== undefined) this.take('cancel', target, { cause });
  }

  /** Who has spoken is replaced: one that only emitted at once, so that nobody comes late, the others when they are to speak again. */
  private speak(place: number, n: number): void {
    const index = this.current[place]!;
    const { end, silent } = this.expected.outsideOf(index);
    const next = index + this.current.length;
    const other = end !== undefined || silent ? next : index;
    const emits = place % 2 === 0 && n % 8 > 1;
    this.current[place] = emits ? other + this.current.length : other;
    this.take('speak', this.expected.known[0]!, {
      other,
      n: n % 8,
      cause:
        emits && n === 15
          ? undefined
          : place % 2 === 1 && n % 8 === 7
            ? new DeadlineExceededError()
            : this.name('said'),
    });
  }

  private end(which: number, n: number): void {
    const mocks = this.expected.known.filter(({ act, end }) => act === 'mock' && end === undefined);
    const cause = n % 2 === 0 ? new CanceledError() : new DeadlineExceededError();
    if (mocks.length > 0) this.take('end', mocks[which % mocks.length]!, { n, cause });
  }

  private take(act: Step['act'], known: ExpectedContext, more: Partial<Step>): void {
    const step = this.step(act, known.id, more);
    this.tell(() => describeStep(step, this.expected.known.length));
    if (this.expected.pending) this.decided = false;
    this.steps.push(step);
    const made = this.expected.take(step);
    if (this.expected.orderMatters) this.decided = false;
    this.system.take(step);
    this.laws.atEveryMoment();
    if (made !== undefined) this.laws.whenDerived(made);
  }

  private step(act: Step['act'], ctx: number, more: Partial<Step>): Step {
    return { act, ctx, other: 0, more: [], n: 0, cause: undefined, frame: this.system.clock.frame, ...more };
  }

  // Time.

  private passTo(frame: number, loop: boolean): void {
    const { clock } = this.system;
    // A listener cannot let time pass, but it can take its time.
    if (!loop && this.depth === 0) return this.advance(frame);
    if (this.history.foreign) return;
    if (this.expected.pending) this.decided = false;
    this.tell(() => `busy until ${frame}`);
    this.busy = true;
    clock.jump(frame - clock.frame);
    this.laws.atEveryMoment();
  }

  private advance(frame: number): void {
    this.tell(() => `wait until ${frame}`);
    this.system.fireUntil(frame, () => this.laws.atEveryMoment());
    this.busy = false;
    this.laws.atEveryMoment();
  }

  // Listeners.

  private listen(kind: Listening, known: ExpectedContext, { reactions, throws }: Command): void {
    const ctx = this.system.contexts[known.id]!;
    // What somebody else's implementation shows is for itself to keep.
    const own = known.node?.foreign === true && (kind === 'done$' || kind === 'signal') ? 'afterFunc' : kind;
    if (own === 'signal') {
      const { signal } = ctx;
      if (this.signals.has(signal)) return;
      this.signals.add(signal);
    }
    const late = known.end !== undefined;
    const listener = new Listener(own, known, this.listeners.length, late, reactions, throws && own !== 'signal');
    this.listeners.push(listener);
    this.tell(() => `${String(listener)} comes`);
    listener.join(ctx, (err) => this.called(listener, err));
    this.laws.whenJoined(listener);
    this.laws.atEveryMoment();
  }

  private called(listener: Listener, err?: unknown): void {
    const { state } = listener;
    this.tell(() => `${String(listener)} is called`);
    listener.state = 'called';
    this.depth++;
    this.laws.atEveryMoment();
    this.laws.whenCalled(listener, state, err);
    if (!this.finished) for (const command of listener.reactions) this.act(command);
    this.depth--;
    if (listener.throws) {
      const error = new Error(`thrown by ${String(listener)}`);
      this.thrown.push(error);
      throw error;
    }
  }

  private leave(listener: Listener): void {
    this.tell(() => `${String(listener)} leaves`);
    const waiting = listener.state === 'waiting';
    const prevented = listener.leave();
    this.laws.whenLeft(listener, waiting, prevented);
    this.laws.atEveryMoment();
  }

  /** Ends everything. */
  private finish(): void {
    this.finished = true;
    this.tell(() => 'finish');
    this.laws.observe();
    const { ending } = this.history;
    if (ending > 1) for (const listener of this.listeners) this.leave(listener);
    for (const known of ending % 2 === 0 ? [...this.expected.known] : [...this.expected.known].reverse()) {
      if (this.system.cancels[known.id]) this.take('cancel', known, {});
      if (known.act === 'mock' && known.end === undefined) this.take('end', known, { cause: new CanceledError() });
    }
    this.advance(this.system.clock.frame);
    this.laws.whenAllIsQuiet();
    // Who still waits, waits for what cannot end.
    for (const listener of this.listeners) if (listener.state === 'waiting') this.leave(listener);
    this.laws.whenAllIsOver();
  }

  private name(what: string): string {
    return `${what} ${++this.named}`;
  }

  private tell(what: () => string): void {
    if (this.story === undefined || this.broken !== undefined) return;
    this.story.push(`${this.system.clock.frame}`.padEnd(8) + '  '.repeat(this.depth) + what());
  }
}
