import {cpSync, existsSync, mkdtempSync, rmSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {SizeClassArena} from '../../kernels/arena.ts';
import {loadKernels} from '../../kernels/kernels.ts';
import {LinearMemory} from '../../kernels/memory.ts';
import {nodeFileSystem} from '../../sys/fs.ts';
import {noLogger} from '../../sys/log.ts';
import type {Block} from '../../tsdb/block/block.ts';
import {PageCache} from '../../tsdb/block/blockfile.ts';
import {BlockSet} from '../../tsdb/block/blockset.ts';
import {Db} from '../../tsdb/db.ts';
import {HeadReader} from '../../tsdb/head/reader.ts';
import type {Scratch} from '../../tsdb/scratch.ts';
import {headChunksDirectory} from '../../tsdb/headchunks/format.ts';
import {HeadChunkReader} from '../../tsdb/headchunks/reader.ts';
import {DbReader} from '../../tsdb/querier.ts';

/** What of a data folder belongs to the head. */
const headFolders = ['wal', 'wbl', 'chunks_head'];

export function makeScratch(): Scratch {
  const memory = LinearMemory.reserve(2 ** 30);
  return {
    memory,
    kernels: loadKernels(memory),
    arena: new SizeClassArena(memory, 65_536, memory.byteLength),
  };
}

/** The blocks of a data folder, for reading; nothing in it is changed. Throws where one cannot be opened. */
export function openBlocks(dir: string): BlockSet {
  // The words of the system, where there is no such folder.
  statSync(dir);
  const blocks = new BlockSet({
    fs: nodeFileSystem,
    dir,
    cache: new PageCache(),
    onPartDamage: (ulid, damage) =>
      void process.stderr.write(`a part of block ${ulid} is left out: ${damage.message}\n`),
    onMended: (ulid, damage) =>
      void process.stderr.write(
        `postings of block ${ulid} are made again of the series: ${damage.message}\n`,
      ),
  });
  const {length} = blocks.blocks;
  const [damaged] = blocks.leftOut({mint: -Infinity, maxt: Infinity});
  if (damaged !== undefined) {
    blocks.close();
    throw new Error(`corrupted block ${damaged[0]}: ${damaged[1].message} (${length} others can be read)`);
  }
  return blocks;
}

/** A block by its ULID, or the newest. */
export function chooseBlock(blocks: BlockSet, dir: string, ulid: string): Block {
  const all = blocks.blocks;
  if (ulid === '') {
    const newest = all.reduce<Block | null>(
      (best, block) => (best === null || block.meta.ulid > best.meta.ulid ? block : best),
      null,
    );
    if (newest === null) throw new Error('no blocks found');
    return newest;
  }
  const found = all.find(({meta}) => meta.ulid === ulid);
  if (found === undefined) throw new Error(`cannot open block ${ulid}: ${dir} has no such block`);
  return found;
}

export interface ReadOnlyDb {
  reader: DbReader;
  close(): Promise<void>;
}

/**
 * A whole data folder for reading: its blocks, and what is in its log. The log is copied to a folder of its own first, in
 * `sandboxRoot` or in the data folder, since reading it may repair it.
 */
export async function openReadOnly(dir: string, sandboxRoot: string): Promise<ReadOnlyDb> {
  const blocks = openBlocks(dir);
  const sandbox = mkdtempSync(join(sandboxRoot === '' ? dir : sandboxRoot, 'tmp_dbro_sandbox'));
  try {
    for (const name of headFolders) {
      if (existsSync(join(dir, name))) cpSync(join(dir, name), join(sandbox, name), {recursive: true});
    }
    const memory = LinearMemory.reserve();
    const options = {memory, kernels: loadKernels(memory), log: noLogger, lockfile: false};
    const db = await Db.open({dir: sandbox, ...options});
    const files = new HeadChunkReader(nodeFileSystem, headChunksDirectory(sandbox));
    const head = new HeadReader(memory, makeScratch(), 1, files);
    return {
      reader: new DbReader(head, blocks),
      async close() {
        await db.close();
        blocks.close();
        rmSync(sandbox, {recursive: true, force: true});
      },
    };
  } catch (error) {
    blocks.close();
    rmSync(sandbox, {recursive: true, force: true});
    throw error;
  }
}
