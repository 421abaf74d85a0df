import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../base/random.ts';
import {FloatHistogram} from '../model/histogram.ts';
import {labelsOf, type Labels} from '../model/labels.ts';
import {staleNaNHigh, staleNaNLow} from '../model/value.ts';
import {noLogger} from '../sys/log.ts';
import {FakeAppender} from './fakeappender.ts';
import type {WrittenHistogram} from './histogram.ts';
import {ProtobufWriter} from '../base/protobuf-writer.ts';
import {compressSnappy} from './snappy.ts';
import type {WriteOutcome} from './write-outcome.ts';
import {WriteReceiver} from './writerequest.ts';
import {WriteRequestEncoder} from './writerequest-encode.ts';

const nowMs = 1_700_000_000_000;
const utf8 = new TextEncoder();

const up: Labels = labelsOf({__name__: 'up', instance: 'a:1', job: 'a'});
const down: Labels = labelsOf({__name__: 'down', job: 'a'});

type Sample = [timeMs: number, value: number];

function bodyOf(...series: [Labels, ...Sample[]][]): Uint8Array {
  const encoder = new WriteRequestEncoder();
  for (const [labels, ...samples] of series) {
    encoder.series(
      labels,
      samples.map(([time]) => time),
      samples.map(([, value]) => value),
    );
  }
  return encoder.body();
}

/** A receiver with what it writes to. */
function setUp(capacity = 64): {appender: FakeAppender; send: (body: Uint8Array) => Promise<WriteOutcome>} {
  const appender = new FakeAppender(capacity);
  const receiver = new WriteReceiver(appender, noLogger);
  return {appender, send: (body) => receiver.apply(body, {nowMs})};
}

function valuesOf(appender: FakeAppender, labels: Labels): Sample[] {
  const series = appender.stored(labels);
  const bits = new BigUint64Array(series?.values ?? []);
  const values = new Float64Array(bits.buffer);
  return (series?.times ?? []).map((time, i) => [time, values[i]!]);
}

function messageOf(write: (request: ProtobufWriter) => void): Uint8Array {
  const request = new ProtobufWriter();
  write(request);
  return compressSnappy(request.written);
}

/** A sub-message. */
function part(write: (part: ProtobufWriter) => void): Uint8Array {
  const writer = new ProtobufWriter();
  write(writer);
  return writer.written;
}

function labelPart(name: string | Uint8Array, value: string | Uint8Array): Uint8Array {
  return part((label) => {
    label.bytes(1, typeof name === 'string' ? utf8.encode(name) : name);
    label.bytes(2, typeof value === 'string' ? utf8.encode(value) : value);
  });
}

function samplePart(time: number, value: number): Uint8Array {
  return part((sample) => {
    sample.double(1, value);
    sample.int64(2, time);
  });
}

const accepted = {status: 204, message: '', samplesRejected: 0, samplesWithInvalidLabels: 0};

function assertOutcome(outcome: WriteOutcome, expected: Partial<WriteOutcome>): void {
  const picked = Object.fromEntries(
    Object.keys(expected).map((key) => [key, outcome[key as keyof WriteOutcome]]),
  );
  assert.deepEqual(picked, expected);
}

test('WriteReceiver stores samples', async () => {
  const {appender, send} = setUp();
  assertOutcome(await send(bodyOf([up, [nowMs, 1]], [down, [nowMs, 0], [nowMs + 1, -0.5]])), {
    ...accepted,
    samples: 3,
  });
  assert.deepEqual(valuesOf(appender, up), [[nowMs, 1]]);
  assert.deepEqual(valuesOf(appender, down), [
    [nowMs, 0],
    [nowMs + 1, -0.5],
  ]);
});

test('WriteReceiver takes an empty request and series without samples, and makes no series of them', async () => {
  const {appender, send} = setUp();
  assertOutcome(await send(bodyOf()), {...accepted, samples: 0});
  assertOutcome(await send(bodyOf([up])), {...accepted, samples: 0});
  assert.equal(appender.seriesBySlot.length, 0);
});

