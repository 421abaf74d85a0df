import assert from 'node:assert/strict';
import test from 'node:test';
import {formatMessage, placeholdersOf} from './message.ts';

test('formatMessage() fills in names, plurals and grouped numbers', () => {
  function f(template: string, values: Record<string, string | number>, expected: string): void {
    assert.equal(formatMessage(template, values, 'en'), expected);
  }
  f('Run', {}, 'Run');
  f('{count} {count|target|targets}', {count: 1}, '1 target');
  f('{count} {count|target|targets}', {count: 12345}, '12,345 targets');
  f('{count} 件', {count: 0}, '0 件');
  f('{a} of {b}', {a: 'x', b: 'y'}, 'x of y');
  f('series{count||s}', {count: 2}, 'seriess');
});

test('placeholdersOf() names each placeholder once', () => {
  assert.deepEqual(placeholdersOf('{b} {a} {a|x|y}'), ['a', 'b']);
  assert.deepEqual(placeholdersOf('none'), []);
});
