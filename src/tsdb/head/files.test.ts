// The head with its full chunks in files, as Db has it, on a disk that fails and loses power.
import assert from 'node:assert/strict';
import test from 'node:test';
import {dumpHead} from '../../../test/lib/head-dump.ts';
import {Random} from '../../base/random.ts';
import {loadKernels} from '../../kernels/kernels.ts';
import {LinearMemory} from '../../kernels/memory.ts';
import type {Labels} from '../../model/labels.ts';
import {Matcher} from '../../model/matcher.ts';
import {addSample, type SeriesRef} from '../../storage/appender.ts';
import {systemClock} from '../../sys/clock.ts';
import {SimulatedFileSystem} from '../../sys/fs-simulated.ts';
import {noLogger} from '../../sys/log.ts';
import {Db, type DbOptions} from '../db.ts';
import {headChunkPath, listHeadChunkFiles} from '../headchunks/format.ts';

const dir = '/data';
const chunksDir = `${dir}/chunks_head`;

function openDb(fs: SimulatedFileSystem, options: Partial<DbOptions> = {}): Promise<Db> {
  const memory = LinearMemory.reserve(2 ** 26);
  return Db.open({
    dir,
    memory,
    kernels: loadKernels(memory),
    log: noLogger,
    clock: {...systemClock, after: () => () => {}},
    fs,
    lockfile: false,
    ...options,
  });
}

const labelsOfSeries = (i: number): Labels => ['__name__', 'metric', 'series', String(i)];
const ref: SeriesRef = {slot: 0, generation: 0};

/** One sample of each series at `time`; values that no two samples share. */
function appendRound(db: Db, series: number, time: number): void {
  const appender = db.appender();
  const {batch} = appender;
  for (let i = 0; i < series; i++) {
    appender.series(labelsOfSeries(i), ref);
    addSample(batch, ref, time, time + i / 1000);
  }
  assert.equal(appender.commit().accepted, series);
}

/** The times that each series has, as one text. */
function timesOf(db: Db, onDamage?: (error: Error) => void): Map<string, number[]> {
  const found = new Map<string, number[]>();
  const all = [new Matcher('=', '__name__', 'metric')];
  for (const {labels, times, values} of dumpHead(db.head, all, onDamage).values()) {
    for (const [i, time] of times.entries()) assert.equal(values[i], time + Number(labels[3]) / 1000);
    found.set(labels[3]!, times);
  }
  return found;
}

function range(count: number, step = 15_000): number[] {
  return Array.from({length: count}, (_, i) => i * step);
}

function assertAll(db: Db, series: number, rounds: number, onDamage?: (error: Error) => void): void {
  const found = timesOf(db, onDamage);
  assert.equal(found.size, series);
  for (const [name, times] of found) assert.deepEqual(times, range(rounds), `series ${name}`);
}

test('Full chunks go to files and leave memory; a start finds them there', async () => {
  const fs = new SimulatedFileSystem();
  const db = await openDb(fs);
  for (const time of range(500)) appendRound(db, 20, time);
  const before = db.head.arena.bytesInUse;
  db.head.files!.move();
  db.head.reclaim();
  assert.ok(db.head.arena.bytesInUse < before - 20 * 3 * 200);
  assert.equal(db.head.files!.chunksWritten, 20 * 4);
  assertAll(db, 20, 500);
  await db.close();
  assert.equal(fs.openCount, 0);

  const again = await openDb(fs);
  assert.equal(again.chunksLoaded, 20 * 4);
  assertAll(again, 20, 500);
  for (const time of range(600).slice(500)) appendRound(again, 20, time);
  assertAll(again, 20, 600);
  await again.close();
});

test('What readers see while chunks move is always whole', async () => {
  const fs = new SimulatedFileSystem();
  const db = await openDb(fs);
  const random = new Random(1);
  for (const [round, time] of range(400).entries()) {
    appendRound(db, 7, time);
    if (random.below(20) === 0) db.head.files!.move();
    if (round % 50 === 49) assertAll(db, 7, round + 1);
  }
  await db.close();
});

test('Files without a series that needs them go, the oldest first, when readers have left', async () => {
  const fs = new SimulatedFileSystem();
  const db = await openDb(fs);
  for (const [round, time] of range(2000).entries()) {
    appendRound(db, 5, time);
    if (round % 100 !== 99) continue;
    db.head.files!.move();
    db.head.gc(time - 100 * 15_000);
    db.head.reclaim();
  }
  const files = listHeadChunkFiles(fs, chunksDir);
  assert.ok(files[0]! > 5 && files.length <= 4);
  for (const times of timesOf(db).values()) {
    assert.equal(times.at(-1), 1999 * 15_000);
    assert.equal(times.length, 1 + (times.at(-1)! - times[0]!) / 15_000);
  }
  db.head.gc(Infinity);
  db.head.reclaim();
  assert.deepEqual(listHeadChunkFiles(fs, chunksDir), []);
  await db.close();
});

test('A full disk keeps chunks in memory, and they move when there is room', async () => {
  const fs = new SimulatedFileSystem();
  const db = await openDb(fs);
  for (const time of range(200)) appendRound(db, 10, time);
  fs.fault = (operation, path) =>
    operation === 'write' && path.startsWith(chunksDir) ? {code: 'ENOSPC'} : null;
  db.head.files!.move();
  assert.equal(db.head.files!.writesFailed, 1);
  assert.equal(db.head.files!.chunksWritten, 0);
  assertAll(db, 10, 200);
  fs.fault = () => null;
  db.head.files!.move(); // Too early to try again.
  assert.equal(db.head.files!.chunksWritten, 0);
  await db.close(); // That tries at any rate.
  const again = await openDb(fs);
  assert.equal(again.chunksLoaded, 10);
  assertAll(again, 10, 200);
  await again.close();
});

