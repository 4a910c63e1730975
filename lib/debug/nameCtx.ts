import type { Context } from '../core/context.js';
import type { ContextNode } from '../core/contextNode.js';
import { Source } from '../core/contextNode.js';
import { invalidArgument } from '../core/invalidArgument.js';
import { nameSuffix, nodeOf, registry } from './registry.js';

/**
 * Gives a context a name, which `String(ctx)` and {@link ctxTree} show: `background.withCancel[search]`. Returns the context.
 *
 * Works without {@link debugContexts}, too. A second name replaces the first.
 *
 * @example
 * ```ts
 * import { background, withCancel } from 'rxjs-ctx';
 * import { nameCtx } from 'rxjs-ctx/debug';
 *
 * const [search] = withCancel(background());
 * console.log(String(nameCtx(search, 'search')));
 * ```
 *
 * @param name is printed: no secret
 * @throws TypeError when ctx is not a context or name is not a string with something in it
 * @see {@link printCtxTree}
 */
export function nameCtx<C extends Context>(ctx: C, name: string): C {
  const node = nodeOf(ctx, 'nameCtx');
  if (typeof name !== 'string' || name === '')
    throw invalidArgument('nameCtx', 'name', 'a string that is not empty', name);
  registry().names.set(node, name);
  showName(node);
  return ctx;
}

/** Has the source of the context, which no other context has, show the name. */
function showName(node: ContextNode): void {
  const { named } = registry();
  const source = node.source ?? new Source('withCancel');
  if (named.has(source)) return;
  named.add(source);
  const label = source.label.bind(source);
  source.label = () => `${label()}${nameSuffix(node)}`;
  // A frozen context of a plain `withCancel` has its name in the tree alone.
  if (node.source === undefined && !Object.isFrozen(node)) (node as { source: Source | undefined }).source = source;
}
