// The two that are compared: Prometheus, and Narthex as a server or as an engine in this process, over the same samples.

import assert from 'node:assert/strict';
import {Pool} from 'undici';
import type {FloatHistogram} from '../../../src/model/histogram.ts';
import {staleNaNHigh, staleNaNLow} from '../../../src/model/value.ts';
import {ProtobufWriter} from '../../../src/base/protobuf-writer.ts';
import {compressSnappy} from '../../../src/remote/snappy.ts';
import {writeRequestHeaders} from '../../../src/remote/writerequest-encode.ts';
import {stale} from '../../../src/storage/memory.ts';
import {startNarthex, startPrometheus, type StartedServer} from '../narthex.ts';
import type {FuzzSample, FuzzSeries} from './data.ts';
import {encodeHistogram} from './histograms.ts';
import type {FuzzRequest} from './request.ts';

export interface RawAnswer {
  status: number;
  text: string;
}

/** What answers queries. */
export interface Side {
  push(series: readonly FuzzSeries[]): Promise<void>;
  ask(request: FuzzRequest): Promise<RawAnswer>;
  stop(): Promise<void>;
}

/** Connections to one server. More than it has cores only wait. */
const connections = 4;

export class ServerSide implements Side {
  readonly #server: StartedServer;
  readonly #pool: Pool;

  private constructor(server: StartedServer) {
    this.#server = server;
    this.#pool = new Pool(server.url, {connections, pipelining: 1});
  }

  static async narthex(features: readonly string[]): Promise<ServerSide> {
    return new ServerSide(await startNarthex({flags: flagsOf(features)}));
  }

  static async prometheus(features: readonly string[]): Promise<ServerSide> {
    return new ServerSide(await startPrometheus({flags: flagsOf(features)}));
  }

  async push(series: readonly FuzzSeries[]): Promise<void> {
    const body = writeRequest(series);
    const path = '/api/v1/write';
    const answer = await this.#pool.request({method: 'POST', path, headers: writeRequestHeaders, body});
    assert.equal(answer.statusCode, 204, await answer.body.text());
  }

  async ask({path, parameters}: FuzzRequest): Promise<RawAnswer> {
    const answer = await this.#pool.request({
      method: 'POST',
      path: `/api/v1/${path}`,
      headers: {'Content-Type': 'application/x-www-form-urlencoded'},
      body: new URLSearchParams(parameters).toString(),
    });
    return {status: answer.statusCode, text: await answer.body.text()};
  }

  async version(): Promise<number> {
    const answer = await this.#pool.request({method: 'GET', path: '/api/v1/status/buildinfo'});
    const {data} = (await answer.body.json()) as {data: {version: string}};
    const [major, minor] = data.version.split('.').map(Number);
    return major! + minor! / 100;
  }

  async stop(): Promise<void> {
    await this.#pool.close();
    await this.#server.stop();
  }
}

function flagsOf(features: readonly string[]): string[] {
  return features.length === 0 ? [] : [`--enable-feature=${features.join(',')}`];
}

function writeRequest(series: readonly FuzzSeries[]): Uint8Array {
  const request = new ProtobufWriter();
  for (const {labels, samples} of series) {
    for (const run of runsOf(samples)) request.bytes(1, timeSeries(labels, run));
  }
  return compressSnappy(request.written);
}

interface Run {
  histograms: boolean;
  samples: FuzzSample[];
}

/**
 * Samples of one kind that follow each other: of one message, floats are stored before histograms. A stale marker is of
 * the kind of what it ends.
 */
function runsOf(samples: readonly FuzzSample[]): Run[] {
  const runs: Run[] = [];
  for (const sample of samples) {
    const run = runs.at(-1);
    const histograms = sample.value === stale ? run?.histograms === true : typeof sample.value === 'object';
    if (run !== undefined && run.histograms === histograms) run.samples.push(sample);
    else runs.push({histograms, samples: [sample]});
  }
  return runs;
}

function timeSeries(labels: readonly string[], {histograms, samples}: Run): Uint8Array {
  const message = new ProtobufWriter();
  const part = new ProtobufWriter();
  for (let i = 0; i < labels.length; i += 2) {
    part.reset();
    part.string(1, labels[i]!);
    part.string(2, labels[i + 1]!);
    message.bytes(1, part.written);
  }
  for (const {timeMs, value} of samples) {
    if (histograms) {
      message.bytes(4, encodeHistogram(value as FloatHistogram | typeof stale, timeMs));
      continue;
    }
    part.reset();
    if (value === stale) part.doubleBits(1, staleNaNHigh, staleNaNLow);
    else part.double(1, value as number);
    part.int64(2, timeMs);
    message.bytes(2, part.written);
  }
  return message.written.slice();
}
