// Makes a sound block of what can be read of a damaged one.

import {assert} from '../../base/assert.ts';
import type {FileSystem} from '../../sys/fs.ts';
import type {Scratch} from '../scratch.ts';
import {BlockFile, PageCache} from './blockfile.ts';
import {checkBlock} from './blockstore.ts';
import {writeBlock} from './blockwriter.ts';
import {ChunkWindow} from './chunkwindow.ts';
import {SampleColumns} from './columns.ts';
import {appendChunk, chunkSamples} from './decode.ts';
import {indexFile} from './index.ts';
import {type BlockMeta, emptyStats, hint, newMeta, readMeta} from './meta.ts';
import {whyUnreadable} from './damage.ts';
import {type SalvagedSeries, SalvagedIndex, type SalvageEvents} from './salvageindex.ts';
import {Segments} from './segments.ts';
import {SeriesBatch} from './seriesbatch.ts';
import type {SeriesSource} from './seriessource.ts';
import {type Intervals, readTombstones, Tombstones} from './tombstones.ts';
import {makeUlid} from './ulid.ts';

/** What could not be saved. */
export interface SalvageLoss {
  /** Its labels, where they are known; null = the whole block. */
  series: string | null;
  /** First and last time of what is lost, inclusive; of the whole block where no more is known; null where that is not known. */
  mint: number | null;
  maxt: number | null;
  why: string;
}

export interface Salvaged {
  /** Parts that are damaged and were made anew, or that nothing is lost without. */
  damaged: {part: string; why: string}[];
  losses: SalvageLoss[];
  /** The new block; null where nothing can be saved. Where nothing was to be written, what it would be. */
  meta: BlockMeta | null;
}

export interface SalvageOptions {
  fs: FileSystem;
  /** The data folder. */
  dir: string;
  ulid: string;
  scratch: Scratch;
  nowMs: () => number;
  /** Only say what would be saved. */
  dryRun: boolean;
}

/** Reads a damaged block twice, once to see what there is, and writes the rest to a new block beside it. */
export function salvageBlock(options: SalvageOptions): Salvaged {
  const {fs, dir, ulid, scratch, dryRun} = options;
  const folder = `${dir}/${ulid}`;
  const salvaged: Salvaged = {damaged: [], losses: [], meta: null};
  const damaged = (part: string, why: string): void => void salvaged.damaged.push({part, why});
  const old = attempt(damaged, 'meta.json', () => readMeta(fs, folder));
  const range = {mint: old === null ? null : old.minTime, maxt: old === null ? null : old.maxTime - 1};
  const lost = (series: string | null, why: string): void =>
    void salvaged.losses.push({series, ...range, why});
  const files = new DamagedFiles(fs, folder, damaged);
  try {
    const index = new SalvagedIndex(files.openIndex(), {damaged, lost});
    const {tombstones} = files;
    const open = (onLoss: (loss: SalvageLoss) => void): SalvageSource =>
      new SalvageSource({index, segments: files.segments!, tombstones, scratch, onLoss});
    const found = withSource(
      open((loss) => salvaged.losses.push(loss)),
      survey,
    );
    if (found.stats.numSamples === 0) return salvaged;
    const meta = salvagedMeta(makeUlid(options.nowMs()), old, found);
    salvaged.meta = meta;
    if (dryRun) return salvaged;
    meta.stats = emptyStats();
    const written = withSource(open(ignoreLoss), (source) =>
      writeBlock({fs, dir, meta, sources: [source], scratch}),
    );
    if (written) checkBlock(fs, `${dir}/${meta.ulid}`);
    else salvaged.meta = null; // All of it is deleted.
  } catch (error) {
    if (salvaged.meta !== null) throw error;
    lost(null, whyUnreadable(error));
  } finally {
    files.close();
  }
  return salvaged;
}

function ignoreLoss(): void {}

function attempt<T>(damaged: SalvageEvents['damaged'], part: string, read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    damaged(part, whyUnreadable(error));
    return null;
  }
}

/** The files of a block, as far as they can be opened. */
class DamagedFiles {
  readonly segments: Segments | null;
  readonly tombstones: Tombstones;
  readonly #fs: FileSystem;
  readonly #folder: string;
  readonly #cache = new PageCache();
  #index: BlockFile | null = null;

