// Framer and SegmentReader: cutting records into pages and putting them together again.
import assert from 'node:assert/strict';
import test from 'node:test';
import {zstdCompressSync} from 'node:zlib';
import {Random} from '../../base/random.ts';
import {crc32c} from '../../kernels/crc32c.ts';
import {SimulatedFileSystem} from '../../sys/fs-simulated.ts';
import {compressRecord} from './compression.ts';
import {CorruptionError} from './corruption.ts';
import {fragmentHeaderBytes, pageBytes, snappyBit, zstdBit} from './format.ts';
import {Framer} from './framer.ts';
import {PageBuffer} from './page-buffer.ts';
import {ReaderBuffers, SegmentReader} from './segment-reader.ts';
import {lastCheckpoint, listSegments} from './segments.ts';

const dir = '/data/wal';
const path = `${dir}/00000003`;

interface Stored {
  bits: number;
  bytes: Uint8Array;
}

/** The bytes of a segment that holds these records. */
function frame(records: readonly Stored[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const framer = new Framer(new PageBuffer(2 * pageBytes), (bytes, start, end) =>
    parts.push(bytes.slice(start, end)),
  );
  for (const {bits, bytes} of records) framer.append(bits, bytes, 0, bytes.length);
  framer.flush();
  const segment = new Uint8Array(framer.position);
  let at = 0;
  for (const part of parts) {
    segment.set(part, at);
    at += part.length;
  }
  assert.equal(at, framer.position);
  return segment;
}

const plain = (bytes: Uint8Array): Stored => ({bits: 0, bytes});

/** A record of `length` bytes of an unknown kind. */
function filler(length: number, seed = length): Uint8Array {
  const random = new Random(seed);
  return Uint8Array.from({length}, () => 0x80 | random.below(256));
}

interface Read {
  records: Uint8Array[];
  errors: CorruptionError[];
  fragmentsLost: number;
}

const buffers = new ReaderBuffers();

/** Reads all that can be read, behind damage as well. */
function readAll(segment: Uint8Array): Read {
  const fs = new SimulatedFileSystem();
  fs.put(path, segment);
  const reader = new SegmentReader(fs, {dir, number: 3, path}, buffers);
  const found: Read = {records: [], errors: [], fragmentsLost: 0};
  try {
    // Each step moves at least a fragment's header on.
    for (let steps = 0; ; steps++) {
      assert.ok(steps <= segment.length / 3 + 2, 'the reader moves on');
      try {
        if (!reader.next()) break;
        found.records.push(new Uint8Array(reader.record));
      } catch (error) {
        assert.ok(error instanceof CorruptionError, String(error));
        assert.equal(error.segment, 3);
        assert.ok(error.offset >= 0 && error.offset <= segment.length);
        found.errors.push(error);
      }
    }
  } finally {
    reader.close();
  }
  found.fragmentsLost = reader.fragmentsLost;
  assert.equal(fs.openCount, 0);
  return found;
}

test('Framer writes these bytes', () => {
  const bytes = frame([
    plain(Uint8Array.of(1, 2, 3)),
    plain(new Uint8Array(0)),
    {bits: snappyBit, bytes: Uint8Array.of(9)},
  ]);
  const crc = crc32c(Uint8Array.of(1, 2, 3))
    .toString(16)
    .padStart(8, '0');
  const crc9 = crc32c(Uint8Array.of(9)).toString(16).padStart(8, '0');
  assert.equal(bytes.toHex(), `010003${crc}010203` + '01000000000000' + `090001${crc9}09`);
});

test('Framer cuts a record at the ends of pages and pads where no header fits', () => {
  function f(lengths: number[], types: [offset: number, type: number, length: number][]): void {
    const segment = frame(lengths.map((length) => plain(filler(length))));
    for (const [offset, type, length] of types) {
      assert.equal(segment[offset], type, `type at ${offset}`);
      if (type !== 0)
        assert.equal((segment[offset + 1]! << 8) | segment[offset + 2]!, length, `length at ${offset}`);
    }
    const {records, errors} = readAll(segment);
    assert.deepEqual(
      records,
      lengths.map((length) => filler(length)),
    );
    assert.deepEqual(errors, []);
  }
  const whole = pageBytes - fragmentHeaderBytes;
  f([whole], [[0, 1, whole]]);
  // A record of one byte more goes on in the next page.
  f(
    [whole + 1],
    [
      [0, 2, whole],
      [pageBytes, 4, 1],
    ],
  );
  f(
    [3 * whole],
    [
      [0, 2, whole],
      [pageBytes, 3, whole],
      [2 * pageBytes, 4, whole],
    ],
  );
  // Room for a header and nothing else: an empty first part.
  f(
    [whole - 7, 10],
    [
      [0, 1, whole - 7],
      [pageBytes - 7, 2, 0],
      [pageBytes, 4, 10],
    ],
  );
  // No room for a header: zeros.
  for (let left = 1; left < 7; left++) {
    f(
      [whole - left, 10],
      [
        [0, 1, whole - left],
        [pageBytes - left, 0, 0],
        [pageBytes, 1, 10],
      ],
    );
  }
});

test('Framer.fits() says whether a record ends before the limit', () => {
  const whole = pageBytes - fragmentHeaderBytes;
  function f(position: number, limit: number, longest: number): void {
    const framer = new Framer(new PageBuffer(2 * pageBytes), () => {});
    framer.reset(position);
    assert.ok(framer.fits(longest, limit));
    assert.ok(!framer.fits(longest + 1, limit));
    framer.append(0, new Uint8Array(longest), 0, longest);
    assert.ok(framer.position <= limit);
    framer.reset(position);
    framer.append(0, new Uint8Array(longest + 1), 0, longest + 1);
    assert.ok(framer.position > limit);
  }
  f(0, pageBytes, whole);
  f(0, 4 * pageBytes, 4 * whole);
  f(100, pageBytes, whole - 100);
  f(100, 3 * pageBytes, 3 * whole - 100);
  f(3 * pageBytes - 7, 4 * pageBytes, whole);
});

test('SegmentReader reads records of any compression', () => {
  const record = new Uint8Array(100_000).fill(200);
  const snappy = compressRecord('snappy', record);
  assert.equal(snappy.bits, snappyBit);
  const segment = frame([plain(record), snappy, {bits: zstdBit, bytes: zstdCompressSync(record)}]);
  assert.deepEqual(readAll(segment), {records: [record, record, record], errors: [], fragmentsLost: 0});
});

test('compressRecord() leaves alone what becomes no shorter', () => {
  const bytes = filler(300);
  assert.deepEqual(compressRecord('snappy', bytes), {bits: 0, bytes});
  assert.deepEqual(compressRecord('zstd', bytes), {bits: 0, bytes});
});

test('SegmentReader refuses what claims to hold more than it can', () => {
  function f(bits: number, hex: string): void {
    const {records, errors} = readAll(frame([{bits, bytes: Uint8Array.fromHex(hex)}, plain(filler(9))]));
    assert.deepEqual(records, [filler(9)]);
    assert.equal(errors.length, 1);
    assert.match(errors[0]!.reason, /decode record/);
  }
  f(snappyBit, 'ffffffff0f00'); // 4 GiB in one byte
  f(snappyBit, '8080808080808001');
  f(snappyBit, '0a0401');
  f(snappyBit, 'ff');
  f(zstdBit, '28b52ffd');
  f(zstdBit, '0102030405');
  // A gigabyte of zeros in 32 KB of zstd: more than any record has.
  const bomb = zstdCompressSync(new Uint8Array(257 * 1024 * 1024));
  assert.equal(readAll(frame([{bits: zstdBit, bytes: bomb}])).errors.length, 1);
});

/** Records of sizes that make full pages, long records, and several to a page. */
function someRecords(random: Random): Stored[] {
  return Array.from({length: 5 + random.below(15)}, (_, i) => {
    const length = random.pick([0, 1, 10, 100, 5000, 32_754, 70_000]) + random.below(20);
    const bytes = random.below(2) === 0 ? filler(length, i) : new Uint8Array(length).fill(0x80 + i);
    return random.below(2) === 0 ? plain(bytes) : compressRecord('snappy', bytes);
  });
}

test('records come back, for any seed', () => {
  for (let seed = 0; seed < 15; seed++) {
    const records = someRecords(new Random(seed));
    const segment = frame(records);
    const {records: read, errors} = readAll(segment);
    assert.deepEqual(errors, [], `seed ${seed}`);
    assert.equal(read.length, records.length, `seed ${seed}`);
    const again = frame(
      read.map((bytes, i) => (records[i]!.bits === 0 ? plain(bytes) : compressRecord('snappy', bytes))),
    );
    assert.ok(Buffer.from(again).equals(segment), `seed ${seed}`);
  }
});

test('SegmentReader gives what is whole of a segment cut short at any byte', () => {
  const lengths = [40, 0, 1, 60, 100];
  const records = lengths.map((length) => filler(length));
  const segment = frame(records.map(plain));
  let ends = 0;
  for (let size = 0; size <= segment.length; size++) {
    const {records: read, errors} = readAll(segment.slice(0, size));
    let end = 0;
    let whole = 0;
    for (; whole < lengths.length && end + 7 + lengths[whole]! <= size; whole++) end += 7 + lengths[whole]!;
    assert.deepEqual(read, records.slice(0, whole), `${size} bytes`);
    assert.equal(errors.length, end === size ? 0 : 1, `${size} bytes`);
    if (end === size) ends++;
  }
  assert.equal(ends, lengths.length + 1);
});

test('SegmentReader goes on behind damage of any byte, and loses only the records that it touches', () => {
  const whole = pageBytes - fragmentHeaderBytes;
  const records = [filler(500), filler(2 * whole), filler(300), filler(whole), filler(200)];
  const segment = frame(records.map(plain));
  for (let seed = 0; seed < 400; seed++) {
    const random = new Random(seed);
    const at =
      random.below(2) === 0 ? random.below(segment.length) : random.below(5) * pageBytes + random.below(600);
    if (at >= segment.length) continue;
    const damaged = segment.slice();
    damaged[at]! ^= 1 << random.below(8);
    const {records: read, errors, fragmentsLost} = readAll(damaged);
    // Some bits of a type have no meaning, and the bits of compression are not covered by the checksum.
    const same = read.length === records.length;
    assert.ok(same || errors.length > 0, `seed ${seed}`);
    assert.ok(read.length >= records.length - 3, `seed ${seed}: ${read.length} records at byte ${at}`);
    if (!same) assert.ok(fragmentsLost > 0, `seed ${seed}`);
    for (const record of read) {
      assert.ok(
        records.some((each) => Buffer.from(each).equals(record)),
        `seed ${seed}: a record that nobody wrote`,
      );
    }
  }
});

test('SegmentReader stops on any bytes and gives no record that nobody wrote, for any seed', () => {
  for (let seed = 0; seed < 30; seed++) {
    const random = new Random(seed);
    const records = someRecords(random).map(({bytes}) => bytes);
    const segment = frame(records.map(plain));
    const {records: read} = readAll(mutate(segment, random));
    const key = (bytes: Uint8Array): string => `${bytes.length} ${crc32c(bytes)}`;
    const written = new Set(records.map(key));
    for (const record of read) assert.ok(written.has(key(record)), `seed ${seed}: ${record.length} bytes`);
  }
  for (let seed = 0; seed < 40; seed++) {
    const random = new Random(seed);
    const noise = Uint8Array.from({length: random.below(3 * pageBytes)}, () =>
      random.pick([0, 1, 2, 3, 4, random.below(256)]),
    );
    assert.deepEqual(
      readAll(noise).records.filter((record) => record.length > 0),
      [],
      `seed ${seed}`,
    );
  }
});

/** Flips, cuts out, inserts, doubles and cuts off. */
function mutate(segment: Uint8Array, random: Random): Uint8Array {
  let bytes = Buffer.from(segment);
  for (let times = 1 + random.below(4); times > 0 && bytes.length > 1; times--) {
    const at = random.below(bytes.length);
    // Whole pages that are gone or doubled inside a long record cannot be told by the format.
    const length = random.pick([1, 7, 512, pageBytes - 1]);
    const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
    switch (random.below(6)) {
      case 0:
        bytes = Buffer.concat([before, after.subarray(length)]);
        break;
      case 1:
        bytes = Buffer.concat([before, Buffer.alloc(length, random.below(256)), after]);
        break;
      case 2:
        bytes = Buffer.concat([before, after.subarray(0, length), after]);
        break;
      case 3:
        bytes = Buffer.from(before);
        break;
      case 4:
        bytes.fill(0, at, Math.min(at + length, bytes.length));
        break;
      default:
        bytes[at]! ^= 1 << random.below(8);
    }
  }
  return new Uint8Array(bytes);
}

test('SegmentReader refuses padding that is not zero and fragments out of order', () => {
  function f(change: (segment: Uint8Array) => void, reason: RegExp, kept: number): void {
    const segment = frame([plain(filler(32_700)), plain(filler(32_700)), plain(filler(32_700))]);
    change(segment);
    const {records, errors} = readAll(segment);
    assert.match(errors[0]!.reason, reason);
    assert.equal(records.length, kept);
  }
  f((segment) => void (segment[0] = 7), /unknown fragment type 7/, 2);
  f((segment) => void (segment[0] = 3), /unexpected fragment of type 3/, 2);
  f((segment) => void (segment[0] = 2), /unexpected fragment of type 2/, 2);
  f((segment) => segment.fill(0, 0, 7), /non-zero byte in padded page/, 1);
  f((segment) => segment.fill(255, 1, 3), /invalid fragment size 65535/, 1);
  f((segment) => void (segment[100]! ^= 1), /unexpected checksum/, 2);
});

test('listSegments() and lastCheckpoint() go by the numbers in names', () => {
  const fs = new SimulatedFileSystem();
  assert.deepEqual(listSegments(fs, dir), []);
  assert.equal(lastCheckpoint(fs, dir), null);
  for (const name of [
    '00000010',
    '00000009',
    '000011',
    'x',
    '00000009.repair',
    'checkpoint.00000008/00000000',
  ]) {
    fs.put(`${dir}/${name}`, new Uint8Array(0));
  }
  fs.makeDirectory(`${dir}/checkpoint.000007`);
  fs.makeDirectory(`${dir}/checkpoint.00000012.tmp`);
  assert.deepEqual(
    listSegments(fs, dir).map(({number, path: file}) => [number, file]),
    [
      [9, `${dir}/00000009`],
      [10, `${dir}/00000010`],
      [11, `${dir}/000011`],
    ],
  );
  assert.deepEqual(lastCheckpoint(fs, dir), {number: 8, path: `${dir}/checkpoint.00000008`});
});
