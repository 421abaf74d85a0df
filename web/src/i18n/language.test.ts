import assert from 'node:assert/strict';
import test from 'node:test';
import {pickLanguage} from './language.ts';

test('pickLanguage() takes the first language it speaks', () => {
  function f(preferred: string[], expected: string): void {
    assert.equal(pickLanguage(preferred), expected, preferred.join());
  }
  f([], 'en');
  f(['ja'], 'ja');
  f(['ja-JP', 'en-US'], 'ja');
  f(['de-DE', 'ja'], 'ja');
  f(['en-GB', 'ja'], 'en');
  f(['fr', 'de'], 'en');
  f(['jam'], 'en');
});
