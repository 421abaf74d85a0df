// LogFile on a disk that fills up, fails and loses power. A batch is a few records that hold the batch's number.
import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../../base/random.ts';
import type {Clock} from '../../sys/clock.ts';
import type {Fault, FileOperation} from '../../sys/fs-simulated.ts';
import {SimulatedFileSystem} from '../../sys/fs-simulated.ts';
import {noLogger} from '../../sys/log.ts';
import {CorruptionError} from './corruption.ts';
import {pageBytes} from './format.ts';
import {LogFile} from './log-file.ts';
import {ReaderBuffers, SegmentReader} from './segment-reader.ts';
import {listSegments} from './segments.ts';

const dir = '/data/wal';
const segmentBytes = 2 * pageBytes;

/** Time that a test moves. */
class TestClock implements Clock {
  #ms = 0;
  #timers: {at: number; run: () => void}[] = [];

  now(): number {
    return 1_700_000_000_000 + this.#ms;
  }

  elapsed(): number {
    return this.#ms;
  }

  after(ms: number, run: () => void): () => void {
    const timer = {at: this.#ms + ms, run};
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer);
    };
  }

  get waiting(): number {
    return this.#timers.length;
  }

  async pass(ms: number): Promise<void> {
    this.#ms += ms;
    const due = this.#timers.filter(({at}) => at <= this.#ms);
    this.#timers = this.#timers.filter(({at}) => at > this.#ms);
    for (const {run} of due) run();
    for (let i = 0; i < 10; i++) await Promise.resolve();
  }
}

interface Disk {
  fs: SimulatedFileSystem;
  clock: TestClock;
  log: LogFile;
}

function openLog(fs = new SimulatedFileSystem(), segment = 0): Disk {
  const clock = new TestClock();
  return {fs, clock, log: new LogFile({fs, dir, segment, segmentBytes, log: noLogger, clock})};
}

/** A record of the batch: its number in four bytes and a filling. */
function record(batch: number, length: number): Uint8Array {
  const bytes = new Uint8Array(Math.max(4, length)).fill(0xf0);
  new DataView(bytes.buffer).setUint32(0, batch);
  return bytes;
}

function append(log: LogFile, batch: number, ...lengths: number[]): void {
  for (const length of lengths) {
    const bytes = record(batch, length);
    log.append(0, bytes, 0, bytes.length);
  }
}

interface Found {
  /** `batch:length`, in the order of the log. */
  records: string[];
  errors: CorruptionError[];
}

const buffers = new ReaderBuffers();

function readLog(fs: SimulatedFileSystem): Found {
  const found: Found = {records: [], errors: []};
  const segments = listSegments(fs, dir);
  for (const [i, segment] of segments.entries()) {
    assert.equal(segment.number, segments[0]!.number + i, 'segments have no gaps');
    const reader = new SegmentReader(fs, segment, buffers);
    for (;;) {
      try {
        if (!reader.next()) break;
        // A header that was lost but for its first byte: type 1, no data, checksum 0. Nobody wrote it, and it holds nothing.
        if (reader.record.length === 0) continue;
        const view = new DataView(reader.record.buffer, reader.record.byteOffset);
        found.records.push(`${view.getUint32(0)}:${reader.record.length}`);
      } catch (error) {
        assert.ok(error instanceof CorruptionError, String(error));
        found.errors.push(error);
      }
    }
    reader.close();
  }
  return found;
}

test('LogFile has what was committed in the file, in order, and nothing of an open batch', async () => {
  const {fs, log} = openLog();
  append(log, 1, 10, 20);
  log.commit();
  append(log, 2, 40_000);
  log.commit();
  append(log, 3, 10);
  assert.deepEqual(readLog(fs), {records: ['1:10', '1:20', '2:40000'], errors: []});
  await log.close();
  assert.deepEqual(readLog(fs), {records: ['1:10', '1:20', '2:40000'], errors: []});
  assert.equal(fs.openCount, 0);
});

