// Makes the code of a query thread warm: without this the first hundred queries of a new thread are interpreted, and take
// several times as long as later ones.

import type {QueryRequest} from '../api/backend.ts';
import {SizeClassArena} from '../kernels/arena.ts';
import {loadKernels} from '../kernels/kernels.ts';
import {arenaStart, LinearMemory} from '../kernels/memory.ts';
import {labelsOf} from '../model/labels.ts';
import {Head} from '../tsdb/head/head.ts';
import {HeadReader, type Scratch} from '../tsdb/head/reader.ts';
import {answerQuery, type AnswerWorld} from './query-answers.ts';

const memoryBytes = 64 * 2 ** 20;
const stepMs = 15_000;
const samples = 200;
const endMs = 1_700_000_000_000;

/** What dashboards ask, in short: each operator that they use much. */
const expressions = [
  'up{instance="a"}',
  'up',
  'rate(requests_total[5m])',
  'sum by (code) (rate(requests_total[5m]))',
  'histogram_quantile(0.9, sum by (le) (rate(latency_bucket[5m])))',
  'sum by (instance) (rate(requests_total{code="500"}[5m])) / sum by (instance) (rate(requests_total[5m]))',
  'topk(3, temperature)',
  'avg by (instance) (avg_over_time(temperature[5m]))',
  'max_over_time(temperature[10m]) > 0',
  'temperature * on (instance) group_left () up',
  'count by (__name__) ({__name__=~"temp.*|up"})',
];

const lookups: QueryRequest[] = [
  {kind: 'series', matches: ['up'], startMs: endMs - 3_600_000, endMs, limit: 0},
  {kind: 'labelNames', matches: [], startMs: endMs - 3_600_000, endMs, limit: 0},
  {kind: 'labelValues', name: 'instance', matches: ['up'], startMs: endMs - 3_600_000, endMs, limit: 0},
];

/** How often each request is answered, and how long without a look at whether there is a real one. */
const rounds = 60;
const sliceMs = 3;

/** Answers made-up queries over a few made-up series, in slices between which real queries are answered. */
export function warmUp(world: Omit<AnswerWorld, 'queryable'>, scratch: Scratch, owner: number): void {
  const reader = new HeadReader(makeUp(), scratch, owner);
  const requests = warmRequests();
  const count = rounds * requests.length;
  let next = 0;
  const run = (): void => {
    const untilMs = performance.now() + sliceMs;
    while (next < count && performance.now() < untilMs) {
      const request = requests[next++ % requests.length]!;
      answerQuery(
        {...world, queryable: reader},
        {request, deadlineMs: Infinity, queueSeconds: 0, defaultEvalIntervalMs: 60_000},
      );
    }
    if (next < count) setImmediate(run);
    else reader.release();
  };
  setImmediate(run);
}

function warmRequests(): QueryRequest[] {
  const requests: QueryRequest[] = [...lookups];
  for (const query of expressions) {
    const evaluation = {query, timeoutMs: 0, limit: 0, stats: ''};
    requests.push({kind: 'instant', timeMs: endMs, ...evaluation});
    requests.push({kind: 'range', startMs: endMs - 40 * stepMs, endMs, stepMs, ...evaluation});
  }
  return requests;
}

/** A head of a few series in memory of its own, which goes when the reader goes. */
function makeUp(): LinearMemory {
  const memory = LinearMemory.reserve(memoryBytes);
  const arena = new SizeClassArena(memory, arenaStart, memory.byteLength);
  const head = new Head({memory, arena, kernels: loadKernels(memory)});
  const appender = head.appender();
  const {batch} = appender;
  const series = madeUpSeries().map((labels) => {
    const ref = {slot: 0, generation: 0};
    appender.series(labelsOf(labels), ref);
    return ref;
  });
  for (let step = samples - 1; step >= 0; step--) {
    for (const [i, {slot, generation}] of series.entries()) {
      const at = batch.length++;
      batch.slots[at] = slot;
      batch.generations[at] = generation;
      batch.times[at] = endMs - step * stepMs;
      batch.values[at] = (samples - step) * (i % 7) + (i % 3) / 4;
    }
    appender.commit();
  }
  return memory;
}

function madeUpSeries(): Record<string, string>[] {
  const series: Record<string, string>[] = [];
  for (const instance of ['a', 'b', 'c', 'd']) {
    series.push({__name__: 'up', instance}, {__name__: 'temperature', instance, sensor: '1'});
    for (const code of ['200', '404', '500']) series.push({__name__: 'requests_total', instance, code});
    for (const le of ['0.1', '1', '+Inf']) series.push({__name__: 'latency_bucket', instance, le});
  }
  return series;
}
