// Whatever records a log holds, and whatever the chunks of the head are, where their checksums are right: a database opens, answers and goes on.
import assert from 'node:assert/strict';
import test from 'node:test';
import {dumpHead} from '../../test/lib/head-dump.ts';
import {Random} from '../base/random.ts';
import {crc32c} from '../kernels/crc32c.ts';
import {loadKernels} from '../kernels/kernels.ts';
import {LinearMemory} from '../kernels/memory.ts';
import {FloatHistogram} from '../model/histogram.ts';
import {addSample, type SeriesRef} from '../storage/appender.ts';
import {systemClock} from '../sys/clock.ts';
import {SimulatedFileSystem} from '../sys/fs-simulated.ts';
import {noLogger} from '../sys/log.ts';
import {Db} from './db.ts';
import {
  fileHeaderBytes,
  headChunkPath,
  headChunksDirectory,
  listHeadChunkFiles,
} from './headchunks/format.ts';
import {scanHeadChunks} from './headchunks/scan.ts';
import {makeCheckpoint} from './wal/checkpoint.ts';
import {ReaderBuffers, SegmentReader} from './wal/segment-reader.ts';
import {listSegments} from './wal/segments.ts';
import {Wal} from './wal/wal.ts';

const dir = '/data';
const minute = 60_000;
const checkpointFolder = 'wal/checkpoint.00000000';
const memory = LinearMemory.reserve(2 ** 26);
const kernels = loadKernels(memory);

async function open(fs: SimulatedFileSystem): Promise<Db> {
  memory.u8.fill(0, 65_536, 65_536 + 2 ** 23);
  const clock = {...systemClock, after: () => () => {}};
  const options = {dir, memory, kernels, log: noLogger, clock, fs, lockfile: false, exemplarsMax: 10};
  const db = await Db.open(options);
  db.setOutOfOrderWindow(60 * minute);
  return db;
}

function append(db: Db, series: number, time: number): void {
  const appender = db.appender();
  const ref: SeriesRef = {slot: 0, generation: 0};
  appender.series(['__name__', 'm', 'series', String(series)], ref);
  if (series % 2 === 1) {
    const histogram = new FloatHistogram({
      count: time % 1e9,
      positiveSpans: [{offset: 0, length: 1}],
      positiveBuckets: Float64Array.of(time % 1e9),
    });
    appender.histogram(ref.slot, ref.generation, time, histogram, {integer: series === 1, startMs: 0});
  } else {
    const {batch} = appender;
    addSample(batch, ref, time, time / 3);
  }
  appender.metadata(ref.slot, ref.generation, 'gauge', 's', 'help');
  appender.exemplar(ref.slot, ref.generation, {labels: ['trace_id', 'x'], value: 1, timeMs: time});
  appender.commit();
}

/** A folder with a log, a log of late samples, and chunks of both in files. */
async function makeFolder(): Promise<SimulatedFileSystem> {
  const fs = new SimulatedFileSystem();
  const db = await open(fs);
  for (let i = 0; i < 260; i++)
    for (let series = 0; series < 4; series++) append(db, series, (100 + i) * minute);
  for (let i = 0; i < 40; i++)
    for (let series = 0; series < 4; series++) append(db, series, 350 * minute - 7 * i);
  db.deleteFromHead([], {mint: 200 * minute, maxt: 210 * minute});
  await db.close();
  return fs;
}

function copyOf(fs: SimulatedFileSystem): SimulatedFileSystem {
  const copy = new SimulatedFileSystem();
  for (const folder of ['wal', checkpointFolder, 'wbl', 'chunks_head']) {
    if (fs.status(`${dir}/${folder}`) === null) continue;
    for (const path of fs.list(`${dir}/${folder}`).map((name) => `${dir}/${folder}/${name}`)) {
      if (!fs.status(path)!.directory) copy.put(path, fs.contents(path));
    }
  }
  return copy;
}

