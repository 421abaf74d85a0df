import assert from 'node:assert/strict';
import test from 'node:test';
import {lowerCase, upperCase} from './case.ts';

test('lowerCase() and upperCase() map one character to one, as Go does', () => {
  const f = (text: string, lower: string, upper: string): void => {
    assert.equal(lowerCase(text), lower, `lower case of ${text}`);
    assert.equal(upperCase(text), upper, `upper case of ${text}`);
  };
  f('', '', '');
  f('Host-1.Example', 'host-1.example', 'HOST-1.EXAMPLE');
  f('Ärger', 'ärger', 'ÄRGER');
  f('straße', 'straße', 'STRAßE');
  f('ΟΔΟΣ', 'οδοσ', 'ΟΔΟΣ');
  f('İ', 'i', 'İ');
  f('ﬁ', 'ﬁ', 'ﬁ');
  f('\u1fb3\u1f80', '\u1fb3\u1f80', '\u1fbc\u1f88');
  f('ŉ', 'ŉ', 'ŉ');
  f('𐐨𐐀', '𐐨𐐨', '𐐀𐐀');
});
