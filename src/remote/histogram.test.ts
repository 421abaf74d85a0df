import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../base/random.ts';
import {counterReset, customBucketsSchema, FloatHistogram} from '../model/histogram.ts';
import {InvalidHistogram} from '../model/histogram/validate.ts';
import {randomHistograms} from '../tsdb/chunkenc/testing/randomsamples.ts';
import {writeHistogram} from './histogram-encode.ts';
import {readHistogram, type WrittenHistogram} from './histogram.ts';
import {ProtobufReader} from '../base/protobuf.ts';
import {ProtobufWriter} from '../base/protobuf-writer.ts';

function bytesOf(histogram: WrittenHistogram): Uint8Array {
  const out = new ProtobufWriter();
  writeHistogram(out, histogram);
  return out.written.slice();
}

function read(bytes: Uint8Array): WrittenHistogram {
  return readHistogram(new ProtobufReader(bytes), bytes.length);
}

test('readHistogram() reads what Prometheus writes', () => {
  function f(hex: string, expected: WrittenHistogram): void {
    assert.deepEqual(read(Uint8Array.fromHex(hex.replaceAll(' ', ''))), expected);
  }
  // count_int 6, sum 1.5, schema -1, zero_threshold, zero_count_int 1, negative and positive sides, reset_hint, timestamp.
  const integer =
    '08 06  19 000000000000f83f  20 01  29 000000000000f037  30 01 ' +
    '42 04 0803 1001  4a 01 04  5a 02 1002  62 02 0201  70 02  78 e807';
  const fields = {
    counterResetHint: counterReset.notReset,
    schema: -1,
    zeroThreshold: 2 ** -128,
    zeroCount: 1,
    count: 6,
    sum: 1.5,
    negativeSpans: [{offset: -2, length: 1}],
    negativeBuckets: Float64Array.of(2),
    positiveSpans: [{offset: 0, length: 2}],
    positiveBuckets: Float64Array.of(1, 0),
  };
  assert.throws(() => f(integer, {timeMs: 1000, integer: true, histogram: null}), InvalidHistogram);
  f(integer.replace('08 06', '08 04'), {
    timeMs: 1000,
    integer: true,
    histogram: new FloatHistogram({...fields, count: 4}),
  });
  // Numbers that are not packed; a zero count of the other kind does not count; an unknown field.
  f('11 000000000000f83f  5a 02 1001  69 000000000000f83f  30 05  f801 01  78 01', {
    timeMs: 1,
    integer: false,
    histogram: new FloatHistogram({
      count: 1.5,
      positiveSpans: [{offset: 0, length: 1}],
      positiveBuckets: Float64Array.of(1.5),
    }),
  });
  f('08 00  19 020000000000f07f  78 01', {timeMs: 1, integer: true, histogram: null});
  f('', {timeMs: 0, integer: true, histogram: new FloatHistogram({})});
});

test('readHistogram() merges buckets that are finer than the finest here', () => {
  const histogram = new FloatHistogram({
    schema: 10,
    count: 4,
    positiveSpans: [{offset: 1, length: 4}],
    positiveBuckets: Float64Array.of(1, 1, 1, 1),
  });
  const got = read(bytesOf({timeMs: 1, integer: true, histogram})).histogram!;
  assert.deepEqual(
    [got.schema, got.positiveSpans, [...got.positiveBuckets]],
    [8, [{offset: 1, length: 1}], [4]],
  );
});

test('what is written comes back', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const integer = seed % 2 === 0;
    for (const {time, histogram} of randomHistograms(seed, integer)) {
      const written = {timeMs: time, histogram, integer};
      assert.deepEqual(read(bytesOf(written)), written, `seed ${seed}`);
    }
  }
});

test('readHistogram() refuses what contradicts itself, in the words of Prometheus', () => {
  const sound = new FloatHistogram({
    count: 3,
    positiveSpans: [{offset: 0, length: 2}],
    positiveBuckets: Float64Array.of(1, 2),
  });
  function f(fields: Partial<FloatHistogram>, message: string, integer = true): void {
    const bytes = bytesOf({timeMs: 1, histogram: sound.with(fields), integer});
    assert.throws(() => read(bytes), {name: 'InvalidHistogram', message});
  }
  f(
    {count: 4},
    "3 observations found in buckets, but the Count field is 4: histogram's observation count should equal the number of " +
      'observations found in the buckets (in absence of NaN)',
  );
  f(
    {count: 2, sum: NaN},
    "3 observations found in buckets, but the Count field is 2: histogram's observation count should be at least the " +
      'number of observations found in the buckets',
  );
  f(
    {positiveBuckets: Float64Array.of(1)},
    'positive side: spans need 2 buckets, have 1 buckets: histogram spans specify different number of buckets than provided',
  );
  f(
    {positiveBuckets: Float64Array.of(4, -1)},
    'positive side: bucket number 2 has observation count of -1: histogram has a bucket whose observation count is negative',
  );
  f(
    {
      positiveSpans: [
        {offset: 0, length: 1},
        {offset: -1, length: 1},
      ],
    },
    'positive side: span number 2 with offset -1: histogram has a span whose offset is negative',
  );
  f(
    {schema: 53},
    'histogram has an invalid schema, which must be between -4 and 8 for exponential buckets, or -53 for custom buckets, ' +
      'got schema 53',
  );
  f(
    {schema: customBucketsSchema, customValues: [2, 1]},
    'custom buckets: previous bound is 2.000000 and current is 1.000000: histogram custom bounds must be in strictly increasing order',
  );
  f(
    {schema: customBucketsSchema, customValues: [1, 2], zeroCount: 1},
    'custom buckets: must have zero count of 0',
  );
  f({count: -1}, "observation count is  -1: histogram's observation count is negative", false);
});

test('readHistogram() of cut or damaged bytes ends with a histogram, a SyntaxError or an InvalidHistogram', () => {
  const samples = randomHistograms(8, true);
  for (let seed = 1; seed <= 3000; seed++) {
    const random = new Random(seed);
    const {time, histogram} = random.pick(samples);
    let bytes = bytesOf({timeMs: time, histogram, integer: true});
    if (random.below(2) === 0) bytes = bytes.slice(0, random.below(bytes.length));
    else bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
    try {
      read(bytes);
    } catch (error) {
      assert.ok(
        error instanceof SyntaxError || error instanceof InvalidHistogram,
        `seed ${seed}: ${String(error)}`,
      );
    }
  }
});
