import assert from 'node:assert/strict';
import test from 'node:test';
import {loadKernels} from '../kernels/kernels.ts';
import {LinearMemory} from '../kernels/memory.ts';
import {Random} from '../base/random.ts';
import {compact} from '../model/histogram/compact.ts';
import {formatTestExpression} from '../model/histogram/format.ts';
import type {FloatHistogram} from '../model/histogram.ts';
import {Matcher} from '../model/matcher.ts';
import {isStale, setStale} from '../model/value.ts';
import {addSample, type SeriesRef} from '../storage/appender.ts';
import {Symbols} from '../storage/symbols.ts';
import {type Clock, systemClock} from '../sys/clock.ts';
import {SimulatedFileSystem} from '../sys/fs-simulated.ts';
import {noLogger} from '../sys/log.ts';
import {SizeClassArena} from '../kernels/arena.ts';
import {arenaStart} from '../kernels/memory.ts';
import {PageCache} from './block/blockfile.ts';
import {BlockSet} from './block/blockset.ts';
import {makeScratch, readAll} from './block/testing/blocks.ts';
import type {MatcherText} from './administration.ts';
import {BlockMaker} from './blockmaker.ts';
import {Db} from './db.ts';
import {Head} from './head/head.ts';
import {headerBlocks} from './head/header.ts';
import {HeadReader} from './head/reader.ts';
import {randomHistograms} from './chunkenc/testing/randomsamples.ts';
import {DbReader} from './querier.ts';
import {LocalCompactor} from './testing/localcompactor.ts';

const dataDir = '/data';
const dir = dataDir;
const rangeMs = 1000;
const scratch = makeScratch();
// Timers are called by hand: nothing happens by itself.
const stillClock: Clock = {...systemClock, after: () => () => {}};

interface Store {
  fs: SimulatedFileSystem;
  db: Db;
  reader: DbReader;
  close: () => Promise<void>;
}

async function open(fs: SimulatedFileSystem, clock = stillClock, dir = dataDir): Promise<Store> {
  const memory = LinearMemory.reserve(2 ** 26);
  const kernels = loadKernels(memory);
  // The head has to be there before its reader, which the compactor needs.
  const compactor = new LocalCompactor();
  const db = await Db.open({
    dir,
    memory,
    kernels,
    log: noLogger,
    clock,
    fs,
    lockfile: false,
    chunkRangeMs: rangeMs,
    blockMsMax: 9 * rangeMs,
    retention: () => ({timeMs: 12 * rangeMs, bytes: 0}),
    compactor,
  });
  const compactorHead = new HeadReader(memory, scratch, 1, db.head.files!.openReader());
  compactor.maker = new BlockMaker({fs, dir, scratch, log: noLogger, nowMs: Date.now}, compactorHead);
  const head = new HeadReader(memory, scratch, 2, db.head.files!.openReader());
  const version = (): number => Atomics.load(memory.i32, headerBlocks >>> 2);
  const blocks = new BlockSet({fs, dir, cache: new PageCache(), version});
  const close = async (): Promise<void> => {
    await db.close();
    blocks.close();
    head.release();
    compactorHead.release();
  };
  return {fs, db, reader: new DbReader(head, blocks), close};
}

/** One sample of each of `count` series at each of the times. */
function append(db: Db, times: readonly number[], count = 3): void {
  const appender = db.appender();
  const ref: SeriesRef = {slot: 0, generation: 0};
  for (const time of times) {
    for (let i = 0; i < count; i++) {
      appender.series(['__name__', 'metric', 'i', String(i)], ref);
      addSample(appender.batch, ref, time, time * 10 + i);
    }
    const {accepted} = appender.commit();
    assert.equal(accepted, count, `time ${time}`);
  }
}

function timesOf(reader: DbReader, i = '1'): number[] {
  const symbols = new Symbols();
  const querier = reader.querier({mint: 0, maxt: 1e9}, symbols);
  try {
    const found = readAll(querier, symbols, [new Matcher('=', 'i', i)], {mint: 0, maxt: 1e9});
    for (const [time, value] of found.flatMap(({samples}) => samples)) {
      assert.equal(value, time * 10 + Number(i));
    }
    return found.flatMap(({samples}) => samples.map(([time]) => time));
  } finally {
    querier.close();
  }
}

