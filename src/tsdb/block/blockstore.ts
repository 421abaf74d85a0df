import {assert} from '../../base/assert.ts';
import {type FileSystem, hasCode} from '../../sys/fs.ts';
import type {Logger} from '../../sys/log.ts';
import {Block} from './block.ts';
import {PageCache} from './blockfile.ts';
import {blockNames} from './blockset.ts';
import {creationSuffix, deletionSuffix} from './blockwriter.ts';
import {chunksFolder} from './segments.ts';
import {type BlockMeta, readMeta} from './meta.ts';
import {beyondRetention, type RetentionLimits} from './retention.ts';
import {isUlid} from './ulid.ts';

/** A block on the disk. */
export interface StoredBlock {
  meta: BlockMeta;
  bytes: number;
}

export interface BlockStoreOptions {
  fs: FileSystem;
  /** The data folder. */
  dir: string;
  log: Logger;
  retention: () => RetentionLimits;
  /** Bytes of the head's own files, which count for the retention by size. */
  headBytes: () => number;
  /** Called when the set of blocks has changed on the disk. */
  onChange: () => void;
}

/** For metrics. Counters only rise. */
export interface BlockStoreStatistics {
  reloads: number;
  reloadsFailed: number;
  timeRetentions: number;
  sizeRetentions: number;
}

/**
 * The blocks of a data folder as their owner sees them: which there are, and which are to go. Only one thread of one process has a
 * store for a folder; readers open the blocks themselves (BlockSet) and keep what they have open.
 */
export class BlockStore {
  readonly statistics: BlockStoreStatistics = {
    reloads: 0,
    reloadsFailed: 0,
    timeRetentions: 0,
    sizeRetentions: 0,
  };
  readonly #options: BlockStoreOptions;
  #blocks: StoredBlock[] = [];
  /** Blocks that were complained of already. */
  readonly #damaged = new Set<string>();
  /** Blocks that were opened once without a complaint. */
  readonly #sound = new Set<string>();

  constructor(options: BlockStoreOptions) {
    this.#options = options;
  }

  /** By their first time. */
  get blocks(): readonly StoredBlock[] {
    return this.#blocks;
  }

  get bytes(): number {
    return this.#blocks.reduce((sum, {bytes}) => sum + bytes, 0);
  }

  /** Blocks that cannot be read. */
  get damagedCount(): number {
    return this.#damaged.size;
  }

  /** Their names. */
  get damaged(): readonly string[] {
    return [...this.#damaged];
  }

  /** Removes what a crash has left of blocks that were being written or deleted. */
  removeRemains(): void {
    const {fs, dir, log} = this.#options;
    for (const name of fs.list(dir)) {
      const suffix = [creationSuffix, deletionSuffix, '.tmp'].find((each) => name.endsWith(each));
      if (suffix === undefined || !isUlid(name.slice(0, -suffix.length))) continue;
      log.info('Found and deleted tmp block dir', {dir: name});
      fs.remove(`${dir}/${name}`);
    }
  }

  /** The block need not be looked through: whoever has written it has done so. */
  trust(ulid: string): void {
    this.#sound.add(ulid);
  }

  /** Looks at the folder, deletes what others stand for and what is beyond the retention. */
  reload(): void {
    this.statistics.reloads++;
    try {
      this.#reload();
    } catch (error) {
      this.statistics.reloadsFailed++;
      throw error;
    }
  }

  /** The time up to which blocks hold all samples that came in order; -Infinity without such blocks. */
  inOrderMaxTime(): number {
    let max = -Infinity;
    for (const {meta} of this.#blocks) {
      // Blocks of late samples, or of some series only, say nothing of the rest.
      if (meta.compaction.hints.length === 0) max = Math.max(max, meta.maxTime);
    }
    return max;
  }

  /** Readers are to look at the blocks again. */
  changed(): void {
    this.reload();
    this.#options.onChange();
  }

  /** Deletes one block. */
  delete(ulid: string): void {
    const {fs, dir, log} = this.#options;
    const target = `${dir}/${ulid}`;
    if (fs.status(target) === null) return;
    const removed = `${target}${deletionSuffix}`;
    // With another name first, so that a crash leaves no part of a block that looks like a whole one.
    fs.remove(removed);
    fs.rename(target, removed);
    fs.syncDirectory(dir);
    fs.remove(removed);
    log.info('Deleting obsolete block', {block: ulid});
  }

  #reload(): void {
    const {fs, dir, retention, headBytes, onChange} = this.#options;
    const before = this.#blocks.map(({meta}) => meta.ulid).join();
    const names = blockNames(fs, dir);
    for (const ulid of this.#damaged) if (!names.includes(ulid)) this.#damaged.delete(ulid);
    const found = names.map((ulid) => this.#read(ulid)).filter((block) => block !== null);
    const beyond = beyondRetention(found, retention(), headBytes());
    if (beyond.byTime) this.statistics.timeRetentions++;
    if (beyond.bySize) this.statistics.sizeRetentions++;
    const obsolete = new Set(beyond.ulids);
    for (const {meta} of found) {
      if (meta.compaction.deletable) obsolete.add(meta.ulid);
      for (const {ulid} of meta.compaction.parents) obsolete.add(ulid);
    }
    for (const ulid of this.#sound) if (!found.some(({meta}) => meta.ulid === ulid)) this.#sound.delete(ulid);
    this.#blocks = found
      .filter(({meta}) => !obsolete.has(meta.ulid))
      .sort((left, right) => left.meta.minTime - right.meta.minTime);
    // Readers are told first, so that they take up what is new before what is old goes.
    if (this.#blocks.map(({meta}) => meta.ulid).join() !== before) onChange();
    for (const ulid of obsolete) this.delete(ulid);
  }

  #read(ulid: string): StoredBlock | null {
    const {fs, dir, log} = this.#options;
    const folder = `${dir}/${ulid}`;
    try {
      const block = {meta: readMeta(fs, folder), bytes: folderBytes(fs, folder)};
      if (!this.#sound.has(ulid)) checkBlock(fs, folder);
      this.#sound.add(ulid);
      this.#damaged.delete(ulid);
      return block;
    } catch (error) {
      if (!this.#damaged.has(ulid)) {
        log.error('A block cannot be read and is left out', {dir: folder, err: error});
      }
      this.#damaged.add(ulid);
      return null;
    }
  }
}

/** Opens a block and reads what has to be whole for all of it: a block that others were merged into has to be before these go. */
export function checkBlock(fs: FileSystem, dir: string): void {
  const block = new Block({fs, dir, cache: new PageCache(0)});
  try {
    assert(block.index.version > 0, 'the index is read');
  } finally {
    block.close();
  }
}

function folderBytes(fs: FileSystem, folder: string): number {
  let bytes = 0;
  for (const each of [folder, `${folder}/${chunksFolder}`]) {
    try {
      for (const name of fs.list(each)) {
        const status = fs.status(`${each}/${name}`);
        if (status !== null && !status.directory) bytes += status.bytes;
      }
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) throw error;
    }
  }
  return bytes;
}
