import assert from 'node:assert/strict';
import test from 'node:test';
import type {ExplainNode} from '../api/types.ts';
import {rowsOf, withoutLiterals} from './explain-rows.ts';

function node(query: string, expr: string, seconds: number, children: ExplainNode[] = []): ExplainNode {
  const start = query.indexOf(expr);
  const kind = /^\d+$/.test(expr) ? 'number' : children.length > 0 ? 'call' : 'vectorSelector';
  const counts = {series: 1, points: 1, samples: 1, repeated: false};
  return {kind, expr, start, end: start + expr.length, seconds, ...counts, children};
}

const query = 'sum(\n  rate(a[5m])\n) / 10 + b';
const rate = node(query, 'rate(a[5m])', 6, [node(query, 'a[5m]', 4)]);
const sum = node(query, 'sum(\n  rate(a[5m])\n)', 7, [rate]);
const quotient = node(query, 'sum(\n  rate(a[5m])\n) / 10', 7.5, [sum, node(query, '10', 0)]);
const root = node(query, query, 10, [quotient, node(query, 'b', 1)]);

test('rowsOf() cuts the children out of each node, and leaves its own time', () => {
  const rows = rowsOf(withoutLiterals(root), new Set());
  assert.deepEqual(
    rows.map(({parts, depth, selfSeconds, share}) => [
      parts.map((part) => part ?? '…').join(''),
      depth,
      selfSeconds,
      share,
    ]),
    [
      ['… + …', 0, 1.5, 1],
      ['… / 10', 1, 0.5, 0.75],
      ['sum( … )', 2, 1, 0.7],
      ['rate(…)', 3, 2, 0.6],
      ['a[5m]', 4, 4, 0.4],
      ['b', 1, 1, 0.1],
    ],
  );
});

test('withoutLiterals() leaves out what was evaluated elsewhere', () => {
  const [row] = rowsOf(withoutLiterals({...rate, repeated: true}), new Set());
  assert.deepEqual(row!.parts, ['rate(a[5m])']);
});

test('rowsOf() draws lines to later siblings and leaves out what is closed', () => {
  const rows = rowsOf(withoutLiterals(root), new Set(['0.0.0']));
  assert.deepEqual(
    rows.map(({path, lines}) => [path, lines]),
    [
      ['0', []],
      ['0.0', [true]],
      ['0.0.0', [true, false]],
      ['0.1', [false]],
    ],
  );
});

test('rowsOf() knows no share of nothing', () => {
  const [row] = rowsOf(node('b', 'b', 0), new Set());
  assert.equal(row!.share, 0);
});
