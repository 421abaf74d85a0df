import assert from 'node:assert/strict';
import test from 'node:test';
import {formatGoMs, goDuration, parseGoDuration} from './go-duration.ts';

test('parseGoDuration() reads what Go reads', () => {
  function f(text: string, ms: number): void {
    assert.equal(parseGoDuration(text), ms);
  }
  f('0', 0);
  f('10s', 10_000);
  f('1m30s', 90_000);
  f('1.5h', 5_400_000);
  f('-3ms', -3);
  f('500us', 0.5);
  f('.5s', 500);
});

test('parseGoDuration() says what is wrong in words of Go', () => {
  function f(text: string, message: string): void {
    assert.throws(() => parseGoDuration(text), {name: 'SyntaxError', message});
  }
  f('', 'time: invalid duration ""');
  f('5', 'time: missing unit in duration "5"');
  f('5d', 'time: unknown unit "d" in duration "5d"');
  f('1h x', 'time: unknown unit "h x" in duration "1h x"');
  f('s', 'time: invalid duration "s"');
});

test('goDuration reads whole numbers as nanoseconds', () => {
  const scalar = {kind: 'scalar', text: '1500000', plain: true, tag: '', offset: 0} as const;
  assert.equal(goDuration.parse(scalar), 1.5);
  assert.equal(formatGoMs(90_000), '1m30s');
});
