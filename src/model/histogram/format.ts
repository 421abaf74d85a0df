// Histograms as text: as Prometheus prints them, and as test scripts write them.

import {formatShortest} from '../../base/format.ts';
import {counterReset, type FloatHistogram, type Span} from '../histogram.ts';
import {compact} from './compact.ts';
import {type BucketCursor, negativeBucketsAscending, positiveBuckets} from './cursor.ts';

/** `{count:3, sum:1.5, [-0.001,0.001]:1, (0.5,1]:2}`: the buckets with observations, rising. count_values() prints it. Histograms of whole numbers have their counts printed as such elsewhere: formatPlain(). */
export function formatHistogram(histogram: FloatHistogram, formatCount = formatShortest): string {
  const {zeroThreshold, zeroCount} = histogram;
  const parts = [`count:${formatCount(histogram.count)}`, `sum:${formatShortest(histogram.sum)}`];
  for (const bucket = negativeBucketsAscending(histogram); bucket.next();)
    addBucket(parts, bucket, formatCount);
  if (zeroCount !== 0) {
    const width = formatShortest(zeroThreshold);
    parts.push(`[${formatShortest(-zeroThreshold)},${width}]:${formatCount(zeroCount)}`);
  }
  for (const bucket = positiveBuckets(histogram); bucket.next();) addBucket(parts, bucket, formatCount);
  return `{${parts.join(', ')}}`;
}

function addBucket(parts: string[], bucket: BucketCursor, formatCount: (count: number) => string): void {
  const {lower, upper, lowerInclusive, upperInclusive, count} = bucket;
  if (count === 0) return;
  const bounds = `${formatShortest(lower)},${formatShortest(upper)}`;
  parts.push(`${lowerInclusive ? '[' : '('}${bounds}${upperInclusive ? ']' : ')'}:${formatCount(count)}`);
}

const hintTexts = {
  [counterReset.unknown]: '',
  [counterReset.reset]: 'reset',
  [counterReset.notReset]: 'not_reset',
  [counterReset.gauge]: 'gauge',
} as const;

/** `{{schema:1 count:3 sum:1.5 offset:-1 buckets:[1 0 2]}}`, the language of test scripts. Fields that are 0 are left out. */
export function formatTestExpression(histogram: FloatHistogram): string {
  const whole = compact(histogram, Infinity);
  const fields: string[] = [];
  const add = (name: string, value: number): void => {
    if (value !== 0) fields.push(`${name}:${formatShortest(value)}`);
  };
  add('schema', whole.schema);
  add('count', whole.count);
  add('sum', whole.sum);
  add('z_bucket', whole.zeroCount);
  add('z_bucket_w', whole.zeroThreshold);
  if (whole.usesCustomBuckets) fields.push(`custom_values:${formatList(whole.customValues)}`);
  const hint = hintTexts[whole.counterResetHint];
  if (hint !== '') fields.push(`counter_reset_hint:${hint}`);
  addSide(fields, '', whole.positiveSpans, whole.positiveBuckets);
  addSide(fields, 'n_', whole.negativeSpans, whole.negativeBuckets);
  return `{{${fields.join(' ')}}}`;
}

function addSide(fields: string[], prefix: string, spans: readonly Span[], counts: Float64Array): void {
  const offset = spans[0]?.offset ?? 0;
  if (offset !== 0) fields.push(`${prefix}offset:${offset}`);
  if (counts.length > 0) fields.push(`${prefix}buckets:${formatList(counts)}`);
}

function formatList(values: Iterable<number>): string {
  return `[${Array.from(values, formatShortest).join(' ')}]`;
}
