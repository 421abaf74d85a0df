import assert from 'node:assert/strict';
import test from 'node:test';
import {newEngine, storeOf} from './testing/evaluate.ts';

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

test('more annotations than ten of a level are counted', () => {
  const store = storeOf(Object.fromEntries(Array.from({length: 15}, (_, i) => [`m${i}{x=${i}}`, [1, 2]])));
  const {infos} = newEngine().execInstant(store, 'rate({x!=""}[1m])', {timeMs: 10_000});
  assert.equal(infos.length, 11);
  assert.equal(infos[10], '5 more info annotations omitted');
});
