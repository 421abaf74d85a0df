import assert from 'node:assert/strict';
import test from 'node:test';
import {Summary} from './summary.ts';

test('Summary counts everything and takes quantiles of the last observations', () => {
  const summary = new Summary();
  assert.deepEqual(summary.snapshot().quantiles, [
    [0.5, NaN],
    [0.9, NaN],
    [0.99, NaN],
  ]);
  for (let i = 1; i <= 100; i++) summary.observe(i);
  const {count, secondsTotal, quantiles} = summary.snapshot();
  assert.equal(count, 100);
  assert.equal(secondsTotal, 5050);
  assert.deepEqual(quantiles, [
    [0.5, 51],
    [0.9, 91],
    [0.99, 100],
  ]);
  for (let i = 0; i < 1000; i++) summary.observe(7);
  assert.deepEqual(summary.snapshot().quantiles[2], [0.99, 7]);
});