test('WriteReceiver keeps the bits of a value', async () => {
  const {appender, send} = setUp();
  const body = messageOf((request) => {
    request.bytes(
      1,
      part((series) => {
        for (let i = 0; i < up.length; i += 2) series.bytes(1, labelPart(up[i]!, up[i + 1]!));
        series.bytes(
          2,
          part((sample) => {
            sample.doubleBits(1, staleNaNHigh, staleNaNLow);
            sample.int64(2, nowMs);
          }),
        );
      }),
    );
  });
  assertOutcome(await send(body), {...accepted, samples: 1});
  assert.deepEqual(appender.stored(up)!.values, [0x7ff0000000000002n]);
});

test('WriteReceiver takes any time of the past', async () => {
  const {appender, send} = setUp();
  const samples: Sample[] = [
    [-(2 ** 40), 1],
    [-1, 2],
    [0, 3],
    [1, 4],
    [2 ** 31, 5],
    [nowMs, 6],
  ];
  assertOutcome(await send(bodyOf([up, ...samples])), {...accepted, samples: 6});
  assert.deepEqual(valuesOf(appender, up), samples);
});

test('WriteReceiver finds series again without reading their labels', async () => {
  const {appender, send} = setUp();
  for (let i = 0; i < 5; i++) await send(bodyOf([up, [nowMs + i, i]], [down, [nowMs + i, i]]));
  assert.equal(appender.lookups, 2);
  assert.equal(valuesOf(appender, up).length, 5);
});

test('WriteReceiver makes a series again that has vanished', async () => {
  const {appender, send} = setUp();
  await send(bodyOf([up, [nowMs, 1]]));
  appender.drop(up);
  assertOutcome(await send(bodyOf([up, [nowMs + 1, 2]])), {...accepted, samples: 1});
  assert.deepEqual(valuesOf(appender, up), [[nowMs + 1, 2]]);
});

test('WriteReceiver refuses a request as a whole', async () => {
  async function f(name: string, wrong: Sample, message: string): Promise<void> {
    const {appender, send} = setUp();
    await send(bodyOf([up, [nowMs, 1]]));
    const outcome = await send(bodyOf([down, [nowMs, 7]], [up, wrong], [down, [nowMs + 1, 8]]));
    assertOutcome(outcome, {status: 400, message, samples: 0});
    assert.deepEqual(valuesOf(appender, up), [[nowMs, 1]], name);
    assert.deepEqual(valuesOf(appender, down), [], name);
    assert.equal(appender.batch.length, 0);
  }
  await f('older', [nowMs - 1, 1], 'out of order sample');
  await f('another value', [nowMs, 2], `duplicate sample for timestamp ${nowMs}; overrides not allowed`);
  const future = 'out of bounds: timestamp is too far in the future';
  await f('future', [nowMs + 600_001, 2], future);
  await f('far future', [Number.MAX_SAFE_INTEGER, 2], future);
  await f('far past', [-(2 ** 60), 2], 'out of bounds');
});

test('WriteReceiver names what is wrong first', async () => {
  const {send} = setUp();
  await send(bodyOf([up, [nowMs, 1]]));
  const outcome = await send(bodyOf([up, [nowMs - 5, 1]], [down, [nowMs + 3_600_000, 1]]));
  assert.equal(outcome.message, 'out of order sample');
});

test('WriteReceiver takes the same samples twice', async () => {
  const {appender, send} = setUp();
  const body = bodyOf([up, [nowMs, 1]], [down, [nowMs + 600_000, 2]]);
  assertOutcome(await send(body), {...accepted, samples: 2});
  assertOutcome(await send(body), {...accepted, samples: 2});
  assert.deepEqual(valuesOf(appender, up), [[nowMs, 1]]);
});

test('WriteReceiver leaves out what contradicts itself within a request, and counts it', async () => {
  const {appender, send} = setUp();
  assertOutcome(await send(bodyOf([up, [nowMs, 1], [nowMs - 1, 2], [nowMs, 3], [nowMs + 1, 4]])), {
    status: 204,
    samples: 2,
    samplesRejected: 2,
  });
  assert.deepEqual(valuesOf(appender, up), [
    [nowMs, 1],
    [nowMs + 1, 4],
  ]);
});

