// The laws. Each method is one of them, and says in its message what was broken. When they are asked is told by the public methods.
import { CanceledError, DeadlineExceededError, remaining, throwIfDone } from '../../lib/index.js';
import type { Context, ContextError } from '../../lib/index.js';
import { listenerCount } from '../../lib/testing/index.js';
import type { ExpectedContext } from './expectedContext.js';
import type { Runner } from './runner.js';
import type { Listener } from './listeners.js';
import type { ModelEnd } from './model.js';
import { expectedLinks } from './expectedLinks.js';
import { nameOfOutside } from './externalSource.js';
import { keys, print } from './system.js';

type Errs = readonly (ContextError | undefined)[];

export class Laws {
  /** What each context showed when it was first seen done. */
  private readonly shown: { err: ContextError; cause: unknown }[] = [];
  /** What those who ended together show, and whose error an error is. */
  private readonly errs = new Map<unknown, ContextError>();
  private readonly ends = new Map<ContextError, ModelEnd>();
  private reading = false;
  private looks = 0;
  private frame = 0;

  /** @param observing whether every context is looked at after every step */
  constructor(
    private readonly runner: Runner,
    private observing: boolean,
  ) {}

  /** From now on every context is looked at, as it is at once. */
  observe(): void {
    this.observing = true;
    this.atEveryMoment();
  }

  /** After every step, and whenever a listener is called. */
  atEveryMoment(): void {
    const { system, expected, broken } = this.runner;
    const { model, known } = expected;
    if (broken !== undefined) return;
    if (system.clock.frame > this.frame) model.pass((this.frame = system.clock.frame));
    if (!this.observing) return;
    const before = this.reading;
    this.reading = true;
    const errs = system.contexts.map((ctx) => ctx.err);
    this.whoFollowsMayBeToldInAnyOrder(errs);
    for (let id = 0; id < errs.length; id++) {
      const ctx = known[id]!;
      this.aDoneContextStaysDone(ctx, errs[id]);
      this.aDescendantOfADoneContextIsDone(ctx, errs);
      this.theModelAgrees(ctx, errs[id]);
      this.noDeadlineIsLaterThanThatOfTheParent(ctx);
    }
    // The rest in turn: it can hardly differ when `err` is right.
    this.whatIsDerivedFromErrAgrees(known[this.looks++ % errs.length]!);
    this.reading = before;
  }

  whenLookedAt(ctx: ExpectedContext): void {
    const before = this.reading;
    this.reading = true;
    const { err } = this.contextOf(ctx);
    // What it followed has to be known first: the cause is the err of that.
    const followed = this.runner.expected.known.find(({ end }) => end !== undefined && end === ctx.end?.cause);
    if (followed !== undefined) this.whenLookedAt(followed);
    this.theModelAgrees(ctx, err);
    this.reading = before;
  }

  whenDerived(made: ExpectedContext): void {
    this.valuesAreInherited(made);
    this.doneIsOneObservable(made);
  }

  whenJoined(listener: Listener): void {
    const { state, late, isStream, sources } = listener;
    if (state !== (late ? 'called' : 'waiting')) {
      this.broken(`who comes late is called at once, and nobody else`, listener, `is ${state}`);
    }
    if (isStream && sources !== (late ? 0 : 1)) {
      this.broken('a source is subscribed once, and not at all under a done context', listener, `${sources} times`);
    }
  }

  whenCalled(listener: Listener, before: Listener['state'], err: unknown): void {
    const { known, late } = listener;
    if (before !== 'waiting') this.broken('a listener is called once, or has left before', listener, `was ${before}`);
    if (this.reading) this.broken('reading calls no listener', listener, 'was called');
    if (known.end === undefined) this.broken('a listener is called when its context is done', listener, 'was early');
    if (!this.observing && err !== undefined) this.whenLookedAt(known);
    if (err !== undefined && err !== this.errs.get(known.end)) {
      this.broken('a listener hears err', listener, 'heard something else');
    }
    if (!late) this.listenersAreCalledInOrder(listener);
  }

