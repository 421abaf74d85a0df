/**
 * Allocator over a linear memory. Only the thread that owns the memory allocates and frees; others read.
 * An address is a byte offset, a multiple of 8, never 0 (0 means "none").
 */
export interface Arena {
  /** Reserves at least `bytes` bytes, contents undefined. Throws RangeError when the memory is used up. */
  alloc(bytes: number): number;
  /** Gives back at once what nobody else can be reading. */
  free(address: number, bytes: number): void;
  /** The bytes that an allocation of `bytes` really occupies: its size class. */
  sizeOf(bytes: number): number;
  readonly bytesInUse: number;
}
