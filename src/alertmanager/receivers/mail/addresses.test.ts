import assert from 'node:assert/strict';
import test from 'node:test';
import {parseAddresses} from './addresses.ts';

test('parseAddresses() gives bare addresses', () => {
  function f(list: string, expected: string[]): void {
    assert.deepEqual(parseAddresses(list), expected);
  }
  f('a@example.org', ['a@example.org']);
  f('a@b.c, d@e.f ,', ['a@b.c', 'd@e.f']);
  f('A B <a@b.c>', ['a@b.c']);
  f('"A, B <x@y>" <a@b.c>, c@d.e', ['a@b.c', 'c@d.e']);
  f('<a@b.c> (comment, (nested))', ['a@b.c']);
  f('"a b"@c.d', ['"a b"@c.d']);
  f('a@[127.0.0.1]', ['a@[127.0.0.1]']);
  f('é@例え.jp', ['é@例え.jp']);
});

test('parseAddresses() refuses what is none', () => {
  for (const list of ['', 'nobody', 'a@', '@b', 'a b@c', '<a@b', 'a@b>', 'a@b\r\nRCPT TO:<x@y>', '(a@b'])
    assert.throws(() => parseAddresses(list), SyntaxError, list);
});
