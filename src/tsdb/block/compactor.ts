import type {Matcher} from '../../model/matcher.ts';
import type {FileSystem} from '../../sys/fs.ts';
import type {Logger} from '../../sys/log.ts';
import type {Scratch} from '../scratch.ts';
import {Block} from './block.ts';
import {PageCache} from './blockfile.ts';
import {checkBlock} from './blockstore.ts';
import {BlockSource} from './blocksource.ts';
import {writeBlock} from './blockwriter.ts';
import {type ChunkStatistics, newChunkStatistics, observe} from './chunkstatistics.ts';
import {BlockDamage} from './damage.ts';
import {type BlockMeta, newMeta, readMeta, writeMeta} from './meta.ts';
import {mergedMeta} from './plan.ts';
import {selectSeries} from './selection.ts';
import {SeriesBatch} from './seriesbatch.ts';
import type {SeriesSource} from './seriessource.ts';
import {writeTombstones} from './tombstones.ts';
import {makeUlid} from './ulid.ts';

/** Indexes are read from their start to their end: few pages are enough. */
const cacheBytes = 4 * 2 ** 20;

export interface Deletion {
  matchers: readonly Matcher[];
  /** Both inclusive. */
  mint: number;
  maxt: number;
}

export interface CompactorOptions {
  fs: FileSystem;
  /** The data folder. */
  dir: string;
  scratch: Scratch;
  log: Logger;
  nowMs: () => number;
  cancelled?: () => boolean;
  segmentBytes?: number;
}

/** For prometheus_tsdb_compaction_*: what was written. */
export interface CompactionResult {
  /** Null where nothing was left to write. */
  meta: BlockMeta | null;
  /** Whether blocks that overlap were merged. */
  overlapping: boolean;
  seconds: number;
  /** Of the chunks of a block of level 1. */
  chunks: ChunkStatistics;
}

/** Makes blocks out of blocks and of the head. Everything happens before a call returns. */
export class Compactor {
  readonly #options: CompactorOptions;

  constructor(options: CompactorOptions) {
    this.#options = options;
  }

