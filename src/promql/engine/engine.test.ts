import assert from 'node:assert/strict';
import test from 'node:test';
import {formatLabels, labelsOf} from '../../model/labels.ts';
import {MemoryStore, stale} from '../../storage/memory.ts';
import type {Queryable} from '../../storage/querier.ts';
import {ParseError} from '../parser/position.ts';
import {Engine, type EngineFeatures, type EngineOptions, type InstantOptions} from './engine.ts';
import {QueryError} from './error.ts';
import {labelTexts} from './labelset.ts';
import type {QueryResult} from './result.ts';

function newEngine(options: Partial<EngineOptions> = {}, features: EngineFeatures = {}): Engine {
  return new Engine({
    lookbackDeltaMs: 300_000,
    maxSamples: 1_000_000,
    defaultEvalIntervalMs: 60_000,
    features: {experimentalFunctions: true, ...features},
    ...options,
  });
}

type Values = readonly (number | null | typeof stale)[];

/** Series by their text, `name{label="value"}` without quotes: `a{b=c}`; a sample every `stepMs`, null for none. */
function storeOf(series: Record<string, Values>, stepMs = 10_000): MemoryStore {
  const store = new MemoryStore();
  for (const [text, values] of Object.entries(series)) {
    const match = /^(\w*)(?:\{(.*)\})?$/.exec(text)!;
    const entries = (match[2] ?? '').split(',').filter((each) => each !== '');
    const labels = labelsOf([
      ['__name__', match[1]!],
      ...entries.map((each) => each.split('=') as [string, string]),
    ]);
    for (const [index, value] of values.entries()) {
      if (value !== null) store.append(labels, index * stepMs, value);
    }
  }
  return store;
}

/** The result as lines: `{labels} value` or `{labels} value@seconds …`. */
function lines({value, symbols}: QueryResult): string[] {
  switch (value.kind) {
    case 'scalar':
    case 'string':
      return [String(value.value)];
    case 'vector':
      return value.labels.map(
        (labels, i) => `${formatLabels(labelTexts(symbols, labels))} ${value.values[i]}`,
      );
    case 'matrix':
      return value.series.map(({labels, times, values, length}) => {
        const points = Array.from({length}, (_, i) => `${values[i]}@${times[i]! / 1000}`);
        return `${formatLabels(labelTexts(symbols, labels))} ${points.join(' ')}`;
      });
  }
}

const instant = (
  store: Queryable,
  query: string,
  timeMs: number,
  options: {engine?: Engine} & Partial<InstantOptions> = {},
): string[] => lines((options.engine ?? newEngine()).execInstant(store, query, {timeMs, ...options}));

function range(
  store: Queryable,
  query: string,
  times: [number, number, number],
  engine = newEngine(),
): string[] {
  const [startMs, endMs, stepMs] = times;
  return lines(engine.execRange(store, query, {startMs, endMs, stepMs}));
}

function failure(run: () => unknown): {kind: string; message: string} {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof QueryError, String(error));
    return {kind: error.kind, message: error.message};
  }
  return assert.fail('does not fail');
}

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
    lines(
      newEngine().execInstant(store, 'sum_over_time(vector(1)[3m:])', {
        timeMs: 180_000,
        defaultEvalIntervalMs: 30_000,
      }),
    ),
    ['{} 6'],
  );
  assert.deepEqual(instant(store, 'sum_over_time(vector(time())[20s:10s])', 60_000), ['{} 110']);
});

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