/** What the series `h` holds: `time text`, a histogram without the buckets that are empty. */
function textsOfHistograms(reader: DbReader): string[] {
  const symbols = new Symbols();
  const querier = reader.querier({mint: 0, maxt: 1e9}, symbols);
  const texts: string[] = [];
  try {
    const cursor = querier.select([new Matcher('=', '__name__', 'h')], {mint: 0, maxt: 1e9});
    while (cursor.next()) {
      const count = cursor.read(0, 1e9);
      for (let i = 0; i < count; i++) {
        const histogram = cursor.histograms?.[i];
        const stale = isStale(cursor.valueWords, i);
        const text =
          histogram === undefined ? (stale ? 'stale' : String(cursor.values[i])) : textOf(histogram);
        texts.push(`${cursor.times[i]} ${text}`);
      }
    }
  } finally {
    querier.close();
  }
  return texts;
}

function textOf(histogram: FloatHistogram): string {
  return formatTestExpression(compact(histogram)).replace(/ counter_reset_hint:\w+/, '');
}

test('histograms, stale markers and floats of one series go to blocks and come back', async () => {
  for (const integer of [true, false]) {
    const {db, reader, fs, close} = await open(new SimulatedFileSystem());
    const appender = db.appender();
    const ref: SeriesRef = {slot: 0, generation: 0};
    const expected: string[] = [];
    const histograms = [1, 2, 3, 4, 5].flatMap((seed) => randomHistograms(70 + seed, integer));
    for (const [number, {histogram}] of histograms.entries()) {
      const time = 20 * number;
      appender.series(['__name__', 'h'], ref);
      if (number % 100 < 80) {
        appender.histogram(ref.slot, ref.generation, time, histogram, {integer, startMs: 0});
        expected.push(`${time} ${histogram === null ? 'stale' : textOf(histogram)}`);
      } else {
        addSample(appender.batch, ref, time, number);
        expected.push(`${time} ${number}`);
      }
      assert.equal(appender.commit().accepted, 1);
      if (time % 500 !== 0) continue;
      await db.compactions!.run();
      const oldest = db.blocks.blocks[0]?.meta.minTime ?? 0;
      assert.deepEqual(
        textsOfHistograms(reader),
        expected.filter((line) => Number.parseInt(line) >= oldest),
      );
    }
    assert.ok(db.blocks.blocks.length > 1, 'there are blocks');
    const {blocks} = db.statistics();
    assert.deepEqual([blocks.compactions!.failed, blocks.damaged], [0, 0]);
    const all = textsOfHistograms(reader);
    await close();
    const again = await open(fs);
    assert.deepEqual(textsOfHistograms(again.reader), all);
    await again.close();
  }
});

const timesUpTo = (end: number, step = 50): number[] =>
  Array.from({length: Math.ceil(end / step)}, (_, i) => i * step);

test('the head is moved to blocks, blocks are merged, old ones go, and queries see every sample once', async () => {
  const {db, reader, fs, close} = await open(new SimulatedFileSystem());
  const all: number[] = [];
  for (let time = 0; time < 30 * rangeMs; time += 50) {
    append(db, [time]);
    all.push(time);
    if (time % 1250 !== 0) continue;
    await db.compactions!.run();
    const [oldest = 0] = db.blocks.blocks.map(({meta}) => meta.minTime);
    assert.deepEqual(
      timesOf(reader),
      all.filter((each) => each >= oldest),
      `at ${time}`,
    );
  }
  assert.ok(db.head.minTime > 27 * rangeMs && db.head.minTime <= 29 * rangeMs);
  const ranges = db.blocks.blocks.map(({meta}) => (meta.maxTime - meta.minTime) / rangeMs);
  assert.ok(ranges.includes(9) && ranges.at(-1) === 1, ranges.join());
  assert.ok(db.blocks.blocks[0]!.meta.minTime >= 9 * rangeMs, 'the retention has deleted');
  const {blocks} = db.statistics();
  assert.ok(blocks.timeRetentions > 0 && blocks.compactions!.ran > 30);
  assert.deepEqual([blocks.compactions!.failed, blocks.reloadsFailed, blocks.damaged], [0, 0, 0]);
  assert.deepEqual(reader.querier({mint: 0, maxt: 1e9}, new Symbols()).labelValues('i', []), ['0', '1', '2']);
  assert.equal(fs.list(dir).filter((name) => name.includes('.tmp')).length, 0);
  await close();
});

