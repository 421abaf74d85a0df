import assert from 'node:assert/strict';
import test from 'node:test';
import {parseYaml, yamlLimits} from '../../base/yaml.ts';
import {plainOfNode, type PlainValue, renderPlain} from './plain-value.ts';

test('renderPlain() reads texts as YAML where they are other than texts', () => {
  function f(text: string, expected: PlainValue): void {
    assert.deepEqual(
      renderPlain(text, (each) => each),
      expected,
    );
  }
  f('', null);
  f('5', 5);
  f('-1.5', -1.5);
  f('true', true);
  f('text', 'text');
  f('"quoted"', '"quoted"');
  f('a: b', {a: 'b'});
  f('[1, {"a": "x:"}]', [1, {a: 'x:'}]);
  f('{"big": 1152921504606846977}', {big: 1_152_921_504_606_846_977n});
  f('2026-01-01', '2026-01-01');
  // Not YAML: Alertmanager makes a list of one out of it, and the rest is lost.
  f('[FIRING:2] Down (critical)', '[FIRING:2] Down (critical)');
  f('- [', '- [');
});

test('renderPlain() renders keys and texts at any depth', () => {
  const value = plainOfNode(parseYaml('{a: [x, 1, null], X: {b: x}}', yamlLimits).root!);
  assert.deepEqual(
    renderPlain(value, (each) => `${each}!`),
    {'a!': ['x!', 1, null], 'X!': {'b!': 'x!'}},
  );
});
