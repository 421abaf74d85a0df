import assert from 'node:assert/strict';
import test from 'node:test';
import {Form} from './form.ts';

test('Form reads query strings and bodies', () => {
  function f(query: string, name: string, values: string[], body = ''): void {
    const form = Form.of(query, body);
    assert.deepEqual(form.all(name), values, query);
    assert.equal(form.get(name), values[0] ?? '');
    assert.equal(form.error, '');
  }
  f('', 'a', []);
  f('a=1', 'a', ['1']);
  f('a=1&b=2&a=3', 'a', ['1', '3']);
  f('a', 'a', ['']);
  f('a=b=c', 'a', ['b=c']);
  f('a=1+2%2B3', 'a', ['1 2+3']);
  f('match%5B%5D=%7Ba%3D%22%C3%A9%22%7D', 'match[]', ['{a="é"}']);
  f('a=%ffé%20x', 'a', ['\ufffdé x']);
  f('&&a=1&', 'a', ['1']);
  f('a=url', 'a', ['body', 'url'], 'a=body');
});

test('Form says what is wrong and reads the rest', () => {
  function f(query: string, error: string): void {
    const form = Form.of(`${query}&ok=1`);
    assert.equal(form.error, error);
    assert.equal(form.get('ok'), '1');
  }
  f('a=%zz', 'invalid URL escape "%zz"');
  f('a=%4', 'invalid URL escape "%4"');
  f('a=%', 'invalid URL escape "%"');
  f('a=1;b=2', 'invalid semicolon separator in query');
});

test('Form refuses too many parameters', () => {
  assert.equal(Form.of('a&'.repeat(20_000)).error, 'more than 10000 parameters');
});