test('after a start, what blocks have is not in the head again', async () => {
  const first = await open(new SimulatedFileSystem());
  append(first.db, timesUpTo(4000));
  await first.db.compactions!.run();
  const expected = timesOf(first.reader);
  assert.deepEqual(expected, timesUpTo(4000));
  await first.close();

  const second = await open(first.fs);
  assert.deepEqual(timesOf(second.reader), expected);
  assert.equal(second.db.head.minTime, second.db.blocks.inOrderMaxTime());
  append(second.db, [4000, 4050]);
  assert.deepEqual(timesOf(second.reader), [...expected, 4000, 4050]);
  await second.close();
});

test('the head keeps what is in a new block until queries that do not know the block have ended', async () => {
  let wake: (() => void)[] = [];
  const clock: Clock = {
    ...stillClock,
    after(ms, run) {
      if (ms === 100) wake.push(run);
      return () => {};
    },
  };
  const {db, reader, close} = await open(new SimulatedFileSystem(), clock);
  append(db, timesUpTo(2000));
  const symbols = new Symbols();
  const querier = reader.querier({mint: 0, maxt: 1e9}, symbols);
  const running = db.compactions!.run();
  for (let i = 0; i < 20 && wake.length === 0; i++) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(db.blocks.blocks.length, 1);
  assert.equal(wake.length, 1, 'it waits');
  assert.deepEqual(timesOf(reader), timesUpTo(2000), 'a new query sees block and head');
  const old = readAll(querier, symbols, [new Matcher('=', 'i', '1')]);
  assert.equal(old[0]!.samples.length, 40, 'the old query sees the head');
  querier.close();
  for (const run of wake.splice(0)) run();
  await running;
  assert.equal(db.head.minTime, rangeMs);
  assert.deepEqual(timesOf(reader), timesUpTo(2000));
  wake = [];
  await close();
});

test('a head that cannot be written to a block stays as it is', async () => {
  const {db, reader, fs, close} = await open(new SimulatedFileSystem());
  append(db, timesUpTo(2000));
  fs.fault = (operation, path) =>
    operation === 'write' && path.includes('.tmp-for-creation') ? {code: 'ENOSPC'} : null;
  await db.compactions!.run();
  assert.equal(db.statistics().blocks.compactions!.failed, 1);
  assert.deepEqual(timesOf(reader), timesUpTo(2000));
  fs.fault = () => null;
  await db.compactions!.run();
  assert.equal(db.blocks.blocks.length, 1);
  assert.deepEqual(timesOf(reader), timesUpTo(2000));
  await close();
});

test('where a block cannot be read when it was just written, what it was made of stays', async () => {
  const given: number[] = [];
  for (let failing = 1; failing < 5; failing++) {
    const {db, reader, fs, close} = await open(new SimulatedFileSystem());
    append(db, timesUpTo(2000));
    assert.deepEqual(
      timesOf(reader),
      timesUpTo(2000),
      'readers look at blocks once, and when they are told to',
    );
    // Whoever opens it: the one who has written it, the store.
    let opened = 0;
    fs.fault = (operation, path) =>
      operation === 'open' && path.endsWith('/meta.json') && ++opened === failing ? {code: 'EIO'} : null;
    await db.compactions!.run();
    fs.fault = () => null;
    given.push(db.statistics().blocks.compactions!.failed);
    assert.deepEqual(timesOf(reader), timesUpTo(2000), `failing at ${failing}`);
    await db.compactions!.run();
    assert.deepEqual(timesOf(reader), timesUpTo(2000), `after ${failing}`);
    assert.deepEqual([db.blocks.blocks.length, db.statistics().blocks.damaged], [1, 0]);
    await close();
  }
  assert.ok(given.some((failed) => failed > 0) && given.at(-1) === 0);
});

const matcher = (name: string, value: string): MatcherText => ({type: '=', name, value});

