import type {Labels} from '../../model/labels.ts';
import type {LoggedHistogram, ReplaySink} from '../log.ts';
import type {SnapshotSink} from '../snapshot/read.ts';
import type {DecodedSamples} from '../wal/decodedsamples.ts';
import type {SamplesTable} from '../wal/samplesdecoder.ts';
import {slotLastTime, slotLastValue, slotSealed} from '../../kernels/head-layout.ts';
import type {Head} from './head.ts';
import {LateReplay} from './late-replay.ts';
import {restoreLastValues} from './lastvalues.ts';
import {attachRows, attachWaiting} from './attach.ts';
import type {FiledChunk} from './filedchunks.ts';
import type {LoadedHeadChunks} from './load.ts';
import type {LoadedChunks} from './loadedchunks.ts';
import {type PendingChunk, PendingChunks} from './pendingchunks.ts';
import {chunkReference} from '../headchunks/format.ts';
import {ReplayRefs} from './replayrefs.ts';
import {ReplaySamples} from './replaysamples.ts';
import {chunkRead, SeriesRestore} from './restore.ts';
import {SnapshotRun} from './snapshotrun.ts';
import {slotAddress} from './series.ts';

/** Bytes of a snapshot that have a series, rather too many: with a table that grows nothing is lost. And series to expect at most. */
const seriesBytes = 512;
const expectedMax = 2 ** 22;

/** What the log held beside what is now in the head. */
export interface ReplayCounts {
  samples: number;
  /** Samples, metadata and tombstones that name no series of the log. */
  unknownRefs: number;
  /** Chunks in files that series have. */
  chunksLoaded: number;
}

/**
 * Fills the head from its log. Several refs may stand for one series, where it was dropped and made again between two
 * checkpoints: the first one stays the series' ref.
 */
export class HeadReplay implements ReplaySink {
  readonly counts: ReplayCounts = {samples: 0, unknownRefs: 0, chunksLoaded: 0};
  /** Refs that stand for a series that has another one, with that. */
  readonly otherRefs = new Map<number, number>();
  readonly #head: Head;
  readonly #refs: ReplayRefs;
  readonly #samples: ReplaySamples;
  readonly #restore: SeriesRestore;
  /** Late chunks in files, with the slots of their series. */
  readonly #lateReferences = new Map<number, number>();
  /** What the files of full chunks have of series that the log has not named yet. */
  #loaded: LoadedChunks | null;
  /** Series have got chunks since the refs were told which samples are known: behind a snapshot the log is often empty. */
  #knownIsOld = false;
  /** Chunks of a snapshot that wait for those in files, which are older. */
  #pending: PendingChunks | null = null;

  constructor(head: Head, loaded: LoadedChunks | null = null) {
    this.#head = head;
    this.#loaded = loaded;
    this.#refs = new ReplayRefs(head.memory, head.arena);
    this.#samples = new ReplaySamples(head, this.#refs);
    this.#restore = new SeriesRestore(head);
    // A series whose record was lost has chunks still: its ref is given to no other.
    if (loaded !== null) head.reserveRef(loaded.lastRef);
  }

  series(ref: number, labels: Labels): void {
    const {series} = this.#head;
    const isNew = !series.find(labels);
    if (isNew) series.create(labels, ref);
    this.#restore.remember(series.slot);
    this.#named(ref, isNew);
  }

  seriesRecord(address: number, length: number, slowly: (ref: number, labels: Labels) => void): number {
    const restore = this.#restore;
    const end = address + length;
    if (!restore.isSound(address + 1, end)) return -1;
    let copy: Uint8Array | null = null;
    let count = 0;
    for (let at = address + 1; at < end; count++) {
      const next = restore.read(at, end);
      if (next === 0) {
        copy ??= this.#head.memory.u8.slice(address, end);
        const read = restore.readSlowly(copy, at - address);
        slowly(read.ref, read.labels);
        at = address + read.next;
      } else {
        this.#named(restore.ref, restore.place());
        at = next;
      }
    }
    return count;
  }

