// Samples that come late: taken within the window, merged by readers, kept over kills and losses of power, moved to blocks.
import assert from 'node:assert/strict';
import test from 'node:test';
import {dumpHead} from '../../test/lib/head-dump.ts';
import {Random} from '../base/random.ts';
import type {Labels} from '../model/labels.ts';
import {Matcher} from '../model/matcher.ts';
import {addSample, sampleStatus, type SeriesRef} from '../storage/appender.ts';
import {SimulatedFileSystem} from '../sys/fs-simulated.ts';
import type {Db} from './db.ts';
import {minute, openLateDb} from './testing/latedb.ts';

const labelsOf = (series: number): Labels => ['__name__', 'metric', 'series', String(series)];
type Sample = [series: number, time: number, value: number];

/** Appends samples in one batch and returns their statuses. */
function append(db: Db, samples: readonly Sample[]): number[] {
  const appender = db.appender();
  const {batch} = appender;
  const ref: SeriesRef = {slot: 0, generation: 0};
  for (const [series, time, value] of samples) {
    appender.series(labelsOf(series), ref);
    addSample(batch, ref, time, value);
  }
  const {accepted} = appender.commit();
  const statuses = [...batch.statuses.subarray(0, samples.length)];
  assert.equal(accepted, statuses.filter((status) => status === sampleStatus.accepted).length);
  return statuses;
}

/** `series time value`, by series and time. */
function contentsOf(db: Db): string[] {
  const lines: string[] = [];
  for (const {labels, times, values} of dumpHead(db.head).values()) {
    for (const [i, time] of times.entries()) lines.push(`${labels[3]} ${time} ${values[i]}`);
  }
  return lines.sort();
}

const {accepted, outOfOrder, outOfBounds, duplicate, tooOld} = sampleStatus;

test('Late samples are taken within the window, and refused as too old before it', async () => {
  const fs = new SimulatedFileSystem();
  const db = await openLateDb(fs);
  assert.deepEqual(append(db, [[1, 200 * minute, 1]]), [accepted]);
  const late: Sample[] = [
    [1, 190 * minute, 2],
    [1, 140 * minute, 3],
    [1, 140 * minute - 1, 4],
    [2, 150 * minute, 5],
    [2, 100 * minute, 6],
    [1, 190 * minute, 7],
    [1, 200 * minute, 8],
  ];
  // Known times are taken and change nothing, but for the newest one in order.
  assert.deepEqual(append(db, late), [accepted, accepted, tooOld, accepted, tooOld, accepted, duplicate]);
  const expected = ['1 11400000 2', '1 12000000 1', '1 8400000 3', '2 9000000 5'];
  assert.deepEqual(contentsOf(db), expected);
  assert.equal(db.head.stats().outOfOrder, 0);
  assert.equal(db.head.late.counts.tooOld, 2);

  db.setOutOfOrderWindow(0);
  assert.deepEqual(append(db, [[1, 195 * minute, 9]]), [outOfOrder]);
  assert.deepEqual(append(db, [[1, 1, 9]]), [outOfBounds]);
  assert.deepEqual(contentsOf(db), expected);
  await db.close();
});

test('check() says of late samples what commit() does', async () => {
  const db = await openLateDb(new SimulatedFileSystem());
  append(db, [[1, 200 * minute, 1]]);
  const appender = db.head.appender();
  const ref: SeriesRef = {slot: 0, generation: 0};
  appender.series(labelsOf(1), ref);
  for (const time of [190 * minute, 100 * minute, 201 * minute]) {
    const at = appender.batch.length++;
    appender.batch.slots[at] = ref.slot;
    appender.batch.generations[at] = ref.generation;
    appender.batch.times[at] = time;
  }
  assert.equal(appender.check().accepted, 2);
  assert.deepEqual([...appender.batch.statuses.subarray(0, 3)], [accepted, tooOld, accepted]);
  assert.equal(appender.commit().accepted, 2);
  assert.deepEqual([...appender.batch.statuses.subarray(0, 3)], [accepted, tooOld, accepted]);
  await db.close();
});

interface Model {
  /** Value by `series time`. */
  values: Map<string, number>;
  newest: Map<number, number>;
  max: number;
}

