// Which buckets a side of a histogram has: runs of indexes.

import type {Span} from '../histogram.ts';

/** The index of each bucket, rising. */
export function bucketIndexes(spans: readonly Span[], count: number): Int32Array {
  const indexes = new Int32Array(count);
  let at = 0;
  let index = 0;
  for (const {offset, length} of spans) {
    index += offset;
    for (let i = 0; i < length; i++) indexes[at++] = index++;
  }
  return indexes;
}

/** The spans of indexes that are added in rising order, neighbours in one span. */
export class SpanBuilder {
  readonly #spans: Span[] = [];
  #offset = 0;
  #length = 0;
  /** The index after the last one added. */
  #end = 0;

  add(index: number): void {
    if (this.#length > 0 && index === this.#end) {
      this.#length++;
      this.#end++;
      return;
    }
    this.addApart(index);
  }

  /** Begins a span, even where the one before ends there. */
  addApart(index: number): void {
    this.#flush();
    this.#offset = index - this.#end;
    this.#length = 1;
    this.#end = index + 1;
  }

  finish(): readonly Span[] {
    this.#flush();
    return this.#spans;
  }

  #flush(): void {
    if (this.#length > 0) this.#spans.push({offset: this.#offset, length: this.#length});
    this.#length = 0;
  }
}

/** Whether both list the same spans. */
export function sameSpans(left: readonly Span[], right: readonly Span[]): boolean {
  if (left === right) return true;
  if (left.length !== right.length) return false;
  for (let i = 0; i < left.length; i++) {
    if (left[i]!.offset !== right[i]!.offset || left[i]!.length !== right[i]!.length) return false;
  }
  return true;
}

/** Like `sameSpans`, but spans without buckets count as part of the gap. */
export function sameBuckets(left: readonly Span[], right: readonly Span[]): boolean {
  return sameSpans(left, right) || sameSpans(withoutEmpty(left), withoutEmpty(right));
}

function withoutEmpty(spans: readonly Span[]): readonly Span[] {
  const kept: Span[] = [];
  let gap = 0;
  for (const {offset, length} of spans) {
    gap += offset;
    if (length === 0) continue;
    kept.push({offset: gap, length});
    gap = 0;
  }
  return kept;
}

/**
 * For each span of `inner` that has buckets, the position of its first one among the buckets of `outer`, in `positions`.
 * Returns whether each lies within one span of `outer`.
 */
export function locateSpans(inner: readonly Span[], outer: readonly Span[], positions: Int32Array): boolean {
  let next = 0;
  let start = 0;
  let end = 0;
  /** The position of the bucket at `start`. */
  let position = 0;
  let index = 0;
  for (let i = 0; i < inner.length; i++) {
    const {offset, length} = inner[i]!;
    index += offset;
    if (length === 0) continue;
    while (next === 0 || index >= end) {
      if (next === outer.length) return false;
      const span = outer[next++]!;
      position += end - start;
      start = end + span.offset;
      end = start + span.length;
    }
    if (index < start || index + length > end) return false;
    positions[i] = position + index - start;
    index += length;
  }
  return true;
}

/** The buckets of two sides together. */
export interface Union {
  spans: readonly Span[];
  /** For each bucket of the union its position among the left buckets, -1 where it is not there. */
  left: Int32Array;
  right: Int32Array;
}

/**
 * The union of both sides' buckets, of which the first `skipped` of the right side are left out. The spans are those that
 * Prometheus makes, since their number counts in statistics of samples: a right bucket lengthens the left span behind which it
 * is, else that before which it is, and left spans between which everything is filled stay two.
 */
export function uniteBuckets(
  left: {spans: readonly Span[]; count: number},
  right: {spans: readonly Span[]; count: number},
  skipped: number,
): Union {
  const leftIndexes = bucketIndexes(left.spans, left.count);
  const rightIndexes = bucketIndexes(right.spans, right.count);
  const fromLeft = new Int32Array(left.count + right.count).fill(-1);
  const fromRight = new Int32Array(left.count + right.count).fill(-1);
  const begins = beginningsOf(left);
  const spans = new SpanBuilder();
  let length = 0;
  let end = NaN;
  /** Whether the last span is a single right bucket. */
  let isLone = false;
  for (let i = 0, j = skipped; i < left.count || j < right.count; length++) {
    const leftIndex = i < left.count ? leftIndexes[i]! : Infinity;
    const rightIndex = j < right.count ? rightIndexes[j]! : Infinity;
    const index = Math.min(leftIndex, rightIndex);
    if (leftIndex === index && begins[i] === 1 && !isLone) spans.addApart(index);
    else spans.add(index);
    isLone = leftIndex !== index && index !== end;
    end = index + 1;
    if (leftIndex === index) fromLeft[length] = i++;
    if (rightIndex === index) fromRight[length] = j++;
  }
  return {
    spans: spans.finish(),
    left: fromLeft.subarray(0, length),
    right: fromRight.subarray(0, length),
  };
}

/** 1 for each bucket that is the first of its span. */
function beginningsOf({spans, count}: {spans: readonly Span[]; count: number}): Uint8Array {
  const begins = new Uint8Array(count);
  let at = 0;
  for (const {length} of spans) {
    if (length > 0) begins[at] = 1;
    at += length;
  }
  return begins;
}
