import assert from 'node:assert/strict';
import test from 'node:test';
import {parseYaml, placeOf, YamlError, type YamlNode} from './yaml.ts';

/** The tree as plain data: scalars as text, mappings as lists of pairs. */
function plain(node: YamlNode | null): unknown {
  if (node === null) return null;
  if (node.kind === 'scalar') return node.text;
  if (node.kind === 'sequence') return node.items.map(plain);
  return Object.fromEntries(node.entries.map(({key, value}) => [key, plain(value)]));
}

function read(text: string): unknown {
  return plain(parseYaml(text).root);
}

test('parseYaml() keeps scalars as they are written', () => {
  const f = (text: string, expected: unknown): void => assert.deepEqual(read(text), expected);
  f('', null);
  f('# nothing\n', null);
  f('a: yes\nb: 0x1F\nc: "q"\nd: ~', {a: 'yes', b: '0x1F', c: 'q', d: '~'});
  f('a:\n- 1\n- b: 2\n  c: [x, y]\n', {a: ['1', {b: '2', c: ['x', 'y']}]});
  f('a: |\n  x\n  y\nb: >-\n  x\n  y\n', {a: 'x\ny\n', b: 'x y'});
  f('a:\nb: {}\n', {a: '', b: {}});
});

test('parseYaml() tells plain scalars from quoted and tagged ones', () => {
  const node = parseYaml('- yes\n- "yes"\n- !!str yes\n').root;
  assert.ok(node?.kind === 'sequence');
  assert.deepEqual(
    node.items.map((item) => (item.kind === 'scalar' ? [item.plain, item.tag] : null)),
    [
      [true, ''],
      [false, ''],
      [false, '!!str'],
    ],
  );
});

test('parseYaml() knows where things stand', () => {
  const text = 'a:\n  b: 1\n  c: [x, yy]\n';
  const root = parseYaml(text).root;
  assert.ok(root?.kind === 'mapping');
  const inner = root.entries[0]!.value;
  assert.ok(inner.kind === 'mapping');
  const [b, c] = inner.entries;
  assert.deepEqual(placeOf(text, b!.keyOffset), {line: 2, column: 3});
  assert.deepEqual(placeOf(text, b!.value.offset), {line: 2, column: 6});
  assert.ok(c!.value.kind === 'sequence');
  assert.deepEqual(placeOf(text, c!.value.items[1]!.offset), {line: 3, column: 10});
});

test('parseYaml() replaces aliases and merges mappings, whose own keys win', () => {
  const f = (text: string, expected: unknown): void => assert.deepEqual(read(text), expected);
  f('a: &x [1]\nb: *x\n', {a: ['1'], b: ['1']});
  f('a: &x {k: 1, l: 2}\nb:\n  <<: *x\n  l: 3\n', {a: {k: '1', l: '2'}, b: {l: '3', k: '1'}});
  f('a: &x {k: 1}\nb: &y {k: 2, m: 3}\nc:\n  <<: [*x, *y]\n', {
    a: {k: '1'},
    b: {k: '2', m: '3'},
    c: {k: '1', m: '3'},
  });
});

test('parseYaml() reports keys that stand twice, and what cannot be a key', () => {
  const messages = (text: string): string[] => parseYaml(text).problems.map(({message}) => message);
  assert.deepEqual(messages('a: 1\nb: 2\na: 3\n'), ['field a already set']);
  assert.deepEqual(messages('? [x]\n: 1\n'), ['invalid map key: a sequence']);
  assert.deepEqual(messages('a:\n  <<: 1\n'), ['map merge requires map or sequence of maps as the value']);
});

test('parseYaml() reads the first of several documents', () => {
  const document = parseYaml('---\na: 1\n---\nb: 2\n');
  assert.deepEqual(plain(document.root), {a: '1'});
  assert.equal(document.count, 2);
});

test('parseYaml() refuses what is no YAML, with its place', () => {
  const f = (text: string, message: RegExp, line: number): void =>
    assert.throws(
      () => parseYaml(text),
      (error) => {
        assert.ok(error instanceof YamlError);
        assert.match(error.message, message);
        assert.equal(placeOf(text, error.offset).line, line);
        return true;
      },
    );
  f('a: b: c', /mapping/, 1);
  f('a:\n\tb: 1', /tab/, 2);
  f('a: 1\nb: [1,\nc', /./, 3);
  f('a: *x', /unknown anchor 'x' referenced/, 1);
  f('a: "x', /./, 1);
  f('a: &x\n  b: *x\n', /anchor 'x' value contains itself/, 2);
});

test('parseYaml() has limits on size, depth and aliases', () => {
  const limits = {charsMax: 1000, depthMax: 20, nodesMax: 500};
  assert.throws(() => parseYaml('x'.repeat(1001), limits), /the limit is 1000/);
  assert.throws(() => parseYaml('['.repeat(30) + ']'.repeat(30), limits), YamlError);
  assert.throws(() => parseYaml(`[${'1,'.repeat(500)}]`, {...limits, charsMax: 1e6}), YamlError);
  let bomb = 'a0: &a0 [x, x]\n';
  for (let i = 1; i < 20; i++) bomb += `a${i}: &a${i} [*a${i - 1}, *a${i - 1}]\n`;
  assert.throws(() => parseYaml(bomb, limits), /excessive aliasing/);
  let deep = 'a0: &a0 [x]\n';
  for (let i = 1; i < 40; i++) deep += `a${i}: &a${i} [*a${i - 1}]\n`;
  assert.throws(() => parseYaml(deep, limits), YamlError);
});

test('a block scalar stands where its indicator does', () => {
  const f = (text: string, line: number, column: number): void => {
    const node = parseYaml(text).root;
    assert.ok(node?.kind === 'mapping');
    assert.deepEqual(placeOf(text, node.entries.at(-1)!.value.offset), {line, column});
  };
  f('a: |\n  x\n', 1, 4);
  f('b: 1\n"a|": >2- # x|y\n\n  x\n', 2, 7);
  f('a: |', 1, 4);
});
