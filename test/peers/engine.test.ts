// Random queries over random data, answered by Debian's Prometheus over HTTP and by our engine over the same samples in
// memory. ENGINE_SEED and ENGINE_QUERIES choose other queries and more of them.
import assert from 'node:assert/strict';
import test, {after, before} from 'node:test';
import {errorAnswer, queryAnswer} from '../../src/api/queryresponse.ts';
import {Random} from '../../src/base/random.ts';
import {staleNaNHigh, staleNaNLow} from '../../src/model/value.ts';
import {Engine} from '../../src/promql/engine/engine.ts';
import {randomSeries, type TestSeries} from '../../src/promql/engine/testing/randomdata.ts';
import {randomQuery} from '../../src/promql/engine/testing/randomquery.ts';
import {WriteRequestEncoder, writeRequestHeaders} from '../../src/remote/writerequest-encode.ts';
import {MemoryStore, stale} from '../../src/storage/memory.ts';
import {startPrometheus, type StartedServer} from '../lib/narthex.ts';

const seed = Number(process.env['ENGINE_SEED'] ?? 1);
const queries = Number(process.env['ENGINE_QUERIES'] ?? 400);

const dataStartMs = 1_600_000_000_000;
const dataEndMs = dataStartMs + 5_400_000;
const sliceMs = 600_000;

let peer: StartedServer;
/** Prometheus 3 leaves the first instant of a window out, as we do; 2 does not. */
let peerMajor = 0;
const store = new MemoryStore();
const engine = new Engine({
  lookbackDeltaMs: 300_000,
  maxSamples: 50_000_000,
  defaultEvalIntervalMs: 60_000,
  features: {experimentalFunctions: true},
});

before(async () => {
  peer = await startPrometheus({flags: ['--enable-feature=promql-experimental-functions']});
  const response = await fetch(`${peer.url}/api/v1/status/buildinfo`);
  const info = (await response.json()) as {data: {version: string}};
  peerMajor = Number(info.data.version.split('.', 1)[0]);
  const series = randomSeries(new Random(seed), {
    startMs: dataStartMs,
    endMs: dataEndMs,
    intervalMs: 15_000,
    special: false,
    offSeconds: peerMajor < 3,
  });
  for (let startMs = dataStartMs; startMs <= dataEndMs; startMs += sliceMs) await push(series, startMs);
});

after(() => peer?.stop());

/** Writes the samples of one slice of time to the peer and, in the same order, to our store. */
async function push(series: readonly TestSeries[], startMs: number): Promise<void> {
  const encoder = new WriteRequestEncoder();
  for (const {labels, samples} of series) {
    const slice = samples.filter(({timeMs}) => timeMs >= startMs && timeMs < startMs + sliceMs);
    if (slice.length === 0) continue;
    const values = new Float64Array(slice.length);
    const words = new Uint32Array(values.buffer);
    for (const [index, {timeMs, value}] of slice.entries()) {
      store.append(labels, timeMs, value);
      if (value === stale) {
        words[2 * index] = staleNaNLow;
        words[2 * index + 1] = staleNaNHigh;
      } else values[index] = value;
    }
    encoder.series(
      labels,
      slice.map(({timeMs}) => timeMs),
      values,
    );
  }
  const response = await fetch(`${peer.url}/api/v1/write`, {
    method: 'POST',
    headers: writeRequestHeaders,
    body: encoder.body() as Uint8Array<ArrayBuffer>,
  });
  assert.equal(response.status, 204, await response.text());
}

interface Answer {
  status: string;
  error?: string;
  data?: {
    resultType: string;
    result: unknown;
    stats?: {samples: {totalQueryableSamples: number}};
  };
  warnings?: string[];
  infos?: string[];
}

async function post(path: string, parameters: Record<string, string>): Promise<unknown> {
  const response = await fetch(`${peer.url}/api/v1/${path}`, {
    method: 'POST',
    body: new URLSearchParams(parameters),
    headers: {'Content-Type': 'application/x-www-form-urlencoded'},
  });
  return response.json();
}

function ours(evaluate: () => ReturnType<Engine['execInstant']>): Answer {
  let body: Uint8Array;
  try {
    body = queryAnswer(evaluate(), {limit: 0, stats: 'true'}).body;
  } catch (error) {
    body = errorAnswer(error).body;
  }
  return JSON.parse(new TextDecoder().decode(body)) as Answer;
}

