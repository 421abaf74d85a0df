import {headerStart} from '../../kernels/memory.ts';

// The header of the shared memory: where a reader that has nothing but the memory begins. Byte offsets.

/** u32: headMagic once everything else is in place. */
export const headerMagic = headerStart;
export const headMagic = 0x4e415258;
/** u32, published: the global epoch; never 0. */
export const headerEpoch = headerStart + 8;
/** i64 each, published: times of the oldest and the newest sample in milliseconds; min > max = no samples yet. */
export const headerMinTime = headerStart + 16;
export const headerMaxTime = headerStart + 24;
/** u32, published: slots below this one have been used. */
export const headerSlotCount = headerStart + 32;
/** u32, published: series alive. */
export const headerSeriesCount = headerStart + 36;
/** u32 each, published: addresses of the symbol table, the entry table and the root entry of the index. */
export const headerSymbols = headerStart + 40;
export const headerEntries = headerStart + 44;
export const headerRoot = headerStart + 48;
/** u32: where the hashes of strings start, drawn at random, so that nobody can choose labels that collide. */
export const headerSeed = headerStart + 52;
/** u32: address of the table of annexes (annex.ts). u32, published: how many there are. */
export const headerAnnexes = headerStart + 56;
export const headerAnnexCount = headerStart + 60;

/** u32, published: changes when there is another series, and when one has gone. */
export const headerSeriesVersion = headerStart + 956;
/** i32, published: changes when the set of blocks on the disk has changed. */
export const headerBlocks = headerStart + 960;

/** Places of the readers, one cache line each. */
export const headerReaders = headerStart + 1024;
export const readersMax = 64;
export const readerBytes = 64;
/** u32: thread that has the place; 0 = free. */
export const readerOwner = 0;
/** u32: epoch that the reader entered; 0 = outside. */
export const readerEpoch = 4;

/** u32 addresses of the segments of the series table. */
export const headerDirectory = headerStart + 8192;
export const segmentsMax = 4096;
