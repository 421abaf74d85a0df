import assert from 'node:assert/strict';
import test from 'node:test';
import {customBucketsSchema} from '../histogram.ts';
import {exponentialBound, exponentialSchemaMax, exponentialSchemaMin, upperBound} from './bounds.ts';

test('exponentialBound() is the double that Prometheus computes', () => {
  function f(index: number, schema: number, bound: number): void {
    assert.equal(exponentialBound(index, schema), bound, `bucket ${index} of schema ${schema}`);
  }
  f(0, 0, 1);
  f(1, 0, 2);
  f(-1, 0, 0.5);
  f(10, -1, 2 ** 20);
  f(-2, -4, 2 ** -32);
  // Not the nearest to 2^0.5 and 2^-0.5, which end in 51 and 76.
  f(1, 1, 1.414213562373095);
  f(-1, 1, 0.7071067811865475);
  f(3, 3, 1.2968395546510096);
  f(1, 8, 1.0027112750502025);
  f(-513, 8, 0.24932401402136745);
});

test('exponentialBound() keeps infinities apart from the largest numbers, and has the smallest', () => {
  for (let schema = exponentialSchemaMin; schema <= exponentialSchemaMax; schema++) {
    const last = 1024 * 2 ** schema;
    assert.equal(exponentialBound(last, schema), Number.MAX_VALUE, `schema ${schema}`);
    assert.ok(exponentialBound(last - 1, schema) < Number.MAX_VALUE);
    assert.equal(exponentialBound(last + 1, schema), Infinity);
    if (schema >= -1) assert.equal(exponentialBound(-1074 * 2 ** schema, schema), 2 ** -1074);
    assert.equal(exponentialBound(-1100 * 2 ** Math.max(0, schema), schema), 0);
  }
});

test('exponentialBound() rises, and each schema has every second bound of the next', () => {
  for (let schema = exponentialSchemaMin; schema < exponentialSchemaMax; schema++) {
    for (let index = -600; index < 600; index++) {
      const bound = exponentialBound(index, schema);
      assert.equal(bound, exponentialBound(2 * index, schema + 1));
      assert.ok(bound < exponentialBound(2 * index + 1, schema + 1) || bound === Infinity || bound === 0);
    }
  }
});

test('upperBound() of custom buckets', () => {
  const bounds = [1, 2, 5];
  const all = [-1, 0, 1, 2, 3].map((index) => upperBound(index, customBucketsSchema, bounds));
  assert.deepEqual(all, [-Infinity, 1, 2, 5, Infinity]);
});
