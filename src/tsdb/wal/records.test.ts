import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../../base/random.ts';
import {putUvarint, putVarint} from '../../base/varint.ts';
import type {Labels} from '../../model/labels.ts';
import {RecordDecoder, SampleColumnBuffer} from './decode.ts';
import {putSamplesHeader, RecordBuffer, samplesHeaderBytes} from './encode.ts';
import {recordType} from './format.ts';

type Entry = (number | string | Labels)[];

/** All that a record holds, as plain arrays. Samples as [ref, time, bits of the value]. */
function decode(record: Uint8Array, decoder = new RecordDecoder(new SampleColumnBuffer(16))): Entry[] {
  const entries: Entry[] = [];
  const push = (...entry: Entry): void => {
    entries.push(entry);
  };
  switch (record[0]) {
    case recordType.series:
      decoder.series(record, push);
      break;
    case recordType.tombstones:
      decoder.tombstones(record, push);
      break;
    case recordType.exemplars:
      decoder.exemplars(record, push);
      break;
    case recordType.metadata:
      decoder.metadata(record, push);
      break;
    default:
      decoder.samples(record, (refs, times, values, count) => {
        const bits = new BigUint64Array(values.buffer);
        for (let i = 0; i < count; i++) push(refs[i]!, times[i]!, bits[i]!.toString(16).padStart(16, '0'));
      });
  }
  return entries;
}

function record(type: number, fill: (buffer: RecordBuffer) => void): Uint8Array {
  const buffer = new RecordBuffer();
  buffer.begin(type);
  fill(buffer);
  return buffer.bytes.slice(0, buffer.length);
}

test('RecordBuffer writes these bytes, and RecordDecoder reads them', () => {
  function f(type: number, fill: (buffer: RecordBuffer) => void, hex: string, entries: Entry[]): void {
    const bytes = record(type, fill);
    assert.equal(bytes.toHex(), hex.replaceAll(' ', ''));
    assert.deepEqual(decode(bytes), entries);
  }
  f(
    recordType.series,
    (buffer) => {
      buffer.series(1, ['__name__', 'up', 'job', 'a']);
      buffer.series(2 ** 53 - 1, []);
    },
    '01 0000000000000001 02 085f5f6e616d655f5f 027570 036a6f62 0161 001fffffffffffff 00',
    [
      [1, ['__name__', 'up', 'job', 'a']],
      [2 ** 53 - 1, []],
    ],
  );
  f(
    recordType.series,
    (buffer) => buffer.series(7, ['a', 'é€😀', 'b', '']),
    '01 0000000000000007 02 0161 09c3a9e282acf09f9880 0162 00',
    [[7, ['a', 'é€😀', 'b', '']]],
  );
  f(
    recordType.tombstones,
    (buffer) => {
      buffer.tombstone(3, -1, 300);
      buffer.tombstone(4, -(2 ** 63), 2 ** 63);
    },
    '03 0000000000000003 01 d804 0000000000000004 ffffffffffffffffff01 feffffffffffffffff01',
    [
      [3, -1, 300],
      [4, -(2 ** 63), 2 ** 63],
    ],
  );
  f(
    recordType.exemplars,
    (buffer) => {
      buffer.exemplar(9, 1000, 0.5, ['trace_id', 'x']);
      buffer.exemplar(8, 1001, 2, []);
    },
    '04 0000000000000009 00000000000003e8 00 00 3fe0000000000000 01 0874726163655f6964 0178 01 02 4000000000000000 00',
    [
      [9, 1000, 0.5, ['trace_id', 'x']],
      [8, 1001, 2, []],
    ],
  );
  f(
    recordType.metadata,
    (buffer) => {
      buffer.metadata(300, 'counter', 'seconds', 'Time.');
      buffer.metadata(1, 'no such type', '', 'é');
    },
    '06 ac02 01 02 04554e4954 077365636f6e6473 0448454c50 0554696d652e 01 00 02 04554e4954 00 0448454c50 02c3a9',
    [
      [300, 'counter', 'seconds', 'Time.'],
      [1, 'unknown', '', 'é'],
    ],
  );
});

