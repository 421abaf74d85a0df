import assert from 'node:assert/strict';
import test from 'node:test';
import {heapLimits, queryMemoryOf} from './query-memory.ts';

const mib = 2 ** 20;

test('queryMemoryOf() derives what no flag sets', () => {
  function f(
    flags: [one: number, total: number],
    systemMiB: number,
    expected: [one: number, total: number],
  ): void {
    const memory = queryMemoryOf(
      {queryMaxMemory: flags[0] * mib, queryMaxMemoryTotal: flags[1] * mib},
      systemMiB * mib,
    );
    assert.deepEqual([memory.queryBytesMax / mib, memory.totalBytesMax / mib], expected);
  }
  f([0, 0], 8192, [1024, 2048]);
  f([0, 0], 512, [128, 256]);
  f([0, 0], 2 ** 20, [4096, 8192]);
  f([100, 0], 8192, [100, 2048]);
  f([4000, 0], 8192, [4000, 4000]);
  f([0, 600], 8192, [300, 600]);
  f([4000, 600], 8192, [600, 600]);
});

test('heapLimits() leaves room for more than a query may use', () => {
  assert.equal(heapLimits(1024 * mib).maxOldGenerationSizeMb, 1792);
});
