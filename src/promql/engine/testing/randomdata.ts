// Random series for tests that compare the engine with something else.

import type {Workspace} from '../../../kernels/workspace.ts';
import type {Random} from '../../../base/random.ts';
import {labelsOf, type Labels} from '../../../model/labels.ts';
import {MemoryStore, stale} from '../../../storage/memory.ts';

export interface TestSample {
  timeMs: number;
  value: number | typeof stale;
}

export interface TestSeries {
  labels: Labels;
  samples: TestSample[];
}

export interface DataOptions {
  startMs: number;
  endMs: number;
  /** Between samples, about. */
  intervalMs: number;
  /** NaN and infinities among the values. */
  special: boolean;
  /**
   * Times of samples never fall on a whole second, so that nothing depends on whether windows include their first
   * instant.
   */
  offSeconds: boolean;
}

/**
 * Counters (`requests_total`), gauges (`temperature`, `load`), a classic histogram (`latency_bucket`), and `info`, whose
 * version changes: with gaps, resets and stale markers.
 */
export function randomSeries(random: Random, options: DataOptions): TestSeries[] {
  const series: TestSeries[] = [];
  const jobs = ['api', 'web'];
  const instances = ['a:1', 'b:2', 'c:3'];
  const add = (labels: Record<string, string>, next: () => number): void => {
    series.push({labels: labelsOf(labels), samples: randomSamples(random, options, next)});
  };
  for (const job of jobs) {
    for (const instance of instances) {
      for (const code of ['200', '500']) {
        add({__name__: 'requests_total', job, instance, code}, counter(random));
      }
      add({__name__: 'temperature', job, instance}, gauge(random));
      add({__name__: 'load', job, instance, mode: random.pick(['user', 'system'])}, steps(random));
      if (random.below(4) > 0)
        add({__name__: 'info', job, instance, version: random.pick(['1', '2'])}, () => 1);
    }
    addHistogram(random, options, series, job);
  }
  return series;
}

/** `makeWorkspace`: where kernels are to find the samples. */
export function storeOf(
  series: readonly TestSeries[],
  makeWorkspace: (() => Workspace) | null = null,
): MemoryStore {
  const store = new MemoryStore(makeWorkspace);
  for (const {labels, samples} of series) {
    for (const {timeMs, value} of samples) store.append(labels, timeMs, value);
  }
  return store;
}

function randomSamples(random: Random, options: DataOptions, next: () => number): TestSample[] {
  const samples: TestSample[] = [];
  const jitterMs = Math.max(1, Math.floor(options.intervalMs / 10));
  const missing = random.pick([0, 0.05, 0.3]);
  let gapEndMs = -Infinity;
  for (let base = options.startMs; base <= options.endMs; base += options.intervalMs) {
    let timeMs = base + random.below(jitterMs);
    if (options.offSeconds && timeMs % 1000 === 0) timeMs++;
    const value = next();
    if (timeMs < gapEndMs || random.float() < missing) continue;
    if (random.below(60) === 0) {
      samples.push({timeMs, value: stale});
      gapEndMs = timeMs + random.below(20 * options.intervalMs);
    } else {
      const odd = options.special && random.below(40) === 0;
      samples.push({timeMs, value: odd ? random.pick([NaN, Infinity, -Infinity]) : value});
    }
  }
  return samples;
}

/** Starts so high, and is reset once at most, that no extrapolation reaches zero. */
function counter(random: Random): () => number {
  let value = 10_000 + random.below(100_000);
  return () => {
    if (value > 5000 && random.below(50) === 0) value = 1000 + random.below(50);
    value += random.below(20);
    return value;
  };
}

function gauge(random: Random): () => number {
  return () => (random.below(4000) - 2000) / 8;
}

function steps(random: Random): () => number {
  let value = random.below(5);
  return () => {
    if (random.below(8) === 0) value = random.below(5);
    return value;
  };
}

/** Buckets that grow together: all of one scrape, or none. */
function addHistogram(random: Random, options: DataOptions, series: TestSeries[], job: string): void {
  const bounds = ['0.1', '0.5', '1', '5', '+Inf'];
  const counts = bounds.map((_, index) => 1000 * (index + 1));
  const buckets = bounds.map((le): TestSeries => ({
    labels: labelsOf({__name__: 'latency_bucket', job, le}),
    samples: [],
  }));
  const jitterMs = Math.max(1, Math.floor(options.intervalMs / 10));
  for (let base = options.startMs; base <= options.endMs; base += options.intervalMs) {
    let timeMs = base + random.below(jitterMs);
    if (options.offSeconds && timeMs % 1000 === 0) timeMs++;
    let sum = 0;
    for (const [index, bucket] of buckets.entries()) {
      sum += random.below(5);
      counts[index]! += sum;
      bucket.samples.push({timeMs, value: counts[index]!});
    }
  }
  series.push(...buckets);
}
