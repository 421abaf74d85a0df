// The type checker. It goes through the tree in Prometheus's order, since the first complaint is the one that users see,
// and settles what the grammar cannot know: how many series may match in a set operation, and where nothing matches.

import {quoteGo} from '../../base/quote.ts';
import {metricNameLabel} from '../../model/labels.ts';
import type {
  AggregateExpr,
  BinaryExpr,
  BinaryOp,
  Call,
  DurationOperand,
  Expr,
  PositionRange,
  ValueType,
  VectorMatching,
  VectorSelector,
} from '../ast.ts';
import {ParseError} from './position.ts';
import {depthMax} from './tokenstream.ts';
import {binaryType, documentedType, typeOf} from './types.ts';
import {forEachChild} from './walk.ts';

/** Checks `expr`, which was parsed from `query`, and returns it with its matching settled. Throws ParseError. */
export function checkTypes(expr: Expr, query: string): Expr {
  const checker = new Checker(query);
  checker.checkDepth(expr, 1);
  return checker.check(expr).expr;
}

interface Checked<T extends Expr = Expr> {
  expr: T;
  type: ValueType;
}

const comparisonOps: ReadonlySet<BinaryOp> = new Set(['==', '!=', '<', '>', '<=', '>=']);
const setOps: ReadonlySet<BinaryOp> = new Set(['and', 'or', 'unless']);

class Checker {
  readonly #query: string;

  constructor(query: string) {
    this.#query = query;
  }

  /** Comes first, so that all other walks through the tree may recurse. */
  checkDepth(expr: Expr, depth: number): void {
    this.#limitDepth(expr, depth);
    forEachChild(expr, (child) => this.checkDepth(child, depth + 1));
    if (expr.kind === 'matrixSelector') this.#checkDurationDepth(expr.rangeExpr, depth + 1);
    if (expr.kind === 'vectorSelector') this.#checkDurationDepth(expr.offsetExpr, depth + 1);
    if (expr.kind === 'subquery') {
      this.#checkDurationDepth(expr.rangeExpr, depth + 1);
      this.#checkDurationDepth(expr.stepExpr, depth + 1);
      this.#checkDurationDepth(expr.offsetExpr, depth + 1);
    }
  }

