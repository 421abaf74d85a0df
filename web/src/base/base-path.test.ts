import assert from 'node:assert/strict';
import test from 'node:test';
import {basePathOf} from './base-path.ts';

test('basePathOf() takes the page off the path', () => {
  function f(pathname: string, base: string): void {
    assert.equal(basePathOf(pathname), base, pathname);
  }
  f('/', '');
  f('/query', '');
  f('/graph', '');
  f('/targets/', '');
  f('/monitoring', '/monitoring');
  f('/monitoring/', '/monitoring');
  f('/monitoring/query', '/monitoring');
  f('/a/b/config', '/a/b');
  f('/query/query', '/query');
});
