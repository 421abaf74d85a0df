import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../../base/random.ts';
import {SizeClassArena} from '../../kernels/arena.ts';
import {loadKernels} from '../../kernels/kernels.ts';
import {arenaStart, LinearMemory} from '../../kernels/memory.ts';
import {compact} from '../../model/histogram/compact.ts';
import {equals} from '../../model/histogram/equality.ts';
import {counterReset, FloatHistogram} from '../../model/histogram.ts';
import {labelsOf} from '../../model/labels.ts';
import {Matcher} from '../../model/matcher.ts';
import {isStale, setStale} from '../../model/value.ts';
import {addSample, type CommitResult, sampleStatus} from '../../storage/appender.ts';
import {Symbols} from '../../storage/symbols.ts';
import {randomFloats, randomHistograms} from '../chunkenc/testing/randomsamples.ts';
import type {HeadLog, LoggedHistogram} from '../log.ts';
import {Head, type HeadOptions} from './head.ts';
import {HeadReader} from './reader.ts';

const megabyte = 2 ** 20;

function openHead(options: Partial<HeadOptions> = {}): Head {
  const memory = LinearMemory.reserve(64 * megabyte);
  const arena = new SizeClassArena(memory, arenaStart, memory.byteLength);
  return new Head({memory, arena, kernels: loadKernels(memory), poison: true, ...options});
}

function openReader(head: Head): HeadReader {
  const memory = LinearMemory.reserve(16 * megabyte);
  const arena = new SizeClassArena(memory, arenaStart, memory.byteLength);
  return new HeadReader(head.memory, {memory, kernels: loadKernels(memory), arena}, 1);
}

type Value = number | 'stale' | FloatHistogram;

interface Row {
  time: number;
  start: number;
  value: Value;
}

/** All samples of the series with this name. */
function read(head: Head, name: string, mint = -Infinity, maxt = Infinity): Row[] {
  const reader = openReader(head);
  const querier = reader.querier({mint, maxt}, new Symbols());
  const rows: Row[] = [];
  const cursor = querier.select([new Matcher('=', '__name__', name)], {mint, maxt});
  while (cursor.next()) {
    const count = cursor.read(mint, maxt);
    for (let i = 0; i < count; i++) {
      const value = cursor.histograms?.[i] ?? (isStale(cursor.valueWords, i) ? 'stale' : cursor.values[i]!);
      rows.push({time: cursor.times[i]!, start: cursor.startTimes?.[i] ?? 0, value});
    }
  }
  querier.close();
  reader.release();
  return rows;
}

/** Puts one sample into the batch; a stale float is written as `'stale'`, a stale histogram as null. */
function put(
  head: Head,
  name: string,
  time: number,
  value: Value | null,
  {integer = true, start = 0, kind = 'float'}: {integer?: boolean; start?: number; kind?: string} = {},
): void {
  const appender = head.appender();
  const ref = {slot: 0, generation: 0};
  appender.series(labelsOf({__name__: name}), ref);
  if (value === null || typeof value === 'object') {
    appender.histogram(ref.slot, ref.generation, time, value, {integer, startMs: start});
    return;
  }
  const {batch} = appender;
  const at = addSample(batch, ref, time, value === 'stale' ? 0 : value);
  if (value === 'stale') setStale(batch.valueWords, at);
  if (start === 0 && kind === 'float') return;
  batch.startTimes ??= new Float64Array(batch.capacity);
  batch.startTimes[at] = start;
}

function simple(count: number, fields: Partial<FloatHistogram> = {}): FloatHistogram {
  return new FloatHistogram({
    count,
    sum: count * 2,
    positiveSpans: [{offset: 0, length: 2}],
    positiveBuckets: Float64Array.of(1, count - 1),
    ...fields,
  });
}

function sameValue(got: Value, expected: Value | null): boolean {
  if (expected === null) return got === 'stale';
  if (typeof got === 'object' && typeof expected === 'object') return equals(compact(got), compact(expected));
  return Object.is(got, expected);
}

