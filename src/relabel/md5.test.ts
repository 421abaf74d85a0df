import assert from 'node:assert/strict';
import {createHash} from 'node:crypto';
import test from 'node:test';
import {Random} from '../base/random.ts';
import {md5, md5Modulo} from './md5.ts';

function hex(text: string): string {
  return Array.from(new Uint8Array(md5(text).buffer), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

test('md5() gives the digests of RFC 1321', () => {
  const f = (text: string, expected: string): void => assert.equal(hex(text), expected);
  f('', 'd41d8cd98f00b204e9800998ecf8427e');
  f('a', '0cc175b9c0f1b6a831c399e269772661');
  f('message digest', 'f96b697d7cb7938d525a2f31aaf161d0');
  f('1234567890'.repeat(8), '57edf4a22be3c955ac49da2e2107b67a');
});

test('md5() agrees with OpenSSL at every length around a block, and in any script', () => {
  const random = new Random(7);
  for (let length = 0; length < 200; length++) {
    const text = Array.from({length}, () => String.fromCodePoint(0x20 + random.below(0x2fff))).join('');
    assert.equal(hex(text), createHash('md5').update(text).digest('hex'), `length ${length}`);
  }
});

test('md5Modulo() takes the last eight bytes, whatever the modulus', () => {
  for (const text of ['', 'localhost:9090', 'a;b']) {
    const last = createHash('md5').update(text).digest().readBigUInt64BE(8);
    for (const modulus of [1, 2, 8, 1000, 2 ** 21, 2 ** 21 + 1, 2 ** 32, 2 ** 53 - 1])
      assert.equal(md5Modulo(text, modulus), String(last % BigInt(modulus)), `${text} mod ${modulus}`);
  }
});
