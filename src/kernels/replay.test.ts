import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../base/random.ts';
import {putVarint} from '../base/varint.ts';
import {statusPending} from './head-layout.ts';
import {loadKernels} from './kernels.ts';
import {arenaStart, LinearMemory} from './memory.ts';
import {refPlace} from './refplace.ts';
import * as layout from './replay-layout.ts';
import {areSamples, replaySamples} from './replay.ts';

const places = 1024;
const capacity = 100;
const context = arenaStart;
const refs = context + 128;
const known = refs + 8 * places;
const slots = known + 8 * places;
const outTimes = slots + 4 * places;
const outValues = outTimes + 8 * capacity;
const outSlots = outValues + 8 * capacity;
const outStatuses = outSlots + 4 * capacity;
const record = outStatuses + capacity + 4;

const memory = LinearMemory.reserve(2 ** 22);
const kernels = loadKernels(memory);
const twin = {
  replaySamples: (at: number, to: number) => replaySamples(memory, context, at, to),
  areSamples: (at: number, to: number) => areSamples(memory, context, at, to),
};
const kernel = {
  replaySamples: (at: number, to: number) => kernels.replaySamples(context, at, to),
  areSamples: (at: number, to: number) => kernels.areSamples(context, at, to),
};

function setContext(baseRef: number, baseTime: number, minTime = -Infinity): void {
  memory.u8.fill(0, context, record);
  const set = (field: number, value: number): void => void (memory.u32[(context + field) >>> 2] = value);
  set(layout.replayRefs, refs);
  set(layout.replayKnown, known);
  set(layout.replaySlots, slots);
  set(layout.replayMask, places - 1);
  set(layout.replayOutSlots, outSlots);
  set(layout.replayOutTimes, outTimes);
  set(layout.replayOutValues, outValues);
  set(layout.replayOutStatuses, outStatuses);
  set(layout.replayCapacity, capacity);
  memory.f64[(context + layout.replayMinTime) >>> 3] = minTime;
  const bases = new BigInt64Array(memory.wasm.buffer, context + layout.replayBaseRef, 2);
  bases[0] = BigInt(baseRef);
  bases[1] = BigInt(baseTime);
}

function setSeries(ref: number, slot: number, knownUntil: number): void {
  const at = refPlace(new Float64Array(memory.wasm.buffer, refs, places), ref);
  memory.f64[(refs >>> 3) + at] = ref;
  memory.f64[(known >>> 3) + at] = knownUntil;
  memory.u32[(slots >>> 2) + at] = slot;
}

function putSamples(
  samples: readonly [ref: number, time: number, value: number][],
  base: [number, number],
): number {
  let at = record;
  const view = new DataView(memory.wasm.buffer);
  for (const [ref, time, value] of samples) {
    at = putVarint(memory.u8, at, ref - base[0]);
    at = putVarint(memory.u8, at, time - base[1]);
    view.setFloat64(at, value);
    at += 8;
  }
  return at;
}

function written(): [slot: number, time: number, value: number][] {
  return Array.from({length: memory.u32[(context + layout.replayWritten) >>> 2]!}, (_, i) => {
    assert.equal(memory.u8[outStatuses + i], statusPending);
    return [
      memory.u32[(outSlots >>> 2) + i]!,
      memory.f64[(outTimes >>> 3) + i]!,
      memory.f64[(outValues >>> 3) + i]!,
    ];
  });
}

