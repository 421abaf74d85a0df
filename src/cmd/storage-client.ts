import type {Worker} from 'node:worker_threads';
import type {
  ExemplarSeries,
  ExemplarsRequest,
  HeadCardinality,
  MetadataByMetric,
  MetadataRequest,
  ReplayProgress,
  StorageAdministration,
  StorageBackend,
  TargetMetadataRequest,
  TargetMetadataRow,
  TargetsAnswer,
  TargetsRequest,
  WriteRequestInfo,
} from '../api/backend.ts';
import type {StorageStatistics} from '../api/statistics.ts';
import type {WriteOutcome} from '../remote/write-outcome.ts';
import type {AppendOutcome, AppendRequest, RuleStore} from '../rules/world.ts';
import {noteGarbage} from '../sys/garbage.ts';
import {Caller} from '../sys/rpc.ts';
import {replayPhases} from '../tsdb/replayphases.ts';
import type {ApplyRequest, StorageThreadData} from './storage-thread.ts';

export interface StorageClientOptions extends Omit<StorageThreadData, 'progress'> {
  /** The thread ended though nobody asked it to: nothing can be stored any more. */
  onDeath: (error: Error) => void;
}

/** Calls the storage thread. */
export class StorageClient implements StorageBackend {
  readonly #worker: Worker;
  readonly #caller: Caller;
  readonly #progress: Int32Array;
  readonly #data: StorageThreadData;
  #opened = false;
  #closing = false;

  constructor(worker: Worker, {onDeath, ...options}: StorageClientOptions) {
    this.#progress = new Int32Array(new SharedArrayBuffer(12));
    this.#data = {...options, progress: this.#progress};
    this.#worker = worker;
    this.#caller = new Caller(worker);
    let failure = new Error('the storage thread ended');
    this.#worker.on('error', (error: Error) => (failure = error));
    this.#worker.on('exit', () => {
      this.#caller.close(failure);
      if (!this.#closing) onDeath(failure);
    });
  }

  /** Opens the data folder and replays the write-ahead log. Queries may be answered when it has returned. */
  async open(): Promise<void> {
    await this.#caller.call('open', this.#data);
    this.#opened = true;
  }

  apply(request: ApplyRequest): Promise<void> {
    return this.#caller.call('apply', request);
  }

  replayProgress(): ReplayProgress {
    const [phase = 0, max = 0, current = 0] = this.#progress;
    return {phase: replayPhases[phase] ?? null, min: 0, max, current};
  }

  /** Frees what a query thread that has ended was reading. */
  clearReader(threadId: number): Promise<void> {
    return this.#closing ? Promise.resolve() : this.#caller.call('clearReader', threadId);
  }

  readonly administration: StorageAdministration = {
    deleteSeries: (request) => this.#caller.call('deleteSeries', request),
    cleanTombstones: () => this.#caller.call('cleanTombstones'),
    snapshot: (withHead) => this.#caller.call('snapshot', withHead),
  };

  readonly rules: RuleStore = {
    append: (request: AppendRequest) => this.#caller.call<AppendOutcome>('appendRule', request),
    appendAll: (requests: readonly AppendRequest[]) =>
      this.#caller.call<AppendOutcome[]>('appendRules', requests),
    retire: (rules, timeMs) => this.#caller.call('retireRules', {rules, timeMs}),
  };

  blocks(): Promise<unknown[]> {
    return this.#caller.call('blocks');
  }

  targets(request: TargetsRequest): Promise<TargetsAnswer> {
    return this.#caller.call('targets', request);
  }

  scrapePools(): Promise<string[]> {
    return this.#caller.call('scrapePools');
  }

  metadata(request: MetadataRequest): Promise<MetadataByMetric> {
    return this.#caller.call('metadata', request);
  }

  targetMetadata(request: TargetMetadataRequest): Promise<TargetMetadataRow[]> {
    return this.#caller.call('targetMetadata', request);
  }

  write(body: Uint8Array, info: WriteRequestInfo): Promise<WriteOutcome> {
    // The body is moved where it owns its memory; a part of a pooled buffer is copied.
    const {buffer} = body;
    const movable = buffer instanceof ArrayBuffer && buffer.byteLength === body.byteLength;
    // The body, and the pieces in which it came.
    noteGarbage(2 * body.byteLength);
    return this.#caller.call('write', {body, info}, movable ? [buffer] : []);
  }

  exemplars(request: ExemplarsRequest): Promise<ExemplarSeries[]> {
    return this.#caller.call('exemplars', request);
  }

  cardinality(limit: number): Promise<HeadCardinality> {
    return this.#caller.call('cardinality', limit);
  }

  statistics(): Promise<StorageStatistics> {
    return this.#caller.call('statistics');
  }

  /** Scrapes under way are stored; there are no more. */
  async stopScraping(): Promise<void> {
    if (this.#opened) await this.#caller.call('stopScraping');
  }

  /** Stops scraping, syncs and closes the log, ends the thread; at once where it is still replaying the log. */
  async close(): Promise<void> {
    this.#closing = true;
    try {
      if (this.#opened) await this.#caller.call('close');
    } finally {
      await this.#worker.terminate();
    }
  }
}
