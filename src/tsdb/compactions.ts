import type {Clock} from '../sys/clock.ts';
import type {Logger} from '../sys/log.ts';
import type {BlockStore} from './block/blockstore.ts';
import {
  addDistribution,
  type ChunkStatistics,
  type Distribution,
  newChunkStatistics,
  newDurations,
  observe,
} from './block/chunkstatistics.ts';
import type {CompactionResult} from './block/compactor.ts';
import type {DeletionRequest} from './administration.ts';
import {planCompaction} from './block/plan.ts';
import type {LateCompaction} from './lateness.ts';
import type {Staleness} from './staleness.ts';

/** minTime <= time < maxTime, in milliseconds. */
export interface CompactionRange {
  minTime: number;
  maxTime: number;
}

/** Makes blocks, in a thread of its own: a Compactor (block/compactor.ts) behind calls. */
export interface CompactorCalls {
  /** Writes a block of what the head has in [minTime, maxTime), to another folder than the data folder where `dir` says so. */
  writeHead(range: CompactionRange & {dir?: string}): Promise<CompactionResult>;
  /** Writes a block of the late samples in the range, from chunks up to `reference`. */
  writeLate(range: CompactionRange & {reference: number}): Promise<CompactionResult>;
  /** Writes a block of what these series of the head have in the range. */
  writeStale(range: CompactionRange & {refs: Float64Array}): Promise<CompactionResult>;
  compact(ulids: readonly string[]): Promise<CompactionResult>;
  clean(ulid: string): Promise<CompactionResult>;
  /** Marks samples of a block as deleted; gives of how many series. */
  deleteSamples(request: DeletionRequest & {ulid: string}): Promise<number>;
  /** There is nothing more to do for now: the thread may end. */
  rest(): Promise<void>;
  /** What is under way ends soon with an error, and leaves no part of a block. */
  cancel(): void;
}

/** The head as its compaction sees it. */
export interface CompactedHead {
  readonly chunkRangeMs: number;
  /** Milliseconds; minTime > maxTime = there are no samples. */
  readonly minTime: number;
  readonly maxTime: number;
  /** Moves minTime up to the first sample. */
  skipGap(): void;
}

export interface CompactionsOptions {
  head: CompactedHead;
  store: BlockStore;
  compactor: CompactorCalls;
  /** Lengths of blocks, the shortest first. */
  ranges: readonly number[];
  /** Resolves when no query is running any more that began before now. */
  readersLeft: () => Promise<void>;
  /** Gives up what the head has before this time: blocks have it, and all who read know. */
  truncate: (mint: number) => Promise<void>;
  /** The late samples, to be moved to blocks. */
  late?: () => LateCompaction | null;
  stale?: Staleness;
  clock: Clock;
  log: Logger;
}

/** For prometheus_tsdb_compactions_* and the like. Counters only rise. */
export interface CompactionStatistics {
  triggered: number;
  ran: number;
  failed: number;
  overlapping: number;
  seconds: Distribution;
  chunks: ChunkStatistics;
  populating: boolean;
  headTruncations: number;
  headTruncationsFailed: number;
  staleTriggered: number;
  staleFailed: number;
  staleSeconds: Distribution;
}

/** How often the folder is looked at, and whether there is something to do. */
const intervalMs = 60_000;
const headCheckMs = 5_000;
/** Stale series wait for the head when it is moved within this time. */
const soonMs = 10 * 60_000;

/** Moves what is old enough from the head to blocks, and merges blocks. Belongs to the thread that owns the head. */
export class Compactions {
  readonly statistics: CompactionStatistics = {
    triggered: 0,
    ran: 0,
    failed: 0,
    overlapping: 0,
    seconds: newDurations(),
    chunks: newChunkStatistics(),
    populating: false,
    headTruncations: 0,
    headTruncationsFailed: 0,
    staleTriggered: 0,
    staleFailed: 0,
    staleSeconds: newDurations(),
  };
  readonly #options: CompactionsOptions;
  #running: Promise<void> | null = null;
  #cancelTimer: (() => void) | null = null;
  #sinceFull = 0;
  /** When the head was last moved to a block; -Infinity = not yet. Milliseconds of the clock. */
  #headMovedMs = -Infinity;
  #closed = false;

  constructor(options: CompactionsOptions) {
    this.#options = options;
  }

  /** Does what is to be done, now and from time to time. */
  start(): void {
    this.#schedule(0);
  }

  /** Nothing is started any more; what is under way is cancelled. Resolves when it has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelTimer?.();
    this.#options.compactor.cancel();
    await this.#running;
    await this.#options.compactor.rest();
  }

  /** Whether the head reaches over more than one and a half block ranges. */
  get headIsDue(): boolean {
    const {minTime, maxTime, chunkRangeMs} = this.#options.head;
    return maxTime - minTime > (chunkRangeMs / 2) * 3;
  }

