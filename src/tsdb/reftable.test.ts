import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../base/random.ts';
import {RefTable} from './reftable.ts';

test('RefTable gives what was set, for refs in runs and far apart', () => {
  for (let seed = 0; seed < 50; seed++) {
    const random = new Random(seed);
    const table = new RefTable();
    const expected = new Map<number, [number, number]>();
    for (let run = 0; run < 20; run++) {
      const first = 1 + random.below(2 ** (4 + random.below(49)));
      for (let i = 0, length = 1 + random.below(300); i < length; i++) {
        const pair: [number, number] = [random.uint32(), random.uint32()];
        table.set(first + i, ...pair);
        expected.set(first + i, pair);
      }
    }
    for (const [ref, pair] of expected) {
      const at = table.find(ref);
      assert.deepEqual([table.slots[at], table.generations[at]], pair, `seed ${seed}`);
    }
    assert.equal(table.find(0), -1);
    for (let i = 0; i < 1000; i++) {
      const ref = 1 + random.below(2 ** 53 - 1);
      assert.equal(table.find(ref) !== -1, expected.has(ref), `seed ${seed}`);
    }
  }
});

test('RefTable takes refs that have all their low bits in common', () => {
  const table = new RefTable();
  // A table that looks only at low bits needs minutes for these.
  const refs: number[] = [];
  for (let run = 0; run < 8; run++) for (let i = 1; i <= 20_000; i++) refs.push(run * 2 ** 20 + i);
  for (const [i, ref] of refs.entries()) table.set(ref, i, 0);
  for (const [i, ref] of refs.entries()) assert.equal(table.slots[table.find(ref)], i);
});

test('RefTable takes refs of which only every 64th is used', () => {
  const table = new RefTable();
  for (let i = 1; i <= 5000; i++) table.set(64 * i, i, 0);
  for (let i = 1; i <= 5000; i++) assert.equal(table.slots[table.find(64 * i)], i);
  assert.equal(table.find(63), -1);
});
