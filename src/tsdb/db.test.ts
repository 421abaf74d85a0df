import assert from 'node:assert/strict';
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'node:test';
import {Random} from '../base/random.ts';
import {loadKernels} from '../kernels/kernels.ts';
import {LinearMemory} from '../kernels/memory.ts';
import type {Labels} from '../model/labels.ts';
import {addSample, type SeriesRef} from '../storage/appender.ts';
import {systemClock} from '../sys/clock.ts';
import type {Clock} from '../sys/clock.ts';
import {nodeFileSystem} from '../sys/fs.ts';
import {SimulatedFileSystem} from '../sys/fs-simulated.ts';
import {noLogger} from '../sys/log.ts';
import {randomFloats, randomHistograms} from './chunkenc/testing/randomsamples.ts';
import {systemProcesses} from './lock.ts';
import type {Processes} from './lock.ts';
import type {DbOptions} from './db.ts';
import {Db} from './db.ts';
import {dumpHead} from '../../test/lib/head-dump.ts';

const dir = '/data';
const stillClock: Clock = {...systemClock, after: () => () => {}};

/** Every start is another process, and the one before is gone. */
let pid = 1;
function nextProcess(): Processes {
  const own = ++pid;
  return {pid: own, place: 'here', started: (each) => (each === own ? 'now' : null), flockHolder: () => null};
}

function openDb(fs: SimulatedFileSystem, options: Partial<DbOptions> = {}): Promise<Db> {
  const memory = LinearMemory.reserve(2 ** 25);
  const kernels = loadKernels(memory);
  return Db.open({
    dir,
    memory,
    kernels,
    log: noLogger,
    clock: stillClock,
    fs,
    processes: nextProcess(),
    ...options,
  });
}

const metric = (i: number): Labels => ['__name__', 'metric', 'i', String(i)];

/** Appends one sample to each of the series [from, to). */
function append(db: Db, from: number, to: number, time: number): number {
  const appender = db.appender();
  const ref: SeriesRef = {slot: 0, generation: 0};
  for (let i = from; i < to; i++) {
    appender.series(metric(i), ref);
    addSample(appender.batch, ref, time, time + i);
  }
  return appender.commit().accepted;
}

/** All that the head holds, a line for each sample. */
function dump(db: Db): string[] {
  const lines: string[] = [];
  for (const [labels, {times, bits}] of dumpHead(db.head))
    times.forEach((time, i) => lines.push(`${labels} ${time} ${bits[i]}`));
  return lines;
}

test('Db keeps what was committed, over an orderly stop and over a kill', async () => {
  const fs = new SimulatedFileSystem();
  const first = await openDb(fs);
  assert.equal(append(first, 0, 50, 1000), 50);
  assert.equal(append(first, 0, 50, 2000), 50);
  const expected = dump(first);
  assert.equal(expected.length, 100);
  await first.close();
  assert.equal(fs.status(`${dir}/lock`), null);

  const second = await openDb(fs);
  assert.deepEqual(dump(second), expected);
  assert.equal(second.statistics().cleanStart, 1);
  assert.equal(second.statistics().segmentCurrent, 1);
  assert.equal(append(second, 25, 75, 3000), 50);
  const more = dump(second);
  fs.kill();

  const third = await openDb(fs);
  assert.deepEqual(dump(third), more);
  assert.equal(third.statistics().cleanStart, 0);
  assert.equal(third.head.lastRef, 75);
  await third.close();
});

test('Db logs again the series of a batch that the disk refused', async () => {
  const fs = new SimulatedFileSystem();
  const db = await openDb(fs);
  append(db, 0, 10, 1000);
  const before = dump(db);
  fs.fault = (operation) => (operation === 'write' ? {code: 'ENOSPC'} : null);
  assert.throws(() => append(db, 0, 20, 2000), /cannot write to the write-ahead log in \/data\/wal: ENOSPC/);
  assert.throws(() => append(db, 10, 30, 2000), /ENOSPC/);
  assert.deepEqual(dump(db), before);
  assert.equal(db.statistics().writesFailed, 2);
  fs.fault = () => null;
  assert.equal(append(db, 0, 30, 3000), 30);
  const expected = dump(db);
  assert.equal(expected.length, 40);
  fs.kill();
  const again = await openDb(fs);
  assert.deepEqual(dump(again), expected);
  assert.equal(again.statistics().replayUnknownRefs, 0);
  await again.close();
});

