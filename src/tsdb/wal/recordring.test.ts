import assert from 'node:assert/strict';
import test from 'node:test';
import {Worker} from 'node:worker_threads';
import {Random} from '../../base/random.ts';
import {arenaStart, LinearMemory} from '../../kernels/memory.ts';
import {entryKind, RecordRing, ringRecordBytesMax, ringTotalBytes} from './recordring.ts';

const source = arenaStart + ringTotalBytes;

function openRing(): {memory: LinearMemory; ring: RecordRing} {
  const memory = LinearMemory.reserve(2 ** 25);
  const ring = new RecordRing(memory, arenaStart);
  ring.clear();
  return {memory, ring};
}

test('RecordRing gives what was put, in order, many times round', () => {
  const {memory} = openRing();
  // Two sides that share nothing but the memory.
  const writer = new RecordRing(memory, arenaStart);
  const reader = new RecordRing(memory, arenaStart);
  for (let seed = 0; seed < 3; seed++) {
    const random = new Random(seed);
    const waiting: {kind: number; start: number; bytes: string}[] = [];
    let used = 0;
    for (let i = 0; i < 3000; i++) {
      const length = random.below(5) === 0 ? random.below(200_000) : random.below(3000);
      for (let at = 0; at < Math.min(length, 40); at++) memory.u8[source + at] = random.below(256);
      if (used + length < 1_000_000) {
        const kind = 1 + random.below(4);
        assert.ok(writer.put(kind, {segment: i, start: i, end: i + 0.5}, source, length));
        waiting.push({kind, start: i, bytes: memory.u8.slice(source, source + length).toHex()});
        used += length;
      }
      if (random.below(3) === 0 || used > 800_000) {
        const expected = waiting.shift();
        if (expected === undefined) continue;
        assert.ok(reader.take(0));
        const {kind, segment, start, end, address, length: got} = reader;
        assert.equal(segment, start);
        assert.deepEqual({kind, start, bytes: memory.u8.slice(address, address + got).toHex()}, expected);
        assert.equal(end, start + 0.5);
        used -= got;
      }
    }
    for (const {start} of waiting) {
      assert.ok(reader.take(0));
      assert.equal(reader.start, start, `seed ${seed}`);
    }
    assert.equal(reader.take(0), false);
  }
});

test('RecordRing.isAhead says whether half of the ring waits to be taken', () => {
  const {memory, ring} = openRing();
  const reader = new RecordRing(memory, arenaStart);
  const put = (): boolean =>
    ring.put(entryKind.record, {segment: 0, start: 0, end: 1}, source, ringRecordBytesMax);
  assert.equal(ring.isAhead, false);
  put();
  assert.equal(ring.isAhead, false);
  put();
  assert.equal(ring.isAhead, true);
  // What was taken is given back by the next take().
  assert.ok(reader.take(0));
  assert.equal(ring.isAhead, true);
  assert.ok(reader.take(0));
  assert.equal(ring.isAhead, false);
});

test('RecordRing.put() ends when it is asked to stop while the ring is full', () => {
  const {ring} = openRing();
  let put = 0;
  // The wait for room looks at the request before it waits.
  for (; put < 3; put++)
    assert.ok(ring.put(entryKind.record, {segment: 0, start: 0, end: 0}, source, ringRecordBytesMax));
  ring.stop();
  assert.equal(ring.put(entryKind.record, {segment: 0, start: 0, end: 0}, source, ringRecordBytesMax), false);
});

test('RecordRing between two threads loses nothing, however they take turns', async () => {
  const {memory, ring} = openRing();
  const count = 60_000;
  const worker = new Worker(new URL('./testing/ring-worker.ts', import.meta.url), {
    workerData: {memory: memory.wasm, ring: arenaStart, source, count},
  });
  for (let i = 0; i < count; i++) {
    assert.ok(ring.take(10_000), `entry ${i} comes`);
    const {kind, start, end, address, length} = ring;
    if (kind !== entryKind.record || start !== i || end !== i + length) {
      assert.fail(`entry ${i} is of kind ${kind}, ${start} to ${end}, of ${length} bytes`);
    }
    for (let at = address; at < address + length; at += 97) assert.equal(memory.u8[at], i & 255);
    // Now faster than the other side, and now slower.
    if (i % 5000 < 20) for (let spin = 0; spin < 200_000; spin++) Atomics.load(memory.i32, 0);
  }
  assert.ok(ring.take(10_000));
  assert.equal(ring.kind, entryKind.end);
  await worker.terminate();
});

test('RecordRing gives many entries at once, those of one segment', () => {
  const {memory, ring: writer} = openRing();
  const reader = new RecordRing(memory, arenaStart);
  const {u8, u32, f64} = memory;
  const random = new Random(7);
  let put = 0;
  let taken = 0;
  let pieces = 0;
  /** Entries of 1 to 300 bytes, whose first byte says their number. */
  const make = (at: number, end: number): number => {
    for (let left = random.below(60); left > 0 && at + 24 + 304 <= end; left--, put++) {
      const length = 1 + random.below(300);
      u32[at >>> 2] = (Math.floor(put / 1000) << 8) | entryKind.record;
      u32[(at + 4) >>> 2] = length;
      f64[(at + 8) >>> 3] = put;
      f64[(at + 16) >>> 3] = put + 0.5;
      u8[at + 24] = put & 0xff;
      at += 24 + ((length + 7) & ~7);
      if (put % 1000 === 999) return (put++, at);
    }
    return at;
  };
  /** Takes all but every 50th entry. */
  const use = (at: number, end: number): number => {
    pieces++;
    // The rest of the ring may be left over.
    const isNext = (): boolean => u32[at >>> 2] === ((Math.floor(taken / 1000) << 8) | entryKind.record);
    while (at < end && isNext() && taken % 50 !== 49) {
      assert.equal(f64[(at + 8) >>> 3], taken);
      assert.equal(u8[at + 24], taken++ & 0xff);
      at += 24 + ((u32[(at + 4) >>> 2]! + 7) & ~7);
    }
    return at;
  };
  while (taken < 50_000) {
    const before = put;
    writer.putMany(make);
    if (put === before || random.below(4) === 0) {
      const began = taken;
      assert.equal(reader.takeMany(Math.floor(taken / 1000), use), taken - began);
      if (taken > began) assert.equal(reader.end, taken - 0.5);
      if (taken === put) continue;
      // The ring's end, or an entry that use() has left.
      assert.ok(reader.take(0));
      assert.equal(reader.start, taken++);
    }
    // Where there is little room in one piece.
    if (random.below(10) === 0 && put - taken < 3000) {
      u8[source] = put & 0xff;
      const segment = Math.floor(put / 1000);
      assert.ok(writer.put(entryKind.record, {segment, start: put, end: put + 0.5}, source, 8192));
      put++;
    }
  }
  assert.ok(pieces > 1000);
});
