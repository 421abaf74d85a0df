import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../../base/random.ts';
import {counterReset, customBucketsSchema, FloatHistogram} from '../../model/histogram.ts';
import {randomHistograms} from '../chunkenc/testing/randomsamples.ts';
import type {LoggedHistogram} from '../log.ts';
import {RecordDecoder} from './decode.ts';
import {recordType} from './format.ts';
import {HistogramRecord, histogramRecordType} from './histogram-records.ts';

function encode(type: number, samples: readonly LoggedHistogram[]): Uint8Array {
  const record = new HistogramRecord(type);
  for (const sample of samples) record.add(sample);
  return record.bytes.slice(0, record.length);
}

const decode = (record: Uint8Array): LoggedHistogram[] => new RecordDecoder().histograms(record);

const whole = new FloatHistogram({
  counterResetHint: counterReset.notReset,
  schema: 1,
  zeroThreshold: 2 ** -128,
  zeroCount: 2,
  count: 300,
  sum: 1.5,
  positiveSpans: [{offset: -3, length: 2}],
  positiveBuckets: Float64Array.of(100, 98),
  negativeSpans: [{offset: 0, length: 1}],
  negativeBuckets: Float64Array.of(100),
});
const gauge = new FloatHistogram({
  counterResetHint: counterReset.gauge,
  schema: -4,
  zeroThreshold: 0.5,
  zeroCount: 2.5,
  count: 4,
  sum: -1,
  positiveSpans: [{offset: 7, length: 1}],
  positiveBuckets: Float64Array.of(1.5),
});
const custom = new FloatHistogram({
  schema: customBucketsSchema,
  count: 3,
  sum: 1.5,
  positiveSpans: [{offset: 0, length: 2}],
  positiveBuckets: Float64Array.of(1, 2),
  customValues: [0.5],
});

type Sample = [ref: number, timeMs: number, startMs: number, histogram: FloatHistogram | null];

const wholes: Sample[] = [
  [300, 1_700_000_000_000, 1_699_999_999_000, whole],
  [2, 1_700_000_000_001, 1_699_999_999_000, null],
  [301, 1_699_999_999_999, 0, whole],
  [301, 1_700_000_000_005, 1_699_999_999_002, null],
];
const gauges: Sample[] = [
  [9, 1000, 0, gauge],
  [10, 1000, 0, null],
  [11, 1001, 500, gauge],
];

test("HistogramRecord writes Prometheus 3.14's bytes, and RecordDecoder reads them", () => {
  function f(type: number, samples: readonly Sample[], hex: string): void {
    const integer = type === 7 || type === 9 || type === 12;
    const logged = samples.map(([ref, timeMs, startMs, histogram]) => ({
      ref,
      timeMs,
      startMs,
      histogram,
      integer,
    }));
    const bytes = encode(type, logged);
    assert.equal(bytes.toHex(), hex);
    const starts = type >= 11;
    assert.deepEqual(
      decode(bytes),
      logged.map((sample) => (starts ? sample : {...sample, startMs: 0})),
    );
    for (const sample of logged) {
      if (sample.histogram !== null) assert.equal(histogramRecordType(sample, starts), type);
    }
  }
  f(
    7,
    wholes,
    '07000000000000012c0000018bcfe568000000020237f000000000000002ac023ff800000000000001050201000102c8010301c801d304020000000000000000000000007ff0000000000002000000000201020237f000000000000002ac023ff800000000000001050201000102c8010301c801020a0000000000000000000000007ff000000000000200000000',
  );
  f(
    8,
    gauges,
    '08000000000000000900000000000003e8000003073fe000000000000040040000000000004010000000000000bff0000000000000010e0100013ff800000000000000020000000000000000000000000000000000000000000000000000007ff000000000000200000000040203073fe000000000000040040000000000004010000000000000bff0000000000000010e0100013ff800000000000000',
  );
  f(
    9,
    [
      [5, 1000, 0, custom],
      [4, 2000, 0, custom],
    ],
    '09000000000000000500000000000003e800000069000000000000000000033ff80000000000000100020002020200013fe000000000000001d00f0069000000000000000000033ff80000000000000100020002020200013fe0000000000000',
  );
  f(
    10,
    [[5, 1000, 0, custom]],
    '0a000000000000000500000000000003e8000000690000000000000000000000000000000040080000000000003ff800000000000001000200023ff0000000000000400000000000000000013fe0000000000000',
  );
  f(
    12,
    wholes,
    '0cd80480a0abfef962b090abfef962020237f000000000000002ac023ff800000000000001050201000102c8010301c801d30402010000000000000000000000007ff000000000000200000000d6040100020237f000000000000002ac023ff800000000000001050201000102c8010301c801000a02040000000000000000000000007ff000000000000200000000',
  );
  f(
    13,
    gauges,
    '0d12d00f0003073fe000000000000040040000000000004010000000000000bff0000000000000010e0100013ff80000000000000002000000000000000000000000000000000000000000000000000000007ff000000000000200000000020202e80703073fe000000000000040040000000000004010000000000000bff0000000000000010e0100013ff800000000000000',
  );
});

