import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from './random.ts';
import {ByteReader, putInt64, putUint64, putUvarint, putVarint, uvarintBytes} from './varint.ts';

test('putUvarint() writes these bytes and ByteReader.uvarint() reads them', () => {
  function f(value: number, hex: string): void {
    const bytes = new Uint8Array(10);
    const end = putUvarint(bytes, 0, value);
    assert.equal(bytes.subarray(0, end).toHex(), hex);
    assert.equal(uvarintBytes(value), end);
    const reader = new ByteReader(bytes, 0, end);
    assert.equal(reader.uvarint(), value);
    assert.equal(reader.position, end);
  }
  f(0, '00');
  f(127, '7f');
  f(128, '8001');
  f(300, 'ac02');
  f(2 ** 28 - 1, 'ffffff7f');
  f(2 ** 28, '8080808001');
  f(2 ** 32, '8080808010');
  f(2 ** 53 - 1, 'ffffffffffffff0f');
  f(2 ** 53, '8080808080808010');
});

test('putVarint() writes these bytes and ByteReader.varint() reads them', () => {
  function f(value: number, hex: string, read = value): void {
    const bytes = new Uint8Array(10);
    const end = putVarint(bytes, 0, value);
    assert.equal(bytes.subarray(0, end).toHex(), hex);
    assert.equal(new ByteReader(bytes, 0, end).varint(), read);
  }
  f(0, '00');
  f(-1, '01');
  f(1, '02');
  f(63, '7e');
  f(64, '8001');
  f(-64, '7f');
  f(-65, '8101');
  f(8191, 'fe7f');
  f(8192, '808001');
  f(1_700_000_000_000, '80a0abfef962');
  f(-(2 ** 53), 'ffffffffffffff1f');
  f(2 ** 53, '8080808080808020');
  // What Go writes for math.MinInt64 and math.MaxInt64.
  f(-(2 ** 63), 'ffffffffffffffffff01');
  f(2 ** 63, 'feffffffffffffffff01');
});

test('putUint64() and putInt64() write big-endian bytes', () => {
  function f(value: number, hex: string): void {
    const bytes = new Uint8Array(8);
    if (value >= 0) {
      assert.equal(putUint64(bytes, 0, value), 8);
      assert.equal(bytes.toHex(), hex);
      assert.equal(new ByteReader(bytes).uint64(), value);
    }
    assert.equal(putInt64(bytes, 0, value), 8);
    assert.equal(bytes.toHex(), hex);
    assert.equal(new ByteReader(bytes).int64(), value);
  }
  f(0, '0000000000000000');
  f(1, '0000000000000001');
  f(-1, 'ffffffffffffffff');
  f(2 ** 53 - 1, '001fffffffffffff');
  f(-(2 ** 53), 'ffe0000000000000');
  f(1_700_000_000_000, '0000018bcfe56800');
  f(-(2 ** 32), 'ffffffff00000000');
});

test('ByteReader refuses what was cut short and varints above 64 bits', () => {
  const f = (hex: string, read: (reader: ByteReader) => unknown) =>
    assert.throws(() => read(new ByteReader(Uint8Array.fromHex(hex))), RangeError, hex);
  f('', (reader) => reader.byte());
  f('', (reader) => reader.uvarint());
  f('80', (reader) => reader.uvarint());
  f('', (reader) => reader.varint());
  f('ff', (reader) => reader.varint());
  f('ffff', (reader) => reader.varint());
  f('ffffffffffffffffff02', (reader) => reader.uvarint());
  f('ffffffffffffffffffff01', (reader) => reader.varint());
  f('80808080808080808080', (reader) => reader.uvarint());
  f('00000000000000', (reader) => reader.uint64());
  f('000000', (reader) => reader.uint32());
  f('00000000000000', (reader) => reader.float64());
  f('0000', (reader) => reader.skip(3));
});

test('varints come back, for any seed', () => {
  const bytes = new Uint8Array(10);
  for (let seed = 0; seed < 2000; seed++) {
    const random = new Random(seed);
    const magnitude = random.below(2 ** random.below(54));
    const value = random.below(2) === 0 ? magnitude : -magnitude || 0;
    assert.equal(new ByteReader(bytes, 0, putVarint(bytes, 0, value)).varint(), value, `seed ${seed}`);
    assert.equal(
      new ByteReader(bytes, 0, putUvarint(bytes, 0, magnitude)).uvarint(),
      magnitude,
      `seed ${seed}`,
    );
  }
});
