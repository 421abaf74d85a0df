// Columns that grow.

type Column = Uint8Array | Uint16Array | Uint32Array | Float64Array;

/** `larger`, with what stands in `column` at its beginning. */
export function copied<T extends Column>(column: T, larger: T): T {
  larger.set(column);
  return larger;
}
