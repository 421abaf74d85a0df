import assert from 'node:assert/strict';
import test from 'node:test';
import {failure, instant, newEngine, range, storeOf} from './testing/evaluate.ts';

test('names go where the metric becomes another, and stay in filters', () => {
  const store = storeOf({'a{x=1}': [1, 2, 3]});
  for (const query of [
    '-a',
    'abs(a)',
    'a + 1',
    'a > bool 0',
    'rate(a[1m]) * 0 + 3',
    'timestamp(a) * 0 + 3',
  ]) {
    assert.ok(instant(store, query, 20_000)[0]!.startsWith('{x="1"}'), query);
  }
  for (const query of [
    'a',
    'a > 0',
    'last_over_time(a[1m])',
    'first_over_time(a[1m])',
    'a and a',
    'topk(1, a)',
    '+a',
  ]) {
    assert.ok(instant(store, query, 20_000)[0]!.startsWith('{__name__="a", x="1"}'), query);
  }
});

test('what would have the same labels twice is refused, or merged where it is at other times', () => {
  const store = storeOf({'a{x=1}': [1, 2, null], 'b{x=1}': [null, null, 3, 4]});
  const both = '{__name__=~"a|b"}';
  const message = 'vector cannot contain metrics with the same labelset';
  for (const query of [
    `abs(${both})`,
    `-${both}`,
    `${both} * 2`,
    `rate(${both}[1m])`,
    `label_replace(${both}, "__name__", "c", "", "")`,
  ]) {
    assert.deepEqual(
      failure(() => instant(store, query, 30_000)),
      {kind: 'execution', message},
      query,
    );
  }
  // A lookback below the interval: a ends where b begins.
  const engine = newEngine({lookbackDeltaMs: 5000});
  assert.deepEqual(range(store, `-${both}`, [0, 30_000, 10_000], engine), ['{x="1"} -1@0 -2@10 -3@20 -4@30']);
  assert.deepEqual(range(store, `${both} + 1`, [0, 30_000, 10_000], engine), ['{x="1"} 2@0 3@10 4@20 5@30']);
  // Types and units go with the names.
  const typed = storeOf({'a{x=1,__type__=gauge}': [1], 'a{x=1,__type__=counter}': [2]});
  for (const query of ['abs(a)', 'last_over_time(a[1m]) + 1', 'max without () (a) * 2']) {
    assert.deepEqual(
      failure(() => instant(typed, query, 0)),
      {kind: 'execution', message},
      query,
    );
  }
  // Where only the presence of any counts, equal labels do not matter.
  assert.deepEqual(instant(store, `absent_over_time(${both}[1m])`, 30_000), []);
  assert.deepEqual(instant(store, `absent_over_time(${both}[1m])`, 200_000), ['{} 1']);
  // Functions over windows do not merge.
  assert.deepEqual(
    failure(() => range(store, `sum_over_time(${both}[5s])`, [0, 30_000, 10_000], engine)),
    {kind: 'execution', message},
  );
});

test('delayed name removal keeps names until the end', () => {
  const engine = newEngine({}, {delayedNameRemoval: true});
  const store = storeOf({'a{x=1}': [1], 'b{x=1}': [2], 'c{x=2}': [3]});
  assert.deepEqual(
    instant(store, 'label_replace(abs({__name__=~"a|b"}), "kind", "$1", "__name__", "(.*)")', 0, {engine}),
    ['{kind="a", x="1"} 1', '{kind="b", x="1"} 2'],
  );
  assert.deepEqual(instant(store, 'abs(a)', 0, {engine}), ['{x="1"} 1']);
  assert.deepEqual(instant(store, 'label_replace(abs(c), "__name__", "d", "", "")', 0, {engine}), [
    '{__name__="d", x="2"} 3',
  ]);
  assert.equal(
    failure(() => instant(store, 'abs({__name__=~"a|b"})', 0, {engine})).message,
    'vector cannot contain metrics with the same labelset',
  );
});

