import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../base/random.ts';
import type {Target} from './target.ts';
import {WantedTargets} from './wanted.ts';

function target(key: string, name: number): Target {
  return {key, url: `http://${name}`} as Target;
}

test('WantedTargets has of several that are the same the one that came last, for any order', () => {
  for (let seed = 0; seed < 200; seed++) {
    const random = new Random(seed);
    const wanted = new WantedTargets();
    const model: Target[] = [];
    for (let i = 0; i < 60; i++) {
      if (random.below(3) > 0) {
        const added = target(`k${random.below(6)}`, i);
        wanted.add(added);
        model.push(added);
      } else if (model.length > 0) {
        const [removed] = model.splice(random.below(model.length), 1);
        wanted.remove(removed!);
      }
      for (let key = 0; key < 6; key++)
        assert.equal(
          wanted.get(`k${key}`),
          model.findLast((each) => each.key === `k${key}`) ?? null,
          `seed ${seed}`,
        );
      assert.equal(wanted.size, new Set(model.map((each) => each.key)).size);
    }
  }
});

test('WantedTargets tells what has changed once', () => {
  const wanted = new WantedTargets();
  const [first, second] = [target('a', 1), target('a', 2)];
  wanted.add(first);
  assert.deepEqual([...wanted.takeChanged()], ['a']);
  assert.deepEqual([...wanted.takeChanged()], []);
  wanted.add(second);
  wanted.remove(first);
  assert.deepEqual([...wanted.takeChanged()], ['a']);
  assert.equal(wanted.get('a'), second);
  wanted.remove(second);
  assert.deepEqual([...wanted.takeChanged()], ['a']);
  assert.equal(wanted.get('a'), null);
});
