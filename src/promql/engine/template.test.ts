import assert from 'node:assert/strict';
import test from 'node:test';
import {RE2JS} from 're2js';
import {expandTemplate} from './template.ts';

test("expandTemplate() expands as Go's Regexp.Expand", () => {
  const matcher = RE2JS.compile('^(?s:(a)(?P<name>b)(c)?)$').matcher('ab');
  assert.ok(matcher.find());
  function f(template: string, expected: string): void {
    assert.equal(expandTemplate(template, matcher), expected, template);
  }
  f('$1-$2', 'a-b');
  f('${1}x', 'ax');
  f('$1x', '');
  f('$name', 'b');
  f('${name}s', 'bs');
  f('$3', '');
  f('$0', 'ab');
  f('$9 $unknown', ' ');
  f('$01', '');
  f('$$1', '$1');
  f('$', '$');
  f('cost: $ 5', 'cost: $ 5');
  f('${', '${');
  f('${1', '${1');
  f('plain', 'plain');
});
