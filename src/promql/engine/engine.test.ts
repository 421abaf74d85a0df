import assert from 'node:assert/strict';
import test from 'node:test';
import {stale} from '../../storage/memory.ts';
import type {Queryable} from '../../storage/querier.ts';
import {failure, instant, newEngine, range, storeOf} from './testing/evaluate.ts';

test('an instant selector looks back over a left-open interval', () => {
  const store = storeOf({a: [1]});
  assert.deepEqual(instant(store, 'a', 0), ['{__name__="a"} 1']);
  assert.deepEqual(instant(store, 'a', 299_999), ['{__name__="a"} 1']);
  assert.deepEqual(instant(store, 'a', 300_000), []);
  assert.deepEqual(instant(store, 'a', -1), []);
  assert.deepEqual(instant(store, 'a', 1001, {lookbackDeltaMs: 1000}), []);
  assert.deepEqual(instant(store, 'a offset -10s', -10_000), ['{__name__="a"} 1']);
});

test('a stale marker ends a series at once, and only that NaN does', () => {
  const store = storeOf({a: [1, stale], b: [1, NaN]});
  assert.deepEqual(instant(store, '{__name__=~"a|b"}', 10_000), ['{__name__="b"} NaN']);
  assert.deepEqual(instant(store, 'count_over_time(a[1m])', 10_000), ['{} 1']);
  assert.deepEqual(instant(store, 'count_over_time(b[1m])', 10_000), ['{} 2']);
  assert.deepEqual(instant(store, 'a[1m]', 10_000), ['{__name__="a"} 1@0']);
  assert.deepEqual(instant(store, 'b[1m]', 10_000), ['{__name__="b"} 1@0 NaN@10']);
});

test('a range selector leaves out the first instant of its window', () => {
  const store = storeOf({a: [1, 2, 3]});
  assert.deepEqual(instant(store, 'a[20s]', 20_000), ['{__name__="a"} 2@10 3@20']);
  assert.deepEqual(instant(store, 'a[20001ms]', 20_000), ['{__name__="a"} 1@0 2@10 3@20']);
  assert.deepEqual(instant(store, 'sum_over_time(a[20s] offset 10s)', 30_000), ['{} 5']);
});

test('@ fixes the time of evaluation, before any offset, at every step', () => {
  const store = storeOf({a: [1, 2, 3, 4, 5]});
  assert.deepEqual(range(store, 'a @ 20 offset 10s', [0, 40_000, 20_000]), ['{__name__="a"} 2@0 2@20 2@40']);
  assert.deepEqual(range(store, 'a @ start()', [10_000, 30_000, 20_000]), ['{__name__="a"} 2@10 2@30']);
  assert.deepEqual(range(store, 'sum_over_time(a[20s] @ end())', [10_000, 30_000, 20_000]), ['{} 7@10 7@30']);
  assert.deepEqual(range(store, 'predict_linear(a[1m] @ 40, 0)', [0, 100_000, 50_000]), [
    '{} 1@0 6@50 11@100',
  ]);
  assert.deepEqual(range(store, 'timestamp(a @ 15)', [0, 40_000, 20_000]), ['{} 10@0 10@20 10@40']);
});

test('subqueries evaluate at multiples of their step', () => {
  const store = storeOf({a: [1, 2, 3, 4, 5, 6, 7]});
  assert.deepEqual(instant(store, 'a[30s:7s]', 40_000), ['{__name__="a"} 2@14 3@21 3@28 4@35']);
  assert.deepEqual(instant(store, 'max_over_time(a[40s:20s] offset 10s)', 60_000), ['{} 5']);
  // Windows are open on the left, so that 20 s is not in (20 s, 60 s].
  assert.deepEqual(instant(store, 'count_over_time(a[40s:20s])', 60_000), ['{} 2']);
  assert.deepEqual(instant(store, 'sum_over_time(vector(1)[3m:])', 180_000), ['{} 3']);
  assert.deepEqual(
    instant(store, 'sum_over_time(vector(1)[3m:])', 180_000, {defaultEvalIntervalMs: 30_000}),
    ['{} 6'],
  );
  assert.deepEqual(instant(store, 'sum_over_time(vector(time())[20s:10s])', 60_000), ['{} 110']);
});

