import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../../base/random.ts';
import {BitReader, BitWriter} from './bits.ts';
import {readVarbitBig, readVarbitInt, readVarbitUint, writeVarbitInt, writeVarbitUint} from './varbit.ts';

function bitsOf(write: (out: BitWriter) => void): string {
  const out = new BitWriter();
  write(out);
  const bits = Array.from(out.bytes.subarray(0, out.byteLength), (byte) => byte.toString(2).padStart(8, '0'));
  return bits.join('').slice(0, out.bits);
}

test('writeVarbitInt() chooses the shortest code, and 2^(n-1) still fits into n bits', () => {
  function f(value: number, bits: string): void {
    const at = (out: BitWriter): void => writeVarbitInt(out, value);
    assert.equal(bitsOf(at), bits, `${value}`);
  }
  f(0, '0');
  f(1, '10001');
  f(-1, '10111');
  f(4, '10100');
  f(-3, '10101');
  f(-4, '110111100');
  f(32, '110100000');
  f(-32, '1110111100000');
  f(2048, `11110${'1'.padEnd(12, '0')}`);
  f(131_072, `111110${'1'.padEnd(18, '0')}`);
  f(-131_072, `1111110${'11111111'}${'0'.repeat(17)}`);
  f(2 ** 24, `1111110${'1'.padEnd(25, '0')}`);
  f(2 ** 24 + 1, `11111110${(2 ** 24 + 1).toString(2).padStart(56, '0')}`);
  f(-(2 ** 53), `11111110${'111'}${'0'.repeat(53)}`);
});

test('writeVarbitUint() uses all of its bits', () => {
  function f(value: number, bits: string): void {
    const at = (out: BitWriter): void => writeVarbitUint(out, value);
    assert.equal(bitsOf(at), bits, `${value}`);
  }
  f(0, '0');
  f(7, '10111');
  f(8, '110001000');
  f(511, '1110111111111');
  f(2 ** 25 - 1, `1111110${'1'.repeat(25)}`);
  f(2 ** 53, `11111110${(2 ** 53).toString(2).padStart(56, '0')}`);
});

test('numbers come back from any bit on, and so do strings of bits', () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = new Random(seed);
    const out = new BitWriter();
    const values = Array.from({length: 100}, () => {
      const size = 2 ** random.below(54);
      return random.below(size) - (random.below(2) === 0 ? 0 : size / 2);
    }).map((value) => Math.trunc(value) + 0);
    const lead = random.below(8);
    out.write(0, lead);
    for (const value of values) {
      writeVarbitInt(out, value);
      writeVarbitUint(out, Math.abs(value));
      out.writeVarint(value);
      out.writeUvarint(Math.abs(value));
      out.write(value, 31);
    }
    const reader = new BitReader(out.bytes.subarray(0, out.byteLength));
    const wide = new BitReader(out.bytes.subarray(0, out.byteLength));
    reader.read(lead);
    wide.read(lead);
    for (const value of values) {
      assert.equal(readVarbitInt(reader), value, `seed ${seed}`);
      assert.equal(readVarbitUint(reader), Math.abs(value), `seed ${seed}`);
      assert.equal(readVarbitBig(wide, true), BigInt(value), `seed ${seed}`);
      assert.equal(readVarbitBig(wide, false), BigInt(Math.abs(value)), `seed ${seed}`);
      for (const each of [reader, wide]) {
        assert.equal(each.readVarint(), value, `seed ${seed}`);
        assert.equal(each.readUvarint(), Math.abs(value), `seed ${seed}`);
        assert.equal(each.read(31), (value & 0x7fff_ffff) >>> 0, `seed ${seed}`);
      }
    }
  }
});

test('readVarbitInt() reads 56 and 64 bits that no writer here makes', () => {
  function f(hex: string, value: bigint): void {
    const bytes = Uint8Array.fromHex(hex);
    assert.equal(readVarbitInt(new BitReader(bytes)), Number(value), hex);
    assert.equal(readVarbitBig(new BitReader(bytes), true), value, hex);
  }
  f('fe80000000000000', 2n ** 55n);
  f('fe80000000000001', 1n - 2n ** 55n);
  f('ff8000000000000000', -(2n ** 63n));
  f('ff7fffffffffffffff', 2n ** 63n - 1n);
  f('ffffffffffffffffff', -1n);
});

test('readers refuse what is cut short', () => {
  const out = new BitWriter();
  writeVarbitInt(out, 1_000_000_000);
  for (let bytes = 0; bytes < out.byteLength; bytes++) {
    const cut = out.bytes.subarray(0, bytes);
    assert.throws(() => readVarbitInt(new BitReader(cut)), RangeError, `${bytes} bytes`);
    assert.throws(() => readVarbitUint(new BitReader(cut)), RangeError, `${bytes} bytes`);
    assert.throws(() => readVarbitBig(new BitReader(cut), true), RangeError, `${bytes} bytes`);
  }
  assert.throws(() => new BitReader(new Uint8Array(12).fill(0xff)).readUvarint(), /more than 64 bits/);
});
