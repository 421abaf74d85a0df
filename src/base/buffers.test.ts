import assert from 'node:assert/strict';
import {test} from 'node:test';
import {freeColumn} from './buffers.ts';

test('freeColumn() gives back what is not small and is all of its buffer', () => {
  const whole = new Float64Array(512);
  freeColumn(whole);
  assert.equal(whole.length, 0);
  const small = new Float64Array(511);
  const part = new Float64Array(1024).subarray(0, 1000);
  const shared = new Float64Array(new SharedArrayBuffer(8192));
  for (const each of [small, part, shared]) {
    const {length} = each;
    freeColumn(each);
    assert.equal(each.length, length);
  }
});
