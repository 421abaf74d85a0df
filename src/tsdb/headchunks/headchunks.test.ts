// Files of head chunks: exact bytes, round trips, damage, and a disk that fails.
import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../../base/random.ts';
import {SizeClassArena} from '../../kernels/arena.ts';
import {loadKernels} from '../../kernels/kernels.ts';
import {arenaStart, LinearMemory} from '../../kernels/memory.ts';
import {SimulatedFileSystem} from '../../sys/fs-simulated.ts';
import {noLogger} from '../../sys/log.ts';
import type {LogMemory} from '../wal/page-buffer.ts';
import {chunkReference, headChunkPath, listHeadChunkFiles, referenceFile, referenceOffset} from './format.ts';
import {HeadChunkError, HeadChunkReader} from './reader.ts';
import {repairHeadChunks, scanHeadChunks} from './scan.ts';
import type {ScannedChunk} from './scan.ts';
import {HeadChunkWriter} from './writer.ts';
import type {ChunkMeta} from './writer.ts';

const dir = '/data/chunks_head';

interface Chunk {
  meta: ChunkMeta;
  data: Uint8Array;
}

function openWriter(fs: SimulatedFileSystem, lastFile = 0, fileBytes?: number): HeadChunkWriter {
  return new HeadChunkWriter({
    fs,
    dir,
    log: noLogger,
    lastFile,
    ...(fileBytes === undefined ? {} : {fileBytes}),
  });
}

function randomChunk(random: Random, time: number): Chunk {
  const data = Uint8Array.from({length: 5 + random.below(random.below(20) === 0 ? 3000 : 300)}, () =>
    random.below(256),
  );
  const meta = {
    ref: 1 + random.below(random.pick([1000, 2 ** 40])),
    minTime: time - random.below(1000),
    maxTime: time,
    encoding: 1 + random.below(6),
    outOfOrder: random.below(4) === 0,
  };
  return {meta, data};
}

function write(writer: HeadChunkWriter, {meta, data}: Chunk): number {
  return writer.write(meta, data, 0, data.length);
}

function scanAll(
  fs: SimulatedFileSystem,
  linear: LogMemory | null = null,
): {chunks: ScannedChunk[]; scan: ReturnType<typeof scanHeadChunks>} {
  const chunks: ScannedChunk[] = [];
  const scan = scanHeadChunks(fs, dir, (chunk) => chunks.push({...chunk}), {linear});
  assert.equal(scan.chunks, chunks.length);
  return {chunks, scan};
}

const memory = LinearMemory.reserve(2 ** 26);
const linear = {
  memory,
  kernels: loadKernels(memory),
  arena: new SizeClassArena(memory, arenaStart, memory.byteLength),
};

test('scanHeadChunks() finds the same with the kernel as without, whatever the bytes are', () => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  const before = linear.arena.bytesInUse;
  for (let round = 0; round < 40; round++) {
    const random = new Random(seed + round);
    const fs = new SimulatedFileSystem();
    const writer = openWriter(fs);
    const count = random.below(3) === 0 ? 5000 : random.below(60);
    for (let i = 0; i < count; i++) write(writer, randomChunk(random, random.below(2 ** 45)));
    writer.close();
    const path = headChunkPath(dir, 1);
    for (let change = 0; change < 4; change++) {
      assert.deepEqual(scanAll(fs, linear), scanAll(fs), `seed ${seed}, round ${round}, change ${change}`);
      if (fs.status(path) === null) break;
      const bytes = fs.contents(path).slice(0, random.below(4) === 0 ? random.below(2_000_000) : undefined);
      if (bytes.length > 0) bytes[random.below(bytes.length)] = random.below(256);
      fs.put(path, bytes);
    }
  }
  assert.equal(linear.arena.bytesInUse, before);
});

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** That the chunks are there, by reference and in order. */
function assertChunks(fs: SimulatedFileSystem, expected: Map<number, Chunk>): void {
  const {chunks} = scanAll(fs);
  assert.deepEqual(
    chunks.map(({file, offset}) => chunkReference(file, offset)),
    [...expected.keys()],
  );
  const reader = new HeadChunkReader(fs, dir);
  for (const {file, offset, ref, minTime, maxTime, encoding, outOfOrder, bytes} of chunks) {
    const {meta, data} = expected.get(chunkReference(file, offset))!;
    assert.deepEqual({ref, minTime, maxTime, encoding, outOfOrder}, meta);
    assert.equal(bytes, data.length);
    reader.read(file, offset);
    assert.equal(hex(reader.bytes.subarray(reader.start, reader.end)), hex(data));
    assert.equal(reader.encoding, encoding);
    assert.equal(reader.outOfOrder, outOfOrder);
  }
  reader.close();
  assert.equal(fs.openCount, 0);
}

