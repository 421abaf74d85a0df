import type {FloatHistogram} from '../histogram.ts';

/** Of Go's struct with its pointer; what limits and statistics of samples count is memory of Prometheus. */
const structBytes = 168;

/** Bytes that Prometheus would need for the histogram on a 64-bit machine. */
export function sizeBytes(histogram: FloatHistogram): number {
  const {positiveSpans, negativeSpans, positiveBuckets, negativeBuckets, customValues} = histogram;
  const words =
    positiveSpans.length +
    negativeSpans.length +
    positiveBuckets.length +
    negativeBuckets.length +
    customValues.length;
  return structBytes + 8 * words;
}

/** As how many samples of 16 bytes a histogram with its timestamp counts in range vectors and matrices. */
export function pointSamples(histogram: FloatHistogram): number {
  return Math.floor((sizeBytes(histogram) + 8) / 16);
}
