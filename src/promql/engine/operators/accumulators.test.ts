import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../../../base/random.ts';
import {SizeClassArena} from '../../../kernels/arena.ts';
import {loadKernels} from '../../../kernels/kernels.ts';
import {LinearMemory} from '../../../kernels/memory.ts';
import {Workspace} from '../../../kernels/workspace.ts';
import {countPoints} from '../row.ts';
import {newAccumulator} from './accumulators.ts';

const memory = LinearMemory.reserve(16 * 2 ** 20);
const arena = new SizeClassArena(memory, 131_072, memory.byteLength);
const kernels = loadKernels(memory);

test('sums and means with kernels are those without, to the last bit, for any seed', () => {
  for (let seed = 0; seed < 2000; seed++) {
    const random = new Random(seed);
    const workspace = new Workspace({memory, kernels, arena});
    const steps = 1 + random.below(20);
    const op = random.pick(['sum', 'avg'] as const);
    const fast = newAccumulator(op, steps, workspace);
    const slow = newAccumulator(op, steps);
    const values = workspace.floats(steps);
    const kinds = new Uint8Array(steps);
    const from = random.below(steps);
    const to = from + random.below(steps + 1 - from);
    for (let row = random.below(6); row > 0; row--) {
      kinds.fill(0).fill(1, from, to);
      if (random.below(5) === 0) kinds[random.below(steps)] = random.below(2);
      for (let step = 0; step < steps; step++) values[step] = (random.float() - 0.5) * 10 ** random.below(20);
      if (random.below(5) === 0)
        values[random.below(steps)] = random.pick([NaN, Infinity, -0, 1.7e308, -1.7e308]);
      if (random.below(5) === 0) values.fill(-0);
      const points = countPoints(kinds);
      fast.add(values, kinds, points);
      slow.add(values, kinds, points);
      if (random.below(4) > 0 && row > 1) continue;
      const found = {values: new Float64Array(steps), kinds: new Uint8Array(steps), points: 0};
      const expected = {values: new Float64Array(steps), kinds: new Uint8Array(steps), points: 0};
      found.points = fast.finish(found.values, found.kinds);
      expected.points = slow.finish(expected.values, expected.kinds);
      assert.deepEqual(found, expected, `seed ${seed}, ${op}`);
    }
    workspace.free();
  }
});
