import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from './random.ts';
import {xxhash64} from './xxhash64.ts';

test('xxhash64() gives the published values', () => {
  function f(text: string, expected: bigint): void {
    assert.equal(xxhash64(new TextEncoder().encode(text)), expected);
  }
  f('', 0xef46db3751d8e999n);
  f('a', 0xd24ec4f1a98c6e5bn);
  f('as', 0x1c330fb2d66be179n);
  f('asd', 0x631c37ce72a97393n);
  f('asdf', 0x415872f599cea71en);
  f('Call me Ishmael. Some years ago--never mind how long precisely-', 0x02a2e85470d6fd96n);
});

test('xxhash64() agrees with the definition, for any seed', () => {
  for (let seed = 0; seed < 300; seed++) {
    const random = new Random(seed);
    const bytes = Uint8Array.from({length: random.below(200)}, () => random.below(256));
    assert.equal(xxhash64(bytes), slowHash(bytes), `seed ${seed}`);
  }
});

const primes = [
  0x9e3779b185ebca87n,
  0xc2b2ae3d27d4eb4fn,
  0x165667b19e3779f9n,
  0x85ebca77c2b2ae63n,
  0x27d4eb2f165667c5n,
];

/** The definition's steps, one after the other. */
function slowHash(bytes: Uint8Array): bigint {
  const [p1, p2, p3, p4, p5] = primes as [bigint, bigint, bigint, bigint, bigint];
  const wrap = (value: bigint): bigint => BigInt.asUintN(64, value);
  const rotate = (value: bigint, bits: bigint): bigint =>
    wrap((value << bits) | (wrap(value) >> (64n - bits)));
  const round = (lane: bigint, input: bigint): bigint => wrap(rotate(wrap(lane + input * p2), 31n) * p1);
  const view = new DataView(bytes.buffer);
  let at = 0;
  let hash = p5;
  if (bytes.length >= 32) {
    const lanes = [wrap(p1 + p2), p2, 0n, wrap(-p1)];
    for (; at + 32 <= bytes.length; at += 32)
      for (let i = 0; i < 4; i++) lanes[i] = round(lanes[i]!, view.getBigUint64(at + 8 * i, true));
    hash = wrap([1n, 7n, 12n, 18n].reduce((sum, bits, i) => sum + rotate(lanes[i]!, bits), 0n));
    for (const lane of lanes) hash = wrap((hash ^ round(0n, lane)) * p1 + p4);
  }
  hash = wrap(hash + BigInt(bytes.length));
  for (; at + 8 <= bytes.length; at += 8)
    hash = wrap(rotate(hash ^ round(0n, view.getBigUint64(at, true)), 27n) * p1 + p4);
  for (; at + 4 <= bytes.length; at += 4)
    hash = wrap(rotate(hash ^ wrap(BigInt(view.getUint32(at, true)) * p1), 23n) * p2 + p3);
  for (; at < bytes.length; at++) hash = wrap(rotate(hash ^ wrap(BigInt(bytes[at]!) * p5), 11n) * p1);
  hash = wrap((hash ^ (hash >> 33n)) * p2);
  hash = wrap((hash ^ (hash >> 29n)) * p3);
  return hash ^ (hash >> 32n);
}
