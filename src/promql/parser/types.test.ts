import assert from 'node:assert/strict';
import test from 'node:test';
import type {ValueType} from '../ast.ts';
import {parseExpr} from './parser.ts';
import {documentedType, typeOf} from './types.ts';

test('typeOf() says what an expression evaluates to', () => {
  const f = (query: string, expected: ValueType): void =>
    assert.equal(typeOf(parseExpr(query)), expected, query);
  f('1', 'scalar');
  f('"a"', 'string');
  f('a', 'vector');
  f('a[5m]', 'matrix');
  f('a[5m:]', 'matrix');
  f('(a)', 'vector');
  f('(a[5m])', 'matrix');
  f('-1 + 2 ^ time()', 'scalar');
  f('-a', 'vector');
  f('1 + a', 'vector');
  f('a > bool b', 'vector');
  f('1 > bool 2', 'scalar');
  f('sum(a)', 'vector');
  f('rate(a[5m])', 'vector');
  f('scalar(a)', 'scalar');
});

test('documentedType() names types as the documentation does', () => {
  const types: ValueType[] = ['none', 'scalar', 'vector', 'matrix', 'string'];
  assert.deepEqual(types.map(documentedType), ['none', 'scalar', 'instant vector', 'range vector', 'string']);
});
