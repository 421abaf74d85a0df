// Two NaNs have a meaning of their own (Prometheus, model/value/value.go). JavaScript may change a NaN's bits when it
// passes through arithmetic, so staleness is decided on bits, in memory, before a value becomes a number.

/** High and low halves of the NaN that marks the end of a series: 0x7ff0000000000002. */
export const staleNaNHigh = 0x7ff00000;
export const staleNaNLow = 0x00000002;

/** High and low halves of an ordinary NaN: 0x7ff8000000000001. */
export const normalNaNHigh = 0x7ff80000;
export const normalNaNLow = 0x00000001;

/** Writes the stale marker at `index` of a column of values. `words` is a Uint32Array over the same bytes. */
export function setStale(words: Uint32Array, index: number): void {
  words[2 * index] = staleNaNLow;
  words[2 * index + 1] = staleNaNHigh;
}

/** Whether the value at `index` of a column is the stale marker. `words` is a Uint32Array over the column's bytes. */
export function isStale(words: Uint32Array, index: number): boolean {
  return words[2 * index] === staleNaNLow && words[2 * index + 1] === staleNaNHigh;
}
