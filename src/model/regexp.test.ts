import assert from 'node:assert/strict';
import test from 'node:test';
import {RE2JS} from 're2js';
import {Random} from '../base/random.ts';
import {programSizeMax, Regexp} from './regexp.ts';

test('Regexp matches whole texts', () => {
  function f(pattern: string, matching: string[], others: string[]): void {
    const regexp = new Regexp(pattern);
    for (const text of matching)
      assert.ok(regexp.matches(text), `${pattern} matches ${JSON.stringify(text)}`);
    for (const text of others)
      assert.ok(!regexp.matches(text), `${pattern} does not match ${JSON.stringify(text)}`);
  }
  f('', [''], ['a']);
  f('foo', ['foo'], ['', 'fo', 'fooo', 'FOO']);
  f('foo|bar|', ['foo', 'bar', ''], ['foobar', 'o']);
  f('a|b|c|d|e|f', ['a', 'f'], ['', 'g', 'ab']);
  f('.*', ['', 'a', 'a\nb', '😀'], []);
  f('.+', ['a', '\n', '😀'], ['']);
  f('.?', ['', 'a', '\n', '😀'], ['ab']);
  f('foo.*', ['foo', 'foobar', 'foo\n'], ['fo', 'afoo']);
  f('.*foo', ['foo', 'barfoo', '\nfoo'], ['food']);
  f('.+foo.+', ['afoob', 'foofoofoo', '\nfoo\n'], ['foo', 'afoo', 'foob', 'foofoo']);
  f('.*-.*-.*', ['--', 'a-b-c'], ['', '-', 'a-b']);
  f('.*(foo|bar).*', ['foo', 'xbarx'], ['fo', 'oof ba r']);
  f('(a|ab)(c|bcd).*', ['ac', 'abc', 'abcd', 'abbcd'], ['a', 'ab', 'bc']);
  f('(foo|foobar).+(bar|b)', ['fooxbar', 'foobarb', 'foobar_b'], ['foobar', 'foob']);
  f('5..', ['500', '5\n\n', '5😀1'], ['5', '50', '5000', '400']);
  f('(4|5)..', ['404', '500'], ['300', '40']);
  f('[45]..|2.+', ['404', '20'], ['300', '2']);
  f('host[0-3]', ['host0', 'host3'], ['host', 'host4', 'host00']);
  f('[-a]x[b-]', ['-xb', 'ax-'], ['xb']);
  f('\\d\\.\\w', ['1.a', '0._'], ['1xa', '1.-', 'a.a']);
  f('(?i)foo.*', ['FOO', 'fOobar'], ['fo', 'xfoo']);
  f('(?i)k', ['k', 'K', '\u212a'], ['kk', 'c']);
  f('(?i)straße', ['STRAßE', 'straße'], ['strasse']);
  f('^foo$|^bar$', ['foo', 'bar'], ['foo$', 'foobar']);
  f('(?:^foo|bar)x', ['foox', 'barx'], ['foo', 'xfoox']);
  f('a{2}', ['aa'], ['a', 'aaa', 'a{2}']);
  f('a{b}', ['a{b}'], ['ab']);
  f('node_[a-z]+_total', ['node_cpu_total'], ['node__total', 'node_cpu', 'xnode_cpu_total']);
  f('(a*)*b', ['b', 'aab'], ['a'.repeat(1000)]);
  f('a.*?b', ['ab', 'abb'], ['a']);
  f('(?-s)a.b', ['axb'], ['a\nb']);
});

test('Regexp.setMatches lists what a pattern can match', () => {
  function f(pattern: string, expected: string[]): void {
    assert.deepEqual([...new Regexp(pattern).setMatches].sort(), expected, pattern);
  }
  f('foo', ['foo']);
  f('', ['']);
  f('a|b|a', ['a', 'b']);
  f('a|b|', ['', 'a', 'b']);
  f('(foo|bar)baz', ['barbaz', 'foobaz']);
  f('fo(o|(a|b)c)?', ['fo', 'foac', 'fobc', 'foo']);
  f('a[0-2]', ['a0', 'a1', 'a2']);
  f('10\\.0\\.0\\.1', ['10.0.0.1']);
  f('^a|b$', ['a', 'b']);
  f('a.', []);
  f('a.*|b', []);
  f('(?i)a', []);
  f('[^a]', []);
  f('[a-z][a-z]', []);
  assert.equal(new Regexp(Array.from({length: 1024}, (_, i) => i).join('|')).setMatches.length, 1024);
  assert.equal(new Regexp(Array.from({length: 1025}, (_, i) => i).join('|')).setMatches.length, 0);
});

test('Regexp.prefix is what all texts that match start with', () => {
  const f = (pattern: string, expected: string): void => assert.equal(new Regexp(pattern).prefix, expected);
  f('foo', 'foo');
  f('foo.*', 'foo');
  f('foobar|food.+', 'foo');
  f('node_[a-z]+', 'node_');
  f('(a|ab)[^c]', 'a');
  f('.*foo', '');
  f('(?i)foo', '');
  f('foo|', '');
  f('😀|😁', '');
});