test('histograms come back from open and sealed chunks of any kind', () => {
  for (let seed = 1; seed <= 24; seed++) {
    const random = new Random(seed);
    const integer = seed % 2 === 0;
    const starts = seed % 3 === 0;
    const samples = randomHistograms(seed, integer);
    const head = openHead({
      histogramStartTimes: starts,
      chunkRangeMs: random.pick([200_000, 7_200_000]),
      // With few of them remembered, most appenders are made again from their chunks.
      appendersMax: random.pick([1, 100]),
    });
    for (const {time, start, histogram} of samples) {
      for (const name of ['a', 'b', 'c']) put(head, name, time, histogram, {integer, start});
      assert.equal(head.appender().commit().accepted, 3, `seed ${seed}`);
    }
    assert.deepEqual(head.stats().histogramsAppended, 3 * samples.length);
    const rows = read(head, 'b');
    assert.equal(rows.length, samples.length, `seed ${seed}`);
    samples.forEach(({time, start, histogram}, i) => {
      assert.equal(rows[i]!.time, time, `seed ${seed}`);
      assert.equal(rows[i]!.start, starts ? start : 0, `seed ${seed}`);
      assert.ok(sameValue(rows[i]!.value, histogram), `seed ${seed} sample ${i}`);
    });
    const mint = samples[samples.length >>> 2]!.time;
    const maxt = samples[samples.length >>> 1]!.time;
    assert.deepEqual(
      read(head, 'b', mint, maxt).map(({time}) => time),
      samples.map(({time}) => time).filter((time) => time >= mint && time <= maxt),
    );
  }
});

test('floats with start timestamps come back where the encoding is xor2, without them where it is not', () => {
  for (const floatEncoding of ['xor', 'xor2'] as const) {
    for (let seed = 1; seed <= 12; seed++) {
      const head = openHead({floatEncoding, appendersMax: 1});
      const samples = randomFloats(seed);
      for (const {time, start, value} of samples) {
        for (const name of ['a', 'b']) put(head, name, time, value ?? 'stale', {start});
        assert.equal(head.appender().commit().accepted, 2, `seed ${seed}`);
      }
      assert.deepEqual(
        read(head, 'a'),
        samples.map(({time, start, value}) => ({
          time,
          start: floatEncoding === 'xor' ? 0 : start,
          value: value ?? 'stale',
        })),
        `seed ${seed}`,
      );
      assert.equal(head.stats().appended, 2 * samples.length);
    }
  }
});

test('a series may change between floats and histograms, and its stale markers are of the kind before them', () => {
  for (const floatEncoding of ['xor', 'xor2'] as const) {
    const head = openHead({floatEncoding});
    const values: (Value | null)[] = [
      1,
      2,
      simple(3),
      'stale',
      simple(4),
      simple(5),
      6,
      'stale',
      simple(7),
      null,
      8,
    ];
    for (const [i, value] of values.entries()) {
      put(head, 'mixed', 1000 * i, value);
      assert.equal(head.appender().commit().accepted, 1, `sample ${i}`);
    }
    const rows = read(head, 'mixed');
    assert.equal(rows.length, values.length);
    values.forEach((value, i) => assert.ok(sameValue(rows[i]!.value, value), `sample ${i}`));
    assert.equal(head.stats().staleSeries, 0);
    // Floats, histograms with the marker, histograms, floats with the marker, histograms with theirs, floats.
    assert.equal(head.stats().chunks, 6);
    put(head, 'mixed', 20_000, 'stale');
    head.appender().commit();
    assert.equal(head.stats().staleSeries, 1);
  }
});