test('RecordDecoder reads these samples', () => {
  function f(hex: string, entries: Entry[]): void {
    assert.deepEqual(decode(Uint8Array.fromHex(hex.replaceAll(' ', ''))), entries);
  }
  f('02', []);
  f('02 0000000000000005 0000000000000001', []);
  f('02 0000000000000005 ffffffffffffffff 00 00 7ff0000000000002 03 d00f 3ff0000000000000', [
    [5, -1, '7ff0000000000002'],
    [3, 999, '3ff0000000000000'],
  ]);
  f('0b', []);
  // The second kind: without a start time, with the same as before, with another one.
  f(
    '0b 0a d00f c801 3ff0000000000000 02 02 00 4000000000000000 01 04 01 0000000000000000 00 00 02 06 7ff0000000000002',
    [
      [5, 1000, '3ff0000000000000'],
      [6, 1001, '4000000000000000'],
      [5, 1002, '0000000000000000'],
      [5, 1000, '7ff0000000000002'],
    ],
  );
});

test('RecordDecoder passes over fields of metadata that it does not know', () => {
  const bytes = Uint8Array.fromHex('06050203' + '0358595a0141' + '0448454c500148' + '04554e49540155');
  assert.deepEqual(decode(bytes), [[5, 'gauge', 'U', 'H']]);
});

const samples: [number, number, number][] = Array.from({length: 40}, (_, i) => [
  1000 + 100 * i,
  7 * i - 20,
  i / 3,
]);

function samplesRecord(entries: [ref: number, time: number, value: number][]): Uint8Array {
  const bytes = new Uint8Array(samplesHeaderBytes + 28 * entries.length);
  const [baseRef, baseTime] = entries[0]!;
  putSamplesHeader(bytes, 0, baseRef, baseTime);
  let at = samplesHeaderBytes;
  for (const [ref, time, value] of entries) {
    at = putVarint(bytes, at, ref - baseRef);
    at = putVarint(bytes, at, time - baseTime);
    new DataView(bytes.buffer).setFloat64(at, value);
    at += 8;
  }
  return bytes.slice(0, at);
}

function samplesV2Record(entries: [ref: number, time: number, value: number][]): Uint8Array {
  const bytes = new Uint8Array(1 + 40 * entries.length);
  bytes[0] = recordType.samplesV2;
  let at = 1;
  entries.forEach(([ref, time, value], i) => {
    at = putVarint(bytes, at, i === 0 ? ref : ref - entries[i - 1]![0]);
    at = putVarint(bytes, at, i === 0 ? time : time - entries[0]![1]);
    if (i === 0) at = putVarint(bytes, at, 77);
    else bytes[at++] = i % 3;
    if (i > 0 && i % 3 === 2) at = putVarint(bytes, at, i);
    new DataView(bytes.buffer).setFloat64(at, value);
    at += 8;
  });
  return bytes.slice(0, at);
}

const examples: Record<string, Uint8Array> = {
  series: record(recordType.series, (buffer) => {
    for (let i = 0; i < 5; i++) buffer.series(i, ['__name__', `metric_${i}`, 'é', 'x'.repeat(200)]);
  }),
  samples: samplesRecord(samples),
  samplesV2: samplesV2Record(samples),
  tombstones: record(recordType.tombstones, (buffer) => {
    for (let i = 0; i < 5; i++) buffer.tombstone(i, -1000 * i, 2 ** 40);
  }),
  exemplars: record(recordType.exemplars, (buffer) => {
    for (let i = 0; i < 5; i++) buffer.exemplar(i, 1000 * i, i, ['trace_id', `t${i}`]);
  }),
  metadata: record(recordType.metadata, (buffer) => {
    for (let i = 0; i < 5; i++) buffer.metadata(i, 'gauge', 'bytes', `Help ${i}.`);
  }),
};

