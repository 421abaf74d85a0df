import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../base/random.ts';
import {crcLanes, crcLanesBytes, crcLengths, crcResults, crcStarts} from './crc-layout.ts';
import {crc32c} from './crc32c.ts';
import {loadKernels} from './kernels.ts';
import {arenaStart, LinearMemory} from './memory.ts';

test('crc32c() gives the checksums of RFC 3720, appendix B.4', () => {
  function f(bytes: Uint8Array, expected: number): void {
    assert.equal(crc32c(bytes), expected);
  }
  f(new Uint8Array(32), 0x8a9136aa);
  f(new Uint8Array(32).fill(0xff), 0x62a8ab43);
  f(
    Uint8Array.from({length: 32}, (_, i) => i),
    0x46dd794e,
  );
  f(
    Uint8Array.from({length: 32}, (_, i) => 31 - i),
    0x113fdb5c,
  );
  f(new TextEncoder().encode('123456789'), 0xe3069283);
  f(new Uint8Array(0), 0);
});

test('the kernel crc32c gives what its twin gives, for any seed, place and length', () => {
  const memory = LinearMemory.reserve(2 ** 22);
  const kernels = loadKernels(memory);
  for (let seed = 0; seed < 300; seed++) {
    const random = new Random(seed);
    const start = arenaStart + random.below(64);
    const end = start + random.below(random.pick([100, 100, 1400, 40_000]));
    for (let i = start; i < end; i++) memory.u8[i] = random.below(256);
    const before = random.uint32();
    assert.equal(kernels.crc32c(start, end - start, 0) >>> 0, crc32c(memory.u8, start, end), `seed ${seed}`);
    assert.equal(kernels.crc32c(start, end - start, before) >>> 0, crc32c(memory.u8, start, end, before));
    const middle = start + random.below(end - start + 1);
    const first = crc32c(memory.u8, start, middle);
    assert.equal(
      crc32c(memory.u8, middle, end, first),
      crc32c(memory.u8, start, end),
      `seed ${seed}, in two parts`,
    );
  }
});

test('the kernel crc32cs gives what the twin of crc32c gives for each stretch, for any seed and lengths', () => {
  const memory = LinearMemory.reserve(2 ** 22);
  const kernels = loadKernels(memory);
  const {u8, u32} = memory;
  const lanes = arenaStart;
  const data = lanes + crcLanesBytes;
  for (let seed = 0; seed < 500; seed++) {
    const random = new Random(seed);
    const count = random.below(crcLanes + 1);
    const longest = random.pick([8, 40, 300, 400, 1024, 3000]);
    const shortest = random.pick([0, longest >>> 1, longest - 8]);
    const starts = Array.from({length: count}, () => data + random.below(100_000));
    const lengths = starts.map(() => shortest + random.below(longest - shortest + 1));
    for (let i = data; i < data + 104_000; i++) u8[i] = random.below(256);
    for (const [i, start] of starts.entries()) {
      u32[((lanes + crcStarts) >>> 2) + i] = start;
      u32[((lanes + crcLengths) >>> 2) + i] = lengths[i]!;
    }
    kernels.crc32cs(lanes, count);
    const first = (lanes + crcResults) >>> 2;
    assert.deepEqual(
      [...u32.subarray(first, first + count)],
      starts.map((start, i) => crc32c(u8, start, start + lengths[i]!)),
      `seed ${seed}`,
    );
  }
});
