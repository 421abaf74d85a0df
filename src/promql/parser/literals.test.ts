import assert from 'node:assert/strict';
import test from 'node:test';
import {parseNumber, unquoteString} from './literals.ts';

test('parseNumber() reads what strconv reads', () => {
  const f = (text: string, expected: number): void => assert.equal(parseNumber(text), expected, text);
  f('0', 0);
  f('15', 15);
  f('.5', 0.5);
  f('5.', 5);
  f('1e3', 1000);
  f('1E-7', 1e-7);
  f('0x1f', 31);
  f('0X_FF', 255);
  f('017', 15);
  f('0_7', 7);
  f('08', 8);
  f('09.5', 9.5);
  f('1_000_000', 1_000_000);
  f('1_0.5_0e1_0', 10.5e10);
  f('9223372036854775807', 2 ** 63);
  f('9223372036854775808', 2 ** 63);
  f('0777777777777777777777', 2 ** 63);
  f('0.1', 0.1);
  f('1e-999', 0);
  f('inf', Infinity);
  f('INF', Infinity);
  f('NaN', NaN);
});

test('parseNumber() refuses the rest in the words of strconv', () => {
  function f(text: string, why: string): void {
    const message = `error parsing number: strconv.ParseFloat: parsing "${text}": ${why}`;
    assert.throws(() => parseNumber(text), {name: 'SyntaxError', message});
  }
  f('1e999', 'value out of range');
  f('1.2.3', 'invalid syntax');
  f('1e+', 'invalid syntax');
  f('1e5.5', 'invalid syntax');
  f('.', 'invalid syntax');
  f('0x', 'invalid syntax');
  f('0x1e+5', 'invalid syntax');
  f('0xffffffffffffffff', 'invalid syntax');
  f('_1', 'invalid syntax');
  f('1_', 'invalid syntax');
});

test('unquoteString() gives the value of a string token', () => {
  const f = (token: string, expected: string): void => assert.equal(unquoteString(token), expected, token);
  f('""', '');
  f('"plain"', 'plain');
  f(`'it"s'`, 'it"s');
  f('`raw \\n`', 'raw \\n');
  f(String.raw`"\a\b\f\n\r\t\v\\\""`, '\x07\b\f\n\r\t\v\\"');
  f(String.raw`'\''`, "'");
  f(String.raw`"\x41\101\u00e9\U0001F600é😀"`, 'AAé😀é😀');
  f(String.raw`"\ufeff"`, '\ufeff');
});

test('unquoteString() keeps bytes that are no UTF-8', () => {
  const f = (token: string, expected: string): void => assert.equal(unquoteString(token), expected, token);
  f(String.raw`"\xc3\xa9"`, 'é');
  f(String.raw`"\360\237\230\200"`, '😀');
  f(String.raw`"a\xffb"`, 'a\udcffb');
  f(String.raw`"\xc3"`, '\udcc3');
  f(String.raw`"\xe2\x82z"`, '\udce2\udc82z');
  f(String.raw`"\xed\xa0\x80"`, '\udced\udca0\udc80');
  f(String.raw`"\xf5\x80\x80\x80"`, '\udcf5\udc80\udc80\udc80');
  f(String.raw`"\x80é"`, '\udc80é');
});
