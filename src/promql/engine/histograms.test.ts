import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../../base/random.ts';
import {formatTestExpression} from '../../model/histogram/format.ts';
import {
  counterReset,
  type CounterResetHint,
  customBucketsSchema,
  FloatHistogram,
} from '../../model/histogram.ts';
import {formatLabels, labelsOf} from '../../model/labels.ts';
import {MemoryStore, stale} from '../../storage/memory.ts';
import type {Symbols} from '../../storage/symbols.ts';
import {Engine} from './engine.ts';
import {labelTexts} from './labelset.ts';
import type {QueryResult} from './result.ts';

const engine = new Engine({
  lookbackDeltaMs: 300_000,
  maxSamples: 1_000_000,
  features: {experimentalFunctions: true, extendedRangeSelectors: true, startTimestamps: true},
});

/** A histogram that counts a few observations more than `previous`, or starts anew. */
function nextHistogram(random: Random, previous: FloatHistogram | null, gauge: boolean): FloatHistogram {
  const restarts = previous === null || random.below(8) === 0;
  const custom = previous?.usesCustomBuckets ?? random.below(4) === 0;
  const counts = restarts ? [0, 0, 0] : [...previous.positiveBuckets];
  const buckets = Float64Array.from(counts, (count) => count + random.below(4));
  const zeroCount = custom ? 0 : (restarts ? 0 : previous.zeroCount) + random.below(2);
  const hints: CounterResetHint[] = [
    counterReset.unknown,
    restarts ? counterReset.reset : counterReset.notReset,
  ];
  return new FloatHistogram({
    counterResetHint: gauge ? counterReset.gauge : hints[random.below(2)]!,
    schema: custom ? customBucketsSchema : random.below(6) === 0 ? 0 : 1,
    zeroThreshold: custom ? 0 : 0.001,
    zeroCount,
    count: buckets.reduce((sum, count) => sum + count, zeroCount),
    sum: (restarts ? 0 : previous.sum) + random.below(100) / 4,
    positiveSpans: [{offset: 0, length: 3}],
    positiveBuckets: buckets,
    customValues: custom ? [1, 2] : [],
  });
}

function randomStore(random: Random): MemoryStore {
  const store = new MemoryStore();
  for (let s = 0; s < 5; s++) {
    const labels = labelsOf({__name__: 'h', s: String(s), side: String(s % 2)});
    const gauge = random.below(4) === 0;
    const floats = random.below(3) === 0;
    let previous: FloatHistogram | null = null;
    for (let time = 0; time <= 3_600_000; time += 30_000 * (1 + random.below(3))) {
      const dice = random.below(20);
      if (dice === 0) store.append(labels, time, stale);
      else if (floats && dice < 6) store.append(labels, time, random.below(50));
      else {
        previous = nextHistogram(random, previous, gauge);
        store.append(labels, time, previous);
      }
    }
  }
  return store;
}

const ranges = ['h[4m]', 'h[7m30s]', 'h[10m:1m]', 'h[3m] offset 1m', 'h{s="0"}[20m]'];
const functions =
  'rate increase delta irate idelta sum_over_time avg_over_time count_over_time last_over_time first_over_time ' +
  'ts_of_last_over_time present_over_time changes resets max_over_time stddev_over_time deriv absent_over_time';
const wrappers =
  '$; sum($); avg by (side) ($); count($); -($); ($) * 2; 3 * ($); ($) / 0; ($) </ 1.5; ($) >/ 0.5; ($) + ($); ' +
  '($) - on (s) ($); ($) == ($); histogram_quantile(0.7, $); max($); histogram_fraction(0, 1, $); ' +
  'histogram_count($); histogram_sum(sum($)); histogram_stddev($); histogram_quantiles($, "q", 0.1, 0.9); ' +
  'limitk(2, $); topk(2, $); ($) and on (s) h{side="1"}; ($) or h; label_replace($, "s", "x$1", "s", "(.*)"); ' +
  'quantile(0.5, $); timestamp($)';

function randomQuery(random: Random): string {
  const pick = (texts: readonly string[]): string => texts[random.below(texts.length)]!;
  const kind = random.below(10);
  let inner = `${pick(functions.split(' '))}(${pick(ranges)})`;
  if (kind === 0) inner = 'h';
  if (kind === 1) inner = `${pick(['rate', 'increase', 'delta'])}(h[5m] ${pick(['anchored', 'smoothed'])})`;
  if (kind === 2) inner = 'h smoothed';
  return pick(wrappers.split('; ')).replaceAll('$', () => inner);
}

/** Series with their points at one time, in an order of their own. */
function pointsAt(result: QueryResult, timeMs: number): string[] {
  const {value, symbols} = result;
  const points: string[] = [];
  if (value.kind === 'vector') {
    for (const [i, labels] of value.labels.entries()) {
      points.push(pointText(symbols, labels, value.histograms?.[i] ?? value.values[i]!));
    }
  } else if (value.kind === 'matrix') {
    for (const {labels, times, values, histograms, length} of value.series) {
      const at = times.subarray(0, length).indexOf(timeMs);
      if (at >= 0) points.push(pointText(symbols, labels, histograms?.[at] ?? values[at]!));
    }
  }
  return points.sort();
}

