import assert from 'node:assert/strict';
import test from 'node:test';
import {arrangeRows, nextSorting, rowsOf, type Sorting} from './result-rows.ts';

const rows = rowsOf([
  {metric: {__name__: 'up', instance: 'host10'}, value: [1, '5']},
  {metric: {__name__: 'up', instance: 'host2'}, value: [1, 'NaN']},
  {metric: {__name__: 'up', instance: 'host1'}, value: [1, '+Inf']},
  {metric: {__name__: 'up'}, value: [1, '-Inf']},
  {metric: {instance: 'h'}, histogram: [1, {count: '1', sum: '2'}]},
]);

test('arrangeRows() filters by words and sorts by value, name or label', () => {
  function f(filter: string, sorting: Sorting | null, expected: string[]): void {
    assert.deepEqual(
      arrangeRows(rows, filter, sorting).map(({labels}) => labels['instance'] ?? ''),
      expected,
    );
  }
  f('', null, ['host10', 'host2', 'host1', '', 'h']);
  f('UP host', null, ['host10', 'host2', 'host1']);
  f('zebra', null, []);
  f('up', {column: 'value', descending: true}, ['host1', 'host10', '', 'host2']);
  f('up', {column: 'value', descending: false}, ['host2', '', 'host10', 'host1']);
  f('host', {column: {label: 'instance'}, descending: false}, ['host1', 'host2', 'host10']);
  f('host', {column: 'series', descending: true}, ['host10', 'host2', 'host1']);
});

test('nextSorting() goes through both directions and back to none', () => {
  const first = nextSorting(null, 'value');
  assert.deepEqual(first, {column: 'value', descending: true});
  const second = nextSorting(first, 'value');
  assert.deepEqual(second, {column: 'value', descending: false});
  assert.equal(nextSorting(second, 'value'), null);
  assert.deepEqual(nextSorting(first, {label: 'job'}), {column: {label: 'job'}, descending: false});
  assert.equal(nextSorting({column: {label: 'job'}, descending: true}, {label: 'job'}), null);
});
