import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../base/random.ts';
import {SizeClassArena} from '../kernels/arena.ts';
import {loadKernels} from '../kernels/kernels.ts';
import {LinearMemory} from '../kernels/memory.ts';
import {SampleFacts} from './samplefacts.ts';

const memory = LinearMemory.reserve(16 * 2 ** 20);
const kernels = loadKernels(memory);
const arena = new SizeClassArena(memory, 131_072, memory.byteLength);
const samplesMax = 256;
const column = (): Float64Array =>
  new Float64Array(memory.wasm.buffer, arena.alloc(8 * samplesMax), samplesMax);
const columns = {times: column(), values: column()};
const source = {times: column(), values: column()};
const packed = arena.alloc(48 + 12 * samplesMax);

/** What holds of the columns, as it is told of them. */
function factsOf(count: number): {intervalMs: number; neverFalls: boolean; neverNaN: boolean} {
  const times = [...columns.times.subarray(0, count)];
  const values = [...columns.values.subarray(0, count)];
  const intervalMs = count > 1 ? times[1]! - times[0]! : 0;
  const neverNaN = !values.some(Number.isNaN);
  return {
    intervalMs: times.every((time, i) => i === 0 || time - times[i - 1]! === intervalMs) ? intervalMs : 0,
    neverNaN,
    neverFalls: neverNaN && values.every((value, i) => i === 0 || value >= values[i - 1]!),
  };
}

test('what is known of whole pieces is what holds of all samples, for any seed', () => {
  for (let seed = 0; seed < 3000; seed++) {
    const random = new Random(seed);
    const facts = new SampleFacts({memory, kernels, arena});
    facts.clear();
    let length = 0;
    let time = 1000;
    let value = 0;
    const odd = random.pick([0, 0, 0, 1, 2, 3]);
    for (let pieces = random.below(6); pieces > 0; pieces--) {
      const count = random.below(30);
      for (let i = 0; i < count; i++) {
        time += odd === 1 && random.below(40) === 0 ? 7 : 15;
        value += odd === 2 && random.below(40) === 0 ? -5 : random.below(3);
        source.times[i] = time;
        source.values[i] = odd === 3 && random.below(40) === 0 ? NaN : value;
      }
      columns.times.set(source.times.subarray(0, count), length);
      columns.values.set(source.values.subarray(0, count), length);
      if (count > 0 && random.below(2) === 0) {
        kernels.packSamples(source.times.byteOffset, source.values.byteOffset, count, packed);
        facts.addPacked(columns, length, count, packed);
      } else facts.addScanned(columns, length, count);
      length += count;
    }
    const known = facts.of(length);
    assert.ok(known !== null);
    const {intervalMs, neverFalls, neverNaN} = known;
    assert.deepEqual({intervalMs, neverFalls, neverNaN}, factsOf(length), `seed ${seed}`);
    assert.equal(facts.of(length + 1), null);
  }
});

test('of a part of a packed chunk nothing is said that does not hold', () => {
  source.values.set([5, 3, NaN, 6]);
  source.times.set([10, 20, 30, 40]);
  kernels.packSamples(source.times.byteOffset, source.values.byteOffset, 4, packed);
  const facts = new SampleFacts({memory, kernels, arena});
  const count = kernels.unpackSamples(packed, 40, 50, columns.times.byteOffset, columns.values.byteOffset);
  facts.addPacked(columns, 0, count, packed);
  assert.deepEqual({...facts.of(1)}, {intervalMs: 0, neverFalls: false, neverNaN: false});
});

test('samples that came another way, or were put in order, leave nothing known', () => {
  columns.times.set([10, 20, 30]);
  columns.values.set([1, 2, 3]);
  const facts = new SampleFacts({memory, kernels, arena});
  facts.addScanned(columns, 0, 1);
  facts.addScanned(columns, 2, 1);
  assert.equal(facts.of(3), null);
  facts.clear();
  facts.addScanned(columns, 0, 3);
  assert.equal(facts.of(3)?.intervalMs, 10);
  facts.forget();
  assert.equal(facts.of(3), null);
});