test('deleted samples show no more at once, in head and blocks, after a start, and after their room is given back', async () => {
  const first = await open(new SimulatedFileSystem());
  append(first.db, timesUpTo(4000));
  await first.db.compactions!.run();
  assert.ok(first.db.blocks.blocks.length >= 2);
  assert.equal(timesOf(first.reader).length, 80);
  const {administration} = first.db;
  // From the middle of a block to the middle of the head.
  await administration!.deleteSamples({matchers: [matcher('i', '1')], mint: 500, maxt: 3700});
  const left = timesUpTo(4000).filter((time) => time < 500 || time > 3700);
  assert.deepEqual(timesOf(first.reader), left);
  assert.deepEqual(timesOf(first.reader, '2'), timesUpTo(4000));
  const tombstones = (db: Db): number =>
    db.blocks.blocks.reduce((sum, {meta}) => sum + meta.stats.numTombstones, 0);
  assert.ok(tombstones(first.db) >= 2);
  await first.close();

  const second = await open(first.fs);
  assert.deepEqual(timesOf(second.reader), left, 'after a start');
  await second.db.administration!.cleanTombstones();
  assert.equal(tombstones(second.db), 0);
  assert.deepEqual(timesOf(second.reader), left, 'after the clean-up');
  assert.deepEqual(timesOf(second.reader, '2'), timesUpTo(4000));
  // All of the oldest block goes.
  await second.db.administration!.deleteSamples({matchers: [], mint: 0, maxt: 999});
  const count = second.db.blocks.blocks.length;
  await second.db.administration!.cleanTombstones();
  assert.equal(second.db.blocks.blocks.length, count - 1);
  assert.deepEqual(timesOf(second.reader, '2'), timesUpTo(4000).filter((time) => time >= 1000)); // prettier-ignore
  await second.close();
});

test('where the log is damaged, full chunks in all files outlive a loss of power', async () => {
  for (let seed = 0; seed < 6; seed++) {
    const fs = new SimulatedFileSystem();
    const first = await open(fs);
    append(first.db, timesUpTo(700, 4));
    await first.db.sync();
    // A file that cannot be synced does no harm while the log has everything.
    fs.fault = (operation, path) =>
      operation === 'sync' && path.includes('chunks_head') ? {code: 'EIO'} : null;
    first.db.head.files!.move();
    fs.kill();
    const second = await open(fs);
    append(
      second.db,
      timesUpTo(1400, 4).filter((time) => time >= 700),
    );
    second.db.head.files!.move();
    fs.kill();
    fs.fault = () => null;
    const path = `${dir}/wal/00000000`;
    const bytes = fs.contents(path);
    bytes[600]! ^= 1;
    fs.put(path, bytes);
    const third = await open(fs);
    const found = timesOf(third.reader);
    fs.losePower(new Random(seed));
    const fourth = await open(fs);
    assert.deepEqual(timesOf(fourth.reader), found, `seed ${seed}`);
    await fourth.close();
  }
});

test('samples are not said to be deleted where a block could not be read, even if it can a moment later', async () => {
  const {db, reader, fs, close} = await open(new SimulatedFileSystem());
  append(db, timesUpTo(4000));
  await db.compactions!.run();
  assert.ok(db.blocks.blocks.length >= 2);
  const {ulid} = db.blocks.blocks[0]!.meta;
  let faults = 1;
  fs.fault = (operation, path) =>
    operation === 'read' && path.endsWith(`${ulid}/meta.json`) && faults-- > 0 ? {code: 'EIO'} : null;
  const request = {matchers: [matcher('i', '1')], mint: 0, maxt: 3700};
  await assert.rejects(
    db.administration!.deleteSamples(request),
    new RegExp(`cannot be read: block ${ulid}`),
  );
  await db.administration!.deleteSamples(request);
  assert.deepEqual(
    timesOf(reader),
    timesUpTo(4000).filter((time) => time > 3700),
  );
  await close();
});

test('a snapshot has all blocks and the head, and stays as it is', async () => {
  const {db, fs, close} = await open(new SimulatedFileSystem());
  append(db, timesUpTo(4000));
  await db.compactions!.run();
  const name = await db.administration!.snapshot(true);
  assert.match(name, /^\d{8}T\d{6}Z-[0-9a-f]{16}$/);
  const withoutHead = await db.administration!.snapshot(false);
  assert.equal(fs.list(`${dir}/snapshots/${withoutHead}`).length, db.blocks.blocks.length);
  await db.administration!.deleteSamples({matchers: [], mint: 0, maxt: 10_000});
  await db.administration!.cleanTombstones();
  await close();

  const copy = await open(fs, stillClock, `${dir}/snapshots/${name}`);
  assert.deepEqual(timesOf(copy.reader), timesUpTo(4000));
  await copy.close();
});

