import assert from 'node:assert/strict';
import test from 'node:test';
import {constants, crc32, deflateRawSync, inflateRawSync} from 'node:zlib';
import {Random} from '../base/random.ts';
import {
  inflateDamaged,
  inflateScratchBytes,
  inflateSourceSlack,
  inflateTargetSlack,
  inflateTooLong,
} from './inflate-layout.ts';
import {loadKernels} from './kernels.ts';
import {arenaStart, LinearMemory} from './memory.ts';

const memory = LinearMemory.reserve(2 ** 24);
const kernels = loadKernels(memory);
const scratch = arenaStart;
const source = scratch + inflateScratchBytes;
const target = source + 2 ** 20;

/** Bytes, or what kernels.inflate() says is wrong. What is behind source, target and scratch must not matter, nor change. */
function inflate(packed: Uint8Array, capacity: number, behind = 0xa5): Uint8Array | number {
  memory.u8.set(packed, source);
  memory.u8.fill(behind, source + packed.length, source + packed.length + inflateSourceSlack);
  memory.u8.fill(0xa5, target - 64, target);
  const guard = target + capacity + inflateTargetSlack;
  memory.u8.fill(0xa5, guard, guard + 64);
  const length = kernels.inflate(source, packed.length, target, capacity, scratch);
  assert.ok(memory.u8.subarray(target - 64, target).every((byte) => byte === 0xa5));
  assert.ok(memory.u8.subarray(guard, guard + 64).every((byte) => byte === 0xa5));
  if (length < 0) return length;
  assert.ok(length <= capacity);
  return memory.u8.slice(target, target + length);
}

/** Bytes read by the last call. */
function bytesRead(): number {
  return memory.u32[scratch / 4]!;
}

/** Text like that of exporters, noise, and runs of one byte or of a few. */
function someBytes(random: Random): Buffer {
  const length = random.below(random.pick([1, 20, 300, 5000, 100_000]));
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length;) {
    const run = Math.min(length - at, 1 + random.below(random.pick([4, 30, 600])));
    const kind = random.below(5);
    for (let i = 0; i < run; i++) {
      const back = at > 0 ? 1 + random.below(Math.min(at, kind === 0 ? 20 : 32_768)) : 0;
      bytes[at + i] =
        kind === 1 || at === 0
          ? random.below(256)
          : kind === 2
            ? 0x30 + random.below(10)
            : kind === 3
              ? bytes[at - 1]!
              : bytes[at + i - back]!;
    }
    at += run;
  }
  return bytes;
}

function deflate(random: Random, bytes: Uint8Array): Buffer {
  return deflateRawSync(bytes, {
    level: random.below(10),
    strategy: random.pick([
      constants.Z_DEFAULT_STRATEGY,
      constants.Z_FILTERED,
      constants.Z_HUFFMAN_ONLY,
      constants.Z_RLE,
      constants.Z_FIXED,
    ]),
    memLevel: 1 + random.below(9),
  });
}

test('inflate() gives back what zlib has compressed, for any seed', () => {
  for (let seed = 0; seed < 600; seed++) {
    const random = new Random(seed);
    const bytes = someBytes(random);
    const packed = deflate(random, bytes);
    const padded = Buffer.concat([packed, Buffer.from('something else')]);
    const got = inflate(padded, bytes.length);
    assert.ok(typeof got !== 'number' && bytes.equals(got), `seed ${seed}`);
    assert.equal(bytesRead(), packed.length, `seed ${seed}`);
    if (bytes.length > 0)
      assert.equal(inflate(packed, random.below(bytes.length)), inflateTooLong, `seed ${seed}`);
  }
});

test('inflate() refuses what is cut short, whatever lies behind it', () => {
  const random = new Random(5);
  for (const size of [0, 1, 40, 3000]) {
    const bytes = someBytes(random).subarray(0, size);
    const packed = deflateRawSync(bytes);
    for (let length = 0; length < packed.length; length += 1 + (packed.length >>> 8)) {
      for (const behind of [0, 0xa5, 0xff])
        assert.ok(
          Number(inflate(packed.subarray(0, length), 200_000, behind)) < 0,
          `${length} bytes of ${size}`,
        );
    }
  }
});

test('inflate() takes of damaged streams what zlib takes, for any seed', () => {
  let refused = 0;
  for (let seed = 0; seed < 4000; seed++) {
    const random = new Random(seed);
    const bytes = someBytes(random).subarray(0, 3000);
    const packed = random.below(10) === 0 ? Buffer.from(someBytes(random)) : deflate(random, bytes);
    for (let n = 1 + random.below(4); n > 0 && packed.length > 0; n--)
      packed[random.below(packed.length)]! ^= 1 << random.below(8);
    let expected: Buffer | null = null;
    try {
      expected = inflateRawSync(packed, {maxOutputLength: 1e6});
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') continue;
    }
    const got = inflate(packed, 1e6);
    if (expected === null) {
      assert.equal(got, inflateDamaged, `seed ${seed}`);
      refused++;
    } else assert.ok(typeof got !== 'number' && expected.equals(got), `seed ${seed}`);
  }
  assert.ok(refused > 500);
});

test('crc32() is that of zlib, in pieces, too', () => {
  const random = new Random(9);
  for (let i = 0; i < 200; i++) {
    const bytes = someBytes(random);
    memory.u8.set(bytes, source);
    const split = random.below(bytes.length + 1);
    const first = kernels.crc32(source, split, 0);
    assert.equal(kernels.crc32(source + split, bytes.length - split, first) >>> 0, crc32(bytes));
  }
});