test('Regexp refuses what is no pattern, in the words of Go', () => {
  function f(pattern: string, expected: string): void {
    assert.throws(() => new Regexp(pattern), {
      name: 'SyntaxError',
      message: `error parsing regexp: ${expected}`,
    });
  }
  f('a(b', 'missing closing ): `a(b`');
  f('a)b', 'unexpected ): `a)b`');
  f('a)|(b', 'unexpected ): `a)|(b`');
  f('*', 'missing argument to repetition operator: `*`');
  f('a|*', 'missing argument to repetition operator: `*`');
  f('a**', 'invalid nested repetition operator: `**`');
  f('[a', 'missing closing ]: `[a`');
  f('[z-a]', 'invalid character class range: `z-a`');
  f('a{1001}', 'invalid repeat count: `{1001}`');
  f('a{2,1}', 'invalid repeat count: `{2,1}`');
  f('\\', 'trailing backslash at end of expression: ``');
  f('\\8', 'invalid escape sequence: `\\8`');
  f('(?=a)', 'invalid or unsupported Perl syntax: `(?=`');
  f('(?P<n', 'invalid named capture: `(?P<n`');
  f('\\pX', 'invalid character class range: `\\pX`');
  f('a.\udcff', 'invalid UTF-8: `a.\ufffd`');
  f(
    '('.repeat(2000) + ')'.repeat(2000),
    `expression nests too deeply: \`${'('.repeat(2000) + ')'.repeat(2000)}\``,
  );
});

test('Regexp refuses patterns that would take too long', () => {
  assert.throws(() => new Regexp('.{1000}'.repeat(51)), /expression too large: 51000 instructions/);
  assert.throws(() => new Regexp('[ab]+'.repeat(programSizeMax)), /expression too large/);
  assert.throws(() => new Regexp('(?i)' + 'a|'.repeat(programSizeMax)), /expression too large/);
  // Literals need no program.
  assert.ok(new Regexp('a|'.repeat(programSizeMax)).matches('a'));
});

const atoms =
  'a b ab k K é 😀 - . .* .+ .? | (a|b) (?:ab|a|) (foo|b.*) [ab] [^a] [a-c] [-a] \\d \\. \\w \\n ? * + {2} { } ] ( ) ()'
    .split(' ')
    .concat('\n');
const words = ['a', 'b', 'ab', 'foo', 'k', 'K', 'é', '😀', '\n', '.', '1', '-', '{', ']'];

function patternOf(random: Random): string {
  const pattern = Array.from({length: random.below(7)}, () => random.pick(atoms)).join('');
  return random.below(6) === 0 ? `(?i)${pattern}` : pattern;
}

function textsOf(random: Random, pattern: string): string[] {
  const texts = ['', pattern, pattern.replaceAll(/[\\.*+?()|[\]]/g, '')];
  for (let i = 0; i < 12; i++) {
    texts.push(Array.from({length: random.below(6)}, () => random.pick(words)).join(''));
  }
  return texts;
}

test('Regexp agrees with the engine alone, for any seed', () => {
  let valid = 0;
  for (let seed = 0; seed < 3000; seed++) {
    const random = new Random(seed);
    const pattern = patternOf(random);
    let engine: RE2JS;
    try {
      engine = RE2JS.compile(pattern, RE2JS.DOTALL);
    } catch {
      assert.throws(() => new Regexp(pattern), SyntaxError, `seed ${seed}: ${pattern}`);
      continue;
    }
    valid++;
    const regexp = new Regexp(pattern);
    for (const text of textsOf(random, pattern)) {
      const expected = engine.testExact(text);
      const about = `seed ${seed}: ${pattern} and ${JSON.stringify(text)}`;
      assert.equal(regexp.matches(text), expected, about);
      if (expected) assert.ok(text.startsWith(regexp.prefix), `${about}: prefix ${regexp.prefix}`);
      if (regexp.setMatches.length > 0)
        assert.equal(regexp.setMatches.includes(text), expected, `${about}: set`);
    }
  }
  assert.ok(valid > 1000, `${valid} patterns were valid`);
});

test('Regexp agrees with JavaScript where the syntax is the same, for any seed', () => {
  let compared = 0;
  for (let seed = 0; seed < 3000; seed++) {
    const random = new Random(seed);
    const pattern = patternOf(random);
    // JavaScript's syntax of the mode `u` knows no literal braces and brackets, and only groups of flags.
    if (/^\(\?i\)|[{}\]](?!\})/.test(pattern.replaceAll(/\[[^\]]*\]|\{\d\}/g, ''))) continue;
    let native: RegExp;
    try {
      native = new RegExp(`^(?:${pattern})$`, 'su');
    } catch {
      continue;
    }
    let regexp: Regexp;
    try {
      regexp = new Regexp(pattern);
    } catch {
      // Go refuses `a{2}{2}` and `a+*`, and so on; the other test looks at that.
      continue;
    }
    compared++;
    for (const text of textsOf(random, pattern)) {
      const about = `seed ${seed}: ${pattern} and ${JSON.stringify(text)}`;
      assert.equal(regexp.matches(text), native.test(text), about);
    }
  }
  assert.ok(compared > 500, `${compared} patterns were compared`);
});