test('Head marks a moment, and tells when its readers have left', () => {
  const memory = LinearMemory.reserve(2 ** 25);
  const arena = new SizeClassArena(memory, arenaStart, memory.byteLength);
  const head = new Head({memory, arena, kernels: loadKernels(memory)});
  const reader = new HeadReader(memory, scratch, 1);
  const {reclaimer} = head;
  assert.ok(reclaimer.left(reclaimer.mark()), 'nobody is inside');
  reader.epochs.enter();
  const mark = reclaimer.mark();
  assert.ok(!reclaimer.left(mark));
  reader.epochs.leave();
  reader.epochs.enter();
  assert.ok(reclaimer.left(mark), 'who comes later does not count');
  const second = reclaimer.mark();
  assert.ok(!reclaimer.left(second));
  reader.epochs.leave();
  assert.ok(reclaimer.left(second));
  reader.release();
});

test('late samples are moved to blocks after the head, and every sample is seen once', async () => {
  const fs = new SimulatedFileSystem();
  let store = await open(fs);
  store.db.setOutOfOrderWindow(4 * rangeMs);
  const appender = store.db.appender();
  const ref: SeriesRef = {slot: 0, generation: 0};
  const late: number[] = [];
  const step = rangeMs / 100;
  const inOrder = Array.from({length: 100}, (_, i) => i * 4 * step);
  for (const [i, time] of inOrder.entries()) {
    append(store.db, [time]);
    if (i < 60) continue;
    // Late ones of one series, as far back as two ranges.
    const lateTime = time - ((i * 37) % 200) * step - 1;
    appender.series(['__name__', 'metric', 'i', '1'], ref);
    appender.batch.slots[0] = ref.slot;
    appender.batch.generations[0] = ref.generation;
    appender.batch.times[0] = lateTime;
    appender.batch.values[0] = lateTime * 10 + 1;
    appender.batch.length = 1;
    assert.equal(appender.commit().accepted, 1);
    if (!late.includes(lateTime)) late.push(lateTime);
  }
  // A chunk of the time that stays in the head, in the same file.
  for (const time of [4010, 4050]) {
    append(store.db, [time]);
    inOrder.push(time);
  }
  assert.ok(store.db.head.files!.move());
  const expected = [...inOrder, ...late].sort((left, right) => left - right);
  assert.deepEqual(timesOf(store.reader), expected);
  await store.db.compactions!.run();
  const hints = store.db.blocks.blocks.flatMap(({meta}) => meta.compaction.hints);
  assert.ok(store.db.blocks.blocks.length >= 2);
  assert.deepEqual(timesOf(store.reader), expected);
  assert.equal(store.db.head.annexes.size, 0);
  assert.deepEqual(timesOf(store.reader, '2'), inOrder);
  assert.ok(hints.length <= store.db.blocks.blocks.length);
  // Their chunks are in a file still, but no start takes them for new: what is deleted of the blocks stays deleted.
  const deleted = Math.min(...late);
  assert.ok(deleted < store.db.head.minTime);
  const matchers: MatcherText[] = [{type: '=', name: 'i', value: '1'}];
  await store.db.administration!.deleteSamples({matchers, mint: deleted, maxt: deleted});
  const left = expected.filter((time) => time !== deleted);
  await store.close();
  store = await open(fs);
  assert.deepEqual(timesOf(store.reader), left);
  assert.equal(store.db.head.annexes.size, 0);
  await store.close();
  // Where it is not known, they are taken for new ones.
  const path = `${dataDir}/chunks_head/late.json`;
  for (const text of [
    '',
    '{"reference":1',
    '{"reference":1}',
    '[]',
    '{"reference":1,"minTime":5,"maxTime":6}',
    'x'.repeat(2000),
  ]) {
    fs.put(path, new TextEncoder().encode(text));
    store = await open(fs);
    assert.deepEqual(timesOf(store.reader), expected);
    await store.close();
  }
});