test('WriteReceiver splits requests that are larger than a batch, and still stores all or nothing', async () => {
  const {appender, send} = setUp(16);
  const names = Array.from({length: 50}, (_, i) => labelsOf({__name__: 'm', i: String(i).padStart(3, '0')}));
  const series = names.map((labels): [Labels, ...Sample[]] => [labels, [nowMs, 1], [nowMs + 1, 2]]);
  assertOutcome(await send(bodyOf(...series)), {...accepted, samples: 100});
  assert.equal(appender.commits, 7);
  for (const labels of names) assert.equal(valuesOf(appender, labels).length, 2);

  const later = names.map((labels, i): [Labels, ...Sample[]] => [labels, [nowMs + (i === 49 ? 0 : 5), 3]]);
  assertOutcome(await send(bodyOf(...later)), {status: 400, message: 'out of order sample', samples: 0});
  for (const labels of names) assert.equal(valuesOf(appender, labels).length, 2);
});

test('WriteReceiver leaves out series whose labels name none', async () => {
  const bytes = Uint8Array.of(0xff, 0xfe);
  async function f(...labels: [string | Uint8Array, string | Uint8Array][]): Promise<void> {
    const {appender, send} = setUp();
    const body = messageOf((request) => {
      request.bytes(
        1,
        part((series) => {
          for (const [name, value] of labels) series.bytes(1, labelPart(name, value));
          series.bytes(2, samplePart(nowMs, 1));
        }),
      );
      request.bytes(
        1,
        part((series) => {
          series.bytes(1, labelPart('__name__', 'good'));
          series.bytes(2, samplePart(nowMs, 2));
        }),
      );
    });
    assertOutcome(await send(body), {
      status: 204,
      samples: 1,
      samplesRejected: 1,
      samplesWithInvalidLabels: 1,
    });
    assert.deepEqual(valuesOf(appender, ['__name__', 'good']), [[nowMs, 2]]);
    assert.equal(appender.seriesBySlot.length, 1);
  }
  await f();
  await f(['job', 'a']);
  await f(['__name__', '']);
  await f(['__name__', 'm'], ['', 'x']);
  await f(['__name__', 'm'], ['a', '1'], ['a', '2']);
  await f(['__name__', 'm'], ['a', '1'], ['a', '1']);
  await f(['__name__', 'm'], ['a', ''], ['a', '1']);
  await f(['__name__', 'm'], ['a', '1'], ['__name__', 'm']);
  await f(['__name__', 'm'], ['a', bytes]);
  await f(['__name__', 'm'], [bytes, 'a']);
  await f(['__name__', bytes]);
});

test('WriteReceiver sorts labels and drops empty ones', async () => {
  const {appender, send} = setUp();
  const unsorted = ['job', 'a', 'zone', '', '__name__', 'up', 'instance', 'a:1'];
  assertOutcome(await send(bodyOf([unsorted, [nowMs, 1]])), {...accepted, samples: 1});
  assertOutcome(await send(bodyOf([up, [nowMs + 1, 2]])), {...accepted, samples: 1});
  assert.equal(appender.seriesBySlot.length, 1);
  assert.equal(valuesOf(appender, up).length, 2);
});

test('WriteReceiver reads fields in any order and skips those it does not know', async () => {
  const {appender, send} = setUp();
  const body = messageOf((request) => {
    request.int64(9, 5);
    request.bytes(
      1,
      part((series) => {
        series.bytes(2, samplePart(nowMs, 1));
        series.bytes(1, labelPart('job', 'a'));
        series.int64(200, -1);
        series.bytes(
          2,
          part((sample) => {
            sample.int64(2, nowMs + 1);
            sample.double(77, 5);
            sample.double(1, 2);
          }),
        );
        series.bytes(
          1,
          part((label) => {
            label.string(2, 'down');
            label.string(1, '__name__');
          }),
        );
      }),
    );
  });
  assertOutcome(await send(body), {...accepted, samples: 2});
  assert.deepEqual(valuesOf(appender, down), [
    [nowMs, 1],
    [nowMs + 1, 2],
  ]);
});

function exemplarPart(time: number, value: number, trace: string): Uint8Array {
  return part((exemplar) => {
    exemplar.bytes(1, labelPart('zone', ''));
    exemplar.bytes(1, labelPart('trace_id', trace));
    exemplar.bytes(1, labelPart('span_id', 's'));
    exemplar.double(2, value);
    exemplar.int64(3, time);
  });
}

