// What is known of contexts while something watches. All copies of the library share one registry.
import type { Context } from '../core/context.js';
import type { ContextNode, Source } from '../core/contextNode.js';
import { dispose } from '../core/derive.js';
import { isDeadlineExceeded } from '../core/errors.js';
import type { End } from '../core/errors.js';
import { toInternal } from '../core/foreign.js';
import type { ListNode } from '../core/listenerList.js';
import { debug } from '../core/probe.js';
import type { Debug, Probe } from '../core/probe.js';
import { Trace, placeOfCaller, placeOfEnd } from './stacks.js';

/** What is known of one context. It is held by the context, and holds none. */
export interface ContextRecord {
  readonly id: number;
  /** The moment it was made; `undefined` when nothing was watching then. */
  readonly madeMs: number | undefined;
  /** `undefined` when no stacks were taken. */
  readonly madeAt: Trace | undefined;
}

/** Wants to know of contexts. What it is told comes while the library is at work: it must not throw or end anything. */
export interface Watcher {
  /** Whether to take the stacks of what is made and ended. */
  readonly stacks: boolean;
  made?(ctx: ContextNode, record: ContextRecord): void;
  ended?(ctx: ContextNode, record: ContextRecord): void;
}

class Registry implements Probe {
  private readonly watchers = new Set<Watcher>();
  private stacks = false;
  private lastId = 0;
  private records = new WeakMap<ContextNode, ContextRecord>();
  /** In the order in which they were made. */
  private readonly refs = new Map<number, WeakRef<ContextNode>>();
  /** When there are so many, those that are garbage are dropped. */
  private sweepAt = fewest;
  private ends = new WeakMap<End, Trace>();
  /** Given by `nameCtx`. They stay when nothing watches. */
  readonly names = new WeakMap<ContextNode, string>();
  /** Sources that show the name of their context. */
  readonly named = new WeakSet<Source>();

  watch(watcher: Watcher): Disposable {
    this.watchers.add(watcher);
    this.update();
    return disposable(() => {
      if (!this.watchers.delete(watcher)) return;
      this.update();
      if (this.watchers.size > 0) return;
      this.records = new WeakMap();
      this.ends = new WeakMap();
      this.refs.clear();
      this.sweepAt = fewest;
    });
  }

  private update(): void {
    this.stacks = [...this.watchers].some(({ stacks }) => stacks);
    debug.probe = this.watchers.size === 0 ? undefined : this;
  }

  made(ctx: object): void {
    const node = ctx as ContextNode;
    const unknown: ContextNode[] = [];
    for (let n = parentOf(node); n !== undefined && !this.records.has(n); n = parentOf(n)) unknown.push(n);
    for (const ancestor of unknown.reverse()) this.register(ancestor, undefined, undefined);
    const record = this.register(node, performance.now(), this.stacks ? new Trace(placeOfCaller) : undefined);
    for (const watcher of this.watchers) watcher.made?.(node, record);
  }

  ended(ctx: object, end: End): void {
    const node = ctx as ContextNode;
    const record = this.records.get(node) ?? this.register(node, undefined, undefined);
    if (!this.ends.has(end)) {
      const trace = this.traceOfEnd(node, record, end);
      if (trace !== undefined) this.ends.set(end, trace);
    }
    for (const watcher of this.watchers) watcher.ended?.(node, record);
  }

  private traceOfEnd(node: ContextNode, { madeAt }: ContextRecord, end: End): Trace | undefined {
    const source = node.source as Inside | undefined;
    if (source?.followedEnd !== undefined) return this.ends.get(source.followedEnd);
    if (!this.stacks) return undefined;
    // A deadline passes by itself: what counts is who set it.
    if (end.isDeadline) return isForeign(node) ? undefined : madeAt;
    return new Trace(placeOfEnd);
  }

  private register(node: ContextNode, madeMs: number | undefined, madeAt: Trace | undefined): ContextRecord {
    const record: ContextRecord = { id: ++this.lastId, madeMs, madeAt };
    this.records.set(node, record);
    this.refs.set(record.id, new WeakRef(node));
    if (this.refs.size >= this.sweepAt) {
      this.nodes();
      this.sweepAt = Math.max(fewest, 2 * this.refs.size);
    }
    return record;
  }

