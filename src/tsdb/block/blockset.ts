import type {FileSystem} from '../../sys/fs.ts';
import {Block} from './block.ts';
import type {PageCache} from './blockfile.ts';
import {BlockDamage} from './damage.ts';
import {metaFile} from './meta.ts';
import {isUlid} from './ulid.ts';

export interface BlockSetOptions {
  fs: FileSystem;
  /** The data folder. */
  dir: string;
  cache: PageCache;
  /** Counts how often the set of blocks has changed; a change is published after the folder has changed. */
  version?: () => number;
  /** Told once of each block that cannot be opened. */
  onDamage?: (ulid: string, error: Error) => void;
  /** Told once of each chunk and each series that cannot be read and is left out. */
  onPartDamage?: (ulid: string, damage: BlockDamage) => void;
  /** Milliseconds of a clock that only goes forward. */
  elapsed?: () => number;
  /** Told once of each list of postings that cannot be read and was made again. */
  onMended?: (ulid: string, damage: BlockDamage) => void;
}

/** What may be better later, such as too many open files, is tried again so often at most. */
const retryMs = 1000;

/** What is damaged may be mended by hand or come from a backup: it is opened again so often, as the owner of the blocks does. */
const damageRetryMs = 60_000;

/** Looks at the folder for one refresh. */
const triesMax = 20;

/** Of more damage than this, nothing new is told. */
const partsToldMax = 1000;

/** Why a block is left out, and what is known of it. */
interface LeftOut {
  error: Error;
  /** As far as its meta.json could be read. */
  minTime: number;
  maxTime: number;
  /** When damage is looked at again. */
  retryAtMs: number;
}

/**
 * The blocks of a data folder, open in this thread, by time. A block that others were made into is not among them: it is still
 * there only because it was not deleted in time.
 */
export class BlockSet {
  /** Blocks that cannot be read, by ULID. */
  readonly #damaged = new Map<string, LeftOut>();
  readonly #options: BlockSetOptions;
  #blocks: Block[] = [];
  /** Open blocks that are not in the set. */
  #hidden: Block[] = [];
  #version = -1;
  /** A block was gone before it could be opened. */
  #vanished = false;
  /** Something could not be opened or read that may be later. */
  #failed = false;
  #retryAtMs = -Infinity;
  readonly #partsTold = new Set<string>();

  constructor(options: BlockSetOptions) {
    this.#options = options;
  }

  /** All blocks, by their first time. */
  get blocks(): readonly Block[] {
    this.refresh();
    return this.#blocks;
  }

  /**
   * The blocks that may have samples in the range. One whose index turns out to be damaged is left out from then on: what the
   * others have is worth more than an error.
   */
  overlapping(range: {mint: number; maxt: number}): Block[] {
    return this.blocks.filter(
      (block) => block.overlaps(range) && !this.#damaged.has(block.meta.ulid) && this.#isSound(block),
    );
  }

  /** Blocks that cannot be read and may have samples in the range, with the reason. */
  *leftOut({mint, maxt}: {mint: number; maxt: number}): Generator<[ulid: string, reason: Error]> {
    for (const [ulid, {minTime, maxTime, error}] of this.#damaged) {
      if (minTime <= maxt && mint < maxTime) yield [ulid, error];
    }
  }

