// What stats=all says: the fields of Prometheus, and the same counts of samples, for each step as well. Only the peak differs:
// it is what is held, and that is less here.
import assert from 'node:assert/strict';
import test, {after, before} from 'node:test';
import {labelsOf} from '../../src/model/labels.ts';
import {pushSamples} from '../../tools/remotewrite.ts';
import {startNarthex, startPrometheus, type StartedServer} from '../lib/narthex.ts';

const flags = ['--enable-feature=promql-per-step-stats'];
const samples = 120;
const intervalMs = 15_000;
/** On a whole minute, so that subqueries fall on samples. */
const endMs = Math.floor(Date.now() / 60_000) * 60_000;

let narthex: StartedServer;
let prometheus: StartedServer;

before(async () => {
  [narthex, prometheus] = await Promise.all([startNarthex({flags}), startPrometheus({flags})]);
  const series = Array.from({length: 12}, (_, i) => {
    // Series that begin later and end earlier.
    const first = 5 * (i % 4);
    const length = samples - first - 7 * (i % 3);
    const times = Float64Array.from({length}, (_unused, k) => endMs - (samples - 1 - first - k) * intervalMs);
    const name = i % 2 === 0 ? 'requests_total' : 'level';
    const labels = labelsOf({__name__: name, i: String(i), zone: `z${i % 3}`});
    return {labels, times, values: times.map((_unused, k) => (k + 1) * (i + 1))};
  });
  await Promise.all([narthex, prometheus].map(({url}) => pushSamples(url, series)));
});

after(() => Promise.all([narthex.stop(), prometheus.stop()]));

const queries = [
  '1',
  'time()',
  'vector(1)',
  'level',
  'level offset 5m',
  'level @ end()',
  'level > 100',
  'sum(level)',
  'sum by (zone) (level) / count by (zone) (level)',
  'level + on (i) level',
  'level and requests_total',
  'level or requests_total',
  'topk(2, level)',
  'count_values("v", level)',
  'quantile(0.5, level)',
  'sort(level)',
  'label_replace(level, "x", "$1", "i", "(.*)")',
  'absent(level)',
  'absent(nothing)',
  'scalar(sum(level))',
  'rate(requests_total[5m])',
  'sum(rate(requests_total[5m]))',
  'sum(rate(requests_total[10s]))',
  'rate(requests_total[5m] offset 1m)',
  'rate(requests_total[5m] @ end())',
  'max_over_time(level[10m]) - min_over_time(level[5m])',
  'quantile_over_time(0.9, level[3m])',
  'max_over_time(level[10m:1m])',
  'max_over_time(rate(requests_total[2m])[10m:30s])',
  'sum(max_over_time(sum by (zone) (level)[5m:1m]))',
  'timestamp(level)',
  'absent_over_time(level[1m])',
];

interface Stats {
  timings: Record<string, number>;
  samples: {
    totalQueryableSamples: number;
    totalQueryableSamplesPerStep?: [number, number][];
    peakSamples: number;
  };
}

async function statsOf(url: string, path: string, parameters: Record<string, string>): Promise<Stats> {
  const query = new URLSearchParams({...parameters, stats: 'all'}).toString();
  const response = await fetch(`${url}/api/v1/${path}?${query}`);
  const body = (await response.json()) as {status: string; error?: string; data: {stats: Stats}};
  assert.equal(body.status, 'success', `${parameters['query']}: ${body.error}`);
  return body.data.stats;
}

async function compare(path: string, parameters: Record<string, string>): Promise<void> {
  const ours = await statsOf(narthex.url, path, parameters);
  const theirs = await statsOf(prometheus.url, path, parameters);
  const {query} = parameters;
  assert.deepEqual(Object.keys(ours.timings).sort(), Object.keys(theirs.timings).sort());
  for (const [name, seconds] of Object.entries(ours.timings)) assert.ok(seconds >= 0 && seconds < 10, name);
  const {samples: own} = ours;
  const {samples: other} = theirs;
  assert.equal(own.totalQueryableSamples, other.totalQueryableSamples, `total of ${path} ${query}`);
  assert.deepEqual(
    own.totalQueryableSamplesPerStep,
    other.totalQueryableSamplesPerStep,
    `by step: ${path} ${query}`,
  );
  for (const name of Object.keys(other)) assert.ok(name in own, `${name} of ${query}`);
}

test('instant queries count samples as Prometheus does', async () => {
  for (const query of [...queries, 'level[5m]', 'level[5m:1m]', '"text"']) {
    await compare('query', {query, time: String(endMs / 1000 - 60)});
  }
});

test('range queries count samples as Prometheus does, in all and for each step', async () => {
  for (const query of queries) {
    const start = String(endMs / 1000 - 1200);
    await compare('query_range', {query, start, end: String(endMs / 1000), step: '60'});
  }
});
