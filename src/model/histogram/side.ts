// One side (sign) of a histogram while it is computed with.

import type {Span} from '../histogram.ts';
import {exponentialBound} from './bounds.ts';
import {sameSpans, SpanBuilder, uniteBuckets} from './spans.ts';

/** Buckets of one sign. A value: functions return new ones, which may share the spans. */
export interface Side {
  readonly spans: readonly Span[];
  readonly counts: Float64Array;
  /** What rounding has lost of each count so far; null where that is not kept. */
  readonly lost: Float64Array | null;
}

/** Adds to a sum and keeps what rounding loses, after Neumaier. Where the sum is infinite, nothing is lost any more. */
export function addKept(sums: Float64Array, lost: Float64Array, at: number, value: number): void {
  const sum = sums[at]!;
  const total = sum + value;
  if (total === Infinity || total === -Infinity) lost[at] = 0;
  else if (Math.abs(sum) >= Math.abs(value)) lost[at]! += sum - total + value;
  else lost[at]! += value - total + sum;
  sums[at] = total;
}

export function copySide({spans, counts, lost}: Side): Side {
  return {spans, counts: counts.slice(), lost: lost === null ? null : lost.slice()};
}

/** left + sign * right, in arrays of its own. The first `skipped` buckets of `right` are left out. Lost parts are kept where `left` has them. */
export function addSides(left: Side, right: Side, sign: 1 | -1, skipped: number): Side {
  if (right.counts.length === skipped) return copySide(left);
  if (skipped === 0 && sameSpans(left.spans, right.spans)) return addSameBuckets(left, right, sign);
  const union = uniteBuckets(
    {spans: left.spans, count: left.counts.length},
    {spans: right.spans, count: right.counts.length},
    skipped,
  );
  const length = union.left.length;
  const counts = new Float64Array(length);
  const lost = left.lost === null ? null : new Float64Array(length);
  for (let i = 0; i < length; i++) {
    const from = union.left[i]!;
    const other = union.right[i]!;
    if (from >= 0) {
      counts[i] = left.counts[from]!;
      if (lost !== null) lost[i] = left.lost![from]!;
      if (other >= 0) addBucket(counts, lost, i, right, other, sign);
    } else {
      counts[i] = sign * right.counts[other]!;
      if (lost !== null && right.lost !== null) lost[i] = sign * right.lost[other]!;
    }
  }
  return {spans: union.spans, counts, lost};
}

function addSameBuckets(left: Side, right: Side, sign: 1 | -1): Side {
  const sum = copySide(left);
  for (let i = 0; i < sum.counts.length; i++) addBucket(sum.counts, sum.lost, i, right, i, sign);
  return sum;
}

function addBucket(
  counts: Float64Array,
  lost: Float64Array | null,
  at: number,
  right: Side,
  from: number,
  sign: 1 | -1,
): void {
  const value = sign * right.counts[from]!;
  if (lost === null) {
    counts[at]! += value;
    return;
  }
  addKept(counts, lost, at, value);
  const rest = right.lost === null ? 0 : sign * right.lost[from]!;
  if (rest !== 0) addKept(counts, lost, at, rest);
}

/** How many buckets end at `threshold` or before it. */
export function bucketsWithin(spans: readonly Span[], schema: number, threshold: number): number {
  if (threshold === 0) return 0;
  let within = 0;
  let index = 0;
  for (const {offset, length} of spans) {
    index += offset;
    for (let i = 0; i < length; i++, index++, within++) {
      if (exponentialBound(index, schema) > threshold) return within;
    }
  }
  return within;
}

/** The side in a schema of lower resolution, each of whose buckets holds 2^(schema - target) of those before. */
export function reduceSide(side: Side, schema: number, target: number): Side {
  const {spans, counts, lost} = side;
  const shift = schema - target;
  const builder = new SpanBuilder();
  const reduced = new Float64Array(counts.length);
  const reducedLost = lost === null ? null : new Float64Array(counts.length);
  let last = -1;
  let lastIndex = -Infinity;
  let from = 0;
  let index = 0;
  for (const {offset, length} of spans) {
    index += offset;
    for (let i = 0; i < length; i++, index++, from++) {
      const targetIndex = reducedIndex(index, shift);
      if (targetIndex !== lastIndex) {
        builder.add(targetIndex);
        lastIndex = targetIndex;
        reduced[++last] = counts[from]!;
        if (reducedLost !== null) reducedLost[last] = lost![from]!;
      } else if (reducedLost === null) reduced[last]! += counts[from]!;
      else {
        addKept(reduced, reducedLost, last, counts[from]!);
        addKept(reduced, reducedLost, last, lost![from]!);
      }
    }
  }
  return {
    spans: builder.finish(),
    counts: reduced.slice(0, last + 1),
    lost: reducedLost === null ? null : reducedLost.slice(0, last + 1),
  };
}

/** The bucket that holds bucket `index` when the resolution is divided by 2^shift. */
export function reducedIndex(index: number, shift: number): number {
  return ((index - 1) >> Math.min(shift, 31)) + 1;
}

/** The side without its first `count` buckets, and without empty ones. */
export function dropFirst(side: Side, count: number): Side {
  const {spans, counts, lost} = side;
  const builder = new SpanBuilder();
  const kept = new Float64Array(counts.length);
  const keptLost = lost === null ? null : new Float64Array(counts.length);
  let length = 0;
  let from = 0;
  let index = 0;
  for (const span of spans) {
    index += span.offset;
    for (let i = 0; i < span.length; i++, index++, from++) {
      if (from < count || (counts[from] === 0 && (lost === null || lost[from] === 0))) continue;
      builder.add(index);
      kept[length] = counts[from]!;
      if (keptLost !== null) keptLost[length] = lost![from]!;
      length++;
    }
  }
  return {
    spans: builder.finish(),
    counts: kept.slice(0, length),
    lost: keptLost === null ? null : keptLost.slice(0, length),
  };
}
