import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../../base/random.ts';
import {counterReset, FloatHistogram} from '../../model/histogram.ts';
import {isStale, setStale} from '../../model/value.ts';
import {ChunkEncoder} from './chunkencoder.ts';
import {SampleColumns} from './columns.ts';
import {appendChunk, chunkSamples} from './decode.ts';
import {makeScratch} from './testing/blocks.ts';

const scratch = makeScratch();

function histogramOf(random: Random, count: number, gauge: boolean): FloatHistogram {
  return new FloatHistogram({
    counterResetHint: gauge ? counterReset.gauge : counterReset.unknown,
    schema: 1,
    count: count * 3 + 1,
    zeroCount: 1,
    zeroThreshold: 0.001,
    sum: random.float() * 100,
    positiveSpans: [{offset: 1, length: 2}],
    positiveBuckets: Float64Array.of(count, count * 2),
  });
}

interface Row {
  time: number;
  value: number | 'stale' | FloatHistogram;
  start: number;
}

function columnsOf(rows: readonly Row[]): SampleColumns {
  const columns = new SampleColumns(scratch);
  appendRows(columns, rows);
  return columns;
}

function appendRows(columns: SampleColumns, rows: readonly Row[]): void {
  const values = Float64Array.from(rows, ({value}) => (typeof value === 'number' ? value : 0));
  const valueWords = new Uint32Array(values.buffer);
  rows.forEach(({value}, i) => {
    if (value === 'stale') setStale(valueWords, i);
  });
  const histograms = rows.map(({value}) => (value instanceof FloatHistogram ? value : undefined));
  columns.appendColumns(
    {
      times: Float64Array.from(rows, ({time}) => time),
      valueWords,
      histograms: histograms.some((each) => each !== undefined) ? histograms : null,
      startTimes: rows.some(({start}) => start !== 0) ? Float64Array.from(rows, ({start}) => start) : null,
    },
    rows.length,
  );
}

function rowsOf(columns: SampleColumns): Row[] {
  return Array.from({length: columns.length}, (_, i) => {
    const histogram = columns.histograms?.[i];
    const float = isStale(columns.valueWords, i) ? 'stale' : columns.values[i]!;
    return {time: columns.times[i]!, value: histogram ?? float, start: columns.startTimes?.[i] ?? 0};
  });
}

/** What a sample says without its relation to the one before. */
function plain(rows: readonly Row[]): unknown[] {
  return rows.map(({time, value, start}) => {
    if (!(value instanceof FloatHistogram)) return {time, value, start};
    const {positiveBuckets, count, sum, zeroCount, schema} = value;
    return {time, start, positiveBuckets, count, sum, zeroCount, schema};
  });
}

function randomRows(random: Random, count: number, withStarts: boolean): Row[] {
  const rows: Row[] = [];
  let time = random.below(1000);
  let start = 0;
  let kind = 0;
  for (let i = 0; i < count; i++) {
    time += 1 + random.below(1000);
    if (random.below(20) === 0) kind = random.below(3);
    if (withStarts && random.below(10) === 0) start = time - random.below(500);
    const stale = random.below(12) === 0;
    const value = kind === 0 ? random.float() : histogramOf(random, i, kind === 1);
    rows.push({time, value: stale ? 'stale' : value, start});
  }
  return rows;
}

test('what ChunkEncoder writes is read again, for any seed', () => {
  const encoder = new ChunkEncoder(scratch);
  for (let seed = 0; seed < 200; seed++) {
    const random = new Random(seed);
    const rows = randomRows(random, 1 + random.below(400), seed % 3 === 0);
    const columns = columnsOf(rows);
    const back = new SampleColumns(scratch);
    let samples = 0;
    let last = -1;
    const options = {samplesMax: random.pick([120, 7, Infinity]), integerHistograms: seed % 2 === 0};
    encoder.encode(columns, options, ({encoding, data, min, max}) => {
      assert.ok(min > last && max >= min, `seed ${seed}: chunks rise`);
      last = max;
      samples += chunkSamples(encoding, data);
      assert.ok(chunkSamples(encoding, data) <= options.samplesMax);
      const address = scratch.arena.alloc(data.length + 64);
      scratch.memory.u8.set(data, address);
      const copy = scratch.memory.u8.subarray(address, address + data.length);
      appendChunk(back, encoding, copy, {mint: -Infinity, maxt: Infinity});
      scratch.arena.free(address, data.length + 64);
    });
    assert.equal(samples, rows.length, `seed ${seed}`);
    assert.deepEqual(plain(rowsOf(back)), plain(rows), `seed ${seed}`);
    columns.free();
    back.free();
  }
  encoder.free();
});

test('endSource() merges by time and keeps the sample that was there first', () => {
  for (let seed = 0; seed < 200; seed++) {
    const random = new Random(seed);
    const columns = new SampleColumns(scratch);
    const expected = new Map<number, Row>();
    for (let source = 0; source < 1 + random.below(4); source++) {
      const rows = randomRows(random, random.below(40), random.below(2) === 0);
      appendRows(columns, rows);
      columns.endSource();
      for (const row of rows) if (!expected.has(row.time)) expected.set(row.time, row);
    }
    const sorted = [...expected.values()].sort((left, right) => left.time - right.time);
    assert.deepEqual(plain(rowsOf(columns)), plain(sorted), `seed ${seed}`);
    columns.free();
  }
  scratch.chunks!.clear();
  assert.equal(scratch.arena.bytesInUse, 0);
});

test('a histogram after one of another source does not say whether it was reset', () => {
  const random = new Random(1);
  const notReset = (time: number): Row => ({
    time,
    value: histogramOf(random, time, false).with({counterResetHint: counterReset.notReset}),
    start: 0,
  });
  const columns = columnsOf([notReset(1), notReset(2), notReset(5)]);
  columns.endSource();
  appendRows(columns, [notReset(3), notReset(4), notReset(6)]);
  columns.endSource();
  const hints = columns.histograms!.map((each) => each!.counterResetHint);
  const {notReset: no, unknown} = counterReset;
  assert.deepEqual(hints, [no, no, unknown, no, unknown, unknown]);
  columns.free();
});
