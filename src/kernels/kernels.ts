import type {LinearMemory} from './memory.ts';
import {kernelsBase64} from './kernels.wasm.ts';

/** What kernels/index.ts exports; addresses and lengths are byte offsets into the memory the kernels were loaded over. */
export interface Kernels {
  /** CRC-32C of [start, start + length), signed; `crc` is the result for what came before, 0 at the start. Twin: crc32c.ts. */
  crc32c(start: number, length: number, crc: number): number;
  /** CRC-32C of up to sixteen stretches at once: crc-layout.ts. */
  crc32cs(lanes: number, count: number): void;
  /** CRC-32 as gzip has it, signed; otherwise as crc32c(). */
  crc32(start: number, length: number, crc: number): number;
  /**
   * Expands a DEFLATE stream to `target` and gives the bytes, or one of the negative numbers of inflate-layout.ts, which says what
   * `scratch` is for, and how much more than their lengths `source` and `target` need.
   */
  inflate(source: number, length: number, target: number, capacity: number, scratch: number): number;
  /** Encodes samples from columns of f64 for the WAL, gives the bytes written to `out`. Twin: walsamples.ts. */
  encodeSamples(
    refs: number,
    times: number,
    values: number,
    count: number,
    baseRef: number,
    baseTime: number,
    out: number,
  ): number;
  /** Reads samples of a WAL record into the columns of `context` (replay-layout.ts): see kernels/replay.ts. Twin: replay.ts. */
  replaySamples(context: number, at: number, end: number): number;
  /** Whether replaySamples() can read all of them; 0 = no. Twin: replay.ts. */
  areSamples(context: number, at: number, end: number): number;
  /** Reads entries of a file of full chunks into rows: see kernels/headchunks.ts. Twin: src/tsdb/headchunks/scan.ts. */
  scanEntries(at: number, end: number, base: number, rows: number, capacity: number, lanes: number): number;
  /** Reads and looks up a series (restore-layout.ts); gives the address behind it, 0 = left to TypeScript. See kernels/restore.ts. */
  restoreSeries(context: number, at: number, end: number): number;
  /** Reads the open chunk of a snapshot's series: 0 = none, 1 = in the context, 2 = left to TypeScript. */
  restoreChunkOf(context: number, at: number, end: number): number;
  /** Gives series full chunks in rows [i, count); gives the number of the first that it leaves to TypeScript, or `count`. */
  restoreFiled(context: number, rows: number, i: number, count: number): number;
  /**
   * Writes the records in [at, end) of a segment, from its byte `offset` on, as entries of the ring to [out, outEnd). Gives where these end,
   * and writes to the word of `lanes` (crc-layout.ts) where it has stopped: at a record that is not usual. See kernels/walrecords.ts.
   */
  readRecords(
    at: number,
    end: number,
    offset: number,
    segment: number,
    out: number,
    outEnd: number,
    lanes: number,
  ): number;
  /** Takes a snapshot's series from the ring (snapshot-layout.ts); gives where it has stopped. See kernels/snapshot.ts. */
  restoreSnapshot(context: number, at: number, end: number): number;
  /** Gives series the chunks that wait in rows [i, count); gives the number of the first that it leaves to TypeScript, or `count`. */
  restoreWaiting(context: number, rows: number, i: number, count: number): number;
  /** Puts series into the empty table of restore-layout.ts that finds them by their labels. */
  fillPlaces(context: number, count: number): void;
  /** Writes to the column `known` of refs (replay-layout.ts) the times of their series' newest samples. */
  updateKnown(directory: number, refs: number, known: number, slots: number, places: number): void;
  /** The first slot from `slot` on of a series without an open chunk whose newest one is in a file; or `count`. */
  nextClosed(directory: number, slot: number, count: number): number;
  /** Adds a slot to the lists of entries from number `i` on. Gives the number of the first whose list is full, or `pairs`. */
  restorePostings(entries: number, i: number, pairs: number, slot: number): number;
  /** Whether the bytes are series, as in the log; 0 = no. */
  areSeries(at: number, end: number): number;
  /** Compresses with snappy, gives the bytes written to `target`; `table` is scratch space of 32 KiB. Twin: snappy.ts. */
  snappyCompress(source: number, length: number, target: number, table: number): number;
  /** Expands snappy's elements to `length` bytes; 0 = they are damaged. 63 bytes behind both ends may be touched. Twin: snappy.ts. */
  snappyExpand(source: number, bytes: number, target: number, length: number): number;
  /** Copies bytes, which do not overlap: faster than copyWithin() in a shared memory. */
  copyBytes(from: number, to: number, length: number): void;
  /**
   * Encodes `count` samples (1..450) from columns as one XOR chunk at `chunk`, a multiple of 8, header included, and returns its
   * bytes. Times rise; `state` is scratch space of 64 bytes; `chunk` has room for 24 + 19 bytes a sample. Twin: xor.ts.
   */
  xorEncode(times: number, values: number, count: number, state: number, chunk: number): number;
  /**
   * Decodes the `count` samples of an XOR chunk's bit stream (`bytes` bytes at `source`, behind the header) and writes those with
   * mint <= time <= maxt to the columns, which have room for `count`. Up to 16 bytes behind the stream are read.
   * Returns how many were written, or -1 where the stream is cut short. Twin: xor.ts.
   */
  xorDecode(
    source: number,
    bytes: number,
    count: number,
    mint: number,
    maxt: number,
    times: number,
    values: number,
  ): number;
  /** Flags of what holds of the first `count` samples: columnFlags. Twin of this and the next four: columns.ts. */
  scanColumns(times: number, values: number, count: number): number;
  /** The first sample from `from` >= 1 on whose value is less than the one before it; `count` where there is none. */
  nextFall(values: number, from: number, count: number): number;
  /**
   * Writes the difference of the last and the first sample of the windows of steps [from, to), times the step's factor. Returns
   * the step where it ended: at one that it left to the caller, since a counter may have begun at zero there.
   */
  rateSteps(
    values: number,
    first: number,
    end: number,
    factors: number,
    zeroRatios: number,
    counter: number,
    from: number,
    to: number,
    out: number,
  ): number;
  /**
   * Writes the newest value in (time - lookback, time] of each step, time = start + step * stride, and 1 to `kinds` (bytes); 0 where
   * there is none or a stale marker. Returns how many steps have a value.
   */
  lastSamples(
    times: number,
    values: number,
    count: number,
    start: number,
    stride: number,
    lookback: number,
    steps: number,
    out: number,
    kinds: number,
  ): number;
  /**
   * The largest (`largest` 1) or smallest value of each step's window, of values without NaN. `suffixes` is scratch space as large as
   * the values. Twin: the engine's windows/extreme.ts.
   */
  extremeSteps(
    values: number,
    first: number,
    end: number,
    steps: number,
    largest: number,
    suffixes: number,
    out: number,
  ): void;
  /**
   * The sum (`mean` 0) or mean of each step's window; `suffixes` and `lostSuffixes` are scratch space as large as the values, or 0:
   * then each window is added up by itself. Returns 0 where some sum is not finite. Twin: the engine's windows/sum.ts.
   */
  sumSteps(
    values: number,
    first: number,
    end: number,
    steps: number,
    mean: number,
    suffixes: number,
    lostSuffixes: number,
    out: number,
  ): number;
  /**
   * In each step's window of values without NaN, how many are unlike the one before, or less (`falls` 1). Twin: the engine's
   * windows/count.ts.
   */
  countSteps(values: number, first: number, end: number, steps: number, falls: number, out: number): void;
  /**
   * The variance of each step's window of values without NaN. `suffixes` is scratch space for four numbers a sample. Returns 0 where
   * something is not finite. Twin: the engine's windows/variance.ts.
   */
  varianceSteps(
    values: number,
    first: number,
    end: number,
    steps: number,
    suffixes: number,
    out: number,
  ): number;
  /**
   * The slope of a line through each step's window of at least two samples, per second, or with `ahead`, a column of seconds, where it
   * is so long after startMs + step * stepMs. `suffixes` is scratch space for seven numbers a sample. Returns 0 where something is
   * not finite. Twin: the engine's windows/regression.ts.
   */
  regressSteps(
    times: number,
    values: number,
    first: number,
    end: number,
    steps: number,
    ahead: number,
    startMs: number,
    stepMs: number,
    suffixes: number,
    out: number,
  ): number;
  /**
   * The quantile of each step's window, of `length` values without NaN; bounds never fall. `quantiles` has one for each step;
   * `scratch` is space for 2,048 numbers and four a value. Twin: the engine's windows/quantile.ts.
   */
  quantileSteps(
    values: number,
    length: number,
    first: number,
    end: number,
    steps: number,
    quantiles: number,
    scratch: number,
    out: number,
  ): void;
  /** Adds a row to compensated sums. */
  addRow(sums: number, lost: number, values: number, steps: number): void;
  /** The same where no value is larger than `bound`, positive or negative, and none NaN; else it returns 0, and nothing is added. */
  addBoundedRow(sums: number, lost: number, values: number, steps: number, bound: number): number;
  /**
   * Packs `count` samples (at least 1), whose times rise, for a cache, to `target`, a multiple of 8 with room for 48 + 12 bytes a
   * sample. Returns the bytes, a multiple of 8; 0 = their times are too far apart. Layout: packed-layout.ts. Twin: packed.ts.
   */
  packSamples(times: number, values: number, count: number, target: number): number;
  /** Writes the packed samples with mint <= time <= maxt to columns that have room for them; returns how many they are. */
  unpackSamples(source: number, mint: number, maxt: number, times: number, values: number): number;
  /** xorDecode() of all samples, which notes in `state`, 48 bytes, where it has ended. */
  xorDecodeAll(
    source: number,
    bytes: number,
    count: number,
    state: number,
    times: number,
    values: number,
  ): number;
  /**
   * xorDecode() of the samples that the chunk has got since xorDecodeAll() noted `state`. -1 where that had less than two samples, or
   * the stream is cut short.
   */
  xorResume(
    source: number,
    bytes: number,
    count: number,
    state: number,
    mint: number,
    maxt: number,
    times: number,
    values: number,
  ): number;
  /** Copies an open chunk from its fragments to `chunk`, header included: 2 + ceil(bits / 8) bytes. Twin: append.ts. */
  gatherChunk(tail: number, count: number, bits: number, chunk: number): void;
  /** First half of appending a batch, changes no series: see kernels/append.ts. Twin: append.ts. */
  checkBatch(context: number, length: number): number;
  /** Has what appendBatch() will write to for the first `length` samples in the cache: changes nothing. */
  warmBatch(context: number, length: number): void;
  /** Second half of appending a batch: see kernels/append.ts. Twin: append.ts. */
  appendBatch(context: number, from: number, length: number): number;
  /**
   * Reads the number at `start`; a byte that belongs to no number must follow. Stores the bits of the double at `bitsAddress` and
   * returns length * 4 + status, see number-status.ts. Twin: number.ts.
   */
  parseNumber(start: number, bitsAddress: number): number;

