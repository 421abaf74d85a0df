import assert from 'node:assert/strict';
import test from 'node:test';
import {failure, instant, newEngine, range, storeOf} from './testing/evaluate.ts';

test('of several conflicts at one step, that of the match comes first', () => {
  const store = storeOf({
    'm{__type__=x,j=1}': [1],
    'm{__type__=y,j=1}': [1],
    'm{__type__=x,j=2}': [1],
    'o{__type__=x}': [1],
    'o{__type__=y}': [1],
  });
  assert.equal(
    failure(() => instant(store, 'm * ignoring (j) o', 0)).message,
    'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)',
  );
});

test('vector matching reports what is not unique', () => {
  const store = storeOf({'a{x=1,y=1}': [1], 'a{x=1,y=2}': [2], 'b{x=1}': [3], 'b{x=2}': [4]});
  const f = (query: string, message: string): void => {
    assert.deepEqual(
      failure(() => instant(store, query, 0)),
      {kind: 'execution', message},
      query,
    );
  };
  f(
    'b + on (x) a',
    'found duplicate series for the match group {x="1"} on the right hand-side of the operation: ' +
      '[{__name__="a", x="1", y="1"}, {__name__="a", x="1", y="2"}];many-to-many matching not allowed: ' +
      'matching labels must be unique on one side',
  );
  f(
    'a + on (x) group_right () b',
    'found duplicate series for the match group {x="1"} on the left hand-side of the operation: ' +
      '[{__name__="a", x="1", y="1"}, {__name__="a", x="1", y="2"}];many-to-many matching not allowed: ' +
      'matching labels must be unique on one side',
  );
  f(
    'a + on (x) b',
    'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)',
  );
  // Also where the comparison would drop them.
  f(
    'a > on (x) b',
    'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)',
  );
  f(
    'sum by (x, y) (a) + on (x) group_left (y) sum by (x) (b)',
    'multiple matches for labels: grouping labels must ensure unique matches',
  );
  assert.deepEqual(instant(store, 'a + on (x) group_left () b', 0), ['{x="1", y="1"} 4', '{x="1", y="2"} 5']);
});

test('a conflict counts only where there is something to match', () => {
  const store = storeOf({'a{x=1}': [null, 1], 'b{x=1,y=1}': [3], 'b{x=1,y=2}': [4], 'c{x=1,y=1}': [5, 6]});
  const engine = newEngine({lookbackDeltaMs: 5000});
  assert.deepEqual(range(store, 'a + on (x) b', [0, 0, 10_000], engine), []);
  assert.deepEqual(range(store, 'a + on (x) (b or c)', [10_000, 10_000, 10_000], engine), ['{x="1"} 7@10']);
  assert.match(
    failure(() => range(store, 'c + on (x) b', [0, 10_000, 10_000], engine)).message,
    /^found duplicate series/,
  );
});
