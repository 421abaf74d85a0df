import assert from 'node:assert/strict';
import test from 'node:test';
import {counterReset, type CounterResetHint, FloatHistogram} from '../model/histogram.ts';
import {storedHint} from './resethints.ts';

test('storedHint() says what a chunk of the storage would', () => {
  const {unknown, reset, notReset, gauge} = counterReset;
  const histogram = (
    count: number,
    counterResetHint: CounterResetHint = unknown,
    schema = 0,
  ): FloatHistogram =>
    new FloatHistogram({
      counterResetHint,
      count,
      schema,
      positiveSpans: [{offset: 0, length: 1}],
      positiveBuckets: Float64Array.of(count),
    });
  function f(current: FloatHistogram, previous: FloatHistogram | null, expected: CounterResetHint): void {
    assert.equal(storedHint(current, previous), expected);
  }
  f(histogram(1), null, unknown);
  f(histogram(1, notReset), null, unknown);
  f(histogram(2), histogram(1), notReset);
  f(histogram(1), histogram(2), unknown);
  f(histogram(1, notReset), histogram(2), unknown);
  f(histogram(2, reset), histogram(1), unknown);
  f(histogram(2, unknown, 1), histogram(1), unknown);
  f(histogram(2), histogram(1, gauge), unknown);
  f(histogram(1, gauge), histogram(2), gauge);
});
