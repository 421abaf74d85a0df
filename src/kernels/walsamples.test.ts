import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../base/random.ts';
import {loadKernels} from './kernels.ts';
import {arenaStart, LinearMemory} from './memory.ts';
import {encodeSamples, sampleBytesMax} from './walsamples.ts';

const capacity = 200;
const refs = arenaStart;
const times = refs + 8 * capacity;
const values = times + 8 * capacity;
const out = values + 8 * capacity;

test('encodeSamples() writes these bytes', () => {
  const memory = LinearMemory.reserve(2 ** 22);
  const kernels = loadKernels(memory);
  function f(samples: [ref: number, time: number, value: number][], hex: string): void {
    samples.forEach(([ref, time, value], i) => {
      memory.f64[refs / 8 + i] = ref;
      memory.f64[times / 8 + i] = time;
      memory.f64[values / 8 + i] = value;
    });
    const [ref, time] = samples[0]!;
    const length = encodeSamples(memory, refs, times, values, samples.length, ref, time, out);
    assert.equal(memory.u8.slice(out, out + length).toHex(), hex);
    memory.u8.fill(0, out, out + length);
    assert.equal(kernels.encodeSamples(refs, times, values, samples.length, ref, time, out), length);
    assert.equal(memory.u8.slice(out, out + length).toHex(), hex);
  }
  f([[1, 1000, 1]], '00003ff0000000000000');
  f(
    [
      [5, 1_700_000_000_000, 0.5],
      [6, 1_700_000_000_001, -2],
      [4, 1_699_999_999_999, 0],
    ],
    '00003fe0000000000000' + '0202c000000000000000' + '01010000000000000000',
  );
  f(
    [
      [0, 0, 0],
      [2 ** 53 - 1, -(2 ** 53), 1],
    ],
    '00000000000000000000' + 'feffffffffffff1fffffffffffffff1f3ff0000000000000',
  );
});

test('the kernel encodeSamples writes what its twin writes, for any seed', () => {
  const memory = LinearMemory.reserve(2 ** 22);
  const kernels = loadKernels(memory);
  for (let seed = 0; seed < 100; seed++) {
    const random = new Random(seed);
    const count = 1 + random.below(capacity);
    for (let i = 0; i < count; i++) {
      memory.f64[refs / 8 + i] = random.below(2 ** random.below(54));
      memory.f64[times / 8 + i] = (random.below(2) === 0 ? -1 : 1) * random.below(2 ** random.below(54)) || 0;
      // Any bits, a stale marker and other NaNs among them.
      memory.u32[values / 4 + 2 * i] = random.below(5) === 0 ? 2 : random.uint32();
      memory.u32[values / 4 + 2 * i + 1] = random.below(5) === 0 ? 0x7ff00000 : random.uint32();
    }
    const [ref, time] = [memory.f64[refs / 8]!, memory.f64[times / 8]!];
    const length = encodeSamples(memory, refs, times, values, count, ref, time, out);
    assert.ok(length <= count * sampleBytesMax);
    const expected = memory.u8.slice(out, out + length);
    memory.u8.fill(0, out, out + length);
    assert.equal(kernels.encodeSamples(refs, times, values, count, ref, time, out), length, `seed ${seed}`);
    assert.deepEqual(memory.u8.slice(out, out + length), expected, `seed ${seed}`);
  }
});
