import assert from 'node:assert/strict';
import test from 'node:test';
import {columnsOf, lonelyPoints, nearestSeries, pointsMax, stack, stepCountOf, summarize} from './columns.ts';

test('columnsOf() puts each sample at its step and leaves gaps', () => {
  const grid = {startMs: 1_700_000_000_123, endMs: 1_700_000_004_123, stepMs: 1000};
  const {times, values} = columnsOf(
    [
      [
        [1_700_000_000.123, '1'],
        [1_700_000_002.123, '3.5'],
        [1_700_000_003.123, 'NaN'],
        [1_700_000_004.123, '+Inf'],
      ],
      [[1_700_000_004.123, '-2']],
      [],
    ],
    grid,
  );
  assert.deepEqual(
    times,
    [1_700_000_000.123, 1_700_000_001.123, 1_700_000_002.123, 1_700_000_003.123, 1_700_000_004.123],
  );
  assert.deepEqual(values, [
    [1, null, 3.5, null, null],
    [null, null, null, null, -2],
    [null, null, null, null, null],
  ]);
});

test('columnsOf() drops samples outside of the grid', () => {
  const {values} = columnsOf(
    [
      [
        [0, '1'],
        [5, '2'],
        [99, '3'],
      ],
    ],
    {startMs: 4000, endMs: 6000, stepMs: 1000},
  );
  assert.deepEqual(values, [[null, 2, null]]);
});

test('stepCountOf() counts both ends and is limited', () => {
  assert.equal(stepCountOf({startMs: 0, endMs: 0, stepMs: 1000}), 1);
  assert.equal(stepCountOf({startMs: 0, endMs: 3_600_000, stepMs: 14_000}), 258);
  assert.equal(stepCountOf({startMs: 0, endMs: 1e12, stepMs: 1}), pointsMax + 1);
});

test('stack() adds up from the last series, ignoring hidden ones and gaps', () => {
  assert.deepEqual(
    stack(
      [
        [1, 1, 1],
        [10, null, 10],
        [100, 100, null],
      ],
      [true, true, true],
    ),
    [
      [111, 101, 11],
      [110, null, 10],
      [100, 100, null],
    ],
  );
  assert.deepEqual(stack([[1], [10], [100]], [true, false, true]), [[101], [10], [100]]);
  assert.deepEqual(stack([], []), []);
});

test('lonelyPoints() finds the points that no line shows', () => {
  assert.deepEqual(lonelyPoints([1, null, 2, 3, null, 4]), [0, 5]);
  assert.deepEqual(lonelyPoints([null, 0, null]), [1]);
  assert.deepEqual(lonelyPoints([]), []);
});

test('summarize() ignores gaps', () => {
  assert.deepEqual(summarize([null, 2, -4, null, 5, null]), {min: -4, max: 5, mean: 1, last: 5});
  assert.equal(summarize([null]), null);
});

test('nearestSeries() picks the smallest distance', () => {
  assert.equal(nearestSeries([10, null, 30], 22), 2);
  assert.equal(nearestSeries([null], 22), null);
});
