/** Observations kept for the quantiles: the last so many. */
const windowSize = 512;

const usualQuantiles = [0.5, 0.9, 0.99];

/** Count, sum and quantiles of the last observations: what a Prometheus summary shows. Bounded memory. */
export class Summary {
  readonly #window = new Float64Array(windowSize);
  readonly #quantiles: readonly number[];
  #count = 0;
  #sum = 0;

  constructor(quantiles: readonly number[] = usualQuantiles) {
    this.#quantiles = quantiles;
  }

  observe(value: number): void {
    this.#window[this.#count % windowSize] = value;
    this.#count++;
    this.#sum += value;
  }

  /** Quantiles are NaN before the first observation. */
  snapshot(): {count: number; secondsTotal: number; quantiles: [number, number][]} {
    const sorted = this.#window.slice(0, Math.min(this.#count, windowSize)).sort();
    const pairs: [number, number][] = [];
    for (const quantile of this.#quantiles) {
      const rank = Math.min(sorted.length - 1, Math.floor(quantile * sorted.length));
      pairs.push([quantile, sorted.length === 0 ? NaN : sorted[rank]!]);
    }
    return {count: this.#count, secondsTotal: this.#sum, quantiles: pairs};
  }
}
