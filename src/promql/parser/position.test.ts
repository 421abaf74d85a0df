import assert from 'node:assert/strict';
import test from 'node:test';
import {byteOffset, formatPosition} from './position.ts';

test('formatPosition() counts lines and bytes of columns from 1', () => {
  const f = (query: string, offset: number, expected: string): void =>
    assert.equal(formatPosition(query, offset), expected);
  f('', 0, 'unknown position');
  f('abc', 0, '1:1');
  f('abc', 3, '1:4');
  f('abc', 4, 'invalid position');
  f('abc', -1, 'invalid position');
  f('a\nbc\n', 1, '1:2');
  f('a\nbc\n', 2, '2:1');
  f('a\nbc\n', 5, '3:1');
  f('é日😀x', 1, '1:3');
  f('é日😀x', 2, '1:6');
  f('é日😀x', 4, '1:10');
  f('é\né', 3, '2:3');
});

test('byteOffset() counts bytes from the start', () => {
  const text = 'aé日\n😀x';
  const encoder = new TextEncoder();
  for (const offset of [0, 1, 2, 3, 4, 6, 7]) {
    assert.equal(byteOffset(text, offset), encoder.encode(text.slice(0, offset)).length, `${offset}`);
  }
});
