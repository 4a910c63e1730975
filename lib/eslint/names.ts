// Which name of this package an expression or a type means: by the import that binds it, however it is called here. Shadowing is
// respected, and no type information is needed.
import type { Rule, Scope } from 'eslint';
import type { Node } from './node.js';

/** Returns what a rule asks about names in the file at hand. */
export function namesIn({ sourceCode, settings }: Rule.RuleContext): Names {
  return new Names(sourceCode.scopeManager, modulesOf(settings));
}

/** `settings: { 'rxjs-ctx': { modules: ['./context.js'] } }`: modules that hand on what this package exports. */
function modulesOf(settings: object): readonly string[] {
  const { modules } = ((settings as Record<string, unknown>)['rxjs-ctx'] ?? {}) as {
    readonly modules?: readonly string[];
  };
  return modules ?? [];
}

export class Names {
  constructor(
    private readonly scopes: Scope.ScopeManager,
    private readonly modules: readonly string[],
  ) {}

  /** The name under which this package exports what `node` is: an identifier, or a member of a namespace. */
  nameOf(node: Node | null | undefined): string | undefined {
    switch (node?.type) {
      case 'Identifier':
        return this.exportOf(this.variableOf(node));
      case 'MemberExpression':
        return this.isNamespace(node.object) ? keyOf(node) : undefined;
      case 'TSQualifiedName':
        return this.isNamespace(node.left) ? node.right?.name : undefined;
      default:
        return undefined;
    }
  }

  /** The variable that an identifier refers to. */
  variableOf(node: Node): Scope.Variable | undefined {
    for (let scope: Scope.Scope | null = this.scopeOf(node); scope !== null; scope = scope.upper) {
      const variable = scope.set.get(node.name!);
      if (variable !== undefined) return variable;
    }
    return undefined;
  }

  /** The innermost scope in which a node stands. */
  scopeOf(node: Node): Scope.Scope {
    let at = node;
    let scope = this.scopes.acquire(at as unknown as Rule.Node, true);
    // The whole program has one.
    while (scope === null) {
      at = at.parent!;
      scope = this.scopes.acquire(at as unknown as Rule.Node, true);
    }
    return scope;
  }

  private exportOf(variable: Scope.Variable | undefined): string | undefined {
    const { type, node, parent } = definitionOf(variable) ?? {};
    if (type === 'ImportBinding' && node?.type === 'ImportSpecifier' && this.isOurs(parent?.source)) {
      return keyOfSpecifier(node.imported);
    }
    // const { withCancel } = require('rxjs-ctx');
    if (type !== 'Variable' || node?.id?.type !== 'ObjectPattern' || !this.isRequire(node.init)) return undefined;
    const property = node.id.properties?.find(({ value }) => value?.name === variable?.name);
    return property?.key?.name;
  }

  private isNamespace(node: Node | null | undefined): boolean {
    if (node?.type !== 'Identifier') return false;
    const { type, node: definition, parent } = definitionOf(this.variableOf(node)) ?? {};
    if (type === 'ImportBinding') return definition?.type === 'ImportNamespaceSpecifier' && this.isOurs(parent?.source);
    return type === 'Variable' && definition?.id?.type === 'Identifier' && this.isRequire(definition.init);
  }

  private isRequire(node: Node | null | undefined): boolean {
    return node?.type === 'CallExpression' && node.callee?.name === 'require' && this.isOurs(node.arguments?.[0]);
  }

  private isOurs(source: Node | undefined): boolean {
    const from = source?.value;
    if (typeof from !== 'string') return false;
    return from === 'rxjs-ctx' || from.startsWith('rxjs-ctx/') || this.modules.includes(from);
  }
}

interface Definition {
  readonly type: string;
  readonly node: Node;
  readonly parent: Node | null | undefined;
}

function definitionOf(variable: Scope.Variable | undefined): Definition | undefined {
  return variable?.defs[0] as unknown as Definition | undefined;
}

/** The name of a member, where it is written down. */
export function keyOf({ computed, property }: Node): string | undefined {
  if (computed !== true) return property?.name;
  return property?.type === 'Literal' ? String(property.value) : undefined;
}

function keyOfSpecifier(node: Node | undefined): string | undefined {
  return node?.type === 'Literal' ? String(node.value) : node?.name;
}
