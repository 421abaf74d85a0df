import assert from 'node:assert/strict';
import test from 'node:test';
import * as layout from './head-layout.ts';
import {Random} from '../base/random.ts';
import * as twin from './append.ts';
import {type Kernels, loadKernels} from './kernels.ts';
import {arenaStart, LinearMemory} from './memory.ts';
import {encodeXor} from './xor.ts';

// A small world at fixed addresses, the same in both memories.
const capacity = 256;
const slotCount = 8;
const context = arenaStart;
const directory = context + 1024;
const slots = directory + 64;
const generations = slots + 4 * capacity;
const statuses = generations + 4 * capacity;
const times = statuses + capacity;
const values = times + 8 * capacity;
const logRefs = values + 8 * capacity;
const logTimes = logRefs + 8 * capacity;
const logValues = logTimes + 8 * capacity;
const segment = logValues + 8 * capacity;
const chunk = segment + slotCount * layout.slotBytes;
const fragments = chunk + 4096;
const range = 7_200_000;

interface World {
  memory: LinearMemory;
  bits: BigUint64Array;
  kernels: Pick<Kernels, 'checkBatch' | 'appendBatch' | 'gatherChunk'>;
  /** Fragments that are free. */
  free: number[];
}

function openWorld(plain: boolean): World {
  const memory = LinearMemory.reserve(64 * 2 ** 20);
  const set = (field: number, value: number): void => {
    memory.u32[(context + field) >>> 2] = value;
  };
  set(layout.appendSlots, slots);
  set(layout.appendGenerations, generations);
  set(layout.appendTimes, times);
  set(layout.appendValues, values);
  set(layout.appendStatuses, statuses);
  set(layout.appendLogRefs, logRefs);
  set(layout.appendLogTimes, logTimes);
  set(layout.appendLogValues, logValues);
  set(layout.appendDirectory, directory);
  set(layout.appendSlotCount, slotCount);
  memory.u32[directory >>> 2] = segment;
  memory.f64[(context + layout.appendChunkRange) >>> 3] = range;
  memory.f64[(context + layout.appendMinTime) >>> 3] = Infinity;
  memory.f64[(context + layout.appendMaxTime) >>> 3] = -Infinity;
  for (let slot = 0; slot < slotCount; slot++) {
    const address = segment + slot * layout.slotBytes;
    memory.u32[(address + layout.slotGeneration) >>> 2] = slot + 1;
    // One slot holds no series.
    memory.u32[(address + layout.slotLabels) >>> 2] = slot === 7 ? 0 : 8;
    memory.f64[(address + layout.slotRef) >>> 3] = 100 + slot;
    memory.f64[(address + layout.slotLastTime) >>> 3] = -Infinity;
  }
  // Dirty fragments: what was there before must not matter.
  memory.u8.fill(0xaa, fragments, fragments + 400 * layout.fragmentBytes);
  const kernels = plain
    ? {
        checkBatch: twin.checkBatch.bind(null, memory),
        appendBatch: twin.appendBatch.bind(null, memory),
        gatherChunk: twin.gatherChunk.bind(null, memory),
      }
    : loadKernels(memory);
  const free = Array.from({length: 400}, (_, i) => fragments + i * layout.fragmentBytes);
  return {memory, bits: new BigUint64Array(memory.wasm.buffer), kernels, free};
}

interface Sealed {
  slot: number;
  hex: string;
}

/** Appends what is in the columns. Returns how many samples were to be logged, and the chunks that were sealed. */
function appendAll(world: World, length: number): {logged: number; sealed: Sealed[]} {
  const {u32, u16, u8} = world.memory;
  const logged = world.kernels.checkBatch(context, length);
  const sealed: Sealed[] = [];
  for (let at = 0; ;) {
    at = world.kernels.appendBatch(context, at, length);
    const stop = u32[(context + layout.appendStop) >>> 2];
    if (stop === layout.stopDone) return {logged, sealed};
    if (stop === layout.stopFragments) {
      const fragment = world.free.pop()!;
      u32[fragment >>> 2] = u32[(context + layout.appendPool) >>> 2]!;
      u32[(context + layout.appendPool) >>> 2] = fragment;
      continue;
    }
    const number = u32[(slots >>> 2) + at]!;
    const slot = segment + number * layout.slotBytes;
    const count = u16[(slot + layout.slotOpenCount) >>> 1]!;
    const bits = layout.openBits(u16[(slot + layout.slotOpenPlace) >>> 1]!);
    let tail = u32[(slot + layout.slotOpen) >>> 2]!;
    world.kernels.gatherChunk(tail, count, bits, chunk);
    sealed.push({slot: number, hex: u8.subarray(chunk, chunk + 2 + Math.ceil(bits / 8)).toHex()});
    for (; tail !== 0; tail = u32[tail >>> 2]!) world.free.push(tail);
    world.bits[(slot + layout.slotOpen) >>> 3] = 0n;
  }
}

