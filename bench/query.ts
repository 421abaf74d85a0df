// `npm run bench -- query`: the same data pushed by remote write into Narthex and whichever peers are installed, then the
// same queries against all of them, round by round, as dashboards repeat theirs: a system is asked all queries of a round
// before the next one is asked. Prints for each query the median latency of the warm rounds and that of the first execution,
// ratios, and memory; and compares the answers.
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {parseArgs} from 'node:util';
import {forgetHighest, residentBytes, stopProgram} from '../tools/programs.ts';
import {pushSamples} from '../tools/remotewrite.ts';
import {compareAnswers, type QueryData} from './lib/answers.ts';
import {describeLongSeries, describeSeries, fillValues, type DatasetSeries} from './lib/dataset.ts';
import {LatencyClient} from './lib/latency.ts';
import {benchQueries, longSeriesSeconds, type BenchQuery} from './lib/queries.ts';
import {availableSystems, type RunningSystem, type SystemUnderTest} from './lib/systems.ts';
import {geometricMean, median, printTable} from './lib/table.ts';

const stepMs = 15_000;

/** A query that takes some system so long is asked in each fifth round only. */
const slowQueryMs = 250;
const slowEvery = 5;

const clientWarmUps = 2000;

/** Between the round of one system and that of the next one. */
const pauseMs = 200;

/** A request for remote write holds about so many samples. */
const samplesAtOnce = 10_000;

interface Plan {
  /** Series with the seconds that they reach back. */
  groups: {series: DatasetSeries[]; seconds: number}[];
  endMs: number;
  warmRounds: number;
  rounds: number;
  queries: BenchQuery[];
}

class Result {
  readonly name: string;
  readonly system: RunningSystem;
  readonly client: LatencyClient;
  loadSeconds = 0;
  /** Milliseconds of each query, in the order of the queries: the first execution, and all warm ones. */
  readonly firsts: number[] = [];
  readonly times: number[][] = [];
  readonly answers: (QueryData | string)[] = [];
  resident = {now: 0, highest: 0};

  constructor(name: string, system: RunningSystem) {
    this.name = name;
    this.system = system;
    this.client = new LatencyClient(system.baseUrl);
  }
}

export async function run(options: string[]): Promise<void> {
  const {values} = parseArgs({
    args: options,
    options: {
      instances: {type: 'string', default: '32'},
      hours: {type: 'string', default: '6'},
      warm: {type: 'string', default: '10'},
      rounds: {type: 'string', default: '20'},
      settle: {type: 'string', default: '2'},
      only: {type: 'string', multiple: true, default: []},
      query: {type: 'string', multiple: true, default: []},
    },
  });
  const instances = Number(values.instances);
  const wanted = values.query;
  const queries = benchQueries.filter(
    ({name}) => wanted.length === 0 || wanted.some((each) => name.includes(each)),
  );
  const plan: Plan = {
    groups: [
      {series: describeSeries(instances), seconds: Number(values.hours) * 3600},
      {series: describeLongSeries(instances), seconds: longSeriesSeconds},
    ],
    endMs: Math.floor(Date.now() / stepMs) * stepMs,
    warmRounds: Number(values.warm),
    rounds: Number(values.rounds),
    queries,
  };
  describePlan(plan);
  const results: Result[] = [];
  const folders: string[] = [];
  try {
    for (const system of availableSystems(values.only)) results.push(await start(system, plan, folders));
    // What the systems do of themselves with new data, Prometheus's first compaction for example, takes its time.
    await sleep(1000 * Number(values.settle));
    await measure(plan, results);
  } finally {
    for (const {client, system} of results) {
      client.close();
      await stopProgram(system.child);
    }
    for (const folder of folders) rmSync(folder, {recursive: true, force: true});
  }
  printResults(plan, results);
}

function describePlan({groups, warmRounds, rounds}: Plan): void {
  const data = groups.map(
    ({series, seconds}) => `${series.length} series x ${(seconds / 3600).toFixed(1)} h`,
  );
  process.stdout.write(
    `${data.join(' and ')} at 15 s; median of ${rounds} rounds after ${warmRounds} that warm up\n\n`,
  );
}

async function start(system: SystemUnderTest, plan: Plan, folders: string[]): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-bench-'));
  folders.push(folder);
  const configFile = join(folder, 'prometheus.yml');
  writeFileSync(configFile, 'global:\n  scrape_interval: 15s\n');
  const result = new Result(system.name, await system.start({configFile, dataFolder: join(folder, 'data')}));
  const {baseUrl} = result.system;
  const started = performance.now();
  await load(baseUrl, plan);
  result.loadSeconds = (performance.now() - started) / 1000;
  if (system.name === 'victoria-metrics') await fetch(`${baseUrl}/internal/force_flush`);
  return result;
}

/** Pushes everything, oldest first across all series, as live senders would. */
async function load(baseUrl: string, plan: Plan): Promise<void> {
  const columns = plan.groups.map(({series, seconds}) => ({
    steps: (seconds * 1000) / stepMs,
    series: series.map((each) => {
      const values = new Float64Array((seconds * 1000) / stepMs);
      fillValues(each, values);
      return {labels: each.labels, values};
    }),
  }));
  const stepsMax = Math.max(...columns.map(({steps}) => steps));
  for (let back = stepsMax; back > 0;) {
    // The groups that reach back so far, up to where the next one begins.
    const live = columns.filter(({steps}) => steps >= back);
    const next = Math.max(0, ...columns.filter(({steps}) => steps < back).map(({steps}) => steps));
    const count = Math.min(back - next, live.length === columns.length ? 20 : 100);
    const times = Float64Array.from({length: count}, (_, i) => plan.endMs - (back - 1 - i) * stepMs);
    const batch = live.flatMap(({series, steps}) =>
      series.map(({labels, values}) => ({
        labels,
        times,
        values: values.subarray(steps - back, steps - back + count),
      })),
    );
    const seriesAtOnce = Math.ceil(samplesAtOnce / count);
    for (let from = 0; from < batch.length; from += seriesAtOnce) {
      await pushSamples(baseUrl, batch.slice(from, from + seriesAtOnce));
    }
    back -= count;
  }
}

