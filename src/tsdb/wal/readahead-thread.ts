// Reads segments ahead of the thread that replays them: pages are read and checked here, and records expanded, as long as the other
// thread has enough to do. What is not plainly sound is left to that one, which knows how to go on.
import {workerData} from 'node:worker_threads';
import {SizeClassArena} from '../../kernels/arena.ts';
import {loadKernels} from '../../kernels/kernels.ts';
import {LinearMemory} from '../../kernels/memory.ts';
import {nodeFileSystem} from '../../sys/fs.ts';
import type {LogMemory} from './page-buffer.ts';
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
}

function readAhead(data: ReadAheadData): void {
  const memory = new LinearMemory(data.memory);
  const arena = new SizeClassArena(memory, data.scratch, data.scratchEnd);
  const kernels = loadKernels(memory);
  const linear = {memory, kernels, arena};
  const buffers = new ReaderBuffers(linear);
  const ring = new RecordRing(memory, data.ring, (from, to, length) => kernels.copyBytes(from, to, length));
  for (const [index, {segment, start}] of data.segments.entries()) {
    const place = {index, start, linear: data.shortRecords ? linear : null};
    if (!readSegment(segment, place, buffers, ring)) return;
  }
  ring.put(entryKind.end, {segment: 0, start: 0, end: 0});
}

/** False = stop. */
function readSegment(
  segment: SegmentFile,
  {index, start, linear}: {index: number; start: number; linear: LogMemory | null},
  buffers: ReaderBuffers,
  ring: RecordRing,
): boolean {
  let done = start;
  try {
    const reader = new SegmentReader(nodeFileSystem, segment, buffers, start);
    try {
      for (;;) {
        if (linear !== null) readMany(reader, index, linear, ring);
        done = Math.max(done, reader.end);
        // Where the other thread would wait for this one, it expands records itself.
        reader.expands = linear !== null || ring.isAhead;
        if (!reader.next()) break;
        const {address, length, stored} = reader;
        if (address === 0 || length > ringRecordBytesMax) return left(reader.start);
        const place = {segment: index, start: reader.start, end: reader.end};
        if (!ring.put(stored ? entryKind.stored : entryKind.record, place, address, length)) return false;
        done = reader.end;
      }
      return ring.put(entryKind.segmentEnd, {segment: index, start: done, end: done});
    } finally {
      reader.close();
    }
  } catch {
    // Damage, or a file that cannot be read: the other thread meets the same, and deals with it.
    return left(done);
  }

  function left(from: number): boolean {
    return ring.put(entryKind.segmentLeft, {segment: index, start: from, end: from});
  }
}

/** Reads records until one comes that is not as usual, or there is no room. */
function readMany(
  reader: SegmentReader,
  index: number,
  {memory, kernels}: LogMemory,
  ring: RecordRing,
): void {
  let isStopped = false;
  while (!isStopped) {
    isStopped = true;
    ring.putMany((out, outEnd, scratch) => {
      let end = out;
      reader.useMany((at, atEnd, offset) => {
        end = kernels.readRecords(at, atEnd, offset, index, out, outEnd, scratch);
        return memory.u32[scratch >>> 2]!;
      });
      isStopped = end === out;
      return end;
    });
  }
}

readAhead(workerData as ReadAheadData);
