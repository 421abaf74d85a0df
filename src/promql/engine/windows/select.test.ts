import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../../../base/random.ts';
import {quantile} from '../testing/definitions.ts';
import {selectQuantile} from './select.ts';

test('selectQuantile() finds what sorting finds', () => {
  for (let seed = 0; seed < 2000; seed++) {
    const random = new Random(seed);
    const count = random.below(seed % 10 === 0 ? 400 : 12);
    const kinds = 1 + random.below(20);
    const values = Array.from({length: count}, () =>
      random.below(15) === 0 ? random.pick([NaN, Infinity, -Infinity]) : random.below(kinds) - 3,
    );
    const q = random.pick([0, 1, 0.5, random.float(), -1, 2, NaN]);
    const scratch = new Float64Array(count + 3).fill(1e9);
    scratch.set(values);
    const expected = count === 0 ? NaN : quantile(q, values);
    assert.equal(selectQuantile(q, scratch, count), expected, `seed ${seed}: ${q} of ${values.join(' ')}`);
  }
});

test('selectQuantile() is not slow on sorted, reversed and constant values', () => {
  const count = 200_000;
  for (const make of [(i: number): number => i, (i: number): number => -i, (): number => 1]) {
    const values = Float64Array.from({length: count}, (_, i) => make(i));
    const sorted = values.toSorted();
    assert.equal(selectQuantile(0.25, values, count), sorted[49_999]! * 0.25 + sorted[50_000]! * 0.75);
  }
});