test('histograms meet the rules of floats', () => {
  const head = openHead();
  const {accepted, outOfOrder, duplicate, outOfBounds, noSeries} = sampleStatus;
  function f(name: string, time: number, value: Value | null, status: number, integer = true): void {
    put(head, name, time, value, {integer});
    const result = head.appender().commit();
    const isFloat = typeof value === 'number' || value === 'stale';
    const {batch, histogramStatuses} = head.appender();
    assert.equal((isFloat ? batch.statuses : histogramStatuses)[0], status, `${name} ${time}`);
    const counts: Record<number, keyof CommitResult> = {
      [accepted]: 'accepted',
      [outOfOrder]: 'outOfOrder',
      [duplicate]: 'duplicates',
      [outOfBounds]: 'outOfBounds',
    };
    assert.equal(result[counts[status]!], 1);
    assert.equal(
      Object.values(result).reduce((sum, count) => sum + count),
      1,
    );
  }
  const time = 100_000_000;
  f('h', time, simple(10), accepted);
  f('h', time, simple(10), accepted);
  f('h', time, simple(10, {counterResetHint: counterReset.notReset}), accepted);
  f('h', time, simple(11), duplicate);
  f('h', time, simple(10), duplicate, false);
  f('h', time, null, duplicate);
  f('h', time, 20, duplicate);
  f('h', time - 1, simple(10), outOfOrder);
  f('h', time - 3_600_001, simple(10), outOfBounds);
  f('h', NaN, simple(10), outOfBounds);
  f('h', time + 1, 'stale', accepted);
  f('h', time + 1, 'stale', accepted);
  f('h', time + 1, null, accepted);
  f('h', time + 1, simple(10), duplicate);
  f('f', time, 1, accepted);
  f('f', time, simple(10), duplicate);
  f('f', time + 1, simple(10), accepted);
  assert.equal(read(head, 'h').length, 2);
  assert.equal(head.stats().histogramsAppended, 2);

  const ref = {slot: 0, generation: 0};
  head.appender().series(labelsOf({__name__: 'h'}), ref);
  head.appender().histogram(ref.slot, ref.generation + 1, time + 2, simple(12), {integer: true, startMs: 0});
  assert.equal(head.appender().commit().noSeries, 1);
  assert.equal(head.appender().histogramStatuses[0], noSeries);
});

test('check() says what commit() will do and changes nothing', () => {
  const head = openHead();
  put(head, 'h', 1000, simple(10));
  put(head, 'f', 1000, 1);
  assert.equal(head.appender().check().accepted, 2);
  assert.equal(head.appender().histogramStatuses[0], sampleStatus.accepted);
  assert.deepEqual(read(head, 'h'), []);
  assert.equal(head.appender().commit().accepted, 2);
  assert.equal(head.appender().check().accepted, 0);
  put(head, 'h', 1000, simple(11));
  assert.equal(head.appender().check().duplicates, 1);
});

test('a batch keeps the order of floats and histograms of one series', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = new Random(seed);
    const head = openHead({floatEncoding: random.pick(['xor', 'xor2'])});
    const expected = new Map<string, Row[]>();
    const statuses: [histogram: boolean, number][] = [];
    let time = 1_000_000;
    for (let i = 0; i < 30; i++) {
      const name = random.pick(['a', 'b', 'c']);
      const value = random.below(2) === 0 ? random.below(100) : simple(10 + i);
      const late = random.below(6) === 0;
      const at = late ? time - 500 + i : (time += 1000);
      put(head, name, at, value, {start: at - 7});
      const refused = (expected.get(name)?.at(-1)?.time ?? -Infinity) > at;
      statuses.push([typeof value === 'object', refused ? sampleStatus.outOfOrder : sampleStatus.accepted]);
      if (refused) continue;
      if (!expected.has(name)) expected.set(name, []);
      expected.get(name)!.push({time: at, start: 0, value});
    }
    const result = head.appender().commit();
    assert.equal(result.accepted + result.outOfOrder, 30, `seed ${seed}`);
    const {batch, histogramStatuses} = head.appender();
    const count = {floats: 0, histograms: 0};
    for (const [histogram, status] of statuses) {
      const got = histogram ? histogramStatuses[count.histograms++] : batch.statuses[count.floats++];
      assert.equal(got, status, `seed ${seed}`);
    }
    for (const [name, rows] of expected) {
      const got = read(head, name);
      assert.deepEqual(
        got.map((row) => row.time),
        rows.map((row) => row.time),
        `seed ${seed}`,
      );
      rows.forEach((row, i) => assert.ok(sameValue(got[i]!.value, row.value), `seed ${seed}`));
    }
  }
});

