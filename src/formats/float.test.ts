import assert from 'node:assert/strict';
import test from 'node:test';
import {formatOpenMetricsFloat, parseFloat} from './float.ts';

test('parseFloat() takes what Go takes, without hexadecimals and underscores', () => {
  const f = (text: string, expected: number): void => assert.ok(Object.is(parseFloat(text), expected), text);
  f('1', 1);
  f('-0', -0);
  f('+.5e1', 5);
  f('5.', 5);
  f('1e-400', 0);
  f('NAN', NaN);
  f('-iNf', -Infinity);
  f('+Infinity', Infinity);

  for (const text of ['', '.', '1e', '0x10', '0x1p4', '1_000', '+nan', 'infin', '1,5', '1f', ' 1', '1\r']) {
    assert.throws(() => parseFloat(text), SyntaxError, JSON.stringify(text));
  }
  assert.throws(() => parseFloat('1e400'), RangeError);
});

test('formatOpenMetricsFloat() writes what Prometheus 3 writes for le and quantile', () => {
  const f = (value: number, expected: string): void => assert.equal(formatOpenMetricsFloat(value), expected);
  f(1, '1.0');
  f(0, '0.0');
  f(-1, '-1.0');
  f(0.5, '0.5');
  f(0.005, '0.005');
  f(0.0001, '0.0001');
  f(0.00001, '1e-05');
  f(100_000, '100000.0');
  f(1_000_000, '1e+06');
  f(123_456_789, '1.23456789e+08');
  f(1e300, '1e+300');
  f(Infinity, '+Inf');
  f(-Infinity, '-Inf');
  f(NaN, 'NaN');
});
