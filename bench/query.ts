// `npm run bench -- query`: the same data pushed by remote write into Narthex and whichever peers are installed, then the
// same dashboard-like queries against each, one system after the other. Prints the median latency of each query, with
// ratios, and compares the answers with Prometheus's.
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {parseArgs} from 'node:util';
import {compareAnswers, type QueryData} from './lib/answers.ts';
import {
  benchQueries,
  describeSeries,
  fillValues,
  type BenchQuery,
  type DatasetSeries,
} from './lib/dataset.ts';
import {residentBytes, stopProgram} from '../tools/programs.ts';
import {pushSamples} from '../tools/remotewrite.ts';
import {availableSystems, type SystemUnderTest} from './lib/systems.ts';
import {geometricMean, median, printTable} from './lib/table.ts';

const stepMs = 15_000;

interface Plan {
  series: DatasetSeries[];
  steps: number;
  endMs: number;
  rounds: number;
  queries: BenchQuery[];
}

interface Result {
  name: string;
  loadSeconds: number;
  /** Milliseconds, in the order of the queries; NaN where the system refused. */
  medians: number[];
  answers: (QueryData | string)[];
  residentBytesHighest: number;
}

export async function run(options: string[]): Promise<void> {
  const {values} = parseArgs({
    args: options,
    options: {
      instances: {type: 'string', default: '32'},
      hours: {type: 'string', default: '6'},
      rounds: {type: 'string', default: '7'},
      only: {type: 'string', multiple: true, default: []},
      query: {type: 'string', multiple: true, default: []},
    },
  });
  const series = describeSeries(Number(values.instances));
  const steps = (Number(values.hours) * 3_600_000) / stepMs;
  const endMs = Math.floor(Date.now() / stepMs) * stepMs;
  const wanted = values.query;
  const queries = benchQueries.filter(
    ({name}) => wanted.length === 0 || wanted.some((each) => name.includes(each)),
  );
  const plan: Plan = {series, steps, endMs, rounds: Number(values.rounds), queries};
  process.stdout.write(
    `${series.length} series x ${steps} samples (${values.hours} h at 15 s), median of ${plan.rounds} rounds\n\n`,
  );
  const results: Result[] = [];
  for (const system of availableSystems(values.only)) results.push(await measure(system, plan));
  printResults(plan, results);
}

async function measure(system: SystemUnderTest, plan: Plan): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-bench-'));
  try {
    const configFile = join(folder, 'prometheus.yml');
    writeFileSync(configFile, 'global:\n  scrape_interval: 15s\n');
    const program = await system.start({configFile, dataFolder: join(folder, 'data')});
    try {
      const started = performance.now();
      await load(program.baseUrl, plan);
      const loadSeconds = (performance.now() - started) / 1000;
      if (system.name === 'victoria-metrics') await fetch(`${program.baseUrl}/internal/force_flush`);
      await sleep(2000);
      const medians: number[] = [];
      const answers: (QueryData | string)[] = [];
      for (const query of plan.queries) {
        const {milliseconds, answer} = await timeQuery(program.baseUrl, query, plan);
        medians.push(milliseconds);
        answers.push(answer);
      }
      return {
        name: system.name,
        loadSeconds,
        medians,
        answers,
        residentBytesHighest: residentBytes(program.child.pid!).highest,
      };
    } finally {
      await stopProgram(program.child);
    }
  } finally {
    rmSync(folder, {recursive: true, force: true});
  }
}

