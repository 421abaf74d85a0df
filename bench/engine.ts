// The engine alone, over columns in memory: what Prometheus's own BenchmarkRangeQuery measures, a metric in 1, 10, 100 and
// 500 series with a sample every 10 s, and long windows. `node bench/engine.ts [part of a query]`: milliseconds per query.

import {Random} from '../src/base/random.ts';
import {SizeClassArena} from '../src/kernels/arena.ts';
import {loadKernels} from '../src/kernels/kernels.ts';
import {arenaStart, LinearMemory} from '../src/kernels/memory.ts';
import {PointWriter} from '../src/kernels/points.ts';
import {labelsOf, type Labels} from '../src/model/labels.ts';
import {Engine} from '../src/promql/engine/engine.ts';
import {queryAnswer} from '../src/api/queryresponse.ts';
import {MemoryStore} from '../src/storage/memory.ts';

const intervalMs = 10_000;
const steps = 1000;
const dayMs = 86_400_000;
const startMs = 1_600_000_000_000;
/** Enough before the first step for a window of a day. */
const queryStartMs = startMs + dayMs;
const samples = (dayMs + steps * intervalMs) / intervalMs;

const filter = process.argv[2] ?? '';

const random = new Random(1);
const store = new MemoryStore();

function counter(labels: Labels): void {
  let value = random.below(1000);
  for (let i = 0; i < samples; i++) {
    value = random.below(5000) === 0 ? 0 : value + random.below(100) / 8;
    store.append(labels, startMs + i * intervalMs, value);
  }
}

function addMetric(name: string, series: number, histogram: boolean): void {
  for (let i = 0; i < series; i++) {
    if (!histogram) counter(labelsOf({__name__: name, l: String(i)}));
    else {
      for (let le = 0; le < 10; le++) {
        counter(labelsOf({__name__: name, l: String(i), le: le === 9 ? '+Inf' : String(le)}));
      }
    }
  }
}

addMetric('a_one', 1, false);
addMetric('a_ten', 10, false);
addMetric('a_hundred', 100, false);
addMetric('b_hundred', 100, false);
addMetric('a_500', 500, false);
addMetric('h_hundred', 100, true);

const cases = [
  'a_one',
  'a_hundred',
  'rate(a_hundred[1m])',
  'rate(a_hundred[1h])',
  'rate(a_hundred[1d])',
  'increase(a_hundred[1d])',
  'irate(a_hundred[1d])',
  'delta(a_hundred[1d])',
  'changes(a_hundred[1d])',
  'resets(a_hundred[1d])',
  'sum_over_time(a_hundred[1h])',
  'sum_over_time(a_hundred[1d])',
  'avg_over_time(a_hundred[1d])',
  'max_over_time(a_hundred[1d])',
  'min_over_time(a_hundred[1d])',
  'count_over_time(a_hundred[1d])',
  'last_over_time(a_hundred[1d])',
  'absent_over_time(a_hundred[1d])',
  'stddev_over_time(a_hundred[1d])',
  'quantile_over_time(0.9, a_hundred[1h])',
  'quantile_over_time(0.9, a_hundred[1d])',
  'deriv(a_hundred[1h])',
  'deriv(a_hundred[1d])',
  'predict_linear(a_hundred[1d], 600)',
  'mad_over_time(a_ten[1h])',
  'double_exponential_smoothing(a_ten[1d], 0.3, 0.3)',
  '-a_hundred',
  'a_hundred - b_hundred',
  'a_hundred and b_hundred{l=~".*[0-4]$"}',
  'a_hundred or b_hundred{l=~".*[0-4]$"}',
  'a_hundred unless b_hundred{l=~".*[0-4]$"}',
  'a_hundred and b_hundred{l="notfound"}',
  'abs(a_hundred)',
  'label_replace(a_hundred, "l2", "$1", "l", "(.*)")',
  'label_join(a_hundred, "l2", "-", "l", "l")',
  'sum(a_hundred)',
  'avg(a_hundred)',
  'sum without (l) (h_hundred)',
  'sum without (le) (h_hundred)',
  'sum by (l) (h_hundred)',
  'sum by (le) (h_hundred)',
  'count_values("value", h_hundred) > 1e9',
  'topk(1, a_hundred)',
  'topk(5, a_hundred)',
  'quantile(0.9, a_hundred)',
  'stddev(a_hundred)',
  'rate(a_hundred[1m]) + rate(b_hundred[1m])',
  'sum without (l) (rate(a_hundred[1m]))',
  'sum without (l) (rate(a_hundred[1m])) / sum without (l) (rate(b_hundred[1m]))',
  'histogram_quantile(0.9, rate(h_hundred[5m]))',
  'histogram_quantile(0.9, sum by (le) (rate(h_hundred[5m])))',
  'a_one + on (l) group_right () a_one',
  'a_one * on (l) group_left () b_hundred{l="0"}',
  'a_hundred == b_hundred',
  'a_hundred > 100',
  'timestamp(a_hundred)',
  'count({__name__!="", l=~"1.*"})',
  'max_over_time(rate(a_hundred[5m])[1h:1m])',
  'sum(a_500)',
  'rate(a_500[5m])',
];

const engine = new Engine({
  lookbackDeltaMs: 300_000,
  maxSamples: 500_000_000,
  maxBytes: 4 * 2 ** 30,
  defaultEvalIntervalMs: 60_000,
  features: {experimentalFunctions: true},
});

const memory = LinearMemory.reserve(2 ** 24);
const points = new PointWriter({
  memory,
  kernels: loadKernels(memory),
  arena: new SizeClassArena(memory, arenaStart, memory.byteLength),
});

interface Timing {
  evaluate: number;
  serialise: number;
  bytes: number;
}

function run(query: string): Timing {
  const began = performance.now();
  const result = engine.execRange(store, query, {
    startMs: queryStartMs,
    endMs: queryStartMs + (steps - 1) * intervalMs,
    stepMs: intervalMs,
  });
  const evaluated = performance.now();
  const {body} = queryAnswer(result, {limit: 0, stats: '', points});
  return {
    evaluate: evaluated - began,
    serialise: performance.now() - evaluated,
    bytes: body.length,
  };
}

function runInstant(query: string): number {
  const began = performance.now();
  engine.execInstant(store, query, {timeMs: queryStartMs});
  return performance.now() - began;
}

const median = (numbers: number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!;

console.log(`ms over ${steps} steps of ${intervalMs / 1000} s; then JSON; then one step`);
for (const query of cases) {
  if (!query.includes(filter)) continue;
  const rounds = 5;
  const timings = Array.from({length: rounds}, () => run(query));
  const instants = Array.from({length: rounds}, () => runInstant(query));
  const evaluate = median(timings.map((timing) => timing.evaluate));
  const serialise = median(timings.map((timing) => timing.serialise));
  console.log(
    `${query.padEnd(80)} ${evaluate.toFixed(1).padStart(8)} ${serialise.toFixed(1).padStart(8)} ` +
      `(${(timings[0]!.bytes / 2 ** 20).toFixed(1)} MB) ${median(instants).toFixed(2).padStart(8)}`,
  );
}
