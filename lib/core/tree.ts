// The tree of contexts that can end. State is pulled, notifications are pushed.
//
//   node ──parent──▶ node ──parent──▶ node          each stores its own end only; `endOf` looks upwards for others'
//     │                │                │
//   audience ───────▶ audience ──────▶ audience     made for those who want to hear, linked only while somebody does
//     │ │ │
//   listeners                                       in the order in which they came
//
// An end needs no marking pass: once it is stored, everything below is done. A context that nobody listens to is linked
// nowhere, so forgetting it leaks nothing. Nothing here recurses: depth and width are bounded by memory alone.
import { asyncScheduler, config } from 'rxjs';
import type { Observable, SchedulerLike, Unsubscribable } from 'rxjs';
import { CanceledError, End } from './errors.js';
import type { ContextError, Instants } from './errors.js';
import type { ContextKey } from './key.js';
import type { Ctx, Way } from './node.js';

/** What a context inherits, shared by all that inherit the same. */
export class Scope {
  constructor(
    readonly scheduler: SchedulerLike,
    /** The nearest context above with a deadline: the earliest one of its clock. */
    readonly limit: Limit | undefined,
    readonly values: Value | undefined,
    /** Whose values come after `values`. */
    readonly foreign: Foreign | undefined,
    /** Whether ends from above may not say when they came, since they are foreign: a deadline here cannot wait to be asked. */
    readonly eager: boolean,
  ) {}
}

/** What a deadline is to those below it. */
export interface Limit {
  /** Epoch ms. */
  readonly at: number | undefined;
  /** The clock of `at`; undefined when it is not ours to read. */
  readonly clock: SchedulerLike | undefined;
  /** The nearest deadline above that is not known to be later: one on another clock. */
  readonly beyond: Limit | undefined;
  /**
   * The end of its context by this deadline, if that passed before `end` came or, without one, has passed by now. Calls no
   * listener: they hear from the timer.
   */
  overdue(end: End | undefined): End | undefined;
}

/** A context that is not ours. */
export interface Foreign {
  /** Looks whether it has ended. */
  poll(): End | undefined;
  value<T, D extends T | undefined>(key: ContextKey<T, D>): T | D;
}

/** One value and those that it was put upon. */
export interface Value {
  readonly key: unknown;
  readonly value: unknown;
  readonly next: Value | undefined;
}

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

/** Has the ends of `node` and those above say from now on when they came on `clock`: a deadline below may lie before them. */
export function watchClock(node: Ctx | undefined, clock: SchedulerLike): void {
  let alone: readonly SchedulerLike[] | undefined;
  for (let above = node; above !== undefined; above = above.parent?.node) {
    if (above.clocks?.includes(clock) === true) return; // and so have those above
    above.clocks = above.clocks === undefined ? (alone ??= [clock]) : [...above.clocks, clock];
  }
}

/** When an end came on these clocks: as is known, or else now. */
export function instants(clocks: readonly SchedulerLike[], known?: Instants): Instants {
  return new Map(clocks.map((clock) => [clock, known?.get(clock) ?? clock.now()]));
}

/** How `node` ended, by its own doing or with an ancestor; `undefined` while it has not. */
export function endOf(node: Ctx): End | undefined {
  if (node.end !== undefined) return node.end;

  // Whoever is linked was told of every end above, unless somebody is being told right now or a foreign context is yet to tell.
  const told = node.scope.foreign?.poll() === undefined && announcing === 0;
  let top = node;
  while (top.end === undefined && !(told && top.audience?.empty === false)) {
    const above = top.parent?.node;
    if (above === undefined) break;
    top = above;
  }

  // `top.end` is the nearest end above, if any. A deadline below it that lies before it came first.
  let { end } = top;
  for (let { limit } = node.scope; limit !== undefined; limit = limit.beyond) {
    const overdue = limit.overdue(end);
    if (overdue !== undefined) {
      end = overdue;
      break;
    }
  }

  // Keep what was found: the next one who asks need not look as far.
  if (end !== undefined) for (let n = node; n.end === undefined; n = n.parent!.node!) n.end = end;
  return end;
}