test('a deletion of late samples that are not in blocks yet outlives the truncation of the log', async () => {
  const fs = new SimulatedFileSystem();
  let store = await open(fs);
  store.db.setOutOfOrderWindow(4 * rangeMs);
  append(store.db, [2000, 2100]);
  const appender = store.db.appender();
  const ref: SeriesRef = {slot: 0, generation: 0};
  appender.series(['__name__', 'metric', 'i', '1'], ref);
  appender.batch.slots.fill(ref.slot, 0, 2);
  appender.batch.generations.fill(ref.generation, 0, 2);
  appender.batch.times.set([500, 600]);
  appender.batch.values.set([5001, 6001]);
  appender.batch.length = 2;
  assert.equal(appender.commit().accepted, 2);
  await store.db.administration!.deleteSamples({
    matchers: [{type: '=', name: 'i', value: '1'}],
    mint: 550,
    maxt: 650,
  });
  assert.deepEqual(timesOf(store.reader), [500, 2000, 2100]);
  // The log is cut into segments, the older of which become a checkpoint.
  for (let i = 0; i < 5; i++) {
    append(store.db, [2200 + i]);
    await store.db.truncate(1500 + i);
  }
  fs.kill();
  store = await open(fs);
  assert.deepEqual(timesOf(store.reader), [500, 2000, 2100, 2200, 2201, 2202, 2203, 2204]);
  await store.close();
});

test('late histograms are moved to blocks after the head, and every one is seen once', async () => {
  for (const integer of [true, false]) {
    const fs = new SimulatedFileSystem();
    let store = await open(fs);
    store.db.setOutOfOrderWindow(4 * rangeMs);
    const ref: SeriesRef = {slot: 0, generation: 0};
    const histograms = [1, 2, 3, 4, 5].flatMap((seed) => randomHistograms(170 + seed, integer));
    const expected = new Map<number, string>();
    const append = (time: number, {histogram}: (typeof histograms)[number]): void => {
      const appender = store.db.appender();
      appender.series(['__name__', 'h'], ref);
      appender.histogram(ref.slot, ref.generation, time, histogram, {integer, startMs: 0});
      assert.equal(appender.commit().accepted, 1);
      if (!expected.has(time))
        expected.set(time, `${time} ${histogram === null ? 'stale' : textOf(histogram)}`);
    };
    for (let i = 0; i < 100; i++) {
      append(i * 40, histograms[(2 * i) % histograms.length]!);
      if (i >= 60) append(i * 40 - ((i * 370) % 2000) - 1, histograms[(2 * i + 1) % histograms.length]!);
    }
    const lines = [...expected].sort(([left], [right]) => left - right).map(([, text]) => text);
    assert.deepEqual(textsOfHistograms(store.reader), lines);
    await store.db.compactions!.run();
    assert.ok(store.db.blocks.blocks.length >= 2);
    assert.equal(store.db.head.annexes.size, 0);
    assert.deepEqual(textsOfHistograms(store.reader), lines);
    await store.close();
    assert.deepEqual(
      fs.list(`${dataDir}/wbl`).filter((name) => fs.contents(`${dataDir}/wbl/${name}`).length > 0),
      [],
    );
    store = await open(fs);
    assert.deepEqual(textsOfHistograms(store.reader), lines);
    await store.close();
  }
});

