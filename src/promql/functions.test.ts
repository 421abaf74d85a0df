import assert from 'node:assert/strict';
import test from 'node:test';
import {functions} from './functions.ts';

test('functions has all functions of Prometheus 3.14', () => {
  assert.equal(functions.size, 90);
  assert.equal([...functions.values()].filter((each) => each.experimental).length, 17);
  assert.deepEqual([...functions.keys()], [...functions.keys()].toSorted());
});

test('functions tells what each takes and returns', () => {
  function f(
    name: string,
    argTypes: string,
    variadic: number,
    returnType: string,
    experimental: boolean,
  ): void {
    const found = functions.get(name);
    assert.deepEqual(found, {
      name,
      argTypes: argTypes === '' ? [] : argTypes.split(' '),
      variadic,
      returnType,
      experimental,
    });
  }
  f('rate', 'matrix', 0, 'vector', false);
  f('clamp', 'vector scalar scalar', 0, 'vector', false);
  f('round', 'vector scalar', 1, 'vector', false);
  f('label_join', 'vector string string string', -1, 'vector', false);
  f('histogram_quantiles', 'vector string scalar scalar', 9, 'vector', true);
  f('histogram_fraction', 'scalar scalar vector', 0, 'vector', false);
  f('pi', '', 0, 'scalar', false);
  f('max_of', 'scalar scalar', 0, 'scalar', true);
  f('info', 'vector vector', 1, 'vector', true);
  f('quantile_over_time', 'scalar matrix', 0, 'vector', false);
});
