import {assert} from '../../base/assert.ts';
import type {Arena} from '../../kernels/arena.ts';
import {slotRef} from '../../kernels/head-layout.ts';
import type {Kernels} from '../../kernels/kernels.ts';
import type {LinearMemory} from '../../kernels/memory.ts';
import {type SampleBatch, sampleStatus} from '../../storage/appender.ts';
import {encoding} from '../chunkenc/encoding.ts';
import {Xor2Appender} from '../chunkenc/xor2.ts';
import type {LateLog, LoggedHistogram} from '../log.ts';
import {type Annexes, annexLate, annexLateSealed, annexLateStarts, blockRows} from './annex.ts';
import type {ChunkFiles} from './chunkfiles.ts';
import type {Chunks} from './chunks.ts';
import {LateBlock, StartCursor, wordsOf} from './lateblock.ts';
import {type LateChunk, type LateHistogram, LateHistograms} from './latehistograms.ts';
import {slotAddress} from './series.ts';

/** Late samples of a series that are kept sorted in memory, as in Prometheus (out_of_order_cap_max); then they become a chunk. */
const capacity = 32;
/** More are kept where chunks cannot be written, and not more than that. */
const capacityMax = 440;
const rowsPerRun = 4096;
const encoderStateBytes = 64;
const chunkBytesMax = 24 + 19 * (capacityMax + 10);

/** `startMs` is 0 where it is not known. */
export interface SampleTimes {
  timeMs: number;
  startMs: number;
}

/** What late samples need of the head around them. */
export interface LateHead {
  readonly memory: LinearMemory;
  readonly arena: Arena;
  readonly kernels: Kernels;
  readonly chunks: Chunks;
  readonly annexes: Annexes;
  readonly files: ChunkFiles | null;
  readonly floatEncoding: 'xor' | 'xor2';
  storedLate(minTime: number, maxTime: number): void;
}

export interface LateCounts {
  /** Floats. */
  appended: number;
  histogramsAppended: number;
  tooOld: number;
  chunksCreated: number;
}

/**
 * Samples that are older than the newest one of their series, within a window of time. They are logged in a log of their own
 * (`wbl`), kept sorted beside the series (annex.ts), and written as small chunks, which overlap others. The log says of each chunk
 * that all earlier late samples of its series are in files.
 */
export class LateSamples {
  /** How far behind the newest sample of the head samples may be; 0 = none are taken. */
  windowMs = 0;
  /** Set where samples are taken. */
  log: LateLog | null = null;
  readonly counts: LateCounts = {appended: 0, histogramsAppended: 0, tooOld: 0, chunksCreated: 0};
  readonly #head: LateHead;
  readonly #floats: LateBlock;
  /** Start timestamps of floats, of those that have one. */
  readonly #starts: LateBlock;
  readonly #histograms: LateHistograms;
  /** Columns for the log. */
  readonly #columns: number;
  readonly #encoder: number;
  readonly #chunk: number;
  /** Series whose chunks the log does not know of yet, by slot address. */
  readonly #owed = new Map<number, number>();

  constructor(head: LateHead) {
    this.#head = head;
    this.#floats = new LateBlock(head, annexLate);
    this.#starts = new LateBlock(head, annexLateStarts);
    this.#histograms = new LateHistograms(head);
    this.#columns = head.arena.alloc(3 * 8 * rowsPerRun);
    this.#encoder = head.arena.alloc(encoderStateBytes);
    this.#chunk = head.arena.alloc(chunkBytesMax);
  }

