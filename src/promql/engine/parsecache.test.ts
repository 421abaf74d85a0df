import assert from 'node:assert/strict';
import test from 'node:test';
import {parseExpr} from '../parser/parser.ts';
import {ParseCache} from './parsecache.ts';

test('ParseCache parses once, and errors each time', () => {
  const parsed: string[] = [];
  const cache = new ParseCache((query) => {
    parsed.push(query);
    return parseExpr(query, {});
  });
  const tree = cache.get('a + 1');
  assert.equal(cache.get('a + 1'), tree);
  assert.notEqual(cache.get('a + 2'), tree);
  assert.throws(() => cache.get('a +'), /parse error/);
  assert.throws(() => cache.get('a +'), /parse error/);
  assert.deepEqual(parsed, ['a + 1', 'a + 2', 'a +', 'a +']);
});

test('ParseCache forgets', () => {
  let count = 0;
  const cache = new ParseCache((query) => {
    count++;
    return parseExpr(query, {});
  });
  const numbers = Array.from({length: 1000}, (_, i) => String(i));
  for (const query of numbers) cache.get(query);
  for (const query of numbers.slice(-200)) cache.get(query);
  assert.equal(count, 1000, 'the last ones are known');
  cache.get('0');
  assert.equal(count, 1001);
  const long = numbers.slice(0, 600).join(' + ');
  cache.get(long);
  cache.get(long);
  assert.equal(count, 1003, 'long ones are not kept');
  const texts = Array.from({length: 60}, (_, i) => `${i}${' + 1'.repeat(400)}`);
  for (const query of texts) cache.get(query);
  for (const query of texts) cache.get(query);
  assert.equal(count, 1003 + 120, 'not all of them have room');
  cache.get(texts.at(-1)!);
  assert.equal(count, 1003 + 120);
});