test('histograms are logged before they are appended, and not appended where the log refuses them', () => {
  const logged: LoggedHistogram[] = [];
  let failing = false;
  const log: HeadLog = {
    series() {},
    samples() {},
    histograms: (samples) => void logged.push(...samples),
    metadata() {},
    exemplar() {},
    flush(): void {
      if (failing) throw new Error('disk full');
    },
  };
  const head = openHead({log});
  const {appender} = {appender: head.appender()};
  put(head, 'h', 1000, simple(10), {start: 500});
  put(head, 'h', 2000, null);
  put(head, 'h', 1500, simple(12));
  assert.deepEqual(
    [appender.commit().accepted, logged.map(({timeMs, startMs}) => [timeMs, startMs])],
    [
      2,
      [
        [1000, 500],
        [2000, 0],
        [1500, 0],
      ],
    ],
  );
  // Once more: accepted, but nothing new.
  put(head, 'h', 2000, null);
  appender.commit();
  assert.equal(logged.length, 3);
  failing = true;
  put(head, 'h', 3000, simple(13));
  assert.throws(() => appender.commit(), /disk full/);
  failing = false;
  appender.commit();
  assert.equal(read(head, 'h').length, 2);
});

test('counts beyond 2^50 and fractions are stored as float histograms', () => {
  const head = openHead();
  const large = simple(2 ** 60, {positiveBuckets: Float64Array.of(2 ** 59, 2 ** 60)});
  put(head, 'h', 1000, large);
  put(head, 'h', 2000, simple(2.5));
  head.appender().commit();
  assert.ok(sameValue(read(head, 'h')[0]!.value, large));
  assert.ok(sameValue(read(head, 'h')[1]!.value, simple(2.5)));
});

test('chunks of very large histograms are sealed and read', () => {
  const head = openHead();
  const random = new Random(1);
  const wide = (): FloatHistogram =>
    new FloatHistogram({
      schema: 8,
      positiveSpans: [{offset: 0, length: 20_000}],
      positiveBuckets: Float64Array.from({length: 20_000}, () => random.float()),
    });
  const values = Array.from({length: 25}, wide);
  values.forEach((value, i) => {
    put(head, 'h', 1000 * i, value.with({counterResetHint: counterReset.gauge}), {integer: false});
    head.appender().commit();
  });
  assert.ok(head.stats().chunks >= 2);
  assert.ok(head.stats().bytesInUse > values.length * 20_000 * 6);
  read(head, 'h').forEach(({value}, i) => assert.ok(sameValue(value, values[i]!), `sample ${i}`));
});

test('gc() and deletion take tagged chunks with all they hold', () => {
  for (let seed = 1; seed <= 10; seed++) {
    const head = openHead({
      histogramStartTimes: seed % 2 === 0,
      floatEncoding: seed % 3 === 0 ? 'xor2' : 'xor',
    });
    const empty = head.stats().bytesInUse;
    const histograms = randomHistograms(seed + 100, true);
    const floats = randomFloats(seed + 100);
    histograms.forEach(({time, start, histogram}) => {
      put(head, 'h', time, histogram, {start});
      head.appender().commit();
    });
    floats.forEach(({time, value}) => {
      put(head, 'f', time, value ?? 'stale');
      head.appender().commit();
    });
    const mint = histograms[histograms.length >>> 2]!.time;
    const maxt = histograms[histograms.length >>> 1]!.time;
    const before = read(head, 'h');
    const ref = {slot: 0, generation: 0};
    head.appender().series(labelsOf({__name__: 'h'}), ref);
    head.deleteSamples(ref.slot, mint, maxt);
    const kept = before.filter(({time}) => time < mint || time > maxt);
    const after = read(head, 'h');
    assert.deepEqual(
      after.map(({time, start}) => [time, start]),
      kept.map(({time, start}) => [time, start]),
      `seed ${seed}`,
    );
    after.forEach(({value}, i) => {
      const expected = kept[i]!.value;
      assert.ok(sameValue(value, expected === 'stale' ? null : expected), `seed ${seed}`);
    });
    assert.equal(head.stats().histogramsAppended, histograms.length);
    head.gc(Infinity);
    head.reclaim();
    const {series, chunks, retired, bytesInUse} = head.stats();
    assert.deepEqual([series, chunks, retired], [0, 0, 0], `seed ${seed}`);
    assert.ok(bytesInUse - empty < 1.5 * megabyte, `${bytesInUse - empty} bytes are left`);
  }
});
