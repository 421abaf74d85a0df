import assert from 'node:assert/strict';
import test from 'node:test';
import {exampleGroups, examplesFor} from './examples.ts';

test('examplesFor() offers only what has data', () => {
  assert.deepEqual(examplesFor([]), []);
  const [group, ...rest] = examplesFor(['up', 'node_memory_MemTotal_bytes']);
  assert.equal(rest.length, 0);
  assert.deepEqual(
    group?.examples.map(({expr}) => expr),
    ['up', 'count by (job) (up == 0)'],
  );
});

test('every example names the metrics that it reads', () => {
  for (const {examples} of exampleGroups) {
    for (const {expr, needs} of examples) {
      for (const name of needs) assert.ok(expr.includes(name), `${expr} does not read ${name}`);
    }
  }
});
