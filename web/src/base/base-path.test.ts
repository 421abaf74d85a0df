import assert from 'node:assert/strict';
import test from 'node:test';
import {basePathOf} from './base-path.ts';

test('basePathOf() is what stands before the scripts', () => {
  function f(scriptPath: string, base: string): void {
    assert.equal(basePathOf(scriptPath), base, scriptPath);
  }
  f('/assets/index-1a2b.js', '');
  f('/monitoring/assets/index-1a2b.js', '/monitoring');
  f('/a/b/assets/c.js', '/a/b');
  f('/assets/assets/c.js', '/assets');
  f('/src/api/client.ts', '');
});
