// Columns that grow.

/** `larger`, with what stands in `column` at its beginning. */
export function copied<Column extends {set(column: Column): void}>(column: Column, larger: Column): Column {
  larger.set(column);
  return larger;
}
