import assert from 'node:assert/strict';
import test from 'node:test';
import {hashBlock} from './blockhash.ts';
import {SeriesCache} from './seriescache.ts';

const utf8 = new TextEncoder();

function keyOf(i: number): DataView {
  const bytes = utf8.encode(`series ${i}`);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

test('hashBlock() is MurmurHash3_x86_128', () => {
  function f(text: string, hex: string): void {
    // Not at the start of its buffer.
    const bytes = utf8.encode(`xyz${text}tail`).slice();
    const hash = new Int32Array(4);
    hashBlock(new DataView(bytes.buffer), 3, bytes.length - 4, new Int32Array(4), hash);
    assert.equal([...hash].map((each) => (each >>> 0).toString(16).padStart(8, '0')).join(''), hex);
  }
  f('', '00000000000000000000000000000000');
  f('a', 'a794933c5556b01b5556b01b5556b01b');
  f('abcdefgh', 'aef41136adb11487fa6c8092fa6c8092');
  f('abcdefghijklmnopq', '0445a4d364515c6fd96ddc2a1d11079d');
  f('I will not buy this record, it is scratched.', 'a0a9683b25ac5e40d9af2895890dddf5');
});

test('hashBlock() differs for every length', () => {
  const seen = new Set<string>();
  const hash = new Int32Array(4);
  for (let length = 0; length <= 64; length++) {
    hashBlock(new DataView(new ArrayBuffer(64)), 0, length, Int32Array.of(1, 2, 3, 4), hash);
    seen.add(hash.join(' '));
  }
  assert.equal(seen.size, 65);
});

test('SeriesCache finds what was added, and forgets what is gone', () => {
  const gone = new Set<number>();
  const cache = new SeriesCache(100_000, (slot, generation) => generation === 7 && !gone.has(slot));
  const ref = {slot: 0, generation: 0};
  const keys = Array.from({length: 5000}, (_, i) => keyOf(i));
  for (const [i, key] of keys.entries()) {
    assert.equal(cache.find(key, 0, key.byteLength, ref), false);
    cache.add(i, 7);
  }
  for (const [i, key] of keys.entries()) {
    assert.equal(cache.find(key, 0, key.byteLength, ref), true);
    assert.deepEqual(ref, {slot: i, generation: 7});
  }
  assert.equal(cache.size, 5000);
  gone.add(3);
  assert.equal(cache.find(keys[3]!, 0, keys[3]!.byteLength, ref), false);
});

test('SeriesCache never remembers more than it may', () => {
  const cache = new SeriesCache(2000, () => true);
  const ref = {slot: 0, generation: 0};
  let bytesMax = 0;
  for (let i = 0; i < 50_000; i++) {
    const key = keyOf(i);
    assert.equal(cache.find(key, 0, key.byteLength, ref), false);
    cache.add(i, 1);
    bytesMax = Math.max(bytesMax, cache.bytes);
  }
  assert.ok(cache.size <= 3000, `${cache.size} series`);
  assert.ok(bytesMax <= 2000 * 5 * 24, `${bytesMax} bytes`);
});
