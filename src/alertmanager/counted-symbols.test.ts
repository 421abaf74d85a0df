import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../base/random.ts';
import {CountedSymbols, packIds, unpackedLength, unpackId} from './counted-symbols.ts';

test('CountedSymbols has each text once for as long as somebody has it', () => {
  const symbols = new CountedSymbols();
  const id = symbols.take('a');
  assert.equal(symbols.take('a'), id);
  assert.notEqual(symbols.take('b'), id);
  symbols.giveBack(id);
  assert.equal(symbols.text(id), 'a');
  symbols.giveBack(id);
  assert.equal(symbols.size, 1);
  assert.equal(symbols.take('c'), id, 'numbers are used again');
  assert.equal(symbols.text(id), 'c');
});

test('CountedSymbols does as a map with counts', () => {
  const seed = Date.now();
  const random = new Random(seed);
  const symbols = new CountedSymbols();
  const model = new Map<string, {id: number; count: number}>();
  for (let step = 0; step < 20_000; step++) {
    const text = `text ${random.below(3000)}`;
    const known = model.get(text);
    if (known !== undefined && random.float() < 0.5) {
      symbols.giveBack(known.id);
      if (--known.count === 0) model.delete(text);
      continue;
    }
    const id = symbols.take(text);
    if (known === undefined) model.set(text, {id, count: 1});
    else {
      assert.equal(id, known.id, `seed ${seed}`);
      known.count++;
    }
  }
  assert.equal(symbols.size, model.size, `seed ${seed}`);
  for (const [text, {id}] of model) assert.equal(symbols.text(id), text, `seed ${seed}`);
});

test('CountedSymbols knows texts as bytes, too', () => {
  const symbols = new CountedSymbols();
  for (const text of ['', 'a', 'abc', 'abcd', 'abcde', 'x'.repeat(300), '\0\x7f"']) {
    const bytes = Buffer.from(`<${text}>`);
    const id = symbols.takeAscii(bytes, 1, bytes.length - 1);
    assert.equal(symbols.text(id), text);
    assert.equal(symbols.take(text), id);
  }
});

test('packIds() keeps numbers of 31 bits', () => {
  const ids = [0, 1, 0xffff, 0x10000, 0xd800, 0x7fffffff];
  const packed = packIds(ids);
  assert.equal(unpackedLength(packed), ids.length);
  assert.deepEqual(
    ids.map((_, i) => unpackId(packed, i)),
    ids,
  );
});