test('HeadChunkWriter writes the bytes that Prometheus has in its files', () => {
  const fs = new SimulatedFileSystem();
  const writer = openWriter(fs);
  const data = Uint8Array.from([0, 1, 0x80, 0xd0, 0xac, 0xf3, 0x0e, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0]);
  const meta = {ref: 258, minTime: 1000, maxTime: -1 + 2 ** 41, encoding: 1, outOfOrder: true};
  assert.equal(write(writer, {meta, data}), 2 ** 32 + 8);
  writer.close();
  const bytes = fs.contents(`${dir}/000001`);
  assert.equal(bytes.length, 128 * 1024);
  assert.equal(
    hex(bytes.subarray(0, 61)),
    '0130bc9101000000' + // magic, version, padding
      '0000000000000102' + // ref
      '00000000000003e8' + // minTime
      '000001ffffffffff' + // maxTime
      '81' + // XOR, out of order
      '0f' + // length
      '000180d0acf30e3ff0000000000000' +
      'a496a50a' + // CRC-32C
      '0000000000000000',
  );
});

test('A reference holds the number of the file and the offset', () => {
  for (const [file, offset] of [
    [1, 8],
    [70_000, 2 ** 27],
    [2 ** 20, 2 ** 32 - 1],
  ] as const) {
    const reference = chunkReference(file, offset);
    assert.equal(referenceFile(reference), file);
    assert.equal(referenceOffset(reference), offset);
    assert.ok(Number.isSafeInteger(reference));
  }
});

test('Chunks are found again, over many files, by reference and by a scan', () => {
  for (let seed = 0; seed < 20; seed++) {
    const random = new Random(seed);
    const fs = new SimulatedFileSystem();
    const expected = new Map<number, Chunk>();
    let lastFile = 0;
    for (let round = 0; round < 3; round++) {
      const writer = openWriter(fs, lastFile, 200_000);
      for (let i = 0; i < 400; i++) {
        const chunk = randomChunk(random, 1000 * i);
        expected.set(write(writer, chunk), chunk);
        if (random.below(50) === 0) writer.flush();
        if (random.below(300) === 0) writer.cut();
      }
      writer.close();
      ({lastFile} = writer);
      assert.equal(writer.chunksWritten, 400);
    }
    assert.ok(lastFile >= 3);
    for (const file of listHeadChunkFiles(fs, dir)) {
      assert.ok(fs.contents(headChunkPath(dir, file)).length <= 200_000);
    }
    assertChunks(fs, expected);
  }
});

test('HeadChunkReader reads what was written after its last look, through a small cache', () => {
  const random = new Random(7);
  const fs = new SimulatedFileSystem();
  const writer = openWriter(fs);
  const reader = new HeadChunkReader(fs, dir, 300_000);
  const written: [number, Chunk][] = [];
  for (let i = 0; i < 3000; i++) {
    const chunk = randomChunk(random, i);
    written.push([write(writer, chunk), chunk]);
    if (i % 10 !== 9) continue;
    writer.flush();
    for (let look = 0; look < 3; look++) {
      const [reference, {data}] = random.below(2) === 0 ? written.at(-1 - look)! : random.pick(written);
      reader.read(referenceFile(reference), referenceOffset(reference));
      assert.equal(hex(reader.bytes.subarray(reader.start, reader.end)), hex(data));
    }
  }
  reader.close();
  writer.close();
  assert.equal(fs.openCount, 0);
});

test('Any flipped bit is found by the reader, and by a scan, which gives what was before it', () => {
  const random = new Random(3);
  const fs = new SimulatedFileSystem();
  const writer = openWriter(fs);
  const chunks = Array.from({length: 12}, (_, i) => randomChunk(random, i));
  const offsets = chunks.map((chunk) => referenceOffset(write(writer, chunk)));
  writer.close();
  const path = headChunkPath(dir, 1);
  const sound = fs.contents(path);
  const last = chunks.at(-1)!.data.length;
  const end = offsets.at(-1)! + 25 + (last < 128 ? 1 : 2) + last + 4;
  for (let at = 0; at < end; at++) {
    const bytes = sound.slice();
    bytes[at]! ^= 1 << random.below(8);
    fs.put(path, bytes);
    const {chunks: found, scan} = scanAll(fs);
    const before = offsets.filter((offset) => offset <= at).length - 1;
    // The padding of the header says nothing.
    if (at >= 5 && at < 8) {
      assert.equal(scan.damage, null);
      continue;
    }
    assert.equal(found.length, Math.max(0, before));
    assert.equal(scan.damage?.offset, at < 8 ? 0 : offsets[before]);
    if (at < 8) continue;
    const reader = new HeadChunkReader(fs, dir);
    assert.throws(() => reader.read(1, offsets[before]!), HeadChunkError);
    if (before > 0) reader.read(1, offsets[before - 1]!);
    reader.close();
  }
});

