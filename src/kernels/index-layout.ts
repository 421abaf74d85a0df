// Byte layout of the labels and the index of the head, read by the kernels and by src/tsdb/head, where symbols.ts, postings.ts,
// series.ts and table.ts draw them.

export const symbolHash = 4;
export const symbolLength = 8;
export const symbolBytes = 12;

export const entryName = 0;
export const entryValue = 4;
export const entryList = 8;

export const listCapacity = 4;
export const listItems = 8;

export const blockPairs = 0;
export const blockEntries = 8;

export const tableHeaderBytes = 8;
/** What is in a table of addresses where something was removed. */
export const removedPlace = 1;

// Places of the table that finds series by their labels: slot + 1 in the low bits, bits of the hash above. 0 = never used.
export const placeSlotBits = 26;
export const placeSlotMask = 2 ** placeSlotBits - 1;
export const placeRemoved = placeSlotMask;

// Blocks of the index of sealed chunks: src/tsdb/head/chunks.ts draws them.
export const indexPrevious = 0;
export const indexRange = 4;
export const indexCapacity = 8;
export const indexEntries = 16;
export const indexEntryBytes = 24;
export const indexEntryMaxTime = 8;
export const indexEntryChunk = 16;
export const indexEntryBytesField = 20;
export const indexEntrySamples = 22;
/** Entries of the first block of a series. */
export const indexCapacityMin = 4;

// Entries of chunks in files: src/tsdb/head/filedchunks.ts draws them.
export const filedTag = 7;
export const samplesUnknown = 255;