const nastyBits = [
  0n,
  1n << 63n,
  0x7ff0000000000002n,
  0x7ff8000000000001n,
  0xfff0000000000000n,
  1n,
  0xffffffffffffffffn,
];

test('checkBatch() and appendBatch() change what their twins change, for any seed', () => {
  for (let seed = 0; seed < 15; seed++) {
    const random = new Random(seed);
    const worlds = [openWorld(false), openWorld(true)] as const;
    const clocks = new Float64Array(slotCount).fill(random.pick([0, -50_000_000, 1_700_000_000_000]));
    const steps = new Float64Array(slotCount).map(() => random.pick([100, 15_000, 60_000, 400_000]));
    for (let round = 0; round < 12; round++) {
      const length = random.below(capacity);
      const minValid = random.below(3) === 0 ? Math.max(...clocks) - range / 2 : -Infinity;
      for (const world of worlds) world.memory.f64[(context + layout.appendMinValid) >>> 3] = minValid;
      for (let i = 0; i < length; i++) fillSample(random, worlds, {i, clocks, steps});
      const [real, plain] = worlds.map((world) => appendAll(world, length));
      assert.deepEqual(real, plain, `seed ${seed}`);
      compare(worlds, {length, logged: real!.logged}, `seed ${seed}, round ${round}`);
    }
  }
});

test('warmBatch() changes nothing', () => {
  const world = openWorld(false);
  const {memory} = world;
  const random = new Random(1);
  const clocks = new Float64Array(slotCount);
  const steps = new Float64Array(slotCount).fill(15_000);
  for (let i = 0; i < capacity; i++) fillSample(random, [world, world], {i, clocks, steps});
  appendAll(world, capacity);
  const valid = Array.from({length: capacity}, (_, i) => i % slotCount);
  memory.u32.set(valid, slots >>> 2);
  const used = memory.u8.slice(arenaStart, fragments + 400 * layout.fragmentBytes);
  loadKernels(memory).warmBatch(context, capacity);
  assert.deepEqual(memory.u8.slice(arenaStart, fragments + 400 * layout.fragmentBytes), used);
});

function fillSample(
  random: Random,
  worlds: readonly [World, World],
  {i, clocks, steps}: {i: number; clocks: Float64Array; steps: Float64Array},
): void {
  const slot = random.below(50) === 0 ? 9 : random.below(slotCount);
  const generation = random.below(40) === 0 ? 77 : slot + 1;
  const kind = random.below(20);
  if (kind > 2)
    clocks[slot]! += Math.max(1, steps[slot]! + (random.below(3) === 0 ? random.below(5) - 2 : 0));
  if (random.below(200) === 0) clocks[slot]! += random.below(2 ** 34);
  const odd = random.below(100) === 0 ? random.pick([NaN, Infinity, -Infinity, 2 ** 54, -(2 ** 54)]) : 0;
  const time = (clocks[slot] ?? 0) - (kind === 0 ? 1 : 0) + odd;
  const style = random.below(8);
  const value =
    style === 0
      ? random.pick(nastyBits)
      : new BigUint64Array(
          Float64Array.of(style < 4 ? 7 : style < 7 ? random.below(1000) : random.float()).buffer,
        )[0]!;
  for (const {memory, bits} of worlds) {
    memory.u32[(slots >>> 2) + i] = slot;
    memory.u32[(generations >>> 2) + i] = generation;
    memory.f64[(times >>> 3) + i] = time;
    bits[(values >>> 3) + i] = value;
  }
}