test('Db keeps what was synced through a loss of power', async () => {
  for (let seed = 0; seed < 3; seed++) {
    const fs = new SimulatedFileSystem();
    const db = await openDb(fs, {walSegmentBytes: 32_768});
    append(db, 0, 100, 1000);
    append(db, 0, 3000, 2000);
    await db.sync();
    const durable = dump(db);
    append(db, 0, 3000, 3000);
    fs.losePower(new Random(seed));
    const again = await openDb(fs);
    const found = new Set(dump(again));
    for (const line of durable) assert.ok(found.has(line), `seed ${seed}: ${line}`);
    // It goes on from there, in a directory that is in order.
    append(again, 0, 3000, 4000);
    await again.close();
    const third = await openDb(fs);
    assert.equal(third.statistics().corruptions, 0);
    await third.close();
  }
});

test('Db takes a damaged log, and says what the damage was', async () => {
  const fs = new SimulatedFileSystem();
  const db = await openDb(fs, {walCompression: 'none'});
  append(db, 0, 10, 1000);
  append(db, 0, 10, 2000);
  append(db, 0, 10, 3000);
  await db.close();
  const path = `${dir}/wal/00000000`;
  const bytes = fs.contents(path);
  // The second record of samples: two records of the first commit are before it.
  const second = bytes.findLastIndex((byte) => byte !== 0) - 200;
  bytes[second]! ^= 1;
  fs.put(path, bytes);
  const again = await openDb(fs);
  assert.equal(again.statistics().corruptions, 1);
  assert.equal(dump(again).length, 20);
  assert.equal(fs.list(`${dir}/wal.corrupt`).length, 1);
  await again.close();
});

test('Db.open() refuses a directory that is in use, and gives it back where it fails', async () => {
  const fs = new SimulatedFileSystem();
  const processes = nextProcess();
  const db = await openDb(fs, {processes});
  const other = {...nextProcess(), started: () => 'now'};
  await assert.rejects(openDb(fs, {processes: other}), /cannot lock the data directory \/data: process/);
  await db.close();
  fs.fault = (operation, path) => (operation === 'open' && path.includes('/wal/') ? {code: 'EACCES'} : null);
  await assert.rejects(openDb(fs), {code: 'EACCES'});
  assert.equal(fs.status(`${dir}/lock`), null);
  fs.fault = () => null;
  await (await openDb(fs, {lockfile: false})).close();
});

test('Db counts what /metrics wants', async () => {
  const fs = new SimulatedFileSystem();
  const db = await openDb(fs);
  append(db, 0, 1000, 1000);
  await db.sync();
  const statistics = db.statistics();
  assert.equal(statistics.segmentCurrent, 0);
  assert.ok(statistics.storageBytes > 1000 && statistics.storageBytes === statistics.bytesWritten);
  assert.equal(statistics.fsyncs, 1);
  assert.equal(statistics.fsyncSecondsQuantiles.length, 3);
  assert.ok(statistics.recordsWritten >= 2 && statistics.recordPartsWritten >= 2);
  assert.ok(statistics.recordBytesSaved > 0);
  assert.deepEqual([statistics.writesFailed, statistics.corruptions, statistics.fsyncsFailed], [0, 0, 0]);
  await db.close();
});

