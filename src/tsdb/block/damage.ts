/** Bytes of a block that are not what its format says. Nothing else of the block is in doubt, unless it says so. */
export class BlockDamage extends Error {
  override name = 'BlockDamage';
  readonly path: string;
  /** Byte of the file, or -1 where the file as a whole is meant. */
  readonly offset: number;

  constructor(path: string, offset: number, why: string, cause?: unknown) {
    const place = offset < 0 ? path : `${path} at byte ${offset}`;
    super(`cannot read ${place}: ${why}`, cause === undefined ? {} : {cause});
    this.path = path;
    this.offset = offset;
  }
}

/** Makes what `read` throws for bad bytes a BlockDamage of this place. */
export function damageOf<T>(path: string, offset: number, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new BlockDamage(path, offset, cause.message, cause);
  }
}

/** Throws an error on that is not about bytes that were read. */
export function throwUnlessDamage(error: unknown): void {
  if (!(error instanceof BlockDamage || error instanceof RangeError)) throw error;
}

/** What is wrong with bytes, in words; an error of another kind is thrown on. What the disk cannot read is damaged, too. */
export function whyUnreadable(error: unknown): string {
  const isUnreadable =
    error instanceof BlockDamage ||
    error instanceof RangeError ||
    (error instanceof Error && 'code' in error);
  if (!isUnreadable) throw error;
  return error.message;
}
