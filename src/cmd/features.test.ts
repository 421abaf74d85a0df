import assert from 'node:assert/strict';
import test from 'node:test';
import {floatEncodingOf} from './features.ts';

test('floatEncodingOf() takes what the configuration says before what the flags say', () => {
  const f = (inFile: '' | 'xor' | 'xor2', features: string, expected: string): void =>
    assert.equal(floatEncodingOf({storage: {floatEncoding: inFile}}, new Set(features.split(' '))), expected);
  f('', '', 'xor');
  f('', 'xor2-encoding', 'xor2');
  f('xor', 'xor2-encoding', 'xor');
  f('xor2', '', 'xor2');
  f('xor2', 'st-storage', 'xor2');
  f('', 'xor2-encoding st-storage', 'xor2');
  assert.throws(() => f('', 'st-storage', ''), /incompatible with start-timestamp storage/);
  assert.throws(() => f('xor', 'xor2-encoding st-storage', ''), RangeError);
});
