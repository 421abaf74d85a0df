import assert from 'node:assert/strict';
import {createRequire} from 'node:module';
import test from 'node:test';
import {Random} from '../base/random.ts';
import {loadKernels} from './kernels.ts';
import {arenaStart, LinearMemory} from './memory.ts';
import {
  snappyBytesMax,
  snappyCompress,
  snappyExpand,
  snappyFirstByte,
  snappyLength,
  snappySlackBytes,
  snappyTableBytes,
} from './snappy.ts';

/** The library that these kernels are faster than; it makes the same bytes. */
const library = createRequire(import.meta.url)('snappy-wasm') as {
  compress_raw(bytes: Uint8Array): Uint8Array;
  decompress_raw(bytes: Uint8Array): Uint8Array;
};

const memory = LinearMemory.reserve(2 ** 24);
const kernels = loadKernels(memory);
const table = arenaStart;
const source = table + snappyTableBytes;
const target = source + 2 ** 20;

function kernelCompress(bytes: Uint8Array): Uint8Array {
  memory.u8.set(bytes, source);
  const guard = target + snappyBytesMax(bytes.length) + snappySlackBytes;
  memory.u8.fill(0xa5, guard, guard + 64);
  const length = kernels.snappyCompress(source, bytes.length, target, table);
  assert.ok(length <= snappyBytesMax(bytes.length));
  assert.ok(memory.u8.subarray(guard, guard + 64).every((byte) => byte === 0xa5));
  return memory.u8.slice(target, target + length);
}

/** What the elements make, or null where they are damaged; kernel and twin agree. */
function expand(bytes: Uint8Array, start: number, length: number): Uint8Array | null {
  const twin = new Uint8Array(length);
  const sound = snappyExpand(bytes, start, twin);
  memory.u8.set(bytes, source);
  memory.u8.fill(0xa5, target - 64, target);
  memory.u8.fill(0xa5, target + length + snappySlackBytes, target + length + snappySlackBytes + 64);
  const kernelSound = kernels.snappyExpand(source + start, bytes.length - start, target, length);
  assert.equal(Boolean(kernelSound), sound);
  assert.ok(memory.u8.subarray(target - 64, target).every((byte) => byte === 0xa5));
  const behind = target + length + snappySlackBytes;
  assert.ok(memory.u8.subarray(behind, behind + 64).every((byte) => byte === 0xa5));
  if (sound) assert.ok(Buffer.from(twin).equals(memory.u8.slice(target, target + length)));
  return sound ? twin : null;
}

/** Bytes with repetitions near and far, as records of samples and labels have them. */
function someBytes(random: Random): Uint8Array {
  const length = random.below(random.pick([20, 200, 5000, 70_000, 200_000]));
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const run = 1 + random.below(random.pick([4, 20, 300]));
    const kind = random.below(4);
    const from = random.below(at + 1);
    for (let i = 0; i < run && at < length; i++, at++) {
      bytes[at] = kind === 0 ? random.below(256) : kind === 1 ? 0 : bytes[from + i]!;
    }
  }
  return bytes;
}

test('snappyCompress() writes these bytes', () => {
  function f(text: string, hex: string): void {
    const bytes = new TextEncoder().encode(text);
    assert.equal(snappyCompress(bytes).toHex(), hex);
    assert.equal(kernelCompress(bytes).toHex(), hex);
  }
  f('', '00');
  f('a', '010061');
  f('a'.repeat(100), '640061fe01008a0100');
  f('abcdefgh'.repeat(4), '201c6162636465666768' + '5e0800');
});

test('the kernel snappyCompress writes what its twin and the library write, and it comes back, for any seed', () => {
  for (let seed = 0; seed < 120; seed++) {
    const bytes = someBytes(new Random(seed));
    const compressed = kernelCompress(bytes);
    assert.ok(Buffer.from(compressed).equals(snappyCompress(bytes)), `seed ${seed}: twin`);
    assert.ok(Buffer.from(compressed).equals(library.compress_raw(bytes)), `seed ${seed}: library`);
    const {length, start} = snappyLength(compressed);
    assert.equal(length, bytes.length);
    assert.ok(Buffer.from(expand(compressed, start, length)!).equals(bytes), `seed ${seed}`);
  }
});

test('snappyExpand() reads elements of all kinds', () => {
  function f(hex: string, text: string | null): void {
    const found = expand(Uint8Array.fromHex(hex.replaceAll(' ', '')), 0, text?.length ?? 8);
    assert.equal(found === null ? null : new TextDecoder().decode(found), text);
  }
  f('0c 61626364', 'abcd');
  f('f0 03 61626364', 'abcd');
  f('f4 0300 61626364', 'abcd');
  f('f8 030000 61626364', 'abcd');
  f('fc 03000000 61626364', 'abcd');
  f('0c 61626364 01 04', 'abcdabcd');
  f('0c 61626364 0e 0400', 'abcdabcd');
  f('0c 61626364 0f 04000000', 'abcdabcd');
  f('00 61 19 01', 'a'.repeat(11));
  f('', '');
  // Too long, too short, before the start, cut short, and a length near 2^32.
  f('0c 61626364', null);
  f('20 6162636465666768 69', null);
  f('0c 61626364 0e 0500', null);
  f('0c 61626364 0e 0000', null);
  f('0c 61626364 0e 04', null);
  f('0c 61626364 01', null);
  f('0c 61626364 0f 040000', null);
  f('fc ffffffff 61', null);
  f('f0', null);
  f('1c 616263', null);
});

test('snappyExpand() stops on any bytes, as its twin does, for any seed', () => {
  for (let seed = 0; seed < 1500; seed++) {
    const random = new Random(seed);
    const bytes = someBytes(random).slice(0, 3000);
    const compressed = snappyCompress(bytes);
    for (let flips = random.below(4); flips >= 0; flips--)
      compressed[random.below(compressed.length)] = random.below(256);
    const cut = compressed.slice(
      0,
      random.below(3) === 0 ? random.below(compressed.length) : compressed.length,
    );
    expand(cut, Math.min(2, cut.length), bytes.length);
  }
});

test('snappyLength() refuses what so few bytes cannot make', () => {
  const f = (hex: string) => assert.throws(() => snappyLength(Uint8Array.fromHex(hex)), RangeError, hex);
  f('');
  f('80');
  f('ffffffff0f00');
  f('808080808001');
  f('2d00');
  assert.deepEqual(snappyLength(Uint8Array.fromHex('2c00')), {length: 44, start: 1});
});

test('snappyFirstByte() gives the first byte of what was compressed, for any seed', () => {
  for (let seed = 0; seed < 100; seed++) {
    const bytes = someBytes(new Random(seed));
    const compressed = snappyCompress(bytes);
    // Elsewhere in a buffer, and cut short everywhere near the beginning.
    const buffer = new Uint8Array(compressed.length + 20).fill(0xff);
    buffer.set(compressed, 7);
    assert.equal(snappyFirstByte(buffer, 7, 7 + compressed.length), bytes[0] ?? -1, `seed ${seed}`);
    for (let cut = 0; cut < Math.min(3, compressed.length); cut++)
      assert.equal(snappyFirstByte(compressed, 0, cut), -1);
  }
  // A copy is not where a compressor begins.
  assert.equal(snappyFirstByte(Uint8Array.fromHex('040104'), 0, 3), -1);
});
