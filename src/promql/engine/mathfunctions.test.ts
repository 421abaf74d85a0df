import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../../base/random.ts';
import {clampTo, dateFunctions, mathFunctions, roundTo} from './mathfunctions.ts';

test("parts of dates are those of JavaScript's own calendar", () => {
  const expected: Record<string, (date: Date) => number> = {
    minute: (date) => date.getUTCMinutes(),
    hour: (date) => date.getUTCHours(),
    day_of_week: (date) => date.getUTCDay(),
    day_of_month: (date) => date.getUTCDate(),
    month: (date) => date.getUTCMonth() + 1,
    year: (date) => date.getUTCFullYear(),
    day_of_year: (date) =>
      Math.round(
        (Date.UTC(2000, date.getUTCMonth(), date.getUTCDate()) - Date.UTC(2000, 0, 1)) / 86_400_000,
      ) +
      1 -
      (date.getUTCMonth() > 1 && new Date(Date.UTC(date.getUTCFullYear(), 1, 29)).getUTCMonth() !== 1
        ? 1
        : 0),
    days_in_month: (date) =>
      new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate(),
  };
  for (let seed = 0; seed < 500; seed++) {
    const seconds = new Random(seed).below(2 ** 35) - 2 ** 34;
    for (const [name, part] of Object.entries(expected)) {
      const got = dateFunctions.get(name)!(seconds + 0.75 * Math.sign(seconds));
      assert.equal(got, part(new Date(seconds * 1000)), `${name}(${seconds}), seed ${seed}`);
    }
  }
});

test('log2 and log10 are exact for powers of their bases', () => {
  const log2 = mathFunctions.get('log2')!;
  const log10 = mathFunctions.get('log10')!;
  for (let exponent = -1074; exponent < 1024; exponent++) assert.equal(log2(2 ** exponent), exponent);
  for (let exponent = 0; exponent < 10; exponent++) assert.equal(log10(10 ** exponent), exponent);
  assert.equal(log2(0), -Infinity);
  assert.equal(log2(Infinity), Infinity);
  assert.ok(Number.isNaN(log2(-1)));
  for (const value of [3, 0.1, 1e-310, 1e300, 7.25])
    assert.ok(Math.abs(log2(value) - Math.log2(value)) < 1e-12);
});

test('what is no time of 64 bits is a day in December of the year 292277026596', () => {
  for (const value of [NaN, Infinity, -Infinity, 1e19]) {
    assert.equal(dateFunctions.get('year')!(value), 292_277_026_596);
    assert.equal(dateFunctions.get('month')!(value), 12);
    assert.equal(dateFunctions.get('day_of_month')!(value), 4);
    assert.equal(dateFunctions.get('hour')!(value), 15);
    assert.equal(dateFunctions.get('minute')!(value), 30);
  }
});

test('roundTo() rounds ties upwards', () => {
  assert.equal(roundTo(2.5, 1), 3);
  assert.equal(roundTo(-2.5, 1), -2);
  assert.equal(roundTo(7, 5), 5);
  assert.equal(roundTo(8, 5), 10);
  assert.equal(roundTo(0.25, 0.1), 0.3);
});

test('clampTo() lets NaN through but for infinite bounds', () => {
  assert.equal(clampTo(5, 1, 3), 3);
  assert.equal(clampTo(-5, 1, 3), 1);
  assert.ok(Number.isNaN(clampTo(NaN, 1, 3)));
  assert.equal(clampTo(NaN, -Infinity, -Infinity), -Infinity);
});
