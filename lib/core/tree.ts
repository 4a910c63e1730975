// The tree of contexts that can end. State is pulled, notifications are pushed.
//
//   node ──parent──▶ node ──parent──▶ node          each stores its own end only; `endOf` looks upwards for others'
//     │                │                │
//   audience ───────▶ audience ──────▶ audience     holds those who want to hear, linked only while somebody does
//     │ │ │
//   listeners                                       in the order in which they came
//
// An end needs no marking pass: once it is stored, everything below is done. A context that nobody listens to is linked
// nowhere, so forgetting it leaks nothing. Nothing here recurses: depth and width are bounded by memory alone.
import { asyncScheduler, config } from 'rxjs';
import type { Observable, SchedulerLike, Unsubscribable } from 'rxjs';
import { CanceledError, End } from './errors.js';
import type { ContextError, Instants } from './errors.js';
import type { Ctx } from './node.js';
import type { Limit } from './scope.js';

/** A place in a ring of those who want to hear. */
export abstract class Cell {
  /** Whose ring it is in; `undefined` while it is in none. */
  audience: Audience | undefined = undefined;
  prev: Cell = this;
  next: Cell = this;
}

// As of a method, so that a ring can hold listeners of every kind: each is only ever called with its own target.
type Hear<T> = { hear(target: T, end: End): void }['hear'];

/** Somebody who wants to hear. As an `Unsubscribable` it can be added to an RxJS subscription, which takes it back. */
export class Listener<T = unknown> extends Cell {
  constructor(
    readonly target: T,
    readonly hear: Hear<T>,
  ) {
    super();
  }

  unsubscribe(): void {
    unlink(this);
  }
}

/** Those who want to hear of one context: its own listeners, and the audiences of its children. */
export class Audience extends Cell {
  /** First of their ring. Its `prev` is the last. */
  listeners: Listener | undefined = undefined;
  children: Audience | undefined = undefined;
  /** The clocks of the deadlines that were derived below: on each of them the context's end must say when it came. */
  clocks: readonly SchedulerLike[] | undefined = undefined;
  /** Set by the first read of `ctx.done$`. */
  done$: Observable<ContextError> | undefined = undefined;

  constructor(readonly node: Ctx) {
    super();
  }

  get empty(): boolean {
    return this.listeners === undefined && this.children === undefined;
  }
}

/** How many announcements are under way. */
let announcing = 0;

/** Set by a listener that ended a context: see {@link cancelFollower}. */
let follower: Ctx | undefined;

/**
 * Has the ends of `node` say from now on when they came on `clock`, and those of all that may end it: a deadline below may lie
 * before them.
 */
export function watchClock(node: Ctx | undefined, clock: SchedulerLike): void {
  if (node !== undefined && !watches(node, clock)) markUpwards(node, clock);
}

function markUpwards(node: Ctx, clock: SchedulerLike): void {
  const alone = [clock];
  const firsts = [node];
  for (let above = firsts.pop(); above !== undefined; above = firsts.pop()) {
    for (; above !== undefined && !watches(above, clock); above = above.parent?.node) {
      const audience = (above.audience ??= new Audience(above));
      audience.clocks = audience.clocks === undefined ? alone : [...audience.clocks, clock];
      const { followed } = above.way ?? {};
      if (followed !== undefined) firsts.push(followed);
    }
  }
}

/** Whether the ends of `node`, and so those of all that may end it, say when they came on `clock`. */
function watches({ audience }: Ctx, clock: SchedulerLike): boolean {
  const { clocks } = audience ?? {};
  // Nearly always there is one, and this is quicker to find it.
  return clocks !== undefined && (clocks[0] === clock || clocks.includes(clock));
}

/** When an end came on these clocks: as is known, or else now. */
export function instants(clocks: readonly SchedulerLike[], known?: Instants): Instants {
  return new Map(clocks.map((clock) => [clock, known?.get(clock) ?? clock.now()]));
}