test('topk and sort put NaN last and order an instant result', () => {
  const store = storeOf({'a{i=1}': [3], 'a{i=2}': [NaN], 'a{i=3}': [5], 'a{i=4}': [5], 'a{i=5}': [1]});
  assert.deepEqual(instant(store, 'topk(2, a)', 0), ['{__name__="a", i="4"} 5', '{__name__="a", i="3"} 5']);
  assert.deepEqual(instant(store, 'bottomk(2, a)', 0), [
    '{__name__="a", i="5"} 1',
    '{__name__="a", i="1"} 3',
  ]);
  assert.deepEqual(instant(store, 'topk(10, a)', 0).at(-1), '{__name__="a", i="2"} NaN');
  assert.deepEqual(instant(store, 'topk(0, a)', 0), []);
  assert.equal(failure(() => instant(store, 'topk(NaN, a)', 0)).message, 'Parameter value is NaN');
  assert.equal(
    failure(() => instant(store, 'topk(1e30, a)', 0)).message,
    'Scalar value 1e+30 overflows int64',
  );
  assert.deepEqual(
    instant(store, 'sort(a)', 0).map((line) => line.slice(-3)),
    ['} 1', '} 3', '} 5', '} 5', 'NaN'],
  );
  assert.deepEqual(
    instant(store, 'sort_desc(a)', 0).map((line) => line.slice(-3)),
    ['} 5', '} 5', '} 3', '} 1', 'NaN'],
  );
});

test('absent() knows what its matchers say', () => {
  const store = storeOf({});
  const f = (query: string, expected: string): void =>
    assert.deepEqual(instant(store, query, 0), [expected], query);
  f('absent(a)', '{} 1');
  f('absent(a{x="1", y=~".*", z!="3"})', '{x="1"} 1');
  f('absent(a{x="1", x="2", y="3"})', '{y="3"} 1');
  f('absent_over_time(a{x="1"}[5m])', '{x="1"} 1');
  f('absent(sum(a{x="1"}))', '{} 1');
  assert.deepEqual(
    range(storeOf({a: [1, null, 3]}), 'absent(a)', [0, 20_000, 10_000], newEngine({lookbackDeltaMs: 5000})),
    ['{} 1@10'],
  );
});

test('range results are sorted by labels, instant results as they were selected', () => {
  const store = storeOf({'b{x=2}': [1], 'a{x=3}': [2], 'b{x=1}': [3]});
  const all = '{__name__=~".+"}';
  assert.deepEqual(
    range(store, all, [0, 0, 1]).map((line) => line.slice(0, 24)),
    ['{__name__="a", x="3"} 2@', '{__name__="b", x="1"} 3@', '{__name__="b", x="2"} 1@'],
  );
  assert.deepEqual(
    instant(store, all, 0).map((line) => line.slice(-1)),
    ['1', '2', '3'],
  );
  assert.deepEqual(instant(store, 'sum by (x) (b)', 0), ['{x="2"} 1', '{x="1"} 3']);
});

test('absent() takes labels from matchers in the order of selection', () => {
  const store = storeOf({'a{x=1}': [1]});
  assert.deepEqual(instant(store, 'absent(b{x!~"2",x="1"})', 0), ['{} 1']);
  assert.deepEqual(instant(store, 'absent(b{x="1",x!~"2"})', 0), ['{} 1']);
  assert.deepEqual(instant(store, 'absent(b{x=~"(1|2)?",x="1"})', 0), ['{x="1"} 1']);
});

test('a subquery without steps has no series', () => {
  const store = storeOf({'a{x=1}': [1, 2, 3]});
  const {value} = newEngine().execInstant(store, '(a @ 10)[5s:1m]', {timeMs: 20_000});
  assert.deepEqual(value, {kind: 'matrix', series: []});
});

