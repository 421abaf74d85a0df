// Files scanned by two threads: the same chunks in the same order, and the same damage, as with one.
import assert from 'node:assert/strict';
import {closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'node:test';
import {SizeClassArena} from '../../kernels/arena.ts';
import {loadKernels} from '../../kernels/kernels.ts';
import {arenaStart, LinearMemory} from '../../kernels/memory.ts';
import {nodeFileSystem} from '../../sys/fs.ts';
import {noLogger} from '../../sys/log.ts';
import {headChunkPath} from './format.ts';
import {emptyChunk, type HeadChunkScan, type ScannedChunk, scanHeadChunks} from './scan.ts';
import {ScanAhead} from './scan-ahead.ts';
import {chunkOfRow, visitBlocks} from './scan-rows.ts';
import {HeadChunkWriter} from './writer.ts';

const memory = LinearMemory.reserve(2 ** 27);
const linear = {
  memory,
  kernels: loadKernels(memory),
  arena: new SizeClassArena(memory, arenaStart, memory.byteLength),
};

/** Four files of about 40 MB. */
function writeFiles(dir: string): void {
  const writer = new HeadChunkWriter({fs: nodeFileSystem, dir, log: noLogger, lastFile: 0, linear});
  const chunk = new Uint8Array(100_000);
  for (let file = 0; file < 4; file++) {
    for (let i = 0; i < 400; i++) {
      chunk.fill(file * 400 + i);
      chunk[1] = 120;
      const ref = 1 + ((file * 400 + i) % 77);
      const minTime = 1000 * (file * 400 + i);
      writer.write(
        {ref, minTime, maxTime: minTime + 999, encoding: 1, outOfOrder: i % 9 === 0},
        chunk,
        0,
        chunk.length,
      );
    }
    writer.cut();
  }
  writer.close();
}

interface Found {
  hash: number;
  chunks: number;
  scan: HeadChunkScan;
}

async function scanWith(
  scan: (receive: (chunk: ScannedChunk) => void) => HeadChunkScan | Promise<HeadChunkScan>,
): Promise<Found> {
  let hash = 0;
  let chunks = 0;
  const found = await scan((chunk) => {
    chunks++;
    const {ref, minTime, maxTime, encoding, outOfOrder, file, offset, bytes, samples} = chunk;
    for (const each of [ref, minTime, maxTime, encoding, Number(outOfOrder), file, offset, bytes, samples])
      hash = Math.imul(hash ^ each, 31) + 7;
  });
  return {hash, chunks, scan: found};
}

/** scanHeadChunks() by ScanAhead. */
async function scanAhead(dir: string, receive: (chunk: ScannedChunk) => void): Promise<HeadChunkScan> {
  const ahead = ScanAhead.start(nodeFileSystem, dir, {linear})!;
  try {
    const result = (await ahead.result)!;
    const chunk = emptyChunk();
    visitBlocks(result, (block, rows) => {
      for (let row = 0; row < rows; row++) {
        chunkOfRow(block, row, chunk);
        receive(chunk);
      }
    });
    return result.scan;
  } finally {
    await ahead.end();
  }
}

function damageByte(dir: string, file: number, offset: number): void {
  const opened = openSync(headChunkPath(dir, file), 'r+');
  writeSync(opened, Uint8Array.of(0xa5), 0, 1, offset);
  closeSync(opened);
}

test('ScanAhead finds what scanHeadChunks() finds, whatever is damaged or missing', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-scan-'));
  try {
    const dir = join(folder, 'chunks_head');
    mkdirSync(dir);
    writeFiles(dir);
    const before = linear.arena.bytesInUse;
    const compare = async (chunks: number): Promise<void> => {
      const alone = await scanWith((receive) => scanHeadChunks(nodeFileSystem, dir, receive, {linear}));
      const together = await scanWith((receive) => scanAhead(dir, receive));
      assert.equal(alone.chunks, chunks);
      assert.deepEqual(together, alone);
      assert.equal(linear.arena.bytesInUse, before);
    };
    await compare(1600);
    damageByte(dir, 4, 20_000_000);
    await compare(1200 + 199);
    damageByte(dir, 3, 2);
    await compare(800);
    damageByte(dir, 1, 30_000_000);
    await compare(299);
    damageByte(dir, 1, 1);
    await compare(0);
  } finally {
    rmSync(folder, {recursive: true, force: true});
  }
});

test('ScanAhead sees that a file between the two halves is missing', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-scan-'));
  try {
    const dir = join(folder, 'chunks_head');
    mkdirSync(dir);
    writeFiles(dir);
    rmSync(headChunkPath(dir, 2));
    const found = await scanWith((receive) => scanAhead(dir, receive));
    assert.deepEqual(
      [found.chunks, found.scan.lastFile, found.scan.damage?.reason],
      [400, 1, 'file 2 is missing'],
    );
  } finally {
    rmSync(folder, {recursive: true, force: true});
  }
});