function mutated(bytes: Uint8Array, random: Random): Uint8Array {
  const changed = bytes.slice(0, random.below(10) === 0 ? random.below(bytes.length + 1) : bytes.length);
  for (let i = 1 + random.below(4); i > 0 && changed.length > 1; i--) {
    changed[1 + random.below(changed.length - 1)] = random.pick([0, 1, 0x7f, 0x80, 0xff, random.below(256)]);
  }
  if (changed.length > 0 && random.below(20) === 0) changed[0] = random.below(16);
  return changed;
}

/** Writes a log anew with some of its records changed. */
async function mutateLog(fs: SimulatedFileSystem, name: string, random: Random): Promise<void> {
  const folder = `${dir}/${name}`;
  const records: Uint8Array[] = [];
  const buffers = new ReaderBuffers(null);
  for (const segment of listSegments(fs, folder)) {
    const reader = new SegmentReader(fs, segment, buffers);
    while (reader.next()) records.push(reader.record.slice());
    reader.close();
  }
  buffers.free();
  fs.remove(folder);
  const db = await open(new SimulatedFileSystem());
  const wal = new Wal({
    fs,
    dir: folder,
    segment: 0,
    log: noLogger,
    clock: {...systemClock, after: () => () => {}},
    linear: {memory, kernels, arena: db.arena},
  });
  for (const record of records) wal.copy(random.below(8) === 0 ? mutated(record, random) : record);
  wal.flush();
  await wal.close();
  await db.close();
}

/** Changes bytes of some chunks, and makes their checksums right. */
function mutateChunks(fs: SimulatedFileSystem, random: Random): void {
  const folder = headChunksDirectory(dir);
  for (const file of listHeadChunkFiles(fs, folder)) {
    const path = headChunkPath(folder, file);
    const bytes = fs.contents(path);
    const entries: {start: number; end: number}[] = [];
    scanHeadChunks(fs, folder, (chunk) => {
      if (chunk.file !== file) return;
      const sizeBytes = chunk.bytes < 128 ? 1 : 2;
      entries.push({start: chunk.offset, end: chunk.offset + 25 + sizeBytes + chunk.bytes});
    });
    for (const {start, end} of entries) {
      if (random.below(3) > 0) continue;
      // All but the length of the data.
      const place =
        random.below(4) === 0
          ? start + random.below(25)
          : end - 1 - random.below(Math.min(60, end - start - 27));
      bytes[place] = random.pick([0, 1, 0x7f, 0x80, 0xff, random.below(256)]);
      new DataView(bytes.buffer, bytes.byteOffset).setUint32(end, crc32c(bytes, start, end));
    }
    assert.ok(entries.length === 0 || entries[0]!.start === fileHeaderBytes);
    fs.put(path, bytes);
  }
}

/** A folder whose log begins with a checkpoint: later segments have only samples of its series. */
async function makeFolderWithCheckpoint(): Promise<SimulatedFileSystem> {
  const fs = new SimulatedFileSystem();
  for (const firstMinute of [100, 150]) {
    const db = await open(fs);
    for (let i = 0; i < 40; i++) {
      for (let series = 0; series < 24; series++) append(db, series, (firstMinute + i) * minute);
    }
    if (firstMinute === 100) db.deleteFromHead([], {mint: 110 * minute, maxt: 111 * minute});
    await db.close();
  }
  const db = await open(new SimulatedFileSystem());
  await makeCheckpoint({
    fs,
    dir: `${dir}/wal`,
    corruptDir: `${dir}/wal.corrupt`,
    log: noLogger,
    clock: {...systemClock, after: () => () => {}},
    linear: {memory, kernels, arena: db.arena},
    last: 0,
    mint: 120 * minute,
    keep: () => true,
  });
  await db.close();
  return fs;
}

/** Bytes changed, cut off, put in between, or moved. */
function spoiled(bytes: Uint8Array, random: Random): Uint8Array {
  const at = random.below(bytes.length);
  const length = random.below(100);
  switch (random.below(4)) {
    case 0:
      return bytes.slice(0, at);
    case 1:
      return Uint8Array.of(...bytes.subarray(0, at), ...bytes.subarray(at + length));
    case 2:
      return Uint8Array.of(...bytes.subarray(0, at + length), ...bytes.subarray(at));
    default: {
      const changed = bytes.slice();
      for (let i = random.below(4); i >= 0; i--) changed[random.below(bytes.length)] = random.below(256);
      return changed;
    }
  }
}

