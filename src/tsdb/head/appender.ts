import {
  appendAccepted,
  appendBytes,
  appendChunkRange,
  appendChunksCreated,
  appendDirectory,
  appendDuplicates,
  appendGenerations,
  appendLogRefs,
  appendLogTimes,
  appendLogValues,
  appendMaxTime,
  appendMinTime,
  appendMinValid,
  appendNoSeries,
  appendOutOfBounds,
  appendOutOfOrder,
  appendPool,
  appendSlotCount,
  appendSlots,
  appendStale,
  appendStatuses,
  appendStop,
  appendStored,
  appendTimes,
  appendValues,
  statusPending,
  stopDone,
  stopFragments,
  stopSeal,
} from '../../kernels/head-layout.ts';
import {assert} from '../../base/assert.ts';
import type {SizeClassArena} from '../../kernels/arena.ts';
import type {Kernels} from '../../kernels/kernels.ts';
import type {LinearMemory} from '../../kernels/memory.ts';
import type {FloatHistogram} from '../../model/histogram.ts';
import type {Labels} from '../../model/labels.ts';
import {
  type CommitResult,
  type HistogramOptions,
  type SampleBatch,
  sampleStatus,
  type SeriesRef,
  type StrictAppender,
} from '../../storage/appender.ts';
import type {Exemplar, ExemplarStatus} from '../../storage/exemplar.ts';
import type {ExemplarStorage} from '../exemplars.ts';
import type {HeadLog, LoggedHistogram} from '../log.ts';
import type {DecodedSamples} from '../wal/decodedsamples.ts';
import type {ChunkFiles} from './chunkfiles.ts';
import type {Chunks} from './chunks.ts';
import type {Reclaimer} from './epochs.ts';
import {headerDirectory} from './header.ts';
import type {LateSamples} from './late.ts';
import {PendingExemplars} from './pending-exemplars.ts';
import {PendingHistograms} from './pending-histograms.ts';
import {type SeriesTable, slotAddress} from './series.ts';
import type {SymbolTexts} from './symbols.ts';
import {TaggedFloats} from './tagged-floats.ts';

/** Samples a batch holds; with their slots it fits into a second-level cache. */
const batchCapacity = 16_384;
/** Fragments taken from the arena at a time. */
const fragmentsAtOnce = 512;
/** Memory that a commit or a new series must find, so that it does not fail half-way. */
const reserveBytes = 4 * 2 ** 20;
/** Beyond, whole milliseconds have gaps. */
const timeMax = 2 ** 53;

/** What the appender needs of the head. */
export interface AppendTarget {
  readonly memory: LinearMemory;
  readonly arena: SizeClassArena;
  readonly kernels: Kernels;
  readonly series: SeriesTable;
  readonly chunks: Chunks;
  readonly reclaimer: Reclaimer;
  readonly texts: SymbolTexts;
  readonly exemplars: ExemplarStorage;
  readonly chunkRangeMs: number;
  readonly floatEncoding: 'xor' | 'xor2';
  readonly files: ChunkFiles | null;
  readonly late: LateSamples;
  /** Of the samples that came in order. */
  readonly maxTime: number;
  log: HeadLog;
  /** Samples before this time are out of bounds; `first` is the time of the first sample at hand. */
  minValidTime(first: number): number;
  /** Samples between these times were stored. */
  stored(minTime: number, maxTime: number): void;
  nextRef(): number;
}

/** Running counts since the start. */
export interface AppendCounts {
  /** Floats. */
  appended: number;
  histogramsAppended: number;
  outOfOrder: number;
  duplicates: number;
  outOfBounds: number;
  noSeries: number;
  staleSeries: number;
  chunksCreated: number;
  seriesCreated: number;
}

/**
 * Writes into the head. A commit goes: look at the batch without changing anything, log, flush, then append. So what the
 * log refuses was not appended. The log may hold samples that the second look refuses (two samples of one series in one
 * batch, the later one wrong); replay refuses them for the same reason.
 *
 * New series are in memory from series() on. They and changed metadata stay on a list until a flush succeeds: when one
 * fails, the log has forgotten their records, and the next commit writes them again before any sample.
 */