  /** Writes the beginnings of `count` points, `[seconds,"`, from a column of milliseconds, in 24 bytes each. */
  writeBeginnings(times: number, count: number, target: number): void;
  /**
   * Writes `count` points as JSON, `[seconds,"value"],`, from their beginnings and a column of values, and returns the bytes: at most
   * 56 for each. Twin: points.ts.
   */
  writePoints(beginnings: number, values: number, count: number, target: number): number;

  // Line tables and scans of scraped bodies: see scrape-layout.ts for the layouts, kernels/scrape.ts for the contracts.
  scanLines(state: number): number;
  stageSample(state: number, index: number, hasTimestamp: number, timestamp: number): void;
  findEntry(table: number, key: number, length: number, type: number): number;
  addEntry(table: number, key: number, length: number, pack: number): number;
  follow(state: number, index: number): void;
  hashEntries(table: number, scratch: number): void;
  copyKey(table: number, index: number, target: number): number;
  copyTable(source: number, target: number, since: number, map: number, scratch: number): void;
  nextPending(state: number, from: number): number;
  markCounted(state: number): void;
  fillBatch(
    state: number,
    from: number,
    count: number,
    slots: number,
    generations: number,
    times: number,
    values: number,
  ): void;
  markTracked(state: number, trackedBefore: number): void;
  unmarkTracked(state: number, trackedBefore: number): void;
  refuse(state: number, staged: number, trackedBefore: number): void;
  countNewlines(start: number, length: number): number;
  keyBytes(table: number): number;
  fillStale(
    state: number,
    trackedBefore: number,
    time: number,
    slots: number,
    generations: number,
    times: number,
    values: number,
    capacity: number,
  ): number;
}

let compiled: WebAssembly.Module | undefined;

/** Instantiates the kernels over `memory`. Every thread has its own instance; the machine code is compiled once per thread. */
export function loadKernels(memory: LinearMemory): Kernels {
  compiled ??= new WebAssembly.Module(Buffer.from(kernelsBase64, 'base64'));
  const instance = new WebAssembly.Instance(compiled, {
    env: {
      memory: memory.wasm,
      abort(_message: number, _file: number, line: number, column: number): never {
        throw new Error(`BUG: kernel aborted at ${line}:${column}`);
      },
    },
  });
  return instance.exports as unknown as Kernels;
}
