// The syntax tree of PromQL: plain, immutable objects told apart by `kind`. The parser makes them, the type checker has
// passed them, and whoever changes a tree makes new nodes (see `mapExpr`).

import type {Matcher} from '../model/matcher.ts';
import type {FunctionSignature} from './functions.ts';

export type ValueType = 'none' | 'scalar' | 'vector' | 'matrix' | 'string';

/**
 * Where a node stands in the query: offsets into its text as JavaScript counts them, `end` exclusive. What users see
 * (`1:5`) comes from `formatPosition`, which counts as Prometheus does.
 */
export interface PositionRange {
  readonly start: number;
  readonly end: number;
}

export type Expr =
  | AggregateExpr
  | BinaryExpr
  | Call
  | MatrixSelector
  | NumberLiteral
  | ParenExpr
  | StringLiteral
  | SubqueryExpr
  | UnaryExpr
  | VectorSelector;

export interface NumberLiteral {
  readonly kind: 'number';
  readonly value: number;
  /** Written as a duration (`5m`), in which case `value` counts seconds; only the printer cares. */
  readonly duration: boolean;
  readonly range: PositionRange;
}

export interface StringLiteral {
  readonly kind: 'string';
  readonly value: string;
  readonly range: PositionRange;
}

export interface ParenExpr {
  readonly kind: 'paren';
  readonly expr: Expr;
  readonly range: PositionRange;
}

export interface UnaryExpr {
  readonly kind: 'unary';
  readonly op: '+' | '-';
  readonly expr: Expr;
  readonly range: PositionRange;
}

export type ArithmeticOp = '+' | '-' | '*' | '/' | '%' | '^' | 'atan2';
export type ComparisonOp = '==' | '!=' | '>' | '<' | '>=' | '<=';
export type SetOp = 'and' | 'or' | 'unless';
/** `</` keeps the observations below, `>/` those above a bound. */
export type TrimOp = '</' | '>/';
export type BinaryOp = ArithmeticOp | ComparisonOp | SetOp | TrimOp;

export interface BinaryExpr {
  readonly kind: 'binary';
  readonly op: BinaryOp;
  readonly left: Expr;
  readonly right: Expr;
  /** The `bool` modifier: a comparison that answers 0 or 1 instead of filtering. */
  readonly bool: boolean;
  /** Null unless both sides are instant vectors. */
  readonly matching: VectorMatching | null;
  readonly range: PositionRange;
}

export type Cardinality = 'one-to-one' | 'many-to-one' | 'one-to-many' | 'many-to-many';

export interface VectorMatching {
  /** 'many-to-one' is group_left, 'one-to-many' is group_right, 'many-to-many' all set operators. */
  readonly card: Cardinality;
  /** `on(labels)` where `on`, else `ignoring(labels)`, empty when nothing was written. */
  readonly labels: readonly string[];
  readonly on: boolean;
  /** Labels that group_left or group_right copies from the "one" side. */
  readonly include: readonly string[];
  /** Values for series that have no partner: `left` stands in for a missing left side. Null = leave out. */
  readonly fill: {readonly left: number | null; readonly right: number | null};
}

export type AggregateOp =
  | 'sum'
  | 'avg'
  | 'count'
  | 'min'
  | 'max'
  | 'group'
  | 'stddev'
  | 'stdvar'
  | 'topk'
  | 'bottomk'
  | 'count_values'
  | 'quantile'
  | 'limitk'
  | 'limit_ratio';

export interface AggregateExpr {
  readonly kind: 'aggregate';
  readonly op: AggregateOp;
  readonly expr: Expr;
  /** topk, bottomk, limitk, limit_ratio, quantile: a scalar; count_values: a string; others: null. */
  readonly param: Expr | null;
  readonly grouping: readonly string[];
  readonly without: boolean;
  readonly range: PositionRange;
}

export interface Call {
  readonly kind: 'call';
  readonly func: FunctionSignature;
  readonly args: readonly Expr[];
  readonly range: PositionRange;
}

/** The `@` modifier: milliseconds since the epoch, the query's start or end, or nothing. */
export type At = number | 'start' | 'end' | null;

export interface VectorSelector {
  readonly kind: 'vectorSelector';
  /** The metric name written before the braces, or ''. It is also among the matchers (`__name__`, last). */
  readonly name: string;
  readonly matchers: readonly Matcher[];
  /** As written: positive looks back. Whole milliseconds. 0 where `offsetExpr` is set. */
  readonly offsetMs: number;
  /** An offset that needs the query's step or range, to be resolved before evaluation. */
  readonly offsetExpr: DurationExpr | null;
  readonly at: At;
  readonly anchored: boolean;
  readonly smoothed: boolean;
  readonly range: PositionRange;
}

export interface MatrixSelector {
  readonly kind: 'matrixSelector';
  /** Holds the matchers, offset and @ of the range selector. */
  readonly selector: VectorSelector;
  /** Whole milliseconds; 0 where `rangeExpr` is set. */
  readonly rangeMs: number;
  readonly rangeExpr: DurationExpr | null;
  readonly range: PositionRange;
}

export interface SubqueryExpr {
  readonly kind: 'subquery';
  readonly expr: Expr;
  readonly rangeMs: number;
  readonly rangeExpr: DurationExpr | null;
  /** 0 where `stepExpr` is set, or where none was written: then the default evaluation interval counts. */
  readonly stepMs: number;
  readonly stepExpr: DurationExpr | null;
  readonly offsetMs: number;
  readonly offsetExpr: DurationExpr | null;
  readonly at: At;
  readonly range: PositionRange;
}

export type DurationOp = '+' | '-' | '*' | '/' | '%' | '^' | 'step' | 'range' | 'min_of' | 'max_of';

/** Arithmetic on durations inside brackets or after `offset`; operands count seconds. */
export interface DurationExpr {
  readonly kind: 'duration';
  readonly op: DurationOp;
  /** Null for `step()` and `range()`, and for unary plus and minus. */
  readonly left: DurationOperand | null;
  /** Null for `step()` and `range()`. */
  readonly right: DurationOperand | null;
  /** Written in parentheses; only the printer cares. */
  readonly wrapped: boolean;
  readonly range: PositionRange;
}

export type DurationOperand = NumberLiteral | DurationExpr;
