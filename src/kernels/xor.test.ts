import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../base/random.ts';
import {loadKernels} from './kernels.ts';
import {arenaStart, LinearMemory} from './memory.ts';
import {decodeXor, encodeXor} from './xor.ts';

const memory = LinearMemory.reserve(64 * 2 ** 20);
const kernels = loadKernels(memory);
const bigs = new BigUint64Array(memory.wasm.buffer);

const countMax = 450;
const state = arenaStart;
const timesAt = state + 64;
const valuesAt = timesAt + 8 * countMax;
const chunkAt = valuesAt + 8 * countMax;

/** Nasty values as bit patterns. */
const nasty: readonly bigint[] = [
  0n,
  0x8000000000000000n, // -0
  1n, // the smallest denormal
  0x000fffffffffffffn,
  0x7ff0000000000000n, // Infinity
  0xfff0000000000000n,
  0x7ff0000000000002n, // stale
  0x7ff8000000000001n,
  0xffffffffffffffffn,
  0x7ff8dead_beef1234n,
  0x3ff0000000000000n,
  0x4059000000000000n,
];

function bitsOf(value: number): bigint {
  return new BigUint64Array(Float64Array.of(value).buffer)[0]!;
}

interface Samples {
  times: bigint[];
  values: bigint[];
}

function randomSamples(random: Random): Samples {
  const count = 1 + random.below(random.below(4) === 0 ? countMax : 130);
  const times: bigint[] = [];
  const values: bigint[] = [];
  const jitter = random.pick([0, 0, 2, 9000, 70_000, 600_000]);
  const style = random.below(6);
  let time = random.pick([0, -(2 ** 53) + 1, 1_700_000_000_000, -5, random.below(2 ** 40)]);
  let value = random.below(1000);
  for (let i = 0; i < count; i++) {
    times.push(BigInt(time));
    time += 15_000 + (jitter === 0 ? 0 : random.below(jitter) - Math.floor(Math.min(jitter, 14_000) / 2));
    // Big jumps, some past 2^32 ms; all stay below 2^53.
    if (random.below(60) === 0) time += random.below(random.pick([2 ** 20, 2 ** 33, 2 ** 43]));
    if (random.below(90) === 0) time += 1;
    if (style === 0) value = 42;
    else if (style === 1) value += random.below(10);
    else if (style === 2) value = Math.round(random.float() * 1e4) / 100;
    else if (style === 3) value = random.float();
    if (style === 4) values.push(random.pick(nasty));
    else if (style === 5) values.push((BigInt(random.uint32()) << 32n) | BigInt(random.uint32()));
    else values.push(random.below(200) === 0 ? random.pick(nasty) : bitsOf(value));
  }
  return {times, values};
}

function store(samples: Samples): void {
  samples.times.forEach((time, i) => (memory.f64[timesAt / 8 + i] = Number(time)));
  samples.values.forEach((value, i) => (bigs[valuesAt / 8 + i] = value));
}

function encode(samples: Samples): Uint8Array {
  store(samples);
  // What was there before must not matter.
  memory.u8.fill(0xaa, chunkAt, chunkAt + 24 + 19 * samples.times.length);
  const bytes = kernels.xorEncode(timesAt, valuesAt, samples.times.length, state, chunkAt);
  return memory.u8.slice(chunkAt, chunkAt + bytes);
}

function decode(chunk: Uint8Array, mint = -Infinity, maxt = Infinity): Samples | null {
  memory.u8.set(chunk, chunkAt);
  memory.u8.fill(0xff, chunkAt + chunk.length, chunkAt + chunk.length + 16);
  const count = (chunk[0]! << 8) | chunk[1]!;
  const got = kernels.xorDecode(chunkAt + 2, chunk.length - 2, count, mint, maxt, timesAt, valuesAt);
  if (got === -1) return null;
  return {
    times: Array.from(memory.f64.subarray(timesAt / 8, timesAt / 8 + got), BigInt),
    values: [...bigs.subarray(valuesAt / 8, valuesAt / 8 + got)],
  };
}

test('xorEncode() writes the bytes of its twin, and both decode them, for any seed', () => {
  for (let seed = 0; seed < 200; seed++) {
    const samples = randomSamples(new Random(seed));
    const expected = encodeXor(samples.times, samples.values);
    assert.equal(encode(samples).toHex(), expected.toHex(), `seed ${seed}`);
    assert.deepEqual(decode(expected), samples, `seed ${seed}`);
    if (seed % 4 === 0) assert.deepEqual(decodeXor(expected), samples, `seed ${seed}`);
  }
});

