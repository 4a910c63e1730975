/**
 * A node of a syntax tree, with the members that the rules look at. The tree of a TypeScript parser has types of nodes that ESTree
 * does not have, so each member may be missing.
 */
export interface Node {
  readonly type: string;
  readonly parent?: Node | null;
  readonly name?: string;
  readonly kind?: string;
  readonly value?: unknown;
  readonly computed?: boolean;
  readonly optional?: boolean;
  readonly id?: Node | null;
  readonly init?: Node | null;
  readonly key?: Node;
  readonly object?: Node;
  readonly property?: Node;
  readonly callee?: Node;
  readonly arguments?: readonly Node[];
  readonly source?: Node;
  readonly imported?: Node;
  readonly left?: Node;
  readonly right?: Node;
  readonly test?: Node;
  readonly expression?: Node;
  readonly expressions?: readonly Node[];
  readonly argument?: Node | null;
  readonly elements?: readonly (Node | null)[];
  readonly properties?: readonly (Node & { readonly value?: Node })[];
  readonly params?: readonly Node[];
  readonly types?: readonly Node[];
  readonly parameter?: Node;
  readonly typeName?: Node;
  readonly typeAnnotation?: Node | null;
  readonly body?: unknown;
}