test('records of any histograms come back', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const integer = seed % 2 === 0;
    const random = new Random(seed);
    let ref = 2 ** 40;
    const samples = randomHistograms(seed, integer).map(({time, start, histogram}) => {
      ref = Math.max(1, ref + random.below(100) - 50);
      return {ref, timeMs: time, startMs: start, histogram, integer};
    });
    const plain = encode(integer ? recordType.histograms : recordType.floatHistograms, samples);
    // With schema -53, bounds are in it whatever the type.
    assert.deepEqual(
      decode(plain),
      samples.map((sample) => ({...sample, startMs: 0})),
      `seed ${seed}`,
    );
    const v2 = encode(integer ? recordType.histogramsV2 : recordType.floatHistogramsV2, samples);
    assert.deepEqual(decode(v2), samples, `seed ${seed}`);
    const newest = Math.max(...samples.map(({timeMs}) => timeMs));
    assert.equal(new RecordDecoder().newestTime(v2), newest);
  }
});

test('RecordDecoder leaves out histograms of unknown schemas and with buckets that contradict their spans', () => {
  const kept = {ref: 1, timeMs: 1000, startMs: 0, histogram: whole, integer: true};
  function f(fields: Partial<FloatHistogram>): void {
    const other = {...kept, ref: 2, histogram: whole.with(fields)};
    assert.deepEqual(decode(encode(7, [kept, other, kept])), [kept, kept]);
  }
  f({schema: 53});
  f({schema: -10});
  f({positiveBuckets: Float64Array.of(1)});
  f({positiveSpans: [{offset: 0, length: 4_000_000_000}]});
  const fine = {...kept, histogram: whole.with({schema: 9})};
  assert.equal(decode(encode(7, [fine]))[0]!.histogram!.schema, 8);
});

test('RecordDecoder stops, with a RangeError or without, on any bytes', () => {
  const samples = randomHistograms(4, true).slice(0, 20);
  const logged = samples.map(({time, start, histogram}, i) => ({
    ref: i,
    timeMs: time,
    startMs: start,
    histogram,
    integer: true,
  }));
  for (let seed = 1; seed <= 4000; seed++) {
    const random = new Random(seed);
    let bytes = encode(random.pick([7, 8, 9, 10, 12, 13]), logged);
    for (let flips = random.below(4); flips > 0; flips--) {
      bytes[1 + random.below(bytes.length - 1)] = random.below(256);
    }
    if (random.below(2) === 0) bytes = bytes.slice(0, 1 + random.below(bytes.length));
    const decoder = new RecordDecoder();
    try {
      decoder.histograms(bytes);
      assert.ok(decoder.sound(bytes));
    } catch (error) {
      assert.ok(error instanceof RangeError, `seed ${seed}: ${String(error)}`);
      assert.ok(!decoder.sound(bytes));
    }
  }
});
