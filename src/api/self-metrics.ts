// /metrics: the server's own metrics. Nothing counts into a registry while it works; what the threads count anyway is read
// here, when somebody asks, and written by @prometheus-io/client, which is loaded then.

import type {Metric} from '@prometheus-io/client';
import type {HttpReply} from '../http/reply.ts';
import type {HttpCall, HttpServer} from '../http/server.ts';
import {describeError, type Logger} from '../sys/log.ts';
import type {BuildInfo} from '../sys/version.ts';
import type {Backend} from './backend.ts';
import {addNotifierFamilies, addRuleFamilies} from './alerting-families.ts';
import {addDiscoveryManager} from './discovery-families.ts';
import {FamilyList, type Family} from './families.ts';
import {addHttpHistograms} from './http-families.ts';
import {addProcessFamilies} from './process-families.ts';
import type {QueryMemoryStatistics} from './statistics.ts';
import {addStorageFamilies} from './storage-families.ts';

export class SelfMetrics {
  readonly #backend: Backend;
  readonly #server: HttpServer;
  readonly #buildInfo: BuildInfo;
  readonly #logger: Logger;
  readonly #others: () => Promise<Family[]>;

  constructor(options: {
    backend: Backend;
    server: HttpServer;
    buildInfo: BuildInfo;
    logger: Logger;
    others?: () => Promise<Family[]>;
  }) {
    this.#others = options.others ?? (() => Promise.resolve([]));
    this.#backend = options.backend;
    this.#server = options.server;
    this.#buildInfo = options.buildInfo;
    this.#logger = options.logger;
  }

  async reply(call: HttpCall): Promise<HttpReply> {
    return replyWith(await this.families(), acceptsOpenMetrics(call.header('accept')));
  }

  /** Sorted by name. A thread that does not answer costs only what it would have told. */
  async families(): Promise<Family[]> {
    const list = new FamilyList();
    this.#addOwn(list);
    this.#addHttp(list);
    addProcessFamilies(list);
    this.#addAlerting(list);
    await Promise.all([
      this.#addSnapshot('others', async () => void list.families.push(...(await this.#others()))),
      this.#addSnapshot('storage', async () =>
        addStorageFamilies(list, await this.#backend.storage.statistics()),
      ),
      this.#addSnapshot('queries', async () =>
        addQueryFamilies(list, await this.#backend.query.statistics()),
      ),
    ]);
    return list.families.sort((left, right) => (left.name < right.name ? -1 : 1));
  }

  #addOwn(list: FamilyList): void {
    const {admin} = this.#backend;
    const {version, revision, branch, goVersion} = this.#buildInfo;
    list.gauge('prometheus_build_info', 'Always 1; what runs is in the labels.', 1, {
      branch,
      goarch: process.arch === 'x64' ? 'amd64' : process.arch,
      goos: process.platform,
      goversion: goVersion,
      revision,
      tags: 'narthex',
      version,
    });
    const ready = admin.state() === 'ready';
    list.gauge('prometheus_ready', 'Whether the server has started and is not stopping.', Number(ready));
    const {successful, timeMs} = admin.lastReload();
    const prefix = 'prometheus_config_last_reload';
    list.gauge(
      `${prefix}_successful`,
      'Whether the last reading of the configuration went well.',
      Number(successful),
    );
    list.gauge(
      `${prefix}_success_timestamp_seconds`,
      'When the configuration in force was read.',
      timeMs / 1000,
    );
  }

  #addAlerting(list: FamilyList): void {
    const statistics = this.#backend.alerting?.statistics();
    if (statistics === undefined) return;
    addRuleFamilies(list, statistics.rules);
    addNotifierFamilies(list, statistics.notifier);
    addDiscoveryManager(list, 'notify', statistics.discovery);
  }

  #addHttp(list: FamilyList): void {
    const handlers = this.#server.statistics();
    const requests = handlers.flatMap(({handler, codes}) =>
      [...codes].map(([code, value]) => ({labels: {handler, code: String(code)}, value})),
    );
    list.each(
      'counter',
      {name: 'prometheus_http_requests_total', help: 'HTTP requests answered.'},
      requests,
      (each) => each,
    );
    addHttpHistograms(list, 'prometheus', handlers);
  }

  async #addSnapshot(what: string, add: () => Promise<void>): Promise<void> {
    try {
      await add();
    } catch (cause) {
      // While the server starts, its threads cannot tell yet.
      if (this.#backend.admin.state() === 'starting') return;
      this.#logger.warn('Own metrics are incomplete', {missing: what, err: describeError(cause)});
    }
  }
}

