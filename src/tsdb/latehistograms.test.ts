// Native histograms that come late: taken within the window, merged by readers, kept over kills and losses of power.
import assert from 'node:assert/strict';
import test from 'node:test';
import {dumpHead} from '../../test/lib/head-dump.ts';
import {Random} from '../base/random.ts';
import {compact} from '../model/histogram/compact.ts';
import {formatTestExpression} from '../model/histogram/format.ts';
import {counterReset, customBucketsSchema, FloatHistogram} from '../model/histogram.ts';
import {addSample, sampleStatus, type SeriesRef} from '../storage/appender.ts';
import {SimulatedFileSystem} from '../sys/fs-simulated.ts';
import {randomHistograms} from './chunkenc/testing/randomsamples.ts';
import type {Db} from './db.ts';
import {dir, minute, openLateDb} from './testing/latedb.ts';
import {RecordDecoder} from './wal/decode.ts';
import {recordType} from './wal/format.ts';
import {ReaderBuffers, SegmentReader} from './wal/segment-reader.ts';
import {listSegments} from './wal/segments.ts';

const {accepted, outOfOrder, outOfBounds, duplicate, tooOld} = sampleStatus;

interface Sample {
  time: number;
  /** A number is a float, null the stale marker of a histogram. */
  value: FloatHistogram | number | null;
  integer?: boolean;
  start?: number;
}

function put(db: Db, name: string, {time, value, integer = true, start = 0}: Sample): void {
  const appender = db.appender();
  const ref: SeriesRef = {slot: 0, generation: 0};
  appender.series(['__name__', name], ref);
  if (typeof value !== 'number') {
    appender.histogram(ref.slot, ref.generation, time, value, {integer, startMs: start});
    return;
  }
  const {batch} = appender;
  addSample(batch, ref, time, value);
}

/** Commits one sample and returns its status. */
function append(db: Db, name: string, sample: Sample): number {
  put(db, name, sample);
  const appender = db.appender();
  const {histogramCount} = appender;
  const result = appender.commit();
  const status = (histogramCount > 0 ? appender.histogramStatuses : appender.batch.statuses)[0]!;
  assert.equal(result.accepted, Number(status === accepted));
  return status;
}

function contentsOf(db: Db, name = 'h'): string[] {
  const series = dumpHead(db.head).get(JSON.stringify(['__name__', name]));
  return series === undefined ? [] : series.times.map((time, i) => `${time} ${series.texts[i]}`);
}

const counter = (count: number, more: Partial<FloatHistogram> = {}): FloatHistogram =>
  new FloatHistogram({
    count,
    sum: count,
    positiveSpans: [{offset: 0, length: 1}],
    positiveBuckets: Float64Array.of(count),
    ...more,
  });

test('Late histograms are taken within the window, and refused as too old before it', async () => {
  for (const options of [{}, {histogramStartTimes: true, walStartTimes: true}]) {
    const fs = new SimulatedFileSystem();
    let db = await openLateDb(fs, options);
    const custom = counter(7, {schema: customBucketsSchema, customValues: [1, 2]});
    const f = (minutes: number, value: Sample['value'], integer: boolean, expected: number): void =>
      assert.equal(append(db, 'h', {time: minutes * minute, value, integer, start: 5}), expected);
    f(200, counter(10), true, accepted);
    f(190, counter(8), true, accepted);
    f(140, counter(2.5), false, accepted);
    f(139, counter(2), true, tooOld);
    f(190, counter(9), true, accepted); // It is known already, and stays as it is.
    f(200, counter(9), true, duplicate);
    f(200, counter(10), true, accepted);
    f(195, null, true, accepted);
    f(150, custom, true, accepted);
    f(151, 3, true, accepted);
    f(150, 4, true, accepted);
    const expected = [
      `${140 * minute} {{count:2.5 sum:2.5 buckets:[2.5]}}`,
      `${150 * minute} {{schema:-53 count:7 sum:7 custom_values:[1 2] buckets:[7]}}`,
      `${151 * minute} 3`,
      `${190 * minute} {{count:8 sum:8 buckets:[8]}}`,
      `${195 * minute} stale`,
      `${200 * minute} {{count:10 sum:10 buckets:[10]}}`,
    ];
    assert.deepEqual(contentsOf(db), expected);
    const {appended, histogramsAppended, tooOld: refused} = db.head.late.counts;
    assert.deepEqual([appended, histogramsAppended, refused], [1, 4, 1]);
    assert.equal(db.head.stats().outOfOrder, 0);
    fs.kill();
    db = await openLateDb(fs, options);
    assert.deepEqual(contentsOf(db), expected);
    db.setOutOfOrderWindow(0);
    f(199, counter(1), true, outOfOrder);
    f(1, counter(1), true, outOfBounds);
    await db.close();
  }
});