test('WriteReceiver stores exemplars with the samples of their request, and of series that are there', async () => {
  const {appender, send} = setUp(4);
  const samplesOf = (name: string, times: readonly number[], exemplars: readonly number[]): Uint8Array =>
    part((series) => {
      series.bytes(1, labelPart('__name__', name));
      for (const time of times) series.bytes(2, samplePart(time, 1));
      for (const time of exemplars) series.bytes(3, exemplarPart(time, 0.5, `t${time - nowMs}`));
    });
  const ask = (...series: Uint8Array[]): Promise<WriteOutcome> =>
    send(messageOf((request) => series.forEach((each) => request.bytes(1, each))));
  const times = (): string => appender.exemplars.map(([name, {timeMs}]) => name + (timeMs - nowMs)).join();

  assertOutcome(await ask(samplesOf('a', [nowMs], [nowMs, nowMs + 5])), {...accepted, exemplars: 2});
  assert.deepEqual(appender.exemplars[0], [
    'a',
    {labels: ['span_id', 's', 'trace_id', 't0'], value: 0.5, timeMs: nowMs},
  ]);
  // A known series needs no samples; an unknown one is not made. What is late, or far ahead, costs the sender nothing.
  const ahead = nowMs + 3_600_000;
  const only = await ask(samplesOf('a', [], [nowMs + 7, nowMs + 6, ahead]), samplesOf('b', [], [nowMs]));
  assertOutcome(only, {...accepted, samples: 0, exemplars: 1, exemplarsSkipped: 3});
  assert.equal(appender.seriesBySlot.length, 1);
  assert.equal(times(), 'a0,a5,a7');
  // A request that is refused leaves none; one that does not fit the batch is read twice, and stores them once.
  const refused = await ask(samplesOf('a', [nowMs + 9], [nowMs + 9]), samplesOf('a', [nowMs - 9], []));
  assertOutcome(refused, {status: 400, exemplars: 0});
  const large = await ask(
    samplesOf(
      'a',
      [10, 11, 12, 13, 14, 15].map((ms) => nowMs + ms),
      [nowMs + 20],
    ),
  );
  assertOutcome(large, {...accepted, samples: 6, exemplars: 1, exemplarsSkipped: 0});
  assert.equal(times(), 'a0,a5,a7,a20');
  appender.takesExemplars = false;
  const without = await ask(samplesOf('a', [nowMs + 30], [nowMs + 30]));
  assertOutcome(without, {...accepted, samples: 1, exemplars: 0, exemplarsSkipped: 1});
});

test('WriteReceiver skips exemplars whose labels are no text, or far too long', async () => {
  const {appender, send} = setUp();
  const bodyWith = (value: Uint8Array): Uint8Array =>
    messageOf((request) =>
      request.bytes(
        1,
        part((series) => {
          series.bytes(1, labelPart('__name__', 'm'));
          series.bytes(2, samplePart(nowMs, 1));
          series.bytes(
            3,
            part((exemplar) => exemplar.bytes(1, labelPart('trace_id', value))),
          );
        }),
      ),
    );
  for (const value of [Uint8Array.of(0xff), new Uint8Array(100_000).fill(97)]) {
    assertOutcome(await send(bodyWith(value)), {...accepted, samples: 1, exemplars: 0, exemplarsSkipped: 1});
  }
  assert.deepEqual(appender.exemplars, []);
});

test('WriteReceiver skips metadata', async () => {
  const {appender, send} = setUp();
  const body = messageOf((request) => {
    request.bytes(
      3,
      part((metadata) => metadata.string(2, 'up')),
    );
    request.bytes(
      1,
      part((series) => {
        series.bytes(1, labelPart('__name__', 'm'));
        series.bytes(2, samplePart(nowMs, 1));
      }),
    );
  });
  assertOutcome(await send(body), {...accepted, samples: 1});
  assert.equal(appender.seriesBySlot.length, 1);
});

function histogramOf(count: number, fields: Partial<FloatHistogram> = {}): FloatHistogram {
  return new FloatHistogram({
    count,
    sum: 2 * count,
    positiveSpans: [{offset: 0, length: 1}],
    positiveBuckets: Float64Array.of(count),
    ...fields,
  });
}

function histogramsBody(...series: [Labels, Sample[], WrittenHistogram[]][]): Uint8Array {
  const encoder = new WriteRequestEncoder();
  for (const [labels, samples, histograms] of series) {
    const times = samples.map(([time]) => time);
    encoder.series(
      labels,
      times,
      samples.map(([, value]) => value),
      histograms,
    );
  }
  return encoder.body();
}