/** What is wrong with `got`, or null. */
function differenceOf(got: Answer, expected: Answer, ordered: boolean): string | null {
  // Newer versions find that a comparison would match several series even where it then drops them.
  if (got.error?.startsWith('multiple matches for labels') === true) return null;
  if (got.status !== expected.status) {
    return `${got.status} ${got.error ?? ''}, not ${expected.status} ${expected.error ?? ''}`;
  }
  if (got.status === 'error') {
    // Which of several conflicts is reported depends on the order of maps.
    const kind = (text = ''): string => text.replace(/ for the match group.*/s, '');
    return kind(got.error) === kind(expected.error) ? null : `${got.error}, not ${expected.error}`;
  }
  if (got.data!.resultType !== expected.data!.resultType) return `a ${got.data!.resultType}`;
  const [gotSamples, expectedSamples] = [got, expected].map(
    ({data}) => data!.stats?.samples.totalQueryableSamples,
  );
  if (gotSamples !== expectedSamples) return `${gotSamples} samples looked at, not ${expectedSamples}`;
  const order = ordered ? compareValues(valuesOf(got), valuesOf(expected), 'in order') : null;
  return order ?? compareValues(sorted(got), sorted(expected), '');
}

/** The order of equal values depends on the order of maps. */
function valuesOf({data}: Answer): unknown {
  return (data!.result as {value: unknown}[]).map(({value}) => value);
}

function sorted({data}: Answer): unknown {
  if (!Array.isArray(data!.result) || data!.resultType === 'scalar') return data!.result;
  const key = (each: {metric: unknown}): string => JSON.stringify(each.metric);
  return (data!.result as {metric: unknown}[]).toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}

function compareValues(got: unknown, expected: unknown, path: string): string | null {
  if (Array.isArray(expected) && Array.isArray(got)) {
    if (got.length !== expected.length) return `${path}: ${got.length} entries, not ${expected.length}`;
    for (const [index, each] of expected.entries()) {
      const found = compareValues(got[index], each, `${path}[${index}]`);
      if (found !== null) return found;
    }
    return null;
  }
  if (typeof expected === 'object' && typeof got === 'object') {
    const keys = new Set([...Object.keys(expected!), ...Object.keys(got!)]);
    for (const key of keys) {
      const found = compareValues(
        (got as Record<string, unknown>)[key],
        (expected as Record<string, unknown>)[key],
        `${path}.${key}`,
      );
      if (found !== null) return found;
    }
    return null;
  }
  if (got === expected || isClose(numberOf(got), numberOf(expected))) return null;
  return `${path}: ${String(got)}, not ${String(expected)}`;
}

function numberOf(text: unknown): number {
  return Number(String(text).replace('Inf', 'Infinity'));
}

/** Versions differ in how carefully they add. */
function isClose(got: number, expected: number): boolean {
  return Math.abs(got - expected) <= 1e-9 * Math.max(Math.abs(got), Math.abs(expected), 1e-3);
}

test(`${queries} random queries have the answers of Prometheus (ENGINE_SEED=${seed})`, async () => {
  const random = new Random(seed + 1_000_000);
  const unknown = peerMajor < 3 ? ['first_over_time', 'mad_over_time'] : ['first_over_time'];
  let empty = 0;
  const differences: string[] = [];
  for (let i = 0; i < queries; i++) {
    const query = randomQuery(random, {
      without: new Set(unknown),
      unitSeconds: 10,
      atSeconds: (dataStartMs + 2_007_000) / 1000,
      conservative: peerMajor < 3,
    });
    // Not a multiple of the ten seconds that subqueries' steps are multiples of.
    const startMs = dataStartMs + 10_000 * random.below(500) + (peerMajor < 3 ? 7000 : 0);
    const stepMs = 10_000 * (1 + random.below(30));
    const endMs = startMs + stepMs * random.below(40);
    const instantOrdered = /^sort(_desc)?\(/.test(query);
    const [instant, range] = (await Promise.all([
      post('query', {query, stats: 'true', time: String(startMs / 1000)}),
      post('query_range', {
        query,
        stats: 'true',
        start: String(startMs / 1000),
        end: String(endMs / 1000),
        step: String(stepMs / 1000),
      }),
    ])) as [Answer, Answer];
    const ourInstant = ours(() => engine.execInstant(store, query, {timeMs: startMs}));
    const ourRange = ours(() => engine.execRange(store, query, {startMs, endMs, stepMs}));
    if (Array.isArray(range.data?.result) && range.data.result.length === 0) empty++;
    for (const [got, expected, how] of [
      [ourInstant, instant, `instant at ${startMs}`],
      [ourRange, range, `range ${startMs} ${endMs} ${stepMs}`],
    ] as const) {
      const difference = differenceOf(got, expected, how.startsWith('instant') && instantOrdered);
      if (difference !== null) differences.push(`query ${i} ${how}: ${query}\n    ${difference}`);
    }
  }
  assert.equal(
    differences.length,
    0,
    `seed ${seed}: ${differences.length} differ\n${differences.slice(0, 20).join('\n')}`,
  );
  assert.ok(empty < queries / 2, `${empty} of ${queries} have no result`);
});
