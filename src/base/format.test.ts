import assert from 'node:assert/strict';
import test from 'node:test';
import {formatFixedDigits, formatPlain, formatShortest} from './format.ts';

test("formatPlain() writes Go's 'f' format with the shortest digits", () => {
  function f(value: number, expected: string): void {
    assert.equal(formatPlain(value), expected);
  }
  f(0, '0');
  f(-0, '-0');
  f(1.5, '1.5');
  f(1e21, '1000000000000000000000');
  f(-1.25e22, '-12500000000000000000000');
  f(1e-7, '0.0000001');
  f(-1.5e-7, '-0.00000015');
  f(5e-324, `0.${'0'.repeat(323)}5`);
  f(NaN, 'NaN');
  f(Infinity, '+Inf');
  f(-Infinity, '-Inf');
});

test('formatPlain() reads back the same for random numbers', () => {
  const view = new DataView(new ArrayBuffer(8));
  let state = 1;
  for (let i = 0; i < 2000; i++) {
    state = Math.imul(state, 1_103_515_245) + 12_345;
    view.setInt32(0, state);
    state = Math.imul(state, 1_103_515_245) + 12_345;
    view.setInt32(4, state);
    const value = view.getFloat64(0);
    if (value - value !== 0) continue;
    assert.equal(Number(formatPlain(value)), value);
    assert.doesNotMatch(formatPlain(value), /e/);
  }
});

test('formatShortest() is %g', () => {
  function f(value: number, expected: string): void {
    assert.equal(formatShortest(value), expected);
  }
  f(0, '0');
  f(0.0001, '0.0001');
  f(0.00001, '1e-05');
  f(123456, '123456');
  f(1234567, '1.234567e+06');
  f(1e100, '1e+100');
  f(-2.5, '-2.5');
  f(Infinity, '+Inf');
});

test('formatFixedDigits() is %.2g', () => {
  function f(value: number, expected: string): void {
    assert.equal(formatFixedDigits(value, 2), expected);
  }
  f(2, '2');
  f(10, '10');
  f(100, '1e+02');
  f(0.123, '0.12');
  f(0.125, '0.12');
  f(0.375, '0.38');
  f(125, '1.2e+02');
  f(135, '1.4e+02');
  f(-125, '-1.2e+02');
  f(125.00000000000001, '1.3e+02');
  f(0.000012345, '1.2e-05');
  f(123456, '1.2e+05');
});
