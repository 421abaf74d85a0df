import assert from 'node:assert/strict';
import test from 'node:test';
import {labelsHashFraction, xxHash64} from './labelhash.ts';

test('xxHash64() gives the published values', () => {
  function f(text: string, expected: bigint): void {
    assert.equal(xxHash64(new TextEncoder().encode(text)), expected);
  }
  f('', 0xef46db3751d8e999n);
  f('a', 0xd24ec4f1a98c6e5bn);
  f('as', 0x1c330fb2d66be179n);
  f('asd', 0x631c37ce72a97393n);
  f('asdf', 0x415872f599cea71en);
  f('Call me Ishmael. Some years ago--never mind how long precisely-', 0x02a2e85470d6fd96n);
});

test('labelsHashFraction() is spread over [0, 1], also for long values', () => {
  const fractions = Array.from({length: 1000}, (_, i) =>
    labelsHashFraction(['__name__', 'metric', 'i', String(i), 'long', 'x'.repeat(i)]),
  );
  assert.ok(fractions.every((fraction) => fraction >= 0 && fraction <= 1));
  const below = fractions.filter((fraction) => fraction < 0.25).length;
  assert.ok(below > 180 && below < 320, `${below} of 1000 below a quarter`);
});
