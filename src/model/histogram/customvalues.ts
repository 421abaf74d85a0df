// Histograms with custom bounds that differ are brought to the bounds that they have in common.

import type {Span} from '../histogram.ts';
import {addKept, type Side} from './side.ts';
import {SpanBuilder} from './spans.ts';

export function sameBounds(left: readonly number[], right: readonly number[]): boolean {
  if (left === right) return true;
  if (left.length !== right.length) return false;
  for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return false;
  return true;
}

/** The bounds that are in both lists. */
export function commonBounds(left: readonly number[], right: readonly number[]): number[] {
  const common: number[] = [];
  for (let i = 0, j = 0; i < left.length && j < right.length;) {
    if (left[i] === right[j]) {
      common.push(left[i]!);
      i++;
      j++;
    } else if (left[i]! < right[j]!) i++;
    else j++;
  }
  return common;
}

interface Bounded {
  side: Side;
  bounds: readonly number[];
}

/** left + sign * right with the buckets of `common`, without empty ones. Lost parts are kept where `left` has them. */
export function addToCommonBounds(left: Bounded, right: Bounded, sign: 1 | -1, common: number[]): Side {
  const sums = new Float64Array(common.length + 1);
  const lost = new Float64Array(common.length + 1);
  addMapped(sums, lost, left, 1, common);
  addMapped(sums, lost, right, sign, common);
  const builder = new SpanBuilder();
  let length = 0;
  for (let i = 0; i < sums.length; i++) {
    if (sums[i] === 0 && lost[i] === 0) continue;
    builder.add(i);
    sums[length] = sums[i]!;
    lost[length] = lost[i]!;
    length++;
  }
  return {
    spans: builder.finish(),
    counts: sums.slice(0, length),
    lost: left.side.lost === null ? null : lost.slice(0, length),
  };
}

function addMapped(
  sums: Float64Array,
  lost: Float64Array,
  {side, bounds}: Bounded,
  sign: 1 | -1,
  common: readonly number[],
): void {
  walkMapped(side.spans, bounds, common, (bucket, target) => {
    addKept(sums, lost, target, sign * side.counts[bucket]!);
    if (side.lost !== null) addKept(sums, lost, target, sign * side.lost[bucket]!);
  });
}

/** Calls `visit` for each bucket with the bucket of `common` that takes it in: the first that does not end before it. */
function walkMapped(
  spans: readonly Span[],
  bounds: readonly number[],
  common: readonly number[],
  visit: (bucket: number, target: number) => void,
): void {
  let bucket = 0;
  let index = 0;
  let target = 0;
  for (const {offset, length} of spans) {
    index += offset;
    for (let i = 0; i < length; i++, index++, bucket++) {
      if (index >= bounds.length) target = common.length;
      while (target < common.length && common[target]! < bounds[index]!) target++;
      visit(bucket, target);
    }
  }
}

/** The counts of the buckets between common bounds, empty ones included. */
export function countsBetween(
  spans: readonly Span[],
  counts: Float64Array,
  bounds: readonly number[],
  common: readonly number[],
): Float64Array {
  const sums = new Float64Array(common.length + 1);
  walkMapped(spans, bounds, common, (bucket, target) => {
    sums[target]! += counts[bucket]!;
  });
  return sums;
}