test('check() says of late histograms what commit() does', async () => {
  const db = await openLateDb(new SimulatedFileSystem());
  append(db, 'h', {time: 200 * minute, value: counter(9)});
  for (const time of [190, 100, 201]) put(db, 'h', {time: time * minute, value: counter(1)});
  const appender = db.head.appender();
  assert.equal(appender.check().accepted, 2);
  assert.deepEqual([...appender.histogramStatuses.subarray(0, 3)], [accepted, tooOld, accepted]);
  const result = appender.commit();
  assert.deepEqual([result.accepted, result.outOfBounds, result.outOfOrder], [2, 1, 0]);
  assert.deepEqual([...appender.histogramStatuses.subarray(0, 3)], [accepted, tooOld, accepted]);
  await db.close();
});

/** The reset hint of each sample of `h`. */
function hintsOf(db: Db): string {
  return contentsOf(db)
    .map((text) => /counter_reset_hint:(\w+)/.exec(text)?.[1] ?? 'unknown')
    .join(' ');
}

test('Only a histogram that stands behind another of its chunk is known not to be a reset', async () => {
  const db = await openLateDb(new SimulatedFileSystem());
  for (let i = 100; i < 106; i++) append(db, 'h', {time: i * minute, value: counter(i)});
  const rest = 'not_reset not_reset not_reset';
  assert.equal(hintsOf(db), `unknown not_reset not_reset ${rest}`);
  // Before all that was there: in a chunk of their own, in which one is a reset.
  for (const [time, count] of [
    [92, 2],
    [91, 1],
    [93, 3],
    [94, 1],
  ] as const)
    append(db, 'h', {time: time * minute, value: counter(count)});
  assert.equal(hintsOf(db), `unknown not_reset not_reset unknown unknown not_reset not_reset ${rest}`);
  // Between two of another chunk.
  append(db, 'h', {time: 102.5 * minute, value: counter(102)});
  const merged =
    'unknown not_reset not_reset unknown unknown not_reset not_reset unknown unknown not_reset not_reset';
  assert.equal(hintsOf(db), merged);
  // The same when it is in a file.
  assert.ok(db.head.late.sealAll());
  assert.equal(hintsOf(db), merged);
  await db.close();
});

test('The log of late samples holds the records that Prometheus writes', async () => {
  const fs = new SimulatedFileSystem();
  const db = await openLateDb(fs);
  append(db, 'h', {time: 200 * minute, value: counter(10)});
  const custom = {schema: customBucketsSchema, customValues: [1, 2]};
  const late: Sample[] = [
    {time: 190 * minute, value: counter(1)},
    {time: 191 * minute, value: counter(2, custom)},
    {time: 192 * minute, value: counter(2.5), integer: false},
    {time: 193 * minute, value: counter(3.5, custom), integer: false},
  ];
  for (const sample of late) append(db, 'h', sample);
  for (let i = 0; i < 29; i++) append(db, 'h', {time: 180 * minute + i, value: counter(i)});
  await db.close();
  const types: number[] = [];
  const buffers = new ReaderBuffers(null);
  for (const segment of listSegments(fs, `${dir}/wbl`)) {
    const reader = new SegmentReader(fs, segment, buffers);
    while (reader.next()) {
      types.push(reader.record[0]!);
      if (types.length <= late.length)
        assert.equal(new RecordDecoder().histograms(reader.record)[0]!.timeMs, late[types.length - 1]!.time);
    }
    reader.close();
  }
  buffers.free();
  const {histograms, customBucketsHistograms, floatHistograms, customBucketsFloatHistograms} = recordType;
  const first = [histograms, customBucketsHistograms, floatHistograms, customBucketsFloatHistograms];
  assert.deepEqual(types.slice(0, 4), first);
  // 32 are kept in memory; then their chunks are written, and the log says so.
  assert.deepEqual(types.slice(31), [histograms, recordType.mmapMarkers, histograms]);
});