  /** The last id that was given. */
  get last(): number {
    return this.lastId;
  }

  recordOf(node: ContextNode): ContextRecord | undefined {
    return this.records.get(node);
  }

  /** Who ended the context, or set its deadline. */
  endedBy({ canceler }: ContextNode): string | undefined {
    const end = canceler?.end;
    return end === undefined ? undefined : this.ends.get(end)?.place;
  }

  /** Those that are no garbage yet, parents before children. Events that contexts follow are left out: nobody derived them. */
  nodes(): readonly ContextNode[] {
    const nodes: ContextNode[] = [];
    for (const [id, ref] of this.refs) {
      const node = ref.deref();
      if (node === undefined) this.refs.delete(id);
      else if (!isEvent(node)) nodes.push(node);
    }
    return nodes;
  }
}

/** How many contexts are known, at least, when garbage is first looked for. */
const fewest = 1_000;

/** The one registry of the process. */
export function registry(): Registry {
  const shared = debug as Debug & { registry?: Registry };
  return (shared.registry ??= new Registry());
}

/** What some sources of contexts know, which is theirs alone otherwise. */
interface Inside {
  /** Of a foreign context. */
  readonly ctx?: Context;
  /** Of a context of grace. */
  readonly parent?: ContextNode;
  /** Of a context that follows others: the end of the one that it ended with. */
  readonly followedEnd?: End;
}

/** What a context was derived from; for what stands for a context of another copy of the library, that one. */
export function parentOf({ parent, source }: ContextNode): ContextNode | undefined {
  if (parent !== undefined) return parent;
  const inside = source as Inside | undefined;
  return inside?.parent ?? nodeIfKnown(inside?.ctx);
}

function nodeIfKnown(ctx: unknown): ContextNode | undefined {
  return registry().recordOf(ctx as ContextNode) === undefined ? undefined : (ctx as ContextNode);
}

/** The context as a part of the tree, whichever copy of the library it is of. */
export function nodeOf(ctx: Context, call: string): ContextNode {
  return nodeIfKnown(ctx) ?? toInternal(ctx, call);
}

function isForeign({ source }: ContextNode): boolean {
  return (source as Inside | undefined)?.ctx !== undefined;
}

/** Whether it stands for a promise or an observable, and is no context that anybody derived. A context has the scope of its parent, or limits its own. */
export function isEvent(node: ContextNode): boolean {
  const { parent, scope, canceler } = node;
  return canceler === node && parent !== undefined && scope !== parent.scope && scope.limit?.node !== node;
}

/** The part of a context in `String(ctx)`. Asks no foreign context for its name: that may show anything. */
export function labelOf(node: ContextNode): string {
  const { source } = node;
  if (source === undefined) return `withCancel${nameSuffix(node)}`;
  if (isForeign(node)) return `foreign${nameSuffix(node)}`;
  try {
    return source.label();
  } catch {
    return `withDeadline${nameSuffix(node)}`; // its clock throws
  }
}

/** What follows the label of a context that was given a name. */
export function nameSuffix(node: ContextNode): string {
  const name = registry().names.get(node);
  return name === undefined ? '' : `[${name}]`;
}

/** The labels of the context and its ancestors, as `String(ctx)` joins them. */
export function pathOf(node: ContextNode): string {
  const labels: string[] = [];
  for (let n: ContextNode | undefined = node; n !== undefined; n = parentOf(n)) labels.push(labelOf(n));
  return labels.reverse().join('.');
}

export function stateOf(node: ContextNode): 'live' | 'canceled' | 'deadline' {
  try {
    const { err } = node;
    if (err === undefined) return 'live';
    return isDeadlineExceeded(err) ? 'deadline' : 'canceled';
  } catch {
    return 'live'; // its clock throws
  }
}

/** How many listeners and linked children a context has itself. */
export function listenersOf(node: ContextNode): number {
  const { canceler, list } = node;
  return canceler === node ? ringLength(list?.listeners) + ringLength(list?.children) : 0;
}

export function ringLength(first: ListNode | undefined): number {
  let length = 0;
  for (let node = first; node !== undefined; node = node.next === first ? undefined : node.next) length++;
  return length;
}

/** `using` calls `f`. */
export function disposable(f: () => void): Disposable {
  return { [dispose as typeof Symbol.dispose]: f };
}
