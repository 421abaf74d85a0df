import type {FloatHistogram, Span} from '../histogram.ts';
import {upperBound} from './bounds.ts';

/** The buckets of one sign. */
type Sign = 'positive' | 'negative';

/** Where a cursor is: it goes through some of these in this order. */
const part = {inwards: 0, zero: 1, outwards: 2, end: 3} as const;

interface Route {
  /** Buckets that are walked towards zero, first of all. */
  inwards: Sign | null;
  zero: boolean;
  /** Buckets that are walked away from zero, last. */
  outwards: Sign | null;
  /** Whether buckets that overlap the zero bucket are shown without the overlap. */
  clips: boolean;
}

/**
 * Walks the buckets of a histogram, empty ones of its spans included. After each `next()` that returned true, it
 * shows that bucket; after the end still the last one.
 */
export class BucketCursor {
  count = 0;
  /** Index in the schema; that of the zero bucket means nothing. */
  index = 0;

  readonly #histogram: FloatHistogram;
  readonly #route: Route;
  #part: number = part.inwards;
  #positive = false;
  /** The bucket that is shown. */
  #isZero = false;
  #isPositive = false;
  #spans: readonly Span[] = [];
  #counts: Float64Array;
  #span = 0;
  #leftInSpan = 0;
  #bucket = 0;
  #next = 0;

  constructor(histogram: FloatHistogram, route: Route) {
    this.#histogram = histogram;
    this.#route = route;
    this.#counts = histogram.positiveBuckets;
    if (route.inwards === null) this.#skipInwards();
    else this.#enterInwards(route.inwards);
  }

  next(): boolean {
    if (this.#part === part.inwards) {
      if (this.#nextInwards()) return true;
      this.#skipInwards();
    }
    if (this.#part === part.zero) {
      this.#enterOutwards();
      if (this.#route.zero && this.#histogram.zeroCount > 0) {
        this.#showZero();
        return true;
      }
    }
    return this.#part === part.outwards && this.#nextOutwards();
  }

  #skipInwards(): void {
    this.#part = part.zero;
  }

  #enter(sign: Sign): void {
    const histogram = this.#histogram;
    this.#positive = sign === 'positive';
    this.#spans = this.#positive ? histogram.positiveSpans : histogram.negativeSpans;
    this.#counts = this.#positive ? histogram.positiveBuckets : histogram.negativeBuckets;
  }

  #enterInwards(sign: Sign): void {
    this.#enter(sign);
    let end = 0;
    for (const {offset, length} of this.#spans) end += offset + length;
    this.#next = end;
    this.#span = this.#spans.length - 1;
    this.#leftInSpan = this.#span < 0 ? 0 : this.#spans[this.#span]!.length;
    this.#bucket = this.#counts.length - 1;
  }

  #nextInwards(): boolean {
    while (this.#leftInSpan === 0) {
      if (this.#span <= 0) return false;
      this.#next -= this.#spans[this.#span]!.offset;
      this.#leftInSpan = this.#spans[--this.#span]!.length;
    }
    this.#leftInSpan--;
    this.#next--;
    this.#show(this.#next, this.#counts[this.#bucket--]!);
    return true;
  }

  #enterOutwards(): void {
    const sign = this.#route.outwards;
    if (sign === null) {
      this.#part = part.end;
      return;
    }
    this.#part = part.outwards;
    this.#enter(sign);
    this.#next = 0;
    this.#span = -1;
    this.#leftInSpan = 0;
    this.#bucket = 0;
  }

  #nextOutwards(): boolean {
    while (this.#leftInSpan === 0) {
      if (++this.#span >= this.#spans.length) {
        this.#part = part.end;
        return false;
      }
      const {offset, length} = this.#spans[this.#span]!;
      this.#next += offset;
      this.#leftInSpan = length;
    }
    this.#leftInSpan--;
    this.#show(this.#next++, this.#counts[this.#bucket++]!);
    return true;
  }

  #show(index: number, count: number): void {
    this.index = index;
    this.count = count;
    this.#isZero = false;
    this.#isPositive = this.#positive;
  }

  #showZero(): void {
    this.index = 0;
    this.count = this.#histogram.zeroCount;
    this.#isZero = true;
  }

  // Bounds cost more than counts, and most buckets are only counted: so they are computed when asked for.

  get lower(): number {
    const {zeroThreshold} = this.#histogram;
    if (this.#isZero) return -zeroThreshold;
    const lower = this.#isPositive ? this.#bound(this.index - 1) : -this.#bound(this.index);
    return this.#route.clips && lower > 0 && lower < zeroThreshold ? zeroThreshold : lower;
  }

  get upper(): number {
    const {zeroThreshold} = this.#histogram;
    if (this.#isZero) return zeroThreshold;
    const upper = this.#isPositive ? this.#bound(this.index) : -this.#bound(this.index - 1);
    return this.#route.clips && upper < 0 && upper > -zeroThreshold ? -zeroThreshold : upper;
  }

  get lowerInclusive(): boolean {
    if (this.#isZero) return true;
    return this.#histogram.usesCustomBuckets ? this.index === 0 : this.lower < 0;
  }

  get upperInclusive(): boolean {
    return this.#isZero || this.#histogram.usesCustomBuckets || this.upper > 0;
  }

  #bound(index: number): number {
    return upperBound(index, this.#histogram.schema, this.#histogram.customValues);
  }
}

/** Positive buckets, rising: from zero upwards. */
export function positiveBuckets(histogram: FloatHistogram): BucketCursor {
  return new BucketCursor(histogram, {inwards: null, zero: false, outwards: 'positive', clips: false});
}

/** Negative buckets, falling: from zero downwards. */
export function negativeBuckets(histogram: FloatHistogram): BucketCursor {
  return new BucketCursor(histogram, {inwards: null, zero: false, outwards: 'negative', clips: false});
}

/** Negative buckets, rising: from the lowest towards zero. */
export function negativeBucketsAscending(histogram: FloatHistogram): BucketCursor {
  return new BucketCursor(histogram, {inwards: 'negative', zero: false, outwards: null, clips: false});
}

/**
 * Negative, zero (unless it is empty) and positive buckets, rising. What of a bucket lies within the zero bucket is cut off
 * where the bucket reaches beyond zero's threshold at one end only.
 */
export function allBuckets(histogram: FloatHistogram): BucketCursor {
  return new BucketCursor(histogram, {inwards: 'negative', zero: true, outwards: 'positive', clips: true});
}

/** The same as `allBuckets`, falling. */
export function allBucketsDescending(histogram: FloatHistogram): BucketCursor {
  return new BucketCursor(histogram, {inwards: 'positive', zero: true, outwards: 'negative', clips: true});
}
