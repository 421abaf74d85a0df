// Native histograms: sums over series whose buckets are alike, shifted or full of gaps; differences, resets, quantiles.
import {FloatHistogram} from '../src/model/histogram.ts';
import {sub} from '../src/model/histogram/arithmetic.ts';
import {compact} from '../src/model/histogram/compact.ts';
import {detectReset} from '../src/model/histogram/reset.ts';
import {HistogramMean, HistogramSum} from '../src/model/histogram/sum.ts';
import {histogramQuantile} from '../src/promql/engine/nativehistogram.ts';
import {printTable} from './lib/table.ts';

const seriesCount = 1000;

/** `count` buckets from index `start` on, in spans of ten with `gap` between them, or in one where that is 0. */
function histogram(count: number, start: number, gap: number): FloatHistogram {
  const length = gap === 0 ? count : 10;
  return new FloatHistogram({
    schema: 3,
    zeroThreshold: 2 ** -128,
    count: 10 * count,
    sum: 5,
    positiveSpans: Array.from({length: count / length}, (_, i) => ({offset: i === 0 ? start : gap, length})),
    positiveBuckets: Float64Array.from({length: count}, (_, i) => 1 + ((i * start) % 13) ** 2),
  });
}

function sum(histograms: readonly FloatHistogram[]): FloatHistogram {
  const total = new HistogramSum(histograms[0]!);
  for (let i = 1; i < histograms.length; i++) total.add(histograms[i]!);
  return total.sum();
}

function mean(histograms: readonly FloatHistogram[]): FloatHistogram {
  const total = new HistogramMean(histograms[0]!);
  for (let i = 1; i < histograms.length; i++) total.add(histograms[i]!);
  return total.mean();
}

/** Nanoseconds for each of `operations` that one call does, the best of five rounds. */
function measure(operations: number, call: () => unknown): string {
  let best = Infinity;
  for (let round = 0; round < 5; round++) {
    const start = performance.now();
    let calls = 0;
    for (; performance.now() - start < 100; calls++) call();
    best = Math.min(best, ((performance.now() - start) * 1e6) / (calls * operations));
  }
  return best.toFixed(0);
}

export function run(): void {
  const rows: string[][] = [];
  for (const count of [20, 160]) {
    const alike = Array.from({length: seriesCount}, () => histogram(count, 3, 0));
    const shifted = Array.from({length: seriesCount}, (_, i) => histogram(count, (i % 7) - 3, 0));
    const gaps = Array.from({length: seriesCount}, (_, i) => histogram(count, (i % 7) - 3, 2));
    let at = 0;
    const next = (): FloatHistogram => alike[(at = (at + 1) % seriesCount)]!;
    const row = (name: string, operations: number, call: () => unknown): void => {
      rows.push([name, String(count), measure(operations, call)]);
    };
    row('sum, the same buckets', seriesCount, () => sum(alike));
    row('sum, shifted buckets', seriesCount, () => sum(shifted));
    row('sum, buckets with gaps', seriesCount, () => sum(gaps));
    row('mean, the same buckets', seriesCount, () => mean(alike));
    row('difference, compact', 1, () => compact(sub(next(), alike[0]!).histogram));
    row('reset, the same buckets', 1, () => detectReset(next(), alike[0]!));
    row('reset, shifted buckets', 1, () => detectReset(shifted[at++ % seriesCount]!, shifted[0]!));
    row('quantile 0.4', 1, () => histogramQuantile(0.4, next()));
    row('quantile 0.99', 1, () => histogramQuantile(0.99, next()));
  }
  printTable(['operation', 'buckets', 'ns'], rows);
}
