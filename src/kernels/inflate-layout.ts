// What kernels/inflate.ts and its callers agree on.

/** What inflate() gives where it fails. */
export const inflateDamaged = -1;
/** There is more than the target has room for. */
export const inflateTooLong = -2;

/** Scratch space: first word, when inflate() has ended, the bytes of the source that it has read; then its tables. */
export const inflateScratchBytes = 16_384;
/** So many bytes behind the source are read, and so many behind the target written. */
export const inflateSourceSlack = 32;
export const inflateTargetSlack = 320;
