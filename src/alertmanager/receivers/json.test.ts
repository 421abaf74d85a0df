import assert from 'node:assert/strict';
import test from 'node:test';
import {encodeJson, omitEmpty} from './json.ts';

test('encodeJson() writes as Go does', () => {
  function f(value: unknown, expected: string): void {
    assert.equal(encodeJson(value), `${expected}\n`);
  }
  f({a: '<b> & "c"'}, '{"a":"\\u003cb\\u003e \\u0026 \\"c\\""}');
  f('\u2028é', '"\\u2028é"');
  f(['\ud800x'], '["\ufffdx"]');
  f(2n ** 60n, '1152921504606846976');
});

test('omitEmpty() leaves out what says nothing', () => {
  assert.deepEqual(omitEmpty({a: '', b: false, c: [], d: null, e: 'x', f: 0, g: ''}, ['g']), {e: 'x', g: ''});
});
