import assert from 'node:assert/strict';
import test from 'node:test';
import {matchesAnywhere, replaceAll} from './regexp.ts';

test('replaceAll() replaces as Go does', () => {
  const f = (pattern: string, replacement: string, text: string, expected: string): void =>
    assert.equal(replaceAll(pattern, replacement, text), expected, pattern);
  f('a', 'b', 'banana', 'bbnbnb');
  f('x*', '-', 'abxd', '-a-b-d-');
  f('(.)(.)', '$2$1', 'abcd', 'badc');
  f('(.)b', '$1x', 'ab', '');
  f('(.)b', '${1}x', 'ab', 'ax');
  f('(?P<n>o)', '[$n]', 'foo', 'f[o][o]');
  f('o', '$$', 'foo', 'f$$');
  f('', '-', 'é', '-é-');
  assert.throws(() => replaceAll('[', '', ''), {
    message: 'regexp: Compile(`[`): error parsing regexp: missing closing ]: `[`',
  });
});

test('matchesAnywhere() is not anchored, and dots match no line break', () => {
  assert.equal(matchesAnywhere('b', 'abc'), true);
  assert.equal(matchesAnywhere('^b', 'abc'), false);
  assert.equal(matchesAnywhere('a.c', 'a\nc'), false);
  assert.throws(() => matchesAnywhere('(', ''), {message: 'error parsing regexp: missing closing ): `(`'});
});