/** How `node` ended, by its own doing or with an ancestor; `undefined` while it has not, and for what never ends. */
export function endOf(node: Ctx | undefined): End | undefined {
  if (node === undefined || node.end !== undefined) return node?.end;
  // Most have nothing above that can end. What is foreign is a limit, too, and the only one without a parent.
  const alone = node.scope.limit === undefined && node.parent!.node === undefined;
  return alone ? undefined : endFromAbove(node);
}

function endFromAbove(node: Ctx): End | undefined {
  node.scope.foreign?.poll();
  // Whoever is linked was told of every end above, but of those by deadlines, unless somebody is being told right now.
  const told = announcing === 0;
  let top = node;
  while (top.end === undefined && !(told && top.audience?.empty === false)) {
    const above = top.parent?.node;
    if (above === undefined) break;
    top = above;
  }

  const { limit } = node.scope;
  const end = limit === undefined ? top.end : endWithin(limit, top.end);

  // Keep what was found: the next one who asks need not look as far.
  if (end !== undefined) for (let n = node; n.end === undefined; n = n.parent!.node!) n.end = end;
  return end;
}

/** Whether a derived context, which is done, did not end with its parent. */
export function endedByItself({ end, parent }: Ctx): boolean {
  return end !== parent!.node?.end;
}

/**
 * A deadline that lies before the nearest end above which was looked at came first.
 *
 * @param stored that end; `undefined` also where the way up was cut short, by one who is told of ends
 */
function endWithin(nearest: Limit, stored: End | undefined): End | undefined {
  if (nearest.beyond === undefined) return endBy(nearest, stored, stored);
  return fromAbove(nearest).reduce((end, limit) => endBy(limit, end, stored), stored);
}

/** @param end the nearest known so far */
function endBy(limit: Limit, end: End | undefined, stored: End | undefined): End | undefined {
  if (limit.node.end === undefined) return limit.overdue(end) ?? end;
  return stored === undefined ? limit.node.end : end;
}

/** The deadlines above in the order in which they were derived. */
function fromAbove(nearest: Limit): Limit[] {
  const limits = [nearest];
  for (let { beyond } = nearest; beyond !== undefined; { beyond } = beyond) limits.push(beyond);
  return limits.reverse();
}

/** Ends `node`, unless it is done, and tells everybody below. */
export function cancel(node: Ctx, cause?: unknown): void {
  // Most have nothing to stop, and nobody to tell.
  if (store(node, cause) && (node.way ?? node.audience) !== undefined) announce(node);
}

/**
 * The same for a listener that does nothing else: everybody is told when it returns, before anybody else is. From within it,
 * a long chain of contexts that follow one another would need a long stack.
 */
export function cancelFollower(node: Ctx, cause: unknown): void {
  if (store(node, cause)) follower = node;
}

/** Whether there is something to tell: `node` has ended now, or it had before and nobody below has heard of it. */
function store(node: Ctx, cause: unknown): boolean {
  if (endOf(node) !== undefined) return node.way?.late() === true;
  const clocks = node.audience?.clocks;
  node.end = new End(CanceledError, cause, clocks && instants(clocks));
  return true;
}

/** Lets `listener` hear, once and synchronously, when `node` ends: now, if it has. A context without a node never ends. */
export function listen<L extends Listener>(node: Ctx | undefined, listener: L): L {
  const end = endOf(node);
  if (end !== undefined) {
    const next = tell(listener, end);
    if (next !== undefined) announce(next);
  } else if (node !== undefined) {
    link(node, listener);
  }
  return listener;
}

/** Tells everybody who listens to `root` or below it, which has ended: each context's own listeners, then child by child. */
export function announce(root: Ctx): void {
  root.way?.rest();
  if (root.audience !== undefined) tellAll(enter(root, root.audience, undefined));
}

function tellAll(first: Place): void {
  let place: Place | undefined = first;
  announcing++;
  while (place !== undefined) {
    // Whatever a listener does meanwhile, the rings only shrink: nobody links to what is done.
    const { audience }: Place = place;
    const { listeners: listener, children: child, node } = audience;
    if (listener !== undefined) {
      remove(listener);
      const next = tell(listener, node.end!);
      if (next !== undefined) {
        next.way!.rest();
        place = enter(next, next.audience!, place); // it listens to itself
      }
    } else if (child !== undefined) {
      remove(child);
      place.audience = child;
      endOf(child.node);
      child.node.way?.rest();
    } else if (node !== place.root) {
      place.audience = node.parent!.node!.audience!;
    } else {
      place = place.back;
    }
  }
  announcing--;
}

