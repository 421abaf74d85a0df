import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../base/random.ts';
import {formatDuration, parseDuration} from './duration.ts';

test('parseDuration() takes units from large to small', () => {
  const f = (text: string, expected: number): void => assert.equal(parseDuration(text), expected);
  f('0', 0);
  f('0s', 0);
  f('324ms', 324);
  f('3s', 3000);
  f('5m', 300_000);
  f('1h', 3_600_000);
  f('4d', 345_600_000);
  f('4d1h', 349_200_000);
  f('14d', 1_209_600_000);
  f('3w', 1_814_400_000);
  f('3w2d1h', 1_990_800_000);
  f('10y', 315_360_000_000);
  f('1y2w3d4h5m6s7ms', 31_536_000_000 + 1_209_600_000 + 259_200_000 + 14_400_000 + 300_000 + 6007);
  f('292y', 292 * 31_536_000_000);
  f('1m30s', 90_000);
});

test('parseDuration() refuses the rest with the words of Prometheus', () => {
  const f = (text: string, message: string): void =>
    assert.throws(() => parseDuration(text), {name: 'SyntaxError', message});
  f('', 'empty duration string');
  f('1', 'not a valid duration string: "1"');
  f('-1w', 'not a valid duration string: "-1w"');
  f('1.5d', 'unknown unit "." in duration "1.5d"');
  f('5x', 'unknown unit "x" in duration "5x"');
  f('1ms1s', 'not a valid duration string: "1ms1s"');
  f('1s1s', 'not a valid duration string: "1s1s"');
  f('d', 'not a valid duration string: "d"');
  f('1m30', 'not a valid duration string: "1m30"');
  f('15 s', 'unknown unit " s" in duration "15 s"');
  f('294y', 'duration out of range');
  f('200y10400w', 'duration out of range');
  f('99999999999999999999s', 'duration out of range');
});

test('formatDuration() prints years and weeks only where they are whole', () => {
  const f = (ms: number, expected: string): void => assert.equal(formatDuration(ms), expected);
  f(0, '0s');
  f(1, '1ms');
  f(15_000, '15s');
  f(90_000, '1m30s');
  f(5_400_000, '1h30m');
  f(129_600_000, '1d12h');
  f(90 * 86_400_000, '90d');
  f(14 * 86_400_000, '2w');
  f(365 * 86_400_000, '1y');
  f(366 * 86_400_000, '366d');
  f(379 * 86_400_000, '379d');
  f(-90_000, '-1m30s');
});

test('formatDuration() is read back by parseDuration(), for any seed', () => {
  for (let seed = 0; seed < 500; seed++) {
    const ms = new Random(seed).below(9_223_372_036_854);
    assert.equal(parseDuration(formatDuration(ms)), ms, `seed ${seed}`);
  }
});
