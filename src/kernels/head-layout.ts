// Byte layout of the head's shared structures, read by the kernels and by src/tsdb/head. See docs/design/shared-memory.md.

// Series slot, 64 bytes, one cache line.
export const slotBytes = 64;
/** u32; changes when the slot is given to another series; never 0. */
export const slotGeneration = 0;
/** u32, published: address of the label block; 0 = the slot holds no series. */
export const slotLabels = 4;
/** f64: Prometheus's HeadSeriesRef. */
export const slotRef = 8;
/** f64: time of the newest sample in milliseconds; -Infinity before the first. */
export const slotLastTime = 16;
/** Bits of the newest value. */
export const slotLastValue = 24;
/** i64: the newest time less the one before it, in the open chunk. */
export const slotTimeDelta = 32;
/** f64: a sample at or after this time starts a new chunk. */
export const slotNextAt = 40;
/** u64, published as one: address of the open chunk's newest fragment | samples << 32 | place << 48; 0 = no open chunk. */
export const slotOpen = 48;
export const slotOpenCount = 52;
/** u16: bits of the chain of fragments up to the end of the stream, the addresses in it included: see openBits(). */
export const slotOpenPlace = 54;
/** u32, published: address of the newest block of the index of sealed chunks; 0 = none. */
export const slotSealed = 56;
/** u8 each: zero bits around the significant bits of the last value delta; leading 255 = none yet. */
export const slotLeading = 60;
export const slotTrailing = 61;

// Slots lie in segments of 1 MiB; the directory holds the segments' addresses.
export const segmentSlotsLog2 = 14;

// Fragment of an open chunk, 64 bytes: u32 address of the fragment before it, 60 bytes of the bit stream.
export const fragmentBytes = 64;
export const fragmentPrevious = 0;
export const fragmentData = 4;
export const fragmentDataBytes = 60;
export const fragmentDataBits = 480;
const fragmentBitsLog2 = 9;
const addressBits = 32;

/** Bits of a stream that ends at this place of its fragments. */
export function openBits(place: number): number {
  return place - addressBits * ((place + (1 << fragmentBitsLog2) - 1) >>> fragmentBitsLog2);
}

// Append context: the addresses and numbers that the append kernels share with the appender.
export const appendSlots = 0;
export const appendGenerations = 4;
export const appendTimes = 8;
export const appendValues = 12;
export const appendStatuses = 16;
export const appendLogRefs = 20;
export const appendLogTimes = 24;
export const appendLogValues = 28;
export const appendDirectory = 32;
/** u32: slots in use or free; a slot number at or above it is no slot. */
export const appendSlotCount = 36;
/** u32: head of the list of free fragments, 0 = none. */
export const appendPool = 40;
/** u32: why appendBatch() returned before the end. */
export const appendStop = 44;
export const appendMinValid = 48;
export const appendChunkRange = 56;
/** f64: of the samples stored, running. */
export const appendMinTime = 64;
export const appendMaxTime = 72;
/** u32 counts, running. */
export const appendStored = 80;
export const appendAccepted = 84;
export const appendOutOfOrder = 88;
export const appendDuplicates = 92;
export const appendOutOfBounds = 96;
export const appendNoSeries = 100;
/** i32, running: series that became stale less those that came back. */
export const appendStale = 104;
/** u32, running: open chunks begun. */
export const appendChunksCreated = 108;
export const appendBytes = 112;

export const stopDone = 0;
/** The list of free fragments is empty. */
export const stopFragments = 1;
/** The open chunk of the sample's series must be sealed first. */
export const stopSeal = 2;

// Statuses, as sampleStatus in src/storage/appender.ts.
export const statusAccepted = 0;
export const statusOutOfOrder = 1;
export const statusDuplicate = 2;
export const statusOutOfBounds = 3;
export const statusNoSeries = 4;
/** Between checkBatch() and appendBatch(). */
export const statusPending = 255;

// Prometheus's rules for when a chunk is full.
export const chunkSamples = 120;
/** A chunk with more bytes, header included, takes no further sample. */
export const chunkBytesBeforeAppend = 1005;
