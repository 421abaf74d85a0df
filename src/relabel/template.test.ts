import assert from 'node:assert/strict';
import test from 'node:test';
import {expandTemplate, parseTemplate} from './template.ts';

test('expandTemplate() reads templates as Go does', () => {
  const groups = ['whole', 'one', 'two', ''];
  const names = ['', '', 'name', 'empty'];
  const f = (template: string, expected: string): void =>
    assert.equal(expandTemplate(parseTemplate(template, names), groups), expected);
  f('', '');
  f('text', 'text');
  f('$0', 'whole');
  f('$1', 'one');
  f('${1}', 'one');
  f('${1}x', 'onex');
  f('$1x', '');
  f('$1-$2', 'one-two');
  f('$name', 'two');
  f('${name}', 'two');
  f('$empty', '');
  f('$nobody', '');
  f('$9', '');
  f('$01', '');
  f('$$', '$');
  f('$$1', '$1');
  f('$$$1', '$one');
  f('$', '$');
  f('a$', 'a$');
  f('$ 1', '$ 1');
  f('$-', '$-');
  f('${', '${');
  f('${}', '${}');
  f('${1', '${1');
  f('${1 }', '${1 }');
  f('${na-me}', '${na-me}');
  f('$99999999999', '');
  f('$é', '');
});

test('parseTemplate() tells whether a template refers to groups', () => {
  assert.equal(parseTemplate('a$$b', []).literal, 'a$b');
  assert.equal(parseTemplate('a$1', []).literal, null);
});
