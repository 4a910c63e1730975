// A context that other contexts and signals end too. Each source is linked to from birth, so that the first end counts
// exactly. Its state is pulled as well: `err` asks every source, so nobody sees half of a cancellation between contexts that
// follow one source, and a deadline of a source holds in synchronous code.
import { endOf, knownEndOf, listen, notifyAll, notifyNext, requireTimes } from './cancellation.js';
import type { Limit, OutsideLimit } from './cancellation.js';
import type { CancelFunc, Context, CoreContext } from './context.js';
import { ContextNode, Source } from './contextNode.js';
import { withCancelFunc } from './derive.js';
import { CanceledError, DeadlineExceededError, End, endCount } from './errors.js';
import { isContext, isSignal, newForeignNode, toInternal } from './foreign.js';
import { invalidArgument } from './invalidArgument.js';
import { Listener, unlink } from './listenerList.js';

/**
 * Derives a context that is also done when a signal aborts or another context is done: whichever is first.
 *
 * The reason of a signal is the cause, or the `err` of a context. The kind follows the source: one that is past its deadline,
 * or a signal whose reason is a TimeoutError, ends the context with a {@link DeadlineExceededError}. Lets go of the sources
 * when the context is done; until then they retain it: cancel it when the work is over.
 *
 * @param parent done together with it, if that comes first
 * @param sources of several that are done already, the first in the list ends the context
 * @returns the context, and the function that cancels it: call it when the work is over, whatever happened
 * @throws TypeError when parent is not a context or a source neither a signal nor a context
 */
export function withCancelOn(
  parent: CoreContext,
  ...sources: readonly (AbortSignal | CoreContext)[]
): [ctx: Context, cancel: CancelFunc] {
  const ctx = toInternal(parent, 'withCancelOn', 'parent');
  return withCancelFunc(linkTo(ctx, sources.map(coreSource)));
}

function coreSource(source: AbortSignal | CoreContext): LinkSource {
  if (isSignal(source)) return signalSource(source);
  if (isContext(source)) return contextSource(toInternal(source, 'withCancelOn'));
  throw invalidArgument('withCancelOn', 'source', 'an AbortSignal or a Context', source);
}

/** Something that ends a context. */
export interface LinkSource {
  /** `undefined` for a context that never ends. */
  readonly node: ContextNode | undefined;
  readonly limit: Limit | undefined;
  /** What becomes the cause of the context that it ends. */
  readonly causeOf: (end: End) => unknown;
}

/** Makes a child of `parent` that also ends with the first of `sources`; without any, a plain one. */
export function linkTo(parent: ContextNode, sources: readonly LinkSource[]): ContextNode {
  return sources.length === 0
    ? new ContextNode(parent, parent.scope, undefined)
    : new LinkedContext(parent, sources).node;
}

/** More of them than this are not asked one by one: see {@link LinkedContext.watched}. */
const mostWatched = 8;

class LinkedContext extends Source implements OutsideLimit {
  readonly node: ContextNode;
  /** The earliest deadline of the parent and the sources. */
  readonly at: number | undefined;
  readonly outside = this;
  /** The end of the source that ended it. */
  followedEnd: End | undefined = undefined;
  /** Emptied when the listeners are about to be notified, or the parent has ended. */
  private links: Listener[] = [];
  private readonly self = new Listener<LinkedContext>(this, release);
  /** {@link endCount} when it was last found that nothing has ended. */
  private checkedAt = -1;
  /** The pass of {@link refresh} that came here last. */
  private pass = -1;
  /** All that can end it before anything is stored: deadlines and foreign contexts upwards. `undefined`: too many to list. */
  readonly watched: readonly Limit[] | undefined;

  constructor(
    parent: ContextNode,
    private readonly sources: readonly LinkSource[],
  ) {
    super('withCancelOn');
    const limits = [parent.scope.limit, ...sources.map(({ limit }) => limit)].filter((limit) => limit !== undefined);
    const at = limits.reduce((earliest, limit) => Math.min(earliest, limit.at ?? Infinity), Infinity);
    this.at = at === Infinity ? undefined : at;
    this.watched = watchedBy(limits);
    const node = (this.node = new ContextNode(parent, parent.scope.withLimit(this), this));
    if (this.watched?.length !== 0) this.followed.forEach(requireTimes);
    const above = endOf(parent.canceler);
    const done = above === undefined ? sources.find((source) => endOf(source.node) !== undefined) : undefined;
    if (above !== undefined) node.end = above;
    else if (done !== undefined) this.endWith(done);
    else this.follow();
  }

  private follow(): void {
    const { node } = this;
    this.checkedAt = endCount;
    listen(node, this.self);
    for (const source of this.sources) {
      if (node.end !== undefined) break;
      const link = new Listener<LinkedContext>(this, noticeEnd);
      this.links.push(link);
      listen(source.node, link);
    }
    // A source may have ended while it was being followed.
    if (knownEndOf(node) !== undefined) notifyAll(node);
  }

  override get followed(): readonly (ContextNode | undefined)[] {
    return [this.node.above, ...this.sources.map(({ node }) => node)];
  }

  override get endedUnnoticed(): boolean {
    return this.links.length > 0 && this.followedEnd !== undefined;
  }

  /** The deadlines are for the parent and the sources to keep. */
  expireIfPast(): undefined {
    return undefined;
  }

  /** Sources first, so that a long chain needs no long stack; each once, so that a deep diamond is linear. */
  refresh(): void {
    if (!this.mayHaveEnded()) return;
    const outermost = currentPass === 0;
    if (outermost) currentPass = ++passes;
    try {
      const stack: LinkedContext[] = [this];
      for (let linked = stack.at(-1); linked !== undefined; linked = stack.at(-1)) {
        if (linked.pass !== currentPass) {
          linked.pass = currentPass;
          stack.push(...linked.unvisited());
        } else {
          stack.pop();
          linked.look();
        }
      }
    } finally {
      if (outermost) currentPass = 0;
    }
  }

