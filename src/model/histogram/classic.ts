// Classic histograms (series with `le` labels) as histograms with custom buckets.

import {formatShortest} from '../../base/format.ts';
import {customBucketsSchema, FloatHistogram} from '../histogram.ts';
import {compact} from './compact.ts';

/** Rows of empty buckets of this length stay within a span; upstream does so for whole numbers. */
const emptyMax = 2;

/** Collects the samples of one classic histogram at one time. Errors stay until `convert()`. */
export class ClassicHistogram {
  /** Cumulative counts by upper bound, rising. */
  readonly #bounds: number[] = [];
  readonly #counts: number[] = [];
  #count: number | null = null;
  #sum = 0;
  #problem: string | null = null;

  /** A bound that is there already is ignored. */
  setBucket(bound: number, count: number): void {
    if (this.#problem !== null) return;
    if (bound !== bound) this.#problem = 'bucket boundary must not be NaN';
    else if (count < 0) {
      this.#problem = `bucket count must be non-negative: le=${formatShortest(bound)}, count=${formatShortest(count)}`;
    } else this.#insert(bound, count);
  }

  setCount(count: number): void {
    if (this.#problem !== null) return;
    if (count < 0) this.#problem = `count must be non-negative: count=${formatShortest(count)}`;
    else this.#count = count;
  }

  setSum(sum: number): void {
    if (this.#problem === null) this.#sum = sum;
  }

  /** Throws RangeError where what was set contradicts itself. */
  convert(): FloatHistogram {
    if (this.#problem !== null) throw new RangeError(this.#problem);
    const count = this.#count ?? this.#counts.at(-1) ?? 0;
    const cumulative = [...this.#counts];
    const customValues = this.#bounds.filter((bound) => bound !== Infinity);
    if (this.#bounds.at(-1) !== Infinity) cumulative.push(count);
    if (count !== cumulative.at(-1)) {
      throw new RangeError(
        `count mismatch: count=${formatShortest(count)} != le=+Inf count=${formatShortest(cumulative.at(-1)!)}`,
      );
    }
    const histogram = new FloatHistogram({
      schema: customBucketsSchema,
      count,
      sum: this.#sum,
      positiveSpans: [{offset: 0, length: cumulative.length}],
      positiveBuckets: Float64Array.from(cumulative, (each, i) => each - (cumulative[i - 1] ?? 0)),
      customValues,
    });
    return compact(histogram, cumulative.every(Number.isSafeInteger) ? emptyMax : 0);
  }

  #insert(bound: number, count: number): void {
    // They mostly come in order.
    let at = this.#bounds.length;
    while (at > 0 && this.#bounds[at - 1]! >= bound) at--;
    if (this.#bounds[at] === bound) return;
    const below = this.#counts[at - 1];
    const above = this.#counts[at];
    if (below !== undefined && count < below) this.#problem = notCumulative(count, '<', below);
    else if (above !== undefined && count > above) this.#problem = notCumulative(count, '>', above);
    else {
      this.#bounds.splice(at, 0, bound);
      this.#counts.splice(at, 0, count);
    }
  }
}

function notCumulative(count: number, relation: string, neighbour: number): string {
  return `count is not cumulative: ${formatShortest(count)} ${relation} ${formatShortest(neighbour)}`;
}

/** The suffix of a classic histogram's series and the histogram's name: `x_bucket`, `x_sum` or `x_count`; else null. */
export function classicPart(name: string): {part: 'bucket' | 'sum' | 'count'; base: string} | null {
  const match = /^(.*)_(bucket|sum|count)$/s.exec(name);
  return match === null ? null : {part: match[2] as 'bucket' | 'sum' | 'count', base: match[1]!};
}
