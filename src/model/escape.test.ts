import assert from 'node:assert/strict';
import test from 'node:test';
import {unescapeName} from './escape.ts';

test('unescapeName() undoes the U__ escaping', () => {
  function f(escaped: string, expected: string): void {
    assert.equal(unescapeName(escaped), expected);
  }
  f('', '');
  f('plain_name', 'plain_name');
  f('U__a_2e_b', 'a.b');
  f('U__a__b', 'a_b');
  f('U__a_1F525_b', 'a🔥b');
  f('U__a_1f525_b', 'a🔥b');
  f('U__', '');
  f('U___5fx', 'U___5fx');
  f('U__a_2e', 'U__a_2e');
  f('U__a_zz_b', 'U__a_zz_b');
  f('U__a_', 'U__a_');
  f('U__a_D800_', 'U__a_D800_');
  f('U__a_10FFFF_', 'U__a_10FFFF_');
});
