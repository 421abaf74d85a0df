import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../base/random.ts';
import {loadKernels} from './kernels.ts';
import {arenaStart, LinearMemory} from './memory.ts';
import {
  packedCount,
  packedDigits,
  packedDoubles,
  packedEqual,
  packedFalls,
  packedFlags,
  packedInterval,
  packedKind,
  packedNaN,
} from './packed-layout.ts';
import {packSamples} from './packed.ts';

const memory = LinearMemory.reserve(16 * 2 ** 20);
const kernels = loadKernels(memory);
const countMax = 300;
const timesAt = arenaStart;
const valuesAt = timesAt + 8 * (countMax + 8);
const packedAt = valuesAt + 8 * (countMax + 8);
const words = new BigUint64Array(memory.wasm.buffer);

function randomValues(random: Random, count: number): Float64Array {
  const digits = random.pick([1, 1, 10, 100, 1000, 10_000, 100_000]);
  const step = random.pick([0, 1, 20, 5000, 1e8, 1e13]);
  const odd = random.below(4) === 0 ? random.pick([NaN, -0, Infinity, Math.PI, 2 ** 53, 1e300]) : null;
  let whole = random.below(1e6) - random.below(1e6);
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    whole += Math.floor(random.float() * step) - (random.below(3) === 0 ? Math.floor(step / 2) : 0);
    values[i] = whole / digits;
  }
  if (odd !== null) values[random.below(count)] = odd;
  else if (random.below(8) === 0) values.fill(random.pick([NaN, -0, Math.PI]));
  if (random.below(20) === 0) new BigUint64Array(values.buffer)[random.below(count)] = 0x7ff0000000000002n;
  return values;
}

function randomTimes(random: Random, count: number): Float64Array {
  const jitter = random.pick([1, 1, 5, 20_000]);
  let time = random.below(2 ** 41) - random.below(1000);
  return Float64Array.from({length: count}, () => (time += 15_000 + random.below(jitter)));
}

function pack(times: Float64Array, values: Float64Array): number {
  memory.f64.set(times, timesAt / 8);
  words.set(new BigUint64Array(values.slice().buffer), valuesAt / 8);
  memory.u8.fill(0, packedAt, packedAt + 48 + 12 * countMax);
  return kernels.packSamples(timesAt, valuesAt, times.length, packedAt);
}

test('packSamples() writes the bytes of its twin, and unpackSamples() has any part of them back, for any seed', () => {
  for (let seed = 0; seed < 3000; seed++) {
    const random = new Random(seed);
    const count = 1 + random.below(countMax);
    const times = randomTimes(random, count);
    const values = randomValues(random, count);
    const bytes = pack(times, values);
    const expected = packSamples(times, values);
    assert.ok(expected !== null);
    assert.equal(
      memory.u8.slice(packedAt, packedAt + bytes).toHex(),
      expected.toHex(),
      `seed ${seed}: ${values.subarray(0, 4).join(' ')}`,
    );
    const bits = new BigUint64Array(values.buffer);
    for (let round = 0; round < 4; round++) {
      const mint =
        round === 0 ? -Infinity : times[random.below(count)]! + random.pick([-20_000, -1, 0, 0.5, 1]);
      const maxt =
        round === 1 ? Infinity : times[random.below(count)]! + random.pick([-1, -0.5, 0, 1, 20_000]);
      // Nothing is written behind the samples.
      words.fill(77n, timesAt / 8, packedAt / 8);
      const kept = [...times.keys()].filter((i) => times[i]! >= mint && times[i]! <= maxt);
      const got = kernels.unpackSamples(packedAt, mint, maxt, timesAt, valuesAt);
      const where = `seed ${seed}: [${mint}, ${maxt}]`;
      assert.equal(got, kept.length, where);
      assert.deepEqual(
        [...memory.f64.subarray(timesAt / 8, timesAt / 8 + got)],
        kept.map((i) => times[i]!),
        where,
      );
      assert.deepEqual(
        [...words.subarray(valuesAt / 8, valuesAt / 8 + got)],
        kept.map((i) => bits[i]!),
        where,
      );
      assert.equal(words[timesAt / 8 + got], 77n, where);
      assert.equal(words[valuesAt / 8 + got], 77n, where);
    }
  }
});