test('where many series are stale, these are moved to blocks early, and every sample is seen once', async () => {
  const fs = new SimulatedFileSystem();
  let store = await open(fs);
  const ref: SeriesRef = {slot: 0, generation: 0};
  const stop = (i: number, time: number): void => {
    const appender = store.db.appender();
    appender.series(['__name__', 'metric', 'i', String(i)], ref);
    const {batch} = appender;
    batch.slots[0] = ref.slot;
    batch.generations[0] = ref.generation;
    batch.times[0] = time;
    setStale(batch.valueWords, 0);
    batch.length = 1;
    assert.equal(appender.commit().accepted, 1);
  };
  const count = (i: number): number => {
    const symbols = new Symbols();
    const querier = store.reader.querier({mint: 0, maxt: 1e9}, symbols);
    const found = readAll(querier, symbols, [new Matcher('=', 'i', String(i))], {mint: 0, maxt: 1e9});
    querier.close();
    return found.flatMap(({samples}) => samples).length;
  };
  const times = timesUpTo(1400);
  append(store.db, times, 6);
  const total = times.length + 1;
  store.db.setOutOfOrderWindow(4 * rangeMs);
  for (const i of [0, 1, 2, 3]) stop(i, 1400);
  // This one has a late sample, and stays.
  const appender = store.db.appender();
  appender.series(['__name__', 'metric', 'i', '3'], ref);
  Object.assign(appender.batch, {length: 1});
  appender.batch.slots[0] = ref.slot;
  appender.batch.generations[0] = ref.generation;
  appender.batch.times[0] = 777;
  assert.equal(appender.commit().accepted, 1);
  store.db.staleSeriesThreshold = 0.7;
  await store.db.compactions!.run();
  assert.equal(store.db.head.stats().series, 6, 'four of six are not enough');
  store.db.staleSeriesThreshold = 0.6;
  // A series that goes on while the blocks are written stays, too, and a compaction that cannot write leaves all as it is.
  fs.fault = (operation, path) => (operation === 'write' && path.includes('index') ? {code: 'ENOSPC'} : null);
  await store.db.compactions!.run();
  fs.fault = () => null;
  assert.equal(store.db.head.stats().series, 6);
  let isWriting = false;
  fs.fault = (operation, path) => {
    if (!isWriting && operation === 'write' && path.includes('index')) {
      isWriting = true;
      append(store.db, [1450], 1);
    }
    return null;
  };
  await store.db.compactions!.run();
  fs.fault = () => null;
  assert.deepEqual(store.db.head.stats().series, 4);
  assert.equal(store.db.head.stats().staleSeries, 1);
  const {staleTriggered, staleFailed, staleSeconds} = store.db.statistics().blocks.compactions!;
  assert.deepEqual([staleTriggered, staleFailed, staleSeconds.count], [2, 1, 1]);
  const hints = store.db.blocks.blocks.map(({meta}) => meta.compaction.hints.join());
  assert.deepEqual(hints, ['from-stale-series', 'from-stale-series']);
  const counts = [total + 1, total, total, total + 1, times.length, times.length];
  assert.deepEqual([0, 1, 2, 3, 4, 5].map(count), counts);
  // It comes back with the same labels, and a start reads the rest from the log.
  append(store.db, [1500], 2);
  await store.close();
  store = await open(fs);
  assert.deepEqual(store.db.head.stats().series, 5);
  assert.deepEqual([0, 1, 2, 3, 4, 5].map(count), [
    total + 2,
    total + 1,
    total,
    total + 1,
    times.length,
    times.length,
  ]);
  // Blocks of stale series are merged with their like only, and the head is moved past them.
  append(
    store.db,
    timesUpTo(4000).filter((time) => time > 1500),
    6,
  );
  await store.db.compactions!.run();
  assert.equal(count(2), 4000 / 50 - 2);
  await store.close();
});

test('a jump of the clock costs no round for each range that it passes over', async () => {
  const {db, reader, fs, close} = await open(new SimulatedFileSystem());
  append(db, timesUpTo(1400));
  const year = 365 * 86_400_000;
  append(db, [year, year + 100, year + 2000]);
  await db.compactions!.run();
  const {compactions} = db.statistics().blocks;
  assert.ok(compactions!.ran <= 6, `${compactions!.ran} blocks`);
  assert.equal(db.head.minTime, year + 1000 - ((year + 1000) % rangeMs));
  // Back again: what comes is too old, and nothing of what is there changes.
  const appender = db.appender();
  const ref: SeriesRef = {slot: 0, generation: 0};
  appender.series(['__name__', 'metric', 'i', '1'], ref);
  appender.batch.slots[0] = ref.slot;
  appender.batch.generations[0] = ref.generation;
  appender.batch.times[0] = 1500;
  appender.batch.length = 1;
  assert.equal(appender.commit().outOfBounds, 1);
  append(db, [year + 2100]);
  const expected = [year, year + 100, year + 2000, year + 2100];
  const symbols = new Symbols();
  const querier = reader.querier({mint: 1500, maxt: 2 * year}, symbols);
  const found = readAll(querier, symbols, [new Matcher('=', 'i', '1')], {mint: 1500, maxt: 2 * year});
  querier.close();
  assert.deepEqual(
    found.flatMap(({samples}) => samples.map(([time]) => time)),
    expected,
  );
  assert.ok(fs.calls > 0);
  await close();
});
