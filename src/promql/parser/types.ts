import type {Expr, ValueType} from '../ast.ts';

/** What an expression evaluates to. */
export function typeOf(expr: Expr): ValueType {
  switch (expr.kind) {
    case 'number':
      return 'scalar';
    case 'string':
      return 'string';
    case 'vectorSelector':
    case 'aggregate':
      return 'vector';
    case 'matrixSelector':
    case 'subquery':
      return 'matrix';
    case 'call':
      return expr.func.returnType;
    case 'paren':
    case 'unary':
      return typeOf(expr.expr);
    case 'binary':
      return binaryType(typeOf(expr.left), typeOf(expr.right));
  }
}

export function binaryType(left: ValueType, right: ValueType): ValueType {
  return left === 'scalar' && right === 'scalar' ? 'scalar' : 'vector';
}

/** The name of a type in messages and documentation. */
export function documentedType(type: ValueType): string {
  if (type === 'vector') return 'instant vector';
  return type === 'matrix' ? 'range vector' : type;
}