test('packSamples() keeps numbers as', () => {
  function f(
    values: number[],
    expected: {kind: number; digits: number; bytes: number; flags?: number},
  ): void {
    const times = Float64Array.from(values, (_, i) => 1000 * i);
    const bytes = pack(times, Float64Array.from(values));
    assert.equal(memory.u16[(packedAt + packedCount) / 2], values.length);
    assert.equal(memory.u32[(packedAt + packedInterval) / 4], values.length > 1 ? 1000 : 1);
    const kind = memory.u8[packedAt + packedKind]!;
    const byte = memory.u8[packedAt + packedFlags]!;
    const flags = byte & ((1 << packedDigits) - 1);
    assert.deepEqual({kind, digits: byte >> packedDigits, bytes, flags}, {flags: 0, ...expected});
  }
  f([Math.PI], {kind: packedEqual, digits: 0, bytes: 24});
  f([NaN, NaN, NaN], {kind: packedEqual, digits: 0, bytes: 24, flags: packedNaN});
  // Four bytes for the least step, then bits.
  f([5, 8, 11, 14], {kind: 0, digits: 0, bytes: 32});
  f([5, 8, 12, 15], {kind: 1, digits: 0, bytes: 32});
  f([5, 4, 7], {kind: 3, digits: 0, bytes: 32, flags: packedFalls});
  f([-5, 65_531], {kind: 0, digits: 0, bytes: 32});
  f([0, 1, 65_537], {kind: 16, digits: 0, bytes: 32});
  f([0, 1, 65_537, 65_538], {kind: 16, digits: 0, bytes: 40});
  f([0.1, 0.25, 0.4], {kind: 0, digits: 2, bytes: 32});
  f([1.5, 1.25], {kind: 0, digits: 2, bytes: 32, flags: packedFalls});
  f([0, 0.0001], {kind: 0, digits: 4, bytes: 32});
  f([0.00001, 1], {kind: packedDoubles, digits: 0, bytes: 40});
  f([-0, 1], {kind: packedDoubles, digits: 0, bytes: 40});
  f([0, -(2 ** 31)], {kind: 0, digits: 0, bytes: 32, flags: packedFalls});
  f([0, 2 ** 31], {kind: packedDoubles, digits: 0, bytes: 40});
  f([0, 0, 2 ** 32 - 1], {kind: 32, digits: 0, bytes: 40});
  f([0, 0, 2 ** 32], {kind: packedDoubles, digits: 0, bytes: 48});
  f([0, 1, NaN], {kind: packedDoubles, digits: 0, bytes: 48, flags: packedNaN});
});

test('packSamples() keeps times as', () => {
  function f(times: number[], bytes: number, interval = 0): void {
    const values = Float64Array.from(times).fill(7);
    assert.equal(pack(Float64Array.from(times), values), bytes);
    assert.equal(memory.u32[(packedAt + packedInterval) / 4], interval);
  }
  f([5000, 20_000, 35_000], 24, 15_000);
  f([5000, 20_000, 35_001], 40);
  f(
    Array.from({length: 120}, (_, i) => 15_000 * i + (i % 4)),
    // Three bits each: from -3 to 1 more than 15,000.
    24 + 8 + 48,
  );
  f([0, 1, 2 ** 31 - 1], 24 + 8 + 8);
  f([0, 2 ** 31 - 1], 24, 2 ** 31 - 1);
});

test('packSamples() leaves alone what it could not have back', () => {
  function f(...times: number[]): void {
    const values = Float64Array.from(times, (_, i) => i);
    assert.equal(pack(Float64Array.from(times), values), 0);
    assert.equal(packSamples(Float64Array.from(times), values), null);
  }
  f(0, 2 ** 31);
  // Who wrote such a block has made a mistake, which must not end a query.
  f(1000, 1000);
  f(1000, 1000, 2000);
  f(2000, 1000);
  f(2000, 1000, 0);
  f(0, 1000, 500);
  f(0, 3e9, 5, 6);
});
