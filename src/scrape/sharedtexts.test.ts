import assert from 'node:assert/strict';
import test from 'node:test';
import {LineTable} from './linetable.ts';
import {createMemory} from './testing.ts';

const world = createMemory();
const {arena, memory, texts} = world;
const encoder = new TextEncoder();

function add(table: LineTable, text: string): number {
  const bytes = encoder.encode(text);
  memory.u8.set(bytes, world.keyScratch);
  return table.add(world.keyScratch, bytes.length, 0);
}

function find(table: LineTable, text: string): number {
  const bytes = encoder.encode(text);
  memory.u8.set(bytes, world.keyScratch);
  return table.find(world.keyScratch, bytes.length, 0);
}

/** Scrapes in which nothing changes, until the table settles. */
function settle(table: LineTable): void {
  for (let scrape = 1; scrape < 20; scrape++) table.tidy(scrape, table.count);
}

function makeTable(lines: readonly string[]): LineTable {
  const table = new LineTable(world);
  for (const line of lines) add(table, line);
  return table;
}

const lines = Array.from(
  {length: 500},
  (_, i) => `requests_total{code="${i % 5}",path="/api/v1/items/${i}"}`,
);

test('line tables with the same lines share them and their text, until they change', () => {
  const before = arena.bytesInUse;
  const one = makeTable(lines);
  const two = makeTable(lines);
  settle(one);
  const withOne = arena.bytesInUse;
  settle(two);
  assert.equal(texts.size, 2);
  assert.ok(arena.bytesInUse < withOne - 20_000, 'the second text and lines are gone');
  assert.equal(one.line(77), two.line(77));
  assert.equal(add(two, 'another_total{a="b"}'), 500);
  for (const [i, line] of lines.entries()) {
    assert.equal(find(one, line), i);
    assert.equal(find(two, line), i);
  }
  assert.equal(find(one, 'another_total{a="b"}'), -1);
  assert.equal(find(two, 'another_total{a="b"}'), 500);
  // Both have been looked for, so each has lines of its own.
  assert.equal(texts.size, 1);
  settle(two);
  assert.equal(texts.size, 3);
  one.free();
  assert.equal(texts.size, 2);
  two.keepSince(0);
  assert.equal(texts.size, 0);
  assert.equal(find(two, lines[77]!), 77);
  settle(two);
  two.free();
  assert.equal(texts.size, 0);
  assert.equal(arena.bytesInUse, before);
});

test('SharedTexts tells texts apart that are not the same', () => {
  const before = arena.bytesInUse;
  const address = arena.alloc(64);
  const put = (text: string): number => {
    memory.u8.set(encoder.encode(text), address);
    return texts.share(address, text.length);
  };
  const first = put('one text');
  assert.notEqual(put('two text'), first);
  assert.equal(put('one text'), first);
  assert.notEqual(put('one tex'), first);
  texts.release(first);
  assert.equal(put('one text'), first);
  assert.equal(texts.size, 3);
  texts.release(first);
  texts.release(first);
  assert.equal(texts.size, 2);
  texts.release(put('two text'));
  texts.release(put('one tex'));
  assert.equal(texts.size, 2);
  const [two, cut] = [put('two text'), put('one tex')];
  for (const text of [two, two, cut, cut]) texts.release(text);
  assert.equal(texts.size, 0);
  arena.free(address, 64);
  assert.equal(arena.bytesInUse, before);
});
