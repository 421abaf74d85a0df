import assert from 'node:assert/strict';
import test from 'node:test';
import {matchesLabels, parseFieldSelector, parseLabelSelector} from './selector.ts';

test('parseLabelSelector() reads requirements, and matchesLabels() applies them', () => {
  const f = (selector: string, labels: Record<string, string>, expected: boolean): void => {
    assert.equal(matchesLabels(parseLabelSelector(selector), labels), expected, selector);
  };
  f('', {}, true);
  f('a=b', {a: 'b'}, true);
  f('a==b', {a: 'c'}, false);
  f('a = b , c', {a: 'b', c: ''}, true);
  f('a!=b', {}, true);
  f('a!=b', {a: 'b'}, false);
  f('a in (b, c),!d', {a: 'c'}, true);
  f('a in (b,c),!d', {a: 'c', d: ''}, false);
  f('a notin (b)', {a: 'c'}, true);
  f('a in (,b)', {a: ''}, true);
  f('a=', {a: ''}, true);
  f('a=,c', {a: '', c: 'x'}, true);
  f('n>5', {n: '6'}, true);
  f('n<5', {n: '6'}, false);
  f('n<5', {}, false);
  f('app.kubernetes.io/name=x', {'app.kubernetes.io/name': 'x'}, true);
  f('toString', {}, false);
});

test('parseLabelSelector() says what it cannot read', () => {
  const f = (selector: string, message: RegExp): void => {
    assert.throws(() => parseLabelSelector(selector), {name: 'SyntaxError', message}, selector);
  };
  f('a=b,', /^found '', expected: identifier after ','$/);
  f('a b', /^unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt$/);
  f('a in b', /found 'b' expected: '\('/);
  f('a in (b', /expected: ',' or '\)'/);
  f('=b', /^found '=', expected: !, identifier, or 'end of string'$/);
  f('-a=b', /Invalid value: "-a"/);
  f('a/b/c=b', /Invalid value: "a\/b\/c"/);
  f('A.B/c=b', /Invalid value: "A.B\/c"/);
  f('a=-b', /values\[0\]\[a\]: Invalid value: "-b"/);
  f(`a=${'x'.repeat(64)}`, /Invalid value/);
  f('a>x', /^unable to parse requirement: values\[0\]: Invalid value: "x": .* must be an integer$/);
});

test('parseFieldSelector() reads requirements', () => {
  const f = (selector: string, expected: unknown): void =>
    assert.deepEqual(parseFieldSelector(selector), expected);
  f('', []);
  f('metadata.name=x', [{field: 'metadata.name', operator: '=', value: 'x'}]);
  f('a!=b,c==d,,e=', [
    {field: 'a', operator: '!=', value: 'b'},
    {field: 'c', operator: '==', value: 'd'},
    {field: 'e', operator: '=', value: ''},
  ]);
  f('a=b\\,c\\=d\\\\', [{field: 'a', operator: '=', value: 'b,c=d\\'}]);
  assert.throws(() => parseFieldSelector('metadata.status-Running'), {
    message: "invalid selector: 'metadata.status-Running'; can't understand 'metadata.status-Running'",
  });
  const invalid = 'invalid field selector:';
  assert.throws(() => parseFieldSelector('a=b\\x'), {message: `${invalid} invalid escape sequence: \\x`});
  assert.throws(() => parseFieldSelector('a=b=c'), {message: `${invalid} unescaped character in value: =`});
});
