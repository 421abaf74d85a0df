import assert from 'node:assert/strict';
import test from 'node:test';
import {Matcher} from './matcher.ts';
import type {MatchType} from './matcher.ts';

test('Matcher.matches() compares as its type says', () => {
  function f(type: MatchType, value: string, text: string, expected: boolean): void {
    assert.equal(new Matcher(type, 'a', value).matches(text), expected, `${type} ${value} ${text}`);
  }
  f('=', 'x', 'x', true);
  f('=', 'x', 'xx', false);
  f('=', 'x.*', 'xx', false);
  f('=', '', '', true);
  f('!=', 'x', 'x', false);
  f('!=', 'x', '', true);
  f('=~', 'x.*', 'xx', true);
  f('=~', 'x', 'xx', false);
  f('=~', 'x|', '', true);
  f('!~', 'x.*', 'xx', false);
  f('!~', 'x', 'xx', true);
});

test('Matcher.setMatches and prefix help to find values', () => {
  function f(type: MatchType, value: string, set: string[], prefix: string): void {
    const matcher = new Matcher(type, 'a', value);
    assert.deepEqual([...matcher.setMatches], set);
    assert.equal(matcher.prefix, prefix);
  }
  f('=', 'x', ['x'], 'x');
  f('!=', 'x', ['x'], 'x');
  f('=~', 'xa|xb', ['xa', 'xb'], 'x');
  f('!~', 'xa|xb', ['xa', 'xb'], 'x');
  f('=~', 'x.*', [], 'x');
  f('=~', '.*', [], '');
});

test('Matcher refuses a value that is no regular expression only where it has to be one', () => {
  assert.throws(() => new Matcher('=~', 'a', '('), {message: 'error parsing regexp: missing closing ): `(`'});
  assert.throws(() => new Matcher('!~', 'a', '('), SyntaxError);
  assert.ok(new Matcher('=', 'a', '(').matches('('));
  assert.ok(new Matcher('!=', 'a', '(').matches(')'));
});
