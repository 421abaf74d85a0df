import assert from 'node:assert/strict';
import test from 'node:test';
import {deflateRawSync, gzipSync} from 'node:zlib';
import {Random} from '../base/random.ts';
import {Gunzip} from './gunzip.ts';
import {createMemory} from './testing.ts';

const memory = createMemory();
const gunzip = new Gunzip(memory);

function expand(body: Uint8Array, bytesMax = 1e6): string | null {
  const output = gunzip.expand(body, bytesMax);
  return output === null ? null : Buffer.from(output).toString('latin1');
}

test('expand() gives what was compressed, whatever the header says besides', () => {
  const text = 'a 1\n'.repeat(500);
  const packed = gzipSync(text);
  assert.equal(expand(packed), text);
  const f = (flags: number, more: string): void => {
    const header = Buffer.concat([packed.subarray(0, 3), Buffer.of(flags), packed.subarray(4, 10)]);
    assert.equal(
      expand(Buffer.concat([header, Buffer.from(more, 'latin1'), packed.subarray(10)])),
      text,
      more,
    );
  };
  f(4, '\x03\0abc');
  f(8, 'name\0');
  f(16, 'comment\0');
  f(2, 'xy');
  f(31, '\x01\0anm\0cm\0xy');
});

test('expand() takes several members, and passes over what is none', () => {
  const two = Buffer.concat([gzipSync('a 1\n'), gzipSync('b 2\n'.repeat(1000))]);
  assert.equal(expand(two), `a 1\n${'b 2\n'.repeat(1000)}`);
  assert.equal(expand(Buffer.concat([gzipSync('a 1\n'), Buffer.from('rest')])), 'a 1\n');
  assert.equal(expand(gzipSync('')), '');
});

test('expand() gives null for what is too long, and is not misled by the size at the end', () => {
  const packed = gzipSync('x'.repeat(100_000));
  assert.equal(expand(packed, 99_999), null);
  assert.equal(expand(packed, 100_000)!.length, 100_000);
  assert.throws(() => expand(sized(packed, 5)), {message: 'incorrect length check'});
  assert.throws(() => expand(sized(packed, 2 ** 32 - 1)), {message: 'incorrect length check'});
});

test('expand() is done soon with bodies that are made to take long', () => {
  // Blocks without content, of the tables that need not be sent: ten bits each, the first of them 0, 1, 0.
  const bits = Buffer.alloc(125_000);
  for (let block = 0; block < 100_000; block++) bits[(10 * block + 1) >>> 3]! |= 1 << ((10 * block + 1) & 7);
  const header = Buffer.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3);
  const bomb = deflateRawSync(Buffer.alloc(2 ** 22));
  const bodies = [
    Buffer.concat([header, bits, deflateRawSync(''), Buffer.alloc(8)]),
    Buffer.concat([header, bits, bomb, Buffer.alloc(8)]),
  ];
  const started = performance.now();
  assert.equal(expand(bodies[0]!, 2 ** 22), '');
  assert.equal(expand(bodies[1]!, 2 ** 20), null);
  assert.ok(performance.now() - started < 400, `${performance.now() - started} ms`);
});

test('expand() refuses what is damaged', () => {
  const packed = gzipSync('a 1\nb 2\n'.repeat(20));
  for (let length = 2; length < packed.length; length++)
    assert.throws(
      () => expand(packed.subarray(0, length)),
      /unexpected end of file|cut short|check/,
      `${length}`,
    );
  const changed = (at: number): Buffer => Buffer.from(packed).fill(packed[at]! ^ 1, at, at + 1);
  assert.throws(() => expand(changed(0)), {message: 'incorrect header check'});
  assert.throws(() => expand(changed(2)), {message: 'unknown compression method'});
  assert.throws(() => expand(changed(packed.length - 8)), {message: 'incorrect data check'});
  assert.throws(() => expand(deflateRawSync('a 1\n')), {message: 'incorrect header check'});
});

test('what was handed over stays while others are expanded, and free() leaves nothing', () => {
  const before = memory.arena.bytesInUse;
  const own = new Gunzip(memory);
  const random = new Random(3);
  const text = Array.from({length: 200_000}, () => String(random.below(10))).join('');
  const first = own.expand(gzipSync(text), 1e6)!;
  const room = own.detach();
  assert.equal(Buffer.from(own.expand(gzipSync('b 2\n'), 1e6)!).toString(), 'b 2\n');
  assert.equal(Buffer.from(first).toString(), text);
  own.release(room);
  assert.equal(Buffer.from(own.expand(gzipSync('c 3\n'), 1e6)!).toString(), 'c 3\n');
  own.free();
  assert.equal(memory.arena.bytesInUse, before);
});

/** A body that says it is of another size. */
function sized(packed: Buffer, size: number): Buffer {
  const changed = Buffer.from(packed);
  changed.writeUInt32LE(size, packed.length - 4);
  return changed;
}
