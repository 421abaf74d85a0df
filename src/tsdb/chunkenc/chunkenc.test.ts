import assert from 'node:assert/strict';
import {createHash} from 'node:crypto';
import test from 'node:test';
import {Random} from '../../base/random.ts';
import {counterReset, customBucketsSchema, FloatHistogram} from '../../model/histogram.ts';
import {equals} from '../../model/histogram/equality.ts';
import {isStale} from '../../model/value.ts';
import {type ChunkToDecode, decodeChunk, type SampleColumns} from './decode.ts';
import {type Encoding, encoding, isHistogramEncoding} from './encoding.ts';
import {HistogramAppender, histogramKind, HistogramReader} from './histogram.ts';
import {appendFloat, makeHistogramChunks, makeXor2} from './testing/makechunks.ts';
import {type HistogramSample, randomFloats, randomHistograms} from './testing/randomsamples.ts';
import {Xor2Appender} from './xor2.ts';

const encodings: readonly Encoding[] = [2, 3, 4, 5, 6];
const seeds = 60;

/** All chunks of a seed's samples. */
function chunksOf(value: Encoding, seed: number): Uint8Array[] {
  if (value === encoding.xor2) return [makeXor2(randomFloats(seed)).bytes.slice()];
  const samples = randomHistograms(seed, histogramKind(value).integer);
  return makeHistogramChunks(samples, value).map(({appender}) => appender.bytes.slice());
}

function newColumns(rows: number): SampleColumns & {valueWords: Uint32Array} {
  const values = new Float64Array(rows);
  const valueWords = new Uint32Array(values.buffer);
  return {times: new Float64Array(rows), values, valueWords, histograms: null, startTimes: null};
}

/** As many as the longest chunk of the tests can have, damaged headers aside: what is written behind is lost. */
const rows = 512;

function decode(chunk: ChunkToDecode, range = {mint: -Infinity, maxt: Infinity}): [SampleColumns, number] {
  const columns = newColumns(rows);
  return [columns, decodeChunk(chunk, range, columns, 0)];
}

/** Digests of what Prometheus 3.14's own appenders write for these samples, in hex, with a line for each seed. */
const digests: Readonly<Record<number, string>> = {
  2: 'dd229933f7750c226f9d8a63cc50aba8e56cb902225483cb3b239b96d3ea01ec',
  3: '634ccdd9989ef50418688e0151b61ddbb0acee0a048888fd47b7e88f98ba67e0',
  4: '35f5ddf69ac3e2477cc347e3073f46093e6adba4c4fd688e6a699d77fb17e7f9',
  5: '11b5f7dd8073f7946e559cf33dc8e98d59ecfea525ac0ed938712ef51c2d760e',
  6: 'fe2a8d5a239896712ae84b824203ced51e5fee5d070ddd02b4f54193669ae525',
};

test("appenders write Prometheus's bytes", () => {
  for (const value of encodings) {
    const lines = Array.from({length: seeds}, (_, seed) =>
      chunksOf(value, seed + 1)
        .map((chunk) => chunk.toHex())
        .join(' '),
    );
    const digest = createHash('sha256').update(lines.join('\n')).digest('hex');
    assert.equal(digest, digests[value], `encoding ${value}`);
  }
});

const simple = new FloatHistogram({
  schema: 0,
  zeroThreshold: 2 ** -128,
  zeroCount: 1,
  count: 7,
  sum: 2.5,
  positiveSpans: [{offset: 1, length: 2}],
  positiveBuckets: Float64Array.of(2, 4),
});

test('a histogram chunk is these bytes', () => {
  function f(value: Encoding, hex: string): void {
    const appender = new HistogramAppender(histogramKind(value));
    appender.begin(1000, simple, 400, null);
    assert.equal(appender.append(2000, simple.with({sum: 3, count: 8, zeroCount: 2}), 400), null);
    assert.equal(appender.append(3000, null, 2000), null);
    assert.equal(appender.bytes.toHex(), hex, `encoding ${value}`);
  }
  f(2, '00030074465178fa2f1400400000000000094bc7d118ec0b062f7ff8000000000002');
  f(
    3,
    '00030074465178fa10070000000000000ffc0000000000001001000000000000100000000000000010040000000000003c7d1a84fc25fffd816309500d00317bffc0000000000010',
  );
  f(5, '00038274465178fa2f1400400000000000094ac027c7d118ec0b062f7ff8000000000002');
  f(
    6,
    '00038274465178fa10070000000000000ffc0000000000001001000000000000100000000000000010040000000000002c027c7d1a84fc25fffd816309500d00317bffc0000000000010',
  );
});