  /** Something of a block could not be read, and was left out. */
  notePartDamage(block: Block, damage: BlockDamage): void {
    if (this.#isNew(damage)) this.#options.onPartDamage?.(block.meta.ulid, damage);
  }

  /** A list of postings of a block could not be read, and was made of what its series say. */
  noteMended(block: Block, damage: BlockDamage): void {
    if (this.#isNew(damage)) this.#options.onMended?.(block.meta.ulid, damage);
  }

  #isNew({message}: BlockDamage): boolean {
    if (this.#partsTold.has(message) || this.#partsTold.size >= partsToldMax) return false;
    this.#partsTold.add(message);
    return true;
  }

  /** Looks at the folder again if it has changed. */
  refresh(): void {
    const version = this.#options.version?.() ?? 0;
    if (version === this.#version && !this.#isToRetry()) return;
    this.reload();
    this.#version = version;
    if (this.#failed) this.#retryAtMs = this.#elapsedMs() + retryMs;
  }

  #isToRetry(): boolean {
    if (this.#failed && this.#elapsedMs() >= this.#retryAtMs) return true;
    for (const ulid of this.#damaged.keys()) if (this.#isDue(ulid)) return true;
    return false;
  }

  /** Whether the block is damaged and to be opened again. */
  #isDue(ulid: string): boolean {
    const known = this.#damaged.get(ulid);
    return known !== undefined && this.#elapsedMs() >= known.retryAtMs;
  }

  #elapsedMs(): number {
    return this.#options.elapsed?.() ?? performance.now();
  }

  /** Looks at the folder again. Blocks that are open stay so; those that are gone are closed when their readers have left. */
  reload(): void {
    for (let tries = 1; ; tries++) {
      this.#vanished = false;
      this.#failed = false;
      this.#reload();
      // What has gone while we looked is part of another block by now, which we may not have seen.
      if (!this.#vanished || tries === triesMax) return;
    }
  }

  #reload(): void {
    const {fs, dir} = this.#options;
    const open = new Map([...this.#blocks, ...this.#hidden].map((block) => [block.meta.ulid, block]));
    const present = blockNames(fs, dir);
    const found: Block[] = [];
    for (const ulid of present) {
      // One that is to be opened again is closed as if it were gone.
      const known = this.#isDue(ulid) ? undefined : open.get(ulid);
      const block = known === undefined ? this.#tryOpen(ulid) : this.#lookAgain(known);
      if (block === null) continue;
      found.push(block);
      if (block === known) open.delete(ulid);
    }
    for (const block of open.values()) block.close();
    const replaced = new Set<string>();
    for (const block of found) {
      const parents = block.meta.compaction.parents.map(({ulid}) => ulid);
      const there = parents.filter((ulid) => present.includes(ulid));
      // Only what can be read stands for others.
      if (there.length > 0 && this.#isSound(block)) for (const ulid of there) replaced.add(ulid);
    }
    const visible = ({meta}: Block): boolean =>
      !replaced.has(meta.ulid) && !meta.compaction.deletable && !this.#damaged.has(meta.ulid);
    this.#blocks = found.filter(visible).sort((left, right) => left.meta.minTime - right.meta.minTime);
    this.#hidden = found.filter((block) => !visible(block));
    for (const ulid of this.#damaged.keys()) if (!present.includes(ulid)) this.#damaged.delete(ulid);
  }

  close(): void {
    for (const block of [...this.#blocks, ...this.#hidden]) block.close();
    this.#blocks = [];
    this.#hidden = [];
    this.#version = -1;
  }

  /** Whether the index can be read. It is read only once. */
  #isSound(block: Block): boolean {
    try {
      return block.index.version > 0;
    } catch (error) {
      // What can be tried again is not kept in mind.
      if (!(error instanceof BlockDamage)) throw error;
      this.#leaveOut(block.meta.ulid, error, block.meta);
      return false;
    }
  }

  #leaveOut(ulid: string, error: Error, times?: {minTime: number; maxTime: number}): void {
    const known = this.#damaged.get(ulid);
    const {minTime, maxTime} = times ?? known ?? {minTime: -Infinity, maxTime: Infinity};
    if (known === undefined) this.#options.onDamage?.(ulid, error);
    // What is no damage has #failed set, and is tried each time.
    const retryAtMs = error instanceof BlockDamage ? this.#elapsedMs() + damageRetryMs : Infinity;
    this.#damaged.set(ulid, {error, minTime, maxTime, retryAtMs});
  }

  /** Null where the block is gone by now, or damaged. What can be tried again leaves it as it was. */
  #lookAgain(block: Block): Block | null {
    try {
      block.lookAgain();
      return block;
    } catch (error) {
      const {ulid} = block.meta;
      if (!(error instanceof BlockDamage)) {
        if (this.#noteVanished(ulid)) return null;
        this.#failed = true;
        return block;
      }
      this.#leaveOut(ulid, error, block.meta);
      return null;
    }
  }

  /** Whether the block is gone. */
  #noteVanished(ulid: string): boolean {
    const {fs, dir} = this.#options;
    if (fs.status(`${dir}/${ulid}`) === null) this.#vanished = true;
    return fs.status(`${dir}/${ulid}/${metaFile}`) === null;
  }

  #tryOpen(ulid: string): Block | null {
    const {fs, dir, cache} = this.#options;
    const known = this.#damaged.get(ulid)?.error;
    if (known instanceof BlockDamage && !this.#isDue(ulid)) return null;
    let block: Block | null = null;
    try {
      block = new Block({fs, dir: `${dir}/${ulid}`, cache});
      // What was damaged is told of again only where it was whole for a while.
      if (!(known instanceof BlockDamage) || this.#isSound(block)) this.#damaged.delete(ulid);
      return block;
    } catch (error) {
      block?.close();
      // It may have been deleted between the look at the folder and now.
      if (!(error instanceof BlockDamage)) {
        if (this.#noteVanished(ulid)) return null;
        this.#failed = true;
      }
      this.#leaveOut(ulid, error as Error);
      return null;
    }
  }
}

/** The ULIDs of the blocks in a data folder. */
export function blockNames(fs: FileSystem, dir: string): string[] {
  return fs.list(dir).filter(isUlid).sort();
}