function pointText(symbols: Symbols, labels: readonly number[], value: number | FloatHistogram): string {
  // Sums of sliding windows may differ in the last digits.
  const text = typeof value === 'number' ? value.toPrecision(12) : formatTestExpression(value);
  return `${formatLabels(labelTexts(symbols, labels))} ${text}`;
}

test('a range query over histograms answers at each step as an instant query does', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = new Random(seed);
    const store = randomStore(random);
    for (let i = 0; i < 12; i++) {
      const query = randomQuery(random);
      const startMs = 600_000 + 1000 * random.below(600);
      const stepMs = 1000 * (1 + random.below(300));
      const endMs = startMs + 12 * stepMs;
      const run = <T>(evaluate: () => T): T | string => {
        try {
          return evaluate();
        } catch (error) {
          return (error as Error).message;
        }
      };
      const ranged = run(() => engine.execRange(store, query, {startMs, endMs, stepMs}));
      const failures = new Set<string>();
      for (let timeMs = startMs; timeMs <= endMs; timeMs += stepMs) {
        const instant = run(() => engine.execInstant(store, query, {timeMs}));
        if (typeof instant === 'string') failures.add(instant);
        else if (typeof ranged !== 'string') {
          assert.deepEqual(
            pointsAt(ranged, timeMs),
            pointsAt(instant, timeMs),
            `seed ${seed}: ${query} at ${timeMs}`,
          );
        }
      }
      // What fails as a whole fails at some step, and the other way round.
      if (typeof ranged === 'string') assert.ok(failures.has(ranged), `seed ${seed}: ${query}: ${ranged}`);
      else assert.equal(failures.size, 0, `seed ${seed}: ${query}: ${[...failures].join()}`);
    }
  }
});

test('floats behind histograms that do not go together are not looked at', () => {
  const exponential = new FloatHistogram({
    count: 1,
    sum: 1,
    positiveSpans: [{offset: 0, length: 1}],
    positiveBuckets: Float64Array.of(1),
  });
  const custom = exponential.with({schema: customBucketsSchema, customValues: [1, 2]});
  const schemas =
    'PromQL warning: vector contains a mix of histograms with exponential and custom buckets schemas for metric name "a" (1:5)';
  const mixed = 'PromQL warning: encountered a mix of histograms and floats for aggregation (1:5)';
  const f = (values: (number | FloatHistogram)[], warnings: string[]): void => {
    const store = new MemoryStore();
    for (const [index, value] of values.entries()) {
      store.append(labelsOf({__name__: 'a', index: String(index)}), 0, value);
    }
    for (const op of ['sum', 'avg']) {
      const result = engine.execInstant(store, `${op}(a)`, {timeMs: 0});
      assert.deepEqual(result.warnings, warnings);
      assert.ok(result.value.kind === 'vector' && result.value.labels.length === 0);
    }
  };
  f([exponential, custom, 5], [schemas]);
  f([exponential, 5, custom], [schemas, mixed]);
  f([5, exponential, custom], [mixed]);
  f([exponential, custom, exponential, 5], [schemas]);
});

test('remarks on histograms that are no gauges come only with a result', () => {
  const exponential = new FloatHistogram({
    count: 1,
    sum: 1,
    positiveSpans: [{offset: 0, length: 1}],
    positiveBuckets: Float64Array.of(1),
  });
  const custom = exponential.with({schema: customBucketsSchema, customValues: [1, 2]});
  const gauge = exponential.with({counterResetHint: counterReset.gauge});
  const schemas = 'vector contains a mix of histograms with exponential and custom buckets schemas';
  const f = (query: string, values: FloatHistogram[], expected: string[]): void => {
    const store = new MemoryStore();
    for (const [index, value] of values.entries()) {
      store.append(labelsOf({__name__: 'a_total'}), 10_000 * index, value);
    }
    const {warnings} = engine.execInstant(store, query, {timeMs: 10_000 * (values.length - 1)});
    const texts = warnings.map((each) => each.replace(/^PromQL warning: (.*?):? (for|"|\().*/, '$1'));
    assert.deepEqual(texts, expected, query);
  };
  f('delta(a_total[1m])', [exponential, exponential], ['this native histogram metric is not a gauge']);
  f('delta(a_total[1m])', [exponential, custom], [schemas]);
  f('rate(a_total[1m])', [gauge, exponential], ['this native histogram metric is not a counter']);
});

test('limit_ratio() orders histograms as zeros', () => {
  const store = new MemoryStore();
  const value = new FloatHistogram({count: 1, sum: -5});
  for (const n of ['1', '2', '3']) store.append(labelsOf({__name__: 'a', n}), 0, n === '2' ? 1 : value);
  const {value: result, symbols} = engine.execInstant(store, 'limit_ratio(1, a)', {timeMs: 0});
  assert.ok(result.kind === 'vector');
  const order = result.labels.map((labels) => formatLabels(labelTexts(symbols, labels)));
  assert.deepEqual(order, ['{__name__="a", n="1"}', '{__name__="a", n="2"}', '{__name__="a", n="3"}']);
});
