import assert from 'node:assert/strict';
import test from 'node:test';
import {formatSpan, type SpanUnits} from './span.ts';

const english: SpanUnits = {
  day: 'd',
  hour: 'h',
  minute: 'm',
  second: 's',
  millisecond: 'ms',
  microsecond: 'µs',
  between: ' ',
};

test('formatSpan() keeps the two largest units', () => {
  function f(ms: number, expected: string): void {
    assert.equal(formatSpan(ms, english), expected, String(ms));
  }
  f(-5, '0s');
  f(0, '0s');
  f(0.0123, '12.3µs');
  f(0.9996, '1ms');
  f(12.345, '12.3ms');
  f(999.4, '999ms');
  f(999.6, '1s');
  f(1234, '1.23s');
  f(59_900, '59.9s');
  f(59_960, '1m');
  f(185_000, '3m 5s');
  f(3_599_600, '1h');
  f(7_800_000, '2h 10m');
  f(86_400_000 * 4 + 3_600_000 * 3, '4d 3h');
});
