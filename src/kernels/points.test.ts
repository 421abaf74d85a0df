import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../base/random.ts';
import type {Arena} from './arena.ts';
import {loadKernels} from './kernels.ts';
import {LinearMemory} from './memory.ts';
import {formatPoints, formatSampleTime, formatSampleValue, PointWriter} from './points.ts';

/** More rounds of the random tests, for a nightly run. */
const rounds = Number(process.env['NARTHEX_TEST_ROUNDS'] ?? '1');

const memory = LinearMemory.reserve(2 ** 26);
let next = 2 ** 20;
const arena: Arena = {
  alloc: (bytes) => (next += (bytes + 7) & ~7) - ((bytes + 7) & ~7),
  free: () => {},
  sizeOf: (bytes) => bytes,
  bytesInUse: 0,
};
const writer = new PointWriter({memory, kernels: loadKernels(memory), arena});

function written(times: Float64Array, values: Float64Array): string {
  const bytes = writer.write(times, values, 0, times.length);
  // A decoder does not take shared memory.
  return new TextDecoder().decode(bytes.slice());
}

function compare(values: Float64Array, note: string): void {
  for (let from = 0; from < values.length; from += writer.pointsMax) {
    const part = values.slice(from, from + writer.pointsMax);
    const times = new Float64Array(part.length);
    const got = written(times, part);
    const expected = formatPoints(times, part, part.length);
    if (got === expected) continue;
    const pair = got.split('],').map((text, i): [string, string] => [text, expected.split('],')[i]!]);
    assert.deepEqual(
      pair.find(([a, b]) => a !== b),
      undefined,
      note,
    );
  }
}

test('formatSampleValue() and formatSampleTime() write what Prometheus writes', () => {
  function f(value: number, expected: string): void {
    assert.equal(formatSampleValue(value), expected);
    assert.equal(written(Float64Array.of(0), Float64Array.of(value)), `[0,"${expected}"],`);
  }
  f(0, '0');
  f(-0, '-0');
  f(1, '1');
  f(-1.5, '-1.5');
  f(0.1, '0.1');
  f(1 / 3, '0.3333333333333333');
  f(1e-6, '0.000001');
  f(1.5e-6, '0.0000015');
  f(9.9e-7, '9.9e-07');
  f(5e-324, '5e-324');
  f(2.2250738585072014e-308, '2.2250738585072014e-308');
  f(123456789012345680, '123456789012345680');
  f(1e20, '100000000000000000000');
  f(1e21, '1e+21');
  f(-1.7976931348623157e308, '-1.7976931348623157e+308');
  f(2 ** 53, '9007199254740992');
  f(4.35, '4.35');
  f(1e23, '1e+23');
  f(NaN, 'NaN');
  f(Infinity, '+Inf');
  f(-Infinity, '-Inf');
  function g(ms: number, expected: string): void {
    assert.equal(formatSampleTime(ms), expected);
    assert.equal(written(Float64Array.of(ms), Float64Array.of(1)), `[${expected},"1"],`);
  }
  g(0, '0');
  g(1, '0.001');
  g(-1, '-0.001');
  g(42, '0.042');
  g(1435781430500, '1435781430.500');
  g(1435781430000, '1435781430');
  g(-62135596800000, '-62135596800');
  g(Number.MAX_SAFE_INTEGER, '9007199254740.991');
});

test('writePoints() writes the shortest digits for doubles of any bits', () => {
  const words = new Uint32Array(2 * 20_000 * rounds);
  const random = new Random(1);
  for (let i = 0; i < words.length; i++) words[i] = random.uint32();
  compare(new Float64Array(words.buffer), 'seed 1');
});

test('writePoints() writes the shortest digits at powers of two and ten and beside them', () => {
  const doubles: number[] = [];
  const near = new Float64Array(1);
  const bits = new BigUint64Array(near.buffer);
  for (let exponent = -1074; exponent < 1024; exponent++) {
    near[0] = 2 ** exponent;
    for (const step of [-2n, -1n, 0n, 1n, 2n])
      doubles.push(new Float64Array(BigUint64Array.of(bits[0]! + step).buffer)[0]!);
  }
  for (let exponent = -323; exponent < 309; exponent++) {
    near[0] = Number(`1e${exponent}`);
    for (const step of [-2n, -1n, 0n, 1n, 2n])
      doubles.push(new Float64Array(BigUint64Array.of(bits[0]! + step).buffer)[0]!);
  }
  compare(Float64Array.from(doubles), 'powers');
});

test('writePoints() writes the shortest digits for the numbers of everyday metrics', () => {
  const random = new Random(2);
  const values = Float64Array.from({length: 20_000 * rounds}, () =>
    random.pick([
      (): number => random.below(1e9) / 10 ** random.below(8),
      (): number => random.below(2 ** 53),
      (): number => random.float(),
      (): number => random.float() * 10 ** (random.below(50) - 25),
      (): number => -random.below(1e6) / 3,
    ])(),
  );
  compare(values, 'seed 2');
});

test('PointWriter writes a part of longer columns', () => {
  const times = Float64Array.from({length: 5000}, (_, i) => 1000 * i);
  const values = times.map((time) => time / 8);
  const bytes = writer.write(times, values, 3000, 2);
  assert.equal(new TextDecoder().decode(bytes.slice()), '[3000,"375000"],[3001,"375125"],');
});

test('PointWriter writes series that share their times, wholly or in part', () => {
  const times = Float64Array.of(1500, -2000, 3000, 4000);
  function f(from: number, values: number[], expected: string): void {
    const column = new Float64Array(4);
    column.set(values, from);
    assert.equal(
      new TextDecoder().decode(writer.write(times, column, from, values.length).slice()),
      expected,
    );
  }
  f(0, [1, 2], '[1.500,"1"],[-2,"2"],');
  f(0, [3], '[1.500,"3"],');
  f(0, [4, 5, 6], '[1.500,"4"],[-2,"5"],[3,"6"],');
  f(2, [7, 8], '[3,"7"],[4,"8"],');
  assert.equal(written(Float64Array.of(9000), Float64Array.of(0.5)), '[9,"0.5"],');
  f(2, [7], '[3,"7"],');
});

test('decimals are written as they are, for any seed', () => {
  const random = new Random(7);
  for (let round = 0; round < 20 * rounds; round++) {
    const values = Float64Array.from({length: 2000}, () => {
      const whole = random.below(10 ** (1 + random.below(9))) * random.pick([1, 1, 1000, 1e6]);
      const part = random.below(random.pick([10, 100, 10_000, 100_000]));
      return (
        (random.below(2) === 0 ? 1 : -1) * (whole + part / random.pick([10, 100, 1000, 10_000, 100_000]))
      );
    });
    compare(values, `round ${round}`);
  }
});
