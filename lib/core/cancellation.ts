// The algorithm. State is pulled, notifications are pushed.
//
// A context stores only its own end; `endOf` looks upwards for those of others. So an end needs no marking pass: once it is
// stored, everything below is done. `notifyAll` then walks down the lists of those that listen. Nothing here recurses: depth
// and width are bounded by memory alone.
import { CanceledError, End, nextMoment } from './errors.js';
import { ListenerList, link, remove, unlink } from './listenerList.js';
import type { ListOwner, Listener } from './listenerList.js';

/** A context that can end, as far as its end is concerned. */
export interface Cancelable extends ListOwner {
  /** Set once: by its own end, or by the first look at that of an ancestor. */
  end: End | undefined;
  readonly above: Cancelable | undefined;
  /** `undefined` for a root, and for what is foreign. */
  readonly parent: { readonly canceler: Cancelable | undefined } | undefined;
  readonly source: EndSource | undefined;
  readonly scope: { readonly limit: Limit | undefined };
  /** The time on the clock of its tree; NaN when that clock throws, which is reported. */
  now(): number;
  report(error: unknown): void;
}

/** What ends a context besides its cancel function and its parent. */
export interface EndSource {
  /** What ends it too, and has to know when it ended if it does. */
  readonly followed: readonly (Cancelable | undefined)[] | undefined;
  onFirstListener(): void;
  onNoListeners(): void;
  /** Whether the context ended by this source and its listeners have not been notified. */
  readonly endedUnnoticed: boolean;
}

/** What a deadline, or an end from outside, is to the contexts below it. */
export interface Limit {
  /** The context that it ends. */
  readonly node: Cancelable;
  /** Epoch ms; undefined when there is no deadline. */
  readonly at: number | undefined;
  /** The nearest one, from here upwards, whose end comes from outside the tree: it has to be asked. */
  readonly outside: OutsideLimit | undefined;
  /**
   * If its deadline passed before `end` or, without one, has passed by now, stores the end by the deadline and returns it.
   * Calls no listener: the timer does.
   */
  expireIfPast(end: End | undefined): End | undefined;
}

export interface OutsideLimit extends Limit {
  /** Asks outside, and stores the end if there is one. */
  refresh(): void;
}

/** How many calls of {@link notifyAll} are running. */
let notifying = 0;

/** Set by a listener that ended a context: see {@link notifyNext}. */
let next: Cancelable | undefined;

/** Called when a signal aborts: unless a listener of a context aborts it, that is a moment of its own. */
export function noteAbort(): void {
  if (notifying === 0) nextMoment();
}

/** Returns how `node` ended, by itself or with an ancestor; `undefined` while it has not, and for what never ends. */
export function endOf(node: Cancelable | undefined): End | undefined {
  if (node === undefined || node.end !== undefined) return node?.end;
  // Most have nothing above that can end. What is foreign is a limit, too, and the only one without a parent.
  const alone = node.scope.limit === undefined && node.parent!.canceler === undefined;
  return alone ? undefined : endFromAbove(node);
}

function endFromAbove(node: Cancelable): End | undefined {
  const { limit } = node.scope;
  limit?.outside?.refresh();
  // Linked contexts have been notified of every end above, but of those that were only seen, unless notifying is under way.
  const notified = notifying === 0;
  let top = node;
  while (top.end === undefined && !(notified && top.list?.empty === false)) {
    const { above } = top;
    if (above === undefined) break;
    top = above;
  }

  const end = limit === undefined ? top.end : endWithin(limit, top.end);
  // Keep what was found: the next look need not go as far.
  if (end !== undefined) for (let n = node; n.end === undefined; n = n.above!) n.end = end;
  return end;
}

/** A deadline that lies before the nearest end above came first. */
function endWithin(limit: Limit, stored: End | undefined): End | undefined {
  if (limit.node.end !== undefined) return stored ?? limit.node.end;
  const end = stored ?? limit.outside?.node.end;
  return limit.expireIfPast(end) ?? end;
}

