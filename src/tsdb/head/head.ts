import {randomInt} from 'node:crypto';
import {assert} from '../../base/assert.ts';
import {slotLastTime} from '../../kernels/head-layout.ts';
import type {SizeClassArena} from '../../kernels/arena.ts';
import type {Kernels} from '../../kernels/kernels.ts';
import type {LinearMemory} from '../../kernels/memory.ts';
import {addInterval} from '../block/tombstones.ts';
import {ExemplarStorage} from '../exemplars.ts';
import type {HeadLog} from '../log.ts';
import {type AppendCounts, HeadAppender} from './appender.ts';
import {ChunkFiles, type ChunkFilesOptions} from './chunkfiles.ts';
import {Annexes, deletedIntervals, lateTimes} from './annex.ts';
import {Chunks} from './chunks.ts';
import {Reclaimer, retiredFile, retiredFragments, retiredSlot} from './epochs.ts';
import {GcPass, type GcResult} from './gc.ts';
import {headerMagic, headerMaxTime, headerMinTime, headerSeed, headMagic} from './header.ts';
import type {LoadedChunks} from './loadedchunks.ts';
import {LateSamples} from './late.ts';
import {Postings} from './postings.ts';
import {HeadReplay} from './replay.ts';
import {SeriesTable, slotAddress} from './series.ts';
import {SymbolTable, SymbolTexts} from './symbols.ts';

export interface HeadOptions {
  memory: LinearMemory;
  /** Over the same memory; the caller may allocate from it too. */
  arena: SizeClassArena;
  kernels: Kernels;
  /** Span of time of a block; chunks do not cross its multiples. Default 2 h. */
  chunkRangeMs?: number;
  /** How floats are stored: xor (the default), or xor2, which has room for start timestamps. */
  floatEncoding?: 'xor' | 'xor2';
  /** Whether histograms are stored with start timestamps. Default: no. */
  histogramStartTimes?: boolean;
  /** Where appends are logged; may be set later, after replay. Default: nowhere. */
  log?: HeadLog;
  /** Exemplars that are kept; none where it is not said. */
  exemplarsMax?: number;
  /** Appenders of histogram chunks that are remembered, for tests. */
  appendersMax?: number;
  /** Overwrites memory as it is freed, to find readers that use it still. For tests. */
  poison?: boolean;
}

/** What the head holds and what became of what was appended, since the start. */
export interface HeadStats extends AppendCounts {
  series: number;
  seriesRemoved: number;
  chunks: number;
  chunksRemoved: number;
  symbols: number;
  labelPairs: number;
  /** Milliseconds; min > max = no samples. */
  minTime: number;
  maxTime: number;
  /** Bytes of the shared memory in use, by everybody who allocates there. */
  bytesInUse: number;
  /** Blocks that wait for readers to leave. */
  retired: number;
}

const noLog: HeadLog = {series() {}, samples() {}, histograms() {}, metadata() {}, exemplar() {}, flush() {}};

/**
 * The newest samples of all series, in the shared memory. Belongs to the storage thread, which alone writes; other
 * threads read through HeadReader. docs/design/shared-memory.md has the layouts and the invariants.
 */
export class Head {
  readonly memory: LinearMemory;
  readonly arena: SizeClassArena;
  readonly kernels: Kernels;
  readonly chunkRangeMs: number;
  /** How floats are stored from here on. */
  floatEncoding: 'xor' | 'xor2';
  readonly reclaimer: Reclaimer;
  readonly symbols: SymbolTable;
  readonly postings: Postings;
  readonly series: SeriesTable;
  readonly chunks: Chunks;
  readonly annexes: Annexes;
  readonly late: LateSamples;
  readonly texts: SymbolTexts;
  readonly exemplars: ExemplarStorage;
  /** Where full chunks go; null = they stay in memory. */
  files: ChunkFiles | null = null;
  log: HeadLog;
  readonly #appender: HeadAppender;
  /** The times in the header. */
  readonly #times: BigInt64Array;
  #lastRef = 0;
  #minTime = Infinity;
  #maxTime = -Infinity;
  #minTimeLate = Infinity;
  #maxTimeLate = -Infinity;
  #truncatedBefore = -Infinity;
  #seriesRemoved = 0;
  #staleRemoved = 0;