test('LogFile never splits a record between segments, and fills the page of a segment that it leaves', async () => {
  const {fs, log} = openLog();
  for (let batch = 0; batch < 30; batch++) {
    append(log, batch, 9000);
    log.commit();
  }
  append(log, 30, 5 * pageBytes); // Longer than a segment: it has one of its own.
  log.commit();
  append(log, 31, 10);
  log.commit();
  const segments = listSegments(fs, dir);
  assert.equal(segments.length, 7);
  assert.deepEqual(
    segments.map(({path}) => fs.contents(path).length),
    [2, 2, 2, 2, 1, 6].map((pages) => pages * pageBytes).concat(17),
  );
  assert.equal(readLog(fs).records.length, 32);
  await log.close();
});

test('LogFile.commit() of nothing writes nothing', async () => {
  const {fs, clock, log} = openLog();
  const {calls} = fs;
  log.commit();
  assert.equal(fs.calls, calls);
  assert.equal(clock.waiting, 0);
  await log.close();
  assert.deepEqual(readLog(fs), {records: [], errors: []});
});

test('LogFile syncs within a second of a write, once for all writes until then', async () => {
  const {clock, log} = openLog();
  append(log, 1, 10);
  log.commit();
  await clock.pass(100);
  append(log, 2, 10);
  log.commit();
  assert.equal(log.statistics.syncs, 0);
  await clock.pass(900);
  assert.equal(log.statistics.syncs, 1);
  assert.equal(clock.waiting, 0);
  await clock.pass(5000);
  assert.equal(log.statistics.syncs, 1);
  append(log, 3, 10);
  log.commit();
  await clock.pass(1000);
  assert.equal(log.statistics.syncs, 2);
  await log.close();
});

test('LogFile refuses a segment that exists, and sizes that are no pages', () => {
  const {fs} = openLog();
  assert.throws(() => openLog(fs), {code: 'EEXIST'});
  assert.throws(
    () => new LogFile({fs, dir, segment: 1, segmentBytes: 1000, log: noLogger, clock: new TestClock()}),
    RangeError,
  );
});

/** Lengths of the records of a batch: short ones, some that fill pages, and now and then one that fills segments. */
function batchLengths(batch: number): number[] {
  const random = new Random(batch);
  const lengths = Array.from({length: 1 + random.below(3)}, () => 4 + random.below(3000));
  if (batch % 7 === 3) lengths.push(30_000, 30_000, 20_000);
  return lengths;
}

interface Scenario {
  acknowledged: string[];
  refused: number;
}

/** Writes batches, with time passing; counts as acknowledged what commit() took. */
async function writeBatches(disk: Disk, count: number, from = 0): Promise<Scenario> {
  const scenario: Scenario = {acknowledged: [], refused: 0};
  for (let batch = from; batch < from + count; batch++) {
    const lengths = batchLengths(batch);
    append(disk.log, batch, ...lengths.slice(0, 1));
    if (batch % 3 === 0) await disk.clock.pass(300);
    append(disk.log, batch, ...lengths.slice(1));
    try {
      disk.log.commit();
      scenario.acknowledged.push(...lengths.map((length) => `${batch}:${length}`));
    } catch (error) {
      assert.match(String(error), /cannot write to the write-ahead log in \/data\/wal: /);
      scenario.refused++;
    }
    await disk.clock.pass(400);
  }
  return scenario;
}

const batches = 12;

/** Calls of a scenario without faults. */
async function countCalls(): Promise<number> {
  const disk = openLog();
  const opened = disk.fs.calls;
  const {refused} = await writeBatches(disk, batches);
  assert.equal(refused, 0);
  assert.ok(disk.log.segment >= 2);
  return disk.fs.calls - opened;
}

for (const [name, fault] of Object.entries<Fault>({
  ENOSPC: {code: 'ENOSPC'},
  EIO: {code: 'EIO'},
  'a short write': {short: 100},
})) {
  test(`LogFile survives ${name} at any call: what was acknowledged is there, in order, and nothing else`, async () => {
    const calls = await countCalls();
    for (let at = 0; at < calls; at++) {
      for (const times of [1, 4]) {
        const disk = openLog();
        const {fs} = disk;
        const first = fs.calls + at;
        const last = first + times;
        fs.fault = (_operation, _path, index) => (index >= first && index < last ? fault : null);
        const {acknowledged, refused} = await writeBatches(disk, batches);
        assert.ok(refused <= times + 2, `${refused} refused, fault at call ${at}`);
        if ('short' in fault) assert.equal(refused, 0);
        for (let i = 0; i < 3; i++) await disk.clock.pass(2000);
        fs.kill();
        fs.fault = () => null;
        const {records, errors} = readLog(fs);
        assert.deepEqual(errors, [], `fault at call ${at}, ${times} times`);
        assert.deepEqual(records, acknowledged, `fault at call ${at}, ${times} times`);
      }
    }
  });
}

