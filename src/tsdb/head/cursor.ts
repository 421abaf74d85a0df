import {
  indexEntries,
  indexEntryBytes,
  indexEntryChunk,
  indexEntryMaxTime,
  indexPrevious,
  indexRange,
} from '../../kernels/index-layout.ts';
import {
  fragmentData,
  fragmentDataBytes,
  openBits,
  slotGeneration,
  slotOpen,
  slotSealed,
} from '../../kernels/head-layout.ts';
import {assert} from '../../base/assert.ts';
import type {LinearMemory} from '../../kernels/memory.ts';
import {packedCount, packedTime} from '../../kernels/packed-layout.ts';
import type {FloatHistogram} from '../../model/histogram.ts';
import type {ColumnFacts, LabelIds, ReadGuard, SeriesCursor} from '../../storage/querier.ts';
import {chunkSamples} from '../block/decode.ts';
import {decodeChunk} from '../chunkenc/decode.ts';
import {type Encoding, encoding} from '../chunkenc/encoding.ts';
import {chunkReference} from '../headchunks/format.ts';
import {HeadChunkError, type HeadChunkReader} from '../headchunks/reader.ts';
import {SampleFacts} from '../samplefacts.ts';
import type {Scratch} from '../scratch.ts';
import {deletedIntervals, findAnnex} from './annex.ts';
import {chunkHeaderBytes, firstTime} from './chunks.ts';
import {filedEncoding, filedFile, filedOffset, filedSamples, isFiled} from './filedchunks.ts';
import {forgetReset, LateRows, removeDeleted, sortRows} from './laterows.ts';
import type {SelectedSeries} from './selection.ts';
import {slotAddress} from './series.ts';
import {openData, openMinTime, openUsed, sealedData, tagMask} from './taggedchunks.ts';

const columnSamplesMin = 1024;
/** Open chunks of fewer samples are not kept; one that has got so many more is kept anew. */
const openCountMin = 16;
/** So many generations of a slot are told apart: with a slot, they fit into a double. */
const generationsApart = 2 ** 21;
/** What xorDecodeAll() notes, and behind it the last time of the chunk before the open one. */
const noteSealedTime = 48;
export const noteBytes = 56;

/** What a cursor reads with: HeadReader. */
interface CursorReader {
  readonly shared: LinearMemory;
  readonly scratch: Scratch;
  readonly staging: number;
  readonly openStaging: number;
  readonly resumeState: number;
  readonly files: HeadChunkReader | null;
  readonly owner: number;
  readonly openOwner: number;
  readonly onDamage: (error: HeadChunkError) => void;
}

/** Whose cursor it is: HeadQuerier. */
interface CursorQuerier {
  readonly reader: CursorReader;
  readonly guard: ReadGuard;
  labelIds(block: number): LabelIds;
}

/** An open chunk of which `count` samples are published. */
interface OpenChunk {
  tail: number;
  bytes: number;
  count: number;
  /** Time of its first sample. */
  first: number;
  /** Last time of the chunk before it; -Infinity where that is not known. */
  sealedTime: number;
}

/** Reads one series of the head after the other. */
export class HeadCursor implements SeriesCursor {
  times: Float64Array;
  values: Float64Array;
  valueWords: Uint32Array;
  histograms: (FloatHistogram | undefined)[] | null = null;
  startTimes: Float64Array | null = null;
  facts: ColumnFacts | null = null;
  readonly #querier: CursorQuerier;
  readonly #selected: SelectedSeries;
  readonly #facts: SampleFacts;
  #at = -1;
  #slot = 0;
  /** Where the columns lie in the private memory: times, then values. */
  #columns: number;
  #capacity = columnSamplesMin;
  /** Of the index entries of the chunks to read, newest first: the two words that say where the chunk is. */
  #lows = new Uint32Array(16);
  #highs = new Uint32Array(16);
  /** Made when a series has something late. */
  #late: LateRows | null = null;
  #lateRows = 0;
  /** Of the series that is read; one object for all of them. */
  readonly #open: OpenChunk = {tail: 0, bytes: 0, count: 0, first: NaN, sealedTime: NaN};
  /** Where the bytes of a tagged chunk are copied to. */
  #tagged: Uint8Array | null = null;

