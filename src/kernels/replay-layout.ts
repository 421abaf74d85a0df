// What the kernel that decodes samples of the log (kernels/replay.ts) shares with src/tsdb/head/replayrefs.ts.
//
// The series that the log has named: open addressing in columns of `mask + 1` places, in rows of 4096 refs that follow each other
// (src/kernels/refplace.ts); where a place is taken, the one 4161 places further is tried.
//
//     ref:f64        0 = nobody's place
//     known:f64      samples up to this time are known already, from files or blocks; +Infinity = the series is gone
//     slot:u32

/** u32 each: addresses of the columns, and the number of places less one. */
export const replayRefs = 0;
export const replayKnown = 4;
export const replaySlots = 8;
export const replayMask = 12;
/** u32: place where the next ref is looked for first. */
export const replayPlace = 16;
/** u32 each: addresses of the columns that samples are written to; `replayCapacity` samples fit. */
export const replayOutSlots = 20;
export const replayOutTimes = 24;
export const replayOutValues = 28;
export const replayOutStatuses = 32;
export const replayCapacity = 36;
/** u32: samples in these columns. */
export const replayWritten = 40;
/** u32, running: samples read, and those of series that are not in the table. */
export const replayTotal = 44;
export const replayUnknown = 48;
/** f64: samples before this time are not wanted. */
export const replayMinTime = 56;
/** f64, running: highest ref that is not in the table. */
export const replayUnknownRef = 64;
/** i64 each: of the record at hand. */
export const replayBaseRef = 72;
export const replayBaseTime = 80;
export const replayBytes = 88;

/** Bytes of a place in all columns. */
export const replayPlaceBytes = 20;
