import type { Context } from '../core/context.js';
import type { ContextNode } from '../core/contextNode.js';
import { dispose } from '../core/derive.js';
import { listenersOf, nodeOf, parentOf, pathOf, registry, stateOf } from '../debug/registry.js';

/** @see {@link trackContexts} */
export interface ContextTracker extends Disposable {
  /** @throws Error that lists the contexts which are alive and listened to, each with the line that made it */
  expectNoneLeft(): void;
}

/**
 * Watches the contexts that are derived from now on, for a test that asserts that none of them is left: `expectNoneLeft()`
 * throws when one is alive and listened to. Dispose of the result when the test is over.
 *
 * A context that nobody listens to costs nothing and is no leak. A context of `withCancelOn` is linked to its sources, and
 * counts until it is done. One that only its own listeners hold may be garbage by then, and then is not left.
 *
 * @example
 * ```ts
 * import { background, withCancel } from 'rxjs-ctx';
 * import { trackContexts } from 'rxjs-ctx/testing';
 *
 * const contexts = trackContexts();
 * const [ctx, cancel] = withCancel(background());
 * ctx.done$.subscribe();
 * cancel();
 * contexts.expectNoneLeft();
 * ```
 *
 * @param ctx only those below it count; by default all
 * @throws TypeError when ctx is not a context
 * @see {@link listenerCount}
 */
export function trackContexts(ctx?: Context): ContextTracker {
  const top = ctx === undefined ? undefined : nodeOf(ctx, 'trackContexts');
  const known = registry();
  const watching = known.watch({ stacks: true });
  const since = known.last;

  const isLeft = (node: ContextNode): boolean => {
    const { id, madeMs } = known.recordOf(node)!;
    if (id <= since || madeMs === undefined) return false;
    return (top === undefined || isBelow(node, top)) && listenersOf(node) > 0 && stateOf(node) === 'live';
  };
  return {
    expectNoneLeft() {
      const left = known.nodes().filter(isLeft);
      if (left.length > 0) throw new Error(messageFor(left));
    },
    [dispose as typeof Symbol.dispose]: () => {
      watching[dispose as typeof Symbol.dispose]();
    },
  };
}

function isBelow(node: ContextNode, top: ContextNode): boolean {
  let n = parentOf(node);
  while (n !== undefined && n !== top) n = parentOf(n);
  return n === top;
}

function messageFor(left: readonly ContextNode[]): string {
  const lines = left.map((node) => {
    const { id, madeAt } = registry().recordOf(node)!;
    return `\n  #${String(id)} ${pathOf(node)} made by ${madeAt?.place ?? 'an unknown line'}`;
  });
  const what = left.length === 1 ? '1 context is' : `${String(left.length)} contexts are`;
  return `expectNoneLeft: ${what} alive and listened to${lines.join('')}`;
}
