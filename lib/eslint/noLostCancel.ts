import type { Rule, Scope } from 'eslint';
import type { Node } from './node.js';
import { keyOf, namesIn } from './names.js';

/**
 * Reports a context whose cancel function is thrown away, or is not mentioned on some way to a `return`: the rule `lostcancel` of
 * `go vet`. Any mention counts, also one in a nested function. A `throw` is no return.
 */
export const noLostCancel: Rule.RuleModule = {
  meta: {
    type: 'problem',
    docs: { description: 'require that the cancel function of a derived context is used on every path' },
    messages: {
      discarded:
        'The cancel function of {{derive}} is thrown away: the context, and its timer, live on. Call it when the work is over.',
      unused: '{{cancel}} is never used: the context, and its timer, live on. Call it when the work is over.',
      lost: '{{cancel}} is not used on every path to the end of the function: call it in a finally block, or declare "using _ = {{cancel}}".',
    },
    schema: [
      {
        type: 'object',
        properties: { derive: { type: 'array', items: { type: 'string' }, uniqueItems: true } },
        additionalProperties: false,
      },
    ],
    defaultOptions: [{ derive: ['withCancel', 'withTimeout', 'withDeadline'] }],
  },
  create(context) {
    const [{ derive }] = context.options as [{ readonly derive: readonly string[] }];
    const names = namesIn(context);
    let path: Path | undefined;

    function report(node: Node, messageId: string, data: Record<string, string>): void {
      context.report({ node: node, messageId, data });
    }

    /** The cancel function goes into a variable, where `node` has been executed. */
    function track(call: Node, identifier: Node, onlyFirst: boolean): void {
      const variable = names.variableOf(identifier);
      if (variable === undefined) return;
      // As in Go, a variable of an outer function is somebody else's to look after.
      if (functionOf(variable.scope) !== functionOf(names.scopeOf(call)) || isExported(variable)) return;
      const mentions = mentionsOf(variable, identifier).filter((mention) => !(onlyFirst && takesFirst(mention)));
      path!.definitions.push({ call, variable, mentions: new Set(mentions), places: path!.here() });
    }

    function endPath(): void {
      const { definitions, returned, isModule } = path!;
      for (const { call, variable, mentions, places } of definitions) {
        if (isModule ? mentions.size > 0 : !path!.leads(places, mentions, returned)) continue;
        report(call, mentions.size === 0 ? 'unused' : 'lost', { cancel: variable.name });
      }
      path = path!.upper;
    }

    return {
      onCodePathStart(codePath: Rule.CodePath) {
        path = new Path(codePath, path);
      },
      onCodePathEnd: endPath,
      onCodePathSegmentStart(segment: Rule.CodePathSegment) {
        path!.current.add(segment);
      },
      onCodePathSegmentEnd(segment: Rule.CodePathSegment) {
        path!.current.delete(segment);
      },
      Identifier(node: Rule.Node) {
        // Where a nested function stands, what it mentions is mentioned.
        for (let at = path; at !== undefined; at = at.upper) at.note(node as unknown as Node);
      },
      'CallExpression:exit'(node: Rule.Node) {
        const call = node as unknown as Node;
        const name = names.nameOf(call.callee);
        if (name === undefined || !derive.includes(name)) return;
        if (whereItGoes(call) === 'nowhere') report(call, 'discarded', { derive: name });
      },
      'VariableDeclarator:exit'(node: Rule.Node) {
        const { id, init } = node as unknown as Node;
        receive(id!, init!);
      },
      'AssignmentExpression:exit'(node: Rule.Node) {
        const { left, right } = node as unknown as Node;
        receive(left!, right!);
      },
    };

    function receive(target: Node, value: Node | null): void {
      for (const { call, member } of callsIn(value)) {
        if (!derive.includes(names.nameOf(call.callee) ?? '')) continue;
        const taken = member === undefined ? cancelOf(target) : member === '1' ? target : undefined;
        if (taken?.type === 'Identifier') track(call, taken, taken === target && member === undefined);
      }
    }
  },
};

/** A way through a function, and where in it names are mentioned. */
class Path {
  readonly current = new Set<Rule.CodePathSegment>();
  readonly definitions: Definition[] = [];
  private readonly noted = new Map<string, Note[]>();
  private count = 0;

  constructor(
    private readonly codePath: Rule.CodePath,
    readonly upper: Path | undefined,
  ) {}

  get isModule(): boolean {
    return this.codePath.origin === 'program';
  }

  get returned(): readonly Rule.CodePathSegment[] {
    return this.codePath.returnedSegments;
  }

  here(): readonly Place[] {
    return [...this.current].map((segment) => ({ segment, index: this.count }));
  }

  note(identifier: Node): void {
    this.count++;
    for (const { id } of this.current) {
      const notes = this.noted.get(id) ?? [];
      notes.push({ identifier, index: this.count });
      this.noted.set(id, notes);
    }
  }