  constructor(querier: CursorQuerier, selected: SelectedSeries) {
    this.#querier = querier;
    this.#selected = selected;
    this.#facts = new SampleFacts(querier.reader.scratch);
    this.#columns = querier.reader.scratch.arena.alloc(this.#capacity * 16);
    const {buffer} = querier.reader.scratch.memory.wasm;
    const valuesAt = this.#columns + this.#capacity * 8;
    this.times = new Float64Array(buffer, this.#columns, this.#capacity);
    this.values = new Float64Array(buffer, valuesAt, this.#capacity);
    this.valueWords = new Uint32Array(buffer, valuesAt, this.#capacity * 2);
  }

  get seriesCount(): number {
    return this.#selected.length;
  }

  get selection(): object {
    return this.#selected;
  }

  next(): boolean {
    this.#at++;
    if (this.#at >= this.#selected.length) return false;
    this.#slot = slotAddress(this.#querier.reader.shared.u32, this.#selected.slots[this.#at]!);
    return true;
  }

  labels(): LabelIds {
    return this.#querier.labelIds(this.#selected.blocks[this.#at]!);
  }

  read(mint: number, maxt: number): number {
    const {shared} = this.#querier.reader;
    const annex = findAnnex(shared, this.#slot);
    // Fast path: nothing is late and nothing deleted.
    if (annex === 0) {
      const length = this.#readInOrder(mint, maxt, 0);
      this.facts = this.histograms === null ? this.#facts.of(length) : null;
      return length;
    }
    this.facts = null;
    const late = (this.#late ??= new LateRows());
    late.take(shared, annex, mint, maxt, (low, high) => this.#samplesOf(low, high));
    const inOrder = this.#readInOrder(mint, maxt, late.samples);
    const length = late.samples === 0 ? inOrder : this.#mergeLate(late, inOrder, mint, maxt);
    const deleted = deletedIntervals(shared, annex);
    return deleted === undefined ? length : removeDeleted(this, length, deleted);
  }

  /** Adds the late samples behind the `inOrder` rows that are there, and puts all in order. */
  #mergeLate(late: LateRows, inOrder: number, mint: number, maxt: number): number {
    let length = late.readFloats(this, inOrder, mint, maxt);
    length = late.readHistograms(this, length, mint, maxt);
    for (let i = 0; i < late.chunks; i++) {
      const start = length;
      length = this.#readSealed(late.lows[i]!, late.highs[i]!, mint, maxt, start);
      forgetReset(this, start);
    }
    return sortRows(this, inOrder, length);
  }

  /** Behind what is read there is room for `late` more rows. */
  #readInOrder(mint: number, maxt: number, late: number): number {
    const {u32} = this.#querier.reader.shared;
    this.#lateRows = late;
    // The open chunk first: what is sealed in the meantime is then found twice, and left out once.
    let tail = 0;
    let published = 0;
    const openWord = (this.#slot + slotOpen) >>> 2;
    let sealedTime = 0;
    do {
      sealedTime = this.#sealedTime();
      do {
        tail = Atomics.load(u32, openWord);
        published = Atomics.load(u32, openWord + 1);
      } while (Atomics.load(u32, openWord) !== tail);
      // The open chunk follows that one, which is in the index before the next is open.
    } while (this.#sealedTime() !== sealedTime);
    this.histograms = null;
    this.startTimes = null;
    this.#facts.clear();
    if ((tail & tagMask) !== 0) return this.#readWithTagged(tail, published & 0xffff, mint, maxt);
    const count = tail === 0 ? 0 : published & 0xffff;
    if (count === 0) return this.#readAllSealed(mint, maxt, Infinity, 0);
    const first =
      this.#notedFirst(count, sealedTime) ??
      firstTime(this.#querier.reader.shared.u8, firstFragment(u32, tail) + fragmentData);
    const length = this.#readAllSealed(mint, maxt, first, count);
    if (first > maxt) return length;
    const open = this.#open;
    open.tail = tail;
    open.bytes = (openBits(published >>> 16) + 7) >>> 3;
    open.count = count;
    open.first = first;
    open.sealedTime = sealedTime;
    return this.#readOpen(open, mint, maxt, length);
  }

  /**
   * The last time of the newest sealed chunk; -Infinity where there is none. Of the chunks that a series opens one after the other, each
   * is opened after another such time, as long as there is one.
   */
  #sealedTime(): number {
    const {u32, f64} = this.#querier.reader.shared;
    const block = Atomics.load(u32, (this.#slot + slotSealed) >>> 2);
    if (block === 0) return -Infinity;
    const range = Atomics.load(u32, (block + indexRange) >>> 2);
    const end = range >>> 16;
    if (end === (range & 0xffff)) return -Infinity;
    return f64[(block + indexEntries + (end - 1) * indexEntryBytes + indexEntryMaxTime) >>> 3]!;
  }

  /** The first time of the open chunk, of which `count` samples are published, where that is known from before. */
  #notedFirst(count: number, sealedTime: number): number | undefined {
    const {scratch} = this.#querier.reader;
    const note = this.#findNote(count);
    if (note === 0 || sealedTime === -Infinity) return undefined;
    const {f64, u16} = scratch.memory;
    // Fast path: the oldest fragment, at the end of a chain of them, need not be looked for.
    const same = f64[(note + noteSealedTime) >>> 3] === sealedTime;
    return same && u16[(note + noteBytes + packedCount) >>> 1]! <= count
      ? f64[(note + noteBytes + packedTime) >>> 3]!
      : undefined;
  }

  /** What the thread knows of an open chunk of the slot, by its reference: a note, and the packed chunk behind it. 0 = nothing. */
  #findNote(count: number): number {
    const {scratch, openOwner} = this.#querier.reader;
    if (scratch.chunks === undefined || count < openCountMin) return 0;
    return scratch.chunks.find(openOwner, this.#openReference());
  }

  /** Slot and generation: a slot that is given to another series gets another generation. */
  #openReference(): number {
    const {u32} = this.#querier.reader.shared;
    return (u32[(this.#slot + slotGeneration) >>> 2]! % generationsApart) * 2 ** 32 + this.#slot;
  }

  /** Reads the open chunk: what the thread knows of it from before, and what it has got since. */
  #readOpen(
    {tail, bytes, count, first, sealedTime}: OpenChunk,
    mint: number,
    maxt: number,
    length: number,
  ): number {
    const {scratch, openStaging, openOwner} = this.#querier.reader;
    const {memory, kernels, chunks} = scratch;
    const columns = this.#columns + length * 8;
    const values = columns + this.#capacity * 8;
    const ref = this.#openReference();
    const note = this.#findNote(count);
    let known = 0;
    if (note !== 0) {
      const packed = note + noteBytes;
      // Chunks of one series begin at different times.
      const same = memory.f64[(packed + packedTime) >>> 3] === first;
      known = same ? memory.u16[(packed + packedCount) >>> 1]! : 0;
      if (known > count) known = 0;
    }
    if (known > 0 && count - known < openCountMin) {
      const got = kernels.unpackSamples(note + noteBytes, mint, maxt, columns, values);
      this.#facts.addPacked(this, length, got, note + noteBytes);
      if (known === count) return length + got;
      this.#stageOpen(tail, bytes);
      const after = 8 * got;
      const more = kernels.xorResume(
        openStaging,
        bytes,
        count,
        note,
        mint,
        maxt,
        columns + after,
        values + after,
      );
      assert(more >= 0, 'a chunk in memory is whole');
      this.#facts.addScanned(this, length + got, more);
      return length + got + more;
    }
    this.#stageOpen(tail, bytes);
    if (note !== 0) chunks!.drop(openOwner, ref);
    const keep = note !== 0 || (count >= openCountMin && chunks?.wants(openOwner, ref) === true);
    if (!keep) return this.#decode(openStaging, bytes, count, mint, maxt, length);
    const {resumeState} = this.#querier.reader;
    const got = kernels.xorDecodeAll(openStaging, bytes, count, resumeState, columns, values);
    assert(got === count, 'a chunk in memory is whole');
    // Between its sealing and the opening of the next a chunk stands in both places; it does not follow itself.
    memory.f64[(resumeState + noteSealedTime) >>> 3] = sealedTime < first ? sealedTime : -Infinity;
    const kept = {times: columns, values, count, note: resumeState, noteBytes};
    const at = chunks!.keep(openOwner, ref, kept);
    if (at === 0) return this.#decode(openStaging, bytes, count, mint, maxt, length);
    const unpacked = kernels.unpackSamples(at + noteBytes, mint, maxt, columns, values);
    this.#facts.addPacked(this, length, unpacked, at + noteBytes);
    return length + unpacked;
  }

  /** Reads the sealed chunks that begin before `openFirst`; behind them there is room for `openCount` samples. */
  #readAllSealed(mint: number, maxt: number, openFirst: number, openCount: number): number {
    const sealed = this.#findSealed(mint, maxt, openFirst);
    let needed = openCount + this.#lateRows;
    for (let i = 0; i < sealed; i++) needed += this.#samplesOf(this.#lows[i]!, this.#highs[i]!);
    if (needed > this.#capacity) this.#grow(needed);
    let length = 0;
    for (let i = sealed - 1; i >= 0; i--) {
      length = this.#readSealed(this.#lows[i]!, this.#highs[i]!, mint, maxt, length);
    }
    return length;
  }

  /** Reads where the open chunk, of which `count` samples are published, is a tagged one. */
  #readWithTagged(chunk: number, count: number, mint: number, maxt: number): number {
    const {u32, f64} = this.#querier.reader.shared;
    const block = (chunk & ~tagMask) >>> 0;
    const length = this.#readAllSealed(mint, maxt, f64[(block + openMinTime) >>> 3]!, count);
    // What has been added since the count was published does not disturb: it is behind what is decoded.
    const bytes = this.#copyTagged(block + openData, Atomics.load(u32, (block + openUsed) >>> 2));
    return decodeChunk(
      {bytes, encoding: (chunk & tagMask) as Encoding, samples: count},
      {mint, maxt},
      this,
      length,
    );
  }

  #copyTagged(from: number, length: number): Uint8Array {
    if (this.#tagged === null || this.#tagged.length < length) this.#tagged = new Uint8Array(2 * length);
    this.#tagged.set(this.#querier.reader.shared.u8.subarray(from, from + length));
    return this.#tagged.subarray(0, length);
  }

  /** Tells by the bounds of sealed chunks, as long as one of them lies in the range and nothing is late or deleted. */
  some(mint: number, maxt: number): boolean {
    const {shared} = this.#querier.reader;
    const {u32, f64} = shared;
    let block = findAnnex(shared, this.#slot) === 0 ? Atomics.load(u32, (this.#slot + slotSealed) >>> 2) : 0;
    for (; block !== 0; block = Atomics.load(u32, (block + indexPrevious) >>> 2)) {
      const range = Atomics.load(u32, (block + indexRange) >>> 2);
      for (let i = (range >>> 16) - 1; i >= (range & 0xffff); i--) {
        const entry = block + indexEntries + i * indexEntryBytes;
        const minTime = f64[entry >>> 3]!;
        const maxTime = f64[(entry + indexEntryMaxTime) >>> 3]!;
        if ((minTime >= mint && minTime <= maxt) || (maxTime >= mint && maxTime <= maxt)) return true;
        if (maxTime < mint) return this.read(mint, maxt) > 0;
      }
    }
    return this.read(mint, maxt) > 0;
  }

  /** Gives the columns back. */
  free(): void {
    this.#querier.reader.scratch.arena.free(this.#columns, this.#capacity * 16);
  }

  /** Copies the open chunk's bit stream, which ends in the fragment `tail`, to the staging area. */
  #stageOpen(tail: number, bytes: number): void {
    const from = this.#querier.reader.shared.u32;
    const to = this.#querier.reader.scratch.memory.u32;
    const words = fragmentDataBytes / 4;
    let at = (this.#querier.reader.openStaging >>> 2) + (Math.ceil(bytes / fragmentDataBytes) - 1) * words;
    for (let fragment = tail; fragment !== 0; fragment = from[fragment >>> 2]!) {
      const data = (fragment + fragmentData) >>> 2;
      for (let i = 0; i < words; i++) to[at + i] = from[data + i]!;
      at -= words;
    }
  }

  /** Notes the sealed chunks that overlap [mint, maxt] and begin before `openFirst`, newest first. Returns how many. */
  #findSealed(mint: number, maxt: number, openFirst: number): number {
    const {u32, f64} = this.#querier.reader.shared;
    let count = 0;
    for (
      let block = Atomics.load(u32, (this.#slot + slotSealed) >>> 2);
      block !== 0;
      block = Atomics.load(u32, (block + indexPrevious) >>> 2)
    ) {
      const range = Atomics.load(u32, (block + indexRange) >>> 2);
      const first = range & 0xffff;
      const end = range >>> 16;
      // A whole block after maxt is passed over at once.
      if (first === end || f64[(block + indexEntries + first * indexEntryBytes) >>> 3]! > maxt) continue;
      for (let i = end - 1; i >= first; i--) {
        const entry = block + indexEntries + i * indexEntryBytes;
        if (f64[(entry + indexEntryMaxTime) >>> 3]! < mint) return count;
        const minTime = f64[entry >>> 3]!;
        if (minTime > maxt || minTime >= openFirst) continue;
        if (count === this.#lows.length) {
          this.#lows = doubled(this.#lows);
          this.#highs = doubled(this.#highs);
        }
        this.#note(entry, count++);
      }
    }
    return count;
  }

  /** Both words from before a chunk is moved to a file, or both from after that. */
  #note(entry: number, at: number): void {
    const {u32} = this.#querier.reader.shared;
    const word = (entry + indexEntryChunk) >>> 2;
    do {
      this.#lows[at] = Atomics.load(u32, word);
      this.#highs[at] = Atomics.load(u32, word + 1);
    } while (Atomics.load(u32, word) !== this.#lows[at]);
  }

  #samplesOf(low: number, high: number): number {
    if (!isFiled(low)) return high >>> 16;
    const samples = filedSamples(low);
    if (samples >= 0) return samples;
    const file = this.#fetch(low, high);
    return file === null ? 0 : chunkSamples(file.encoding, file.bytes.subarray(file.start, file.end));
  }

  /** Where the reader of files has the chunk; null where it cannot be read. */
  #fetch(low: number, high: number): HeadChunkReader | null {
    const {files, onDamage} = this.#querier.reader;
    assert(files !== null, 'a head with chunks in files is read with these');
    try {
      files.read(filedFile(low), filedOffset(high));
      return files;
    } catch (error) {
      if (!(error instanceof HeadChunkError)) throw error;
      onDamage(error);
      return null;
    }
  }

  #readFiled(low: number, high: number, mint: number, maxt: number, length: number): number {
    const {scratch, owner} = this.#querier.reader;
    const {chunks} = scratch;
    const ref = chunkReference(filedFile(low), filedOffset(high));
    const packed = chunks === undefined ? 0 : chunks.find(owner, ref);
    if (packed !== 0 && length + scratch.memory.u16[(packed + packedCount) >>> 1]! <= this.#capacity) {
      return length + this.#unpack(packed, mint, maxt, length); // Fast path: it was read before.
    }
    const file = this.#fetch(low, high);
    if (file === null) return length;
    try {
      if (file.encoding !== filedEncoding(high)) throw new RangeError(`its encoding is ${file.encoding}`);
      if (file.encoding !== encoding.xor) return this.#readOther(file, mint, maxt, length);
      assert(file.isIn(scratch.memory), 'chunks are read to where kernels find them');
      const {bytes, start, end} = file;
      const samples = (bytes[start]! << 8) | bytes[start + 1]!;
      if (length + samples > this.#capacity) throw new RangeError(`it has ${samples} samples`);
      const from = start + chunkHeaderBytes;
      const keep = chunks?.wants(owner, ref) === true;
      const got = keep
        ? this.#keep(ref, {from, bytes: end - from, samples}, mint, maxt, length)
        : this.#tryDecode(from, end - from, samples, mint, maxt, length);
      if (got < 0) throw new RangeError('its bits end too early');
      if (!keep) this.#facts.addScanned(this, length, got);
      return length + got;
    } catch (error) {
      // The checksum holds, so it was written like this.
      if (!(error instanceof RangeError)) throw error;
      const {onDamage} = this.#querier.reader;
      onDamage(new HeadChunkError(filedFile(low), filedOffset(high), error.message, error));
      return length;
    }
  }

  /** Decodes a whole chunk, which is kept, and gives what is wanted of it. */
  #keep(
    ref: number,
    {from, bytes, samples}: {from: number; bytes: number; samples: number},
    mint: number,
    maxt: number,
    length: number,
  ): number {
    const count = this.#tryDecode(from, bytes, samples, -Infinity, Infinity, length);
    if (count < 0) return count;
    const times = this.#columns + length * 8;
    const columns = {times, values: times + this.#capacity * 8, count};
    const {scratch, owner} = this.#querier.reader;
    const packed = scratch.chunks!.keep(owner, ref, columns);
    if (packed === 0) {
      const got = this.#tryDecode(from, bytes, samples, mint, maxt, length);
      if (got > 0) this.#facts.addScanned(this, length, got);
      return got;
    }
    return this.#unpack(packed, mint, maxt, length);
  }

  #unpack(packed: number, mint: number, maxt: number, length: number): number {
    const times = this.#columns + length * 8;
    const {kernels} = this.#querier.reader.scratch;
    const got = kernels.unpackSamples(packed, mint, maxt, times, times + this.#capacity * 8);
    this.#facts.addPacked(this, length, got, packed);
    return got;
  }

  #readOther(file: HeadChunkReader, mint: number, maxt: number, length: number): number {
    const bytes = file.bytes.subarray(file.start, file.end);
    const samples = chunkSamples(file.encoding, bytes);
    if (length + samples > this.#capacity) throw new RangeError(`it has ${samples} samples`);
    return decodeChunk({bytes, encoding: file.encoding as Encoding, samples}, {mint, maxt}, this, length);
  }

  #readSealed(low: number, high: number, mint: number, maxt: number, length: number): number {
    const {u32} = this.#querier.reader.shared;
    const {staging, scratch} = this.#querier.reader;
    if (isFiled(low)) return this.#readFiled(low, high, mint, maxt, length);
    const samples = high >>> 16;
    const chunk = low;
    if ((chunk & tagMask) !== 0) {
      const block = (chunk & ~tagMask) >>> 0;
      const copied = this.#copyTagged(block + sealedData, u32[block >>> 2]!);
      const tagged = {bytes: copied, encoding: (chunk & tagMask) as Encoding, samples};
      return decodeChunk(tagged, {mint, maxt}, this, length);
    }
    const bytes = high & 0xffff;
    const from = chunk >>> 2;
    const to = staging >>> 2;
    const words = (bytes + 3) >>> 2;
    for (let i = 0; i < words; i++) scratch.memory.u32[to + i] = u32[from + i]!;
    return this.#decode(staging + chunkHeaderBytes, bytes - chunkHeaderBytes, samples, mint, maxt, length);
  }

  #decode(
    source: number,
    bytes: number,
    samples: number,
    mint: number,
    maxt: number,
    length: number,
  ): number {
    const got = this.#tryDecode(source, bytes, samples, mint, maxt, length);
    assert(got >= 0, 'a chunk in memory is whole');
    this.#facts.addScanned(this, length, got);
    return length + got;
  }

  /** Returns how many samples it gave, or a negative number where the chunk is damaged. */
  #tryDecode(
    source: number,
    bytes: number,
    samples: number,
    mint: number,
    maxt: number,
    length: number,
  ): number {
    const times = this.#columns + length * 8;
    const values = times + this.#capacity * 8;
    const {kernels} = this.#querier.reader.scratch;
    return kernels.xorDecode(source, bytes, samples, mint, maxt, times, values);
  }

  #grow(needed: number): void {
    const {arena, memory} = this.#querier.reader.scratch;
    const {guard} = this.#querier;
    const capacity = Math.max(needed, this.#capacity * 2);
    // Either of them may throw: the old columns stay until there are new ones.
    guard.takeBytes(capacity * 16);
    const columns = arena.alloc(capacity * 16);
    arena.free(this.#columns, this.#capacity * 16);
    guard.releaseBytes(this.#capacity * 16);
    this.#columns = columns;
    this.#capacity = capacity;
    const valuesAt = this.#columns + this.#capacity * 8;
    this.times = new Float64Array(memory.wasm.buffer, this.#columns, this.#capacity);
    this.values = new Float64Array(memory.wasm.buffer, valuesAt, this.#capacity);
    this.valueWords = new Uint32Array(memory.wasm.buffer, valuesAt, this.#capacity * 2);
  }
}

/** The oldest fragment of the open chunk whose newest one is `tail`. */
function firstFragment(u32: Uint32Array, tail: number): number {
  let fragment = tail;
  for (let before = u32[fragment >>> 2]!; before !== 0; before = u32[fragment >>> 2]!) fragment = before;
  return fragment;
}

function doubled(column: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(column.length * 2);
  larger.set(column);
  return larger;
}
