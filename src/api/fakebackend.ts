// A backend for tests: answers from plain data and remembers what it was asked.

import type {RelabelConfig} from '../relabel/config.ts';
import type {
  AdminBackend,
  Backend,
  QueryAnswer,
  QueryBackend,
  QueryRequest,
  ServerState,
  StorageBackend,
} from './backend.ts';
import type {WriteOutcome} from '../remote/write-outcome.ts';
import {collectMetadata, collectTargetMetadata, type TargetWithMetadata} from './metadata.ts';
import type {QueryStatistics, StorageStatistics} from './statistics.ts';

export class FakeBackend implements Backend {
  readonly requests: QueryRequest[] = [];
  readonly writes: Uint8Array[] = [];
  state: ServerState = 'ready';
  answer: QueryAnswer = {status: 200, body: new TextEncoder().encode('{"status":"success","data":"fake"}')};
  outcome: WriteOutcome = {
    status: 204,
    message: '',
    samples: 1,
    samplesRejected: 0,
    samplesWithInvalidLabels: 0,
    exemplars: 0,
    exemplarsSkipped: 0,
    histograms: 0,
  };
  reloadError: Error | null = null;
  reloads = 0;
  quits = 0;
  /** What run() waits for. */
  hold: Promise<void> = Promise.resolve();
  lastSignal: AbortSignal | null = null;
  failure: Error | null = null;

  readonly query: QueryBackend = {
    run: async (request, signal) => {
      this.requests.push(request);
      this.lastSignal = signal;
      if (this.failure !== null) throw this.failure;
      await this.hold;
      return this.answer;
    },
    statistics: () => Promise.resolve(fakeQueryStatistics()),
  };

  readonly storage: StorageBackend = {
    targets: ({scrapePool, active, dropped}) =>
      Promise.resolve({
        active: fakeTargets().filter(
          (each) => active && (scrapePool === '' || each.scrapePool === scrapePool),
        ),
        dropped: dropped
          ? [{discoveredLabels: {job: 'gone', __address__: 'gone:1'}, scrapePool: 'gone'}]
          : [],
        droppedCounts: {gone: 1, a: 0},
      }),
    scrapePools: () => Promise.resolve(['a', 'gone']),
    metadata: (request) => Promise.resolve(collectMetadata(fakeMetadata(), request)),
    targetMetadata: (request) => Promise.resolve(collectTargetMetadata(fakeMetadata(), request)),
    write: (body) => {
      this.writes.push(body);
      if (this.failure !== null) return Promise.reject(this.failure);
      return Promise.resolve(this.outcome);
    },
    administration: {
      deleteSeries: (request) => this.#administer('deleteSeries', request),
      cleanTombstones: () => this.#administer('cleanTombstones'),
      snapshot: (withHead) => this.#administer('snapshot', withHead).then(() => 'a-snapshot'),
    },
    blocks: () => Promise.resolve([{ulid: '01ARYZ6S410000000000000000', minTime: 1, maxTime: 2}]),
    statistics: () => Promise.resolve(fakeStorageStatistics()),
    cardinality: () =>
      Promise.resolve({
        seriesCountByMetricName: [{name: 'up', value: 2}],
        labelValueCountByLabelName: [{name: 'job', value: 1}],
        memoryInBytesByLabelName: [{name: 'job', value: 10}],
        seriesCountByLabelValuePair: [{name: 'job=a', value: 2}],
        labelPairs: 5,
      }),
  };

  /** Calls of the administration, with their arguments. */
  readonly administered: unknown[] = [];

  #administer(name: string, argument?: unknown): Promise<void> {
    this.administered.push(argument === undefined ? [name] : [name, argument]);
    return this.failure === null ? Promise.resolve() : Promise.reject(this.failure);
  }

  readonly admin: AdminBackend = {
    state: () => this.state,
    replayProgress: () => ({phase: 'log', min: 1, max: 4, current: 2}),
    reload: () => {
      this.reloads++;
      return this.reloadError === null ? Promise.resolve() : Promise.reject(this.reloadError);
    },
    quit: () => {
      this.quits++;
    },
    configYaml: () => 'global:\n  scrape_interval: 15s\n',
    flags: {'web.enable-lifecycle': 'false', 'config.file': 'prometheus.yml'},
    startTimeMs: Date.UTC(2026, 0, 2, 3, 4, 5, 60),
    lastReload: () => ({successful: true, timeMs: Date.UTC(2026, 0, 2, 3, 4, 6)}),
    storageRetention: () => '15d',
    externalLabels: () => ({}),
    relabelConfigs: (scrapePool) => (scrapePool === 'a' ? fakeRules : null),
  };
}