test('After a kill or a loss of power nothing is lost that the log has, whatever became of the files', async () => {
  for (let seed = 0; seed < 25; seed++) {
    const random = new Random(seed);
    const fs = new SimulatedFileSystem();
    let rounds = 0;
    for (let start = 0; start < 3; start++) {
      const db = await openDb(fs);
      assertAll(db, rounds === 0 ? 0 : 4, rounds);
      const until = rounds + 100 + random.below(200);
      for (const time of range(until).slice(rounds)) {
        appendRound(db, 4, time);
        if (random.below(40) === 0) db.head.files!.move();
      }
      rounds = until;
      await db.sync();
      if (random.below(2) === 0) db.head.files!.move();
      if (random.below(2) === 0) fs.kill();
      else fs.losePower(random);
    }
    const last = await openDb(fs);
    assertAll(last, 4, rounds);
    await last.close();
  }
});

test('A flipped bit in a file is found at the start, and its samples are read from the log', async () => {
  const random = new Random(5);
  const fs = new SimulatedFileSystem();
  const db = await openDb(fs);
  for (const time of range(400)) appendRound(db, 10, time);
  await db.close();
  const path = headChunkPath(chunksDir, 1);
  const sound = fs.contents(path);
  const used = sound.findLastIndex((byte) => byte !== 0);
  for (let round = 0; round < 40; round++) {
    const bytes = sound.slice();
    bytes[random.below(used)]! ^= 1 << random.below(8);
    fs.put(path, bytes);
    const again = await openDb(fs);
    assertAll(again, 10, 400);
    await again.close();
    fs.remove(chunksDir);
    fs.put(path, sound);
  }
});

test('A bit flipped while the head is open costs the one chunk, which is told', async () => {
  const fs = new SimulatedFileSystem();
  const db = await openDb(fs);
  for (const time of range(400)) appendRound(db, 10, time);
  db.head.files!.move();
  const path = headChunkPath(chunksDir, 1);
  const file = fs.open(path, 'r+');
  fs.write(file, Uint8Array.of(0xff), 0, 1, 5000);
  fs.close(file);
  const errors: Error[] = [];
  const found = timesOf(db, (error) => errors.push(error));
  assert.equal(errors.length, 1);
  assert.match(
    errors[0]!.message,
    /^cannot read the chunk at byte \d+ of head chunk file 1: checksum mismatch/,
  );
  const short = [...found.values()].filter((times) => times.length < 400);
  assert.equal(short.length, 1);
  assert.ok(short[0]!.length > 250);
  fs.kill();
  const again = await openDb(fs);
  assertAll(again, 10, 400);
  await again.close();
});

test('Db.truncate() gives up memory, files and log before a time, at any point, and all behind it stays', async () => {
  const open = (fs: SimulatedFileSystem): Promise<Db> => openDb(fs, {walSegmentBytes: 32_768});
  for (let seed = 0; seed < 12; seed++) {
    const random = new Random(seed);
    const fs = new SimulatedFileSystem();
    let db = await open(fs);
    let round = 0;
    let mint = 0;
    for (let step = 0; step < 25; step++) {
      for (let i = 0; i < 60; i++, round++) appendRound(db, 20, round * 15_000);
      if (random.below(3) === 0) {
        const failing = random.below(2) === 0 ? fs.calls + random.below(60) : Infinity;
        mint = Math.max(mint, (round - 100 - random.below(100)) * 15_000);
        fs.fault = (_operation, _path, index) => (index === failing ? {code: 'EIO'} : null);
        await db.truncate(mint).catch((error: unknown) => assert.match(String(error), /EIO|cannot/));
        fs.fault = () => null;
      }
      if (random.below(4) !== 0) continue;
      await db.sync();
      if (random.below(2) === 0) fs.kill();
      else fs.losePower(random);
      db = await open(fs);
    }
    for (const times of timesOf(db).values()) {
      assert.deepEqual(
        times.filter((time) => time >= mint),
        range(round).filter((time) => time >= mint),
        `seed ${seed}`,
      );
    }
    assert.equal(timesOf(db).size, 20);
    assert.ok(db.statistics().storageBytes < 25 * 60 * 20 * 20);
    await db.close();
  }
});

test('Memory and files stay as they are where series come and go all day', async () => {
  const fs = new SimulatedFileSystem();
  const db = await openDb(fs, {walSegmentBytes: 65_536});
  const appender = db.appender();
  const minutes = 60_000;
  let first = 0;
  const used: number[] = [];
  for (let minute = 0; minute < 24 * 60; minute++) {
    // A tenth of the 100 series is replaced every ten minutes.
    if (minute % 10 === 0) first += 10;
    for (let i = first; i < first + 100; i++) {
      appender.series(labelsOfSeries(i), ref);
      addSample(appender.batch, ref, minute * minutes, i);
    }
    assert.equal(appender.commit().accepted, 100);
    if (minute % 120 !== 60 || minute < 180) continue;
    await db.truncate((minute - 60) * minutes);
    db.head.reclaim();
    used.push(db.head.arena.bytesInUse);
    assert.ok(db.head.series.seriesCount < 300);
    assert.ok(listHeadChunkFiles(fs, chunksDir).length < 6);
  }
  const {storageBytes} = db.statistics();
  assert.ok(storageBytes < 4_000_000, `${storageBytes} bytes of log`);
  assert.ok(Math.max(...used) < 1.1 * used[1]!, used.join());
  await db.close();
});
