import assert from 'node:assert/strict';
import test from 'node:test';
import {cutBytes, cutCharacters} from './truncate.ts';

test('cutCharacters() counts code points', () => {
  function f(text: string, max: number, expected: string | null): void {
    assert.equal(cutCharacters(text, max), expected);
  }
  f('', 0, null);
  f('abcd', 4, null);
  f('abcde', 4, 'abc…');
  f('abcde', 3, 'abc');
  f('😀😀😀😀', 4, null);
  f('😀😀😀😀😀', 4, '😀😀😀…');
});

test('cutBytes() counts bytes and cuts no character', () => {
  function f(text: string, max: number, expected: string | null): void {
    const cut = cutBytes(text, max);
    assert.equal(cut, expected);
    if (cut !== null) assert.ok(Buffer.byteLength(cut) <= max);
  }
  f('abc', 3, null);
  f('abcd', 3, '…');
  f('abcd', 2, '..');
  f('abcdefgh', 7, 'abcd…');
  f('ééééé', 10, null);
  f('ééééé', 9, 'ééé…');
  f('ééééé', 8, 'éé…');
  f('漢字漢字', 8, '漢…');
});