  constructor(options: HeadOptions) {
    const {memory, arena, kernels, chunkRangeMs = 7_200_000, log = noLog, poison = false} = options;
    assert(memory.u32[headerMagic >>> 2] === 0, 'one memory holds one head');
    this.memory = memory;
    this.arena = arena;
    this.kernels = kernels;
    this.chunkRangeMs = chunkRangeMs;
    this.log = log;
    this.exemplars = new ExemplarStorage(options.exemplarsMax ?? 0);
    this.floatEncoding = options.floatEncoding ?? 'xor';
    memory.u32[headerSeed >>> 2] = randomInt(2 ** 32);
    this.reclaimer = new Reclaimer(memory, arena, poison);
    this.symbols = new SymbolTable(memory, arena, this.reclaimer);
    this.postings = new Postings(memory, arena, this.reclaimer, this.symbols);
    this.series = new SeriesTable(memory, arena, this.reclaimer, {
      symbols: this.symbols,
      postings: this.postings,
    });
    this.chunks = new Chunks(memory, arena, this.reclaimer, {
      kernels,
      options: {
        chunkRangeMs,
        histogramStarts: options.histogramStartTimes ?? false,
        ...(options.appendersMax === undefined ? {} : {appendersMax: options.appendersMax}),
      },
    });
    this.texts = new SymbolTexts(memory);
    this.annexes = new Annexes(memory, arena, this.reclaimer);
    this.late = new LateSamples(this);
    this.#times = new BigInt64Array(memory.wasm.buffer, headerMinTime, 2);
    this.reclaimer.handler = (what, kind) => {
      if (kind === retiredFragments) this.chunks.freeFragments(what);
      else if (kind === retiredSlot) this.series.freeSlot(what);
      else if (kind === retiredFile) this.files!.removeFile(what);
      else assert(false, `kind ${kind} of retired memory is known`);
    };
    this.#appender = new HeadAppender(this);
    this.#publishTimes();
    Atomics.store(memory.u32, headerMagic >>> 2, headMagic);
  }

  /** From here on full chunks are moved to files. Before anything is in the head. */
  useFiles(options: ChunkFilesOptions): void {
    assert(this.files === null && this.chunks.count === 0, 'files are there from the beginning');
    this.files = new ChunkFiles(this.memory, this.reclaimer, options);
    this.chunks.mover = this.files;
  }

  /** The one appender. */
  appender(): HeadAppender {
    return this.#appender;
  }

  /**
   * A sink for what is in the log. Replay before the first append, then call finish() on it. Samples that are not newer
   * than what their series has are skipped, as are those of series that the log does not name.
   */
  replay(loaded: LoadedChunks | null = null): HeadReplay {
    return new HeadReplay(this, loaded);
  }

  /** Milliseconds; Infinity while there are no samples. */
  get minTime(): number {
    return this.#minTime;
  }

  /** Milliseconds; -Infinity while there are no samples. */
  get maxTime(): number {
    return this.#maxTime;
  }

  /** Samples before this time are not taken any more: gc() gave them up, or blocks hold them. */
  get truncatedBefore(): number {
    return this.#truncatedBefore;
  }

  set truncatedBefore(time: number) {
    this.#truncatedBefore = time;
  }

  /** The highest HeadSeriesRef given so far. */
  get lastRef(): number {
    return this.#lastRef;
  }

  /** Makes sure that no ref up to `ref` is given to a new series. */
  reserveRef(ref: number): void {
    this.#lastRef = Math.max(this.#lastRef, ref);
  }

  nextRef(): number {
    return ++this.#lastRef;
  }