test('what is appended comes back', () => {
  for (let seed = 1; seed <= seeds; seed++) {
    for (const value of encodings.filter(isHistogramEncoding)) {
      const {integer, starts} = histogramKind(value);
      for (const {appender, samples} of makeHistogramChunks(randomHistograms(seed, integer), value)) {
        checkChunk(
          {bytes: appender.bytes, encoding: value},
          samples,
          starts,
          `seed ${seed} encoding ${value}`,
        );
      }
    }
    const floats = randomFloats(seed);
    const [columns, length] = decode({bytes: makeXor2(floats).bytes, encoding: encoding.xor2});
    assert.equal(length, floats.length);
    floats.forEach(({time, start, value}, i) => {
      assert.equal(columns.times[i], time, `seed ${seed}`);
      assert.equal(columns.startTimes?.[i] ?? 0, start, `seed ${seed}`);
      if (value === null) assert.ok(isStale(columns.valueWords, i), `seed ${seed}`);
      else assert.ok(Object.is(columns.values[i], value) && !isStale(columns.valueWords, i), `seed ${seed}`);
    });
  }
});

function checkChunk(
  chunk: ChunkToDecode,
  samples: readonly HistogramSample[],
  starts: boolean,
  context: string,
): void {
  const [columns, length] = decode(chunk);
  assert.equal(length, samples.length, context);
  samples.forEach(({time, start, histogram}, i) => {
    assert.equal(columns.times[i], time, context);
    assert.equal(columns.startTimes?.[i] ?? 0, starts ? start : 0, context);
    const got = columns.histograms?.[i];
    if (histogram === null) {
      assert.ok(got === undefined && isStale(columns.valueWords, i), context);
      return;
    }
    assert.ok(got !== undefined && equals(withoutEmpty(got), withoutEmpty(histogram)), `${context} at ${i}`);
    assert.ok(Object.is(columns.values[i], histogram.sum), context);
  });
}

/** Without the buckets that only other samples of the chunk need. */
function withoutEmpty(histogram: FloatHistogram): FloatHistogram {
  const keep = (spans: FloatHistogram['positiveSpans'], counts: Float64Array): [number, number][] => {
    const kept: [number, number][] = [];
    let at = 0;
    let index = 0;
    for (const {offset, length} of spans) {
      index += offset;
      for (let i = 0; i < length; i++, at++, index++) if (counts[at] !== 0) kept.push([index, counts[at]!]);
    }
    return kept;
  };
  const side = (
    pairs: [number, number][],
  ): {spans: {offset: number; length: number}[]; counts: Float64Array} => ({
    spans: pairs.map(([index], i) => ({offset: i === 0 ? index : index - pairs[i - 1]![0] - 1, length: 1})),
    counts: Float64Array.from(pairs, ([, count]) => count),
  });
  const positive = side(keep(histogram.positiveSpans, histogram.positiveBuckets));
  const negative = side(keep(histogram.negativeSpans, histogram.negativeBuckets));
  return histogram.with({
    positiveSpans: positive.spans,
    positiveBuckets: positive.counts,
    negativeSpans: negative.spans,
    negativeBuckets: negative.counts,
  });
}