for (const [name, functions] of Object.entries({kernel, twin})) {
  test(`replaySamples() gives what is not known yet (${name})`, () => {
    setContext(7, 1000, 500);
    setSeries(7, 70, -Infinity);
    setSeries(8, 80, 1015);
    setSeries(9, 90, Infinity);
    const stop = putSamples(
      [
        [7, 1000, 1.5],
        [8, 1015, 2],
        [8, 1016, 3],
        [9, 2000, 4],
        [3, 1000, 5],
        [0, 1000, 6],
        [7, 499, 7],
        [7, 2 ** 53 + 2, 8],
      ],
      [7, 1000],
    );
    assert.equal(functions.replaySamples(record, stop), stop);
    assert.deepEqual(written(), [
      [70, 1000, 1.5],
      [80, 1016, 3],
    ]);
    const count = (field: number): number => memory.u32[(context + field) >>> 2]!;
    assert.equal(count(layout.replayTotal), 8);
    assert.equal(count(layout.replayUnknown), 3);
    assert.equal(memory.f64[(context + layout.replayUnknownRef) >>> 3], 3);
  });

  test(`replaySamples() refuses what is cut short, and refs below 0 (${name})`, () => {
    setContext(7, 1000);
    const stop = putSamples(
      [
        [7, 1000, 1],
        [300, 50_000, 1],
      ],
      [7, 1000],
    );
    for (let cut = record + 1; cut < stop; cut++) {
      const whole = cut === record + 10;
      assert.equal(functions.replaySamples(record, cut) !== 0, whole);
      assert.equal(functions.areSamples(record, cut), Number(whole));
    }
    const below = putSamples([[-1, 1000, 1]], [7, 1000]);
    assert.equal(functions.replaySamples(record, below), 0);
    assert.equal(functions.areSamples(record, below), 0);
  });
}

test('the kernel replaySamples gives what its twin gives, of any bytes, for any seed', () => {
  for (let seed = 0; seed < 600; seed++) {
    const random = new Random(seed);
    const baseRef = seed % 11 === 0 ? 0 : 1 + random.below(2 ** random.below(53));
    const baseTime = random.below(2 ** 42);
    const isDense = seed % 2 === 1;
    const prepare = (): void => {
      setContext(baseRef, baseTime, baseTime - 50);
      const some = new Random(seed);
      for (let i = 0; i < 200; i++) {
        const known = some.below(9) === 0 ? Infinity : baseTime + some.below(200) - 100;
        setSeries(Math.max(1, baseRef + some.below(300) - 20), some.uint32(), known);
      }
      // Most series of a scrape are there, and known up to the same time.
      if (isDense) {
        const known = [-Infinity, baseTime, baseTime + 100][seed % 3]!;
        for (let i = 0; i < 380; i++)
          if (some.below(40) > 0) setSeries(Math.max(1, baseRef + i), some.uint32(), known);
      }
    };
    prepare();
    const samples =
      seed % 2 === 0 ? anySamples(random, baseRef, baseTime) : samplesOfRuns(random, baseRef, baseTime);
    const stop = putSamples(samples, [baseRef, baseTime]);
    if (seed % 3 === 0)
      for (let i = 0; i < 5; i++) memory.u8[record + random.below(stop - record)] = random.below(256);
    const results = [twin, kernel].map((functions) => {
      prepare();
      const at = functions.replaySamples(record, stop);
      const rest = at === 0 || at === stop ? at : functions.areSamples(at, stop);
      // The place in the context is the kernel's own.
      const columns = at === 0 ? '' : memory.u8.slice(context + layout.replayPlace + 4, record).toHex();
      return {at, rest, columns};
    });
    assert.deepEqual(results[1], results[0], `seed ${seed}`);
  }
});

type SampleOfRef = [ref: number, time: number, value: number];

function anySamples(random: Random, baseRef: number, baseTime: number): SampleOfRef[] {
  return Array.from({length: 1 + random.below(250)}, () => [
    Math.max(0, baseRef + random.below(300) - 30),
    baseTime + random.below(300) - 100,
    random.float(),
  ]);
}

/** As scrapes give them: refs that count up, at one time. */
function samplesOfRuns(random: Random, baseRef: number, baseTime: number): SampleOfRef[] {
  const samples: SampleOfRef[] = [];
  while (samples.length < 150) {
    const first = baseRef + (random.below(4) === 0 ? 0 : random.below(280));
    const time = baseTime + random.below(120) - 60;
    const length = 1 + random.below(90);
    for (let i = 0; i < length; i++) {
      const jitter = random.below(20) === 0 ? random.below(3) : 0;
      samples.push([first + i, time + jitter, random.float()]);
    }
  }
  return samples;
}
