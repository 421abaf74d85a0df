// Syntax trees as short text, `(+ (rate (range 300000 a)) 1)`, for tests: the printer hides how operators group.

import type {Json} from '../astjson.ts';

type Node = {readonly [key: string]: Json};

/** `json` is what exprToJson() gives. */
export function treeOf(json: Json): string {
  const node = json as Node;
  switch (node['type']) {
    case 'numberLiteral':
      return `${text(node, 'val')}${node['duration'] === true ? 's' : ''}`;
    case 'stringLiteral':
      return JSON.stringify(node['val']);
    case 'parenExpr':
      return list('paren', sub(node, 'expr'));
    case 'unaryExpr':
      return list(text(node, 'op'), sub(node, 'expr'));
    case 'binaryExpr':
      return list(text(node, 'op'), ...modifiersOf(node), sub(node, 'lhs'), sub(node, 'rhs'));
    case 'aggregation': {
      const grouping = names(node, 'grouping');
      const group =
        node['without'] === true ? [`without${grouping}`] : grouping === '[]' ? [] : [`by${grouping}`];
      return list(text(node, 'op'), ...group, sub(node, 'param'), sub(node, 'expr'));
    }
    case 'call':
      return list(text(node['func'] as Node, 'name'), ...(node['args'] as readonly Json[]).map(treeOf));
    case 'vectorSelector':
      return withTime(node, seriesOf(node));
    case 'matrixSelector':
      return withTime(node, list('range', durationOf(node, 'range'), seriesOf(node)));
    case 'subquery':
      return withTime(
        node,
        list('subquery', durationOf(node, 'range'), durationOf(node, 'step'), sub(node, 'expr')),
      );
    case 'durationExpr': {
      const whole = list(text(node, 'op'), sub(node, 'lhs'), sub(node, 'rhs'));
      return node['wrapped'] === true ? list('paren', whole) : whole;
    }
  }
  throw new TypeError(`cannot show ${JSON.stringify(json)}`);
}

function list(...items: readonly string[]): string {
  return `(${items.filter((item) => item !== '').join(' ')})`;
}

function text(node: Node, key: string): string {
  return String(node[key] as number | string | null);
}

function sub(node: Node, key: string): string {
  const child = node[key];
  return child === null || child === undefined ? '' : treeOf(child);
}

function names(node: Node, key: string): string {
  return `[${(node[key] as readonly string[]).join(',')}]`;
}

function modifiersOf(node: Node): string[] {
  const shown = node['bool'] === true ? ['bool'] : [];
  const matching = node['matching'] as Node | null;
  if (matching === null) return shown;
  if (matching['card'] !== 'one-to-one') shown.push(text(matching, 'card'));
  if (matching['on'] === true) shown.push(`on${names(matching, 'labels')}`);
  else if (names(matching, 'labels') !== '[]') shown.push(`ignoring${names(matching, 'labels')}`);
  if (names(matching, 'include') !== '[]') shown.push(`include${names(matching, 'include')}`);
  const fill = matching['fillValues'] as Node;
  if (fill['lhs'] !== null) shown.push(`fill_left=${text(fill, 'lhs')}`);
  if (fill['rhs'] !== null) shown.push(`fill_right=${text(fill, 'rhs')}`);
  return shown;
}

function seriesOf(node: Node): string {
  const matchers = (node['matchers'] as readonly Node[]).map(
    (each) => `${text(each, 'name')}${text(each, 'type')}${JSON.stringify(each['value'])}`,
  );
  const series = `${text(node, 'name')}{${matchers.join(',')}}`;
  if (node['anchored'] === true) return list('anchored', series);
  return node['smoothed'] === true ? list('smoothed', series) : series;
}

function durationOf(node: Node, key: string): string {
  return node[`${key}Expr`] === null ? text(node, key) : sub(node, `${key}Expr`);
}

function withTime(node: Node, inner: string): string {
  let shown = inner;
  if (node['offset'] !== 0 || node['offsetExpr'] !== null)
    shown = list('offset', durationOf(node, 'offset'), shown);
  if (node['timestamp'] !== null) shown = list('@', text(node, 'timestamp'), shown);
  if (node['startOrEnd'] !== null) shown = list('@', text(node, 'startOrEnd'), shown);
  return shown;
}