test('WriteReceiver stores native histograms', async () => {
  const {appender, send} = setUp();
  const histograms: WrittenHistogram[] = [
    {timeMs: nowMs, histogram: histogramOf(3), integer: true},
    {timeMs: nowMs + 1, histogram: null, integer: true},
    {timeMs: nowMs + 2, histogram: histogramOf(2.5), integer: false},
  ];
  const body = histogramsBody([up, [], histograms], [down, [[nowMs, 1]], []]);
  assertOutcome(await send(body), {...accepted, samples: 4, histograms: 3});
  assert.deepEqual(
    appender.stored(up)!.histograms,
    histograms.map((each) => ({...each, startMs: 0})),
  );
  assert.deepEqual(valuesOf(appender, down), [[nowMs, 1]]);
});

test('WriteReceiver stores more histograms than the batch holds, as a whole or not at all', async () => {
  const {appender, send} = setUp();
  const histograms = Array.from({length: 3 * appender.histogramsMax + 1}, (_, i): WrittenHistogram => ({
    timeMs: nowMs + i,
    histogram: histogramOf(i),
    integer: true,
  }));
  const refused: WrittenHistogram = {timeMs: nowMs, histogram: histogramOf(9, {count: 8}), integer: true};
  assertOutcome(await send(histogramsBody([up, [[nowMs - 1, 5]], histograms], [down, [], [refused]])), {
    status: 400,
    message:
      "9 observations found in buckets, but the Count field is 8: histogram's observation count should equal the number of " +
      'observations found in the buckets (in absence of NaN)',
    samples: 0,
    histograms: 0,
  });
  assert.deepEqual(valuesOf(appender, up), []);
  assertOutcome(await send(histogramsBody([up, [[nowMs - 1, 5]], histograms])), {
    ...accepted,
    samples: histograms.length + 1,
    histograms: histograms.length,
  });
  assert.equal(appender.stored(up)!.histograms.length, histograms.length);
});

test('WriteReceiver refuses histograms for the same reasons as floats', async () => {
  async function f(timeMs: number, message: string): Promise<void> {
    const {appender, send} = setUp();
    appender.minTime = nowMs - 1000;
    await send(histogramsBody([up, [], [{timeMs: nowMs, histogram: histogramOf(3), integer: true}]]));
    const body = histogramsBody([up, [], [{timeMs, histogram: histogramOf(4), integer: true}]]);
    assertOutcome(await send(body), {status: 400, message, samples: 0, samplesRejected: 1});
    assert.equal(appender.stored(up)!.histograms.length, 1);
    assert.equal(appender.histogramCount, 0);
  }
  await f(nowMs - 1, 'out of order sample');
  await f(nowMs, 'duplicate sample for timestamp');
  await f(nowMs - 1001, 'out of bounds');
  await f(nowMs + 601_000, 'out of bounds: timestamp is too far in the future');
});

test('WriteReceiver counts histograms whose labels name no series', async () => {
  const {appender, send} = setUp();
  const histogram: WrittenHistogram = {timeMs: nowMs, histogram: histogramOf(3), integer: true};
  assertOutcome(await send(histogramsBody([['job', 'a'], [], [histogram]])), {
    status: 204,
    samples: 0,
    samplesWithInvalidLabels: 1,
    histograms: 0,
  });
  assert.equal(appender.seriesBySlot.length, 0);
});

test('WriteReceiver answers 500 where the store fails, so that the sender comes again', async () => {
  const {appender, send} = setUp();
  appender.failure = new RangeError('the disk is full');
  assertOutcome(await send(bodyOf([up, [nowMs, 1]])), {status: 500, message: 'the disk is full', samples: 0});
  appender.failure = null;
  assertOutcome(await send(bodyOf([up, [nowMs, 1]])), {...accepted, samples: 1});
});

