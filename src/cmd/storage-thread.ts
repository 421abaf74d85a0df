// The storage thread: opens the data folder, scrapes, takes in remote writes. It alone writes the shared memory.
import {statfsSync} from 'node:fs';
import {parentPort} from 'node:worker_threads';
import type {
  ExemplarSeries,
  ExemplarsRequest,
  HeadCardinality,
  MetadataByMetric,
  MetadataRequest,
  TargetMetadataRequest,
  TargetMetadataRow,
  TargetsAnswer,
  TargetsRequest,
  WriteRequestInfo,
} from '../api/backend.ts';
import {collectMetadata, collectTargetMetadata} from '../api/metadata.ts';
import type {StorageStatistics} from '../api/statistics.ts';
import {assert} from '../base/assert.ts';
import type {Retention} from '../config/config.ts';
import type {DiscoveryManager} from '../discovery/manager.ts';
import {SizeClassArena} from '../kernels/arena.ts';
import {loadKernels} from '../kernels/kernels.ts';
import {arenaStart, LinearMemory} from '../kernels/memory.ts';
import {labelsToRecord} from '../model/labels.ts';
import {Matcher} from '../model/matcher.ts';
import type {WriteOutcome} from '../remote/write-outcome.ts';
import {WriteReceiver} from '../remote/writerequest.ts';
import {RuleAppender} from '../rules/appender.ts';
import type {AppendOutcome, AppendRequest} from '../rules/world.ts';
import type {ScrapeConfig} from '../scrape/config.ts';
import {ScrapeManager} from '../scrape/manager.ts';
import type {ScrapeFeatures} from '../scrape/world.ts';
import {createLogger, type LogOptions} from '../sys/log.ts';
import {serve} from '../sys/rpc.ts';
import type {Administration, DeletionRequest} from '../tsdb/administration.ts';
import {formatMeta} from '../tsdb/block/meta.ts';
import {Db} from '../tsdb/db.ts';
import {replayPhases} from '../tsdb/replayphases.ts';
import {headCardinality} from '../tsdb/head/cardinality.ts';
import {CompactorClient} from './compactor-client.ts';
import {createDiscovery} from './discovery.ts';
import {retentionLimits} from './retention-limits.ts';
import {storageStatistics} from './storage-statistics.ts';

export interface StorageThreadData {
  memory: WebAssembly.Memory;
  dataFolder: string;
  /** Whether the folder is locked. */
  lockfile: boolean;
  log: LogOptions;
  externalLabels: Record<string, string>;
  /** Whether the memory is written to a snapshot at the end, and read from it at the start. */
  snapshots: boolean;
  scrapeFeatures: ScrapeFeatures;
  floatEncoding: 'xor' | 'xor2';
  /** Whether histograms are stored with start timestamps, and whether the log has any. */
  histogramStartTimes: boolean;
  walStartTimes: boolean;
  /** Exemplars that are kept. */
  exemplarsMax: number;
  /** What is kept, and the lengths of blocks. */
  retention: Retention;
  blockMsMin: number;
  blockMsMax: number;
  /** Three words: what is read at the start (replayPhases), files or segments of that, and how many of them were read. */
  progress: Int32Array;
}

export interface ApplyRequest {
  scrapeConfigs: ScrapeConfig[];
  /** Exemplars that are kept. */
  exemplarsMax: number;
  /** How far behind the newest sample others may be; 0 = not at all. */
  outOfOrderWindowMs: number;
  floatEncoding: 'xor' | 'xor2';
  staleSeriesThreshold: number;
  retention: Retention;
}

/** What the configuration says at the moment. */
interface Limits {
  retention: Retention;
}

interface StorageThreadParts {
  db: Db;
  scrapes: ScrapeManager;
  discovery: DiscoveryManager;
  receiver: WriteReceiver;
  ruleAppender: RuleAppender;
  limits: Limits;
}

