import assert from 'node:assert/strict';
import test from 'node:test';
import type {Logger} from '../sys/log.ts';
import {noLogger} from '../sys/log.ts';
import {compareMatchers, formatMatchers, matcherOf, matchesAll} from './matchers.ts';
import {parseClassicMatchers} from './matchers/classic.ts';
import {MatcherParser} from './matchers/parse.ts';
import {parseUtf8Matcher, parseUtf8Matchers} from './matchers/utf8.ts';

function outcome(parse: () => Parameters<typeof formatMatchers>[0]): string {
  try {
    return formatMatchers(parse());
  } catch (error) {
    assert.ok(error instanceof SyntaxError, String(error));
    return `error: ${error.message}`;
  }
}

test('parseUtf8Matchers() reads the newer syntax', () => {
  function f(input: string, expected: string): void {
    assert.equal(
      outcome(() => parseUtf8Matchers(input)),
      expected,
      input,
    );
  }
  f('', '{}');
  f('{}', '{}');
  f('{foo=bar}', '{foo="bar"}');
  f('{foo=bar,}', '{foo="bar"}');
  f('foo!=bar, bar=~[a-z]+ ,c!~d', '{foo!="bar",bar=~"[a-z]+",c!~"d"}');
  f('{foo=🙂bar}', '{foo="🙂bar"}');
  f('{"foo"="\\xf0\\x9f\\x99\\x82"}', '{foo="🙂"}');
  f('{"foo"="\\U0001f642"}', '{foo="🙂"}');
  f('{"foo"="bar\\n"}', '{foo="bar\\n"}');
  f('"foo bar"="a\\"b\\\\"', '{"foo bar"="a\\"b\\\\"}');
  f('{"foo"=~"\\\\d+"}', '{foo=~"\\\\d+"}');
  f(',', 'error: 0:1: unexpected ,: expected label name');
  f('{,}', 'error: 1:2: unexpected ,: expected label name');
  f('{', 'error: 0:1: end of input: expected close brace');
  f('}', 'error: 0:1: }: expected opening brace');
  f('foo=bar}', 'error: 0:8: }: expected opening brace');
  f('{foo=bar', 'error: 0:8: end of input: expected close brace');
  f('{foo=:"bar"}', 'error: 6:11: unexpected "bar": expected a comma or close brace');
  f('{foo="bar\\w"}', 'error: 5:12: "bar\\w": invalid input');
  f('{foo=bar\\n}', 'error: 8:9: \\: invalid input: expected a comma or close brace');
  f('{"foo"="\\xf0\\x9f"}', 'error: 7:17: "\\xf0\\x9f": invalid input');
  f('foo="bar', 'error: 4:8: "bar: missing end ": expected label value');
  f('foo', "error: end of input: expected an operator such as '=', '!=', '=~' or '!~'");
  f('foo=', 'error: end of input: expected label value');
  f('foo=bar,,', 'error: 8:9: unexpected ,: expected a matcher or close brace after comma');
  f('{foo=bar}x', 'error: 9:10: x: expected end of input');
  f('foo=~(', 'error: failed to create matcher: error parsing regexp: missing closing ): `^(?:()$`');
  assert.throws(() => parseUtf8Matcher('a=b,c=d'), /expected 1 matcher, found 2/);
});

test('parseClassicMatchers() reads the older syntax', () => {
  function f(input: string, expected: string): void {
    assert.equal(
      outcome(() => parseClassicMatchers(input)),
      expected,
      input,
    );
  }
  f('{foo = "bar", dings != "bums", }', '{foo="bar",dings!="bums"}');
  f('foo=bar,dings!=bums', '{foo="bar",dings!="bums"}');
  f(
    `{quote="She said: \\"Hi, ladies! That's gender-neutral…\\""}`,
    `{quote="She said: \\"Hi, ladies! That's gender-neutral…\\""}`,
  );
  f('statuscode=~"5.."', '{statuscode=~"5.."}');
  f('{foo=\\t}', '{foo="\\\\t"}');
  f('{foo=bar\\n}', '{foo="bar\\n"}');
  f('{foo=}', '{foo=""}');
  f('{foo=}b', '{foo="}b"}');
  f('{{foo=', 'error: bad matcher format: {foo=');
  f('foo="a"b"', 'error: matcher value contains unescaped double quote: "a"b"');
  f('foo="a', 'error: matcher value contains unescaped double quote: "a');
  f('1foo=a', 'error: bad matcher format: 1foo=a');
  f('foo=a,,b=c', 'error: bad matcher format: ');
});

test('MatcherParser falls back to the older syntax with a warning', () => {
  const warnings: string[] = [];
  const logger: Logger = {...noLogger, warn: (message) => warnings.push(message)};
  const parser = new MatcherParser('fallback', logger);
  assert.equal(formatMatchers([parser.matcher('foo=~"a|b"', 'api')]), '{foo=~"a|b"}');
  assert.deepEqual(warnings, []);
  assert.equal(formatMatchers(parser.matchers('foo=a\\b', 'config')), '{foo="a\\\\b"}');
  assert.match(warnings[0]!, /classic syntax/);
  // Read as different texts.
  assert.equal(formatMatchers(parser.matchers('foo="\\u00e4"', 'config')), '{foo="\\\\u00e4"}');
  assert.match(warnings[1]!, /disagreement/);
  assert.throws(() => parser.matcher('{a=b}', 'api'), /unexpected open or close brace: \{a=b\}/);
  assert.throws(() => parser.matchers('💥', 'api'), /bad matcher format: 💥/);
  assert.throws(() => new MatcherParser('classic').matchers('"a b"=c', 'api'), SyntaxError);
  assert.throws(() => new MatcherParser('utf8').matchers('foo=a\\b', 'api'), SyntaxError);
  assert.equal(new MatcherParser('classic').isLabelName('a b'), false);
  assert.equal(parser.isLabelName('a b'), true);
});

test('matchesAll() takes an absent label for an empty one', () => {
  const labels = ['a', '1', 'b', '2'];
  assert.equal(matchesAll([matcherOf('=', 'a', '1'), matcherOf('=~', 'b', '[12]')], labels), true);
  assert.equal(matchesAll([matcherOf('=', 'c', '')], labels), true);
  assert.equal(matchesAll([matcherOf('!=', 'c', '')], labels), false);
  assert.equal(matchesAll([matcherOf('!~', 'a', '1|2')], labels), false);
  assert.equal(matchesAll([], labels), true);
});

test('compareMatchers() sorts by name, value and type', () => {
  const matchers = parseUtf8Matchers('b=1,a!~x,a=x,a=a');
  assert.equal(formatMatchers(matchers.sort(compareMatchers)), '{a="a",a="x",a!~"x",b="1"}');
});
