import type {FileSystem} from '../../sys/fs.ts';
import {BlockFile, type PageCache} from './blockfile.ts';
import {BlockIndex, indexFile} from './index.ts';
import {type BlockMeta, formatMeta, readMeta} from './meta.ts';
import {Segments} from './segments.ts';
import {readTombstones, type Tombstones} from './tombstones.ts';

export interface BlockOptions {
  fs: FileSystem;
  /** The block's folder. */
  dir: string;
  cache: PageCache;
}

/**
 * A block, open for reading. Its files stay open, so it can be read to the end by whoever has it, even when it has been
 * deleted. The index is read when it is first needed.
 */
export class Block {
  readonly dir: string;
  /** As it was when the block was opened or looked at again. */
  meta: BlockMeta;
  readonly segments: Segments;
  tombstones: Tombstones;
  /** On the disk, in bytes. */
  readonly bytes: number;
  readonly #fs: FileSystem;
  readonly #indexFile: BlockFile;
  #index: BlockIndex | null = null;
  #readers = 0;
  #closing = false;

  /** Opens the files. Throws BlockDamage where they are not what they should be, as far as that shows at once. */
  constructor({fs, dir, cache}: BlockOptions) {
    this.#fs = fs;
    this.dir = dir;
    this.meta = readMeta(fs, dir);
    const {tombstones, bytes} = readTombstones(fs, dir);
    this.tombstones = tombstones;
    this.segments = Segments.open(fs, dir, cache);
    try {
      this.#indexFile = new BlockFile(fs, `${dir}/${indexFile}`, cache);
    } catch (error) {
      this.segments.close();
      throw error;
    }
    const metaBytes = new TextEncoder().encode(formatMeta(this.meta)).length;
    this.bytes = this.segments.bytes + this.#indexFile.size + bytes + metaBytes;
  }

  /** Throws BlockDamage. */
  get index(): BlockIndex {
    this.#index ??= new BlockIndex(this.#indexFile);
    return this.#index;
  }

  /** Reads again what may change of a block: its meta.json and tombstones. What is being read keeps to the old ones. */
  lookAgain(): void {
    this.meta = readMeta(this.#fs, this.dir);
    this.tombstones = readTombstones(this.#fs, this.dir).tombstones;
  }

  /** Whether the block may have samples in [mint, maxt]. */
  overlaps({mint, maxt}: {mint: number; maxt: number}): boolean {
    return this.meta.minTime <= maxt && mint < this.meta.maxTime;
  }

  /** Somebody reads: the files stay open until release(). */
  retain(): void {
    this.#readers++;
  }

  release(): void {
    this.#readers--;
    if (this.#closing && this.#readers === 0) this.#closeFiles();
  }

  /** Closes the files when the last reader has left. */
  close(): void {
    if (this.#closing) return;
    this.#closing = true;
    if (this.#readers === 0) this.#closeFiles();
  }

  #closeFiles(): void {
    this.#indexFile.close();
    this.segments.close();
  }
}
