// What the kernels that read series of a log or a snapshot (kernels/restore.ts) share with src/tsdb/head/restore.ts.

/** u32 each: addresses of the tables of symbols and of entries (src/tsdb/head/table.ts). */
export const restoreSymbols = 0;
export const restoreIndex = 4;
/** u32: where hashes of symbols start. */
export const restoreSeed = 8;
/** u32 each: address of the segments' addresses; the table that finds series by their labels, and its places less one. */
export const restoreDirectory = 12;
export const restorePlaces = 16;
export const restorePlacesMask = 20;
/** u32: pairs of the series at hand. */
export const restorePairs = 24;
/** u32: places in `restoreEntries` that hold what the series before had there. */
export const restoreKnownPairs = 28;
/** u32: hash of the entries. */
export const restoreHash = 32;
/** u32: the series' slot and 1; 0 = there is none. */
export const restoreSlot = 36;
/** f64: HeadSeriesRef. */
export const restoreRef = 40;
/** f64 each: first and last time of the chunk at hand. */
export const restoreMinTime = 48;
export const restoreMaxTime = 56;
/** u64: bits of its last value. */
export const restoreLastValue = 64;
/** u32 each: where its bytes are, and how many. */
export const restoreChunk = 72;
export const restoreChunkBytes = 76;
/** u32 each: columns of the refs that are known (replay-layout.ts) and of their slots, and the places less one. */
export const restoreRefs = 80;
export const restoreRefSlots = 84;
export const restoreRefsMask = 88;
/** u32: the next free block of the index of chunks. `restoreBlocksEnd` is behind the last one. */
export const restoreBlocks = 92;
/** f64: chunks before this time are not wanted. */
export const restoreTruncated = 96;
/** f64: the file whose chunks are attached. */
export const restoreFile = 104;
/** u32, running: chunks that were attached. f64 each, running: their first and last time. u32 between them: see restoreBlocks. */
export const restoreAttached = 112;
export const restoreBlocksEnd = 116;
export const restoreAttachedMin = 120;
export const restoreAttachedMax = 128;
/** u32 × restorePairsMax: entries of the series at hand, and behind them of those before it. */
export const restoreEntries = 136;
/** Series with more labels are left to TypeScript. */
export const restorePairsMax = 128;
export const restoreBytes = restoreEntries + 4 * restorePairsMax;
