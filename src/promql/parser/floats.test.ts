import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../../base/random.ts';
import {formatDecimal, formatFixed, formatShort} from './floats.ts';

test('formatDecimal() never uses an exponent', () => {
  const f = (value: number, expected: string): void => assert.equal(formatDecimal(value), expected);
  f(0, '0');
  f(-0, '-0');
  f(1.5, '1.5');
  f(-0.1, '-0.1');
  f(1e21, '1000000000000000000000');
  f(1.5e22, '15000000000000000000000');
  f(-1.25e-7, '-0.000000125');
  f(5e-324, `0.${'0'.repeat(323)}5`);
  f(Infinity, '+Inf');
  f(-Infinity, '-Inf');
  f(NaN, 'NaN');
});

test('formatDecimal() writes digits that are read back, for any seed', () => {
  const words = new Uint32Array(2);
  const value = new Float64Array(words.buffer);
  for (let seed = 0; seed < 2000; seed++) {
    const random = new Random(seed);
    words[0] = random.uint32();
    words[1] = random.uint32();
    if (!Number.isFinite(value[0])) continue;
    const text = formatDecimal(value[0]!);
    assert.match(text, /^-?\d+(\.\d+)?$/, `seed ${seed}`);
    assert.equal(Number(text), value[0], `seed ${seed}: ${text}`);
  }
});

test('formatShort() uses an exponent where Go does', () => {
  const f = (value: number, expected: string): void => assert.equal(formatShort(value), expected);
  f(0, '0');
  f(0.0001, '0.0001');
  f(0.00001, '1e-05');
  f(999999, '999999');
  f(1e6, '1e+06');
  f(-123456789, '-1.23456789e+08');
  f(1e100, '1e+100');
  f(Infinity, '+Inf');
  f(NaN, 'NaN');
});

test('formatFixed() writes large numbers in full', () => {
  const f = (value: number, digits: number, expected: string): void =>
    assert.equal(formatFixed(value, digits), expected);
  f(1.5, 3, '1.500');
  f(-1.0005, 2, '-1.00');
  f(2 ** 63, 6, '9223372036854775808.000000');
  f(1e22, 3, '10000000000000000000000.000');
  f(NaN, 6, 'NaN');
  f(-Infinity, 6, '-Inf');
});