  /** One round at a time; a call during a round waits for it and then does its own. */
  async run(): Promise<void> {
    while (this.#running !== null) await this.#running;
    this.#running = this.#round().finally(() => (this.#running = null));
    await this.#running;
  }

  /** Runs `task` between rounds: for deletions and snapshots, which must not meet a compaction. */
  async exclusively<T>(task: () => Promise<T>): Promise<T> {
    while (this.#running !== null) await this.#running;
    const running = task();
    this.#running = running.then(
      () => {},
      () => {},
    );
    try {
      return await running;
    } finally {
      this.#running = null;
      await this.#options.compactor.rest();
    }
  }

  #schedule(delayMs: number): void {
    if (this.#closed) return;
    this.#cancelTimer = this.#options.clock.after(delayMs, () => {
      this.#sinceFull += delayMs;
      const due = delayMs === 0 || this.#sinceFull >= intervalMs || this.headIsDue;
      if (!due) return this.#schedule(headCheckMs);
      this.#sinceFull = 0;
      void this.run().finally(() => this.#schedule(headCheckMs));
    });
  }

  async #round(): Promise<void> {
    const {log, store, compactor} = this.#options;
    if (this.#closed) return;
    this.statistics.triggered++;
    try {
      store.reload();
      const {ran} = this.statistics;
      while (this.headIsDue && !this.#closed) await this.#compactHead();
      // As in Prometheus: late samples go when the head does.
      if (this.statistics.ran > ran && !this.#closed) await this.#compactLate();
      await this.#compactBlocks();
      await this.#compactStale();
    } catch (error) {
      // Cancelled by ourselves is no failure.
      if (!this.#closed) {
        this.statistics.failed++;
        log.error('Compaction failed', {err: error});
      }
    } finally {
      await compactor.rest().catch((error: unknown) => log.error('Compactor failed', {err: error}));
    }
  }

  async #compactHead(): Promise<void> {
    const {head, compactor, readersLeft, truncate} = this.#options;
    const minTime = head.minTime;
    const maxTime = (Math.floor(minTime / head.chunkRangeMs) + 1) * head.chunkRangeMs;
    const written = await this.#populate(() => compactor.writeHead({minTime, maxTime}));
    this.#done(written);
    // Queries that began before do not see the block: the samples stay until these have ended.
    await readersLeft();
    this.statistics.headTruncations++;
    try {
      await truncate(maxTime);
      this.#headMovedMs = this.#options.clock.elapsed();
      if (written.meta === null) head.skipGap();
    } catch (error) {
      this.statistics.headTruncationsFailed++;
      throw error;
    }
  }

  async #compactLate(): Promise<void> {
    const {compactor, readersLeft, late} = this.#options;
    const found = late?.() ?? null;
    if (found === null) return;
    const {ranges, reference, finish} = found;
    for (const range of ranges)
      this.#done(await this.#populate(() => compactor.writeLate({...range, reference})));
    await readersLeft();
    await finish();
  }

  /** As in Prometheus: not where the head is moved soon in any case. */
  async #compactStale(): Promise<void> {
    const {compactor, readersLeft, stale, head, clock, log} = this.#options;
    if (stale === undefined || !stale.isDue || this.headIsDue || this.#closed) return;
    const started = clock.elapsed();
    if (started + soonMs > this.#headMovedMs + head.chunkRangeMs && this.#headMovedMs !== -Infinity) return;
    const {statistics} = this;
    statistics.staleTriggered++;
    log.info('Starting stale series compaction');
    try {
      const found = stale.begin();
      if (found === null) return;
      const {ranges, refs, finish} = found;
      for (const range of ranges) {
        const result = await this.#populate(() => compactor.writeStale({...range, refs}));
        this.#done(result);
      }
      await readersLeft();
      const dropped = await finish();
      const seconds = (clock.elapsed() - started) / 1000;
      observe(statistics.staleSeconds, seconds);
      log.info('Ending stale series compaction', {num_series: dropped, duration: `${seconds.toFixed(3)}s`});
    } catch (error) {
      statistics.staleFailed++;
      throw error;
    }
  }

  async #compactBlocks(): Promise<void> {
    const {store, compactor, ranges} = this.#options;
    for (;;) {
      if (this.#closed || this.headIsDue) return;
      const planned = planCompaction(
        store.blocks.map(({meta}) => meta),
        ranges,
      );
      if (planned.length === 0) return;
      const ulids = planned.map(({ulid}) => ulid);
      try {
        this.#done(await this.#populate(() => compactor.compact(ulids)));
      } catch (error) {
        // The blocks are marked as failed now, where that could be done.
        store.reload();
        throw error;
      }
    }
  }

  async #populate(write: () => Promise<CompactionResult>): Promise<CompactionResult> {
    this.statistics.populating = true;
    try {
      return await write();
    } finally {
      this.statistics.populating = false;
    }
  }

  #done({meta, overlapping, seconds, chunks}: CompactionResult): void {
    const {statistics} = this;
    statistics.ran++;
    observe(statistics.seconds, seconds);
    for (const name of ['bytes', 'samples', 'rangeMs'] as const) {
      addDistribution(statistics.chunks[name], chunks[name]);
    }
    if (overlapping) statistics.overlapping++;
    const {store} = this.#options;
    if (meta !== null) store.trust(meta.ulid);
    store.reload();
    if (meta !== null && store.damaged.includes(meta.ulid)) this.#giveUp(meta.ulid);
  }

  /** What a block was made of stays until the block can be read; as in Prometheus, it is made again by the next round. */
  #giveUp(ulid: string): never {
    const {store, log} = this.#options;
    try {
      store.delete(ulid);
    } catch (error) {
      // Should it be read again, samples are there twice, and are merged.
      log.error('A block that cannot be read stays', {block: ulid, err: error});
    }
    throw new Error(`block ${ulid} was written, and cannot be read: what it was made of stays`);
  }
}
