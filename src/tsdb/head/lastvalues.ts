import {slotLastValue} from '../../kernels/head-layout.ts';
import {encoding} from '../chunkenc/encoding.ts';
import {chunkHeaderBytes, newestEntry} from './chunks.ts';
import {chunkWords, isFiled} from './filedchunks.ts';
import type {Head} from './head.ts';
import {headerDirectory} from './header.ts';
import {slotAddress} from './series.ts';

const stagingBytes = 8192;
const samplesMax = 480;

/**
 * After replay: series whose newest sample is in a file need its value, so that the same sample once more is no error and stale
 * series are known. There are few: those that were not written to since.
 */
export function restoreLastValues(head: Head): void {
  const {memory, series, arena, kernels} = head;
  const staging = arena.alloc(stagingBytes);
  const columns = arena.alloc(16 * samplesMax);
  const {slotCount} = series;
  const next = (from: number): number => kernels.nextClosed(headerDirectory, from, slotCount);
  for (let slot = next(0); slot < slotCount; slot = next(slot + 1))
    restore(head, slotAddress(memory.u32, slot), staging, columns);
  arena.free(staging, stagingBytes);
  arena.free(columns, 16 * samplesMax);
}

function restore({memory, files, kernels}: Head, address: number, staging: number, columns: number): void {
  const {low, high} = chunkWords(memory.u32, newestEntry(memory, address));
  if (!isFiled(low) || files === null) return;
  const chunk = files.tryRead(low, high);
  if (chunk === null || chunk.encoding !== encoding.xor || chunk.bytes.length > stagingBytes - 64) return;
  const samples = (chunk.bytes[0]! << 8) | chunk.bytes[1]!;
  if (samples > samplesMax) return;
  memory.u8.set(chunk.bytes, staging);
  const got = kernels.xorDecode(
    staging + chunkHeaderBytes,
    chunk.bytes.length - chunkHeaderBytes,
    samples,
    -Infinity,
    Infinity,
    columns,
    columns + 8 * samplesMax,
  );
  if (got <= 0) return;
  const value = (columns + 8 * samplesMax + 8 * (got - 1)) >>> 2;
  memory.u32.copyWithin((address + slotLastValue) >>> 2, value, value + 2);
}