  /** Whether a way leads from one of `places` to the end, or round to the same place, on which nothing of `mentions` stands. */
  leads(places: readonly Place[], mentions: ReadonlySet<Node>, ends: readonly Rule.CodePathSegment[]): boolean {
    const visited = new Set<Rule.CodePathSegment>();
    const pending: Rule.CodePathSegment[] = [];
    const mentionedIn = ({ id }: Rule.CodePathSegment, from: number, to: number) =>
      (this.noted.get(id) ?? []).some(
        ({ identifier, index }) => index > from && index <= to && mentions.has(identifier),
      );

    for (const { segment, index } of places) {
      if (mentionedIn(segment, index, Infinity)) continue;
      if (ends.includes(segment)) return true;
      pending.push(...segment.nextSegments);
    }
    for (let segment = pending.pop(); segment !== undefined; segment = pending.pop()) {
      if (visited.has(segment)) continue;
      visited.add(segment);
      const place = places.find((other) => other.segment === segment);
      // Back where it began: another pass of a loop makes another context.
      if (place !== undefined) {
        if (!mentionedIn(segment, 0, place.index)) return true;
        continue;
      }
      if (mentionedIn(segment, 0, Infinity)) continue;
      if (ends.includes(segment)) return true;
      pending.push(...segment.nextSegments);
    }
    return false;
  }
}

interface Note {
  readonly identifier: Node;
  /** Its number among all identifiers of the function. */
  readonly index: number;
}

interface Place {
  readonly segment: Rule.CodePathSegment;
  readonly index: number;
}

interface Definition {
  readonly call: Node;
  readonly variable: Scope.Variable;
  readonly mentions: ReadonlySet<Node>;
  readonly places: readonly Place[];
}

/** Expressions that have the value of one that stands in them, and the member under which it does. */
const transparent: Readonly<Record<string, readonly (keyof Node)[]>> = {
  TSAsExpression: ['expression'],
  TSSatisfiesExpression: ['expression'],
  TSNonNullExpression: ['expression'],
  TSTypeAssertion: ['expression'],
  ChainExpression: ['expression'],
  LogicalExpression: ['left', 'right'],
};

function valuesOf(node: Node): readonly Node[] {
  if (node.type === 'ConditionalExpression') {
    const { consequent, alternate } = node as unknown as { readonly consequent: Node; readonly alternate: Node };
    return [consequent, alternate];
  }
  if (node.type === 'SequenceExpression') return node.expressions!.slice(-1);
  return (transparent[node.type] ?? []).map((member) => node[member] as Node);
}

/** The calls whose result `value` may be, or a member of it. */
function callsIn(value: Node | null): readonly { readonly call: Node; readonly member: string | undefined }[] {
  if (value === null) return [];
  if (value.type === 'CallExpression') return [{ call: value, member: undefined }];
  if (value.type === 'MemberExpression') {
    return callsIn(value.object!).map(({ call }) => ({ call, member: keyOf(value) }));
  }
  return valuesOf(value).flatMap(callsIn);
}

/** Whether anything is done with the cancel function that a call returns. */
function whereItGoes(call: Node): 'nowhere' | 'somewhere' {
  let node = call;
  for (let { parent } = node; parent != null && valuesOf(parent).includes(node); { parent } = node) node = parent;
  const parent = node.parent!;
  switch (parent.type) {
    case 'ExpressionStatement':
    case 'UnaryExpression':
    case 'SequenceExpression': // the last of it has the value of the whole
      return 'nowhere';
    case 'MemberExpression':
      return parent.object === node && keyOf(parent) === '0' ? 'nowhere' : 'somewhere';
    case 'VariableDeclarator':
      return parent.init === node && isDropped(parent.id!) ? 'nowhere' : 'somewhere';
    case 'AssignmentExpression':
      return parent.right === node && isDropped(parent.left!) ? 'nowhere' : 'somewhere';
    default:
      return 'somewhere';
  }
}

/** Whether a pattern takes the context without its cancel function. */
function isDropped(target: Node): boolean {
  if (target.type === 'ObjectPattern') {
    return !target.properties!.some(({ type, key }) => type === 'RestElement' || isSecond(key));
  }
  if (target.type !== 'ArrayPattern') return false;
  const [first, second] = target.elements!;
  return second == null && first?.type !== 'RestElement';
}

/** What a pattern binds to the cancel function, or to both at once. */
function cancelOf(target: Node): Node | undefined {
  if (target.type === 'ObjectPattern') {
    const property = target.properties!.find(({ key }) => isSecond(key));
    return property?.value;
  }
  if (target.type !== 'ArrayPattern') return target;
  const second = target.elements![1];
  return second?.type === 'AssignmentPattern' ? second.left : (second ?? undefined);
}

function isSecond(key: Node | undefined): boolean {
  return key?.value === 1 || key?.value === '1';
}

/** Reads and writes of a variable, but for the one that defines it. */
function mentionsOf({ references }: Scope.Variable, definition: Node): Node[] {
  return references
    .filter((reference) => (reference as { readonly isValueReference?: boolean }).isValueReference !== false)
    .map(({ identifier }) => identifier as unknown as Node)
    .filter((identifier) => identifier !== definition);
}

/** `pair[0]` does not mention the cancel function. */
function takesFirst({ parent }: Node): boolean {
  return parent?.type === 'MemberExpression' && keyOf(parent) === '0';
}

function functionOf({ variableScope }: Scope.Scope): Scope.Scope {
  return variableScope;
}

/** `export const [ctx, cancel] = …`: others use it. */
function isExported({ defs }: Scope.Variable): boolean {
  return defs.some(({ parent }) => (parent as Node | null)?.parent?.type === 'ExportNamedDeclaration');
}
