import {SizeClassArena} from '../kernels/arena.ts';
import type {Kernels} from '../kernels/kernels.ts';
import type {LinearMemory} from '../kernels/memory.ts';
import {arenaStart} from '../kernels/memory.ts';
import type {Matcher} from '../model/matcher.ts';
import type {Appender} from '../storage/appender.ts';
import {systemClock} from '../sys/clock.ts';
import type {Clock} from '../sys/clock.ts';
import {nodeFileSystem} from '../sys/fs.ts';
import type {FileSystem} from '../sys/fs.ts';
import type {Logger} from '../sys/log.ts';
import {BlockStore} from './block/blockstore.ts';
import type {RetentionLimits} from './block/retention.ts';
import {blockRanges} from './block/plan.ts';
import {Administration} from './administration.ts';
import {type CompactionStatistics, Compactions, type CompactorCalls} from './compactions.ts';
import {Head} from './head/head.ts';
import {headerBlocks} from './head/header.ts';
import {headChunksDirectory} from './headchunks/format.ts';
import {deleteFromHead} from './headdeletion.ts';
import {DirectoryLock} from './lock.ts';
import type {Processes} from './lock.ts';
import {type OpenLogs, openLogs, walDirectory} from './logs.ts';
import type {OnReplayProgress} from './replayphases.ts';
import type {Compression} from './wal/compression.ts';
import type {ReplayResult} from './wal/replay.ts';
import {writeSnapshot} from './snapshot/write.ts';
import {directoryBytes} from './wal/segments.ts';
import type {TruncationStatistics} from './wal/truncation.ts';

export interface DbOptions {
  /** The data directory (--storage.tsdb.path); made where it is missing. */
  dir: string;
  memory: LinearMemory;
  kernels: Kernels;
  /** Over the same memory. Made where it is not given. */
  arena?: SizeClassArena;
  log: Logger;
  clock?: Clock;
  fs?: FileSystem;
  processes?: Processes;
  /** Whether the directory is locked (--storage.tsdb.no-lockfile says no). */
  lockfile?: boolean;
  walCompression?: Compression;
  walSegmentBytes?: number;
  /** Span of time of a block. */
  chunkRangeMs?: number;
  /** Whether snapshots of the memory are read, and written by close(). */
  snapshots?: boolean;
  /** How floats are stored: xor2 has room for start timestamps. Default: xor. */
  floatEncoding?: 'xor' | 'xor2';
  /** Whether histograms are stored with start timestamps. Default: no. */
  histogramStartTimes?: boolean;
  /** Whether the log has start timestamps. Default: no. */
  walStartTimes?: boolean;
  /** Exemplars that are kept; 0 where it is not said. */
  exemplarsMax?: number;
  /** Makes blocks of what the head has, and larger blocks of smaller ones; null = nothing is compacted or deleted. */
  compactor?: CompactorCalls;
  /** What is kept; asked each time. */
  retention?: () => RetentionLimits;
  /** Longest block. */
  blockMsMax?: number;
  onReplayProgress?: OnReplayProgress;
  /** With so many bytes of full chunks, or of a snapshot, threads of their own read them. */
  scanBytesMin?: number;
}

/** How long full chunks stay in memory, at most. */
const moveDelayMs = 5000;

/** For metrics: prometheus_tsdb_wal_*, prometheus_tsdb_data_replay_duration_seconds and _clean_start. Counters only rise. */
export interface DbStatistics {
  segmentCurrent: number;
  storageBytes: number;
  fsyncs: number;
  fsyncsFailed: number;
  fsyncSecondsTotal: number;
  /** `[quantile, seconds]` of the last fsyncs, rising. */
  fsyncSecondsQuantiles: [number, number][];
  writesFailed: number;
  corruptions: number;
  truncations: number;
  truncationsFailed: number;
  pageFlushes: number;
  completedPages: number;
  recordsWritten: number;
  recordPartsWritten: number;
  recordBytesSaved: number;
  bytesWritten: number;
  replaySeconds: number;
  /** Records of the log that named no series, or one that is gone, by replay. */
  replayUnknownRefs: number;
  /** -1 without a lock file, 0 after a crash, 1 after an orderly stop. */
  cleanStart: number;
  blocks: BlocksStatistics;
}

/** For prometheus_tsdb_blocks_*, _compactions_*, _reloads_* and _retentions_*. */
export interface BlocksStatistics {
  loaded: number;
  bytes: number;
  damaged: number;
  reloads: number;
  reloadsFailed: number;
  timeRetentions: number;
  sizeRetentions: number;
  compactions: CompactionStatistics | null;
}

/**
 * The database: a data directory with its head. Belongs to the storage thread. What appender().commit() took is in the log
 * when it returns, and on the disk within a second.
 */
