// The words and signs of PromQL, and how error messages name them.

import {quoteGo} from '../../base/quote.ts';
import type {AggregateOp, BinaryOp} from '../ast.ts';

/** Tokens are named by what they look like; a keyword is named in lower case, however it was written. */
export type TokenKind =
  | 'eof'
  | 'identifier'
  | 'metricIdentifier'
  | 'number'
  | 'duration'
  | 'string'
  | '('
  | ')'
  | '{'
  | '}'
  | '['
  | ']'
  | ','
  | ':'
  | '='
  | '=~'
  | '!~'
  | '@'
  | BinaryOp
  | AggregateOp
  | 'bool'
  | 'by'
  | 'without'
  | 'on'
  | 'ignoring'
  | 'group_left'
  | 'group_right'
  | 'fill'
  | 'fill_left'
  | 'fill_right'
  | 'offset'
  | 'anchored'
  | 'smoothed'
  | 'start'
  | 'end'
  | 'step'
  | 'range'
  | 'min_of'
  | 'max_of';

/** How tight each operator binds; `^` groups to the right, all others to the left. A sign binds like `*`. */
export const precedences: ReadonlyMap<TokenKind, number> = new Map<BinaryOp, number>([
  ['or', 1],
  ['and', 2],
  ['unless', 2],
  ['==', 3],
  ['!=', 3],
  ['<', 3],
  ['>', 3],
  ['<=', 3],
  ['>=', 3],
  ['</', 3],
  ['>/', 3],
  ['+', 4],
  ['-', 4],
  ['*', 5],
  ['/', 5],
  ['%', 5],
  ['atan2', 5],
  ['^', 6],
]);
export const precedenceMin = 1;
export const powerPrecedence = 6;

export const aggregateOps: ReadonlySet<TokenKind> = new Set<AggregateOp>([
  'sum',
  'avg',
  'count',
  'min',
  'max',
  'group',
  'stddev',
  'stdvar',
  'topk',
  'bottomk',
  'count_values',
  'quantile',
  'limitk',
  'limit_ratio',
]);

/** Aggregations whose first argument is a parameter. */
export const parameterOps: ReadonlySet<AggregateOp> = new Set<AggregateOp>([
  'topk',
  'bottomk',
  'count_values',
  'quantile',
  'limitk',
  'limit_ratio',
]);

export const experimentalAggregateOps: ReadonlySet<AggregateOp> = new Set<AggregateOp>([
  'limitk',
  'limit_ratio',
]);

const modifiers: readonly TokenKind[] = [
  'bool',
  'by',
  'without',
  'on',
  'ignoring',
  'group_left',
  'group_right',
  'fill',
  'fill_left',
  'fill_right',
  'offset',
  'anchored',
  'smoothed',
];

/** Words that name functions, but mean something of their own after `@` or in a duration expression. */
export const durationWords: ReadonlySet<TokenKind> = new Set<TokenKind>([
  'step',
  'range',
  'min_of',
  'max_of',
]);
const functionWords: readonly TokenKind[] = ['start', 'end', ...durationWords];

const wordOperators: readonly TokenKind[] = ['and', 'or', 'unless', 'atan2'];

/** What each reserved word, in lower case, is read as. */
export const keywords: ReadonlyMap<string, TokenKind> = new Map<string, TokenKind>([
  ...[...wordOperators, ...aggregateOps, ...modifiers, ...functionWords].map((word) => [word, word] as const),
  ['inf', 'number'],
  ['nan', 'number'],
]);

/** Tokens that may name a metric where an expression starts. */
export const metricNameTokens: ReadonlySet<TokenKind> = new Set<TokenKind>([
  'identifier',
  'metricIdentifier',
  ...aggregateOps,
  ...functionWords,
  'and',
  'or',
  'unless',
  'by',
  'without',
  'fill',
  'fill_left',
  'fill_right',
  'offset',
  'anchored',
  'smoothed',
]);

/** Tokens that may name a label in `by (…)`, `on (…)` and the like: all words but `without`, as in Prometheus. */
export const labelNameTokens: ReadonlySet<TokenKind> = new Set<TokenKind>([
  'identifier',
  'metricIdentifier',
  ...aggregateOps,
  ...functionWords,
  ...wordOperators,
  ...modifiers.filter((word) => word !== 'without'),
]);

/** Words that are a function call where a parenthesis follows. */
export const callTokens: ReadonlySet<TokenKind> = new Set<TokenKind>(['identifier', ...functionWords]);

export function startsExpression(kind: TokenKind): boolean {
  return (
    metricNameTokens.has(kind) ||
    kind === '(' ||
    kind === '{' ||
    kind === '+' ||
    kind === '-' ||
    kind === 'number' ||
    kind === 'duration' ||
    kind === 'string'
  );
}

const modifierSet: ReadonlySet<TokenKind> = new Set(modifiers);
const operatorSet: ReadonlySet<TokenKind> = new Set<TokenKind>([...precedences.keys(), '=~', '!~', '@']);

/** Names a token in an error message: `identifier "foo"`, `<op:+>`, `"("`, `end of input`. */
export function describeToken(kind: TokenKind, text: string): string {
  switch (kind) {
    case 'eof':
      return 'end of input';
    case 'identifier':
      return `identifier ${quoteGo(text)}`;
    case 'metricIdentifier':
      return `metric identifier ${quoteGo(text)}`;
    case 'string':
    case 'number':
    case 'duration':
      return `${kind} ${abbreviate(text)}`;
  }
  if (modifierSet.has(kind)) return `<${text}>`;
  if (operatorSet.has(kind)) return `<op:${text}>`;
  if (aggregateOps.has(kind)) return `<aggr:${text}>`;
  return quoteGo(text);
}

/** The first ten characters of what takes more than ten bytes. */
function abbreviate(text: string): string {
  if (new TextEncoder().encode(text).length <= 10) return quoteGo(text);
  return `${quoteGo(Array.from(text).slice(0, 10).join(''))}...`;
}
