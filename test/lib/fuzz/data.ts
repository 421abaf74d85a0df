// Random series for comparing query engines: few samples, but of every kind that makes engines differ. Sums of the plain
// values are exact, so that the order in which they are added changes nothing.

import type {Random} from '../../../src/base/random.ts';
import type {FloatHistogram} from '../../../src/model/histogram.ts';
import {labelsOf, type Labels} from '../../../src/model/labels.ts';
import {stale} from '../../../src/storage/memory.ts';
import {histogramMaker} from './histograms.ts';

export type FuzzValue = number | typeof stale | FloatHistogram;

export interface FuzzSample {
  timeMs: number;
  value: FuzzValue;
}

export interface FuzzSeries {
  labels: Labels;
  samples: FuzzSample[];
}

export interface DataOptions {
  startMs: number;
  endMs: number;
  /** Native histograms among the series. */
  histograms: boolean;
}

/** A metric as the query generator knows it. */
export interface FuzzMetric {
  name: string;
  kind: 'counter' | 'gauge' | 'bucket' | 'info' | 'odd' | 'histogram';
  labels: Readonly<Record<string, readonly string[]>>;
}

const jobs = ['api', 'web'];
const instances = ['a:1', 'b:2', 'c:3'];

/** All metrics; those with native histograms only where they are asked for. */
export const metrics: readonly FuzzMetric[] = [
  {
    name: 'http_requests_total',
    kind: 'counter',
    labels: {job: jobs, instance: instances, code: ['200', '500']},
  },
  {name: 'temperature', kind: 'gauge', labels: {job: jobs, instance: instances}},
  {name: 'load', kind: 'gauge', labels: {job: jobs, instance: instances, mode: ['user', 'system']}},
  {
    name: 'latency_seconds_bucket',
    kind: 'bucket',
    labels: {job: jobs, le: ['0.1', '0.5', '1', '5', '+Inf', '0.10', 'x', '']},
  },
  {name: 'latency_seconds_count', kind: 'counter', labels: {job: jobs}},
  {name: 'latency_seconds_sum', kind: 'counter', labels: {job: jobs}},
  {name: 'build_info', kind: 'info', labels: {job: jobs, instance: instances, version: ['1', '2']}},
  {name: 'target_info', kind: 'info', labels: {job: jobs, instance: instances, region: ['eu', 'us']}},
  {
    name: 'odd',
    kind: 'odd',
    labels: {what: ['nan', 'inf', 'zero', 'huge', 'tiny', 'thirds', 'one', 'dates', 'mixed']},
  },
  {
    name: 'disk.usage',
    kind: 'gauge',
    labels: {'mount point': ['/', '/a "b"', '/ü\\n'], instance: instances},
  },
  {name: 'state', kind: 'gauge', labels: {instance: instances, state: ['on', 'off']}},
  {name: 'sparse', kind: 'gauge', labels: {instance: instances}},
  // Labels that are metadata with the feature type-and-unit-labels, and plain ones without.
  {
    name: 'net_bytes',
    kind: 'counter',
    labels: {job: jobs, __type__: ['counter', 'gauge', 'unknown'], __unit__: ['bytes', 'seconds']},
  },
  {
    name: 'queue',
    kind: 'gauge',
    labels: {job: jobs, instance: instances, __type__: ['gauge', 'histogram']},
  },
  // Names in UTF-8, some that look like syntax.
  {
    name: 'größe µ/s',
    kind: 'counter',
    labels: {job: jobs, dépôt: ['ß', 'a{b="c"}'], 'on(x)': ['1', '']},
  },
  {name: 'rpc_seconds', kind: 'histogram', labels: {job: jobs, instance: instances}},
  {name: 'latency_seconds', kind: 'histogram', labels: {job: jobs}},
  {name: 'rpc_depth', kind: 'histogram', labels: {job: jobs}},
  {name: 'rpc_custom', kind: 'histogram', labels: {job: jobs, instance: instances}},
  {name: 'rpc_mixed', kind: 'histogram', labels: {job: jobs, instance: instances}},
];

/** The values of one series, one after another. */
type Next = () => FuzzValue;

export function randomSeries(random: Random, options: DataOptions): FuzzSeries[] {
  const series: FuzzSeries[] = [];
  for (const metric of metrics) {
    if (metric.kind === 'histogram' && !options.histograms) continue;
    if (metric.kind === 'bucket') addBuckets(random, options, metric, series);
    else addMetric(random, options, metric, series);
  }
  // The order of creation is the order in which a head selects.
  return shuffled(random, series).filter(({samples}) => samples.length > 0);
}

function addMetric(random: Random, options: DataOptions, metric: FuzzMetric, series: FuzzSeries[]): void {
  for (const labels of combinations(Object.entries(metric.labels))) {
    if (random.below(8) === 0 && metric.kind !== 'odd') continue;
    // Of an info metric, one series for each instance at most times.
    if (metric.kind === 'info' && random.below(2) === 0) continue;
    const next = valuesOf(random, metric, labels);
    series.push({
      labels: labelsOf({__name__: metric.name, ...labels}),
      samples: randomSamples(random, options, next, metric.name === 'sparse' ? 170_000 : 0),
    });
  }
}