export class Db {
  readonly dir: string;
  readonly head: Head;
  readonly arena: SizeClassArena;
  /** The blocks of the directory. */
  readonly blocks: BlockStore;
  /** Null where nothing is compacted. */
  readonly compactions: Compactions | null;
  /** Null where nothing is compacted. */
  readonly administration: Administration | null;
  readonly #fs: FileSystem;
  readonly #log: Logger;
  readonly #lock: DirectoryLock | null;
  readonly #clock: Clock;
  readonly #logs: OpenLogs;
  readonly #snapshots: boolean;
  #closed = false;
  #cancelTimer: (() => void) | null = null;

  private constructor(parts: Parts) {
    this.dir = parts.dir;
    this.head = parts.head;
    this.arena = parts.arena;
    this.blocks = parts.blocks;
    this.compactions = parts.compactions;
    this.administration = parts.administration;
    this.#fs = parts.fs;
    this.#log = parts.log;
    this.#lock = parts.lock;
    this.#clock = parts.clock;
    this.#logs = parts.logs;
    this.#snapshots = parts.snapshots;
    this.#schedule();
  }

  /** What the start found in the log. */
  get replayed(): ReplayResult {
    return this.#logs.replayed;
  }

  /** Chunks in files that the start has found and used. */
  get chunksLoaded(): number {
    return this.#logs.chunksLoaded;
  }

  /** How far behind the newest sample others may be (out_of_order_time_window); 0 = not at all. Milliseconds. */
  setOutOfOrderWindow(windowMs: number): void {
    this.#logs.lateness.windowMs = windowMs;
    this.head.exemplars.outOfOrderWindowMs = windowMs;
  }

  /** Share of stale series from which on they are moved to blocks early (stale_series_compaction_threshold); 0 = never. */
  set staleSeriesThreshold(threshold: number) {
    this.#logs.staleness.threshold = threshold;
  }

