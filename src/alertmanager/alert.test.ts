import assert from 'node:assert/strict';
import test from 'node:test';
import {labelsOf} from '../model/labels.ts';
import {
  type AlertTimes,
  compareAlertLabels,
  fingerprintOf,
  hashOfLabels,
  overlap,
  updateTimes,
} from './alert.ts';

test('fingerprintOf() is that of Alertmanager', () => {
  function f(labels: Record<string, string>, expected: string): void {
    assert.equal(fingerprintOf(labelsOf(labels)), expected);
  }
  // As Alertmanager 0.33 shows them.
  f({}, 'cbf29ce484222325');
  f({c: 'd'}, '2e13718e583e82e2');
  f({'ü b': 'b'}, '2c63e3239117db62');
  f({alertname: 'A0', cluster: 'c0', instance: 'i6', severity: 'critical', team: 'a'}, '132b05eda0cdbb7c');
});

test('hashOfLabels() is xxHash64 with separators', () => {
  assert.equal(hashOfLabels([]), 0xef46db3751d8e999n);
  assert.notEqual(hashOfLabels(['a', 'bc']), hashOfLabels(['ab', 'c']));
  assert.equal(hashOfLabels(['a', 'x'.repeat(20_000)]), hashOfLabels(['a', 'x'.repeat(20_000)]));
});

function times(startsAtMs: number, endsAtMs: number, updatedAtMs = 0, isTimeout = false): AlertTimes {
  return {startsAtMs, endsAtMs, updatedAtMs, isTimeout};
}

test('updateTimes() keeps the earliest start, and ends that were told', () => {
  const now = 100;
  function f(one: AlertTimes, other: AlertTimes, expected: Partial<AlertTimes>): void {
    updateTimes(one, other, now);
    assert.deepEqual(one, {...other, ...expected});
  }
  // Both assumed: the younger.
  f(times(10, 200, 50, true), times(20, 150, 60, true), {startsAtMs: 10, endsAtMs: 150});
  // An end that was told is later than one that is assumed.
  f(times(10, 200, 50), times(20, 150, 60, true), {startsAtMs: 10, endsAtMs: 200});
  // Resolved by the younger.
  f(times(10, 200, 50), times(10, 90, 60), {endsAtMs: 90});
  // Both are resolved: the later.
  f(times(10, 95, 50), times(10, 90, 60), {endsAtMs: 95});
  // It fires again: another time.
  f(times(10, 50, 50), times(60, 150, 60), {startsAtMs: 60, endsAtMs: 150});
});

test('overlap() says whether two reports are of one time', () => {
  assert.equal(overlap(times(10, 20), times(15, 30)), true);
  assert.equal(overlap(times(10, 20), times(5, 15)), true);
  assert.equal(overlap(times(10, 20), times(20, 30)), false);
  assert.equal(overlap(times(10, 20), times(10, 20)), false);
});

test('compareAlertLabels() sorts by job, instance and labels', () => {
  const texts = [
    {job: 'b', instance: '1', x: '1'},
    {job: 'a', instance: '2', x: '1'},
    {job: 'a', instance: '1', x: '1', y: '1'},
    {job: 'a', instance: '1', x: '2'},
    {job: 'a', instance: '1', x: '1'},
    {instance: '0', x: '1'},
    {x: '0'},
    {x: '0', a: '1'},
    {x: '0', z: '1'},
  ].map((labels) => labelsOf(labels as Record<string, string>));
  const sorted = texts.sort(compareAlertLabels).map((labels) => labels.join(' '));
  assert.deepEqual(sorted, [
    'instance 1 job a x 1',
    'instance 1 job a x 2',
    'instance 1 job a x 1 y 1',
    'instance 2 job a x 1',
    'instance 1 job b x 1',
    'instance 0 x 1',
    'x 0',
    'x 0 z 1',
    'a 1 x 0',
  ]);
});
