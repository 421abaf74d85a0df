import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../base/random.ts';
import * as twins from './columns.ts';
import {loadKernels} from './kernels.ts';
import {arenaStart, LinearMemory} from './memory.ts';

const memory = LinearMemory.reserve(16 * 2 ** 20);
const kernels = loadKernels(memory);

const countMax = 200;
const at = (column: number): number => arenaStart + column * 8 * (countMax + 8);
const floats = (column: number, length: number): Float64Array =>
  new Float64Array(memory.wasm.buffer, at(column), length);
const integers = (column: number, length: number): Int32Array =>
  new Int32Array(memory.wasm.buffer, at(column), length);

function randomValue(random: Random): number {
  return random.below(12) === 0
    ? random.pick([NaN, Infinity, -Infinity, -0, 0, 5e-324, 1e308, -1e308])
    : (random.float() - 0.3) * 10 ** random.below(6);
}

function fillValues(random: Random, values: Float64Array): void {
  const style = random.below(3);
  let value = random.below(100);
  for (let i = 0; i < values.length; i++) {
    if (style === 0) value += random.below(3);
    else if (style === 1) value = random.below(60) === 0 ? 0 : value + random.below(3);
    else value = randomValue(random);
    values[i] = value;
  }
}

test('scanColumns() and nextFall() find what their twins find, for any seed', () => {
  for (let seed = 0; seed < 2000; seed++) {
    const random = new Random(seed);
    const count = random.below(40);
    const times = floats(0, count);
    const values = floats(1, count);
    for (let i = 0; i < count; i++) times[i] = 1e12 + i * 15_000;
    if (random.below(2) === 0 && count > 0) times[random.below(count)]! += 1;
    fillValues(random, values);
    // What lies behind does not matter.
    floats(0, count + 2).fill(NaN, count);
    floats(1, count + 2).fill(random.pick([NaN, -1e300]), count);
    const flags = kernels.scanColumns(at(0), at(1), count);
    assert.equal(flags, twins.scanColumns(times, values, count), `seed ${seed}`);
    for (let from = 1; from <= count; from += 1 + random.below(5)) {
      const found = kernels.nextFall(at(1), from, count);
      assert.equal(found, twins.nextFall(values, from, count), `seed ${seed}, from ${from}`);
    }
  }
});

test('scanColumns() says', () => {
  function f(times: number[], values: number[], expected: number): void {
    floats(0, times.length).set(times);
    floats(1, values.length).set(values);
    assert.equal(kernels.scanColumns(at(0), at(1), times.length), expected);
  }
  f([], [], 0);
  f([5], [1], 0);
  f([5], [NaN], 1);
  f([5, 6], [1, 1], 4);
  f([5, 6, 7], [1, 2, 1], 6);
  f([5, 6, 8], [1, 2, 3], 0);
  f([5, 6, 7, 8], [1, NaN, 0, 0], 5);
});

test('rateSteps() writes what its twin writes, for any seed', () => {
  for (let seed = 0; seed < 2000; seed++) {
    const random = new Random(seed);
    const count = 1 + random.below(60);
    const steps = 1 + random.below(40);
    const values = floats(0, count);
    fillValues(random, values);
    const first = integers(1, steps);
    const end = integers(2, steps);
    for (let step = 0; step < steps; step++) {
      first[step] = random.below(count + 1);
      end[step] = first[step]! + random.below(count + 1 - first[step]!);
    }
    const factors = floats(3, steps);
    const zeroRatios = floats(4, steps);
    for (let step = 0; step < steps; step++) {
      factors[step] = random.float();
      zeroRatios[step] = random.below(4) === 0 ? 1 : 0.01;
    }
    const out = floats(5, steps).fill(-1);
    const from = random.below(steps + 1);
    const counter = random.below(2);
    const expected = out.slice();
    const stopped = twins.rateSteps(
      values,
      {first, end},
      factors,
      zeroRatios,
      {counter: counter === 1, from, to: steps},
      expected,
    );
    const found = kernels.rateSteps(at(0), at(1), at(2), at(3), at(4), counter, from, steps, at(5));
    assert.equal(found, stopped, `seed ${seed}`);
    assert.deepEqual([...out], [...expected], `seed ${seed}`);
  }
});

test('lastSamples() writes what its twin writes, for any seed', () => {
  for (let seed = 0; seed < 2000; seed++) {
    const random = new Random(seed);
    const count = random.below(60);
    const steps = 1 + random.below(60);
    const times = floats(0, count);
    const values = floats(1, count);
    let time = 1e12;
    for (let i = 0; i < count; i++) times[i] = time += 1 + random.below(random.pick([2, 15, 100]));
    fillValues(random, values);
    const words = new BigUint64Array(memory.wasm.buffer, at(1), count);
    for (let i = 0; i < count; i++) if (random.below(8) === 0) words[i] = 0x7ff0000000000002n;
    const start = 1e12 - 20 + random.below(200);
    const stride = random.pick([0, 1, 15, 40]);
    const lookback = random.pick([1, 15, 50]);
    const out = new BigUint64Array(memory.wasm.buffer, at(2), steps).fill(5n);
    const kinds = new Uint8Array(memory.wasm.buffer, at(3), steps).fill(9);
    const expected = {out: out.slice(), kinds: kinds.slice()};
    const points = twins.lastSamples({times, words}, {start, stride, lookback}, expected);
    const found = kernels.lastSamples(at(0), at(1), count, start, stride, lookback, steps, at(2), at(3));
    assert.equal(found, points, `seed ${seed}`);
    assert.deepEqual([...out], [...expected.out], `seed ${seed}`);
    assert.deepEqual([...kinds], [...expected.kinds], `seed ${seed}`);
  }
});

test('addRow() adds as its twin does, to the last bit, for any seed', () => {
  for (let seed = 0; seed < 500; seed++) {
    const random = new Random(seed);
    const steps = 1 + random.below(countMax);
    const sums = floats(0, steps).fill(0);
    const lost = floats(1, steps).fill(0);
    const expected = {sums: sums.slice(), lost: lost.slice()};
    for (let row = 0; row < 5; row++) {
      const values = floats(2, steps);
      for (let step = 0; step < steps; step++) values[step] = randomValue(random);
      kernels.addRow(at(0), at(1), at(2), steps);
      twins.addRow(expected.sums, expected.lost, values);
    }
    // As numbers: which NaN comes out is not defined.
    assert.deepEqual([...sums], [...expected.sums], `seed ${seed}`);
    assert.deepEqual([...lost], [...expected.lost], `seed ${seed}`);
  }
});

test('addBoundedRow() adds what is within the bound, and else nothing', () => {
  for (let seed = 0; seed < 1000; seed++) {
    const random = new Random(seed);
    const steps = 1 + random.below(20);
    const sums = floats(0, steps).fill(-0);
    const lost = floats(1, steps).fill(0);
    const expected = {sums: sums.slice(), lost: lost.slice()};
    for (let row = 0; row < 4; row++) {
      const values = floats(2, steps);
      for (let step = 0; step < steps; step++) values[step] = (random.float() - 0.5) * 20;
      if (random.below(3) === 0)
        values[random.below(steps)] = random.pick([NaN, Infinity, -10.5, 10.5, 10, -0]);
      const added = kernels.addBoundedRow(at(0), at(1), at(2), steps, 10);
      assert.equal(
        added === 1,
        twins.addBoundedRow(expected.sums, expected.lost, values, 10),
        `seed ${seed}`,
      );
    }
    assert.deepEqual([...sums], [...expected.sums], `seed ${seed}`);
    assert.deepEqual([...lost], [...expected.lost], `seed ${seed}`);
  }
});
