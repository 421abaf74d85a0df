import assert from 'node:assert/strict';
import test from 'node:test';
import {tokenizeYaml} from './yaml-tokens.ts';

test('tokenizeYaml() tells keys from values', () => {
  function f(line: string, expected: string): void {
    const [tokens] = tokenizeYaml(line);
    assert.equal(tokens?.map(({kind, text}) => `${kind}<${text}>`).join(''), expected, line);
  }
  f('', '');
  f('global:', 'key<global>punctuation<:>');
  f('  scrape_interval: 15s', 'punctuation<  >key<scrape_interval>punctuation<:>plain< >number<15s>');
  f('- job_name: node', 'punctuation<- >key<job_name>punctuation<:>plain< >string<node>');
  f('  - 127.0.0.1:9090', 'punctuation<  - >string<127.0.0.1:9090>');
  f('honor_labels: true # no', 'key<honor_labels>punctuation<:>plain< >constant<true>comment< # no>');
  f('regex: "a: \\"b\\" # c"', 'key<regex>punctuation<:>plain< >string<"a: \\"b\\" # c">');
  f("x: 'it''s'", "key<x>punctuation<:>plain< >string<'it''s'>");
  f('# note: x', 'comment<# note: x>');
  f('password: <secret>', 'key<password>punctuation<:>plain< >constant<<secret>>');
  f('a: {b: 1}', 'key<a>punctuation<:>plain< >punctuation<{b: 1}>');
});

test('tokenizeYaml() takes block scalars as text', () => {
  const lines = tokenizeYaml('ca: |\n  -----BEGIN: x\n\n  end: 1\nnext: 2');
  assert.deepEqual(
    lines.map((line) => line[0]?.kind),
    ['key', 'string', undefined, 'string', 'key'],
  );
});

test('tokenizeYaml() loses no character', () => {
  const text = 'a:\n  - b: "c" # d\n  - [1, 2]\n\te: |-\n      f: g\n"h: i": ~\n- - j\n:\n- k:l\n--- \n...';
  const joined = tokenizeYaml(text).map((line) => line.map((token) => token.text).join(''));
  assert.equal(joined.join('\n'), text);
});
