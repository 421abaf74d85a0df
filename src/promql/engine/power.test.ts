import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../../base/random.ts';
import {power} from './power.ts';

test('power() has the special cases of C', () => {
  function f(base: number, exponent: number, expected: number): void {
    assert.equal(power(base, exponent), expected, `${base} ^ ${exponent}`);
  }
  f(1, NaN, 1);
  f(NaN, 0, 1);
  f(NaN, 1, NaN);
  f(-1, Infinity, 1);
  f(2, Infinity, Infinity);
  f(0.5, Infinity, 0);
  f(0, -1, Infinity);
  f(-0, -3, -Infinity);
  f(-0, 3, -0);
  f(-8, 1 / 3, NaN);
  f(-2, 3, -8);
  f(-Infinity, 3, -Infinity);
  f(4, 0.5, 2);
  f(4, -0.5, 0.5);
  f(2, -1074, 5e-324);
  f(2, -1075, 0);
  f(2, 1023, 2 ** 1023);
  f(2, 1024, Infinity);
  // Not 1e308: squaring rounds each time, in Go as here.
  f(10, 308, 1.0000000000000006e308);
  f(1e-300, 2, 0);
  f(-1e300, 3, -Infinity);
});

// Computed by Go 1.26 on x86-64.
test("power() has every bit of Go's", () => {
  function f(base: number, exponent: number, expected: number): void {
    assert.equal(power(base, exponent), expected, `${base} ^ ${exponent}`);
  }
  f(35, 93.5, 2.3461844213496903e144);
  f(152.75, 0.6471233130432665, 25.900321917926092);
  f(0.03906332142651081, -58.05498675908893, 5.686202921782716e81);
  f(2.5, 3, 15.625);
});

test('power() is right to a few bits', () => {
  for (let seed = 0; seed < 5000; seed++) {
    const random = new Random(seed);
    const base = random.float() * 10 ** (random.below(40) - 20);
    const exponent = random.below(2) === 0 ? random.below(40) - 20 : (random.float() - 0.5) * 30;
    const expected = base ** exponent;
    const got = power(base, exponent);
    const close =
      got === expected ||
      Math.abs(got - expected) <= 1e-13 * Math.abs(expected) ||
      Math.abs(expected) < 1e-300;
    assert.ok(close, `seed ${seed}: ${base} ^ ${exponent} is ${got}, not ${expected}`);
  }
});
