import type { Rule } from 'eslint';
import { annotationOf, isContextType } from './contextTypes.js';
import { namesIn } from './names.js';
import type { Node } from './node.js';

/** Reports a context that is kept: in a field of a class, a parameter property, or a member of an interface or a type. */
export const noCtxInField: Rule.RuleModule = {
  meta: {
    type: 'suggestion',
    docs: { description: 'disallow contexts that are stored' },
    messages: {
      stored:
        'A context is passed on, and not stored: what keeps it outlives the work that it is about. Take it as a parameter.',
    },
    schema: [],
  },
  create(context) {
    const names = namesIn(context);

    function check(node: Rule.Node): void {
      if (isContextType(annotationOf(node as unknown as Node), names)) context.report({ node, messageId: 'stored' });
    }

    const kinds = [
      ...['PropertyDefinition', 'AccessorProperty', 'TSAbstractPropertyDefinition', 'TSAbstractAccessorProperty'],
      ...['TSParameterProperty', 'TSPropertySignature'],
    ];
    return Object.fromEntries(kinds.map((kind) => [kind, check]));
  },
};
