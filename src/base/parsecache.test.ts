import assert from 'node:assert/strict';
import test from 'node:test';
import {ParseCache} from './parsecache.ts';

/** What a text of numbers says: not the same object twice. */
function parseNumbers(text: string): number[] {
  const numbers = text.split(' + ').map(Number);
  if (numbers.some(Number.isNaN)) throw new SyntaxError(`no numbers: ${text}`);
  return numbers;
}

test('ParseCache parses once, and errors each time', () => {
  const parsed: string[] = [];
  const cache = new ParseCache((text) => {
    parsed.push(text);
    return parseNumbers(text);
  });
  const numbers = cache.get('2 + 1');
  assert.deepEqual(numbers, [2, 1]);
  assert.equal(cache.get('2 + 1'), numbers);
  assert.deepEqual(cache.get('2 + 2'), [2, 2]);
  assert.throws(() => cache.get('a'), /no numbers/);
  assert.throws(() => cache.get('a'), /no numbers/);
  assert.deepEqual(parsed, ['2 + 1', '2 + 2', 'a', 'a']);
});

test('ParseCache forgets', () => {
  let count = 0;
  const cache = new ParseCache((text) => {
    count++;
    return parseNumbers(text);
  });
  const numbers = Array.from({length: 1000}, (_, i) => String(i));
  for (const text of numbers) cache.get(text);
  for (const text of numbers.slice(-200)) cache.get(text);
  assert.equal(count, 1000, 'the last ones are known');
  cache.get('0');
  assert.equal(count, 1001);
  const long = numbers.slice(0, 600).join(' + ');
  cache.get(long);
  cache.get(long);
  assert.equal(count, 1003, 'long ones are not kept');
  const texts = Array.from({length: 60}, (_, i) => `${i}${' + 1'.repeat(400)}`);
  for (const text of texts) cache.get(text);
  for (const text of texts) cache.get(text);
  assert.equal(count, 1003 + 120, 'not all of them have room');
  cache.get(texts.at(-1)!);
  assert.equal(count, 1003 + 120);
});

test('ParseCache keeps to the limits it is given', () => {
  let count = 0;
  const cache = new ParseCache(
    (text) => {
      count++;
      return parseNumbers(text);
    },
    {textsMax: 2, charactersMax: 10, lengthMax: 6},
  );
  const f = (texts: readonly string[], parsed: number): void => {
    count = 0;
    for (const text of texts) cache.get(text);
    assert.equal(count, parsed, texts.join());
  };
  f(['1', '2', '1', '2'], 2);
  f(['3', '2', '3', '1', '2'], 3);
  f(['100000', '100001', '100001', '100000'], 3);
  f(['1000000', '1000000'], 2);
});
