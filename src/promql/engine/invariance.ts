import type {Expr} from '../ast.ts';

/** Functions whose result changes with the time of evaluation even where their arguments do not. */
const timeDependent: ReadonlySet<string> = new Set([
  'days_in_month',
  'day_of_month',
  'day_of_week',
  'day_of_year',
  'hour',
  'minute',
  'month',
  'year',
  'predict_linear',
  'time',
  'timestamp',
]);

/** Whether an expression has the same value at every step, so that one evaluation is enough. */
export function isStepInvariant(expr: Expr): boolean {
  switch (expr.kind) {
    case 'number':
    case 'string':
      return true;
    case 'vectorSelector':
    case 'subquery':
      return expr.at !== null;
    case 'matrixSelector':
      return expr.selector.at !== null;
    case 'paren':
    case 'unary':
      return isStepInvariant(expr.expr);
    case 'aggregate':
      // As in Prometheus, a parameter that changes counts as it is at the first step.
      return isStepInvariant(expr.expr);
    case 'binary':
      return isStepInvariant(expr.left) && isStepInvariant(expr.right);
    case 'call': {
      if (!expr.args.every((arg) => isStepInvariant(withoutParens(arg)))) return false;
      if (!timeDependent.has(expr.func.name)) return true;
      // timestamp(metric @ 1) is the time of a sample; timestamp(abs(metric @ 1)) that of the evaluation.
      return (
        expr.func.name === 'timestamp' &&
        expr.args.every((arg) => withoutParens(arg).kind === 'vectorSelector')
      );
    }
  }
}

export function withoutParens(expr: Expr): Expr {
  let inner = expr;
  while (inner.kind === 'paren') inner = inner.expr;
  return inner;
}