test('annotations have the texts and positions of Prometheus', () => {
  const store = storeOf({'a{le=x}': [1, 2], 'h{le=1}': [5, 5], 'h{le=2}': [3, 3], 'h{le=+Inf}': [9, 9]});
  const f = (query: string, expected: {warnings?: string[]; infos?: string[]}, steps = 1): void => {
    const times = {startMs: 10_000, endMs: 10_000 * steps, stepMs: 10_000};
    const {warnings, infos} = newEngine().execRange(store, query, times);
    assert.deepEqual({warnings, infos}, {warnings: [], infos: [], ...expected}, query);
  };
  f('rate(a[1m])', {
    infos: [
      'PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "a" (1:6)',
    ],
  });
  // A subquery has become a selector that stands nowhere.
  f('sum(rate(a[1m:10s]))', {
    infos: [
      'PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "a" (1:1)',
    ],
  });
  f('quantile((2), a)', {
    warnings: ['PromQL warning: quantile value should be between 0 and 1, got 2 (1:11)'],
  });
  f('quantile_over_time((2), a[1m])', {
    warnings: ['PromQL warning: quantile value should be between 0 and 1, got 2 (1:21)'],
  });
  f('sum(\nquantile(2, a))', {
    warnings: ['PromQL warning: quantile value should be between 0 and 1, got 2 (2:10)'],
  });
  f('quantile_over_time(-1, a[1m])', {
    warnings: ['PromQL warning: quantile value should be between 0 and 1, got -1 (1:20)'],
  });
  f('histogram_quantile(0.5, a)', {
    warnings: ['PromQL warning: bucket label "le" is missing or has a malformed value of "x" (1:25)'],
  });
  // Of what stands twice, only its own remarks move to the later place.
  f('histogram_quantile(0.5, a) or a', {
    warnings: ['PromQL warning: bucket label "le" is missing or has a malformed value of "x" (1:25)'],
  });
  f('histogram_quantile(2, a) or quantile(2, a) or quantile(2, a)', {
    warnings: [
      'PromQL warning: quantile value should be between 0 and 1, got 2 (1:56)',
      'PromQL warning: bucket label "le" is missing or has a malformed value of "x" (1:23)',
    ],
  });
  f(
    'histogram_quantile(0.5, h)',
    {
      infos: [
        'PromQL info: input to histogram_quantile needed to be fixed for monotonicity (see ' +
          'https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile), from buckets 2 to 2, ' +
          'with a max diff of 2, over 2 samples from 1970-01-01T00:00:10Z to 1970-01-01T00:00:20Z (1:25)',
      ],
    },
    2,
  );
  // The parameter of an aggregation is evaluated first, so what is remarked on its vector stays.
  f('quantile(scalar(sum(histogram_quantile(0.9, a))) + 0.5, histogram_quantile(0.5, a))', {
    warnings: [
      'PromQL warning: bucket label "le" is missing or has a malformed value of "x" (1:81)',
      'PromQL warning: quantile value should be between 0 and 1, got NaN (1:10)',
    ],
  });
  // Of one call, the last remark counts.
  f('histogram_quantiles(a, "q", 2, 0.5, 2)', {
    warnings: [
      'PromQL warning: quantile value should be between 0 and 1, got 2 (1:37)',
      'PromQL warning: bucket label "le" is missing or has a malformed value of "x" (1:21)',
    ],
  });
  // Buckets that are repaired for one quantile are whole for the next; one out of bounds needs none.
  f('histogram_quantiles(h, "q", 2, 0.5, 0.9)', {
    warnings: ['PromQL warning: quantile value should be between 0 and 1, got 2 (1:29)'],
    infos: [
      'PromQL info: input to histogram_quantile needed to be fixed for monotonicity (see ' +
        'https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile), from buckets 2 to 2, ' +
        'with a max diff of 2, over 1 samples from 1970-01-01T00:00:10Z to 1970-01-01T00:00:10Z (1:21)',
    ],
  });
  f(
    'sort(a)',
    {
      warnings: [
        'PromQL warning: sort is ineffective for range queries since results are always ordered by labels (1:1)',
      ],
    },
    2,
  );
  // Of equal remarks about buckets the first stays, of all others the last.
  const {infos} = newEngine().execInstant(
    store,
    'histogram_quantile(0.5, h) + histogram_quantile(0.5, h) + histogram_quantile(0.2, h)',
    {timeMs: 10_000},
  );
  assert.match(infos[0]!, /\(1:25\)$/);
  f('limit_ratio(1.5, a)', {
    warnings: ['PromQL warning: ratio value should be between -1 and 1, got 1.5, capping to 1 (1:13)'],
  });
});