test('an appender that resumes goes on with the same bytes', () => {
  for (let seed = 1; seed <= seeds; seed++) {
    const random = new Random(seed);
    const value = random.pick(encodings);
    if (value === encoding.xor2) {
      const samples = randomFloats(seed);
      let appender = new Xor2Appender();
      for (const sample of samples) {
        appendFloat(appender, sample);
        // Bytes behind those that are used, and bits that a later sample wrote, do not matter.
        const bytes = Uint8Array.from([...appender.bytes, 0xa5, 0xa5]);
        if (random.below(3) === 0) appender = Xor2Appender.resume(bytes, appender.samples);
      }
      assert.equal(appender.bytes.toHex(), makeXor2(samples).bytes.toHex(), `seed ${seed}`);
      continue;
    }
    for (const {appender, samples} of makeHistogramChunks(
      randomHistograms(seed, histogramKind(value).integer),
      value,
    )) {
      let resumed = new HistogramAppender(histogramKind(value));
      samples.forEach(({time, start, histogram}, i) => {
        if (i === 0) resumed.begin(time, histogram, start, null);
        else assert.equal(resumed.append(time, histogram, start), null, `seed ${seed}`);
        if (random.below(3) > 0) return;
        const bytes = Uint8Array.from([...resumed.bytes, 0xa5, 0xa5]);
        resumed = HistogramAppender.resume(bytes, value, resumed.samples);
      });
      // What the first sample says of the chunk before is known to nobody but the appender that began the chunk.
      const skip = 3;
      assert.equal(
        resumed.bytes.subarray(skip).toHex(),
        appender.bytes.subarray(skip).toHex(),
        `seed ${seed}`,
      );
    }
  }
});

test('decodeChunk() keeps to its range and to the number of samples it is told', () => {
  for (let seed = 1; seed <= 20; seed++) {
    for (const value of encodings) {
      for (const bytes of chunksOf(value, seed)) {
        const [all, count] = decode({bytes, encoding: value});
        const mint = all.times[Math.floor(count / 3)]!;
        const maxt = all.times[Math.floor((2 * count) / 3)]!;
        const [some, length] = decode({bytes, encoding: value}, {mint, maxt});
        assert.deepEqual(
          some.times.slice(0, length),
          all.times.slice(0, count).filter((time) => time >= mint && time <= maxt),
          `seed ${seed}`,
        );
        assert.equal(decode({bytes, encoding: value, samples: count >>> 1})[1], count >>> 1, `seed ${seed}`);
      }
    }
  }
});

test('decodeChunk() refuses what is cut short', () => {
  for (const value of encodings) {
    const bytes = chunksOf(value, 7).find((chunk) => chunk.length > 20)!;
    for (let length = 0; length < bytes.length; length++) {
      assert.throws(
        () => decode({bytes: bytes.subarray(0, length), encoding: value}),
        RangeError,
        `${value} ${length}`,
      );
    }
  }
});

test('decodeChunk() of damaged bytes ends with samples or a RangeError', () => {
  const chunks = encodings.map((value) => Array.from({length: 10}, (_, i) => chunksOf(value, i + 1)).flat());
  for (let seed = 1; seed <= 2000; seed++) {
    const random = new Random(seed);
    const kind = random.below(encodings.length);
    const value = encodings[kind]!;
    const bytes = random.pick(chunks[kind]!).slice();
    for (let flips = 1 + random.below(4); flips > 0; flips--) {
      bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
    }
    try {
      const [, length] = decode({bytes, encoding: value});
      assert.ok(length <= 65_535);
    } catch (error) {
      assert.ok(error instanceof RangeError, `seed ${seed}: ${String(error)}`);
    }
  }
});

test('counts beyond what a number holds exactly are read as the nearest numbers', () => {
  const bytes = Uint8Array.fromHex(
    '00020074465178fa3fe00000000000000008008000000000001fe8000000000000000f1f47c08000f81000',
  );
  const [columns, length] = decode({bytes, encoding: encoding.histogram});
  assert.equal(length, 2);
  assert.equal(columns.histograms?.[1]?.count, 2 ** 63 + 2 ** 12);
  assert.deepEqual([...columns.histograms![1]!.positiveBuckets], [2 ** 62, 2 ** 62 + 2 ** 12]);
});

test('wide and narrow readers read the same', () => {
  for (let seed = 1; seed <= seeds; seed++) {
    for (const bytes of chunksOf(encoding.histogramST, seed)) {
      const narrow = new HistogramReader(bytes, {integer: true, starts: true});
      const wide = new HistogramReader(bytes, {integer: true, starts: true}, narrow.samples, true);
      while (narrow.next()) {
        assert.ok(wide.next());
        assert.deepEqual(wide.histogram(), narrow.histogram(), `seed ${seed}`);
      }
      assert.equal(narrow.needsWide, false);
    }
  }
});

