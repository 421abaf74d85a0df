// /status/…: what the server is, runs with and holds.

import {hostname} from 'node:os';
import type {HttpReply} from '../http/reply.ts';
import type {HttpCall} from '../http/server.ts';
import type {BuildInfo} from '../sys/version.ts';
import type {Backend} from './backend.ts';
import {ApiError, formatGoTime, sortKeys, success} from './envelope.ts';
import {parseInteger} from './parameters.ts';

const cardinalityLimitMax = 10_000;

/** Of an empty head, as Prometheus says it. */
const headTimeNone = {min: '9223372036854775807', max: '-9223372036854775808'};

export class StatusApi {
  readonly #backend: Backend;
  readonly #buildInfo: BuildInfo;
  readonly #now: () => number;

  constructor(backend: Backend, buildInfo: BuildInfo, now: () => number) {
    this.#backend = backend;
    this.#buildInfo = buildInfo;
    this.#now = now;
  }

  buildInfo(): HttpReply {
    return success(this.#buildInfo);
  }

  version(): HttpReply {
    return {
      status: 200,
      contentType: 'text/plain; charset=utf-8',
      body: `${JSON.stringify(this.#buildInfo)}\n`,
    };
  }

  config(): HttpReply {
    return success({yaml: this.#backend.admin.configYaml()});
  }

  flags(): HttpReply {
    return success(sortKeys(this.#backend.admin.flags));
  }

  walReplay(): HttpReply {
    const {admin} = this.#backend;
    const {phase, min, max, current} = admin.replayProgress();
    // The originals' fields are about the log only. Here they are about what is being read, and `phase` says what that is.
    return success({min, max, current, ...(admin.state() === 'starting' && phase !== null && {phase})});
  }

  /** What is Go's own in Prometheus's answer has the nearest meaning here, or none. */
  async runtimeInfo(): Promise<HttpReply> {
    const {admin, storage} = this.#backend;
    const {wal} = await storage.statistics();
    const reload = admin.lastReload();
    return success({
      startTime: formatGoTime(admin.startTimeMs),
      CWD: process.cwd(),
      hostname: hostname(),
      serverTime: formatGoTime(this.#now()),
      reloadConfigSuccess: reload.successful,
      lastConfigTime: formatGoTime(reload.timeMs),
      corruptionCount: wal.corruptions,
      goroutineCount: process.getActiveResourcesInfo().length,
      GOMAXPROCS: availableThreads(),
      GOMEMLIMIT: Number.MAX_SAFE_INTEGER,
      GOGC: '',
      GODEBUG: '',
      storageRetention: admin.storageRetention(),
    });
  }

  async blocks(): Promise<HttpReply> {
    return success({blocks: (await this.#backend.storage.blocks?.()) ?? []});
  }

  async tsdb({form}: HttpCall): Promise<HttpReply> {
    const limit = cardinalityLimit(form.get('limit'));
    const {storage} = this.#backend;
    if (storage.cardinality === undefined) {
      throw new ApiError('unavailable', 'this storage cannot count its labels');
    }
    const [{head}, cardinality] = await Promise.all([storage.statistics(), storage.cardinality(limit)]);
    return success({
      headStats: {
        numSeries: head.series,
        numLabelPairs: cardinality.labelPairs,
        chunkCount: head.chunks,
        minTime: rawTime(head.minTimeMs, headTimeNone.min),
        maxTime: rawTime(head.maxTimeMs, headTimeNone.max),
      },
      seriesCountByMetricName: cardinality.seriesCountByMetricName,
      labelValueCountByLabelName: cardinality.labelValueCountByLabelName,
      memoryInBytesByLabelName: cardinality.memoryInBytesByLabelName,
      seriesCountByLabelValuePair: cardinality.seriesCountByLabelValuePair,
    });
  }
}

function cardinalityLimit(text: string): number {
  if (text === '') return 10;
  let limit = 0;
  try {
    limit = parseInteger(text);
  } catch {
    // Said below.
  }
  if (limit < 1) throw new ApiError('bad_data', 'limit must be a positive number');
  if (limit > cardinalityLimitMax) {
    throw new ApiError('bad_data', `limit must not exceed ${cardinalityLimitMax}`);
  }
  return limit;
}

/** The bounds of an empty head are 64-bit integers, which a double would round. */
function rawTime(timeMs: number | null, none: string): unknown {
  return timeMs ?? (JSON as unknown as {rawJSON: (text: string) => unknown}).rawJSON(none);
}

function availableThreads(): number {
  return navigator.hardwareConcurrency;
}