  /** The log names the series in `series.slot`, which was made for it or was there. */
  #named(ref: number, isNew: boolean): void {
    const {series} = this.#head;
    const {slot} = series;
    this.#head.reserveRef(ref);
    if (isNew) this.#head.appender().counts.seriesCreated++;
    else if (series.ref(slot) !== ref) this.otherRefs.set(ref, series.ref(slot));
    if (this.#loaded !== null) this.#attach(ref, slot, this.#loaded);
    this.#refs.set(ref, slot, this.#lastTime(slot));
  }

  samplesRecord(address: number, length: number): number {
    if (this.#knownIsOld) this.#refs.update(this.#head.kernels);
    this.#knownIsOld = false;
    const unknownBefore = this.#samples.unknown;
    const count = this.#samples.record(address, length);
    this.counts.samples += Math.max(count, 0);
    this.counts.unknownRefs += this.#samples.unknown - unknownBefore;
    return count;
  }

  get samplesTable(): SamplesTable {
    return this.#samples.table;
  }

  decoded(samples: DecodedSamples): void {
    this.counts.samples += samples.total;
    if (samples.count > 0) this.#head.appender().replayColumns(samples);
  }

  samples(
    refs: Float64Array,
    times: Float64Array,
    values: Float64Array,
    count: number,
    startTimes: Float64Array | null = null,
  ): void {
    const appender = this.#head.appender();
    const {batch} = appender;
    const {series} = this.#head;
    // Whole words, so that no NaN changes on its way.
    const words = new Uint32Array(values.buffer, values.byteOffset, count * 2);
    for (let i = 0; i < count; i++) {
      const slot = this.#slotOf(refs[i]!);
      if (slot === -1) {
        this.counts.unknownRefs++;
        continue;
      }
      const at = batch.length++;
      batch.slots[at] = slot;
      batch.generations[at] = series.generation(slot);
      batch.times[at] = times[i]!;
      batch.valueWords[2 * at] = words[2 * i]!;
      batch.valueWords[2 * at + 1] = words[2 * i + 1]!;
      if (startTimes !== null) {
        batch.startTimes ??= new Float64Array(batch.capacity);
        batch.startTimes[at] = startTimes[i]!;
      }
      if (batch.length === batch.capacity) appender.replay(this.#head.truncatedBefore);
    }
    this.counts.samples += count;
    if (batch.length > 0) appender.replay(this.#head.truncatedBefore);
  }

  histograms(samples: readonly LoggedHistogram[]): void {
    const appender = this.#head.appender();
    const {series} = this.#head;
    for (const sample of samples) {
      const slot = this.#slotOf(sample.ref);
      if (slot === -1) {
        this.counts.unknownRefs++;
        continue;
      }
      appender.histogram(slot, series.generation(slot), sample.timeMs, sample.histogram, sample);
      if (appender.histogramCount === appender.histogramsMax) appender.replay(this.#head.truncatedBefore);
    }
    this.counts.samples += samples.length;
    if (appender.histogramCount > 0) appender.replay(this.#head.truncatedBefore);
  }

  metadata(ref: number, type: string, unit: string, help: string): void {
    const slot = this.#slotOf(ref);
    if (slot === -1) this.counts.unknownRefs++;
    else this.#head.appender().replayMetadata(slot, type, unit, help);
  }

  exemplar(ref: number, time: number, value: number, labels: Labels): void {
    const {series, texts, exemplars} = this.#head;
    const slot = this.#slotOf(ref);
    if (slot === -1) this.counts.unknownRefs++;
    else if (exemplars.enabled) exemplars.add(series.labels(slot, texts), {labels, value, timeMs: time});
  }

  tombstone(ref: number, mint: number, maxt: number): void {
    this.#head.reserveRef(ref);
    const slot = this.#slotOf(ref);
    if (slot === -1) this.counts.unknownRefs++;
    else if (mint > -(2 ** 63) || maxt < 2 ** 63 - 1) this.#head.hideSamples(slot, mint, maxt);
    else {
      this.#refs.drop(this.#refs.find(ref), this.otherRefs.size > 0);
      this.#head.dropSeries(slot);
      this.#restore.forget();
    }
  }

  #lastTime(slot: number): number {
    const {u32, f64} = this.#head.memory;
    return f64[(slotAddress(u32, slot) + slotLastTime) >>> 3]!;
  }

  /** The slot that a ref stands for, or -1: never named, or deleted since. */
  #slotOf(ref: number): number {
    const at = this.#refs.find(ref);
    if (at === -1) {
      // Its record was lost. Another series with this ref would get what is left of it.
      this.#head.reserveRef(ref);
      return -1;
    }
    return this.#refs.known[at] === Infinity ? -1 : this.#refs.slots[at]!;
  }

  /** Gives a series the chunks that files have of it. What of them the log has again is passed over then. */
  #attach(ref: number, slot: number, loaded: LoadedChunks): void {
    const address = slotAddress(this.#head.memory.u32, slot);
    loaded.take(ref, (at) => {
      const minTime = loaded.minTimes[at]!;
      const maxTime = loaded.maxTimes[at]!;
      const filed = {
        reference: loaded.references[at]!,
        samples: loaded.samples[at]!,
        encoding: loaded.encodings[at]!,
      };
      if (loaded.outOfOrder[at] === 2) return;
      if (loaded.outOfOrder[at] === 0) return this.#attachChunk(address, minTime, maxTime, filed);
      this.counts.chunksLoaded++;
      this.#lateReferences.set(filed.reference, slot);
      this.#head.late.attach(address, minTime, maxTime, filed);
    });
  }

  #attachChunk(address: number, minTime: number, maxTime: number, filed: FiledChunk): void {
    const {chunks, memory, truncatedBefore} = this.#head;
    const last = (address + slotLastTime) >>> 3;
    // Another series with the same labels may have come before.
    if (minTime <= memory.f64[last]! || maxTime < truncatedBefore) return;
    if (chunks.isOpen(address)) {
      // Chunks in memory are newer than those in files.
      chunks.seal(address);
      this.#head.files?.move();
    }
    chunks.appendFiled(address + slotSealed, minTime, maxTime, filed);
    memory.f64[last] = maxTime;
    this.counts.chunksLoaded++;
    this.#head.stored(minTime, maxTime);
  }

  /**
   * Gives the series that were named before, by the log or a snapshot, the chunks that files have of them, and then those of the snapshot,
   * which are given up where it is not `usable` after all. Series that are named later get theirs then.
   */
  attachFiles({chunks: loaded, rows, mark}: LoadedHeadChunks, usable = true): void {
    const {memory} = this.#head;
    if (rows !== null) {
      this.#restore.useRefs(this.#refs);
      const attached = attachRows(this.#head, this.#restore, rows, (chunk) => {
        const slot = chunk.outOfOrder || chunk.ref === 0 ? -1 : this.#slotOf(chunk.ref);
        if (slot === -1) {
          loaded.add(chunk);
          return !chunk.outOfOrder;
        }
        const reference = chunkReference(chunk.file, chunk.offset);
        const address = slotAddress(memory.u32, slot);
        this.#attachChunk(address, chunk.minTime, chunk.maxTime, {...chunk, reference});
        return false;
      });
      this.counts.chunksLoaded += attached;
    }
    if (mark !== null) loaded.mark(mark);
    this.#head.reserveRef(loaded.lastRef);
    loaded.forEachRef((ref) => {
      const slot = this.#slotOf(ref);
      if (slot !== -1) this.#attach(ref, slot, loaded);
    });
    this.#loaded = loaded.length === 0 ? null : loaded;
    this.#settlePending(usable);
    this.#knownIsOld = true;
  }

  #settlePending(usable: boolean): void {
    const {chunks} = this.#head;
    const pending = this.#pending;
    if (pending === null) return;
    this.#pending = null;
    const receive = (chunk: PendingChunk): void => {
      if (!usable || !this.#takeChunk(chunk)) chunks.freeCopy(chunk.chunk, chunk.bytes);
    };
    if (usable) attachWaiting(this.#head, this.#restore, pending, receive);
    else pending.forEach(receive);
    pending.free();
  }

  /** Gives a series a copied chunk. False: it is not wanted. */
  #takeChunk(chunk: PendingChunk): boolean {
    const {chunks, memory, truncatedBefore} = this.#head;
    const {minTime, maxTime} = chunk;
    const address = slotAddress(memory.u32, chunk.slot);
    if (minTime <= memory.f64[(address + slotLastTime) >>> 3]! || maxTime < truncatedBefore) return false;
    chunks.append(address, chunk);
    chunks.count++;
    chunks.taken++;
    memory.f64[(address + slotLastTime) >>> 3] = maxTime;
    memory.u32[(address + slotLastValue) >>> 2] = chunk.lastLow;
    memory.u32[(address + slotLastValue + 4) >>> 2] = chunk.lastHigh;
    this.#head.stored(minTime, maxTime);
    return true;
  }

  /**
   * A sink for a snapshot, which comes before the log. `waits`: its chunks wait for attachFiles(). `bytes`: how long it is.
   */
  snapshot(waits = false, bytes = 0): SnapshotSink {
    const {memory, arena, series} = this.#head;
    const expected = Math.min(expectedMax, Math.floor(bytes / seriesBytes));
    series.expect(expected);
    this.#refs.expect(expected);
    if (waits) this.#pending = new PendingChunks(memory, arena);
    const run =
      this.#pending === null
        ? null
        : new SnapshotRun(this.#head, {restore: this.#restore, refs: this.#refs, pending: this.#pending});
    return {
      ...(run === null ? {} : {seriesRun: (at, end) => run.take(at, end)}),
      end: () => run?.free(),
      seriesRecord: (address, length) => this.#snapshotSeries(address, length),
      series: ({ref, labels, chunk}) => {
        this.series(ref, labels);
        const {slot} = this.#head.series;
        if (chunk === null) return;
        const {minTime, maxTime, lastHigh, lastLow} = chunk;
        const copy = this.#head.chunks.copy(chunk.encoding, chunk.bytes);
        this.#storeChunk({slot, minTime, maxTime, lastHigh, lastLow, ...copy});
        this.#refs.set(ref, slot, this.#lastTime(slot));
      },
      tombstone: (ref, mint, maxt) => this.tombstone(ref, mint, maxt),
      exemplar: (ref, time, value, labels) => this.exemplar(ref, time, value, labels),
    };
  }

  /** False where the record is left to series(): then nothing of it was used. */
  #snapshotSeries(address: number, length: number): boolean {
    const restore = this.#restore;
    const end = address + length;
    const behind = restore.read(address + 1, end);
    if (behind === 0) return false;
    const read = restore.readChunk(behind, end);
    if (read === chunkRead.unusual) return false;
    this.#named(restore.ref, restore.place());
    if (read === chunkRead.none) return true;
    const {chunks, series} = this.#head;
    const {samples, chunk} = chunks.copyXor(restore.chunk, restore.chunkBytes);
    this.#storeChunk({
      slot: series.slot,
      chunk,
      bytes: restore.chunkBytes,
      samples,
      minTime: restore.minTime,
      maxTime: restore.maxTime,
      lastLow: restore.lastLow,
      lastHigh: restore.lastHigh,
    });
    // What waits is not known yet.
    if (this.#pending === null) this.#refs.set(restore.ref, series.slot, this.#lastTime(series.slot));
    return true;
  }

  /** A chunk that was open when the snapshot was taken; it may have become a full one since. */
  #storeChunk(chunk: PendingChunk): void {
    if (this.#pending !== null) this.#pending.add(chunk);
    else if (!this.#takeChunk(chunk)) this.#head.chunks.freeCopy(chunk.chunk, chunk.bytes);
  }

  /** A sink for the log of late samples, which is replayed after the other one and before finish(). */
  late(): LateReplay {
    return new LateReplay(this.#head, (ref) => this.#slotOf(ref), this.#lateReferences);
  }

  /** Ends the replay and forgets the refs. The head's counters start from here. */
  finish(): void {
    this.#samples.free();
    this.#restore.free();
    this.#refs.free();
    restoreLastValues(this.#head);
    this.#head.resetCounts();
  }
}