function fakeTargets(): Awaited<ReturnType<StorageBackend['targets']>>['active'] {
  return [
    {
      discoveredLabels: {job: 'a', __address__: 'localhost:9090'},
      labels: {job: 'a', instance: 'localhost:9090'},
      scrapePool: 'a',
      scrapeUrl: 'http://localhost:9090/metrics',
      lastError: '',
      lastScrapeMs: Date.UTC(2026, 0, 2, 3, 4, 5, 120),
      lastScrapeDurationSeconds: 0.0125,
      health: 'up',
      scrapeIntervalMs: 15_000,
      scrapeTimeoutMs: 10_000,
    },
    {
      discoveredLabels: {job: 'b', __address__: 'x:80'},
      labels: {job: 'b', instance: 'x:80'},
      scrapePool: 'b',
      scrapeUrl: 'http://x:80/metrics',
      lastError: 'connection refused',
      lastScrapeMs: 0,
      lastScrapeDurationSeconds: 0,
      health: 'unknown',
      scrapeIntervalMs: 60_000,
      scrapeTimeoutMs: 10_000,
    },
  ];
}

function fakeMetadata(): TargetWithMetadata[] {
  const up = {metric: 'up', type: 'gauge', help: 'Is it up?', unit: ''};
  const bytes = {metric: 'read_bytes', type: 'counter', help: 'Bytes read.', unit: 'bytes'};
  return [
    {labels: {job: 'a', instance: 'x:1'}, metadata: [up, bytes]},
    {labels: {job: 'a', instance: 'x:2'}, metadata: [up]},
    {labels: {job: 'b', instance: 'y:1'}, metadata: [{...up, help: 'Up.'}]},
  ];
}

function fakeQueryStatistics(): QueryStatistics {
  return {
    queries: 1,
    concurrentMax: 20,
    slices: [{slice: 'inner_eval', count: 3, secondsTotal: 0.5, quantiles: [[0.5, NaN]]}],
    samplesRead: 1000,
    timedOut: 1,
    damagedParts: 2,
  };
}

function fakeStorageStatistics(): StorageStatistics {
  return {
    head: {
      series: 10,
      seriesCreated: 12,
      seriesRemoved: 2,
      chunks: 20,
      chunksCreated: 25,
      chunksRemoved: 5,
      samplesAppended: 12345,
      histogramsAppended: 678,
      outOfOrderSamples: 3,
      duplicateSamples: 1,
      outOfBoundsSamples: 0,
      minTimeMs: null,
      maxTimeMs: null,
    },
    wal: {
      segmentCurrent: 7,
      storageBytes: 32768,
      fsyncs: 4,
      fsyncSecondsTotal: 0.02,
      writesFailed: 0,
      corruptions: 1,
    },
    scrape: {
      pools: [{name: 'a', targets: 2, targetLimit: 0, syncs: 1, syncSecondsTotal: 0.001}],
      intervals: [{interval: '15s', count: 9, secondsTotal: 135, quantiles: [[0.5, 15]]}],
      poolReloads: 0,
      poolReloadsFailed: 0,
      poolsCreated: 1,
      poolsFailed: 0,
      sampleLimitExceeded: 0,
      bodySizeLimitExceeded: 0,
      labelLimitExceeded: 0,
      targetLimitExceeded: 0,
      duplicateTimestamps: 0,
      outOfOrder: 0,
      outOfBounds: 0,
      exemplarsOutOfOrder: 0,
      bucketLimitExceeded: 0,
      targetsFailed: 0,
      linesPredicted: 0,
      linesMoved: 0,
      linesParsed: 0,
      tableBytes: 0,
      metadataEntries: 0,
    },
    remoteWrite: {
      requests: 2,
      samples: 200,
      samplesRejected: 3,
      samplesWithInvalidLabels: 1,
      exemplars: 0,
      exemplarsSkipped: 0,
      histograms: 0,
    },
    memory: {committedBytes: 1_000_000, usedBytes: 500_000},
  };
}

const fakeRules: readonly RelabelConfig[] = [
  {
    sourceLabels: ['a'],
    separator: ';',
    regex: '(.*)',
    modulus: 0,
    targetLabel: 'b',
    replacement: '$1!',
    action: 'replace',
  },
  {
    sourceLabels: ['b'],
    separator: ';',
    regex: 'x!',
    modulus: 0,
    targetLabel: '',
    replacement: '$1',
    action: 'drop',
  },
];
