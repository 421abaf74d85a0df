// How the buckets of two histograms relate: which ones a chunk has to get, which ones a histogram has to get, and whether a
// count has gone down in between. Counts are absolute here.

import type {Span} from '../../model/histogram.ts';
import {sameSpans, SpanBuilder} from '../../model/histogram/spans.ts';

/** `count` empty buckets before the bucket at `position`, the first of them with index `bucket`. */
export interface Insert {
  readonly position: number;
  count: number;
  readonly bucket: number;
}

/** Walks the indexes of the buckets of spans. */
class BucketCursor {
  /** Index of the bucket; undefined behind the last. */
  bucket: number | undefined;
  /** Its position among the counts. */
  position = -1;
  readonly #spans: readonly Span[];
  #span = -1;
  #left = 0;
  #next = 0;

  constructor(spans: readonly Span[]) {
    this.#spans = spans;
    this.next();
  }

  next(): void {
    this.position++;
    while (this.#left === 0) {
      this.#span++;
      if (this.#span >= this.#spans.length) {
        this.bucket = undefined;
        return;
      }
      this.#next += this.#spans[this.#span]!.offset;
      this.#left = this.#spans[this.#span]!.length;
    }
    this.#left--;
    this.bucket = this.#next++;
  }
}

/** Collects inserts; neighbours at one position become one. */
function addInsert(inserts: Insert[], position: number, bucket: number): void {
  const last = inserts.at(-1);
  if (last !== undefined && last.position === position && last.bucket + last.count === bucket) last.count++;
  else inserts.push({position, count: 1, bucket});
}

export interface Expansion {
  /** What the chunk has to get. */
  forward: Insert[];
  /** What the histogram has to get. */
  backward: Insert[];
}

interface Buckets {
  readonly spans: readonly Span[];
  readonly counts: Float64Array;
}

/**
 * Compares a counter's buckets with those before. Null where a count has gone down: a bucket that was in use is smaller or
 * gone.
 */
export function expandCounter(before: Buckets, after: Buckets): Expansion | null {
  const forward: Insert[] = [];
  const backward: Insert[] = [];
  // Fast path: the same spans, as in nearly every sample.
  if (sameSpans(before.spans, after.spans)) {
    for (let i = 0; i < before.counts.length; i++) if (before.counts[i]! > after.counts[i]!) return null;
    return {forward, backward};
  }
  const old = new BucketCursor(before.spans);
  const fresh = new BucketCursor(after.spans);
  while (old.bucket !== undefined || fresh.bucket !== undefined) {
    if (fresh.bucket === undefined || (old.bucket !== undefined && old.bucket < fresh.bucket)) {
      if (before.counts[old.position] !== 0) return null;
      addInsert(backward, fresh.position, old.bucket!);
      old.next();
    } else if (old.bucket === undefined || old.bucket > fresh.bucket) {
      addInsert(forward, old.position, fresh.bucket);
      fresh.next();
    } else {
      if (before.counts[old.position]! > after.counts[fresh.position]!) return null;
      old.next();
      fresh.next();
    }
  }
  return {forward, backward};
}

/** The same for gauges, whose counts may go down; with the spans of all buckets of both. */
export function expandGauge(
  before: readonly Span[],
  after: readonly Span[],
): Expansion & {merged: readonly Span[]} {
  const forward: Insert[] = [];
  const backward: Insert[] = [];
  const merged = new SpanBuilder();
  const old = new BucketCursor(before);
  const fresh = new BucketCursor(after);
  while (old.bucket !== undefined || fresh.bucket !== undefined) {
    if (fresh.bucket === undefined || (old.bucket !== undefined && old.bucket < fresh.bucket)) {
      addInsert(backward, fresh.position, old.bucket!);
      merged.add(old.bucket!);
      old.next();
    } else if (old.bucket === undefined || old.bucket > fresh.bucket) {
      addInsert(forward, old.position, fresh.bucket);
      merged.add(fresh.bucket);
      fresh.next();
    } else {
      merged.add(old.bucket);
      old.next();
      fresh.next();
    }
  }
  return {forward, backward, merged: merged.finish()};
}

/** Spans of the buckets of `spans` together with the inserted ones. */
export function insertIntoSpans(spans: readonly Span[], inserts: readonly Insert[]): readonly Span[] {
  if (inserts.length === 0) return spans;
  const merged = new SpanBuilder();
  const cursor = new BucketCursor(spans);
  for (const {position, count, bucket} of inserts) {
    for (; cursor.position < position && cursor.bucket !== undefined; cursor.next())
      merged.add(cursor.bucket);
    for (let i = 0; i < count; i++) merged.add(bucket + i);
  }
  for (; cursor.bucket !== undefined; cursor.next()) merged.add(cursor.bucket);
  return merged.finish();
}

/** The counts with a 0 for each inserted bucket. */
export function insertIntoCounts(
  counts: Float64Array,
  inserts: readonly Insert[],
): Float64Array<ArrayBuffer> {
  const inserted = inserts.reduce((sum, {count}) => sum + count, 0);
  const all = new Float64Array(counts.length + inserted);
  let from = 0;
  let to = 0;
  for (const {position, count} of inserts) {
    all.set(counts.subarray(from, position), to);
    to += position - from + count;
    from = position;
  }
  all.set(counts.subarray(from), to);
  return all;
}