test('scanHeadChunks and repairHeadChunks: a cut-short file keeps its whole entries, later files go', () => {
  const random = new Random(9);
  for (let round = 0; round < 60; round++) {
    const fs = new SimulatedFileSystem();
    const writer = openWriter(fs, 0, 150_000);
    const expected = new Map<number, Chunk>();
    for (let i = 0; i < 1000; i++) {
      const chunk = randomChunk(random, i);
      expected.set(write(writer, chunk), chunk);
    }
    writer.close();
    const file = 1 + random.below(writer.lastFile);
    const path = headChunkPath(dir, file);
    const bytes = fs.contents(path);
    const cut = random.below(bytes.length);
    fs.put(path, bytes.subarray(0, cut));
    const {scan} = scanAll(fs);
    const last = scan.damage === null ? scan.lastFile : repairHeadChunks(fs, dir, scan.damage, noLogger);
    assert.equal(last, writer.lastFile);
    const left = new Map(
      [...expected].filter(
        ([reference]) =>
          scan.damage === null || reference < chunkReference(scan.damage.file, scan.damage.offset),
      ),
    );
    if (scan.damage === null) continue; // Cut behind the last entry, or exactly between two.
    assert.equal(scan.damage.file, file);
    assertChunks(fs, left);
    assert.equal(scanAll(fs).scan.damage, null);
    // What comes next goes behind it.
    const next = openWriter(fs, last);
    const chunk = randomChunk(random, 5000);
    left.set(write(next, chunk), chunk);
    next.close();
    assertChunks(fs, left);
  }
});

test('scanHeadChunks stops where a file is missing', () => {
  const fs = new SimulatedFileSystem();
  const random = new Random(2);
  const writer = openWriter(fs);
  for (let i = 0; i < 4; i++) {
    write(writer, randomChunk(random, i));
    writer.cut();
  }
  writer.close();
  fs.remove(headChunkPath(dir, 3));
  const {scan} = scanAll(fs);
  assert.deepEqual(scan, {
    files: 2,
    chunks: 2,
    lastFile: 2,
    damage: {file: 4, offset: 0, reason: 'file 3 is missing'},
  });
  assert.equal(repairHeadChunks(fs, dir, scan.damage!, noLogger), 4);
  assert.deepEqual(listHeadChunkFiles(fs, dir), [1, 2, 3, 4]);
  assert.deepEqual(scanAll(fs).scan, {files: 4, chunks: 2, lastFile: 4, damage: null});
});

test('HeadChunkWriter takes a failed flush back, at every call that can fail', () => {
  for (let failing = 0; failing < 40; failing++) {
    const fs = new SimulatedFileSystem();
    const random = new Random(failing);
    const writer = openWriter(fs, 0, 3000);
    const expected = new Map<number, Chunk>();
    let calls = 0;
    fs.fault = (operation) => {
      if (operation === 'open' || operation === 'read' || operation === 'list') return null;
      if (calls++ !== failing) return null;
      return operation === 'write' && failing % 2 === 0
        ? {short: 7}
        : {code: failing % 3 === 0 ? 'EIO' : 'ENOSPC'};
    };
    for (let batch = 0; batch < 12; batch++) {
      const chunks = Array.from({length: 3}, () => randomChunk(random, batch));
      // A failed batch is written again.
      for (let tries = 0; ; tries++) {
        const added = new Map<number, Chunk>();
        const before = writer.chunksWritten;
        try {
          for (const chunk of chunks) added.set(write(writer, chunk), chunk);
          writer.flush();
        } catch (error) {
          assert.match(String(error), /simulated/);
          assert.ok(tries === 0);
          // Chunks that were flushed on the way are there twice; their first references hold, too.
          const flushed = writer.chunksWritten - before;
          for (const [reference, chunk] of [...added].slice(0, flushed)) expected.set(reference, chunk);
          continue;
        }
        for (const [reference, chunk] of added) expected.set(reference, chunk);
        break;
      }
    }
    fs.fault = () => null;
    writer.close();
    assertChunks(fs, expected);
  }
});

test('After a loss of power the files hold a beginning of what was written', () => {
  for (let seed = 0; seed < 60; seed++) {
    const fs = new SimulatedFileSystem();
    const random = new Random(seed);
    const writer = openWriter(fs, 0, 140_000);
    const expected = new Map<number, Chunk>();
    const count = random.below(2000);
    for (let i = 0; i < count; i++) {
      const chunk = randomChunk(random, i);
      expected.set(write(writer, chunk), chunk);
      if (random.below(30) === 0) writer.flush();
    }
    fs.losePower(random);
    const {scan, chunks} = scanAll(fs);
    if (scan.damage !== null) repairHeadChunks(fs, dir, scan.damage, noLogger);
    assertChunks(fs, new Map([...expected].slice(0, chunks.length)));
    // All files but the last one had been synced.
    assert.ok(scan.lastFile >= writer.lastFile - 1);
  }
});

test('scanHeadChunks and HeadChunkReader stand any bytes', () => {
  for (let seed = 0; seed < 300; seed++) {
    const random = new Random(seed);
    const fs = new SimulatedFileSystem();
    const bytes = Uint8Array.from({length: random.below(3000)}, () => random.below(random.pick([2, 256])));
    if (random.below(4) !== 0) bytes.set([0x01, 0x30, 0xbc, 0x91, 1].slice(0, bytes.length));
    fs.put(headChunkPath(dir, 1), bytes);
    const {scan} = scanAll(fs);
    assert.equal(scan.chunks, 0);
    const reader = new HeadChunkReader(fs, dir);
    assert.throws(() => reader.read(1, random.below(3000)), HeadChunkError);
    reader.close();
  }
});