/** Everything that lives in this thread, once the data folder is open. */
class StorageThread {
  readonly #db: Db;
  readonly #scrapes: ScrapeManager;
  readonly #discovery: DiscoveryManager;
  readonly #receiver: WriteReceiver;
  readonly #ruleAppender: RuleAppender;
  readonly #limits: Limits;

  constructor({db, scrapes, discovery, receiver, ruleAppender, limits}: StorageThreadParts) {
    this.#db = db;
    this.#scrapes = scrapes;
    this.#discovery = discovery;
    this.#receiver = receiver;
    this.#ruleAppender = ruleAppender;
    this.#limits = limits;
  }

  static async open(data: StorageThreadData): Promise<StorageThread> {
    const logger = createLogger(data.log);
    const memory = new LinearMemory(data.memory);
    const kernels = loadKernels(memory);
    const arena = new SizeClassArena(memory, arenaStart, memory.byteLength);
    const limits: Limits = {retention: data.retention};
    const opened: {db?: Db} = {};
    const db = await Db.open({
      dir: data.dataFolder,
      chunkRangeMs: data.blockMsMin,
      blockMsMax: data.blockMsMax,
      retention: () => retentionLimits(limits.retention, {dir: data.dataFolder, diskBytes, logger}),
      compactor: new CompactorClient({
        memory: data.memory,
        dataFolder: data.dataFolder,
        log: data.log,
        onEnd: (threadId) => opened.db?.head.clearReader(threadId),
      }),
      lockfile: data.lockfile,
      exemplarsMax: data.exemplarsMax,
      snapshots: data.snapshots,
      floatEncoding: data.floatEncoding,
      histogramStartTimes: data.histogramStartTimes,
      walStartTimes: data.walStartTimes,
      memory,
      kernels,
      arena,
      log: logger.child({component: 'tsdb'}),
      onReplayProgress: (phase, done, total) => {
        Atomics.store(data.progress, 0, replayPhases.indexOf(phase));
        Atomics.store(data.progress, 1, total);
        Atomics.store(data.progress, 2, done);
      },
    });
    opened.db = db;
    db.compactions?.start();
    const appender = db.appender();
    const scrapes = new ScrapeManager({
      appender,
      memory,
      kernels,
      arena,
      logger: logger.child({component: 'scrape manager'}),
      externalLabels: data.externalLabels,
      features: data.scrapeFeatures,
    });
    return new StorageThread({
      db,
      scrapes,
      discovery: createDiscovery(logger, 'scrape', (jobName, groups) => scrapes.setTargets(jobName, groups)),
      receiver: new WriteReceiver(db.head.appender(), logger.child({component: 'remote'})),
      ruleAppender: new RuleAppender(db.head.appender()),
      limits,
    });
  }

  apply({scrapeConfigs, exemplarsMax, outOfOrderWindowMs, retention, ...request}: ApplyRequest): void {
    this.#db.head.floatEncoding = request.floatEncoding;
    this.#db.staleSeriesThreshold = request.staleSeriesThreshold;
    this.#db.setOutOfOrderWindow(outOfOrderWindowMs);
    this.#limits.retention = retention;
    this.#db.head.exemplars.resize(exemplarsMax);
    this.#discovery.apply(scrapeConfigs);
    this.#scrapes.apply(scrapeConfigs, ({jobName}) => this.#discovery.groupsOf(jobName));
  }

  write({body, info}: {body: Uint8Array; info: WriteRequestInfo}): Promise<WriteOutcome> {
    return this.#receiver.apply(body, info);
  }

  appendRule(request: AppendRequest): AppendOutcome {
    return this.#ruleAppender.append(request);
  }

