import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../../base/random.ts';
import type {Arena} from '../../kernels/arena.ts';
import {LinearMemory} from '../../kernels/memory.ts';
import {EpochReader, Reclaimer, retiredSlot} from './epochs.ts';
import {readersMax} from './header.ts';

function open(): {memory: LinearMemory; reclaimer: Reclaimer; freed: number[]} {
  const memory = LinearMemory.reserve(64 * 2 ** 20);
  const freed: number[] = [];
  const arena: Arena = {
    alloc: () => assert.fail('nothing is allocated'),
    free: (address) => freed.push(address),
    sizeOf: (bytes) => bytes,
    bytesInUse: 0,
  };
  return {memory, reclaimer: new Reclaimer(memory, arena), freed};
}

test('Reclaimer frees at once where nobody reads', () => {
  const {reclaimer, freed} = open();
  reclaimer.retire(800, 16);
  assert.deepEqual(freed, []);
  assert.equal(reclaimer.bytesRetired, 16);
  reclaimer.reclaim();
  assert.deepEqual(freed, [800]);
  assert.deepEqual([reclaimer.length, reclaimer.bytesRetired], [0, 0]);
});

test('Reclaimer keeps what was retired while a reader was inside, not what was retired before it came', () => {
  const {memory, reclaimer, freed} = open();
  const [early, late] = [new EpochReader(memory, 1), new EpochReader(memory, 2)];
  early.enter();
  reclaimer.retire(8, 16);
  reclaimer.reclaim();
  late.enter();
  reclaimer.retire(16, 16);
  reclaimer.reclaim();
  assert.deepEqual(freed, []);
  early.leave();
  reclaimer.reclaim();
  assert.deepEqual(freed, [8]);
  // A reader that comes now does not hold up what was retired before.
  early.enter();
  late.leave();
  reclaimer.reclaim();
  assert.deepEqual(freed, [8, 16]);
  early.leave();
});

test('EpochReader may be nested: the outermost enter() counts', () => {
  const {memory, reclaimer, freed} = open();
  const reader = new EpochReader(memory, 1);
  reader.enter();
  reclaimer.retire(8, 16);
  reclaimer.reclaim();
  reader.enter();
  reader.leave();
  reclaimer.reclaim();
  assert.deepEqual(freed, []);
  reader.leave();
  reclaimer.reclaim();
  assert.deepEqual(freed, [8]);
  assert.throws(() => reader.leave(), /BUG/);
});

test('Reclaimer works across the wrap-around of the epoch, for any seed', () => {
  for (let seed = 0; seed < 20; seed++) {
    const random = new Random(seed);
    const {memory, reclaimer, freed} = open();
    reclaimer.epoch = (2 ** 32 - 1 - random.below(20)) >>> 0;
    const readers = Array.from({length: 4}, (_, i) => new EpochReader(memory, i + 1));
    // For each reader inside: what was retired since it came.
    const held = readers.map((): Set<number> | null => null);
    let next = 8;
    for (let i = 0; i < 200; i++) {
      const reader = random.below(4);
      switch (random.below(4)) {
        case 0:
          reclaimer.retire(next, 16);
          for (const set of held) set?.add(next);
          next += 8;
          break;
        case 1:
          if (held[reader] !== null) break;
          readers[reader]!.enter();
          held[reader] = new Set();
          break;
        case 2:
          if (held[reader] === null) break;
          readers[reader]!.leave();
          held[reader] = null;
          break;
        default:
          reclaimer.reclaim();
      }
      for (const set of held)
        for (const address of freed) assert.ok(!set?.has(address), `seed ${seed}: ${address}`);
    }
    readers.forEach((reader, i) => held[i] !== null && reader.leave());
    reclaimer.reclaim();
    assert.equal(freed.length, (next - 8) / 8, `seed ${seed}: all is freed in the end`);
    assert.deepEqual(
      freed,
      freed.toSorted((a, b) => a - b),
      `seed ${seed}: in order`,
    );
  }
});

test('clearOwner() lets go of a thread that died inside', () => {
  const {memory, reclaimer, freed} = open();
  new EpochReader(memory, 7).enter();
  const other = new EpochReader(memory, 8);
  reclaimer.retire(8, 16);
  reclaimer.clearOwner(7);
  reclaimer.reclaim();
  assert.deepEqual(freed, [8]);
  other.enter();
  reclaimer.retire(16, 16);
  reclaimer.clearOwner(7);
  reclaimer.reclaim();
  assert.deepEqual(freed, [8], 'the other thread is still inside');
});

test('EpochReader throws RangeError when all places are taken, and places come back', () => {
  const {memory} = open();
  const readers = Array.from({length: readersMax}, (_, i) => new EpochReader(memory, i + 1));
  assert.throws(() => new EpochReader(memory, 99), RangeError);
  readers[5]!.release();
  new EpochReader(memory, 99);
});

test('Reclaimer keeps order and kinds when its list grows, wraps and shrinks', () => {
  const {memory, reclaimer, freed} = open();
  const slots: number[] = [];
  reclaimer.handler = (what, kind) => {
    assert.equal(kind, retiredSlot);
    slots.push(what);
  };
  const reader = new EpochReader(memory, 1);
  let next = 8;
  for (const count of [700, 2000, 100_000, 5, 3000]) {
    reader.enter();
    for (let i = 0; i < count; i++, next += 8) {
      reclaimer.retire(next, 16);
      if (i % 10 === 0) reclaimer.retire(next, retiredSlot);
    }
    reclaimer.reclaim();
    reader.leave();
    reclaimer.retire(next, 16);
    next += 8;
    reclaimer.reclaim();
    assert.equal(reclaimer.length, 0);
  }
  assert.equal(freed.length, (next - 8) / 8);
  assert.deepEqual(
    freed,
    freed.toSorted((a, b) => a - b),
  );
  assert.deepEqual(
    slots,
    slots.toSorted((a, b) => a - b),
  );
});
