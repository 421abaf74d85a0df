// sum(), avg() and their `_over_time` relatives over histograms, with Prometheus's rounding.

import type {FloatHistogram} from '../histogram.ts';
import {Accumulator, type AdditionNotes} from './accumulator.ts';
import {divide} from './arithmetic.ts';

/** The sum of one histogram and those added. Not compacted. */
export class HistogramSum {
  readonly #first: FloatHistogram;
  #accumulator: Accumulator | null = null;

  constructor(first: FloatHistogram) {
    this.#first = first;
  }

  /** Throws IncompatibleHistograms. */
  add(histogram: FloatHistogram): AdditionNotes {
    this.#accumulator ??= new Accumulator(this.#first, true);
    return this.#accumulator.add(histogram);
  }

  sum(): FloatHistogram {
    return this.#accumulator === null ? this.#first : this.#accumulator.total();
  }
}

/** Sums of numbers whose magnitudes add up to less stay finite, however they are rounded. */
const safeMagnitude = 2 ** 1023;

/**
 * The mean of one histogram and those added: of their sum, until that would overflow; from then on the mean itself is
 * carried on. Not compacted.
 */
export class HistogramMean {
  readonly #first: FloatHistogram;
  #count = 1;
  #accumulator: Accumulator | null = null;
  #incremental = false;
  /** No number of the sum is beyond this. */
  #magnitude: number;

  constructor(first: FloatHistogram) {
    this.#first = first;
    this.#magnitude = magnitudeOf(first);
  }

  /** Throws IncompatibleHistograms. */
  add(histogram: FloatHistogram): AdditionNotes {
    this.#count++;
    this.#accumulator ??= new Accumulator(this.#first, true);
    return this.#incremental ? this.#addToMean(histogram) : this.#addToSum(histogram);
  }

  mean(): FloatHistogram {
    if (this.#accumulator === null) return this.#first;
    const mean = this.#accumulator.clone();
    if (!this.#incremental) mean.divide(this.#count);
    return mean.total();
  }

  #addToSum(histogram: FloatHistogram): AdditionNotes {
    const sum = this.#accumulator!;
    this.#magnitude += magnitudeOf(histogram);
    // Fast path: it cannot overflow.
    if (this.#magnitude < safeMagnitude) return sum.add(histogram);
    const next = sum.clone();
    const notes = next.add(histogram);
    if (!next.overflows) {
      this.#accumulator = next;
      return notes;
    }
    this.#incremental = true;
    sum.divide(this.#count - 1);
    const reconciled = this.#addToMean(histogram);
    return {
      counterResetCollision: notes.counterResetCollision,
      nhcbBoundsReconciled: notes.nhcbBoundsReconciled || reconciled.nhcbBoundsReconciled,
    };
  }

  #addToMean(histogram: FloatHistogram): AdditionNotes {
    const mean = this.#accumulator!;
    mean.scale((this.#count - 1) / this.#count);
    return mean.add(divide(histogram, this.#count));
  }
}

/** A bound of all sums of the histogram's numbers. NaN stays NaN whatever is added to it, so it does not count. */
function magnitudeOf(histogram: FloatHistogram): number {
  const {positiveBuckets, negativeBuckets, customValues} = histogram;
  let magnitude = finite(histogram.count) + finite(histogram.sum) + finite(histogram.zeroCount);
  for (let i = 0; i < positiveBuckets.length; i++) magnitude += Math.abs(positiveBuckets[i]!);
  for (let i = 0; i < negativeBuckets.length; i++) magnitude += Math.abs(negativeBuckets[i]!);
  if (customValues.length > 0) magnitude += finite(customValues[0]!);
  return magnitude;
}

function finite(value: number): number {
  return value !== value ? 0 : Math.abs(value);
}