  /**
   * Stores those of the samples `indices` of a batch that are not before `oldest`, sets their statuses, and returns how many it
   * took. Throws where the log cannot be written; the samples of that run and those behind it are not stored then.
   */
  append(batch: SampleBatch, indices: readonly number[], oldest: number): number {
    const {u32} = this.#head.memory;
    const added = new Map<number, number>();
    let run: number[] = [];
    let taken = 0;
    for (const i of indices) {
      const time = batch.times[i]!;
      if (!(time >= oldest)) {
        batch.statuses[i] = sampleStatus.tooOld;
        this.counts.tooOld++;
        continue;
      }
      taken++;
      const slot = slotAddress(u32, batch.slots[i]!);
      if (this.#has(slot, time)) {
        batch.statuses[i] = sampleStatus.accepted;
        continue;
      }
      if (this.#count(slot) + (added.get(slot) ?? 0) >= capacity || run.length === rowsPerRun) {
        this.#store(batch, run);
        run = [];
        added.clear();
        if (this.#count(slot) >= capacity) this.#makeRoom(slot);
      }
      run.push(i);
      added.set(slot, (added.get(slot) ?? 0) + 1);
    }
    this.#store(batch, run);
    return taken;
  }

  /**
   * Stores those of the histograms that the series (a slot's address) does not have yet. Throws where the log cannot be written; those
   * of that run and those behind it are not stored then.
   */
  appendHistograms(histograms: readonly (LateHistogram & {slot: number})[]): void {
    const added = new Map<number, number>();
    let run: (LoggedHistogram & {slot: number})[] = [];
    for (const each of histograms) {
      const {slot, timeMs} = each;
      if (this.#has(slot, timeMs)) continue;
      if (this.#count(slot) + (added.get(slot) ?? 0) >= capacity) {
        this.#storeHistograms(run);
        run = [];
        added.clear();
        if (this.#count(slot) >= capacity) this.#makeRoom(slot);
      }
      run.push({...each, ref: this.#ref(slot)});
      added.set(slot, (added.get(slot) ?? 0) + 1);
    }
    this.#storeHistograms(run);
  }

  /** Stores a sample that comes from the log. */
  replay(slot: number, times: SampleTimes, low: number, high: number): void {
    if (this.#hasRoomForReplay(slot, times.timeMs)) this.#insert(slot, times, low, high);
  }

  /** Stores a histogram that comes from the log. */
  replayHistogram(slot: number, histogram: LateHistogram): void {
    if (this.#hasRoomForReplay(slot, histogram.timeMs)) this.#insertHistogram(slot, histogram);
  }

  #hasRoomForReplay(slot: number, time: number): boolean {
    if (this.#has(slot, time)) return false;
    if (this.#count(slot) >= capacityMax / 2 && this.#trySeal(slot)) this.#owed.set(slot, 0);
    return this.#count(slot) < capacityMax;
  }

  /** All late samples of the series until now are in files, as the log says. */
  replayMarker(slot: number): void {
    this.#clearFloats(slot);
    this.#histograms.clear(slot);
    this.#owed.delete(slot);
  }

  /** After replay: tells the log of chunks that were made meanwhile. */
  settle(): void {
    for (const slot of this.#owed.keys()) {
      // Until all is in files, the log is read again at the next start.
      if (this.#count(slot) > 0 && !this.#trySeal(slot)) continue;
      this.#mark(slot);
    }
    this.#owed.clear();
    this.log?.flush();
  }

  /** Writes the late samples of all series that are in memory. Returns false where that fails for some. */
  sealAll(): boolean {
    let done = true;
    this.#head.annexes.forEach((_annex, slot) => {
      if (this.#count(slot) > 0 && !this.seal(slot)) done = false;
    });
    this.log?.flush();
    return done;
  }

  /** Makes a chunk of the late samples of a series that are in memory. False where it cannot be written: they stay. */
  seal(slot: number): boolean {
    if (!this.#trySeal(slot)) return false;
    this.#mark(slot);
    return true;
  }

  #mark(slot: number): void {
    const newest = this.#head.chunks.newestFiled(this.#annex(slot) + annexLateSealed);
    this.log?.marker(this.#ref(slot), newest);
  }

  /** Gives the series a late chunk that is in a file. */
  attach(slot: number, minTime: number, maxTime: number, filed: Parameters<Chunks['appendFiled']>[3]): void {
    const annex = this.#head.annexes.make(slot);
    this.#head.chunks.appendFiled(annex + annexLateSealed, minTime, maxTime, filed);
    this.#head.storedLate(minTime, maxTime);
  }

  /** Drops late chunks up to a reference, which blocks have now. */
  dropUntil(reference: number): void {
    const {annexes, chunks} = this.#head;
    annexes.forEach((annex, slot) => {
      chunks.dropFiled(annex + annexLateSealed, reference);
      annexes.tidy(slot);
    });
  }

  /** Drops all that is late of a series that goes. */
  dropAll(slot: number): void {
    this.#histograms.clear(slot);
    const annex = this.#head.annexes.find(slot);
    if (annex !== 0) this.#head.chunks.dropFiled(annex + annexLateSealed, Infinity);
  }

  /** Whether the series has late samples. */
  holds(slot: number): boolean {
    const annex = this.#head.annexes.find(slot);
    if (annex === 0) return false;
    return this.#count(slot) > 0 || this.#head.memory.u32[(annex + annexLateSealed) >>> 2] !== 0;
  }

  #annex(slot: number): number {
    return this.#head.annexes.find(slot);
  }

  #ref(slot: number): number {
    return this.#head.memory.f64[(slot + slotRef) >>> 3]!;
  }

  /** Samples of the series that are in memory. */
  #count(slot: number): number {
    return this.#floats.count(slot) + this.#histograms.rows.count(slot);
  }

  #has(slot: number, time: number): boolean {
    return this.#floats.has(slot, time) || this.#histograms.rows.has(slot, time);
  }

  #makeRoom(slot: number): void {
    if (this.seal(slot)) return;
    if (this.#count(slot) < capacityMax) return;
    throw new RangeError(
      `cannot take more late samples of series ${this.#ref(slot)}: its chunks cannot be written`,
    );
  }

  /** Logs a run, then stores it. */
  #store(batch: SampleBatch, run: readonly number[]): void {
    if (run.length === 0) return;
    const {log} = this;
    assert(log !== null, 'late samples are logged');
    const {u32, f64} = this.#head.memory;
    const [refs, times, values] = [0, 1, 2].map((i) => this.#columns + i * 8 * rowsPerRun) as [
      number,
      number,
      number,
    ];
    for (const [row, i] of run.entries()) {
      f64[(refs >>> 3) + row] = this.#ref(slotAddress(u32, batch.slots[i]!));
      f64[(times >>> 3) + row] = batch.times[i]!;
      u32[(values >>> 2) + 2 * row] = batch.valueWords[2 * i]!;
      u32[(values >>> 2) + 2 * row + 1] = batch.valueWords[2 * i + 1]!;
    }
    const {startTimes} = batch;
    const starts = startTimes === null ? null : Float64Array.from(run, (i) => startTimes[i]!);
    log.samples(refs, times, values, run.length, starts);
    log.flush();
    for (const i of run) {
      const slot = slotAddress(u32, batch.slots[i]!);
      batch.statuses[i] = sampleStatus.accepted;
      const timeMs = batch.times[i]!;
      if (this.#has(slot, timeMs)) continue;
      const sampleTimes = {timeMs, startMs: startTimes?.[i] ?? 0};
      this.#insert(slot, sampleTimes, batch.valueWords[2 * i]!, batch.valueWords[2 * i + 1]!);
      this.counts.appended++;
    }
  }

  /** The same for histograms. */
  #storeHistograms(run: readonly (LoggedHistogram & {slot: number})[]): void {
    if (run.length === 0) return;
    const {log} = this;
    assert(log !== null, 'late samples are logged');
    log.histograms(run);
    log.flush();
    for (const each of run) {
      if (this.#has(each.slot, each.timeMs)) continue;
      this.#insertHistogram(each.slot, each);
      this.counts.histogramsAppended++;
    }
  }

  #insert(slot: number, {timeMs, startMs}: SampleTimes, low: number, high: number): void {
    // First, so that who sees the sample sees it, too.
    if (startMs !== 0 && this.#head.floatEncoding === 'xor2' && !this.#starts.has(slot, timeMs)) {
      const [startLow, startHigh] = wordsOf(startMs);
      this.#starts.insert(slot, timeMs, startLow, startHigh);
    }
    this.#floats.insert(slot, timeMs, low, high);
    this.#head.storedLate(timeMs, timeMs);
  }

  #clearFloats(slot: number): void {
    this.#floats.clear(slot);
    this.#starts.clear(slot);
  }

  #insertHistogram(slot: number, histogram: LateHistogram): void {
    this.#histograms.insert(slot, histogram);
    this.#head.storedLate(histogram.timeMs, histogram.timeMs);
  }

  /** Where that fails half-way, what was written is found twice from now on, and read once. */
  #trySeal(slot: number): boolean {
    if (this.#floats.count(slot) > 0 && !this.#sealFloats(slot)) return false;
    return this.#histograms.rows.count(slot) === 0 || this.#sealHistograms(slot);
  }

  #sealFloats(slot: number): boolean {
    const {memory, floatEncoding} = this.#head;
    const block = this.#floats.find(slot);
    const samples = memory.u32[block >>> 2]!;
    const times = blockRows(block);
    const minTime = memory.f64[times >>> 3]!;
    const maxTime = memory.f64[(times >>> 3) + samples - 1]!;
    const isXor2 = floatEncoding === 'xor2';
    const reference = this.#write(slot, {
      encoding: encoding[floatEncoding],
      bytes: isXor2 ? this.#encodeXor2(slot, times, samples) : this.#encodeXor(times, samples),
      samples,
      minTime,
      maxTime,
    });
    if (reference < 0) return false;
    this.#clearFloats(slot);
    return true;
  }

  #encodeXor(times: number, samples: number): Uint8Array {
    const {memory, kernels} = this.#head;
    const bytes = kernels.xorEncode(times, times + 8 * samples, samples, this.#encoder, this.#chunk);
    return memory.u8.subarray(this.#chunk, this.#chunk + bytes);
  }

  #encodeXor2(slot: number, times: number, samples: number): Uint8Array {
    const {u32, f64} = this.#head.memory;
    const starts = new StartCursor(this.#head.memory, this.#starts.find(slot));
    const appender = new Xor2Appender();
    const words = (times >>> 2) + 2 * samples;
    for (let i = 0; i < samples; i++) {
      const time = f64[(times >>> 3) + i]!;
      appender.append(time, u32[words + 2 * i + 1]!, u32[words + 2 * i]!, starts.of(time));
    }
    return appender.bytes;
  }

  #sealHistograms(slot: number): boolean {
    for (const chunk of this.#histograms.encode(slot)) if (this.#write(slot, chunk) < 0) return false;
    this.#histograms.clear(slot);
    return true;
  }

  /** Writes a chunk, and puts it into the index of the series. Returns its reference, or -1 where that fails. */
  #write(slot: number, {bytes, samples, ...chunk}: LateChunk): number {
    const {files, chunks} = this.#head;
    const {minTime, maxTime} = chunk;
    const meta = {ref: this.#ref(slot), minTime, maxTime, encoding: chunk.encoding, outOfOrder: true};
    const reference = files?.write(meta, bytes, 0, bytes.length) ?? -1;
    if (reference < 0) return -1;
    const filed = {reference, samples, encoding: chunk.encoding};
    chunks.appendFiled(this.#annex(slot) + annexLateSealed, minTime, maxTime, filed);
    this.counts.chunksCreated++;
    return reference;
  }
}
