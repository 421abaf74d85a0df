// Layout of the line tables and of the state of a scan, for kernels/scrape.ts and its TypeScript callers. Plain numbers: both
// AssemblyScript and TypeScript import this file. Offsets are in bytes, fields are u32 where nothing else is said.
//
// A line table remembers the lines of a target's last scrapes: for each series its key, that is the text of the line up to
// the name's end or the closing brace, and what it leads to. A key is stored as a prefix that it shares with an earlier key
// (its base) and a rest. What changes with each scrape lies apart from what is the same for all targets with the same lines:
//
//     entry:  slot  generation  lastSeen  lastTracked
//     line:   next  rest:offset  base:offset  restLength:18|prefixLength:8|flags:6
//
// lastSeen is the number of the last scrape that had the line, lastTracked that of the last scrape in which a sample of it
// was stored that asks for a stale marker when the series vanishes. next is the entry that followed in the last scrape.
// An entry of a comment (HELP, TYPE, UNIT) has the address of the whole line, interned for all targets, as rest:offset, and
// the line's id as slot. Lines that several tables have in common are not written to: who changes one has a copy made before.

export const entryBytes = 16;
export const entrySlot = 0;
export const entryGeneration = 4;
export const entryLastSeen = 8;
export const entryLastTracked = 12;

export const lineBytes = 16;
export const lineNext = 0;
export const lineRest = 4;
export const lineBase = 8;
export const linePack = 12;

/** Fields of linePack: kind, type and counted in the low bits. */
export const packKindMask = 3;
export const packTypeShift = 2;
export const packTypeMask = 12;
/** A pending entry whose series scrape_series_added has counted in a scrape that failed later. */
export const packCounted = 16;
export const packPrefixShift = 6;
export const packRestShift = 14;

export const prefixLengthMax = 255;
/** Longest line, in bytes, and so the longest key: what fits in 18 bits. */
export const lineBytesMax = 262_143;

/** Kernels compare 16 bytes at a time and so read this far beyond keys, lines and windows. */
export const slackBytes = 16;

/** Kinds of entries. */
export const kindSeries = 0;
/** Left out by metric_relabel_configs. */
export const kindDropped = 1;
export const kindComment = 2;
/** A series that the store does not know yet: no sample of it has been stored. */
export const kindPending = 3;

/**
 * Types of metric families as far as they matter: Prometheus writes `le` of histograms and `quantile` of summaries as
 * OpenMetrics does. For a series: 0 = it does not matter, otherwise the type under which it was read. For a comment: 0 =
 * it says nothing of types, otherwise the type that it sets.
 */
export const typeOther = 1;
export const typeHistogram = 2;
export const typeSummary = 3;

export const none = 0xffff_ffff;

// The table's own record.
export const tableEntries = 0;
export const tableCount = 4;
export const tableCapacity = 8;
export const tableText = 12;
export const tableTextUsed = 16;
export const tableTextCapacity = 20;
/** Open addressing: index of an entry + 1, or 0. The address is 0 while there is no hash table. */
export const tableHash = 24;
export const tableHashMask = 28;
/** The newest key that stands in the text in full: the base of those that follow. */
export const tableBase = 32;
export const tableBaseLength = 36;
/** First entry of the last scrape. */
export const tableFirst = 40;
export const tableLines = 44;
export const tableSeed = 48; // u64
export const tableBytes = 64;

// The state of a scan.
export const stateTable = 0;
/** Address of the next line, and the end of what may be read: after a newline. */
export const statePosition = 4;
export const stateEnd = 8;
/** Last entry that was recognised, and the one expected next. */
export const statePrevious = 12;
export const statePredicted = 16;
export const stateScrape = 20;
/** An entry seen in this scrape or later is one that Prometheus would still have in its cache. */
export const stateKnownSince = 24;
export const stateStagedEntries = 28;
export const stateStagedTimes = 32;
export const stateStagedValues = 36;
export const stateStaged = 40;
export const stateStagedCapacity = 44;
export const stateFlags = 48;
export const stateType = 52;
/** Entries seen in this scrape. */
export const stateSeen = 56;
export const stateTotal = 60;
export const stateAdded = 64;
export const stateSeriesAdded = 68;
export const stateDuplicates = 72;
export const stateOutOfBounds = 76;
/** Samples that count against the limit; the limit itself, `none` where there is none; whether it was exceeded. */
export const stateAppended = 80;
export const stateSampleLimit = 84;
export const stateLimitHit = 88;
/** Lines recognised where they were expected, and lines found elsewhere. */
export const stateHits = 92;
export const stateMoved = 96;
/** Of the line that scanLines() stopped at: the entry, or `none`. */
export const stateEntry = 100;
/** After markTracked() and fillStale(). */
export const stateTracked = 104;
export const stateTrackedAgain = 108;
export const stateCursor = 112;
export const stateTimestamp = 120; // f64
export const stateTimestampMax = 128; // f64
export const stateValue = 136; // f64
export const stateBytes = 144;

export const flagOpenMetrics = 1;
export const flagHonorTimestamps = 2;
export const flagTrackTimestamps = 4;

/** Staged samples: the entry's index, and these: asks for a stale marker later, is a new series. */
export const stagedTracked = 0x4000_0000;
export const stagedNew = 0x8000_0000;
export const stagedIndexMask = 0x1fff_ffff;

// Why scanLines() returned.
export const scanDone = 0;
/** No entry for this line: it must be read the slow way. */
export const scanUnknown = 1;
/** The series is known, but what follows its key is not a plain value and timestamp. */
export const scanTail = 2;
export const scanFull = 3;
export const scanNoHash = 4;
