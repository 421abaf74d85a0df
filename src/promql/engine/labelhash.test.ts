import assert from 'node:assert/strict';
import test from 'node:test';
import {labelsHashFraction} from './labelhash.ts';

test('labelsHashFraction() is spread over [0, 1], also for long values', () => {
  const fractions = Array.from({length: 1000}, (_, i) =>
    labelsHashFraction(['__name__', 'metric', 'i', String(i), 'long', 'x'.repeat(i)]),
  );
  assert.ok(fractions.every((fraction) => fraction >= 0 && fraction <= 1));
  const below = fractions.filter((fraction) => fraction < 0.25).length;
  assert.ok(below > 180 && below < 320, `${below} of 1000 below a quarter`);
});