/** Appends a random batch, late samples among it, and checks each status. */
function appendRandom(db: Db, random: Random, model: Model): void {
  const samples: Sample[] = [];
  const base = model.max + random.below(minute);
  for (let i = 0; i < 20; i++) {
    const time = random.below(3) === 0 ? base - random.below(80 * minute) : base + i;
    samples.push([random.below(5), Math.max(0, time), random.float()]);
  }
  const oldest = model.max - 60 * minute;
  const statuses = append(db, samples);
  // Samples in order are stored before late ones.
  for (const [i, [series, time, value]] of samples.entries()) {
    const key = `${series} ${time}`;
    if (statuses[i] === accepted && !model.values.has(key)) model.values.set(key, value);
    if (statuses[i] === accepted && time > model.max) model.max = time;
    if (statuses[i] === tooOld) assert.ok(time < oldest);
    else assert.ok(statuses[i] === accepted || statuses[i] === duplicate);
  }
}

function linesOf(model: Model): string[] {
  return Array.from(model.values, ([key, value]) => `${key} ${value}`).sort();
}

test('Late samples are read where they belong, and kept over kills and losses of power, for any seed', async () => {
  for (let seed = 0; seed < 15; seed++) {
    const random = new Random(seed);
    const fs = new SimulatedFileSystem();
    const model: Model = {values: new Map(), newest: new Map(), max: 100 * minute};
    let db = await openLateDb(fs);
    append(db, [[0, model.max, 0.5]]);
    model.values.set(`0 ${model.max}`, 0.5);
    for (let step = 0; step < 6; step++) {
      for (let i = 0; i < 40; i++) appendRandom(db, random, model);
      assert.deepEqual(contentsOf(db), linesOf(model), `seed ${seed}`);
      if (random.below(2) === 0) db.head.files!.move();
      const end = random.below(3);
      if (end === 0) await db.close();
      else if (end === 1) fs.kill();
      else {
        await db.sync();
        fs.losePower(random);
      }
      db = await openLateDb(fs);
      assert.deepEqual(contentsOf(db), linesOf(model), `seed ${seed} after a start`);
    }
    // What was written as chunks is not in memory again.
    assert.ok(db.head.annexes.size <= 5);
    await db.close();
  }
});

test('Late samples stay in memory where chunks cannot be written, and a log that cannot be written refuses them', async () => {
  const fs = new SimulatedFileSystem();
  const db = await openLateDb(fs);
  append(db, [[1, 100 * minute, 1]]);
  fs.fault = (operation, path) =>
    operation === 'write' && path.includes('chunks_head') ? {code: 'ENOSPC'} : null;
  for (let i = 0; i < 100; i++) assert.deepEqual(append(db, [[1, 90 * minute + i, i]]), [accepted]);
  assert.equal(contentsOf(db).length, 101);
  fs.fault = (operation, path) => (operation === 'write' && path.includes('wbl') ? {code: 'ENOSPC'} : null);
  assert.throws(() => append(db, [[1, 80 * minute, 1]]), /ENOSPC/);
  db.appender().batch.length = 0;
  assert.equal(contentsOf(db).length, 101);
  fs.fault = () => null;
  assert.deepEqual(append(db, [[1, 80 * minute, 1]]), [accepted]);
  fs.kill();
  const again = await openLateDb(fs);
  assert.equal(contentsOf(again).length, 102);
  await again.close();
});

test('Deleted times are passed over, late samples included, over a start', async () => {
  const fs = new SimulatedFileSystem();
  const db = await openLateDb(fs);
  for (let i = 100; i <= 110; i++) append(db, [[1, i * minute, i]]);
  append(db, [[1, 105 * minute + 1, 7]]);
  const byName = [new Matcher('=', '__name__', 'metric')];
  assert.equal(db.deleteFromHead(byName, {mint: 200 * minute, maxt: 1e15}), 0);
  assert.equal(db.deleteFromHead(byName, {mint: 104 * minute, maxt: 1e15}), 1);
  const expected = [100, 101, 102, 103].map((i) => `1 ${i * minute} ${i}`).sort();
  assert.deepEqual(contentsOf(db), expected);
  append(db, [[1, 111 * minute, 1]]);
  const after = [...expected, `1 ${111 * minute} 1`].sort();
  assert.deepEqual(contentsOf(db), after);
  fs.kill();
  const again = await openLateDb(fs);
  assert.deepEqual(contentsOf(again), after);
  fs.fault = (operation) => (operation === 'write' ? {code: 'ENOSPC'} : null);
  assert.throws(() => again.deleteFromHead(byName, {mint: 0, maxt: 1e15}), /ENOSPC/);
  fs.fault = () => null;
  assert.deepEqual(contentsOf(again), after);
  await again.close();
});

