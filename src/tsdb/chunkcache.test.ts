import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../base/random.ts';
import {SizeClassArena} from '../kernels/arena.ts';
import {loadKernels} from '../kernels/kernels.ts';
import {arenaStart, LinearMemory} from '../kernels/memory.ts';
import {ChunkCache} from './chunkcache.ts';

const memory = LinearMemory.reserve(16 * 2 ** 20);
const kernels = loadKernels(memory);
const arena = new SizeClassArena(memory, arenaStart, memory.byteLength);
const times = arena.alloc(8 * 128);
const values = arena.alloc(8 * 128);

/** Columns that tell one chunk from all others. */
function fill(owner: number, ref: number, count: number): void {
  for (let i = 0; i < count; i++) {
    memory.f64[times / 8 + i] = 1000 * i;
    // Steps that take some bits.
    memory.f64[values / 8 + i] = 1e6 * ref + 1000 * owner + ((7919 * i) % 4096);
  }
}

function keep(cache: ChunkCache, owner: number, ref: number, count = 100): number {
  fill(owner, ref, count);
  return cache.keep(owner, ref, {times, values, count});
}

function valueOf(packed: number): number {
  memory.f64.fill(0, times / 8, times / 8 + 128);
  kernels.unpackSamples(packed, -Infinity, Infinity, times, values);
  return memory.f64[values / 8]!;
}

test('a chunk is wanted when it is asked for the second time', () => {
  const cache = new ChunkCache({memory, kernels, arena}, 2 ** 20);
  assert.equal(cache.find(0, 5), 0);
  assert.equal(cache.wants(0, 5), false);
  assert.equal(cache.wants(1, 5), false);
  assert.equal(cache.wants(0, 5), true);
  const packed = keep(cache, 0, 5);
  assert.equal(cache.find(0, 5), packed);
  assert.equal(cache.find(1, 5), 0);
  assert.equal(valueOf(packed), 5e6);
  assert.equal(keep(cache, 0, 6, 0), 0);
});

test('heads and blocks have numbers of their own', () => {
  const cache = new ChunkCache({memory, kernels, arena}, 2 ** 20);
  const [one, other] = [{}, {}];
  assert.equal(cache.ownerOf(one), 0);
  assert.equal(cache.ownerOf(other), 1);
  assert.equal(cache.ownerOf(one), 0);
});

test('a bounded cache finds what it keeps and nothing else, and what is used stays, for any seed', () => {
  for (let seed = 0; seed < 20; seed++) {
    const random = new Random(seed);
    const before = arena.bytesInUse;
    const bytesMax = 80_000 + random.below(600_000);
    const cache = new ChunkCache({memory, kernels, arena}, bytesMax);
    const known = new Set(['2 7']);
    for (let i = 0; i < 6000; i++) {
      const owner = random.below(3);
      const ref = random.below(3000) * random.pick([1, 2 ** 33]);
      const hot = cache.find(2, 7);
      if (hot === 0) keep(cache, 2, 7);
      else assert.equal(valueOf(hot), 1e6 * 7 + 2000, `seed ${seed}`);
      const found = cache.find(owner, ref);
      if (found !== 0) {
        assert.ok(known.has(`${owner} ${ref}`), `seed ${seed}`);
        assert.equal(valueOf(found), 1e6 * ref + 1000 * owner, `seed ${seed}`);
      } else if (random.below(2) === 0) {
        assert.ok(keep(cache, owner, ref, 1 + random.below(100)) !== 0);
        known.add(`${owner} ${ref}`);
      }
      assert.ok(cache.bytesInUse <= bytesMax, `seed ${seed}: ${cache.bytesInUse} of ${bytesMax}`);
      if (i > 1) assert.notEqual(cache.find(2, 7), 0, `seed ${seed}: what is always used stays`);
    }
    assert.ok(arena.bytesInUse - before <= bytesMax + 20_000, `seed ${seed}`);
    assert.ok(cache.length > 20, `seed ${seed}`);
  }
});