  appendRules(requests: readonly AppendRequest[]): AppendOutcome[] {
    return requests.map((request) => this.#ruleAppender.append(request));
  }

  retireRules({rules, timeMs}: {rules: readonly number[]; timeMs: number}): void {
    this.#ruleAppender.retire(rules, timeMs);
  }

  targets(request: TargetsRequest): TargetsAnswer {
    const {scrapePool} = request;
    return {
      ...this.#scrapes.targetsStatus(request),
      discoveryFailures: this.#discovery
        .failures()
        .filter(({jobName}) => scrapePool === '' || jobName === scrapePool),
    };
  }

  scrapePools(): string[] {
    return this.#scrapes.poolNames();
  }

  metadata(request: MetadataRequest): MetadataByMetric {
    return collectMetadata(this.#scrapes.metadata(), request);
  }

  targetMetadata(request: TargetMetadataRequest): TargetMetadataRow[] {
    return collectTargetMetadata(this.#scrapes.metadata(), request);
  }

  exemplars({matcherSets, startMs, endMs}: ExemplarsRequest): ExemplarSeries[] {
    const sets = matcherSets.map((each) => each.map(({type, name, value}) => new Matcher(type, name, value)));
    return this.#db.head.exemplars.select(sets, startMs, endMs).map(({labels, exemplars}) => ({
      seriesLabels: labelsToRecord(labels),
      exemplars: exemplars.map((each) => ({...each, labels: labelsToRecord(each.labels)})),
    }));
  }

  cardinality(limit: number): HeadCardinality {
    const {memory, texts} = this.#db.head;
    return headCardinality(memory, texts, limit);
  }

  statistics(): StorageStatistics {
    return {
      ...storageStatistics(this.#db, this.#scrapes, this.#receiver, this.#limits.retention),
      discovery: this.#discovery.statistics(),
    };
  }

  blocks(): unknown[] {
    return this.#db.blocks.blocks.map(({meta}) => JSON.parse(formatMeta({...meta, extra: {}})) as unknown);
  }

  get administration(): Administration {
    const {administration} = this.#db;
    assert(administration !== null, 'the database has a compactor');
    return administration;
  }

  clearReader(threadId: number): void {
    this.#db.head.clearReader(threadId);
  }

  stopScraping(): Promise<void> {
    this.#discovery.stop();
    return this.#scrapes.stop();
  }

  async close(): Promise<void> {
    await this.stopScraping();
    await this.#receiver.settled();
    await this.#db.close();
  }
}

function diskBytes(dir: string): number {
  const {blocks, bsize} = statfsSync(dir);
  return blocks * bsize;
}

assert(parentPort !== null, 'storage-thread.ts runs in a worker');
let opened: StorageThread | null = null;

/** The thread, or an error for callers that come too early. */
function thread(): StorageThread {
  if (opened === null) throw new Error('the storage is not open yet');
  return opened;
}

serve(parentPort, {
  async open(data: StorageThreadData): Promise<void> {
    opened = await StorageThread.open(data);
  },
  apply: (request: ApplyRequest) => thread().apply(request),
  write: (request: {body: Uint8Array; info: WriteRequestInfo}) => thread().write(request),
  appendRule: (request: AppendRequest) => thread().appendRule(request),
  appendRules: (requests: readonly AppendRequest[]) => thread().appendRules(requests),
  retireRules: (request: {rules: readonly number[]; timeMs: number}) => thread().retireRules(request),
  targets: (request: TargetsRequest) => thread().targets(request),
  scrapePools: () => thread().scrapePools(),
  metadata: (request: MetadataRequest) => thread().metadata(request),
  targetMetadata: (request: TargetMetadataRequest) => thread().targetMetadata(request),
  exemplars: (request: ExemplarsRequest) => thread().exemplars(request),
  cardinality: (limit: number) => thread().cardinality(limit),
  statistics: () => thread().statistics(),
  blocks: () => thread().blocks(),
  deleteSeries: (request: DeletionRequest) => thread().administration.deleteSamples(request),
  cleanTombstones: () => thread().administration.cleanTombstones(),
  snapshot: (withHead: boolean) => thread().administration.snapshot(withHead),
  clearReader: (threadId: number) => thread().clearReader(threadId),
  stopScraping: () => thread().stopScraping(),
  close: () => thread().close(),
});
