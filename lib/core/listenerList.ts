// The list of those that listen to one context: an intrusive ring, so that a listener leaves in one step.
//
//   owner ──above──▶ owner ──above──▶ owner      contexts that can end
//     │                │                │
//    list ──────────▶ list ──────────▶ list      a list that is not empty is linked into the list above
//     │ │ │
//   listeners                                    in the order in which they subscribed
//
// A context that nobody listens to is linked nowhere: whoever forgets it leaves nothing behind. Nothing here recurses.
import type { End } from './errors.js';

/** A place in a ring. */
export abstract class ListNode {
  /** The list whose ring it is in; `undefined` while it is in none. */
  list: ListenerList | undefined = undefined;
  prev: ListNode = this;
  next: ListNode = this;
}

// As of a method, so that a ring can hold listeners of every kind: each is only ever called with its own target.
type Notify<T> = { notify(target: T, end: End): void }['notify'];

/** Called once when its context ends. As an `Unsubscribable` it can be added to an RxJS subscription. */
export class Listener<T = unknown> extends ListNode {
  constructor(
    readonly target: T,
    readonly notify: Notify<T>,
  ) {
    super();
  }

  unsubscribe(): void {
    unlink(this);
  }
}

/** What a list needs to know of its context. */
export interface ListOwner {
  /** Made by the first listener, or by the first deadline below. */
  list: ListenerList | undefined;
  /** The nearest context upwards that can end. */
  readonly above: ListOwner | undefined;
  /** Both are idempotent, and never throw. */
  readonly source: { onFirstListener(): void; onNoListeners(): void } | undefined;
}

/** The listeners of one context, and the lists of its children that are listened to. */
export class ListenerList extends ListNode {
  /** First of their ring. Its `prev` is the last. */
  listeners: Listener | undefined = undefined;
  children: ListenerList | undefined = undefined;
  /** Set when a deadline is derived below: an end from here on says when it came. Never unset: counting costs more. */
  needsTime = false;
  /** Set by the first read of `ctx.done$`. */
  done$: unknown = undefined;

  constructor(readonly owner: ListOwner) {
    super();
  }

  get empty(): boolean {
    return this.listeners === undefined && this.children === undefined;
  }
}

/** Links `listener` to `owner`, which has not ended, and each list that was empty into the one above. */
export function link(owner: ListOwner, listener: Listener): void {
  let list = (owner.list ??= new ListenerList(owner));
  let wasEmpty = list.empty;
  list.listeners = join(list, listener, list.listeners);
  if (!wasEmpty) return;
  let starts = owner.source !== undefined;
  let top = owner;
  while (wasEmpty) {
    const { above } = top;
    if (above === undefined) break;
    const child = list;
    list = above.list ??= new ListenerList(above);
    wasEmpty = list.empty;
    list.children = join(list, child, list.children);
    if (wasEmpty) {
      top = above;
      starts ||= above.source !== undefined;
    }
  }
  // Only when all links are there: what a source starts may cancel, subscribe and unsubscribe.
  if (starts) startSources(owner, top);
}

function startSources(owner: ListOwner, top: ListOwner): void {
  for (let o: ListOwner | undefined = owner; o !== undefined; o = o === top ? undefined : o.above) {
    if (!o.list!.empty) o.source?.onFirstListener();
    // It may have ended what it was to start: then it was stopped before it had begun.
    if (o.list!.empty) o.source?.onNoListeners();
  }
}

/** Unlinks `node`, and each list that becomes empty from the one above. */
export function unlink(node: ListNode): void {
  let { list } = node;
  if (list === undefined) return;
  remove(node);
  let stops = false;
  const { owner } = list;
  let top: ListOwner | undefined;
  while (list?.empty === true) {
    top = list.owner;
    stops ||= top.source !== undefined;
    const emptied: ListenerList = list;
    ({ list } = emptied);
    if (list !== undefined) remove(emptied);
  }
  if (stops) stopSources(owner, top!);
}

function stopSources(owner: ListOwner, top: ListOwner): void {
  for (let o: ListOwner | undefined = owner; o !== undefined; o = o === top ? undefined : o.above) {
    if (o.list!.empty) o.source?.onNoListeners();
  }
}

/** Takes `node` out of its ring, and leaves the links upwards as they are. */
export function remove(node: ListNode): void {
  const { list, prev, next } = node as ListNode & { list: ListenerList };
  const following = next === node ? undefined : next;
  if (list.listeners === node) list.listeners = following as Listener | undefined;
  else if (list.children === node) list.children = following as ListenerList | undefined;
  prev.next = next;
  next.prev = prev;
  node.prev = node.next = node; // a listener that somebody keeps must not keep its neighbours
  node.list = undefined;
}

/** Puts `node` between the last and the first of a ring, which for the only one is itself. */
function join<N extends ListNode>(list: ListenerList, node: N, first: N = node): N {
  node.list = list;
  node.prev = first.prev;
  node.next = first;
  node.prev.next = first.prev = node;
  return first;
}
