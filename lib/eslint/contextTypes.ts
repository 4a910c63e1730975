import type { Names } from './names.js';
import type { Node } from './node.js';

const types = ['Context', 'CoreContext'];

/** Whether what has this annotation is a context of this package, or may be none at all. */
export function isContextType(annotation: Node | null | undefined, names: Names): boolean {
  switch (annotation?.type) {
    case 'TSTypeAnnotation':
      return isContextType(annotation.typeAnnotation, names);
    case 'TSUnionType':
      return annotation.types!.some((type) => isContextType(type, names));
    case 'TSTypeReference':
      return types.includes(names.nameOf(annotation.typeName) ?? '');
    default:
      return false;
  }
}

/** The annotation of a parameter, whatever it is wrapped into. */
export function annotationOf(parameter: Node): Node | null | undefined {
  switch (parameter.type) {
    case 'AssignmentPattern':
      return annotationOf(parameter.left!);
    case 'TSParameterProperty':
      return annotationOf(parameter.parameter!);
    default:
      return parameter.typeAnnotation;
  }
}
