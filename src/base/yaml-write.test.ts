import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from './random.ts';
import {FlowSequence, sortedMap, writeYaml, type YamlMap, type YamlValue} from './yaml-write.ts';
import {parseYaml, type YamlNode} from './yaml.ts';
import {resolveScalar} from './yaml-resolve.ts';

function map(...entries: [string, YamlValue][]): YamlMap {
  return new Map(entries);
}

function plain(node: YamlNode): unknown {
  if (node.kind === 'scalar') return resolveScalar(node).value;
  if (node.kind === 'sequence') return node.items.map(plain);
  return new Map(node.entries.map(({key, value}) => [key, plain(value)]));
}

test('writeYaml() lays out as libyaml does', () => {
  const f = (value: YamlValue, expected: string): void => assert.equal(writeYaml(value), expected);
  f(map(['a', 1], ['b', true], ['c', null], ['d', 'x']), 'a: 1\nb: true\nc: null\nd: x\n');
  f(map(['a', []], ['b', map()]), 'a: []\nb: {}\n');
  f(map(['a', ['x', 'y']]), 'a:\n- x\n- "y"\n');
  f(map(['a', [map(['b', 1], ['c', ['d']])]]), 'a:\n- b: 1\n  c:\n  - d\n');
  f(map(['a', map(['b', map(['c', 1])])]), 'a:\n  b:\n    c: 1\n');
  f(['a', ['b', 'c']], '- a\n- - b\n  - c\n');
  f(map(['a', new FlowSequence(['x', 'y z', '1'])]), 'a: [x, y z, "1"]\n');
  f(map(['a', new FlowSequence([])]), 'a: []\n');
});

test('writeYaml() quotes what would be read as something else', () => {
  const f = (text: string, expected: string): void =>
    assert.equal(writeYaml(map(['k', text])), `k: ${expected}\n`);
  f('plain text', 'plain text');
  f('', '""');
  f('yes', '"yes"');
  f('0x1', '"0x1"');
  f('12:30:45', '"12:30:45"');
  f('a: b', "'a: b'");
  f('a:b', 'a:b');
  f('a #b', "'a #b'");
  f('a#b', 'a#b');
  f('- a', "'- a'");
  f('-a', '-a');
  f('*', "'*'");
  f('.*', '.*');
  f("it's", "it's");
  f("'x'", "'''x'''");
  f('"x"', `'"x"'`);
  f(' x', "' x'");
  f('x ', "'x '");
  f('a\tb', String.raw`"a\tb"`);
  f('é火', 'é火');
  f('\u{1f600}', String.raw`"\U0001F600"`);
  f('$1', '$1');
  f('${1}', '${1}');
  f('([^:]+)(?::\\d+)?;(\\d+)', '([^:]+)(?::\\d+)?;(\\d+)');
  f('a\nb', '|-\n  a\n  b');
  f('a\n', '|\n  a');
  f('{a}', "'{a}'");
});

test('writeYaml() breaks long lines at spaces', () => {
  const words = 'word '.repeat(20).trim();
  const text = writeYaml(map(['key', words]));
  assert.equal(text.split('\n').length, 3);
  assert.ok(text.split('\n').every((line) => line.length <= 90));
  assert.equal((plain(parseYaml(text).root!) as Map<string, string>).get('key'), words);
  const long = new FlowSequence(Array.from({length: 30}, (_, i) => `__meta_label_${i}`));
  assert.ok(
    writeYaml(map(['a', long]))
      .split('\n')
      .every((line) => line.length <= 100),
  );
});

test('writeYaml() is read back by parseYaml(), for any seed', () => {
  const pieces = [
    'a',
    'yes',
    '1',
    ' ',
    ':',
    '#',
    '-',
    "'",
    '"',
    '\n',
    '\t',
    '\\',
    '{',
    '[',
    ',',
    '&',
    'é',
    '\u{1f600}',
    '\u0085',
    'word word',
    '%',
    '?',
    '|',
  ];
  const text = (random: Random): string =>
    Array.from({length: random.below(30)}, () => random.pick(pieces)).join('');
  const value = (random: Random, depth: number): YamlValue => {
    const kind = random.below(depth > 3 ? 3 : 6);
    if (kind < 3) return text(random);
    const count = random.below(4);
    if (kind === 3) return Array.from({length: count}, () => value(random, depth + 1));
    return new Map(Array.from({length: count}, () => [text(random), value(random, depth + 1)] as const));
  };
  for (let seed = 0; seed < 2000; seed++) {
    const random = new Random(seed);
    const before = new Map([['root', value(random, 0)]]);
    const written = writeYaml(before);
    let after: unknown;
    try {
      after = plain(parseYaml(written).root!);
    } catch (error) {
      throw new Error(`seed ${seed}: ${JSON.stringify(written)}`, {cause: error});
    }
    assert.deepEqual(after, before, `seed ${seed}: ${JSON.stringify(written)}`);
  }
});

test('sortedMap() puts numbers within names in their order', () => {
  const names = (...given: string[]): string[] => [
    ...sortedMap(new Map(given.map((name) => [name, '']))).keys(),
  ];
  assert.deepEqual(names('b', 'a10', 'a9', 'a', 'A', '_x', '1'), ['_x', '1', 'A', 'a', 'a9', 'a10', 'b']);
  assert.deepEqual(names('a100', 'a1', 'a10', 'a01'), ['a1', 'a01', 'a10', 'a100']);
});
