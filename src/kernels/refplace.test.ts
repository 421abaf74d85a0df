import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../base/random.ts';
import {refPlace} from './refplace.ts';

function put(refs: Float64Array, ref: number): number {
  const at = refPlace(refs, ref);
  refs[at] = ref;
  return at;
}

test('refPlace() has refs that count up side by side, 64 at a time', () => {
  for (const first of [1, 64 * 777, 2 ** 40]) {
    const refs = new Float64Array(2 ** 17);
    for (let i = 0, before = 0; i < 60_000; i++) {
      const at = put(refs, first + i);
      if (i > 0 && (first + i) % 64 !== 0) assert.equal(at, before + 1);
      before = at;
    }
  }
});

test('refPlace() finds what was put, whatever the refs have in common, for any seed', () => {
  for (let seed = 0; seed < 40; seed++) {
    const random = new Random(seed);
    const refs = new Float64Array(64 << random.below(9));
    const step = 2 ** random.below(14);
    const first = 1 + random.below(2 ** 45);
    const places = new Map<number, number>();
    while (places.size < refs.length / 2) {
      const ref = first + step * random.below(4 * refs.length) + random.below(3);
      const at = put(refs, ref);
      assert.equal(places.get(ref) ?? at, at);
      places.set(ref, at);
    }
    for (const [ref, at] of places) assert.equal(refPlace(refs, ref), at, `seed ${seed}`);
    assert.equal(new Set(places.values()).size, places.size, `seed ${seed}`);
    assert.equal(refs[refPlace(refs, first + step * 5 * refs.length)], 0, `seed ${seed}`);
  }
});