/** Whether `node`, which is done, did not end with its parent. */
export function endedByItself({ end, parent }: Ctx): boolean {
  return end !== parent?.node?.end;
}

/** Ends `node`, unless it is done, and tells everybody below. */
export function cancel(node: Ctx, cause?: unknown): void {
  if (endOf(node) === undefined) {
    node.end = new End(CanceledError, cause, node.clocks && instants(node.clocks));
    announce(node);
  } else {
    node.way?.hurry();
  }
}

/** Lets `listener` hear, once and synchronously, when `node` ends: now, if it has. A context without a node never ends. */
export function listen<L extends Listener>(node: Ctx | undefined, listener: L): L {
  return node === undefined ? listener : attach(node, listener, endOf(node));
}

/** The same for one that has been derived this moment, at `now`: its own deadline need not be looked at again. */
export function listenToNew<L extends Listener>(node: Ctx, listener: L, now: number): L {
  const above = node.parent?.node;
  node.end ??= above && endOf(above);
  if (node.end === undefined) wake(node, now);
  return attach(node, listener, node.end);
}

function attach<L extends Listener>(node: Ctx, listener: L, end: End | undefined): L {
  if (end === undefined) link(node, listener);
  else tell(listener, end);
  return listener;
}

/** Tells everybody who listens to `root` or below it, which has ended: each context's own listeners, then child by child. */
export function announce(root: Ctx): void {
  rest(root);
  if (root.audience === undefined) return;
  announcing++;
  unlink(root.audience);
  let { audience } = root;
  for (;;) {
    // Whatever a listener does meanwhile, the rings only shrink: nobody links to what is done.
    const { listeners: listener, children: child, node }: Audience = audience;
    if (listener !== undefined) {
      remove(listener);
      tell(listener, node.end!);
    } else if (child !== undefined) {
      remove(child);
      audience = child;
      endOf(child.node);
      rest(child.node);
    } else if (node !== root) {
      audience = node.parent!.node!.audience!;
    } else {
      break;
    }
  }
  announcing--;
}

/** Links `listener`, and upwards, as far as nobody has been listening, each audience to the one above. */
function link(node: Ctx, listener: Listener): void {
  let audience = (node.audience ??= new Audience(node));
  let wasEmpty = audience.empty;
  audience.listeners = join(audience, listener, audience.listeners);
  while (wasEmpty) {
    wake(audience.node);
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
    rest(audience.node);
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

function tell(listener: Listener, end: End): void {
  try {
    listener.hear(listener.target, end);
  } catch (error) {
    report(error);
  }
}

function wake({ way }: Ctx, now?: number): void {
  try {
    way?.wake(now);
  } catch (error) {
    report(error);
  }
}

function rest({ way }: Ctx): void {
  try {
    way?.rest();
  } catch (error) {
    report(error);
  }
}

/** Has `way.due()` called once, in `delayMs` and not from within this, even if the scheduler calls twice or at once. */
export function arm(way: Way, scheduler: SchedulerLike, delayMs: number): void {
  let timer: Unsubscribable | undefined;
  let missed = false;
  const fire = () => {
    if (timer === undefined) missed = true;
    else if (way.timer === timer) {
      way.timer = undefined;
      way.due();
    }
  };
  const scheduled = scheduler.schedule(fire, delayMs);
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- the scheduler may have called
  way.timer = timer = missed ? asyncScheduler.schedule(fire, delayMs) : scheduled;
}

/** As RxJS reports an error that nobody handles: later, to `config.onUnhandledError` or else to the host. */
export function report(error: unknown): void {
  asyncScheduler.schedule(() => {
    const { onUnhandledError } = config;
    if (onUnhandledError === null) throw error;
    onUnhandledError(error);
  });
}