  constructor(fs: FileSystem, folder: string, damaged: SalvageEvents['damaged']) {
    this.#fs = fs;
    this.#folder = folder;
    this.segments = attempt(damaged, 'chunks', () =>
      Segments.openDamaged(fs, folder, this.#cache, ({message}) => damaged('header of a segment', message)),
    );
    const read = attempt(damaged, 'tombstones: what they delete comes back', () =>
      readTombstones(fs, folder),
    );
    this.tombstones = read?.tombstones ?? new Tombstones();
  }

  openIndex(): BlockFile {
    if (this.segments === null) throw new RangeError('it has no chunks that can be read');
    this.#index = new BlockFile(this.#fs, `${this.#folder}/${indexFile}`, this.#cache);
    return this.#index;
  }

  close(): void {
    this.#index?.close();
    this.segments?.close();
  }
}

function withSource<T>(source: SalvageSource, use: (source: SalvageSource) => T): T {
  try {
    return use(source);
  } finally {
    source.close();
  }
}

interface Survey {
  minTime: number;
  maxTime: number;
  stats: BlockMeta['stats'];
}

/** Reads all of it. */
function survey(source: SalvageSource): Survey {
  const stats = emptyStats();
  while (source.next()) {
    if (source.chunkCount === 0) continue;
    stats.numSeries++;
    stats.numChunks += source.chunkCount;
  }
  stats.numSamples = source.samples;
  return {minTime: source.minTime, maxTime: source.maxTime, stats};
}

/**
 * As the damaged block says it is, with all that was found. It stands for no other block: those that the damaged one was made of
 * may be whole. Where nothing is known, it is marked so that the log is not taken to be in it.
 */
function salvagedMeta(ulid: string, old: BlockMeta | null, {minTime, maxTime, stats}: Survey): BlockMeta {
  const meta = newMeta(
    ulid,
    Math.min(minTime, old?.minTime ?? Infinity),
    Math.max(maxTime + 1, old?.maxTime ?? -Infinity),
  );
  meta.stats = stats;
  if (old === null) {
    meta.compaction.hints = [hint.outOfOrder];
    return meta;
  }
  const {level, sources, hints} = old.compaction;
  meta.compaction.level = Math.max(1, level);
  meta.compaction.hints = hints;
  if (level > 1) meta.compaction.sources = sources;
  meta.extra = old.extra;
  return meta;
}

interface SourceOptions {
  index: SalvagedIndex;
  segments: Segments;
  tombstones: Tombstones;
  scratch: Scratch;
  onLoss: (loss: SalvageLoss) => void;
}

/** The series of a damaged block with those of their chunks that can be read to the last sample. */
class SalvageSource implements SeriesSource {
  minTime = Infinity;
  maxTime = -Infinity;
  labels = new Uint32Array(64);
  labelsLength = 0;
  encoding = 0;
  data: Uint8Array = new Uint8Array(0);
  deleted: Intervals | undefined = undefined;
  /** Of all chunks so far. */
  samples = 0;
  readonly #options: SourceOptions;
  readonly #window: ChunkWindow;
  readonly #columns: SampleColumns;
  readonly #batch = new SeriesBatch();
  #chunks: {min: number; max: number; at: number}[] = [];
  #at = -1;

  constructor(options: SourceOptions) {
    this.#options = options;
    this.#window = new ChunkWindow(options.segments, options.scratch);
    this.#columns = new SampleColumns(options.scratch);
  }

  symbols(): Iterable<string> {
    return this.#options.index.texts;
  }

  get chunkCount(): number {
    return this.#chunks.length;
  }

  next(): boolean {
    const {index, tombstones} = this.#options;
    const series = index.series[++this.#at];
    if (series === undefined) return false;
    this.labelsLength = series.labels.length;
    if (this.labelsLength > this.labels.length) this.labels = new Uint32Array(2 * this.labelsLength);
    this.labels.set(series.labels);
    this.deleted = tombstones.of(series.ref);
    index.chunks(series, this.#batch);
    this.#readChunks(series);
    return true;
  }

  chunkMin(index: number): number {
    return this.#chunks[index]!.min;
  }

  chunkMax(index: number): number {
    return this.#chunks[index]!.max;
  }

  load(index: number): void {
    this.#window.load(this.#batch.chunkRefs, this.#chunks[index]!.at, this.#batch.chunksLength);
    this.encoding = this.#window.encoding;
    this.data = this.#window.data();
  }

  close(): void {
    this.#window.free();
    this.#columns.free();
  }

  #readChunks(series: SalvagedSeries): void {
    const {index, onLoss} = this.#options;
    const {chunkMin, chunkMax, chunksLength} = this.#batch;
    this.#chunks = [];
    for (let at = 0; at < chunksLength; at++) {
      try {
        this.#chunks.push(this.#readChunk(at));
      } catch (error) {
        const why = whyUnreadable(error);
        onLoss({series: index.labelText(series.labels), mint: chunkMin[at]!, maxt: chunkMax[at]!, why});
      }
    }
    this.#chunks.sort((left, right) => left.min - right.min);
  }

  /** Reads a chunk to its end, and gives the times that it really has. */
  #readChunk(at: number): {min: number; max: number; at: number} {
    this.#window.load(this.#batch.chunkRefs, at, this.#batch.chunksLength);
    const {encoding} = this.#window;
    const data = this.#window.data();
    const columns = this.#columns;
    columns.clear();
    appendChunk(columns, encoding, data, {mint: -Infinity, maxt: Infinity});
    const {times, length} = columns;
    if (length === 0 || length !== chunkSamples(encoding, data)) {
      throw new RangeError(
        `the chunk has ${length} samples and says that it has ${chunkSamples(encoding, data)}`,
      );
    }
    for (let i = 1; i < length; i++) {
      if (!(times[i]! > times[i - 1]!)) throw new RangeError(`time ${times[i]} does not rise`);
    }
    const min = times[0]!;
    const max = times[length - 1]!;
    assert(max >= min, 'times rise');
    this.minTime = Math.min(this.minTime, min);
    this.maxTime = Math.max(this.maxTime, max);
    this.samples += length;
    return {min, max, at};
  }
}
