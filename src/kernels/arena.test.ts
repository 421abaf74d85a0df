import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../base/random.ts';
import {SizeClassArena} from './arena.ts';
import {LinearMemory} from './memory.ts';

const memory = LinearMemory.reserve(64 * 2 ** 20);

test('SizeClassArena.sizeOf() wastes at most an eighth above 64 bytes', () => {
  const arena = new SizeClassArena(memory, 0, memory.byteLength);
  for (let bytes = 1; bytes < 20_000; bytes++) {
    const size = arena.sizeOf(bytes);
    assert.ok(size >= bytes && size % 8 === 0, `${bytes} takes ${size}`);
    const waste = bytes <= 64 ? 7 : Math.max(bytes > 8192 ? 2047 : 7, bytes / 8);
    assert.ok(size - bytes <= waste, `${bytes} takes ${size}`);
    assert.equal(arena.sizeOf(size), size);
  }
});

test('SizeClassArena.alloc() never hands out a byte twice, for any seed (model)', () => {
  for (let seed = 0; seed < 8; seed++) runModel(seed, 1500);
  for (let seed = 0; seed < 4; seed++) runModel(seed, 1500, 16_384);
});

function runModel(seed: number, operations: number, spanBytes?: number): void {
  const random = new Random(seed);
  const arena = new SizeClassArena(memory, 131_072, memory.byteLength, spanBytes);
  const live: {address: number; bytes: number; mark: number}[] = [];
  let sum = 0;
  for (let i = 0; i < operations; i++) {
    if (live.length > 0 && (random.below(10) < 4 || live.length > 600)) {
      const index = random.below(live.length);
      const block = live[index]!;
      check(block, seed);
      arena.free(block.address, block.bytes);
      sum -= arena.sizeOf(block.bytes);
      live[index] = live.at(-1)!;
      live.pop();
    } else {
      const bytes = 1 + random.below(random.pick([64, 300, 9000, 60_000]));
      const block = {address: arena.alloc(bytes), bytes, mark: random.uint32()};
      assert.ok(
        block.address >= 131_072 && block.address % 8 === 0,
        `seed ${seed}: address ${block.address}`,
      );
      fill(block, arena.sizeOf(bytes));
      live.push(block);
      sum += arena.sizeOf(bytes);
    }
    assert.equal(arena.bytesInUse, sum, `seed ${seed}`);
  }
  for (const block of live) check(block, seed);
  for (const block of live) arena.free(block.address, block.bytes);
  assert.equal(arena.bytesInUse, 0, `seed ${seed}`);
}

/** Marks the first, the middle and the last word of all that belongs to the block. */
function fill(block: {address: number; mark: number}, size: number): void {
  memory.u32.fill(block.mark, block.address >>> 2, (block.address + size) >>> 2);
}

function check(block: {address: number; bytes: number; mark: number}, seed: number): void {
  const end = (block.address + block.bytes) >>> 2;
  for (let i = block.address >>> 2; i < end; i++) {
    assert.equal(
      memory.u32[i],
      block.mark,
      `seed ${seed}: block ${block.address} of ${block.bytes} bytes was overwritten`,
    );
  }
}

test('SizeClassArena gives memory of one size to another', () => {
  const arena = new SizeClassArena(memory, 0, memory.byteLength);
  // Each size in turn fills three quarters of the memory.
  for (const bytes of [16, 64, 72, 520, 8000, 9000, 1_000_000, 40_000_000, 40, 20_000]) {
    const addresses: number[] = [];
    while (arena.bytesInUse + arena.sizeOf(bytes) < memory.byteLength * 0.75)
      addresses.push(arena.alloc(bytes));
    for (const address of addresses) arena.free(address, bytes);
    assert.equal(arena.bytesInUse, 0);
  }
});

test('SizeClassArena keeps bodies that are freed and reused within a bound', () => {
  const arena = new SizeClassArena(memory, 0, memory.byteLength);
  const random = new Random(7);
  const bodies: {address: number; bytes: number}[] = [];
  for (let i = 0; i < 3000; i++) {
    if (bodies.length === 8) {
      const [body] = bodies.splice(random.below(8), 1);
      arena.free(body!.address, body!.bytes);
    }
    const bytes = 1 + random.below(2 ** 21);
    bodies.push({address: arena.alloc(bytes), bytes});
  }
  // At most 16 MiB are live.
  assert.ok(arena.bytesReserved < 28 * 2 ** 20, `${arena.bytesReserved} bytes`);
});

test('SizeClassArena.alloc() throws RangeError when the memory is used up, and goes on after a free', () => {
  const arena = new SizeClassArena(memory, 131_072, 131_072 + 2 ** 20);
  const addresses: number[] = [];
  assert.throws(() => {
    for (;;) addresses.push(arena.alloc(64));
  }, RangeError);
  assert.equal(addresses.length, 2 ** 20 / 64);
  assert.ok(addresses.every((address) => address % 64 === 0));
  arena.free(addresses[5]!, 64);
  assert.equal(arena.alloc(64), addresses[5]);
  assert.throws(() => arena.alloc(2 ** 21), RangeError);
});

test('SizeClassArena.free() refuses another size and a block that is none', () => {
  const arena = new SizeClassArena(memory, 131_072, 131_072 + 2 ** 20);
  const address = arena.alloc(64);
  assert.throws(() => arena.free(address, 500), /BUG/);
  const large = arena.alloc(100_000);
  arena.free(large, 100_000);
  assert.throws(() => arena.free(large, 100_000), /BUG/);
});