  /** Full chunks leave memory soon, also where little is appended. */
  #schedule(): void {
    this.#cancelTimer = this.#clock.after(moveDelayMs, () => {
      this.head.files?.move();
      this.head.reclaim();
      this.#schedule();
    });
  }

  /**
   * Locks the directory, replays its log into a new head, and opens the log for writing. Throws where the directory cannot be
   * used; damage in the log is no reason for that (wal/replay.ts).
   */
  static async open(options: DbOptions): Promise<Db> {
    const {dir, log, clock = systemClock, fs = nodeFileSystem, processes} = options;
    let lock: DirectoryLock | null = null;
    try {
      fs.makeDirectory(dir);
      if (options.lockfile !== false)
        lock = await DirectoryLock.take({
          fs,
          clock,
          log,
          dir,
          ...(processes === undefined ? {} : {processes}),
        });
      return await openLocked(options, {clock, fs, lock}, (parts) => new Db(parts));
    } catch (error) {
      lock?.release();
      if (!isSystemError(error)) throw error;
      // What a write says names no file.
      throw Object.assign(new Error(`cannot open the data folder ${dir}: ${error.message}`, {cause: error}), {
        code: error.code,
      });
    }
  }

  appender(): Appender {
    return this.head.appender();
  }

  /** Gives up what is before `mint`, which blocks have now. See HeadTruncation. */
  truncate(mint: number): Promise<void> {
    return this.#logs.truncation.run(mint);
  }

  /** Deletes from the head, see deleteFromHead(); blocks are deleted from by themselves. Not while the head is moved to a block. */
  deleteFromHead(matchers: readonly Matcher[], range: {mint: number; maxt: number}): number {
    return deleteFromHead(this.head, this.#logs.wal, matchers, range);
  }

  get truncationStatistics(): TruncationStatistics {
    return this.#logs.logTruncation.statistics;
  }

  /** Makes all that was committed durable. */
  async sync(): Promise<void> {
    await this.#logs.wal.sync();
    await this.#logs.lateness.sync();
  }

  /** Makes all durable and gives the directory back. Nothing is appended from now on. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.compactions?.close();
    await this.#logs.truncation.settled();
    try {
      this.#cancelTimer?.();
      if (this.#snapshots) await this.#writeSnapshot();
      this.head.files?.close();
      await this.#logs.wal.close();
      await this.#logs.lateness.close();
    } finally {
      this.#lock?.release();
    }
    this.#log.debug('Database closed', {dir: this.dir});
  }

  /** The next start is slower where that fails. */
  async #writeSnapshot(): Promise<void> {
    const {position} = this.#logs.wal;
    try {
      await writeSnapshot(this.head, {
        fs: this.#fs,
        dir: this.dir,
        log: this.#log,
        clock: this.#clock,
        position,
      });
    } catch (error) {
      this.#log.error('Failed to create chunk snapshot, the next start reads the log', {err: error});
    }
  }

  statistics(): DbStatistics {
    const wal = this.#logs.wal.statistics;
    const truncation = this.#logs.logTruncation.statistics;
    return {
      segmentCurrent: wal.segmentCurrent,
      storageBytes: directoryBytes(this.#fs, walDirectory(this.dir)),
      fsyncs: wal.syncs,
      fsyncsFailed: wal.syncsFailed,
      fsyncSecondsTotal: wal.syncSeconds,
      fsyncSecondsQuantiles: this.#logs.fsyncs.snapshot().quantiles,
      writesFailed: wal.writesFailed,
      corruptions: corruptionsOf(this.#logs),
      truncations: truncation.truncations,
      truncationsFailed: truncation.truncationsFailed,
      pageFlushes: wal.pageFlushes,
      completedPages: wal.completedPages,
      recordsWritten: wal.records,
      recordPartsWritten: wal.recordParts,
      recordBytesSaved: wal.recordBytesSaved,
      bytesWritten: wal.bytesWritten,
      replaySeconds: this.replayed.seconds,
      replayUnknownRefs: this.#logs.unknownRefs,
      cleanStart: this.#lock === null ? -1 : this.#lock.cleanStart === 'clean' ? 1 : 0,
      blocks: {
        loaded: this.blocks.blocks.length,
        bytes: this.blocks.bytes,
        damaged: this.blocks.damagedCount,
        ...this.blocks.statistics,
        compactions: this.compactions?.statistics ?? null,
      },
    };
  }
}

function isSystemError(error: unknown): error is Error & {code: string} {
  return error instanceof Error && 'code' in error && typeof error.code === 'string';
}

interface Parts {
  dir: string;
  head: Head;
  arena: SizeClassArena;
  fs: FileSystem;
  log: Logger;
  lock: DirectoryLock | null;
  blocks: BlockStore;
  compactions: Compactions | null;
  administration: Administration | null;
  clock: Clock;
  logs: OpenLogs;
  snapshots: boolean;
}

interface World {
  clock: Clock;
  fs: FileSystem;
  lock: DirectoryLock | null;
}

async function openLocked<T>(options: DbOptions, world: World, make: (parts: Parts) => T): Promise<T> {
  const {dir, memory, kernels, log} = options;
  const {clock, fs, lock} = world;
  const arena = options.arena ?? new SizeClassArena(memory, arenaStart, memory.byteLength);
  const linear = {memory, kernels, arena};
  const {chunkRangeMs, exemplarsMax = 0, floatEncoding = 'xor', histogramStartTimes = false} = options;
  const head = new Head({
    memory,
    arena,
    kernels,
    exemplarsMax,
    floatEncoding,
    histogramStartTimes,
    ...(chunkRangeMs === undefined ? {} : {chunkRangeMs}),
  });
  const blocks = openBlocks(options, fs, head);
  // What blocks have is not read from the log again.
  head.truncatedBefore = blocks.inOrderMaxTime();
  const logs = await openLogs(head, {...options, clock, fs, linear});
  const compactions = makeCompactions(options, {clock, head, ...logs}, blocks);
  const {compactor} = options;
  const administration =
    compactions === null || compactor === undefined
      ? null
      : new Administration({fs, dir, head, wal: logs.wal, store: blocks, compactions, compactor, clock, log});
  return make({
    dir,
    head,
    arena,
    fs,
    log,
    lock,
    blocks,
    compactions,
    administration,
    clock,
    logs,
    snapshots: options.snapshots === true,
  });
}

function openBlocks({dir, log, ...options}: DbOptions, fs: FileSystem, head: Head): BlockStore {
  const blocks = new BlockStore({
    fs,
    dir,
    log,
    retention: options.retention ?? (() => ({timeMs: 0, bytes: 0})),
    headBytes: () => directoryBytes(fs, walDirectory(dir)) + directoryBytes(fs, headChunksDirectory(dir)),
    onChange: () => Atomics.add(head.memory.i32, headerBlocks >>> 2, 1),
  });
  blocks.removeRemains();
  blocks.reload();
  return blocks;
}

/** How often it is looked whether queries have ended. */
const readersCheckMs = 100;

function makeCompactions(
  {compactor, blockMsMax = Infinity, log}: DbOptions,
  {
    clock,
    head,
    truncation,
    lateness,
    staleness,
  }: {clock: Clock; head: Head} & Pick<OpenLogs, 'truncation' | 'lateness' | 'staleness'>,
  store: BlockStore,
): Compactions | null {
  if (compactor === undefined) return null;
  return new Compactions({
    head,
    store,
    compactor,
    ranges: blockRanges(head.chunkRangeMs, blockMsMax),
    async readersLeft() {
      const mark = head.reclaimer.mark();
      while (!head.reclaimer.left(mark)) {
        await new Promise<void>((resolve) => clock.after(readersCheckMs, resolve));
      }
    },
    truncate: (mint) => truncation.run(mint),
    late: () => lateness.begin(),
    stale: staleness,
    clock,
    log,
  });
}

function corruptionsOf({replayed, replayedLate, logTruncation}: OpenLogs): number {
  const found = replayed.corruptions.length + (replayedLate?.corruptions.length ?? 0);
  return found + logTruncation.statistics.corruptions;
}