/** Appends `next` to a chunk of `first` and says what came of it: header of the new chunk, or buckets where there is none. */
function followUp(first: FloatHistogram | null, next: FloatHistogram | null, integer = true): string {
  const appender = new HistogramAppender({integer, starts: false});
  appender.begin(1000, first, 0, null);
  const cut = appender.append(2000, next, 0);
  if (cut !== null) return `cut ${cut.bytes[2]! >>> 6}`;
  return `${appender.recoded ? 'recoded' : 'appended'} ${appender.last?.positiveBuckets.join() ?? 'stale'}`;
}

test('append() cuts a chunk where a counter was reset or the scale changes', () => {
  const custom = new FloatHistogram({
    schema: customBucketsSchema,
    count: 3,
    customValues: [1, 2],
    positiveSpans: [{offset: 0, length: 2}],
    positiveBuckets: Float64Array.of(1, 2),
  });
  const spans = (...pairs: [number, number][]): {offset: number; length: number}[] =>
    pairs.map(([offset, length]) => ({offset, length}));
  const with4 = {positiveSpans: spans([0, 4]), positiveBuckets: Float64Array.of(0, 2, 4, 1), count: 8};
  const gauge = simple.with({counterResetHint: counterReset.gauge});
  function f(first: FloatHistogram | null, next: FloatHistogram | null, whole: string, float = whole): void {
    assert.equal(followUp(first, next), whole);
    assert.equal(followUp(first, next, false), float);
  }
  f(simple, simple, 'appended 2,4');
  f(simple, simple.with({count: 6}), 'cut 2');
  f(simple, simple.with({zeroCount: 0}), 'cut 2');
  f(simple, simple.with({positiveBuckets: Float64Array.of(3, 3)}), 'cut 2');
  f(simple, simple.with({counterResetHint: counterReset.reset}), 'cut 2');
  f(simple, simple.with({schema: 1}), 'cut 0');
  f(simple, simple.with({zeroThreshold: 1}), 'cut 0');
  f(custom, custom.with({customValues: [1, 3]}), 'cut 2');
  f(simple, simple.with({positiveSpans: spans([1, 1]), positiveBuckets: Float64Array.of(2)}), 'cut 2');
  f(simple, simple.with(with4), 'recoded 0,2,4,1');
  f(
    simple.with(with4),
    simple.with({...with4, positiveSpans: spans([1, 3]), positiveBuckets: Float64Array.of(2, 4, 1)}),
    'appended 0,2,4,1',
  );
  f(
    simple.with(with4),
    simple.with({
      count: 9,
      positiveSpans: spans([1, 3], [2, 1]),
      positiveBuckets: Float64Array.of(2, 4, 1, 1),
    }),
    'recoded 0,2,4,1,1',
  );
  f(simple, null, 'appended stale');
  f(null, null, 'appended stale');
  f(null, simple, 'cut 0');
  f(simple, gauge, 'cut 3');
  f(gauge, simple, 'cut 1', 'cut 0');
  f(gauge, null, 'cut 1', 'cut 0');
  f(gauge, gauge.with({count: 1, positiveBuckets: Float64Array.of(1, 0)}), 'appended 1,0');
  f(gauge, gauge.with({positiveSpans: spans([3, 1]), positiveBuckets: Float64Array.of(5)}), 'recoded 0,0,5');
  f(gauge, gauge.with({schema: 2}), 'cut 3');
});

test('endsWith() knows the newest sample, with the buckets that the chunk has given it', () => {
  const appender = new HistogramAppender({integer: true, starts: false});
  appender.begin(1000, simple, 0, null);
  assert.ok(appender.endsWith(simple.with({counterResetHint: counterReset.notReset})));
  assert.ok(!appender.endsWith(simple.with({sum: 3})));
  assert.ok(!appender.endsWith(null));
  appender.append(2000, null, 0);
  assert.ok(appender.endsWith(null));
});
