import {counterReset, type FloatHistogram} from '../histogram.ts';
import {commonBounds, countsBetween, sameBounds} from './customvalues.ts';
import {bucketsWithin, reduceSide, type Side} from './side.ts';
import {bucketIndexes, sameSpans} from './spans.ts';
import {widenZero} from './zerobucket.ts';

/**
 * Whether a counter was reset between two of its histograms: as `current` says, else whether anything but the sum has become
 * less. Higher resolution or a narrower zero bucket come with resets only, so they are resets too. Gauges are looked at like
 * counters.
 */
export function detectReset(current: FloatHistogram, previous: FloatHistogram): boolean {
  if (current.counterResetHint === counterReset.reset) return true;
  if (current.counterResetHint === counterReset.notReset) return false;
  if (current.count < previous.count) return true;
  if (current.usesCustomBuckets) {
    if (!previous.usesCustomBuckets) return true;
    if (!sameBounds(current.customValues, previous.customValues)) return customBucketsFell(current, previous);
  }
  if (current.schema > previous.schema || current.zeroThreshold < previous.zeroThreshold) return true;
  // Custom buckets cannot become exponential ones without being another histogram.
  if (previous.usesCustomBuckets !== current.usesCustomBuckets) return true;
  const before = sidesOf(previous);
  const widened = widenZero(
    {
      schema: previous.schema,
      ...before,
      threshold: previous.zeroThreshold,
      count: previous.zeroCount,
      lost: 0,
    },
    current.zeroThreshold,
  );
  if (widened.threshold !== current.zeroThreshold || current.zeroCount < widened.count) return true;
  const after = sidesOf(current);
  return (
    sideFell(after.positive, before.positive, current, previous.schema) ||
    sideFell(after.negative, before.negative, current, previous.schema)
  );
}

function sidesOf(histogram: FloatHistogram): {positive: Side; negative: Side} {
  return {
    positive: {spans: histogram.positiveSpans, counts: histogram.positiveBuckets, lost: null},
    negative: {spans: histogram.negativeSpans, counts: histogram.negativeBuckets, lost: null},
  };
}

/** Whether a bucket outside of the zero bucket holds less than before. */
function sideFell(after: Side, before: Side, current: FloatHistogram, schemaBefore: number): boolean {
  const {schema, zeroThreshold, usesCustomBuckets} = current;
  const reduced = schemaBefore === schema ? before : reduceSide(before, schemaBefore, schema);
  const within = (side: Side): number =>
    usesCustomBuckets ? 0 : bucketsWithin(side.spans, schema, zeroThreshold);
  const firstBefore = within(reduced);
  if (sameSpans(after.spans, reduced.spans)) {
    for (let i = firstBefore; i < after.counts.length; i++) {
      if (after.counts[i]! < reduced.counts[i]!) return true;
    }
    return false;
  }
  const indexes = bucketIndexes(after.spans, after.counts.length);
  const indexesBefore = bucketIndexes(reduced.spans, reduced.counts.length);
  let at = within(after);
  for (let i = firstBefore; i < indexesBefore.length; i++) {
    while (at < indexes.length && indexes[at]! < indexesBefore[i]!) at++;
    if (at < indexes.length && indexes[at] === indexesBefore[i]) {
      if (after.counts[at]! < reduced.counts[i]!) return true;
    } else if (reduced.counts[i] !== 0) return true;
  }
  return false;
}

/** The same for custom buckets, between the bounds that both have. */
function customBucketsFell(current: FloatHistogram, previous: FloatHistogram): boolean {
  const common = commonBounds(current.customValues, previous.customValues);
  const counts = ({positiveSpans, positiveBuckets, customValues}: FloatHistogram): Float64Array =>
    countsBetween(positiveSpans, positiveBuckets, customValues, common);
  const after = counts(current);
  const before = counts(previous);
  return after.some((count, i) => count < before[i]!);
}