  /**
   * Writes a block of level 1 with what `source` has in [minTime, maxTime). `hints` go into its meta.json; a block that it is made
   * of and stands for is its parent. `dir` is the data folder unless it is said.
   */
  write(
    source: SeriesSource,
    {
      minTime,
      maxTime,
      hints = [],
      parent,
      dir = this.#options.dir,
    }: {minTime: number; maxTime: number; hints?: string[]; parent?: BlockMeta; dir?: string},
  ): CompactionResult {
    const meta = newMeta(makeUlid(this.#options.nowMs()), minTime, maxTime);
    meta.compaction.hints = [...hints, ...(parent?.compaction.hints ?? [])].sort();
    if (parent !== undefined) {
      meta.compaction.parents = [{ulid: parent.ulid, minTime: parent.minTime, maxTime: parent.maxTime}];
    }
    const result = this.#write(meta, {dir, sources: [source], overlapping: false});
    if (result.meta === null)
      this.#options.log.info('Write block resulted in empty block', {mint: minTime, maxt: maxTime});
    else {
      const {ulid} = result.meta;
      const duration = `${result.seconds.toFixed(3)}s`;
      this.#options.log.info('Write block completed', {mint: minTime, maxt: maxTime, ulid, duration});
    }
    return result;
  }

  /**
   * Marks as deleted what the series that match all of `matchers` have in [mint, maxt], both inclusive. Gives how many series
   * that were.
   */
  deleteSamples(ulid: string, {matchers, mint, maxt}: Deletion): number {
    const {fs, dir} = this.#options;
    const block = new Block({fs, dir: `${dir}/${ulid}`, cache: new PageCache(cacheBytes)});
    try {
      const {index, meta, tombstones} = block;
      const batch = new SeriesBatch();
      let series = 0;
      for (const ref of selectSeries(index, matchers)) {
        batch.clear();
        index.series(ref, batch, -Infinity, Infinity);
        const {chunkMin, chunkMax, chunksLength} = batch;
        let overlaps = false;
        for (let i = 0; i < chunksLength; i++) overlaps ||= chunkMin[i]! <= maxt && chunkMax[i]! >= mint;
        if (!overlaps) continue;
        series++;
        // Not beyond what the series has.
        tombstones.add(ref, Math.max(mint, chunkMin[0]!), Math.min(maxt, chunkMax[chunksLength - 1]!));
      }
      if (series === 0) return 0;
      meta.stats.numTombstones = tombstones.count;
      writeTombstones(fs, block.dir, tombstones);
      writeMeta(fs, block.dir, meta);
      return series;
    } finally {
      block.close();
    }
  }

  /** Merges blocks into one. Where that fails, they are marked, so that it is not tried again and again. */
  compact(ulids: readonly string[]): CompactionResult {
    const {fs, dir, log} = this.#options;
    const blocks: Block[] = [];
    try {
      const cache = new PageCache(cacheBytes);
      for (const ulid of ulids) blocks.push(new Block({fs, dir: `${dir}/${ulid}`, cache}));
      const result = this.#merge(blocks);
      if (result.meta === null) for (const {dir: folder} of blocks) this.#mark(folder, 'deletable');
      const {ulid = null} = result.meta ?? {};
      const duration = `${result.seconds.toFixed(3)}s`;
      log.info('Compacted blocks', {count: ulids.length, ulid, sources: ulids.join(' '), duration});
      return result;
    } catch (error) {
      // What is wrong with the blocks stays wrong; a full disk does not stay full.
      if (error instanceof BlockDamage || error instanceof RangeError) {
        for (const ulid of ulids) this.#mark(`${dir}/${ulid}`, 'failed');
      }
      throw error;
    } finally {
      for (const block of blocks) block.close();
    }
  }

  /** Writes a block anew without what its tombstones delete. */
  clean(ulid: string): CompactionResult {
    const {fs, dir, scratch} = this.#options;
    const block = new Block({fs, dir: `${dir}/${ulid}`, cache: new PageCache(cacheBytes)});
    try {
      const source = new BlockSource(block, scratch);
      try {
        const {minTime, maxTime} = block.meta;
        return this.write(source, {minTime, maxTime, parent: block.meta});
      } finally {
        source.close();
      }
    } finally {
      block.close();
    }
  }

  #merge(blocks: readonly Block[]): CompactionResult {
    const sorted = [...blocks].sort((left, right) => left.meta.minTime - right.meta.minTime);
    let end = -Infinity;
    let overlapping = false;
    for (const {meta} of sorted) {
      overlapping ||= meta.minTime < end;
      end = Math.max(end, meta.maxTime);
    }
    const meta = mergedMeta(
      makeUlid(this.#options.nowMs()),
      sorted.map((block) => block.meta),
    );
    const sources: BlockSource[] = [];
    try {
      for (const block of sorted) sources.push(new BlockSource(block, this.#options.scratch));
      return this.#write(meta, {dir: this.#options.dir, sources, overlapping});
    } finally {
      for (const source of sources) source.close();
    }
  }

  #write(
    meta: BlockMeta,
    {dir, sources, overlapping}: {dir: string; sources: readonly SeriesSource[]; overlapping: boolean},
  ): CompactionResult {
    const {fs, scratch, cancelled, segmentBytes} = this.#options;
    const start = performance.now();
    const chunkStatistics = newChunkStatistics();
    const observed = meta.compaction.level === 1;
    const written = writeBlock({
      fs,
      dir,
      meta,
      sources,
      scratch,
      ...(segmentBytes === undefined ? {} : {segmentBytes}),
      ...(cancelled === undefined ? {} : {cancelled}),
      onChunk: (samples, bytes, rangeMs) => {
        if (!observed) return;
        observe(chunkStatistics.samples, samples);
        observe(chunkStatistics.bytes, bytes);
        observe(chunkStatistics.rangeMs, rangeMs);
      },
    });
    if (written) checkBlock(fs, `${dir}/${meta.ulid}`);
    const seconds = (performance.now() - start) / 1000;
    return {meta: written ? meta : null, overlapping, seconds, chunks: chunkStatistics};
  }

  #mark(folder: string, field: 'failed' | 'deletable'): void {
    const {fs, log} = this.#options;
    try {
      const meta = readMeta(fs, folder);
      meta.compaction[field] = true;
      writeMeta(fs, folder, meta);
    } catch (error) {
      log.error('Cannot mark a block', {folder, field, err: error});
    }
  }
}
