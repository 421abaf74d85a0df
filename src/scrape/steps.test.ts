import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../base/random.ts';
import {Steps} from './steps.ts';

test('Steps has the lowest in front, whatever is added and removed', () => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  const random = new Random(seed);
  const steps = new Steps();
  let model: number[] = [];
  for (let i = 0; i < 3000; i++) {
    if (random.below(3) > 0) {
      const step = random.below(500);
      steps.add(step);
      model.push(step);
    } else {
      steps.removeFirst();
      model.shift();
    }
    if (random.below(500) === 0) {
      model = Array.from({length: random.below(40)}, () => random.below(500));
      steps.reset(model);
    }
    model.sort((left, right) => left - right);
    assert.equal(steps.first, model[0] ?? Infinity, `seed ${seed}`);
    assert.equal(steps.size, model.length);
  }
});
