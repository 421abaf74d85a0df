import type {FloatHistogram, Span} from '../histogram.ts';
import {SpanBuilder} from './spans.ts';

/**
 * The histogram without empty buckets, but for those between others that are at most `emptyMax` in a row, which are kept or
 * added so that the spans around them are one. Returns the histogram itself where nothing changes.
 */
export function compact(histogram: FloatHistogram, emptyMax = 0): FloatHistogram {
  const {positiveSpans, positiveBuckets, negativeSpans, negativeBuckets} = histogram;
  const positive = compactSide(positiveSpans, positiveBuckets, emptyMax);
  const negative = compactSide(negativeSpans, negativeBuckets, emptyMax);
  if (positive === null && negative === null) return histogram;
  return histogram.with({
    positiveSpans: positive?.spans ?? positiveSpans,
    positiveBuckets: positive?.counts ?? positiveBuckets,
    negativeSpans: negative?.spans ?? negativeSpans,
    negativeBuckets: negative?.counts ?? negativeBuckets,
  });
}

/** Null where the side is compact. */
function compactSide(
  spans: readonly Span[],
  counts: Float64Array,
  emptyMax: number,
): {spans: readonly Span[]; counts: Float64Array} | null {
  if (isCompact(spans, counts, emptyMax)) return null;
  const builder = new SpanBuilder();
  const compacted: number[] = [];
  let from = 0;
  let index = 0;
  let end = Infinity;
  for (const {offset, length} of spans) {
    index += offset;
    for (let i = 0; i < length; i++, index++, from++) {
      const count = counts[from]!;
      if (count === 0) continue;
      if (index - end <= emptyMax) {
        for (; end < index; end++) {
          builder.add(end);
          compacted.push(0);
        }
      }
      builder.add(index);
      compacted.push(count);
      end = index + 1;
    }
  }
  return {spans: builder.finish(), counts: Float64Array.from(compacted)};
}

/** Fast path: most histograms are compact. */
function isCompact(spans: readonly Span[], counts: Float64Array, emptyMax: number): boolean {
  for (let i = 0; i < spans.length; i++) {
    if (spans[i]!.length === 0 || (i > 0 && spans[i]!.offset <= emptyMax)) return false;
  }
  for (let i = 0; i < counts.length; i++) if (counts[i] === 0) return false;
  return true;
}