function addQueryFamilies(
  list: FamilyList,
  queries: Awaited<ReturnType<Backend['query']['statistics']>>,
): void {
  list.gauge('prometheus_engine_queries', 'Queries that run or wait.', queries.queries);
  list.gauge(
    'prometheus_engine_queries_concurrent_max',
    'Queries that may run at once.',
    queries.concurrentMax,
  );
  list.summary(
    {name: 'prometheus_engine_query_duration_seconds', help: 'Time of the parts of a query.'},
    queries.slices,
    ({slice, ...rest}) => ({labels: {slice}, ...rest}),
  );
  list.counter('prometheus_engine_query_samples_total', 'Samples read by queries.', queries.samplesRead);
  const ended = [
    {reason: 'timeout', value: queries.timedOut},
    {reason: 'budget', value: queries.overBudget},
    {reason: 'canceled', value: queries.cancelled},
  ].flatMap(({reason, value}) => (value === undefined ? [] : [{labels: {reason}, value}]));
  list.each(
    'counter',
    {name: 'narthex_engine_queries_ended_total', help: 'Queries that were ended before they were done.'},
    ended,
    (each) => each,
  );
  if (queries.threadsReplaced !== undefined) {
    list.counter(
      'narthex_engine_query_threads_replaced_total',
      'Query threads that were ended because their query did not give up, or that fell.',
      queries.threadsReplaced,
    );
  }
  if (queries.damagedParts !== undefined) {
    list.gauge(
      'narthex_tsdb_parts_damaged',
      'Chunks, series and lists of postings that queries could not read.',
      queries.damagedParts,
    );
  }
  if (queries.memory !== undefined) addQueryMemory(list, queries.memory);
}

function addQueryMemory(list: FamilyList, memory: QueryMemoryStatistics): void {
  list.gauge(
    'narthex_engine_queries_memory_bytes',
    'Memory that running queries and their answers count.',
    memory.heldBytes,
  );
  list.gauge(
    'narthex_engine_queries_memory_max_bytes',
    'Memory that all queries together may use.',
    memory.totalBytesMax,
  );
  list.gauge('narthex_engine_query_memory_max_bytes', 'Memory that one query may use.', memory.queryBytesMax);
}

/** The families in one of the client's two formats. */
export async function replyWith(families: readonly Family[], openMetrics = false): Promise<HttpReply> {
  const {Registry} = await import('@prometheus-io/client');
  const type = openMetrics ? Registry.OPENMETRICS_CONTENT_TYPE : Registry.PROMETHEUS_CONTENT_TYPE;
  const registry = new Registry(type);
  for (const family of families) registry.registerMetric(metricOf(family));
  const text = await registry.metrics();
  // The client writes `Nan`, which not every reader knows.
  return {status: 200, contentType: type, body: text.replaceAll(/ Nan$/gm, ' NaN')};
}

/** What the registry needs of a metric. It renames counters for OpenMetrics, and wants to see the new name again. */
function metricOf(family: Family): Metric<string> {
  const metric = {...family, get: () => Promise.resolve({...family, name: metric.name})};
  return metric as unknown as Metric<string>;
}

/** Whether the header prefers OpenMetrics to the old text format. */
function acceptsOpenMetrics(accept: string | undefined): boolean {
  let open = 0;
  let plain = 0;
  for (const part of (accept ?? '').split(',', 32)) {
    const [name = '', ...parameters] = part.split(';').map((each) => each.trim().toLowerCase());
    const quality = Number(parameters.find((each) => each.startsWith('q='))?.slice(2) ?? 1);
    const version = parameters.find((each) => each.startsWith('version='))?.slice(8);
    if (name === 'application/openmetrics-text' && (version === undefined || version === '1.0.0')) {
      open = Math.max(open, quality);
    }
    if (name === 'text/plain' || name === '*/*') plain = Math.max(plain, quality);
  }
  return open > 0 && open >= plain;
}
