import {counterReset, type CounterResetHint, type FloatHistogram} from '../model/histogram.ts';
import {sameBounds} from '../model/histogram/customvalues.ts';
import {detectReset} from '../model/histogram/reset.ts';

/**
 * The hint with which Prometheus's storage gives back a histogram that was appended after `previous` (null after a float, a
 * stale marker or nothing). A chunk holds either gauges or one counter without resets, so that all but its first histogram are
 * known not to be resets; of the first nothing is known, since the chunk before may be missing.
 */
export function storedHint(histogram: FloatHistogram, previous: FloatHistogram | null): CounterResetHint {
  if (histogram.counterResetHint === counterReset.gauge) return counterReset.gauge;
  if (previous === null || previous.counterResetHint === counterReset.gauge) return counterReset.unknown;
  return fitsChunk(histogram, previous) ? counterReset.notReset : counterReset.unknown;
}

function fitsChunk(histogram: FloatHistogram, previous: FloatHistogram): boolean {
  return (
    histogram.counterResetHint !== counterReset.reset &&
    histogram.schema === previous.schema &&
    histogram.zeroThreshold === previous.zeroThreshold &&
    sameBounds(histogram.customValues, previous.customValues) &&
    !detectReset(histogram.with({counterResetHint: counterReset.unknown}), previous)
  );
}
