// What the kernel that takes a snapshot's series from the ring of records (kernels/snapshot.ts) shares with
// src/tsdb/head/snapshotrun.ts.

/** u32: address of the context of restore-layout.ts. */
export const runRestore = 0;
/** u32: address of the number of slots in use, which readers look at. */
export const runSlotCount = 4;
/** u32: slots there is memory for. */
export const runSlotEnd = 8;
/** u32 each, falling: series that the table of labels takes as it is, and that of refs. */
export const runPlacesLeft = 12;
export const runRefsLeft = 16;
/** u32: column of the refs' times (replay-layout.ts). */
export const runKnown = 20;
/** u32 each: where the next row of a chunk that waits goes, and the end of such rows. */
export const runRow = 24;
export const runRowsEnd = 28;
/** u32: why restoreSnapshot() has stopped, one of the following numbers, and what it says besides. */
export const runStop = 32;
export const runWhat = 36;
/** u32, running: series made. */
export const runMade = 40;
/** f64, running: the highest ref. */
export const runLastRef = 48;
/** u32 × 2 for each size class of the arena: where the next free block is, and the end of these. */
export const runRooms = 56;
/** u32: so that what was touched counts as used. */
export const runWarmed = runRooms + 8 * 65;
/** u32: with runList, a size class whose blocks are used up; 0 = none. */
export const runClass = runWarmed + 4;
/** u32: lists that were replaced by longer ones. u32 × 2 each: address, bytes. */
export const runRetired = runClass + 4;
export const runRetiredMax = 255;
export const runRetiredLists = runRetired + 8;
/** u32 each: series of the group that was read, and those of them that were taken. */
export const runCount = runRetiredLists + 8 * runRetiredMax;
export const runTaken = runCount + 4;
/** Series that are read before the first of them is looked up: runSeriesBytes each, and their entries. */
export const runGroup = 16;
export const runSeries = runTaken + 4;
export const runSeriesBytes = 24;
export const runEntries = runSeries + runGroup * runSeriesBytes;
export const runBytes = runEntries + runGroup * 4 * 128;

/** u32 each: where the entry of the ring begins, what is behind the labels, the number of label pairs, the hash. f64: the ref. */
export const seriesAt = 0;
export const seriesBehind = 4;
export const seriesRef = 8;
export const seriesPairs = 16;
export const seriesHash = 20;

/** All entries were taken. */
export const runDone = 0;
/** The entry is left to TypeScript. */
export const runLeft = 1;
/** There is no room: for slots, in the table of labels, in that of refs, for rows, for a block of size class `what`. */
export const runSlots = 2;
export const runPlaces = 3;
export const runRefs = 4;
export const runRows = 5;
export const runRoom = 6;
/** The entry was taken, but the list of label pair `what` of the series is full, and the kernel cannot make it longer. */
export const runList = 7;

// Entries of the ring: src/tsdb/wal/recordring.ts draws them.
export const ringEntryLength = 4;
export const ringEntryBytes = 24;
/** The kind of an entry that has a record. */
export const ringRecord = 1;
/** The type of a record of a series. */
export const seriesRecordType = 1;

// Row of a chunk that waits.
export const rowMinTime = 0;
export const rowMaxTime = 8;
/** Bits of the chunk's last value. */
export const rowLastValue = 16;
export const rowSlot = 24;
/** u32: address, with the encoding's number in its lowest bits as in an index entry; u16 each: bytes, samples. */
export const rowChunk = 28;
export const rowChunkBytes = 32;
export const rowSamples = 34;
export const rowBytes = 40;