test('WriteReceiver refuses bodies that it cannot read', async () => {
  async function f(body: Uint8Array, message: RegExp): Promise<void> {
    const {appender, send} = setUp();
    const outcome = await send(body);
    assert.equal(outcome.status, 400);
    assert.match(outcome.message, message);
    assert.equal(appender.batch.length, 0);
  }
  await f(new Uint8Array(0), /^snappy: corrupt input$/);
  await f(Uint8Array.of(5, 1, 2), /^snappy: corrupt input$/);
  await f(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f, 1), /^decoded size exceeds the 33554432 bytes limit$/);
  await f(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 1), /^snappy: corrupt input$/);
  await f(Uint8Array.of(0x80, 0x80, 0x80, 0x08, 0), /^snappy: corrupt input$/);
  await f(
    compressSnappy(Uint8Array.of(0x0a, 5, 1)),
    /^cannot decode the write request: cut short: field at byte 2$/,
  );
  await f(compressSnappy(Uint8Array.of(0)), /illegal field number 0 at byte 0/);
  await f(compressSnappy(Uint8Array.of(0x0b)), /unsupported wire type 3 before byte 1/);
  await f(compressSnappy(new Uint8Array(12).fill(0xff)), /number of more than 64 bits/);
  const many = Array.from({length: 1001}, (_, i) => [`l${i}`, 'x']).flat();
  await f(
    bodyOf([
      ['__name__', 'm', ...many],
      [nowMs, 1],
    ]),
    /^a series has more labels than the limit of 1000$/,
  );
  await f(
    bodyOf([
      ['__name__', 'm'.repeat(1_100_000)],
      [nowMs, 1],
    ]),
    /more than the limit of 1048576$/,
  );
});

test('WriteReceiver refuses every message that is cut short, and stores nothing of it', async () => {
  const encoder = new WriteRequestEncoder();
  encoder.series(up, [nowMs, nowMs + 1], [1.5, 2.5]);
  const message = encoder.message.slice();
  for (let size = 1; size < message.length; size++) {
    const {appender, send} = setUp();
    const outcome = await send(compressSnappy(message.subarray(0, size)));
    assert.equal(outcome.status, 400, `${size} bytes`);
    assert.equal(valuesOf(appender, up).length, 0);
  }
});

test('WriteReceiver survives damaged bodies, for any seed', async () => {
  const encoder = new WriteRequestEncoder();
  for (let i = 0; i < 20; i++) {
    encoder.series(
      labelsOf({__name__: 'metric', i: String(i), job: 'fuzz'}),
      [nowMs + i, nowMs + i + 1],
      [i, -i],
    );
  }
  encoder.metadata(1, 'metric', 'A metric.', 'bytes');
  const message = encoder.message.slice();
  const body = compressSnappy(message);
  for (let seed = 0; seed < 3000; seed++) {
    const random = new Random(seed);
    const {appender, send} = setUp(8);
    const packed = random.below(3) === 0;
    const damaged = (packed ? body : message).slice(0, undefined);
    for (let i = 1 + random.below(6); i > 0; i--) damaged[random.below(damaged.length)] = random.below(256);
    const cut = random.below(4) === 0 ? damaged.subarray(0, random.below(damaged.length)) : damaged;
    const outcome = await send(packed ? cut : compressSnappy(cut));
    assert.ok([204, 400].includes(outcome.status), `seed ${seed}: ${outcome.status} ${outcome.message}`);
    assert.equal(appender.batch.length, 0, `seed ${seed}`);
  }
});

test('WriteReceiver stores what was sent, for any seed', async () => {
  for (let seed = 0; seed < 100; seed++) {
    const random = new Random(seed);
    const {appender, send} = setUp(1 + random.below(50));
    const expected = new Map<string, Sample[]>();
    for (let round = 0; round < 4; round++) {
      const series: [Labels, ...Sample[]][] = [];
      for (let i = random.below(30); i > 0; i--) {
        const labels = labelsOf({
          __name__: `m${random.below(5)}`,
          id: `${round}-${i}`,
          text: '字'.repeat(random.below(9)),
        });
        const key = JSON.stringify(labels);
        const samples: Sample[] = [];
        for (let j = random.below(4); j > 0; j--) {
          samples.push([nowMs - 10_000 + 100 * round - j, random.below(3) === 0 ? 0 : random.float() * 1e9]);
        }
        series.push([labels, ...samples]);
        if (samples.length > 0) expected.set(key, [...(expected.get(key) ?? []), ...samples]);
      }
      assert.equal((await send(bodyOf(...series))).status, 204, `seed ${seed}`);
    }
    for (const [key, samples] of expected) {
      assert.deepEqual(valuesOf(appender, JSON.parse(key) as Labels), samples, `seed ${seed}`);
    }
    assert.equal(appender.seriesBySlot.length, expected.size, `seed ${seed}`);
  }
});