  whenLeft(listener: Listener, waiting: boolean, prevented: unknown): void {
    if (typeof prevented === 'boolean' && prevented !== waiting) {
      this.broken('stop() tells whether it prevented the call', listener, String(prevented));
    }
    if (listener.sources !== 0) this.broken('a stream that is over lets go of its source', listener, 'does not');
  }

  /** Between two steps of a history. */
  whenAllIsQuiet(): void {
    if (this.runner.broken !== undefined || this.runner.busy) return;
    for (const ctx of this.runner.expected.known) {
      if (ctx.pending) this.broken('who follows what has ended is done when all have been told', ctx, 'is not');
    }
    for (const listener of this.runner.listeners) this.everybodyWasCalled(listener);
    this.onlyWhatIsNeededIsLinkedOrArmed();
  }

  whenAllIsOver(): void {
    const left = this.runner.system.left();
    if (left !== '') this.runner.break('after the end nothing is linked anywhere, and no timer is armed', left);
  }

  private aDoneContextStaysDone(ctx: ExpectedContext, err: ContextError | undefined): void {
    const first = this.shown[ctx.id];
    if (err === undefined && first === undefined) return;
    const { cause } = this.contextOf(ctx);
    if (first === undefined) this.shown[ctx.id] = { err: err!, cause };
    else if (err !== first.err || cause !== first.cause) {
      this.broken('a done context stays done, with one err and one cause', ctx, `now it is ${say(err, cause)}`);
    }
  }

  /** Nobody sees half of a cancellation: this is asked from inside every listener too. */
  private aDescendantOfADoneContextIsDone(ctx: ExpectedContext, errs: Errs): void {
    const { id, parent } = ctx;
    if (parent !== undefined && errs[parent.id] !== undefined && errs[id] === undefined) {
      this.broken('a descendant of a done context is done', ctx, `is not, though ${String(parent)} is`);
    }
  }

  private theModelAgrees(ctx: ExpectedContext, err: ContextError | undefined): void {
    const { end } = ctx;
    if (end === undefined || err === undefined) {
      if (end !== err) this.disagree(ctx, end === undefined ? 'open' : end.kind);
      return;
    }
    if (!this.errs.has(end) && !this.ends.has(err)) {
      this.errs.set(end, err);
      this.ends.set(err, end);
    }
    if (this.errs.get(end) !== err) this.disagree(ctx, 'so by the same err as all that ended with it, and only these');
    if (!(err instanceof (end.kind === 'canceled' ? CanceledError : DeadlineExceededError))) {
      this.disagree(ctx, end.kind);
    }
    const wanted = this.errs.get(end.cause) ?? (end.cause === undefined ? err : end.cause);
    if (this.contextOf(ctx).cause !== wanted) this.disagree(ctx, `so with the cause ${print(wanted)}`);
  }

  private disagree(ctx: ExpectedContext, wanted: string): void {
    const { err, cause } = this.contextOf(ctx);
    this.broken('the library and the model agree', ctx, `is ${say(err, cause)}, and should be ${wanted}`);
  }

  /** Where the library shows those done that may have been told by now, the model goes along. */
  private whoFollowsMayBeToldInAnyOrder(errs: Errs): void {
    const { known, model } = this.runner.expected;
    for (
      let told: ExpectedContext | undefined;
      (told = known.find((ctx) => ctx.pending && this.wasToldNow(ctx, errs)));
    ) {
      model.follow(told);
    }
  }

  /** Not with its parent, and not before those below who show another err. */
  private wasToldNow(ctx: ExpectedContext, errs: Errs): boolean {
    const { id, parent } = ctx;
    const err = errs[id];
    return (
      err !== undefined &&
      (parent === undefined || err !== errs[parent.id]) &&
      !this.runner.expected.known.some(
        (other) => other.end === undefined && errs[other.id] !== err && other.endsWith(ctx),
      )
    );
  }

  private noDeadlineIsLaterThanThatOfTheParent(ctx: ExpectedContext): void {
    const deadline = this.contextOf(ctx).deadline ?? Infinity;
    const above = ctx.parent === undefined ? Infinity : (this.contextOf(ctx.parent).deadline ?? Infinity);
    if (deadline > above || deadline !== ctx.deadline) {
      const wanted = `${ctx.deadline}, that of the parent is ${above}`;
      this.broken('the deadline is the earliest from here upwards', ctx, `has ${deadline}, not ${wanted}`);
    }
  }

