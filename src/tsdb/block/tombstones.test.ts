import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../../base/random.ts';
import {addInterval, formatTombstones, parseTombstones, Tombstones} from './tombstones.ts';

test('formatTombstones() writes these bytes', () => {
  function f(intervals: [number, number, number][], hex: string): void {
    const tombstones = new Tombstones();
    for (const [ref, first, last] of intervals) tombstones.add(ref, first, last);
    assert.equal(Buffer.from(formatTombstones(tombstones)).toString('hex'), hex);
  }
  // As in a block that Prometheus 3.5 made.
  f([], '0130ba300100000000');
  f([[1, -1, 300]], '0130ba30010101d80451fceada');
});

test('addInterval() joins what overlaps or touches', () => {
  function f(intervals: number[], first: number, last: number, expected: number[]): void {
    assert.deepEqual(addInterval([...intervals], first, last), expected);
  }
  f([], 1, 2, [1, 2]);
  f([1, 2], 4, 5, [1, 2, 4, 5]);
  f([1, 2], 3, 5, [1, 5]);
  f([4, 5], 1, 2, [1, 2, 4, 5]);
  f([4, 5], 1, 3, [1, 5]);
  f([1, 2, 10, 12, 20, 22], 5, 6, [1, 2, 5, 6, 10, 12, 20, 22]);
  f([1, 2, 10, 12, 20, 22], 3, 19, [1, 22]);
  f([1, 2, 10, 12, 20, 22], 11, 30, [1, 2, 10, 30]);
  f([1, 5], 2, 3, [1, 5]);
});

test('addInterval() has the times of a plain set, for any seed', () => {
  for (let seed = 0; seed < 300; seed++) {
    const random = new Random(seed);
    let intervals: number[] = [];
    const times = new Set<number>();
    for (let i = 0; i < 12; i++) {
      const first = random.below(60);
      const last = first + random.below(8);
      intervals = addInterval(intervals, first, last);
      for (let time = first; time <= last; time++) times.add(time);
      const found: number[] = [];
      for (let at = 0; at < intervals.length; at += 2) {
        for (let time = intervals[at]!; time <= intervals[at + 1]!; time++) found.push(time);
        if (at > 0) assert.ok(intervals[at]! > intervals[at - 1]! + 1, `seed ${seed}: there are gaps`);
      }
      assert.deepEqual(
        found,
        [...times].sort((left, right) => left - right),
        `seed ${seed}`,
      );
    }
  }
});

test('tombstones come back from their bytes', () => {
  const tombstones = new Tombstones();
  tombstones.add(7, -1_700_000_000_000, 1_700_000_000_000);
  tombstones.add(4_000_000_000, 5, 5);
  tombstones.add(7, 1_800_000_000_000, 1_800_000_000_001);
  const parsed = parseTombstones(formatTombstones(tombstones), 't');
  assert.deepEqual([...parsed.entries()], [...tombstones.entries()]);
  assert.equal(parsed.count, 3);
});