function valuesOf(random: Random, {kind, name}: FuzzMetric, labels: Record<string, string>): Next {
  switch (kind) {
    case 'counter':
      return counter(random);
    case 'info':
      return () => 1;
    case 'histogram':
      return histogramMaker(random, name);
    case 'odd':
      return oddValues(random, labels['what']!);
    default:
      if (name === 'state') return () => random.below(2);
      return random.below(2) === 0 ? gauge(random) : steps(random);
  }
}

/** Samples at about an interval, with gaps, stale markers, late beginnings and early ends. */
function randomSamples(
  random: Random,
  options: DataOptions,
  next: Next,
  intervalFixedMs: number,
): FuzzSample[] {
  const intervalMs = intervalFixedMs || random.pick([15_000, 15_000, 15_000, 30_000, 60_000, 5000]);
  const jitterMs = random.pick([1, 1, 10, intervalMs / 5, intervalMs]);
  const missing = random.pick([0, 0, 0.05, 0.3]);
  const staleOf = random.pick([15, 60, 1_000_000]);
  const lengthMs = options.endMs - options.startMs;
  const beginMs = options.startMs + (random.below(5) === 0 ? random.below(lengthMs) : 0);
  const endMs = options.endMs - (random.below(8) === 0 ? random.below(lengthMs) : 0);
  const samples: FuzzSample[] = [];
  let gapEndMs = -Infinity;
  for (let base = beginMs - (beginMs % 5000); base <= endMs; base += intervalMs) {
    const timeMs = base + random.below(jitterMs);
    const value = next();
    if (timeMs < gapEndMs || random.float() < missing) continue;
    if (random.below(staleOf) === 0) {
      samples.push({timeMs, value: stale});
      gapEndMs = timeMs + random.below(15 * intervalMs);
    } else {
      samples.push({timeMs, value});
    }
  }
  return samples;
}

/** Starts at anything, may begin at zero, is reset now and then. */
function counter(random: Random): Next {
  let value = random.pick([0, 0, 5, 100, 1_000_000]);
  const growth = random.pick([1, 20, 5000]);
  const resetOf = random.pick([15, 60, 1000]);
  return () => {
    if (random.below(resetOf) === 0) value = random.pick([0, 0, random.below(10)]);
    value += random.below(growth + 1);
    return value;
  };
}

function gauge(random: Random): Next {
  const scale = random.pick([1, 8, 64]);
  return () => (random.below(4000) - 2000) / scale;
}

function steps(random: Random): Next {
  let value = random.below(5) - 1;
  return () => {
    if (random.below(8) === 0) value = random.below(5) - 1;
    return value;
  };
}

function oddValues(random: Random, what: string): Next {
  switch (what) {
    case 'nan':
      return () => random.pick([NaN, NaN, 1, 2]);
    case 'inf':
      return () => random.pick([Infinity, -Infinity, 0, 5]);
    case 'zero':
      return () => random.pick([0, -0]);
    case 'huge':
      return () => random.pick([1.7e308, -1.7e308, 9e307, 2 ** 53 + 2, 9.3e18, 1e21]);
    case 'tiny':
      return () => random.pick([5e-324, -5e-324, 2.2250738585072014e-308, 1e-300, 1e-9]);
    case 'thirds':
      return () => (random.below(2000) - 1000) / 3;
    case 'one':
      return () => 1;
    case 'dates':
      return () => random.below(2 ** 33) - 2 ** 31 + random.pick([0, 0.5, 0.999]);
    default:
      return () => random.pick([NaN, Infinity, -Infinity, 0, -0, 1, -1, 0.1, 1e10, -3.5]);
  }
}

/**
 * Classic histograms: some as they should be, some without `+Inf`, with bounds that are twice there or are no numbers, with
 * counts that fall from bucket to bucket, and with buckets that miss scrapes.
 */
function addBuckets(random: Random, options: DataOptions, metric: FuzzMetric, series: FuzzSeries[]): void {
  for (const job of metric.labels['job']!) {
    const broken = job === 'web';
    const bounds = metric.labels['le']!.filter((_, index) => (broken ? random.below(4) > 0 : index < 5));
    const counts = bounds.map(() => 0);
    const growth = random.pick([1, 5, 50]);
    const buckets = bounds.map((le): FuzzSeries => ({
      labels: labelsOf({__name__: metric.name, job, le}),
      samples: [],
    }));
    for (let timeMs = options.startMs; timeMs <= options.endMs; timeMs += 15_000) {
      let more = 0;
      for (const [index, bucket] of buckets.entries()) {
        more += random.below(growth + 1);
        if (broken && random.below(30) === 0) counts[index] = 0;
        counts[index]! += more;
        if (broken && random.below(10) === 0) continue;
        bucket.samples.push({timeMs: timeMs + (broken ? random.below(300) : 0), value: counts[index]!});
      }
    }
    series.push(...buckets);
  }
}

function combinations(entries: readonly (readonly [string, readonly string[]])[]): Record<string, string>[] {
  const [first, ...rest] = entries;
  if (first === undefined) return [{}];
  const [name, values] = first;
  return values.flatMap((value) => combinations(rest).map((labels) => ({[name]: value, ...labels})));
}

function shuffled<T>(random: Random, items: readonly T[]): T[] {
  const result = [...items];
  for (let i = result.length - 1; i > 0; i--) {
    const other = random.below(i + 1);
    [result[i], result[other]] = [result[other]!, result[i]!];
  }
  return result;
}