test('smoothing factors out of bounds matter only where there are samples', () => {
  const store = storeOf({'a{x=1}': [1, 2]});
  assert.deepEqual(instant(store, 'double_exponential_smoothing(b[1m], 2, 0.5)', 10_000), []);
  assert.deepEqual(instant(store, 'double_exponential_smoothing(a[1s], 0.5, 0.5)', 0), []);
  const message = 'invalid trend factor. Expected: 0 < tf < 1, got: 1.500000';
  assert.throws(() => instant(store, 'double_exponential_smoothing(a[1s], 0.5, 1.5)', 0), {message});
});

test('what is no query of its kind is refused', () => {
  const store = storeOf({});
  const f = (query: string, message: string): void => {
    assert.deepEqual(
      failure(() => range(store, query, [0, 1000, 1000])),
      {kind: 'bad_data', message},
    );
  };
  f('a[5m]', 'invalid expression type "range vector" for range query, must be Scalar or instant Vector');
  f('"text"', 'invalid expression type "string" for range query, must be Scalar or instant Vector');
  f('sum_over_time(a[range() - 1s])', '16:28: duration must be greater than 0');
  assert.deepEqual(instant(store, '"text"', 0), ['text']);
  assert.deepEqual(instant(store, '1 + 2 * 3', 0), ['7']);
  assert.deepEqual(range(store, 'time()', [0, 20_000, 10_000]), ['{} 0@0 10@10 20@20']);
});

test('rounding, clamping and dates at their edges', () => {
  const store = storeOf({a: [1]});
  const f = (query: string, expected: number): void =>
    assert.deepEqual(instant(store, query, 0), [`{} ${expected}`], query);
  f('round(vector(-2.5))', -2);
  f('round(vector(2.449), 0.1)', 2.4);
  f('clamp(vector(NaN), 1, 2)', NaN);
  f('clamp_max(vector(NaN), -Inf)', -Infinity);
  f('log10(vector(1000))', 3);
  f('log2(vector(8))', 3);
  f('vector(1) ^ NaN', 1);
  f('vector(-7) % 3', -1);
  f('sgn(vector(-0.5))', -1);
  f('day_of_week(vector(0))', 4);
  f('year(vector(-1))', 1969);
  f('day_of_year(vector(951782400))', 60);
  f('days_in_month(vector(951782400))', 29);
  f('month(vector(4102444799))', 12);
  f('hour(vector(-1))', 23);
  assert.deepEqual(instant(store, 'clamp(a, 2, 1)', 0), []);
});

test('what a query contains twice is evaluated once', () => {
  const store = storeOf({'a{x=1}': [1, 2, 3], 'a{x=2}': [4, 5, 6]});
  let selected = 0;
  const counting: Queryable = {
    querier(times, symbols) {
      const querier = store.querier(times, symbols);
      const select = querier.select.bind(querier);
      querier.select = (matchers, hints) => {
        selected++;
        return select(matchers, hints);
      };
      return querier;
    },
  };
  const f = (query: string, selects: number, engine = newEngine(), endMs = 20_000): void => {
    selected = 0;
    const got = range(counting, query, [0, endMs, 10_000], engine);
    assert.equal(selected, selects, query);
    assert.ok(got.length > 0);
  };
  f('a', 1);
  f('a + a', 1);
  f('(a) - ((a))', 1);
  f('sum(rate(a[1m])) / count(rate(a[1m]))', 1);
  f('a or a unless a', 1);
  f('sum(a) + sum(a) + count(a)', 1);
  f('max_over_time(sum(a)[20s:10s]) + sum(a)', 2);
  f('a + a offset 10s', 2);
  f('rate(a[1m]) >= rate(a[20s]) - 1', 2);
  // Too much to keep: evaluated again.
  f('a + a', 1, newEngine({maxBytes: 2_500_000}), 20_000_000);
  f('a + a', 2, newEngine({maxBytes: 250_000}), 20_000_000);
  const {infos, stats} = newEngine().execRange(store, 'rate(a[1m]) +\n rate(a[1m])', {
    startMs: 20_000,
    endMs: 20_000,
    stepMs: 1,
  });
  assert.match(infos[0]!, /\(2:7\)$/);
  assert.equal(stats.samples.totalQueryableSamples, 12);
});