  private mayHaveEnded(): boolean {
    if (this.node.end !== undefined || this.pass === currentPass) return false;
    return this.checkedAt !== endCount || this.watched === undefined || this.watched.some(hasEnded);
  }

  private unvisited(): LinkedContext[] {
    const limits = [this.node.above?.scope.limit, ...this.sources.map(({ limit }) => limit)];
    return limits
      .map((limit) => limit?.outside)
      .filter((outside) => outside instanceof LinkedContext)
      .filter((outside) => outside.mayHaveEnded());
  }

  private look(): void {
    const { node } = this;
    if (node.end !== undefined) return;
    const before = endCount;
    const above = endOf(node.above);
    let end = above;
    let first: LinkSource | undefined;
    for (const source of this.sources) {
      const theirs = endOf(source.node);
      if (theirs === undefined || (end !== undefined && !this.isBefore(source, theirs, end))) continue;
      end = theirs;
      first = source;
    }
    if (first !== undefined) this.endWith(first);
    else if (above !== undefined) node.end = above;
    else this.checkedAt = before;
  }

  /**
   * Of two cancellations the moment counts. A deadline is compared by its time, and comes first within one millisecond; an end on
   * another clock came when it is seen here.
   */
  private isBefore(source: LinkSource, theirs: End, end: End): boolean {
    if (!theirs.isDeadline && !end.isDeadline) return theirs.moment < end.moment;
    // Where there is a deadline, all have been marked to say when they came.
    if (!this.sharesClock(source)) return this.node.now() < end.at!;
    return theirs.at! < end.at! || (theirs.at === end.at && theirs.isDeadline && !end.isDeadline);
  }

  private sharesClock({ node }: LinkSource): boolean {
    return node!.scope.clock === this.node.scope.clock;
  }

  private endWith(source: LinkSource): void {
    const { node } = this;
    const end = (this.followedEnd = source.node!.end!);
    let at = this.sharesClock(source) ? end.at : undefined;
    if (at === undefined && node.list?.needsTime === true) at = node.now();
    node.end = new End(end.ErrorClass, source.causeOf(end), at);
    node.end.moment = end.moment;
  }

  /** Lets go of a source that cannot end it any more. */
  drop(link: Listener): void {
    unlink(link);
    this.links = this.links.filter((other) => other !== link);
    if (this.links.length === 0) unlink(this.self);
  }

  notify(end: End): void {
    endOf(this.node);
    // Through the link by which it ended, or it would be notified before its own parent is.
    if (this.followedEnd === end && this.links.length > 0) notifyNext(this.node);
  }

  protected override stop(): void {
    if (this.node.end === undefined) return;
    const { links } = this;
    this.links = [];
    links.forEach(unlink);
  }
}

/** Numbers of the passes of `refresh`; 0 while none is under way. */
let currentPass = 0;
let passes = 0;

function hasEnded(limit: Limit): boolean {
  if (limit.outside !== limit) return limit.expireIfPast(undefined) !== undefined;
  limit.outside.refresh();
  return limit.outside.node.end !== undefined;
}

function watchedBy(limits: readonly Limit[]): readonly Limit[] | undefined {
  const all = new Set<Limit>();
  for (const limit of limits) {
    const { outside } = limit;
    if (outside !== limit) all.add(limit);
    if (outside instanceof LinkedContext) {
      if (outside.watched === undefined) return undefined;
      outside.watched.forEach((watched) => all.add(watched));
    } else if (outside !== undefined) all.add(outside);
  }
  return all.size > mostWatched ? undefined : [...all];
}

function noticeEnd(linked: LinkedContext, end: End): void {
  linked.notify(end);
}

function release(linked: LinkedContext): void {
  linked.onNoListeners();
}

/** The source that another context is: its `err` is the cause. */
export function contextSource({ canceler, scope }: ContextNode): LinkSource {
  return { node: canceler, limit: scope.limit, causeOf: errorOfEnd };
}

const signals = new WeakMap<AbortSignal, LinkSource>();

/** The source that a signal is: its reason is the cause. One a signal, so that one `abort` listener serves all. */
export function signalSource(signal: AbortSignal): LinkSource {
  let source = signals.get(signal);
  if (source === undefined) signals.set(signal, (source = eventSource(newForeignNode(contextOfSignal(signal)))));
  return source;
}

/** Has all that follow `node`, which will never end, let go of it. */
export function dropSource({ list }: ContextNode): void {
  for (let link = list?.listeners; link !== undefined; link = list?.listeners) {
    (link.target as LinkedContext).drop(link);
  }
}

/** The source that the node of an event is, whose own cause is the cause. */
export function eventSource(node: ContextNode): LinkSource {
  return { node, limit: node.scope.limit, causeOf: ownCauseOf };
}

function errorOfEnd(end: End): unknown {
  return end.error;
}

function ownCauseOf(end: End): unknown {
  return end.ownCause;
}

/** The context that a signal would be. */
function contextOfSignal(signal: AbortSignal): CoreContext {
  return {
    deadline: undefined,
    get err() {
      if (!signal.aborted) return undefined;
      const reason = signal.reason as Partial<Error> | null | undefined;
      return reason?.name === 'TimeoutError' ? new DeadlineExceededError(reason) : new CanceledError(reason);
    },
    get cause() {
      return signal.reason as unknown;
    },
    signal,
    value: (key) => key.default,
  };
}
