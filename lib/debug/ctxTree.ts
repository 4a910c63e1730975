import type { Context } from '../core/context.js';
import type { ContextNode } from '../core/contextNode.js';
import { checkOptions } from './debugContexts.js';
import { labelOf, listenersOf, nodeOf, parentOf, registry, stateOf } from './registry.js';

/** What is known of a context. */
export interface CtxInfo {
  /** Counts the contexts of the process, in the order in which they were made. */
  readonly id: number;
  /** The context itself. */
  readonly ctx: Context;
  /** Its part of `String(ctx)`, with the name that it was given; never a value. */
  readonly label: string;
  /** Given by {@link nameCtx}. */
  readonly name: string | undefined;
  /** `deadline`: it was exceeded. */
  readonly state: 'live' | 'canceled' | 'deadline';
  /** Listeners and linked children. 0 for a context that only carries a value: whoever listens to it listens to its parent. */
  readonly listeners: number;
  /** The line that made it: `handler (src/app.ts:7:44)`. `undefined` when nothing was watching then. */
  readonly madeAt: string | undefined;
  /** The line that canceled it, or that set the deadline which it ended with. `undefined`: live, or not known. */
  readonly endedBy: string | undefined;
  /** What was derived from it, in the order in which it was. */
  readonly children: readonly CtxInfo[];
}

/** @see {@link ctxTree} */
export interface CtxTreeOptions {
  /** Whether to show contexts that are done, as long as they are no garbage: by default `false`. */
  readonly ended?: boolean | undefined;
}

/**
 * Returns the contexts that are alive, as trees: all that {@link debugContexts} knows, or those below `ctx`.
 *
 * Looking is asking: a context whose deadline has passed counts as done. No listener is called. When a context is not shown,
 * what is below it moves up.
 *
 * @example
 * ```ts
 * import { background, withCancel } from 'rxjs-ctx';
 * import { ctxTree, debugContexts } from 'rxjs-ctx/debug';
 *
 * debugContexts();
 * const [page, leave] = withCancel(background());
 * leave();
 * console.log(ctxTree(background(), { ended: true })[0]?.endedBy, page.err);
 * ```
 *
 * @param ctx by default all
 * @param options `ended: true` shows those that are done, too
 * @returns nothing while nothing is watched
 * @throws TypeError when ctx is not a context or options are no options
 * @see {@link printCtxTree}
 */
export function ctxTree(ctx?: Context, options: CtxTreeOptions = {}): readonly CtxInfo[] {
  return treeOf('ctxTree', ctx, options);
}

/**
 * Returns {@link ctxTree} as text: a line each, indented by depth.
 *
 * @example
 * ```ts
 * import { background, withCancel } from 'rxjs-ctx';
 * import { debugContexts, printCtxTree } from 'rxjs-ctx/debug';
 *
 * debugContexts();
 * withCancel(background())[0].done$.subscribe();
 * console.log(printCtxTree());
 * ```
 *
 * @param ctx by default all
 * @param options `ended: true` shows those that are done, too
 * @throws TypeError when ctx is not a context or options are no options
 * @see {@link ctxTree}
 */
export function printCtxTree(ctx?: Context, options: CtxTreeOptions = {}): string {
  const lines: string[] = [];
  const pending: { readonly info: CtxInfo; readonly depth: number }[] = [];
  const add = (infos: readonly CtxInfo[], depth: number) => {
    for (const info of [...infos].reverse()) pending.push({ info, depth });
  };
  add(treeOf('printCtxTree', ctx, options), 0);
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    lines.push(`${'  '.repeat(next.depth)}${lineOf(next.info)}`);
    add(next.info.children, next.depth + 1);
  }
  return lines.join('\n');
}

function treeOf(call: string, ctx: Context | undefined, options: CtxTreeOptions): readonly CtxInfo[] {
  const { ended = false } = checkOptions(call, options, 'ended');
  const top = ctx === undefined ? undefined : nodeOf(ctx, call);
  const roots: CtxInfo[] = [];
  // The list into which the children of a context go. Parents come before children.
  const listOf = new Map<ContextNode, CtxInfo[]>();
  const madeBefore: { readonly info: CtxInfo; readonly list: CtxInfo[] }[] = [];
  const live = new Set<ContextNode>();
  for (const node of registry().nodes()) {
    const list = nearest(node, listOf) ?? roots;
    const state = livesAsParent(node, live) ? 'live' : stateOf(node);
    if (state === 'live') live.add(node);
    else if (!ended) continue;
    const children: CtxInfo[] = [];
    const info = infoOf(node, state, children);
    listOf.set(node, children);
    list.push(info);
    if (registry().recordOf(node)!.madeMs === undefined) madeBefore.push({ info, list });
  }
  for (const { info, list } of madeBefore.reverse()) if (info.children.length === 0) list.splice(list.indexOf(info), 1);
  return top === undefined ? roots : (listOf.get(top) ?? []);
}

function nearest(node: ContextNode, listOf: ReadonlyMap<ContextNode, CtxInfo[]>): CtxInfo[] | undefined {
  let n = parentOf(node);
  while (n !== undefined && !listOf.has(n)) n = parentOf(n);
  return n && listOf.get(n);
}

/** Whether it is alive because its parent was found to be: asking it would take a look at all ancestors. */
function livesAsParent(node: ContextNode, live: ReadonlySet<ContextNode>): boolean {
  const { parent, canceler, scope, end } = node;
  if (parent === undefined || !live.has(parent)) return false;
  return canceler === node ? end === undefined && scope.limit === parent.scope.limit : canceler === parent.canceler;
}

function infoOf(node: ContextNode, state: CtxInfo['state'], children: CtxInfo[]): CtxInfo {
  const { id, madeAt } = registry().recordOf(node)!;
  return {
    id,
    ctx: node,
    label: labelOf(node),
    name: registry().names.get(node),
    state,
    listeners: listenersOf(node),
    madeAt: madeAt?.place,
    endedBy: registry().endedBy(node),
    children,
  };
}

function lineOf({ id, label, state, listeners, madeAt, endedBy }: CtxInfo): string {
  return [
    `#${String(id)} ${label} ${state === 'deadline' ? 'deadline exceeded' : state}`,
    ...(endedBy === undefined ? [] : [state === 'deadline' ? `set by ${endedBy}` : `by ${endedBy}`]),
    ...(state === 'live' && listeners > 0
      ? [`${String(listeners)} ${listeners === 1 ? 'listener' : 'listeners'}`]
      : []),
    ...(madeAt === undefined ? [] : [`made by ${madeAt}`]),
  ].join(', ');
}