test('Late histograms are read where they belong, and kept over kills and losses of power, for any seed', async () => {
  for (let seed = 0; seed < 12; seed++) {
    const random = new Random(seed);
    const fs = new SimulatedFileSystem();
    const options = {histogramStartTimes: seed % 3 === 0, walStartTimes: seed % 3 === 0};
    const integer = random.below(2) === 0;
    const pool = [0, 1, 2, 3].flatMap((more) => randomHistograms(10 * seed + more, integer));
    const expected = new Map<number, string>();
    let newest = 100 * minute;
    let db = await openLateDb(fs, options);
    const add = (time: number): void => {
      const value = random.below(10) === 0 ? random.float() : random.pick(pool).histogram;
      if (append(db, 'h', {time, value, integer}) !== accepted || expected.has(time)) return;
      const text = typeof value === 'number' ? String(value) : value === null ? 'stale' : textOf(value);
      expected.set(time, `${time} ${text}`);
    };
    add(newest);
    for (let step = 0; step < 5; step++) {
      for (let i = 0; i < 60; i++) add(random.below(2) === 0 ? newest++ : newest - random.below(40 * minute));
      const lines = [...expected].sort(([left], [right]) => left - right).map(([, text]) => text);
      assert.deepEqual(plainContents(db), lines, `seed ${seed}`);
      if (random.below(2) === 0) db.head.files!.move();
      const end = random.below(3);
      if (end === 0) await db.close();
      else if (end === 1) fs.kill();
      else {
        await db.sync();
        fs.losePower(random);
      }
      db = await openLateDb(fs, options);
      assert.deepEqual(plainContents(db), lines, `seed ${seed} after a start`);
    }
    await db.close();
  }
});

/** Without hints, and without the buckets that are empty. */
function textOf(histogram: FloatHistogram): string {
  return formatTestExpression(compact(histogram.with({counterResetHint: counterReset.unknown})));
}

function plainContents(db: Db): string[] {
  const series = dumpHead(db.head).get(JSON.stringify(['__name__', 'h']))!;
  return series.times.map((time, i) => {
    const histogram = series.histograms[i];
    return `${time} ${histogram === undefined ? series.texts[i] : textOf(histogram)}`;
  });
}

test('Late histograms that the log refuses are not stored, and those of series that go leave nothing behind', async () => {
  const fs = new SimulatedFileSystem();
  const db = await openLateDb(fs);
  append(db, 'h', {time: 100 * minute, value: counter(1)});
  const inUse = (): number => db.arena.bytesInUse;
  fs.fault = (operation, path) => (operation === 'write' && path.includes('wbl') ? {code: 'ENOSPC'} : null);
  assert.throws(() => append(db, 'h', {time: 90 * minute, value: counter(1)}), /ENOSPC/);
  fs.fault = () => null;
  assert.equal(append(db, 'h', {time: 101 * minute, value: counter(3)}), accepted);
  assert.equal(contentsOf(db).length, 2);
  const before = inUse();
  for (let i = 0; i < 20; i++) append(db, 'h', {time: 90 * minute + i, value: counter(i)});
  assert.ok(inUse() > before);
  assert.ok(db.head.late.sealAll());
  db.head.dropLateUntil(Infinity);
  db.head.reclaim();
  assert.equal(db.head.annexes.size, 0);
  assert.ok(inUse() - before <= 4096, `${inUse() - before} bytes are left`);
  await db.close();
});