export class HeadAppender implements StrictAppender {
  readonly batch: SampleBatch;
  takesLate = true;
  readonly counts: AppendCounts = {
    appended: 0,
    histogramsAppended: 0,
    outOfOrder: 0,
    duplicates: 0,
    outOfBounds: 0,
    noSeries: 0,
    staleSeries: 0,
    chunksCreated: 0,
    seriesCreated: 0,
  };
  created = false;
  readonly #head: AppendTarget;
  readonly #context: number;
  readonly #logRefs: number;
  readonly #logTimes: number;
  readonly #logValues: number;
  /** Slot and generation of what is logged but not flushed. */
  readonly #unflushedSeries = new SlotList();
  readonly #unflushedMetadata = new SlotList();
  readonly #exemplars: PendingExemplars;
  readonly #histograms: PendingHistograms;
  readonly #floats: TaggedFloats;
  /** Late samples before this time are too old. */
  #oldestLate = Infinity;
  /** The last flush failed: the log must get the unflushed records again. */
  #relog = false;

  constructor(head: AppendTarget) {
    this.#head = head;
    this.#exemplars = new PendingExemplars(head.exemplars);
    const {memory, arena, series, chunks} = head;
    this.#histograms = new PendingHistograms(memory, series, chunks);
    this.batch = allocateBatch(memory, arena);
    this.#logRefs = arena.alloc(8 * batchCapacity);
    this.#logTimes = arena.alloc(8 * batchCapacity);
    this.#logValues = arena.alloc(8 * batchCapacity);
    this.#context = arena.alloc(appendBytes);
    memory.u8.fill(0, this.#context, this.#context + appendBytes);
    this.#fillContext();
    this.#floats = new TaggedFloats(memory, chunks, {batch: this.batch, context: this.#context});
  }

  series(labels: Labels, into: SeriesRef): void {
    const {series, arena} = this.#head;
    this.created = !series.find(labels);
    if (this.created) {
      if (arena.bytesAvailable < reserveBytes) {
        throw new RangeError(
          `cannot make a series: the shared memory is used up (${series.seriesCount} series, ${arena.bytesInUse} bytes)`,
        );
      }
      const ref = this.#head.nextRef();
      series.create(labels, ref);
      this.counts.seriesCreated++;
      this.#unflushedSeries.add(series.slot, series.generation(series.slot));
      // After a failed flush all are written together, in order, by the next commit.
      if (!this.#relog) this.#head.log.series(ref, labels);
    }
    into.slot = series.slot;
    into.generation = series.generation(series.slot);
  }

  find(labels: Labels, into: SeriesRef): boolean {
    const {series} = this.#head;
    if (!series.find(labels)) return false;
    into.slot = series.slot;
    into.generation = series.generation(series.slot);
    return true;
  }

  alive(slot: number, generation: number): boolean {
    return this.#head.series.alive(slot, generation);
  }

  get histogramCount(): number {
    return this.#histograms.length;
  }

  readonly histogramsMax = PendingHistograms.max;

  get histogramStatuses(): Uint8Array {
    return this.#histograms.statuses;
  }

  histogram(
    slot: number,
    generation: number,
    timeMs: number,
    histogram: FloatHistogram | null,
    {integer, startMs}: HistogramOptions,
  ): number {
    const floatsBefore = this.batch.length;
    return this.#histograms.add({slot, generation, timeMs, startMs, histogram, integer, floatsBefore});
  }

  commit(): CommitResult {
    const {batch} = this;
    const {length} = batch;
    assert(length <= batch.capacity, `a batch holds ${batch.capacity} samples, got ${length}`);
    if (this.#histograms.length > 0) return this.#commitAll();
    batch.length = 0;
    this.#prepare(batch.times[0]!, length);
    const logged = this.#head.kernels.checkBatch(this.#context, length);
    this.#writeLog(logged, length);
    try {
      this.#append(length);
      this.#appendLate(length);
    } finally {
      batch.startTimes = null;
    }
    this.#exemplars.store();
    this.#head.reclaimer.reclaim();
    return this.#take();
  }

  /** commit() where there are histograms, too. */
  #commitAll(): CommitResult {
    const {batch} = this;
    const split = this.#floatBehindHistogram();
    if (split !== -1) return this.#commitInParts(split);
    const {length} = batch;
    batch.length = 0;
    const first = length > 0 ? batch.times[0]! : this.#histograms.at(0).timeMs;
    this.#prepare(first, length, this.#histograms.bytes());
    const logged = this.#head.kernels.checkBatch(this.#context, length);
    const histograms = this.#histograms.check(this.#head.minValidTime(first));
    this.#writeLog(logged, length, histograms);
    this.#append(length);
    this.#histograms.append();
    try {
      this.#appendLate(length);
      this.#appendLateHistograms();
    } finally {
      batch.startTimes = null;
      this.#histograms.clear();
    }
    this.#exemplars.store();
    this.#head.reclaimer.reclaim();
    return this.#take();
  }

  /**
   * The first float whose series has a histogram before it; -1 = none. Floats are logged and appended before histograms,
   * which would turn these two round.
   */
  #floatBehindHistogram(): number {
    const {batch} = this;
    const slots = new Map<number, number>();
    for (let i = this.#histograms.length - 1; i >= 0; i--) {
      const {slot, floatsBefore} = this.#histograms.at(i);
      if (floatsBefore < batch.length) slots.set(slot, floatsBefore);
    }
    if (slots.size === 0) return -1;
    for (let i = 0; i < batch.length; i++) {
      const floatsBefore = slots.get(batch.slots[i]!);
      if (floatsBefore !== undefined && floatsBefore <= i) return i;
    }
    return -1;
  }

  /** Commits what comes before float `split` first, then the rest. */
  #commitInParts(split: number): CommitResult {
    const {batch} = this;
    const rest = batch.length - split;
    let histograms = 0;
    while (histograms < this.#histograms.length && this.#histograms.at(histograms).floatsBefore <= split) {
      histograms++;
    }
    const later = this.#histograms.cut(histograms);
    const {startTimes} = batch;
    batch.length = split;
    const counts = this.commit();
    const statuses = [
      batch.statuses.slice(0, split),
      this.#histograms.statuses.slice(0, histograms),
    ] as const;
    for (const column of [batch.slots, batch.generations, batch.times, batch.statuses]) {
      column.copyWithin(0, split, split + rest);
    }
    batch.valueWords.copyWithin(0, 2 * split, 2 * (split + rest));
    batch.startTimes = startTimes?.slice(split) ?? null;
    batch.length = rest;
    for (const each of later) this.#histograms.add({...each, floatsBefore: each.floatsBefore - split});
    const more = this.commit();
    batch.statuses.copyWithin(split, 0, rest);
    batch.statuses.set(statuses[0]);
    this.#histograms.statuses.copyWithin(histograms, 0, later.length);
    this.#histograms.statuses.set(statuses[1]);
    return {
      accepted: counts.accepted + more.accepted,
      outOfOrder: counts.outOfOrder + more.outOfOrder,
      duplicates: counts.duplicates + more.duplicates,
      outOfBounds: counts.outOfBounds + more.outOfBounds,
      noSeries: counts.noSeries + more.noSeries,
    };
  }