/** Where an announcement is: in `audience`, below `root`. */
interface Place {
  readonly root: Ctx;
  audience: Audience;
  /** Where to go on when everybody below `root` has heard. */
  readonly back: Place | undefined;
}

function enter(root: Ctx, audience: Audience, back: Place | undefined): Place {
  unlink(audience);
  return { root, audience, back };
}

/** Links `listener` to `node`, which has not ended, and upwards, as far as nobody has been listening, each audience to the one above. */
export function link(node: Ctx, listener: Listener): void {
  let audience = (node.audience ??= new Audience(node));
  let wasEmpty = audience.empty;
  audience.listeners = join(audience, listener, audience.listeners);
  while (wasEmpty) {
    audience.node.way?.wake();
    const above = audience.node.parent?.node;
    // What it woke may have ended it.
    if (above === undefined || audience.empty) return;
    const child = audience;
    audience = above.audience ??= new Audience(above);
    wasEmpty = audience.empty;
    audience.children = join(audience, child, audience.children);
  }
}

/** Puts `cell` between the last and the first of a ring, which for the only one is itself. */
function join<C extends Cell>(audience: Audience, cell: C, first: C = cell): C {
  cell.audience = audience;
  cell.prev = first.prev;
  cell.next = first;
  cell.prev.next = first.prev = cell;
  return first;
}

/** Unlinks `cell`, and upwards, as far as nobody is listening any more, each audience from the one above. */
export function unlink(cell: Cell): void {
  for (let { audience } = cell; audience !== undefined; { audience } = cell) {
    remove(cell);
    if (!audience.empty) return;
    audience.node.way?.rest();
    cell = audience;
  }
}

function remove(cell: Cell): void {
  const { audience, prev, next } = cell as Cell & { audience: Audience };
  const following = next === cell ? undefined : next;
  if (audience.listeners === cell) audience.listeners = following as Listener | undefined;
  else if (audience.children === cell) audience.children = following as Audience | undefined;
  prev.next = next;
  next.prev = prev;
  cell.prev = cell.next = cell; // a listener that somebody keeps must not keep its neighbours
  cell.audience = undefined;
}

/** @returns a context that ended with that, and is to be announced next */
function tell(listener: Listener, end: End): Ctx | undefined {
  try {
    listener.hear(listener.target, end);
  } catch (error) {
    report(error);
  }
  const next = follower;
  follower = undefined;
  return next;
}

/** What a timer calls. */
export interface Alarm {
  /** Set while it is armed. */
  timer: Unsubscribable | undefined;
  /** May be early: the delay was cut, or the clock was set. */
  due(): void;
}

/** Hosts take the delay of a timer as a signed 32-bit number of ms: about 24.8 days. A longer one would fire at once. */
const longestDelayMs = 2 ** 31 - 1;

/**
 * Has `alarm.due()` called once, in `delayMs` and not from within this, even if the scheduler calls twice or at once.
 *
 * @param delayMs less than nothing counts as nothing
 */
export function arm(alarm: Alarm, scheduler: SchedulerLike, delayMs: number): void {
  let timer: Unsubscribable | undefined;
  let missed = false;
  const fire = () => {
    if (timer === undefined) missed = true;
    else if (alarm.timer === timer) {
      alarm.timer = undefined;
      alarm.due();
    }
  };
  const delay = Math.min(Math.max(0, delayMs), longestDelayMs);
  const scheduled = scheduler.schedule(fire, delay);
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- the scheduler may have called
  alarm.timer = timer = missed ? asyncScheduler.schedule(fire, delay) : scheduled;
}

/** As RxJS reports an error that nobody handles: later, to `config.onUnhandledError` or else to the host. */
export function report(error: unknown): void {
  asyncScheduler.schedule(() => {
    const { onUnhandledError } = config;
    if (onUnhandledError === null) throw error;
    onUnhandledError(error);
  });
}