test('whatever the bytes of a checkpoint are, a database opens, has nothing that was never written, tells of damage and goes on', async () => {
  const whole = await makeFolderWithCheckpoint();
  const sound = await open(copyOf(whole));
  const expected = dumpHead(sound.head);
  const pairs = pairsOf(expected);
  assert.equal(sound.statistics().corruptions, 0);
  await sound.close();
  assert.equal(expected.size, 24);
  let told = 0;
  let kept = 0;
  for (let seed = 0; seed < 40; seed++) {
    const random = new Random(seed);
    const fs = copyOf(whole);
    const [file = ''] = fs.list(`${dir}/${checkpointFolder}`);
    const path = `${dir}/${checkpointFolder}/${file}`;
    const bytes = spoiled(fs.contents(path), random);
    fs.put(path, bytes);
    for (let start = 0; start < 2; start++) {
      const db = await open(fs);
      const found = pairsOf(dumpHead(db.head));
      for (const pair of found) assert.ok(pairs.has(pair), `seed ${seed}: ${pair} was never written`);
      const {corruptions} = db.statistics();
      // What is cut off at the end of a record is no damage that can be seen.
      if (start === 0 && bytes.length === whole.contents(path).length && found.size < pairs.size)
        assert.ok(corruptions > 0, `seed ${seed}: ${pairs.size - found.size} samples are missing`);
      told += corruptions;
      kept += found.size;
      await db.close();
    }
    const db = await open(fs);
    append(db, 0, 500 * minute);
    await db.close();
    const later = await open(fs);
    assert.ok([...pairsOf(dumpHead(later.head))].some((pair) => pair.includes(` ${500 * minute} `)));
    await later.close();
  }
  assert.ok(told > 20, `${told} damages`);
  assert.ok(kept > 0.5 * 80 * pairs.size, `${kept} of ${80 * pairs.size} samples`);
});

/** Each sample with its series and its value. Hints at resets depend on what is before. */
function pairsOf(dump: ReturnType<typeof dumpHead>): Set<string> {
  const pairs = new Set<string>();
  for (const [key, {times, texts}] of dump) {
    texts.forEach((text, i) =>
      pairs.add(`${key} ${times[i]} ${text.replace(/ ?counter_reset_hint:\w+/, '')}`),
    );
  }
  return pairs;
}

test('no records of a checkpoint whose checksums are right keep a database from opening and going on', async () => {
  const whole = await makeFolderWithCheckpoint();
  let seen = 0;
  for (let seed = 0; seed < 20; seed++) {
    const fs = copyOf(whole);
    await mutateLog(fs, checkpointFolder, new Random(seed));
    for (let start = 0; start < 2; start++) {
      const db = await open(fs);
      seen += dumpHead(db.head, [], () => {}).size;
      const time = Math.max(db.head.maxTime, 500 * minute) + minute;
      append(db, 0, time);
      append(db, 1, time);
      await db.close();
    }
  }
  assert.ok(seen > 20 * 2 * 10, `${seen} series`);
});

test('no records of a log, and no chunks of the head, whose checksums are right keep a database from opening and going on', async () => {
  const whole = await makeFolder();
  let seen = 0;
  let told = 0;
  let unread = 0;
  for (let seed = 0; seed < 40; seed++) {
    const random = new Random(seed);
    const fs = copyOf(whole);
    if (seed % 3 !== 1) await mutateLog(fs, 'wal', random);
    if (seed % 3 !== 2) await mutateLog(fs, 'wbl', random);
    if (seed % 2 === 0) mutateChunks(fs, random);
    for (let start = 0; start < 2; start++) {
      const db = await open(fs);
      seen += dumpHead(db.head, [], () => unread++).size;
      told += db.statistics().corruptions;
      append(db, 0, db.head.maxTime + minute);
      append(db, 1, db.head.maxTime + minute);
      assert.ok(memory.byteLength <= 2 ** 26, `seed ${seed}`);
      await db.close();
    }
  }
  assert.ok(
    seen > 40 && told > 20 && unread > 20,
    `${seen} series, ${told} damages, ${unread} chunks unread`,
  );
});