function compare(
  [real, plain]: readonly [World, World],
  {length, logged}: {length: number; logged: number},
  message: string,
): void {
  const part = (world: World, start: number, bytes: number): string =>
    world.memory.u8.subarray(start, start + bytes).toHex();
  const same = (what: string, start: number, bytes: number): void =>
    assert.equal(part(real, start, bytes), part(plain, start, bytes), `${message}: ${what}`);
  same('statuses', statuses, length);
  same('refs for the log', logRefs, 8 * logged);
  same('times for the log', logTimes, 8 * logged);
  same('values for the log', logValues, 8 * logged);
  same('context', context, layout.appendBytes);
  for (let slot = 0; slot < slotCount; slot++) {
    const address = segment + slot * layout.slotBytes;
    same(`slot ${slot}`, address, layout.slotBytes);
    const {u16, u32} = real.memory;
    const count = u16[(address + layout.slotOpenCount) >>> 1]!;
    const bits = layout.openBits(u16[(address + layout.slotOpenPlace) >>> 1]!);
    if (count === 0) continue;
    for (const world of [real, plain]) {
      world.kernels.gatherChunk(u32[(address + layout.slotOpen) >>> 2]!, count, bits, chunk);
      // Behind the last bit anything may follow in a fragment.
      const last = chunk + 2 + (bits >>> 3);
      if (bits % 8 !== 0) world.memory.u8[last]! &= 0xff00 >>> (bits % 8);
    }
    same(`open chunk of slot ${slot}`, chunk, 2 + Math.ceil(bits / 8));
  }
}

test('chunks are cut by the rule of Prometheus, for any seed', () => {
  for (let seed = 0; seed < 12; seed++) {
    const random = new Random(seed);
    const world = openWorld(false);
    const step = random.pick([1000, 15_000, 60_000, 600_000]);
    const wide = random.below(3) === 0;
    const samples: {time: number; value: number}[] = [];
    let time = random.below(range * 3) - range;
    for (let i = 0; i < 800; i++) {
      samples.push({time, value: wide ? random.float() : random.below(5)});
      // The rate changes on the way.
      time += i < 400 ? step : Math.ceil(step / 7);
    }
    const got: string[] = [];
    for (let i = 0; i < samples.length; i += capacity) {
      const part = samples.slice(i, i + capacity);
      part.forEach((sample, k) => {
        world.memory.u32[(slots >>> 2) + k] = 3;
        world.memory.u32[(generations >>> 2) + k] = 4;
        world.memory.f64[(times >>> 3) + k] = sample.time;
        world.memory.f64[(values >>> 3) + k] = sample.value;
      });
      world.memory.f64[(context + layout.appendMinValid) >>> 3] = -Infinity;
      got.push(...appendAll(world, part.length).sealed.map(({hex}) => hex));
    }
    const expected = cut(samples);
    // The last chunk is still open.
    expected.pop();
    assert.deepEqual(got, expected, `seed ${seed}`);
    assert.ok(got.length > 2, `seed ${seed}`);
  }
});

/** Prometheus's rule, as its documentation of the head tells it, sample by sample. */
function cut(samples: readonly {time: number; value: number}[]): string[] {
  const chunks: string[] = [];
  let open: {time: number; value: number}[] = [];
  let nextAt = 0;
  const encoded = (): Uint8Array =>
    encodeXor(
      open.map(({time}) => BigInt(time)),
      open.map(({value}) => new BigUint64Array(Float64Array.of(value).buffer)[0]!),
    );
  for (const sample of samples) {
    let full = false;
    if (open.length > 0) {
      if (open.length === 30) nextAt = twin.expectedEnd(open[0]!.time, open.at(-1)!.time, nextAt);
      full = sample.time >= nextAt || open.length >= 240;
      // Random doubles take less than ten bytes each.
      if (open.length > 100 && !full) full = encoded().length > 1005;
    }
    if (full) {
      chunks.push(encoded().toHex());
      open = [];
    }
    if (open.length === 0) nextAt = Math.trunc(sample.time / range) * range + range;
    open.push(sample);
  }
  chunks.push(encoded().toHex());
  return chunks;
}