/** Pushes everything, oldest first across all series, as live senders would. */
async function load(baseUrl: string, plan: Plan): Promise<void> {
  const columns = plan.series.map((series) => {
    const values = new Float64Array(plan.steps);
    fillValues(series, values);
    return values;
  });
  const stepsAtOnce = 20;
  const seriesAtOnce = 500;
  const firstMs = plan.endMs - (plan.steps - 1) * stepMs;
  for (let step = 0; step < plan.steps; step += stepsAtOnce) {
    const count = Math.min(stepsAtOnce, plan.steps - step);
    const times = Float64Array.from({length: count}, (_, i) => firstMs + (step + i) * stepMs);
    for (let from = 0; from < plan.series.length; from += seriesAtOnce) {
      const part = plan.series.slice(from, from + seriesAtOnce);
      const batch = part.map(({labels}, i) => ({
        labels,
        times,
        values: columns[from + i]!.subarray(step, step + count),
      }));
      await pushSamples(baseUrl, batch);
    }
  }
}

async function timeQuery(
  baseUrl: string,
  query: BenchQuery,
  plan: Plan,
): Promise<{milliseconds: number; answer: QueryData | string}> {
  // Between two samples, so that no window ends on one: whether it then counts differs between Prometheus 2 and 3.
  const end = plan.endMs / 1000 + 5;
  const parameters = new URLSearchParams({query: query.expr});
  if (query.range === 0) parameters.set('time', String(end));
  else {
    parameters.set('start', String(end - query.range));
    parameters.set('end', String(end));
    parameters.set('step', String(query.step));
  }
  const url = `${baseUrl}/api/v1/${query.range === 0 ? 'query' : 'query_range'}?${parameters.toString()}`;
  const times: number[] = [];
  let text = '';
  for (let round = -2; round < plan.rounds; round++) {
    const started = performance.now();
    const response = await fetch(url, {headers: {'accept-encoding': 'identity'}});
    const bytes = await response.arrayBuffer();
    const milliseconds = performance.now() - started;
    // The first two warm caches and compilers up.
    if (round >= 0) times.push(milliseconds);
    text = Buffer.from(bytes).toString();
    if (response.status !== 200)
      return {milliseconds: NaN, answer: `${response.status}: ${text.slice(0, 200)}`};
  }
  return {milliseconds: median(times), answer: (JSON.parse(text) as {data: QueryData}).data};
}

function printResults(plan: Plan, results: Result[]): void {
  const own = results[0]!;
  const others = results.slice(1);
  const rows = plan.queries.map((query, i) => {
    const row: (string | number)[] = [query.name, own.medians[i]!];
    for (const other of others)
      row.push(other.medians[i]!, `${(own.medians[i]! / other.medians[i]!).toFixed(2)} x`);
    return row;
  });
  const means: (string | number)[] = ['geometric mean', geometricMean(own.medians)];
  for (const other of others) {
    const ratios = own.medians
      .map((each, i) => each / other.medians[i]!)
      .filter((each) => Number.isFinite(each));
    means.push(
      geometricMean(other.medians.filter((each) => Number.isFinite(each))),
      `${geometricMean(ratios).toFixed(2)} x`,
    );
  }
  printTable(['query, ms', own.name, ...others.flatMap(({name}) => [name, 'ratio'])], [...rows, means]);
  process.stdout.write('\n');
  printTable(
    ['system', 'load s', 'highest MB'],
    results.map(({name, loadSeconds, residentBytesHighest}) => [
      name,
      loadSeconds,
      residentBytesHighest / 1e6,
    ]),
  );
  process.stdout.write('\n');
  for (const other of others) printComparison(plan, own, other);
}

function printComparison(plan: Plan, own: Result, other: Result): void {
  const differences: string[] = [];
  for (const [i, query] of plan.queries.entries()) {
    const difference = compareAnswers(own.answers[i]!, other.answers[i]!);
    if (difference !== null) differences.push(`  ${query.name}: ${difference}`);
  }
  const equal = plan.queries.length - differences.length;
  process.stdout.write(`answers equal to those of ${other.name}: ${equal} of ${plan.queries.length}\n`);
  // VictoriaMetrics extrapolates otherwise and has no lookback: its differences are its own.
  if (other.name !== 'victoria-metrics')
    for (const difference of differences) process.stdout.write(`${difference}\n`);
}