test('RecordDecoder gives a record whole or not at all, cut short at any byte', () => {
  const decoder = new RecordDecoder(new SampleColumnBuffer(16));
  for (const [kind, bytes] of Object.entries(examples)) {
    const whole = decode(bytes, decoder).length;
    assert.ok(whole >= 5, kind);
    assert.ok(decoder.sound(bytes));
    for (let size = 1; size < bytes.length; size++) {
      const cut = bytes.slice(0, size);
      const given: unknown[] = [];
      const keep = (...entry: unknown[]): void => {
        given.push(entry);
      };
      const read = (): number => {
        if (kind === 'series') return decoder.series(cut, keep);
        if (kind === 'tombstones') return decoder.tombstones(cut, keep);
        if (kind === 'exemplars') return decoder.exemplars(cut, keep);
        if (kind === 'metadata') return decoder.metadata(cut, keep);
        return decoder.samples(cut, (_refs, _times, _values, count) =>
          given.push(...Array.from({length: count})),
        );
      };
      // A record has no count: cut between two entries, it is a shorter record.
      if (decoder.sound(cut)) assert.equal(read(), given.length, `${kind} of ${size} bytes`);
      else {
        assert.throws(read, RangeError, `${kind} of ${size} bytes`);
        assert.equal(given.length, 0, `${kind} of ${size} bytes`);
      }
    }
  }
});

test('RecordDecoder gives samples beyond its columns in runs', () => {
  for (const kind of ['samples', 'samplesV2']) {
    const bits = new BigUint64Array(Float64Array.from(samples, ([, , value]) => value).buffer);
    const expected = samples.map(([ref, time], i) => [ref, time, bits[i]!.toString(16).padStart(16, '0')]);
    assert.deepEqual(decode(examples[kind]!), expected, kind);
  }
});

test('RecordDecoder refuses references and counts that cannot be', () => {
  function f(hex: string): void {
    const bytes = Uint8Array.fromHex(hex.replaceAll(' ', ''));
    assert.throws(() => decode(bytes), RangeError, hex);
    assert.equal(new RecordDecoder().sound(bytes), false);
  }
  f('01 0020000000000001 00'); // above 2^53
  f('02 0000000000000001 0000000000000000 03 00 0000000000000000'); // 1 - 2
  f('0b 01 00 00 0000000000000000'); // -1
  f('01 0000000000000001 ffffffffffffffff7f'); // labels without end
  f('01 0000000000000001 01 ffffffff0f 00'); // a name without end
  f('06 01 01 ffffffffff0f 00 00'); // fields without end
  f('03 ffffffffffffffff 00 00');
});

test('labels of any characters come back, for any seed', () => {
  const decoder = new RecordDecoder();
  const buffer = new RecordBuffer();
  for (let seed = 0; seed < 300; seed++) {
    const random = new Random(seed);
    const text = (): string => {
      const length = random.below(random.below(20) === 0 ? 5000 : 30);
      const limit = random.pick([0x7f, 0x7f, 0x800, 0xd800, 0x10ffff]);
      let made = '';
      while (made.length < length) made += String.fromCodePoint(random.below(limit));
      return made.toWellFormed();
    };
    const series = Array.from({length: random.below(20)}, (_, i) => ({
      ref: random.below(2 ** 53) + i,
      labels: Array.from({length: 2 * random.below(10)}, text),
    }));
    buffer.begin(recordType.series);
    for (const {ref, labels} of series) buffer.series(ref, labels);
    const read: typeof series = [];
    decoder.series(buffer.bytes.slice(0, buffer.length), (ref, labels) =>
      read.push({ref, labels: [...labels]}),
    );
    assert.deepEqual(read, series, `seed ${seed}`);
  }
});

test('RecordDecoder stops, with a RangeError or without, on any bytes, for any seed', () => {
  const decoder = new RecordDecoder(new SampleColumnBuffer(16));
  const kinds = Object.values(examples);
  for (let seed = 0; seed < 5000; seed++) {
    const random = new Random(seed);
    const bytes = random.pick(kinds).slice();
    for (let times = 1 + random.below(4); times > 0; times--)
      bytes[1 + random.below(bytes.length - 1)] = random.below(256);
    if (random.below(3) === 0) putUvarint(bytes, 1 + random.below(bytes.length - 10), 2 ** random.below(54));
    try {
      decode(bytes, decoder);
    } catch (error) {
      assert.ok(error instanceof RangeError, `seed ${seed}: ${String(error)}`);
    }
  }
});
