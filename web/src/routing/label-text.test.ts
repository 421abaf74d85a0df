import assert from 'node:assert/strict';
import test from 'node:test';
import {formatLabels, parseLabels} from './label-text.ts';

test('labels are read as they are typed', () => {
  assert.deepEqual(parseLabels(''), {});
  assert.deepEqual(parseLabels('severity=page team=db'), {severity: 'page', team: 'db'});
  assert.deepEqual(parseLabels('{severity="page", team = "a b"}'), {severity: 'page', team: 'a b'});
  assert.deepEqual(parseLabels('a="x,\\"y\\"",b=,'), {a: 'x,"y"', b: ''});
  assert.deepEqual(parseLabels('"utf 8"=1'), {'utf 8': '1'});
  assert.equal(parseLabels('severity'), undefined);
  assert.equal(parseLabels('a=b c'), undefined);
  assert.equal(parseLabels('a="b'), undefined);
});

test('what is written is read back', () => {
  const labels = {a: 'x', 'b c': '"', d: ''};
  assert.equal(formatLabels(labels), 'a="x", "b c"="\\"", d=""');
  assert.deepEqual(parseLabels(formatLabels(labels)), labels);
});
