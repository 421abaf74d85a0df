import assert from 'node:assert/strict';
import test from 'node:test';
import {resolvePlain} from './yaml-resolve.ts';

test('resolvePlain() reads scalars as Go does', () => {
  const f = (text: string, tag: string, value: unknown = text): void =>
    assert.deepEqual(resolvePlain(text), {tag, value}, text);
  for (const text of ['', '~', 'null', 'Null', 'NULL']) f(text, '!!null', null);
  for (const text of ['y', 'Yes', 'on', 'TRUE', 'true']) f(text, '!!bool', true);
  for (const text of ['n', 'No', 'OFF', 'false']) f(text, '!!bool', false);
  for (const text of ['yEs', 'tRue', 'nul', 'offf', 'x']) f(text, '!!str');
  f('0', '!!int', 0);
  f('-12', '!!int', -12);
  f('+7', '!!int', 7);
  f('1_000', '!!int', 1000);
  f('0x10', '!!int', 16);
  f('-0X1f', '!!int', -31);
  f('0b101', '!!int', 5);
  f('0o17', '!!int', 15);
  f('017', '!!int', 15);
  f('018', '!!float', 18);
  f('9007199254740993', '!!int', 9007199254740993n);
  f('18446744073709551616', '!!float', 18446744073709551616);
  f('1.5', '!!float', 1.5);
  f('.5', '!!float', 0.5);
  f('1e3', '!!float', 1000);
  f('1.', '!!float', 1);
  f('.inf', '!!float', Infinity);
  f('-.Inf', '!!float', -Infinity);
  f('1.2.3', '!!str');
  f('.', '!!str');
  f('-', '!!str');
  f('5m', '!!str');
  f('0x', '!!str');
  f('2006-01-02', '!!timestamp');
  f('2006-1-2T3:4:5Z', '!!timestamp');
  f('<<', '!!merge', '<<');
});