async function measure(plan: Plan, results: Result[]): Promise<void> {
  // The clients' code gets warm before there is something to measure.
  for (const {client} of results) for (let i = 0; i < clientWarmUps; i++) await client.time('/-/ready');
  for (const {system} of results) forgetHighest(system.child.pid!);
  const addresses = plan.queries.map((query) => addressOf(query, plan.endMs));
  for (let round = 0; round < plan.warmRounds + plan.rounds; round++) {
    // Each goes first as often as the others.
    for (let turn = 0; turn < results.length; turn++) {
      const result = results[(round + turn) % results.length]!;
      for (const [i, address] of addresses.entries()) {
        if (round % slowEvery !== 0 && results.some(({firsts}) => firsts[i]! > slowQueryMs)) continue;
        await ask(result, i, address, round - plan.warmRounds);
      }
      // What it still does, collecting garbage for example, is not the next one's time.
      await sleep(pauseMs);
    }
  }
  for (const result of results) result.resident = residentBytes(result.system.child.pid!);
  for (const result of results) await keepAnswers(result, addresses);
}

async function ask(result: Result, query: number, address: string, round: number): Promise<void> {
  const {milliseconds, status} = await result.client.time(address);
  const known = status === 200 ? milliseconds : NaN;
  result.firsts[query] ??= known;
  if (round >= 0) (result.times[query] ??= []).push(known);
}

async function keepAnswers({client, answers}: Result, addresses: string[]): Promise<void> {
  for (const address of addresses) {
    const {status, body} = await client.get(address);
    if (status !== 200) answers.push(`${status}: ${body.toString().slice(0, 200)}`);
    else answers.push((JSON.parse(body.toString()) as {data: QueryData}).data);
  }
}

/** Path and parameters of a query. */
function addressOf({expr, range, step, lookup}: BenchQuery, endMs: number): string {
  // Between two samples, so that no window ends on one: whether it then counts differs between Prometheus 2 and 3.
  const end = endMs / 1000 + 5;
  const times: Record<string, string> = {start: String(end - range), end: String(end)};
  if (lookup !== undefined) {
    const parameters = new URLSearchParams(expr === '' ? times : {...times, 'match[]': expr});
    return `/api/v1/${lookup}?${parameters.toString()}`;
  }
  if (range === 0) return `/api/v1/query?${new URLSearchParams({query: expr, time: String(end)}).toString()}`;
  const parameters = new URLSearchParams({query: expr, ...times, step: String(step)});
  return `/api/v1/query_range?${parameters.toString()}`;
}

function printResults(plan: Plan, results: Result[]): void {
  const own = results[0]!;
  const others = results.slice(1);
  const medians = new Map(results.map((result) => [result, result.times.map(median)]));
  const ratio = (own: number, other: number): string => `${(own / other).toFixed(2)} x`;
  const rows = plan.queries.map((query, i) => {
    const row: (string | number)[] = [query.name, medians.get(own)![i]!];
    for (const other of others) {
      const theirs = medians.get(other)![i]!;
      row.push(theirs, ratio(medians.get(own)![i]!, theirs));
    }
    row.push(own.firsts[i]!);
    for (const other of others) row.push(other.firsts[i]!);
    return row;
  });
  const firsts = results.map(({name}) => `${name}, first`);
  printTable(['query, ms', own.name, ...others.flatMap(({name}) => [name, 'ratio']), ...firsts], rows);
  process.stdout.write('\n');
  for (const other of others) printSummary(plan, {own, other}, medians);
  printTable(
    ['system', 'load s', 'MB while queried', 'MB now'],
    results.map(({name, loadSeconds, resident}) => [
      name,
      loadSeconds,
      resident.highest / 1e6,
      resident.now / 1e6,
    ]),
  );
  process.stdout.write('\n');
  for (const other of others) printComparison(plan, own, other);
}

function printSummary(
  plan: Plan,
  {own, other}: {own: Result; other: Result},
  medians: Map<Result, number[]>,
): void {
  const ratios = plan.queries.map((_, i) => medians.get(own)![i]! / medians.get(other)![i]!);
  const firsts = plan.queries.map((_, i) => own.firsts[i]! / other.firsts[i]!);
  const mean = (group: BenchQuery['group'] | null, of: number[]): string =>
    geometricMean(
      of.filter((each, i) => Number.isFinite(each) && (group === null || plan.queries[i]!.group === group)),
    ).toFixed(3);
  const worst = ratios.reduce((at, each, i) => (each > ratios[at]! ? i : at), 0);
  process.stdout.write(
    `against ${other.name}: geometric mean ${mean(null, ratios)} x, without long windows ${mean('usual', ratios)} x, ` +
      `long windows ${mean('long window', ratios)} x, first executions ${mean(null, firsts)} x\n` +
      `  worst: ${plan.queries[worst]!.name}, ${ratios[worst]!.toFixed(2)} x; ` +
      `slower than ${other.name}: ${ratios.filter((each) => each > 1).length} of ${ratios.length}\n\n`,
  );
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
