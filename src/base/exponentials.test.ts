// Expected values were computed by Go 1.26 on x86-64.
import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from './random.ts';
import {exp, log, log10, log2} from './exponentials.ts';

function f(compute: (x: number) => number, x: number, expected: number): void {
  assert.equal(compute(x), expected, `${compute.name}(${x})`);
}

test("exponentials and logarithms have every bit of Go's", () => {
  f(exp, 1, 2.718281828459045);
  f(exp, -1, 0.36787944117144233);
  f(exp, 0.1, 1.1051709180756477);
  f(exp, 25.3, 97196447559.19391);
  f(exp, 700.5, 1.6721859620674987e304);
  f(exp, -700.25, 7.678723813110872e-305);
  f(exp, -745, 5e-324);
  f(exp, -740.5, 2.5e-322);
  f(log, 3, 1.0986122886681096);
  f(log, 0.3, -1.2039728043259361);
  f(log, 1e300, 690.7755278982137);
  f(log, 21.5, 3.068052935133617);
  f(log2, 3, 1.5849625007211563);
  f(log2, 0.3, -1.736965594166206);
  f(log2, 1e-310, -1029.7977094150824);
  f(log10, 644, 2.808885867359812);
  f(log10, 21, 1.3222192947339193);
  f(log10, 0.3, -0.5228787452803376);
  f(log10, 5000, 3.698970004336019);
});

test('exponentials and logarithms have the special cases of IEEE 754', () => {
  f(exp, 0, 1);
  f(exp, -0, 1);
  f(exp, Infinity, Infinity);
  f(exp, -Infinity, 0);
  f(exp, NaN, NaN);
  f(exp, 709.79, Infinity);
  f(exp, -746, 0);
  for (const each of [log, log2, log10]) {
    f(each, 1, 0);
    f(each, 0, -Infinity);
    f(each, -0, -Infinity);
    f(each, -1, NaN);
    f(each, -Infinity, NaN);
    f(each, Infinity, Infinity);
    f(each, NaN, NaN);
  }
  f(log, 5e-324, Math.log(5e-324));
});

test("exponentials and logarithms are next to JavaScript's, for any seed", () => {
  for (let seed = 0; seed < 5000; seed++) {
    const random = new Random(seed);
    const x = (random.float() - 0.5) * 1400;
    const near = (got: number, expected: number, what: string): void => {
      const close = Math.abs(got - expected) <= 1e-15 * Math.max(Math.abs(expected), 1e-300);
      assert.ok(close, `seed ${seed}: ${what}(${x}) is ${got}, not ${expected}`);
    };
    near(exp(x), Math.exp(x), 'exp');
    near(log(Math.abs(x)), Math.log(Math.abs(x)), 'log');
  }
});
