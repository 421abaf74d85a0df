// Reads segments ahead of the thread that replays them: pages are read and checked here, and records expanded, as long as the other
// thread has enough to do. What is not plainly sound is left to that one, which knows how to go on.
import {workerData} from 'node:worker_threads';
import {SizeClassArena} from '../../kernels/arena.ts';
import {crcLanesBytes, crcWord} from '../../kernels/crc-layout.ts';
import {type Kernels, loadKernels} from '../../kernels/kernels.ts';
import {LinearMemory} from '../../kernels/memory.ts';
import {snappyFirstByte} from '../../kernels/snappy.ts';
import {nodeFileSystem} from '../../sys/fs.ts';
import {SamplesAhead} from './decodedsamples.ts';
import {recordType} from './format.ts';
import {LentSamplesTable} from './samplestable.ts';
import {entryKind, RecordRing, ringRecordBytesMax} from './recordring.ts';
import {ReaderBuffers, type SegmentFile, SegmentReader} from './segment-reader.ts';

export interface ReadAheadData {
  memory: WebAssembly.Memory;
  ring: number;
  /** Memory for this thread alone: `[scratch, scratchEnd)`. */
  scratch: number;
  scratchEnd: number;
  segments: {segment: SegmentFile; start: number}[];
  /** Whether records are short, so that they are read many at once. */
  shortRecords: boolean;
  /** Where what refs stand for is lent; 0 = it is not. */
  samplesTable: number;
}

/** What reading many records at once needs. */
interface ManyMemory {
  memory: LinearMemory;
  kernels: Kernels;
  /** See crc-layout.ts. */
  lanes: number;
}

function readAhead(data: ReadAheadData): void {
  const memory = new LinearMemory(data.memory);
  const arena = new SizeClassArena(memory, data.scratch, data.scratchEnd);
  const kernels = loadKernels(memory);
  const linear = {memory, kernels, arena};
  const buffers = new ReaderBuffers(linear);
  const ring = new RecordRing(memory, data.ring, (from, to, length) => kernels.copyBytes(from, to, length));
  const many = data.shortRecords ? {memory, kernels, lanes: arena.alloc(crcLanesBytes)} : null;
  const table = data.samplesTable === 0 ? null : new LentSamplesTable(memory, data.samplesTable);
  const records = new Records(ring, memory, table === null ? null : new SamplesAhead(linear, table));
  for (const [index, {segment, start}] of data.segments.entries()) {
    const place = {index, start, many};
    if (!readSegment(segment, place, buffers, records)) return;
  }
  ring.put(entryKind.end, {segment: 0, start: 0, end: 0});
}

/** Puts records into the ring, those of samples decoded where the other side has enough to do, and has lent what that takes. */
class Records {
  readonly ring: RecordRing;
  readonly #memory: LinearMemory;
  readonly #samples: SamplesAhead | null;
  /** Entries put that are no samples. */
  #others = 0;

  constructor(ring: RecordRing, memory: LinearMemory, samples: SamplesAhead | null) {
    this.ring = ring;
    this.#memory = memory;
    this.#samples = samples;
  }

  /** False = stop. */
  put({address, length, stored, start, end}: SegmentReader, segment: number): boolean {
    const {u8} = this.#memory;
    const place = {segment, start, end};
    const type = stored ? snappyFirstByte(u8, address, address + length) : length === 0 ? -1 : u8[address]!;
    if (type !== recordType.samples) this.#others++;
    else if (!stored && this.#samples !== null && this.ring.isAhead) {
      const samples = this.#samples;
      if (samples.decode(address, length, this.#others))
        return this.ring.put(entryKind.decoded, place, samples.address, samples.length);
    }
    return this.ring.put(stored ? entryKind.stored : entryKind.record, place, address, length);
  }

  /** The end of a segment, or of what is read of it. False = stop. */
  putEnd(kind: number, segment: number, at: number): boolean {
    this.#others++;
    return this.ring.put(kind, {segment, start: at, end: at});
  }
}

/** False = stop. */
function readSegment(
  segment: SegmentFile,
  {index, start, many}: {index: number; start: number; many: ManyMemory | null},
  buffers: ReaderBuffers,
  records: Records,
): boolean {
  const {ring} = records;
  let done = start;
  try {
    const reader = new SegmentReader(nodeFileSystem, segment, buffers, start);
    try {
      for (;;) {
        if (many !== null) readMany(reader, index, many, ring);
        done = Math.max(done, reader.end);
        // Where the other thread would wait for this one, it expands records itself.
        reader.expands = many !== null || ring.isAhead;
        if (!reader.next()) break;
        if (reader.address === 0 || reader.length > ringRecordBytesMax) return left(reader.start);
        if (!records.put(reader, index)) return false;
        done = reader.end;
      }
      return records.putEnd(entryKind.segmentEnd, index, done);
    } finally {
      reader.close();
    }
  } catch {
    // Damage, or a file that cannot be read: the other thread meets the same, and deals with it.
    return left(done);
  }

  function left(from: number): boolean {
    return records.putEnd(entryKind.segmentLeft, index, from);
  }
}

/** Reads records until one comes that is not as usual, or there is no room. */
function readMany(
  reader: SegmentReader,
  index: number,
  {memory, kernels, lanes}: ManyMemory,
  ring: RecordRing,
): void {
  let isStopped = false;
  while (!isStopped) {
    isStopped = true;
    ring.putMany((out, outEnd) => {
      let end = out;
      reader.useMany((at, atEnd, offset) => {
        end = kernels.readRecords(at, atEnd, offset, index, out, outEnd, lanes);
        return memory.u32[(lanes + crcWord) >>> 2]!;
      });
      isStopped = end === out;
      return end;
    });
  }
}

readAhead(workerData as ReadAheadData);