  check(): CommitResult {
    const {batch} = this;
    const {length} = batch;
    const first =
      length > 0 || this.#histograms.length === 0 ? batch.times[0]! : this.#histograms.at(0).timeMs;
    this.#prepare(first, length, this.#histograms.bytes());
    this.#head.kernels.checkBatch(this.#context, length);
    this.#histograms.check(this.#head.minValidTime(first));
    for (const i of this.#lateOnes(length)) {
      const isLate = batch.times[i]! >= this.#oldestLate;
      batch.statuses[i] = isLate ? statusPending : sampleStatus.tooOld;
    }
    const late =
      this.takesLate && this.#head.late.windowMs > 0
        ? this.#histograms.checkLate(this.#oldestLate).length
        : 0;
    const accepted =
      late +
      acceptPending(batch.statuses, length) +
      acceptPending(this.#histograms.statuses, this.#histograms.length);
    const result = {...this.#result(), accepted};
    this.#histograms.takeCounts();
    return result;
  }

  dropHistograms(): void {
    this.#histograms.drop();
  }

  /** Appends the batch without logging, whatever is newer than `mint`: what it holds comes from the log. */
  replay(mint: number): void {
    const {length} = this.batch;
    this.batch.length = 0;
    this.#prepare(0, length, this.#histograms.bytes());
    this.#setF64(appendMinValid, mint);
    this.#head.kernels.checkBatch(this.#context, length);
    this.#append(length);
    this.batch.startTimes = null;
    if (this.#histograms.length > 0) {
      this.#histograms.check(mint);
      this.#histograms.append();
      this.#histograms.clear();
    }
    this.#head.reclaimer.reclaim();
    this.#take();
  }

  /**
   * Appends the first `length` samples of the batch, which come from the log: their slots hold series, their times are within bounds, and
   * their statuses say that they are pending. What is not newer than its series is passed over.
   */
  replayPending(length: number): void {
    this.batch.length = 0;
    this.#prepare(0, length);
    this.#head.kernels.warmBatch(this.#context, length);
    this.#append(length);
    this.batch.startTimes = null;
    this.#head.reclaimer.reclaim();
    this.#take();
  }

  /** replayPending() for columns at these addresses, of any length. */
  replayColumns({count, slots, times, values}: Omit<DecodedSamples, 'total'>): void {
    const {kernels} = this.#head;
    const {batch} = this;
    for (let done = 0; done < count;) {
      const length = Math.min(count - done, batch.capacity);
      kernels.copyBytes(slots + 4 * done, batch.slotsAddress, 4 * length);
      kernels.copyBytes(times + 8 * done, batch.timesAddress, 8 * length);
      kernels.copyBytes(values + 8 * done, batch.valuesAddress, 8 * length);
      batch.statuses.fill(statusPending, 0, length);
      this.replayPending(length);
      done += length;
    }
  }

  metadata(slot: number, generation: number, type: string, unit: string, help: string): void {
    const {series, log} = this.#head;
    if (!series.alive(slot, generation)) return;
    if (!series.setMetadata(slot, joinMetadata(type, unit, help))) return;
    this.#unflushedMetadata.add(slot, generation);
    if (!this.#relog) log.metadata(series.ref(slot), type, unit, help);
  }

  get takesExemplars(): boolean {
    return this.#head.exemplars.enabled;
  }

  exemplar(slot: number, generation: number, exemplar: Exemplar): ExemplarStatus {
    const {series, texts, exemplars} = this.#head;
    if (!exemplars.enabled) return 'disabled';
    if (!series.alive(slot, generation)) return 'noSeries';
    return this.#exemplars.add(series.ref(slot), series.labels(slot, texts), exemplar);
  }

  /** Sets metadata that comes from the log. */
  replayMetadata(slot: number, type: string, unit: string, help: string): void {
    this.#head.series.setMetadata(slot, joinMetadata(type, unit, help));
  }

  /** Slots of series whose record is not known to be in the log yet: their samples are on the way. */
  pendingSlots(): Set<number> {
    const slots = new Set<number>();
    this.#unflushedSeries.forEach((slot) => slots.add(slot));
    return slots;
  }

  #prepare(first: number, length: number, histogramBytes = 0): void {
    const {arena, series} = this.#head;
    const needed = 64 * length + histogramBytes;
    if (needed > 0 && arena.bytesAvailable < reserveBytes + needed) {
      this.#histograms.drop();
      throw new RangeError(
        `cannot append ${length} samples: the shared memory is used up (${arena.bytesInUse} bytes)`,
      );
    }
    const {u32} = this.#head.memory;
    u32[(this.#context + appendSlotCount) >>> 2] = series.slotCount;
    this.#setF64(appendMinValid, length === 0 ? 0 : this.#head.minValidTime(first));
    this.#oldestLate = this.#head.maxTime - this.#head.late.windowMs;
    this.#setF64(appendMinTime, Infinity);
    this.#setF64(appendMaxTime, -Infinity);
    for (let field = appendStored; field < appendBytes; field += 4) u32[(this.#context + field) >>> 2] = 0;
  }

  #writeLog(samples: number, length: number, histograms: readonly LoggedHistogram[] = []): void {
    const {log} = this.#head;
    try {
      if (this.#relog) this.#logAgain();
      if (samples > 0) {
        const starts = this.batch.startTimes === null ? null : this.#floats.loggedStarts(length, samples);
        log.samples(this.#logRefs, this.#logTimes, this.#logValues, samples, starts);
      }
      if (histograms.length > 0) log.histograms(histograms);
      this.#exemplars.log(log);
      log.flush();
    } catch (error) {
      this.#relog = true;
      this.#exemplars.drop();
      this.#histograms.drop();
      this.batch.startTimes = null;
      throw error;
    }
    this.#relog = false;
    this.#unflushedSeries.clear();
    this.#unflushedMetadata.clear();
  }

  #logAgain(): void {
    const {series, log, texts} = this.#head;
    this.#unflushedSeries.forEach((slot, generation) => {
      if (series.alive(slot, generation)) log.series(series.ref(slot), series.labels(slot, texts));
    });
    this.#unflushedMetadata.forEach((slot, generation) => {
      if (!series.alive(slot, generation)) return;
      const [type, unit, help] = splitMetadata(series.metadata(slot, texts));
      log.metadata(series.ref(slot), type, unit, help);
    });
  }

  #append(length: number): void {
    const {kernels, memory, chunks} = this.#head;
    const {u32} = memory;
    const stop = (this.#context + appendStop) >>> 2;
    if (this.#head.floatEncoding === 'xor2') {
      this.#floats.append(length);
      return;
    }
    for (let at = 0; ;) {
      at = kernels.appendBatch(this.#context, at, length);
      if (u32[stop] === stopDone) break;
      if (u32[stop] === stopFragments) {
        u32[(this.#context + appendPool) >>> 2] = chunks.allocFragments(fragmentsAtOnce);
      } else {
        assert(u32[stop] === stopSeal, 'the kernel says why it stopped');
        if (this.#floats.appendStale(at)) continue;
        chunks.seal(slotAddress(u32, this.batch.slots[at]!));
      }
    }
  }

  /** Stores what came late, where that is allowed; what is too late even for that is told apart. */
  #appendLate(length: number): void {
    const late = this.#lateOnes(length);
    if (late.length === 0) return;
    const {statuses} = this.batch;
    let outOfOrder = 0;
    for (const i of late) outOfOrder += Number(statuses[i] === sampleStatus.outOfOrder);
    const taken = this.#head.late.append(this.batch, late, this.#oldestLate);
    // The kernel counted all of them as refused. Those that are too old are out of bounds.
    const {u32} = this.#head.memory;
    const add = (field: number, count: number): void => {
      u32[(this.#context + field) >>> 2]! += count;
    };
    add(appendAccepted, taken);
    add(appendOutOfOrder, -outOfOrder);
    add(appendOutOfBounds, outOfOrder - taken);
  }

  /** The same for histograms. */
  #appendLateHistograms(): void {
    const {late} = this.#head;
    if (late.windowMs <= 0 || !this.takesLate) return;
    const found = this.#histograms.checkLate(this.#oldestLate);
    late.counts.tooOld += this.#histograms.counts.tooOld;
    late.appendHistograms(found);
  }

  /** Numbers of the samples of the batch that were refused for their times, and may be stored as late ones. */
  #lateOnes(length: number): number[] {
    const {late, series} = this.#head;
    const refused = this.#field(appendOutOfOrder) + this.#field(appendOutOfBounds);
    // Fast path: late samples are rare, or not allowed.
    if (refused === 0 || late.windowMs <= 0 || !this.takesLate) return [];
    const {slots, generations, times, statuses} = this.batch;
    const found: number[] = [];
    for (let i = 0; i < length; i++) {
      if (statuses[i] !== sampleStatus.outOfOrder && statuses[i] !== sampleStatus.outOfBounds) continue;
      if (Math.abs(times[i]!) <= timeMax && series.alive(slots[i]!, generations[i]!)) found.push(i);
    }
    return found;
  }

  #field(offset: number): number {
    return this.#head.memory.u32[(this.#context + offset) >>> 2]!;
  }

  #result(): CommitResult {
    const {counts} = this.#histograms;
    return {
      accepted: this.#field(appendAccepted) + counts.accepted,
      outOfOrder: this.#field(appendOutOfOrder) + counts.outOfOrder,
      duplicates: this.#field(appendDuplicates) + counts.duplicates,
      outOfBounds: this.#field(appendOutOfBounds) + counts.outOfBounds,
      noSeries: this.#field(appendNoSeries) + counts.noSeries,
    };
  }

  /** Adds the counts of one batch to the running ones. */
  #take(): CommitResult {
    this.#head.files?.moveIfMany();
    const {i32, f64} = this.#head.memory;
    const result = this.#result();
    const {counts} = this;
    counts.appended += this.#field(appendStored);
    counts.outOfOrder += result.outOfOrder;
    counts.duplicates += result.duplicates;
    counts.outOfBounds += result.outOfBounds;
    counts.noSeries += result.noSeries;
    counts.staleSeries += i32[(this.#context + appendStale) >>> 2]!;
    counts.chunksCreated += this.#field(appendChunksCreated);
    this.#head.chunks.count += this.#field(appendChunksCreated);
    counts.chunksCreated += this.#head.chunks.tagged.takeCreated();
    const histograms = this.#histograms.takeCounts();
    counts.histogramsAppended += histograms.stored;
    counts.staleSeries += histograms.stale;
    if (histograms.stored > 0) this.#head.stored(histograms.minTime, histograms.maxTime);
    if (this.#field(appendStored) > 0) {
      this.#head.stored(
        f64[(this.#context + appendMinTime) >>> 3]!,
        f64[(this.#context + appendMaxTime) >>> 3]!,
      );
    }
    return result;
  }

  #setF64(field: number, value: number): void {
    this.#head.memory.f64[(this.#context + field) >>> 3] = value;
  }

  #fillContext(): void {
    const {u32} = this.#head.memory;
    const set = (field: number, value: number): void => {
      u32[(this.#context + field) >>> 2] = value;
    };
    set(appendSlots, this.batch.slotsAddress);
    set(appendGenerations, this.batch.generationsAddress);
    set(appendTimes, this.batch.timesAddress);
    set(appendValues, this.batch.valuesAddress);
    set(appendStatuses, this.batch.statusesAddress);
    set(appendLogRefs, this.#logRefs);
    set(appendLogTimes, this.#logTimes);
    set(appendLogValues, this.#logValues);
    set(appendDirectory, headerDirectory);
    this.#setF64(appendChunkRange, this.#head.chunkRangeMs);
  }
}

/** Makes pending samples accepted ones and returns how many there are. */
function acceptPending(statuses: Uint8Array, length: number): number {
  let accepted = 0;
  for (let i = 0; i < length; i++) {
    if (statuses[i] !== statusPending) continue;
    statuses[i] = sampleStatus.accepted;
    accepted++;
  }
  return accepted;
}

function allocateBatch(memory: LinearMemory, arena: SizeClassArena): SampleBatch {
  const {buffer} = memory.wasm;
  const slotsAddress = arena.alloc(4 * batchCapacity);
  const generationsAddress = arena.alloc(4 * batchCapacity);
  const timesAddress = arena.alloc(8 * batchCapacity);
  const valuesAddress = arena.alloc(8 * batchCapacity);
  const statusesAddress = arena.alloc(batchCapacity);
  return {
    slotsAddress,
    generationsAddress,
    timesAddress,
    valuesAddress,
    statusesAddress,
    slots: new Uint32Array(buffer, slotsAddress, batchCapacity),
    generations: new Uint32Array(buffer, generationsAddress, batchCapacity),
    times: new Float64Array(buffer, timesAddress, batchCapacity),
    values: new Float64Array(buffer, valuesAddress, batchCapacity),
    valueWords: new Uint32Array(buffer, valuesAddress, batchCapacity * 2),
    statuses: new Uint8Array(buffer, statusesAddress, batchCapacity),
    startTimes: null,
    capacity: batchCapacity,
    length: 0,
  };
}

// Metadata is one symbol. Neither type nor unit holds a newline.
function joinMetadata(type: string, unit: string, help: string): string {
  return `${type}\n${unit}\n${help}`;
}

/** Type, unit and help of a metadata symbol's text. */
export function splitMetadata(text: string): [string, string, string] {
  const typeEnd = text.indexOf('\n');
  const unitEnd = text.indexOf('\n', typeEnd + 1);
  return [text.slice(0, typeEnd), text.slice(typeEnd + 1, unitEnd), text.slice(unitEnd + 1)];
}

/** Slots with their generations, in columns. */
class SlotList {
  #columns = new Uint32Array(2048);
  #length = 0;

  add(slot: number, generation: number): void {
    if (this.#length * 2 === this.#columns.length) {
      const columns = new Uint32Array(this.#columns.length * 2);
      columns.set(this.#columns);
      this.#columns = columns;
    }
    this.#columns[this.#length * 2] = slot;
    this.#columns[this.#length * 2 + 1] = generation;
    this.#length++;
  }

  forEach(visit: (slot: number, generation: number) => void): void {
    for (let i = 0; i < this.#length; i++) visit(this.#columns[i * 2]!, this.#columns[i * 2 + 1]!);
  }

  clear(): void {
    this.#length = 0;
    if (this.#columns.length > 65_536) this.#columns = new Uint32Array(2048);
  }
}