test('of equal annotations that counts which Prometheus adds last', () => {
  const store = storeOf({'a{le=x}': [1, 2], 'h{le=1}': [5, 5], 'h{le=+Inf}': [9, 9]});
  const f = (query: string, position: string): void => {
    const {warnings} = newEngine().execInstant(store, query, {timeMs: 10_000});
    assert.equal(warnings.length, 1, query);
    assert.ok(warnings[0]!.endsWith(` (${position})`), `${query}: ${warnings[0]}`);
  };
  f('quantile(2, quantile(2, a))', '1:10');
  f('quantile(2, h) + quantile(2, h)', '1:27');
  f('quantile(2, h + on () group_left () quantile(2, h)) ', '1:10');
  f('quantile(2, histogram_quantile(2, h))', '1:10');
  f('quantile_over_time(2, h[1m]) or quantile(2, h) or -quantile(2, quantile(2, h))', '1:61');
  // The same twice is evaluated once, whatever is written between.
  f('quantile(2, h) + quantile(2,  h)', '1:27');
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

test('of quantiles that are no numbers, infinities are remarked on as well', () => {
  const store = storeOf({'a{x=1}': [1, 2, 3], q: [NaN, -Infinity, 5]});
  const times = {startMs: 0, endMs: 20_000, stepMs: 10_000};
  const {warnings} = newEngine().execRange(store, 'quantile(scalar(q), a)', times);
  const values = warnings.map((each) => /got (\S+) /.exec(each)![1]);
  assert.deepEqual(values, ['NaN', '-Inf']);
});

test('a range query whose step is longer than its range remarks on sort() all the same', () => {
  const store = storeOf({'a{x=1}': [1, 2]});
  const times = {startMs: 10_000, endMs: 15_000, stepMs: 10_000};
  const {warnings} = newEngine().execRange(store, 'sort(a)', times);
  assert.match(warnings[0]!, /^PromQL warning: sort is ineffective/);
  assert.deepEqual(newEngine().execRange(store, 'sort(a)', {...times, endMs: 10_000}).warnings, []);
});

test('smoothing factors out of bounds matter only where there are samples', () => {
  const store = storeOf({'a{x=1}': [1, 2]});
  assert.deepEqual(instant(store, 'double_exponential_smoothing(b[1m], 2, 0.5)', 10_000), []);
  assert.deepEqual(instant(store, 'double_exponential_smoothing(a[1s], 0.5, 0.5)', 0), []);
  const message = 'invalid trend factor. Expected: 0 < tf < 1, got: 1.500000';
  assert.throws(() => instant(store, 'double_exponential_smoothing(a[1s], 0.5, 1.5)', 0), {message});
});

test('more annotations than ten of a level are counted', () => {
  const store = storeOf(Object.fromEntries(Array.from({length: 15}, (_, i) => [`m${i}{x=${i}}`, [1, 2]])));
  const {infos} = newEngine().execInstant(store, 'rate({x!=""}[1m])', {timeMs: 10_000});
  assert.equal(infos.length, 11);
  assert.equal(infos[10], '5 more info annotations omitted');
});

test('a query may hold so many samples and no more', () => {
  const message = 'query processing would load too many samples into memory in query execution';
  const values = Array.from({length: 100}, (_, i) => i);
  const store = storeOf({'a{x=1}': values, 'a{x=2}': values, 'a{x=3}': values});
  const times: [number, number, number] = [0, 990_000, 10_000];
  const limited = newEngine({maxSamples: 250});
  assert.deepEqual(
    failure(() => range(store, 'a', times, limited)),
    {kind: 'execution', message},
  );
  assert.equal(range(store, 'a{x="1"}', times, limited).length, 1);
  assert.deepEqual(
    failure(() => range(store, 'sum(a)', times, limited)),
    {kind: 'execution', message},
  );
  // A subquery of 10^9 steps ends before anything is allocated for it.
  assert.deepEqual(
    failure(() => instant(store, 'sum_over_time(vector(1)[1000000s:1ms])', 0)),
    {
      kind: 'execution',
      message,
    },
  );
});

test('a query may hold so many bytes and says so', () => {
  const store = storeOf(Object.fromEntries(Array.from({length: 50}, (_, i) => [`a{x=${i}}`, [1]])));
  const engine = newEngine({maxBytes: 200_000});
  assert.match(
    failure(() => range(store, 'a', [0, 10_000_000, 10_000], engine)).message,
    /^query processing would need too much memory: at least \d+KiB, and a query may use 195KiB: /,
  );
  assert.equal(range(store, 'sum(a)', [0, 10_000_000, 10_000], engine).length, 1);
});

test('a query ends when it is cancelled or out of time, also in the middle', () => {
  const store = storeOf(Object.fromEntries(Array.from({length: 50}, (_, i) => [`a{x=${i}}`, [1, 2, 3]])));
  for (const query of [
    'a',
    'sum(a)',
    'rate(a[1m])',
    'a + a',
    'a and a',
    'quantile(0.5, a)',
    'a[1m:1s]',
    'sort(a)',
  ]) {
    let looks = 0;
    const cancelled = (): boolean => ++looks > 10;
    assert.deepEqual(
      failure(() => instant(store, query, 20_000, {cancelled})),
      {
        kind: 'canceled',
        message: 'query was canceled in expression evaluation',
      },
    );
    assert.ok(looks < 20, query);
  }
  assert.deepEqual(
    failure(() => instant(store, 'a', 20_000, {deadlineMs: Date.now() - 1})),
    {
      kind: 'timeout',
      message: 'query timed out in query execution',
    },
  );
});

test('the querier is closed on every path', () => {
  const store = storeOf({a: [1]});
  let open = 0;
  const watched: Queryable = {
    querier(times, symbols) {
      const querier = store.querier(times, symbols);
      open++;
      querier.close = (): void => void open--;
      return querier;
    },
  };
  instant(watched, 'a', 0);
  failure(() => instant(watched, 'topk(NaN, a)', 0));
  assert.throws(() => instant(watched, 'a +', 0), ParseError);
  assert.equal(open, 0);
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

test('statistics count samples as Prometheus does', () => {
  const values = Array.from({length: 61}, (_, i) => i);
  const store = storeOf({'a{x=1}': values, 'a{x=2}': values});
  const f = (query: string): [number, number] => {
    const {stats} = newEngine().execRange(store, query, {startMs: 300_000, endMs: 600_000, stepMs: 60_000});
    assert.ok(stats.timings.evalTotalTime > 0);
    return [stats.samples.totalQueryableSamples, stats.samples.samplesRead];
  };
  // Six steps, two series.
  assert.deepEqual(f('a'), [12, 12]);
  // Windows of twelve samples; those of the first step, then six new ones for each.
  assert.deepEqual(f('rate(a[2m])'), [2 * 6 * 12, 2 * (12 + 5 * 6)]);
  // Windows that do not touch.
  assert.deepEqual(f('rate(a[30s])'), [2 * 6 * 3, 2 * 6 * 3]);
});

test('statistics count samples of each step as Prometheus does', () => {
  const values = Array.from({length: 61}, (_, i) => i);
  const store = storeOf({'a{x=1}': values, 'a{x=2}': values});
  const engine = newEngine({features: {perStepStats: true}});
  const f = (query: string, queried: number[], read: number[]): void => {
    const times = {startMs: 300_000, endMs: 600_000, stepMs: 60_000, perStepStats: true};
    const {samples} = engine.execRange(store, query, times).stats;
    assert.deepEqual(
      samples.totalQueryableSamplesPerStep!.map(([, count]) => count),
      queried,
      query,
    );
    assert.deepEqual(
      samples.samplesReadPerStep!.map(([, count]) => count),
      read,
      query,
    );
    assert.equal(
      samples.samplesRead,
      read.reduce((sum, each) => sum + each, 0),
      query,
    );
    assert.equal(samples.samplesReadPerStep![1]![0], 360_000);
  };
  f('rate(a[2m])', [24, 24, 24, 24, 24, 24], [24, 12, 12, 12, 12, 12]);
  // One evaluation, of which each step has the result.
  f('a @ 300', [2, 2, 2, 2, 2, 2], [2, 0, 0, 0, 0, 0]);
  // What stands twice counts twice.
  f('a + a', [4, 4, 4, 4, 4, 4], [4, 4, 4, 4, 4, 4]);
  f('sum_over_time(a[2m:1m])', [4, 4, 4, 4, 4, 4], [4, 2, 2, 2, 2, 2]);
  // What a subquery evaluates between the windows does not count.
  f('max_over_time(a[30s:10s])', [6, 6, 6, 6, 6, 6], [6, 6, 6, 6, 6, 6]);
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

test('release() gives the memory of a large result back', () => {
  const names = Array.from({length: 100}, (_, i) => `a{b=${i}}`);
  const store = storeOf(Object.fromEntries(names.map((name) => [name, [1, 2, 3]])));
  const {value, release} = newEngine().execRange(store, 'a', {startMs: 0, endMs: 20_000, stepMs: 50});
  assert.ok(value.kind === 'matrix');
  const column = value.series[50]!.values;
  assert.equal(column.length, 401);
  release();
  assert.equal(column.length, 0);
});

test('what an operator has kept is given back when it needs it no more, not with the answer', (t) => {
  const names = Array.from({length: 100}, (_, i) => `a{b=${i}}`);
  const store = storeOf(Object.fromEntries(names.map((name) => [name, [1, 2, 3]])));
  const range = {startMs: 0, endMs: 20_000, stepMs: 10};
  const {mock} = t.mock.method(ArrayBuffer.prototype, 'transfer');
  const {value, release} = newEngine().execRange(store, 'quantile by (b) (0.5, a)', range);
  assert.ok(value.kind === 'matrix');
  const column = value.series[99]!.values;
  assert.equal(column[2000], 3);
  const before = mock.callCount();
  assert.ok(before > 0, 'blocks of the operator');
  release();
  assert.ok(mock.callCount() > before, 'blocks of the answer');
  assert.equal(column.length, 0);
});
