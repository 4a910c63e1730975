import type { Rule, Scope } from 'eslint';
import { annotationOf, isContextType } from './contextTypes.js';
import { keyOf, namesIn } from './names.js';
import type { Node } from './node.js';

/** Reports a `fetch` without a signal where a context is at hand. */
export const preferCtxSignal: Rule.RuleModule = {
  meta: {
    type: 'suggestion',
    docs: { description: 'require that fetch gets the signal of the context at hand' },
    messages: {
      signal:
        'This request goes on when {{ctx}} is done: give it "signal: {{ctx}}.signal", or use fetchCtx({{ctx}}, …).',
    },
    schema: [],
  },
  create(context) {
    const names = namesIn(context);

    return {
      CallExpression(node: Rule.Node) {
        const { callee, arguments: given = [] } = node as unknown as Node;
        if (!isFetch(callee!) || !lacksSignal(given)) return;
        const ctx = contextAt(names.scopeOf(node as unknown as Node));
        if (ctx !== undefined) context.report({ node, messageId: 'signal', data: { ctx } });
      },
    };

    function isFetch(callee: Node): boolean {
      if (callee.type === 'Identifier') return callee.name === 'fetch' && isGlobal(callee);
      const { object } = callee;
      return keyOf(callee) === 'fetch' && globals.includes(object!.name ?? '') && isGlobal(object!);
    }

    function isGlobal(identifier: Node): boolean {
      return (names.variableOf(identifier)?.defs ?? []).length === 0;
    }

    /** The name of a context that a function at hand has: as a parameter, or as a variable. */
    function contextAt(innermost: Scope.Scope): string | undefined {
      for (let scope: Scope.Scope | null = innermost; scope !== null; scope = scope.upper) {
        if (scope.type === 'module' || scope.type === 'global') return undefined;
        const found = scope.variables.find((variable) => variable.name === 'ctx' || isTyped(variable));
        if (found !== undefined) return found.name;
      }
      return undefined;
    }

    function isTyped({ defs }: Scope.Variable): boolean {
      return defs.some(({ name }) => isContextType(annotationOf(name), names));
    }
  },
};

const globals = ['globalThis', 'window', 'self'];

/** A Request may bring a signal of its own, and so may what is spread or made elsewhere. */
function lacksSignal([input, init]: readonly Node[]): boolean {
  if (input === undefined || input.type === 'SpreadElement' || input.callee?.name === 'Request') return false;
  if (init === undefined) return true;
  return (
    init.type === 'ObjectExpression' &&
    init.properties!.every(({ type, key }) => type !== 'SpreadElement' && (key?.name ?? key?.value) !== 'signal')
  );
}
