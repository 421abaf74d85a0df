import {assert} from '../../base/assert.ts';
import type {Arena} from '../../kernels/arena.ts';
import {slotRef} from '../../kernels/head-layout.ts';
import type {Kernels} from '../../kernels/kernels.ts';
import type {LinearMemory} from '../../kernels/memory.ts';
import {type SampleBatch, sampleStatus} from '../../storage/appender.ts';
import {encoding} from '../chunkenc/encoding.ts';
import type {LateLog} from '../log.ts';
import {type Annexes, annexLate, annexLateSealed, blockRows} from './annex.ts';
import type {ChunkFiles} from './chunkfiles.ts';
import type {Chunks} from './chunks.ts';
import {slotAddress} from './series.ts';

/** Late samples of a series that are kept sorted in memory, as in Prometheus (out_of_order_cap_max); then they become a chunk. */
const capacity = 32;
/** More are kept where chunks cannot be written, and not more than that. */
const capacityMax = 440;
const rowsPerRun = 4096;
const encoderStateBytes = 64;
const chunkBytesMax = 24 + 19 * (capacityMax + 10);

/** What late samples need of the head around them. */
export interface LateHead {
  readonly memory: LinearMemory;
  readonly arena: Arena;
  readonly kernels: Kernels;
  readonly chunks: Chunks;
  readonly annexes: Annexes;
  readonly files: ChunkFiles | null;
  storedLate(minTime: number, maxTime: number): void;
}

export interface LateCounts {
  appended: number;
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
  readonly counts: LateCounts = {appended: 0, tooOld: 0, chunksCreated: 0};
  readonly #head: LateHead;
  /** Columns for the log. */
  readonly #columns: number;
  readonly #encoder: number;
  readonly #chunk: number;
  /** Series whose chunks the log does not know of yet, by slot address. */
  readonly #owed = new Map<number, number>();

  constructor(head: LateHead) {
    this.#head = head;
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

  /** Stores a sample that comes from the log. */
  replay(slot: number, time: number, low: number, high: number): void {
    if (this.#has(slot, time)) return;
    if (this.#count(slot) >= capacityMax / 2 && this.#trySeal(slot)) this.#owed.set(slot, 0);
    if (this.#count(slot) >= capacityMax) return;
    this.#insert(slot, time, low, high);
  }

  /** All late samples of the series until now are in files, as the log says. */
  replayMarker(slot: number): void {
    const annex = this.#head.annexes.find(slot);
    if (annex !== 0) this.#head.annexes.publish(annex + annexLate, 0);
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
    const annex = this.#head.annexes.find(slot);
    if (annex !== 0) this.#head.chunks.dropFiled(annex + annexLateSealed, Infinity);
  }

  /** Whether the series has late samples. */
  holds(slot: number): boolean {
    const annex = this.#head.annexes.find(slot);
    if (annex === 0) return false;
    const {u32} = this.#head.memory;
    return u32[(annex + annexLate) >>> 2] !== 0 || u32[(annex + annexLateSealed) >>> 2] !== 0;
  }

  #annex(slot: number): number {
    return this.#head.annexes.find(slot);
  }

  #ref(slot: number): number {
    return this.#head.memory.f64[(slot + slotRef) >>> 3]!;
  }

  #block(slot: number): number {
    const annex = this.#annex(slot);
    return annex === 0 ? 0 : this.#head.memory.u32[(annex + annexLate) >>> 2]!;
  }

  #count(slot: number): number {
    const block = this.#block(slot);
    return block === 0 ? 0 : this.#head.memory.u32[block >>> 2]!;
  }

  #has(slot: number, time: number): boolean {
    const block = this.#block(slot);
    if (block === 0) return false;
    const at = this.#place(block, time);
    return (
      at < this.#head.memory.u32[block >>> 2]! &&
      this.#head.memory.f64[(blockRows(block) >>> 3) + at] === time
    );
  }

  /** The first row that is not before `time`. */
  #place(block: number, time: number): number {
    const {u32, f64} = this.#head.memory;
    const first = blockRows(block) >>> 3;
    let at = u32[block >>> 2]!;
    while (at > 0 && f64[first + at - 1]! >= time) at--;
    return at;
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
    log.samples(refs, times, values, run.length);
    log.flush();
    for (const i of run) {
      const slot = slotAddress(u32, batch.slots[i]!);
      batch.statuses[i] = sampleStatus.accepted;
      if (this.#has(slot, batch.times[i]!)) continue;
      this.#insert(slot, batch.times[i]!, batch.valueWords[2 * i]!, batch.valueWords[2 * i + 1]!);
      this.counts.appended++;
    }
  }

  #insert(slot: number, time: number, low: number, high: number): void {
    const {annexes, memory} = this.#head;
    const {u32, f64} = memory;
    const annex = annexes.make(slot);
    const before = u32[(annex + annexLate) >>> 2]!;
    const count = before === 0 ? 0 : u32[before >>> 2]!;
    const at = before === 0 ? 0 : this.#place(before, time);
    const block = annexes.makeBlock(count + 1);
    const times = blockRows(block) >>> 3;
    const values = times + count + 1;
    if (before !== 0) {
      const from = blockRows(before) >>> 3;
      const rest = from + count;
      f64.copyWithin(times, from, from + at);
      f64.copyWithin(times + at + 1, from + at, rest);
      // Words, so that no NaN changes.
      u32.copyWithin(2 * values, 2 * rest, 2 * (rest + at));
      u32.copyWithin(2 * (values + at + 1), 2 * (rest + at), 2 * (rest + count));
    }
    f64[times + at] = time;
    u32[2 * (values + at)] = low;
    u32[2 * (values + at) + 1] = high;
    annexes.publish(annex + annexLate, block);
    this.#head.storedLate(time, time);
  }

  #trySeal(slot: number): boolean {
    const {memory, kernels, files, chunks, annexes} = this.#head;
    const annex = this.#annex(slot);
    const block = this.#block(slot);
    const count = memory.u32[block >>> 2]!;
    const times = blockRows(block);
    const bytes = kernels.xorEncode(times, times + 8 * count, count, this.#encoder, this.#chunk);
    const minTime = memory.f64[times >>> 3]!;
    const maxTime = memory.f64[(times >>> 3) + count - 1]!;
    const meta = {ref: this.#ref(slot), minTime, maxTime, encoding: encoding.xor, outOfOrder: true};
    const reference = files?.write(meta, memory.u8, this.#chunk, this.#chunk + bytes) ?? -1;
    if (reference < 0) return false;
    chunks.appendFiled(annex + annexLateSealed, minTime, maxTime, {
      reference,
      samples: count,
      encoding: encoding.xor,
    });
    annexes.publish(annex + annexLate, 0);
    this.counts.chunksCreated++;
    return true;
  }
}
