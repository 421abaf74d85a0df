import {assert} from '../../base/assert.ts';
import {
  openBits,
  slotLastTime,
  slotLastValue,
  slotOpen,
  slotOpenCount,
  slotOpenPlace,
} from '../../kernels/head-layout.ts';
import type {Clock} from '../../sys/clock.ts';
import type {FileSystem} from '../../sys/fs.ts';
import type {Logger} from '../../sys/log.ts';
import {encoding} from '../chunkenc/encoding.ts';
import {deletedIntervals} from '../head/annex.ts';
import {chunkHeaderBytes, firstTime} from '../head/chunks.ts';
import type {Head} from '../head/head.ts';
import {slotAddress} from '../head/series.ts';
import {RecordBuffer} from '../wal/encode.ts';
import {Wal} from '../wal/wal.ts';
import {
  type LogPosition,
  removeSnapshots,
  snapshotPath,
  snapshotRecord,
  temporarySuffix,
  tombstonesVersion,
} from './format.ts';

export interface SnapshotOptions {
  fs: FileSystem;
  /** The data folder. */
  dir: string;
  log: Logger;
  clock: Clock;
  /** The end of the log. Nothing is appended while the snapshot is written. */
  position: LogPosition;
}

/** Larger than any open XOR chunk. */
const chunkBytesMax = 2048;
const exemplarsPerRecord = 10_000;

/**
 * Writes what the head has in memory, and drops older snapshots. Throws where that fails: the next start then reads the log. Chunks
 * other than XOR are sealed for it and written to the files of full chunks.
 */
export async function writeSnapshot(head: Head, options: SnapshotOptions): Promise<void> {
  const {fs, dir, log, clock, position} = options;
  const started = clock.elapsed();
  log.info('creating chunk snapshot');
  sealTagged(head);
  const path = snapshotPath(dir, position);
  removeSnapshots(fs, dir, path);
  const {memory, kernels, arena} = head;
  const target = new Wal({
    fs,
    dir: path + temporarySuffix,
    segment: 0,
    log,
    clock: {now: () => clock.now(), elapsed: () => clock.elapsed(), after: () => () => {}},
    linear: {memory, kernels, arena},
  });
  try {
    const series = writeSeries(head, target);
    writeTombstones(head, target);
    writeExemplars(head, target);
    target.flush();
    await target.close();
    fs.syncDirectory(path + temporarySuffix);
    fs.remove(path);
    fs.rename(path + temporarySuffix, path);
    fs.syncDirectory(dir);
    const duration = `${((clock.elapsed() - started) / 1000).toFixed(3)}s`;
    log.info('chunk snapshot complete', {duration, num_series: series, dir: path});
  } catch (error) {
    await target.close().catch(() => {});
    fs.remove(path + temporarySuffix);
    throw error;
  }
}

/** Full chunks go to files; those that are no XOR chunks become full. */
function sealTagged(head: Head): void {
  const {series, chunks, memory, files} = head;
  for (let slot = 0; slot < series.slotCount; slot++) {
    if (!series.occupied(slot)) continue;
    const address = slotAddress(memory.u32, slot);
    if (chunks.tagged.tag(address) !== 0) chunks.seal(address);
  }
  // What is in files is not in the snapshot, and will not be read from the log.
  if (files === null || !files.settle()) throw new Error('full chunks cannot be written');
}

function writeSeries(head: Head, target: Wal): number {
  const {series, memory, texts, arena} = head;
  const record = new RecordBuffer();
  const chunk = arena.alloc(chunkBytesMax);
  let count = 0;
  for (let slot = 0; slot < series.slotCount; slot++) {
    if (!series.occupied(slot)) continue;
    record.begin(snapshotRecord.series);
    record.series(series.ref(slot), series.labels(slot, texts));
    record.int64(0);
    putOpenChunk(head, slotAddress(memory.u32, slot), chunk, record);
    target.copy(record.bytes.subarray(0, record.length));
    count++;
  }
  arena.free(chunk, chunkBytesMax);
  return count;
}

function putOpenChunk({memory, kernels}: Head, address: number, chunk: number, record: RecordBuffer): void {
  const {u8, u16, u32, f64} = memory;
  const tail = u32[(address + slotOpen) >>> 2]!;
  if (tail === 0) return record.uvarint(0);
  const bits = openBits(u16[(address + slotOpenPlace) >>> 1]!);
  const bytes = chunkHeaderBytes + ((bits + 7) >>> 3);
  assert(bytes <= chunkBytesMax, 'an open chunk is small');
  kernels.gatherChunk(tail, u16[(address + slotOpenCount) >>> 1]!, bits, chunk);
  record.uvarint(1);
  record.int64(firstTime(u8, chunk + chunkHeaderBytes));
  record.int64(f64[(address + slotLastTime) >>> 3]!);
  record.byte(encoding.xor);
  record.uvarint(bytes);
  record.raw(u8, chunk, chunk + bytes);
  // Three samples that nobody reads, and the time of the last one.
  for (let i = 0; i < 7; i++) record.int64(0);
  record.words(u32[(address + slotLastValue + 4) >>> 2]!, u32[(address + slotLastValue) >>> 2]!);
}

function writeTombstones(head: Head, target: Wal): void {
  const {annexes, memory, series} = head;
  const list = new RecordBuffer();
  list.begin(tombstonesVersion);
  const refs = new Map<number, number>();
  for (let slot = 0; slot < series.slotCount && annexes.size > 0; slot++) {
    if (series.occupied(slot)) refs.set(slotAddress(memory.u32, slot), series.ref(slot));
  }
  annexes.forEach((annex, slot) => {
    const deleted = deletedIntervals(memory, annex) ?? [];
    for (let i = 0; i < deleted.length; i += 2) {
      list.uvarint(refs.get(slot)!);
      list.varint(deleted[i]!);
      list.varint(deleted[i + 1]!);
    }
  });
  const record = new RecordBuffer();
  record.begin(snapshotRecord.tombstones);
  record.uvarint(list.length);
  record.raw(list.bytes, 0, list.length);
  target.copy(record.bytes.subarray(0, record.length));
}

function writeExemplars({exemplars, series}: Head, target: Wal): void {
  const record = new RecordBuffer();
  let count = 0;
  const end = (): void => {
    if (count > 0) target.copy(record.bytes.subarray(0, record.length));
    count = 0;
  };
  exemplars.forEach((labels, {labels: own, value, timeMs}) => {
    if (!series.find(labels)) return;
    if (count === 0) record.begin(snapshotRecord.exemplars);
    record.exemplar(series.ref(series.slot), timeMs, value, own);
    if (++count === exemplarsPerRecord) end();
  });
  end();
}