test('Db works on real files: the lock names this process, and the log is on the disk when close() ends', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-db-'));
  try {
    const options = {
      dir: `${folder}/data`,
      clock: systemClock,
      fs: nodeFileSystem,
      processes: systemProcesses,
    };
    const db = await openDb(new SimulatedFileSystem(), options);
    assert.equal(append(db, 0, 100, 1000), 100);
    const holder = JSON.parse(readFileSync(`${folder}/data/lock`, 'utf8')) as {pid: number};
    assert.equal(holder.pid, process.pid);
    await assert.rejects(openDb(new SimulatedFileSystem(), options), /cannot lock the data directory/);
    const expected = dump(db);
    await db.close();
    const again = await openDb(new SimulatedFileSystem(), options);
    assert.deepEqual(dump(again), expected);
    assert.equal(again.statistics().cleanStart, 1);
    await again.close();
  } finally {
    rmSync(folder, {recursive: true, force: true});
  }
});

test('Db keeps exemplars in a ring, over a start, behind the samples of their batch', async () => {
  const fs = new SimulatedFileSystem();
  const options = {exemplarsMax: 4};
  const db = await openDb(fs, options);
  const appender = db.appender();
  const ref: SeriesRef = {slot: 0, generation: 0};
  append(db, 0, 3, 1000);
  for (let time = 1; time <= 6; time++) {
    appender.series(metric(time % 3), ref);
    const status = appender.exemplar(ref.slot, ref.generation, {
      labels: ['trace_id', `t${time}`],
      value: time,
      timeMs: time,
    });
    assert.equal(status, 'accepted');
    append(db, 0, 3, 1000 + time);
  }
  const lines = (opened: Db): string[] => {
    const found: string[] = [];
    opened.head.exemplars.forEach((labels, {labels: own, value, timeMs}) =>
      found.push(`${labels[3]} ${own.join('=')} ${value} ${timeMs}`),
    );
    return found;
  };
  const expected = ['0 trace_id=t3 3 3', '1 trace_id=t4 4 4', '2 trace_id=t5 5 5', '0 trace_id=t6 6 6'];
  assert.deepEqual(lines(db), expected);
  // What the log refuses is not kept.
  fs.fault = (operation) => (operation === 'write' ? {code: 'ENOSPC'} : null);
  appender.exemplar(ref.slot, ref.generation, {labels: [], value: 9, timeMs: 9});
  assert.throws(() => append(db, 0, 3, 2000));
  fs.fault = () => null;
  append(db, 0, 3, 2001);
  assert.deepEqual(lines(db), expected);
  fs.kill();
  const again = await openDb(fs, options);
  assert.deepEqual(lines(again), expected);
  await again.close();
});

test('Db keeps histograms and start timestamps over a start, from the log and from chunks in files', async () => {
  const options = {floatEncoding: 'xor2', histogramStartTimes: true, walStartTimes: true} as const;
  const fs = new SimulatedFileSystem();
  const db = await openDb(fs, options);
  const appender = db.appender();
  const ref: SeriesRef = {slot: 0, generation: 0};
  const floats = randomFloats(11);
  const histograms = [1, 2, 3].flatMap((seed) => randomHistograms(20 + seed, true));
  for (let i = 0; i < histograms.length; i++) {
    const time = 1_000_000 + 1000 * i;
    const {histogram, start} = histograms[i]!;
    appender.series(['__name__', 'h'], ref);
    appender.histogram(ref.slot, ref.generation, time, histogram, {integer: true, startMs: start});
    appender.series(['__name__', 'f'], ref);
    const at = addSample(appender.batch, ref, time, floats[i % floats.length]!.value ?? 7);
    appender.batch.startTimes ??= new Float64Array(appender.batch.capacity);
    appender.batch.startTimes[at] = time - (i >>> 5) * 10;
    assert.equal(appender.commit().accepted, 2);
  }
  const lines = (opened: Db): string[][] =>
    [...dumpHead(opened.head).values()].map(({times, texts, starts}) =>
      times.map(
        (time, i) => `${time} ${starts[i]} ${texts[i]!.replace(' counter_reset_hint:not_reset', '')}`,
      ),
    );
  const expected = lines(db);
  assert.ok(expected.every((each) => each.some((line) => !line.includes(' 0 '))));
  fs.kill();
  const killed = await openDb(fs, options);
  assert.deepEqual(lines(killed), expected);
  await killed.close();
  const again = await openDb(fs, options);
  assert.deepEqual(lines(again), expected);
  await again.close();
});