  private whatIsDerivedFromErrAgrees(known: ExpectedContext): void {
    const ctx = this.contextOf(known);
    if (ctx.err === undefined && ctx.cause !== undefined) this.broken('an open context has no cause', known, 'has');
    const left = ctx.err ? 0 : Math.max(0, known.deadline - this.runner.system.clock.frame);
    if (remaining(ctx) !== left) this.broken('remaining is the time that is left', known, `has ${remaining(ctx)} ms`);
    let thrown: unknown;
    try {
      throwIfDone(ctx);
    } catch (error) {
      thrown = error;
    }
    if (thrown !== ctx.err) this.broken('throwIfDone throws err', known, `threw ${String(thrown)}`);
  }

  private valuesAreInherited(made: ExpectedContext): void {
    for (const [index, key] of keys.entries()) {
      const value = this.contextOf(made).value(key);
      const wanted = made.values[index];
      if (value !== wanted) {
        this.broken('values are inherited, and the nearest counts', made, `has ${String(value)} under ${key.name}`);
      }
    }
  }

  private doneIsOneObservable(made: ExpectedContext): void {
    const { done$ } = this.contextOf(made);
    const shared = made.act === 'withValue' ? this.contextOf(made.above!).done$ : this.contextOf(made).done$;
    if (done$ !== shared) this.broken('done$ is one, and a value context shares it', made, 'has another');
  }

  /** Listeners of one context in the order in which they came, and before those of its descendants that end with it. */
  private listenersAreCalledInOrder(listener: Listener): void {
    const { turn, known } = listener;
    for (const other of this.runner.listeners) {
      const { node } = other.known;
      if (other.state !== 'waiting' || node === undefined) continue;
      const first = node === known.node ? other.turn < turn : known.node!.isBelow(node) && node.end === known.node!.end;
      if (first) this.broken('own listeners in order, and before descendants', listener, `before ${String(other)}`);
    }
  }

  private everybodyWasCalled(listener: Listener): void {
    const { state, kind, known, completed, left, sources } = listener;
    if (state === 'waiting' && known.end !== undefined) {
      this.broken('every listener that has not left is called', listener, 'was not');
    }
    if (kind === 'done$' && completed !== (state === 'called') && !left) {
      this.broken('done$ emits and completes', listener, completed ? 'only completed' : 'did not complete');
    }
    if (state !== 'waiting' && sources !== 0) {
      this.broken('a stream that is over lets go of its source', listener, 'does not');
    }
  }

  private onlyWhatIsNeededIsLinkedOrArmed(): void {
    const law = 'linked and armed is only what somebody listens to';
    const { system, expected, listeners } = this.runner;
    const { heard, subscribed, timers } = expectedLinks(expected.known, listeners);
    for (const ctx of expected.known) {
      const count = listenerCount(this.contextOf(ctx));
      const wanted = heard.of(ctx.node);
      if (count !== wanted) this.broken(law, ctx, `has ${count} listeners, and should have ${wanted}`);
      const open = system.mocks.get(ctx.id)?.open ?? 0;
      if (open !== subscribed.of(ctx)) this.broken(law, ctx, `has ${open} subscribers of its own`);
    }
    for (const [index, one] of expected.outside) {
      const { listeners, shared } = system.outsideOf(index);
      const wanted = shared ? Math.min(heard.of(one), 1) : heard.of(one);
      if (listeners !== wanted) this.runner.break(law, `${nameOfOutside(index)} has ${listeners} listeners`);
    }
    const armed = system.clock.actions.length;
    if (armed !== timers) this.runner.break(law, `${armed} timers, where ${timers} are expectedLinks`);
  }

  private contextOf({ id }: ExpectedContext): Context {
    return this.runner.system.contexts[id]!;
  }

  private broken(law: string, who: ExpectedContext | Listener, how: string): void {
    this.runner.break(law, `${String(who)} ${how}`);
  }
}

function say(err: ContextError | undefined, cause: unknown): string {
  return err === undefined ? 'open' : `done (${err.message}, cause ${print(cause)})`;
}