/** As {@link endOf}, where nothing may be thrown: a clock that throws is reported, and what is stored above counts. */
export function knownEndOf(node: Cancelable): End | undefined {
  try {
    return endOf(node);
  } catch (error) {
    node.report(error);
    let top: Cancelable | undefined = node;
    while (top !== undefined && top.end === undefined) top = top.above;
    return (node.end = top?.end);
  }
}

/** Whether a context, which is done, did not end with its parent. */
export function endedByItself({ end, above }: Cancelable): boolean {
  return end !== above?.end;
}

/** Has the ends of `node`, and of all that can end it, say from now on when they came: a deadline below may lie before them. */
export function requireTimes(node: Cancelable | undefined): void {
  if (node === undefined || node.list?.needsTime === true) return;
  const pending: (Cancelable | undefined)[] = [node];
  while (pending.length > 0) {
    for (let n = pending.pop(); n !== undefined && n.list?.needsTime !== true; n = n.above) {
      (n.list ??= new ListenerList(n)).needsTime = true;
      for (const followed of n.source?.followed ?? []) pending.push(followed);
    }
  }
}

/** Ends `node`, unless it is done, and notifies everything below. */
export function cancel(node: Cancelable, cause?: unknown): void {
  if (knownEndOf(node) === undefined) {
    nextMoment();
    node.end = new End(CanceledError, cause, node.list?.needsTime === true ? node.now() : undefined);
    // Most have nothing to stop, and nobody to notify.
    if ((node.source ?? node.list) !== undefined) notifyAll(node);
  } else if (node.source?.endedUnnoticed === true) {
    notifyAll(node);
  }
}

/**
 * For a listener that ended `node` and does nothing else: its listeners are notified when this one returns, before any other.
 * From within it, a long chain of contexts that follow one another would need a long stack.
 */
export function notifyNext(node: Cancelable): void {
  next = node;
}

/** Calls `listener` once and synchronously when `node` ends: now, if it has. `undefined` never ends. */
export function listen<L extends Listener>(node: Cancelable | undefined, listener: L): L {
  const end = endOf(node);
  if (end !== undefined) {
    const following = notify(node!, listener, end);
    if (following !== undefined) notifyAll(following);
  } else if (node !== undefined) {
    link(node, listener);
  }
  return listener;
}

/** Where {@link notifyAll} is: in `list`, below `root`. */
interface Frame {
  readonly root: Cancelable;
  list: ListenerList;
  /** Where to go on when everything below `root` has been notified. */
  readonly back: Frame | undefined;
}

/** Notifies the listeners of `root`, which has ended, and of everything below: a context's own listeners, then child by child. */
export function notifyAll(root: Cancelable): void {
  root.source?.onNoListeners();
  if (root.list === undefined) return;
  let frame: Frame | undefined = enter(root, root.list, undefined);
  notifying++;
  while (frame !== undefined) {
    // Whatever a listener does meanwhile, the lists only shrink: nothing links to what is done.
    const { list }: Frame = frame;
    const { listeners: listener, children: child } = list;
    const owner = list.owner as Cancelable;
    if (listener !== undefined) {
      remove(listener);
      const following = notify(owner, listener, owner.end!);
      if (following !== undefined) {
        following.source!.onNoListeners();
        frame = enter(following, following.list!, frame);
      }
    } else if (child !== undefined) {
      remove(child);
      frame.list = child;
      const ended = child.owner as Cancelable;
      knownEndOf(ended);
      ended.source?.onNoListeners();
    } else if (owner !== frame.root) {
      frame.list = owner.above!.list!;
    } else {
      frame = frame.back;
    }
  }
  notifying--;
}

function enter(root: Cancelable, list: ListenerList, back: Frame | undefined): Frame {
  unlink(list);
  return { root, list, back };
}

/** @returns the context that is to be notified next: see {@link notifyNext} */
function notify(owner: Cancelable, listener: Listener, end: End): Cancelable | undefined {
  try {
    listener.notify(listener.target, end);
  } catch (error) {
    owner.report(error);
  }
  const following = next;
  next = undefined;
  return following;
}
