/**
 * Where a column has values that are not finite. A sum of a window with such values needs no addition: NaN where there is
 * a NaN or infinities of both signs, else the infinity.
 */
export class Specials {
  /** Running counts of NaN, +Inf and -Inf before each index; empty while a column has none of them. */
  #nan = new Int32Array(0);
  #positive = new Int32Array(0);
  #negative = new Int32Array(0);
  #any = false;

  scan(values: Float64Array, length: number): void {
    this.#any = false;
    for (let i = 0; i < length; i++) {
      if (values[i]! - values[i]! !== 0) {
        this.#any = true;
        break;
      }
    }
    if (this.#any) this.#count(values, length);
  }

  /** 0 where the samples [first, end) are all finite, else what they add up to. */
  sum(first: number, end: number): number {
    if (!this.#any) return 0;
    if (this.#nan[end]! > this.#nan[first]!) return NaN;
    const positive = this.#positive[end]! > this.#positive[first]!;
    const negative = this.#negative[end]! > this.#negative[first]!;
    if (positive) return negative ? NaN : Infinity;
    return negative ? -Infinity : 0;
  }

  #count(values: Float64Array, length: number): void {
    if (this.#nan.length <= length) {
      this.#nan = new Int32Array(length + 1);
      this.#positive = new Int32Array(length + 1);
      this.#negative = new Int32Array(length + 1);
    }
    let nan = 0;
    let positive = 0;
    let negative = 0;
    for (let i = 0; i < length; i++) {
      this.#nan[i] = nan;
      this.#positive[i] = positive;
      this.#negative[i] = negative;
      const value = values[i]!;
      if (value !== value) nan++;
      else if (value === Infinity) positive++;
      else if (value === -Infinity) negative++;
    }
    this.#nan[length] = nan;
    this.#positive[length] = positive;
    this.#negative[length] = negative;
  }
}
