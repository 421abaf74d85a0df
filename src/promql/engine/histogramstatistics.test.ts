import assert from 'node:assert/strict';
import test from 'node:test';
import {counterReset, FloatHistogram} from '../../model/histogram.ts';
import {withoutBuckets, type Sweep} from './histogramstatistics.ts';

const {unknown, reset, notReset} = counterReset;

/** The hints of samples at multiples of 15 s with these counts, read as `sweep` says. */
function hints(counts: readonly number[], sweep: Sweep): (number | undefined)[] {
  const histograms = counts.map((count) => new FloatHistogram({schema: 0, count, sum: 0}));
  const times = Float64Array.from(counts, (_, i) => 15_000 * i);
  return withoutBuckets(histograms, times, sweep).map((each) => each?.counterResetHint);
}

test('each histogram of a window is compared with the one before it', () => {
  const sweep = {startMs: 60_000, stepMs: 0, steps: 1, spanMs: 61_000};
  assert.deepEqual(hints([9, 1, 2, 0, 4], sweep), [unknown, reset, notReset, reset, notReset]);
});

test('what lies at the beginning of the first window or before it is not compared with', () => {
  const counts = [9, 8, 1, 2, 3];
  const sweep = {startMs: 60_000, stepMs: 0, steps: 1};
  assert.deepEqual(hints(counts, {...sweep, spanMs: 45_000}).slice(2), [unknown, notReset, notReset]);
  assert.deepEqual(hints(counts, {...sweep, spanMs: 45_001}).slice(2), [reset, notReset, notReset]);
  assert.deepEqual(hints(counts, {...sweep, spanMs: 0}), [unknown, unknown, unknown, unknown, unknown]);
});

test('what lies between the windows of two steps is not compared with', () => {
  const sweep = {startMs: 30_000, stepMs: 60_000, steps: 2, spanMs: 20_000};
  assert.deepEqual(hints([9, 5, 1, 9, 2, 1, 3], sweep), [
    unknown,
    unknown,
    reset,
    unknown,
    unknown,
    unknown,
    notReset,
  ]);
});
