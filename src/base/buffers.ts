/** Smaller ones are left to the collector: to detach a buffer costs about a microsecond. */
const bytesMin = 4096;

/**
 * Gives the memory of a column, which is all of its buffer, back at once. V8 collects by what is in its heap, where a buffer is a few
 * words, so megabytes of such garbage would wait. Nobody may use the column, or any view of its buffer, again.
 */
export function freeColumn({buffer, byteLength}: ArrayBufferView): void {
  if (byteLength < bytesMin || byteLength < buffer.byteLength || !(buffer instanceof ArrayBuffer)) return;
  buffer.transfer(0);
}