test('LogFile goes on when a full disk has room again', async () => {
  const disk = openLog();
  const before = await writeBatches(disk, 5);
  disk.fs.fault = (operation) =>
    operation === 'write' || operation === 'open' || operation === 'sync' ? {code: 'ENOSPC'} : null;
  const full = await writeBatches(disk, 10, 5);
  assert.deepEqual(full.acknowledged, []);
  assert.equal(disk.log.statistics.writesFailed, 10);
  disk.fs.fault = () => null;
  await disk.clock.pass(2000);
  const after = await writeBatches(disk, 5, 15);
  assert.equal(after.refused, 0);
  await disk.log.close();
  assert.deepEqual(readLog(disk.fs), {records: [...before.acknowledged, ...after.acknowledged], errors: []});
  assert.equal(disk.fs.openCount, 0);
});

test('LogFile writes to a new segment what a failed sync has left in doubt', async () => {
  const disk = openLog();
  const {fs, log, clock} = disk;
  append(log, 1, 5000);
  log.commit();
  await clock.pass(1000);
  append(log, 2, 5000);
  log.commit();
  append(log, 3, 100);
  let failures = 0;
  fs.fault = (operation, path) =>
    operation === 'sync' && path.endsWith('/00000000') && failures++ === 0 ? {code: 'EIO'} : null;
  await clock.pass(1000);
  assert.equal(failures >= 1, true);
  assert.equal(log.statistics.syncsFailed, 1);
  assert.equal(log.segment, 1);
  // The batch that was open goes on, too.
  append(log, 3, 200);
  log.commit();
  await clock.pass(1000);
  fs.fault = () => null;
  for (let seed = 0; seed < 20; seed++) {
    // Nothing hangs on what the failed sync has left: it is all on the disk.
    assert.deepEqual(readLog(fs), {records: ['1:5000', '2:5000', '3:100', '3:200'], errors: []});
    fs.losePower(new Random(seed));
  }
});

test('LogFile keeps refusing while neither the old nor a new segment can be written, and then goes on', async () => {
  const disk = openLog();
  const {fs, log, clock} = disk;
  append(log, 1, 50);
  log.commit();
  fs.fault = (operation) => (operation === 'sync' ? {code: 'EIO'} : null);
  await clock.pass(1000);
  append(log, 2, 50);
  assert.throws(() => log.commit(), /EIO/);
  await clock.pass(1000);
  append(log, 3, 50);
  assert.throws(() => log.commit(), /EIO/);
  assert.deepEqual(readLog(fs), {records: ['1:50'], errors: []});
  fs.fault = () => null;
  await clock.pass(2000);
  append(log, 4, 50);
  log.commit();
  await clock.pass(1000);
  fs.losePower(new Random(1));
  assert.deepEqual(readLog(fs), {records: ['1:50', '4:50'], errors: []});
});