  #checkDurationDepth(operand: DurationOperand | null, depth: number): void {
    if (operand === null || operand.kind === 'number') return;
    this.#limitDepth(operand, depth);
    this.#checkDurationDepth(operand.left, depth + 1);
    this.#checkDurationDepth(operand.right, depth + 1);
  }

  #limitDepth(node: {readonly range: PositionRange}, depth: number): void {
    if (depth <= depthMax) return;
    this.#fail(
      node.range,
      `expression too deep, at most ${depthMax} operators or suffixes in a chain are allowed`,
    );
  }

  check(expr: Expr): Checked {
    switch (expr.kind) {
      case 'number':
        return {expr, type: 'scalar'};
      case 'string':
        return {expr, type: 'string'};
      case 'vectorSelector':
        this.#checkSelector(expr);
        return {expr, type: 'vector'};
      case 'matrixSelector':
        this.#checkSelector(expr.selector);
        return {expr, type: 'matrix'};
      case 'subquery': {
        const inner = this.check(expr.expr);
        if (inner.type !== 'vector') {
          this.#fail(expr.range, `subquery is only allowed on instant vector, got ${inner.type} instead`);
        }
        return {expr: withInner(expr, inner.expr), type: 'matrix'};
      }
      case 'paren': {
        const inner = this.check(expr.expr);
        return {expr: withInner(expr, inner.expr), type: inner.type};
      }
      case 'unary': {
        const inner = this.check(expr.expr);
        if (inner.type !== 'scalar' && inner.type !== 'vector') {
          const allowed = 'unary expression only allowed on expressions of type scalar or instant vector';
          this.#fail(expr.range, `${allowed}, got ${quoteGo(documentedType(inner.type))}`);
        }
        return {expr: withInner(expr, inner.expr), type: inner.type};
      }
      case 'aggregate':
        return {expr: this.#checkAggregate(expr), type: 'vector'};
      case 'call':
        return {expr: this.#checkCall(expr), type: expr.func.returnType};
      case 'binary':
        return this.#checkBinary(expr);
    }
  }

  #checkAggregate(node: AggregateExpr): AggregateExpr {
    const expr = this.#expectType(node.expr, 'vector', 'aggregation expression');
    let {param} = node;
    if (param !== null) {
      param = this.#expectType(
        param,
        node.op === 'count_values' ? 'string' : 'scalar',
        'aggregation parameter',
      );
    }
    return expr === node.expr && param === node.param ? node : {...node, expr, param};
  }

  #expectType(expr: Expr, wanted: ValueType, context: string): Expr {
    const checked = this.check(expr);
    if (checked.type !== wanted) {
      const got = documentedType(checked.type);
      this.#fail(expr.range, `expected type ${documentedType(wanted)} in ${context}, got ${got}`);
    }
    return checked.expr;
  }

  #checkBinary(node: BinaryExpr): Checked<BinaryExpr> {
    const left = this.check(node.left);
    const right = this.check(node.right);
    const isComparison = comparisonOps.has(node.op);
    const isSetOp = setOps.has(node.op);
    if (node.bool && !isComparison) {
      this.#fail(this.#operatorRange(node), 'bool modifier can only be used on comparison operators');
    }
    if (isComparison && !node.bool && left.type === 'scalar' && right.type === 'scalar') {
      this.#fail(this.#operatorRange(node), 'comparisons between scalars must use BOOL modifier');
    }
    let matching = node.matching!;
    if (isSetOp && matching.card === 'one-to-one') matching = {...matching, card: 'many-to-many'};
    for (const label of matching.on ? matching.labels : []) {
      if (matching.include.includes(label)) {
        const reason = `label ${quoteGo(label)} must not occur in ON and GROUP clause at once`;
        this.#fail(this.#operatorRange(node), reason);
      }
    }
    for (const side of [left, right]) {
      if (side.type === 'scalar' || side.type === 'vector') continue;
      this.#fail(side.expr.range, 'binary expression must contain only scalar and instant vector types');
    }
    const areVectors = left.type === 'vector' && right.type === 'vector';
    if (!areVectors) this.#checkScalarMatching(node, matching);
    else if (isSetOp) this.#checkSetMatching(node, matching);
    return {
      expr: {...node, left: left.expr, right: right.expr, matching: areVectors ? matching : null},
      type: binaryType(left.type, right.type),
    };
  }

  #checkScalarMatching(node: BinaryExpr, matching: VectorMatching): void {
    if (matching.labels.length > 0) {
      this.#fail(node.range, 'vector matching only allowed between instant vectors');
    }
    if (hasFill(matching)) {
      this.#fail(node.range, 'filling in missing series only allowed between instant vectors');
    }
    if (setOps.has(node.op)) {
      this.#fail(node.range, `set operator ${quoteGo(node.op)} not allowed in binary scalar expression`);
    }
  }

  #checkSetMatching(node: BinaryExpr, matching: VectorMatching): void {
    if (matching.card !== 'many-to-many') {
      this.#fail(node.range, `no grouping allowed for ${quoteGo(node.op)} operation`);
    }
    if (hasFill(matching)) this.#fail(node.range, 'filling in missing series not allowed for set operators');
  }

  #checkCall(node: Call): Call {
    this.#checkArgumentCount(node);
    const {name, argTypes} = node.func;
    if (name === 'info' && node.args.length > 1) this.#checkInfoSelector(node, node.args[1]!);
    let changed = false;
    const args = node.args.map((arg, index) => {
      const isInfoSelector = name === 'info' && index === 1 && arg.kind === 'vectorSelector';
      const checked: Checked = isInfoSelector ? {expr: arg, type: 'vector'} : this.check(arg);
      const wanted = argTypes[Math.min(index, argTypes.length - 1)]!;
      if (checked.type !== wanted) {
        const call = `call to function ${quoteGo(name)}`;
        const got = documentedType(checked.type);
        this.#fail(arg.range, `expected type ${documentedType(wanted)} in ${call}, got ${got}`);
      }
      changed ||= checked.expr !== arg;
      return checked.expr;
    });
    return changed ? {...node, args} : node;
  }

  #checkArgumentCount({func, args, range}: Call): void {
    const count = func.argTypes.length;
    const call = `argument(s) in call to ${quoteGo(func.name)}, got ${args.length}`;
    if (func.variadic === 0) {
      if (args.length !== count) this.#fail(range, `expected ${count} ${call}`);
      return;
    }
    const countMin = count - 1;
    if (args.length < countMin) this.#fail(range, `expected at least ${countMin} ${call}`);
    const countMax = countMin + func.variadic;
    if (func.variadic > 0 && args.length > countMax)
      this.#fail(range, `expected at most ${countMax} ${call}`);
  }

  /** The second argument of info() only looks like a selector: it has no metric name, and may match everything. */
  #checkInfoSelector(node: Call, selector: Expr): void {
    if (selector.kind === 'vectorSelector') {
      if (selector.name === '') return;
      this.#fail(selector.range, 'expected label selectors only, got vector selector instead');
    }
    const type = typeOf(selector);
    if (type !== 'vector') {
      const got = documentedType(type);
      this.#fail(node.range, `expected type instant vector in call to function "info", got ${got}`);
    }
    this.#fail(selector.range, 'expected label selectors only');
  }

  #checkSelector(node: VectorSelector): void {
    const {name, matchers, range} = node;
    if (name === '') {
      // Guards against selecting everything there is by a typing error.
      if (matchers.some((each) => !each.matches(''))) return;
      this.#fail(range, 'vector selector must contain at least one non-empty matcher');
    }
    for (const each of matchers.slice(0, -1)) {
      if (each.name !== metricNameLabel) continue;
      const names = `${quoteGo(name)} or ${quoteGo(each.value)}`;
      this.#fail(range, `metric name must not be set twice: ${names}`);
    }
  }

  /** The operator with its modifiers. */
  #operatorRange(node: BinaryExpr): PositionRange {
    let start = node.left.range.end;
    let end = node.right.range.start - 1;
    while (isSpace(this.#query[start])) start++;
    while (isSpace(this.#query[end])) end--;
    return {start, end};
  }

  #fail(range: PositionRange, reason: string): never {
    throw new ParseError(this.#query, range, reason);
  }
}

function hasFill(matching: VectorMatching): boolean {
  return matching.fill.left !== null || matching.fill.right !== null;
}

function withInner<T extends Expr & {readonly expr: Expr}>(node: T, expr: Expr): T {
  return node.expr === expr ? node : {...node, expr};
}

function isSpace(char: string | undefined): boolean {
  return char === ' ' || char === '\t' || char === '\n' || char === '\r';
}