test('xorEncode() writes these bytes', () => {
  function f(samples: [number, number][], hex: string): void {
    const times = samples.map(([time]) => BigInt(time));
    const values = samples.map(([, value]) => bitsOf(value));
    assert.equal(encode({times, values}).toHex(), hex);
  }
  // One sample: count, zigzag varint of the time, the value's bits.
  f([[0, 0]], '0001' + '00' + '0000000000000000');
  f([[-1, 1]], '0001' + '01' + '3ff0000000000000');
  // Then the uvarint of the gap and one 0 bit for the same value.
  f(
    [
      [1000, 1],
      [16_000, 1],
    ],
    '0002' + 'd00f' + '3ff0000000000000' + '9875' + '00',
  );
  // 1 xor 2 = 0x7ff0…: control 11, leading 00001, significant 001011, eleven ones.
  f(
    [
      [0, 1],
      [1, 2],
    ],
    '0002' + '00' + '3ff0000000000000' + '01' + 'c25fff',
  );
});

test('xorDecode() keeps to [mint, maxt], both inclusive, for any seed', () => {
  for (let seed = 0; seed < 100; seed++) {
    const random = new Random(seed);
    const samples = randomSamples(random);
    const chunk = encodeXor(samples.times, samples.values);
    for (let i = 0; i < 5; i++) {
      const [mint, maxt] = [Number(random.pick(samples.times)), Number(random.pick(samples.times))];
      const kept = [...samples.times.keys()].filter(
        (k) => samples.times[k]! >= mint && samples.times[k]! <= maxt,
      );
      assert.deepEqual(
        decode(chunk, mint, maxt),
        {times: kept.map((k) => samples.times[k]!), values: kept.map((k) => samples.values[k]!)},
        `seed ${seed}: [${mint}, ${maxt}]`,
      );
    }
  }
});

test('xorDecode() refuses what was cut short', () => {
  for (let seed = 0; seed < 40; seed++) {
    const samples = randomSamples(new Random(seed));
    const chunk = encodeXor(samples.times, samples.values);
    for (let length = 2; length < chunk.length; length += 1 + (length >> 4)) {
      // The bits behind the end are all ones, so a cut of padding alone does not matter.
      assert.equal(
        decode(chunk.subarray(0, length)),
        null,
        `seed ${seed}: ${length} of ${chunk.length} bytes`,
      );
    }
  }
});

test('xorDecode() survives random bytes', () => {
  const random = new Random(1);
  for (let i = 0; i < 3000; i++) {
    const chunk = Uint8Array.from({length: 2 + random.below(200)}, () => random.below(256));
    chunk[0] = 0;
    decode(chunk);
  }
});

test('xorResume() goes on where xorDecodeAll() has ended, for any seed', () => {
  const resumeState = chunkAt + 32_768;
  for (let seed = 0; seed < 300; seed++) {
    const random = new Random(seed);
    const samples = randomSamples(random);
    const {length} = samples.times;
    const known = 1 + random.below(length);
    const begun = encodeXor(samples.times.slice(0, known), samples.values.slice(0, known));
    memory.u8.set(begun, chunkAt);
    const got = kernels.xorDecodeAll(chunkAt + 2, begun.length - 2, known, resumeState, timesAt, valuesAt);
    assert.equal(got, known, `seed ${seed}`);
    const chunk = encodeXor(samples.times, samples.values);
    memory.u8.set(chunk, chunkAt);
    const [mint, maxt] =
      random.below(2) === 0
        ? [-Infinity, Infinity]
        : [Number(random.pick(samples.times)), Number(random.pick(samples.times))];
    const kept = [...samples.times.keys()].filter(
      (i) => i >= known && samples.times[i]! >= mint && samples.times[i]! <= maxt,
    );
    const more = kernels.xorResume(
      chunkAt + 2,
      chunk.length - 2,
      length,
      resumeState,
      mint,
      maxt,
      timesAt,
      valuesAt,
    );
    if (known < 2) {
      assert.equal(more, -1);
      continue;
    }
    assert.equal(more, kept.length, `seed ${seed}: from ${known} of ${length}`);
    assert.deepEqual(
      {
        times: Array.from(memory.f64.subarray(timesAt / 8, timesAt / 8 + more), BigInt),
        values: [...bigs.subarray(valuesAt / 8, valuesAt / 8 + more)],
      },
      {times: kept.map((i) => samples.times[i]!), values: kept.map((i) => samples.values[i]!)},
      `seed ${seed}: from ${known} of ${length}`,
    );
  }
});
