import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../base/random.ts';
import {compileAnchored} from './anchored.ts';
import {Pattern} from './pattern.ts';

/** What the engine alone says. */
function engineGroups(source: string, text: string): string[] | null {
  const matcher = compileAnchored(source).matcher(text);
  if (!matcher.find()) return null;
  return Array.from({length: matcher.groupCount() + 1}, (_, i) => matcher.group(i) ?? '');
}

test('Pattern matches whole texts and finds groups', () => {
  const f = (source: string, text: string, groups: string[] | null): void => {
    const pattern = new Pattern(source);
    assert.deepEqual(pattern.groups(text), groups, `${source} on ${text}`);
    assert.equal(pattern.matches(text), groups !== null, `${source} on ${text}`);
  };
  f('(.*)', '', ['', '']);
  f('(.*)', 'a\nb', ['a\nb', 'a\nb']);
  f('.*', 'x', ['x']);
  f('.+', '', null);
  f('(.+)', '火', ['火', '火']);
  f('', '', ['']);
  f('', 'x', null);
  f('up', 'up', ['up']);
  f('up', 'ups', null);
  f(String.raw`a\.b`, 'a.b', ['a.b']);
  f(String.raw`a\.b`, 'axb', null);
  f('a|b|', '', ['']);
  f('a||b', 'b', ['b']);
  f('(a|b)', 'b', ['b', 'b']);
  f('(?:a|b)', 'b', ['b']);
  f('go_.*', 'go_gc', ['go_gc']);
  f('go_(.+)', 'go_gc', ['go_gc', 'gc']);
  f('go_(.+)', 'go_', null);
  f('([^:]+):\\d+', 'host:80', ['host:80', 'host']);
  f('(a)|(b)', 'b', ['b', '', 'b']);
  f('(?P<x>a)(?P<y>b)?', 'a', ['a', 'a', '']);
  f('(?i)UP', 'up', ['up']);
  f('a)(b', 'ab', ['ab', 'b']);
  f('a$', 'a\n', null);
});

test('Pattern names its groups', () => {
  assert.deepEqual(new Pattern('(?P<x>a)(b)(?P<y>c)').groupNames, ['', 'x', '', 'y']);
});

test('Pattern agrees with the engine on patterns of any kind', () => {
  const pieces = ['a', 'b', '|', '(', ')', '.*', '.+', '.', '\\.', '(?:', '[ab]', '?', '-', '^', '$', '\\|'];
  let compared = 0;
  for (let seed = 0; seed < 3000; seed++) {
    const random = new Random(seed);
    const source = Array.from({length: random.below(6)}, () => random.pick(pieces)).join('');
    try {
      compileAnchored(source);
    } catch {
      assert.throws(() => new Pattern(source), SyntaxError, `seed ${seed}: ${source}`);
      continue;
    }
    const pattern = new Pattern(source);
    for (let i = 0; i < 4; i++) {
      const text = Array.from({length: random.below(5)}, () => random.pick(['a', 'b', '.', '|', '\n'])).join(
        '',
      );
      const expected = engineGroups(source, text);
      assert.deepEqual(pattern.groups(text), expected, `seed ${seed}: ${source} on ${JSON.stringify(text)}`);
      assert.equal(
        pattern.matches(text),
        expected !== null,
        `seed ${seed}: ${source} on ${JSON.stringify(text)}`,
      );
      compared++;
    }
  }
  assert.ok(compared > 2000, `${compared} comparisons`);
});
