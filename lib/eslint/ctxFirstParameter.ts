import type { Rule } from 'eslint';
import { annotationOf, isContextType } from './contextTypes.js';
import { namesIn } from './names.js';
import type { Node } from './node.js';

/** Reports a parameter that is a context and is not the first: functions, methods, signatures and types of functions. */
export const ctxFirstParameter: Rule.RuleModule = {
  meta: {
    type: 'suggestion',
    docs: { description: 'require that a context is the first parameter' },
    messages: { first: 'A context is the first parameter, as everywhere else: move {{name}} to the front.' },
    schema: [],
  },
  create(context) {
    const names = namesIn(context);
    const isContext = (parameter: Node) => isContextType(annotationOf(parameter), names);

    function check(node: Rule.Node): void {
      const { params = [] } = node as unknown as Node;
      // Of a class that is made by injection, the order of the properties is its own affair.
      if (params.some(({ type }) => type === 'TSParameterProperty')) return;
      const [first, ...others] = params.filter(({ name }) => name !== 'this');
      if (first === undefined || isContext(first)) return;
      for (const parameter of others.filter(isContext)) {
        const { name = 'it' } = parameter.left ?? parameter;
        context.report({ node: parameter, messageId: 'first', data: { name } });
      }
    }

    const kinds = [
      ...['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression', 'TSDeclareFunction'],
      ...['TSEmptyBodyFunctionExpression', 'TSMethodSignature', 'TSFunctionType', 'TSCallSignatureDeclaration'],
    ];
    return Object.fromEntries(kinds.map((kind) => [kind, check]));
  },
};
