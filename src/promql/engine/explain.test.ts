import assert from 'node:assert/strict';
import test from 'node:test';
import {labelsOf} from '../../model/labels.ts';
import {MemoryStore} from '../../storage/memory.ts';
import {Engine} from './engine.ts';
import type {ExplainNode} from './explain.ts';

const store = new MemoryStore();
for (let i = 0; i < 3; i++) {
  for (let sample = 0; sample < 10; sample++) {
    store.append(labelsOf({__name__: 'a_total', i: String(i)}), sample * 10_000, sample * i);
  }
}

const engine = new Engine({lookbackDeltaMs: 300_000, maxSamples: 1e6});

function explain(query: string): {root: ExplainNode; totalSamples: number} {
  const {explain: root, stats} = engine.execRange(store, query, {
    startMs: 60_000,
    endMs: 90_000,
    stepMs: 10_000,
    explain: true,
  });
  return {root: root!, totalSamples: stats.samples.totalQueryableSamples};
}

/** `expr series/points/samples`, children indented. */
function textOf(node: ExplainNode, indent = ''): string {
  const {expr, series, points, samples, repeated} = node;
  const line = `${indent}${expr} ${series}/${points}/${samples}${repeated ? ' repeated' : ''}`;
  return [line, ...node.children.map((child) => textOf(child, `${indent}  `))].join('\n');
}

test('explain counts series, points and samples of each node', () => {
  function f(query: string, expected: string[]): void {
    assert.equal(textOf(explain(query).root), expected.join('\n'));
  }
  f('sum(rate(a_total[30s])) / 2', [
    'sum(rate(a_total[30s])) / 2 1/4/36',
    '  sum(rate(a_total[30s])) 1/4/36',
    '    rate(a_total[30s]) 3/12/36',
    '      a_total[30s] 3/18/18',
    '  2 1/4/0',
  ]);
  f('(a_total) > 3', ['(a_total) > 3 2/8/12', '  a_total 3/12/12', '  3 1/4/0']);
  f('a_total + a_total', ['a_total + a_total 3/12/24', '  a_total 3/12/12', '  a_total 3/12/12 repeated']);
  f('max_over_time(a_total[30s:10s])', [
    'max_over_time(a_total[30s:10s]) 3/12/36',
    '  a_total[30s:10s] 3/18/0',
    '    a_total 3/18/18',
  ]);
  f('vector(scalar(sum(a_total)))', [
    'vector(scalar(sum(a_total))) 1/4/0',
    '  scalar(sum(a_total)) 1/4/12',
    '    sum(a_total) 1/4/12',
    '      a_total 3/12/12',
  ]);
});

test('explain takes time beneath a node into it, and says where nodes stand', () => {
  const query = 'sum(rate(a_total[30s]))  +  count(a_total)';
  const {root, totalSamples} = explain(query);
  const [left, right] = root.children;
  assert.ok(root.seconds > 0 && root.seconds >= left!.seconds + right!.seconds);
  assert.ok(left!.seconds >= left!.children[0]!.seconds);
  assert.equal(root.samples, totalSamples);
  assert.equal(query.slice(right!.start, right!.end), 'count(a_total)');
  assert.deepEqual(
    [root.kind, left!.kind, left!.children[0]!.kind, left!.children[0]!.children[0]!.kind],
    ['binary', 'aggregate', 'call', 'matrixSelector'],
  );
});

test('nothing is explained unless it was asked for', () => {
  assert.equal(engine.execInstant(store, 'a_total', {timeMs: 0}).explain, null);
  const whole = engine.execInstant(store, 'a_total[20s]', {timeMs: 90_000, explain: true});
  assert.equal(textOf(whole.explain!), 'a_total[20s] 3/6/6');
});