  /** Prometheus's rule: not further behind the newest sample than half a chunk range, nor before what was given up. */
  minValidTime(first: number): number {
    const newest = this.#maxTime === -Infinity ? first : this.#maxTime;
    return Math.max(this.#truncatedBefore, newest - Math.trunc(this.chunkRangeMs / 2));
  }

  stored(minTime: number, maxTime: number): void {
    if (minTime >= this.#minTime && maxTime <= this.#maxTime) return;
    this.#minTime = Math.min(this.#minTime, minTime);
    this.#maxTime = Math.max(this.#maxTime, maxTime);
    this.#publishTimes();
  }

  /** Late samples between these times were stored. */
  storedLate(minTime: number, maxTime: number): void {
    this.#minTimeLate = Math.min(this.#minTimeLate, minTime);
    this.#maxTimeLate = Math.max(this.#maxTimeLate, maxTime);
    this.#publishTimes();
  }

  /** Milliseconds; Infinity while there are no late samples. */
  get minTimeLate(): number {
    return this.#minTimeLate;
  }

  /** Milliseconds; -Infinity while there are no late samples. */
  get maxTimeLate(): number {
    return this.#maxTimeLate;
  }

  /** Blocks have the late chunks up to this reference. */
  dropLateUntil(reference: number): void {
    this.late.dropUntil(reference);
    this.#minTimeLate = Infinity;
    this.#maxTimeLate = -Infinity;
    this.annexes.forEach((annex) => {
      const {min, max} = lateTimes(this.memory, annex);
      this.#minTimeLate = Math.min(this.#minTimeLate, min);
      this.#maxTimeLate = Math.max(this.#maxTimeLate, max);
    });
    this.#publishTimes();
    this.files?.collect();
    this.reclaimer.reclaim();
  }

  stats(): HeadStats {
    const counts = this.#appender.counts;
    return {
      ...counts,
      staleSeries: counts.staleSeries - this.#staleRemoved,
      series: this.series.seriesCount,
      seriesRemoved: this.#seriesRemoved,
      chunks: this.chunks.count,
      chunksCreated: counts.chunksCreated + this.chunks.taken,
      chunksRemoved: counts.chunksCreated + this.chunks.taken - this.chunks.count,
      symbols: this.symbols.size,
      labelPairs: this.postings.pairs,
      minTime: this.#minTime,
      maxTime: this.#maxTime,
      bytesInUse: this.arena.bytesInUse,
      retired: this.reclaimer.length,
    };
  }

  /**
   * Gives up what is before `mint`: chunks whose samples are all older, series without any sample left, and the labels,
   * postings and slots that these had. New series whose first samples are on the way stay.
   */
  gc(mint: number): GcResult {
    const pass = this.startGc(mint);
    while (pass.run(Infinity)) continue;
    return pass.result();
  }

  /** The same in steps, between which there may be appends: call run() of what is returned until it returns false. */
  startGc(mint: number): GcPass {
    this.#truncatedBefore = Math.max(this.#truncatedBefore, mint);
    return new GcPass(this, mint);
  }

  /**
   * Moves the oldest time up to the first sample that is there. gc() leaves it where it gave up; where the clock has jumped there may be
   * nothing for years behind that.
   */
  skipGap(): void {
    const {series, chunks, memory} = this;
    let oldest = this.#maxTime;
    for (let slot = 0; slot < series.slotCount; slot++) {
      if (!series.occupied(slot)) continue;
      oldest = Math.min(oldest, chunks.firstTime(slotAddress(memory.u32, slot)));
      if (oldest <= this.#minTime) return;
    }
    this.#minTime = oldest;
    this.#publishTimes();
  }

  /** Called by a GcPass at its end. */
  truncated(mint: number): void {
    if (this.#minTime >= mint) return;
    this.#minTime = Math.min(mint, this.#maxTime);
    this.#publishTimes();
  }

  /** Drops one series with all its samples. */
  dropSeries(slot: number): void {
    this.chunks.truncate(slotAddress(this.memory.u32, slot), Infinity);
    this.forget(slot);
    this.series.sweep(Infinity);
    this.reclaimer.reclaim();
  }

  /** Takes out a series that has no chunks any more; series.sweep() must follow. */
  forget(slot: number): void {
    const address = slotAddress(this.memory.u32, slot);
    if (this.chunks.isStale(address)) this.#staleRemoved++;
    this.late.dropAll(address);
    this.annexes.drop(address);
    this.series.drop(slot);
    this.#seriesRemoved++;
  }

  /**
   * Deletes the samples that one series has in [mint, maxt], both inclusive: they are passed over from now on. Returns which part of
   * that has samples, for the log; null where there are none.
   */
  deleteSamples(slot: number, mint: number, maxt: number): {mint: number; maxt: number} | null {
    const {min, max} = this.timesOf(slot);
    const deleted = {mint: Math.max(mint, min), maxt: Math.min(maxt, max)};
    if (deleted.mint > deleted.maxt) return null;
    this.hideSamples(slot, deleted.mint, deleted.maxt);
    return deleted;
  }

  /** Times of the first and last sample of a series; min > max = it has none. */
  timesOf(slot: number): {min: number; max: number} {
    const {memory, chunks, annexes} = this;
    const address = slotAddress(memory.u32, slot);
    const annex = annexes.find(address);
    const late = annex === 0 ? {min: Infinity, max: -Infinity} : lateTimes(memory, annex);
    const max = memory.f64[(address + slotLastTime) >>> 3]!;
    return {min: Math.min(late.min, chunks.firstTime(address)), max: Math.max(late.max, max)};
  }

  /** Passes over all samples that one series has or will have in [mint, maxt]. */
  hideSamples(slot: number, mint: number, maxt: number): void {
    const address = slotAddress(this.memory.u32, slot);
    const before = deletedIntervals(this.memory, this.annexes.find(address)) ?? [];
    this.annexes.setDeleted(address, addInterval(before, mint, maxt));
  }

  /** Starts counting what is appended from here: after replay. */
  resetCounts(): void {
    const {counts} = this.#appender;
    counts.appended = counts.outOfOrder = counts.duplicates = counts.outOfBounds = counts.noSeries = 0;
  }

  /** Lets go of what a reading thread held that died; `owner` is the id it gave to its HeadReader. */
  clearReader(owner: number): void {
    this.reclaimer.clearOwner(owner);
    this.reclaimer.reclaim();
  }

  /** Frees what readers have left behind. commit() and gc() do it too: for times when nothing is appended. */
  reclaim(): void {
    this.reclaimer.reclaim();
  }

  #publishTimes(): void {
    const times = this.#times;
    const min = Math.min(this.#minTime, this.#minTimeLate);
    const max = Math.max(this.#maxTime, this.#maxTimeLate);
    // Readers want min <= max to mean that there are samples.
    const none = max === -Infinity;
    Atomics.store(times, (headerMaxTime - headerMinTime) >>> 3, none ? 0n : BigInt(max));
    Atomics.store(times, 0, none ? 1n : BigInt(min));
  }
}