test('What is left of series whose records were lost goes to no other series', async () => {
  // The log is lost with the power; the log of late samples and the files of full chunks are not.
  const fs = new SimulatedFileSystem();
  const db = await openLateDb(fs);
  for (let i = 0; i < 300; i++)
    append(
      db,
      [1, 2, 3].map((series): Sample => [series, (100 + i) * minute, i]),
    );
  append(
    db,
    [1, 2, 3].map((series): Sample => [series, 390 * minute + 1, -1]),
  );
  await db.close();
  fs.remove('/data/wal');
  const again = await openLateDb(fs);
  assert.deepEqual(contentsOf(again), []);
  append(
    again,
    [3, 2, 1].map((series): Sample => [series, 500 * minute, 7]),
  );
  const expected = [1, 2, 3].map((series) => `${series} ${500 * minute} 7`);
  assert.deepEqual(contentsOf(again), expected);
  await again.close();
  const third = await openLateDb(fs);
  assert.deepEqual(contentsOf(third), expected);
  await third.close();
});

test('A series that was dropped and made again keeps what has its newer reference, in both logs, over starts and truncations', async () => {
  const fs = new SimulatedFileSystem();
  let db = await openLateDb(fs);
  append(db, [
    [1, 10 * minute, 1],
    [2, 10 * minute, 1],
  ]);
  append(db, [[2, 200 * minute, 1]]);
  // The first one goes. The log has it still, under its old reference.
  await db.truncate(100 * minute);
  assert.equal(db.head.stats().series, 1);
  append(db, [[1, 201 * minute, 2]]);
  append(db, [[1, 180 * minute, 3]]);
  const expected = [`1 ${180 * minute} 3`, `1 ${201 * minute} 2`, `2 ${200 * minute} 1`];
  assert.deepEqual(contentsOf(db), expected);
  for (let start = 0; start < 3; start++) {
    fs.kill();
    db = await openLateDb(fs);
    // What was given up may come back from the log, where no block says that it is there.
    const found = contentsOf(db).filter((line) => Number(line.split(' ')[1]) >= 100 * minute);
    assert.deepEqual(found, [...expected].sort(), `start ${start}`);
    assert.equal(db.statistics().replayUnknownRefs, 0);
    for (let i = 0; i < 6; i++) {
      const time = (202 + 10 * start + i) * minute;
      append(db, [[2, time, 5]]);
      expected.push(`2 ${time} 5`);
      await db.truncate((110 + 10 * start + i) * minute);
    }
    assert.ok(db.truncationStatistics.checkpoints > 0);
  }
  await db.close();
});

test('Start timestamps of late samples are kept, in memory, in chunks and over starts, for any seed', async () => {
  for (let seed = 0; seed < 10; seed++) {
    const random = new Random(seed);
    const fs = new SimulatedFileSystem();
    const options = {floatEncoding: 'xor2', walStartTimes: true} as const;
    let db = await openLateDb(fs, options);
    const expected = new Map<string, string>();
    let newest = 100 * minute;
    let chunks = 0;
    for (let round = 0; round < 40; round++) {
      const appender = db.appender();
      const {batch} = appender;
      batch.startTimes = new Float64Array(batch.capacity);
      const ref: SeriesRef = {slot: 0, generation: 0};
      newest += minute;
      for (let series = 0; series < 3; series++) {
        for (let i = 0; i < 6; i++) {
          const late = i === 0 ? 0 : 1 + random.below(40 * minute);
          const time = newest - late;
          const key = `${series} ${time}`;
          if (expected.has(key)) continue;
          appender.series(labelsOf(series), ref);
          const at = addSample(batch, ref, time, random.float());
          batch.startTimes[at] = random.below(3) === 0 ? 0 : time - 1 - random.below(minute);
          expected.set(key, `${batch.values[at]} ${batch.startTimes[at]}`);
        }
      }
      appender.commit();
      assert.equal(batch.startTimes, null);
      if (random.below(10) > 0) continue;
      assert.deepEqual(startsOf(db), expected, `seed ${seed}`);
      chunks += db.head.late.counts.chunksCreated;
      if (random.below(2) === 0) await db.close();
      else fs.kill();
      db = await openLateDb(fs, options);
      assert.deepEqual(startsOf(db), expected, `seed ${seed}, after a start`);
    }
    assert.deepEqual(startsOf(db), expected, `seed ${seed}, at the end`);
    chunks += db.head.late.counts.chunksCreated;
    assert.ok(chunks > 0, `seed ${seed}: some are in chunks`);
    await db.close();
  }
});

/** `value start` by `series time`. */
function startsOf(db: Db): Map<string, string> {
  const found: [string, string][] = [];
  for (const {labels, times, values, starts} of dumpHead(db.head).values()) {
    for (const [i, time] of times.entries())
      found.push([`${labels[3]} ${time}`, `${values[i]} ${starts[i]}`]);
  }
  return new Map(found);
}
