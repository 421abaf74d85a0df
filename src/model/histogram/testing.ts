// Random histograms and a slow, obvious model of them, for tests.

import type {Random} from '../../base/random.ts';
import {customBucketsSchema, FloatHistogram, type Span} from '../histogram.ts';
import {bucketIndexes} from './spans.ts';

/** Whole counts, so that sums are exact. */
function randomSide(random: Random, start: number): {spans: Span[]; counts: Float64Array} {
  const spans: Span[] = [];
  const counts: number[] = [];
  for (let i = random.below(4); i > 0; i--) {
    const length = random.below(5);
    spans.push({offset: spans.length === 0 ? start + random.below(9) - 4 : random.below(4), length});
    for (let j = 0; j < length; j++) counts.push(random.below(3) === 0 ? 0 : random.below(100));
  }
  return {spans, counts: Float64Array.from(counts)};
}

/** A valid histogram with exponential buckets. */
export function randomExponential(random: Random, schema: number, zeroThreshold = 0): FloatHistogram {
  const positive = randomSide(random, 0);
  const negative = randomSide(random, 0);
  const zeroCount = random.below(10);
  return new FloatHistogram({
    schema,
    zeroThreshold,
    zeroCount,
    count: zeroCount + sum(positive.counts) + sum(negative.counts),
    sum: random.below(1000) / 8,
    positiveSpans: positive.spans,
    positiveBuckets: positive.counts,
    negativeSpans: negative.spans,
    negativeBuckets: negative.counts,
  });
}

/** A valid histogram with custom buckets; bounds are whole numbers from 0 to 9. */
export function randomCustom(random: Random): FloatHistogram {
  const customValues = Array.from({length: 10}, (_, i) => i).filter(() => random.below(2) === 0);
  const counts = Float64Array.from({length: customValues.length + 1}, () => random.below(20));
  return new FloatHistogram({
    schema: customBucketsSchema,
    count: sum(counts),
    sum: random.below(1000) / 8,
    customValues,
    positiveSpans: [{offset: 0, length: counts.length}],
    positiveBuckets: counts,
  });
}

/** The buckets with observations, by index: negative ones under `-index`. */
export function bucketMap(histogram: FloatHistogram): Map<string, number> {
  const map = new Map<string, number>();
  for (const sign of ['', '-']) {
    const positive = sign === '';
    const counts = positive ? histogram.positiveBuckets : histogram.negativeBuckets;
    const spans = positive ? histogram.positiveSpans : histogram.negativeSpans;
    for (const [i, index] of bucketIndexes(spans, counts.length).entries()) {
      if (counts[i] !== 0) map.set(`${sign}#${index}`, counts[i]!);
    }
  }
  return map;
}

export function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