test('LogFile keeps through a loss of power what it has synced, whatever failed before, for any seed', async () => {
  for (let seed = 0; seed < 80; seed++) {
    const random = new Random(seed);
    const disk = openLog();
    const {fs, log, clock} = disk;
    const rate = random.pick([0, 0.02, 0.2]);
    const codes = ['ENOSPC', 'EIO'] as const;
    fs.fault = (operation: FileOperation) => {
      if (operation === 'read' || operation === 'list' || random.float() >= rate) return null;
      return operation === 'write' && random.below(2) === 0
        ? {short: random.below(9000)}
        : {code: random.pick(codes)};
    };
    const durable: string[] = [];
    const written = new Set<string>();
    let acknowledged: string[] = [];
    for (let batch = 0; batch < 25; batch++) {
      const lengths = batchLengths(random.below(1000));
      append(log, batch, ...lengths);
      for (const length of lengths) written.add(`${batch}:${length}`);
      try {
        log.commit();
        acknowledged.push(...lengths.map((length) => `${batch}:${length}`));
      } catch {
        // Refused.
      }
      await clock.pass(random.below(1500));
      if (random.below(4) === 0) {
        await log.sync();
        if (log.inDoubtBytes === 0) {
          durable.push(...acknowledged);
          acknowledged = [];
        }
      }
    }
    fs.losePower(random);
    fs.fault = () => null;
    const {records} = readLog(fs);
    const found = new Set(records);
    for (const each of durable) assert.ok(found.has(each), `seed ${seed}: ${each} was synced and is gone`);
    for (const each of found) assert.ok(written.has(each), `seed ${seed}: ${each} was never written`);
  }
});

test('LogFile.close() keeps all batches when the last sync fails', async () => {
  const {fs, log} = openLog();
  append(log, 1, 100);
  log.commit();
  append(log, 2, 100);
  let failures = 0;
  fs.fault = (operation) => (operation === 'sync' && failures++ === 0 ? {code: 'EIO'} : null);
  await log.close();
  assert.equal(failures > 1, true);
  fs.losePower(new Random(3));
  assert.deepEqual(readLog(fs), {records: ['1:100'], errors: []});
  assert.equal(fs.openCount, 0);
});

test('LogFile keeps nothing in doubt in memory beyond its limit: it waits for the disk', async () => {
  const {log} = openLog();
  const bytes = new Uint8Array(1024 * 1024);
  for (let i = 0; i < 40; i++) log.append(0, bytes, 0, bytes.length);
  log.commit();
  assert.ok(log.statistics.syncs >= 1);
  assert.ok(log.inDoubtBytes <= 32 * 1024 * 1024);
  await log.close();
});

test('LogFile refuses batches from the sync on that finds the segment removed, and does not go on in a new one', async () => {
  for (const removed of [dir, `${dir}/00000000`]) {
    const {fs, clock, log} = openLog();
    append(log, 1, 100);
    log.commit();
    await clock.pass(1000);
    fs.remove(removed);
    append(log, 2, 100);
    log.commit();
    await clock.pass(1000);
    for (let batch = 3; batch < 6; batch++) {
      append(log, batch, 100);
      assert.throws(() => log.commit(), /00000000 was removed while it was in use.*started again/);
      await clock.pass(2000);
    }
    assert.equal(log.statistics.writesFailed, 3);
    assert.equal(clock.waiting, 0);
    // Others make the folder again: that does not bring the series back.
    fs.makeDirectory(dir);
    append(log, 6, 100);
    assert.throws(() => log.commit(), /was removed/);
    assert.deepEqual(fs.list(dir), []);
    await assert.rejects(log.close(), /was removed/);
    assert.equal(fs.openCount, 0);
  }
});

test('LogFile finds a removed segment when it is full, and when it is closed', async () => {
  const full = openLog();
  append(full.log, 1, 100);
  full.log.commit();
  full.fs.remove(`${dir}/00000000`);
  append(full.log, 2, 40_000, 40_000);
  assert.throws(() => full.log.commit(), /was removed/);
  assert.deepEqual(full.fs.list(dir), []);

  const closed = openLog();
  append(closed.log, 1, 100);
  closed.log.commit();
  closed.fs.remove(dir);
  await assert.rejects(closed.log.close(), /was removed/);
});

test('LogFile says once that the segment was removed', async () => {
  const errors: string[] = [];
  const fs = new SimulatedFileSystem();
  const clock = new TestClock();
  const logger = {...noLogger, error: (message: string) => errors.push(message)};
  const log = new LogFile({fs, dir, segment: 0, segmentBytes, log: logger, clock});
  append(log, 1, 10);
  log.commit();
  fs.remove(dir);
  await clock.pass(1000);
  for (let batch = 2; batch < 10; batch++) {
    append(log, batch, 10);
    assert.throws(() => log.commit());
    await clock.pass(1000);
  }
  assert.equal(errors.length, 1);
  assert.match(errors[0]!, /removed.*started again/);
});