test('with delayed name removal, equal labels within an instant query are no error', () => {
  const engine = newEngine({}, {delayedNameRemoval: true});
  const store = storeOf({'a{__type__=counter,x=1}': [1], 'a{__type__=gauge,x=1}': [2]});
  const message = 'vector cannot contain metrics with the same labelset';
  assert.deepEqual(instant(store, 'sum by (x) (abs(a + a))', 0, {engine}), ['{x="1"} 6']);
  assert.equal(failure(() => instant(store, 'a + a', 0, {engine})).message, message);
  assert.equal(failure(() => instant(store, 'sum by (x) (a + a)', 0)).message, message);
  assert.equal(failure(() => range(store, 'sum(a + a)', [0, 10_000, 10_000], engine)).message, message);
  // A range is none of one time because its step is longer.
  assert.equal(failure(() => range(store, 'sum(a + a)', [0, 5_000, 10_000], engine)).message, message);
  // What does not depend on the step is evaluated at one time, and then several of equal labels stand at each step.
  const fixed = 'a @ end() - a @ end()';
  assert.equal(failure(() => range(store, fixed, [0, 10_000, 10_000], engine)).message, message);
  assert.deepEqual(range(store, `sum(${fixed})`, [0, 10_000, 10_000], engine), ['{} 0@0 0@10']);
  const twice = 'histogram_quantiles(label_replace(a @ end(), "le", "+Inf", "", ""), "q", 0.5, 0.5)';
  for (const each of [fixed, twice]) {
    for (const moved of [`sum((${each}) + time())`, `sum((${each}) unless vector(time()))`]) {
      assert.equal(failure(() => range(store, moved, [0, 10_000, 10_000], engine)).message, message, moved);
    }
  }
  assert.deepEqual(instant(store, 'sum((a + a) or vector(1))', 0, {engine}), ['{} 7']);
  const quantiles = 'histogram_quantiles(label_replace(a, "le", "+Inf", "", ""), "q", 0.5, 0.5)';
  assert.deepEqual(instant(store, `count(${quantiles})`, 0, {engine}), ['{} 4']);
  assert.equal(failure(() => instant(store, quantiles, 0, {engine})).message, message);
});

test('what has lost its name loses a new one where a subquery is asked for its last sample', () => {
  const store = storeOf({'a{x=1}': [1, 2, 3]});
  const f = (inner: string, expected: string[]): void =>
    assert.deepEqual(instant(store, `last_over_time((${inner})[20s:10s])`, 20_000), expected, inner);
  const typed = (inner: string): string => `label_replace(${inner}, "__type__", "counter", "", "")`;
  assert.deepEqual(instant(store, typed('abs(a)'), 20_000), ['{__type__="counter", x="1"} 3']);
  f(typed('a'), ['{__name__="a", __type__="counter", x="1"} 3']);
  f(typed('abs(a)'), ['{x="1"} 3']);
  f(typed('a == bool a'), ['{x="1"} 1']);
  f(`sum by (__type__) (${typed('abs(a)')})`, ['{} 3']);
  f(`quantile by (__type__) (0.5, ${typed('rate(a[20s])')})`, ['{} 0.1']);
  f(`sum by (__type__) (${typed('a')})`, ['{__type__="counter"} 3']);
  f('absent_over_time(b{y="1",__type__="gauge"}[1m])', ['{y="1"} 1']);
  f('absent(b{y="1",__type__="gauge"})', ['{__type__="gauge", y="1"} 1']);
  const twice = `last_over_time((${typed('abs(a)')} or abs(a))[20s:10s])`;
  assert.match(failure(() => instant(store, twice, 20_000)).message, /same labelset/);
});

test('with delayed name removal absent_over_time() loses metadata, absent() does not', () => {
  const engine = newEngine({}, {delayedNameRemoval: true});
  const store = storeOf({'a{__type__=counter,x=1}': [1]});
  const selector = 'a{x="2",__type__="counter"}';
  assert.deepEqual(instant(store, `absent_over_time(${selector}[5m])`, 0, {engine}), ['{x="2"} 1']);
  assert.deepEqual(instant(store, `absent(${selector})`, 0, {engine}), ['{__type__="counter", x="2"} 1']);
  assert.deepEqual(instant(store, `absent_over_time(${selector}[5m])`, 0), ['{__type__="counter", x="2"} 1']);
});

test('with delayed name removal the last step of a group decides whether it keeps its name', () => {
  const engine = newEngine({}, {delayedNameRemoval: true});
  const store = storeOf({'a{x=1}': [1, 2, 3], 'a{x=2}': [7]});
  const f = (query: string, lastSeconds: number, expected: string[]): void =>
    assert.deepEqual(range(store, query, [0, lastSeconds * 1000, 10_000], engine), expected, query);
  for (const op of ['max', 'quantile']) {
    const parameter = op === 'max' ? '' : '1, ';
    const query = `${op} by (__name__) (${parameter}a{x="1"} or abs(last_over_time(a{x="2"}[5s])))`;
    // At the first step there is one that loses its name; later there is none.
    f(query, 0, ['{} 7@0']);
    f(query, 20, ['{__name__="a"} 7@0 2@10 3@20']);
  }
});
