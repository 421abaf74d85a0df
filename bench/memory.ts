// `npm run bench -- memory`: what an active series costs in resident memory. The same fleet is scraped by Narthex and by whichever
// peers are installed, one after the other, until every series has so many samples as an open chunk has on average. All is included:
// resident memory of the whole process tree divided by the number of series.
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {parseArgs} from 'node:util';
import {cpuSeconds, folderBytes, residentBytes, stopProgram} from '../tools/programs.ts';
import {countFleetSeries, type FleetPlan, renderFleetConfig, startFleet} from './lib/scrapedfleet.ts';
import {availableSystems, type RunningSystem, type SystemUnderTest} from './lib/systems.ts';
import {printTable} from './lib/table.ts';

/** The bar: bytes of resident memory for each active series, at a million of them. */
const barBytes = 600;
const barSeries = 1_000_000;

interface Plan extends FleetPlan {
  /** Of each target. */
  scrapes: number;
}

interface Result {
  name: string;
  series: number;
  emptyBytes: number;
  residentBytes: number;
  highestBytes: number;
  /** What Narthex says of its shared memory; NaN for others. */
  sharedBytes: number;
  cpuMicrosPerSample: number;
  diskBytesPerSample: number;
}

export async function run(options: string[]): Promise<void> {
  const {values} = parseArgs({
    args: options,
    options: {
      targets: {type: 'string', default: '200'},
      // Of all targets together.
      series: {type: 'string', multiple: true, default: ['200000', '1000000']},
      interval: {type: 'string', default: '4'},
      scrapes: {type: 'string', default: '60'},
      only: {type: 'string', multiple: true, default: []},
    },
  });
  for (const series of values.series.map(Number)) {
    const targets = Number(values.targets);
    const plan: Plan = {
      targets,
      series: Math.round(series / targets),
      intervalSeconds: Number(values.interval),
      gzip: true,
      scrapes: Number(values.scrapes),
    };
    process.stdout.write(
      `${targets} targets x ${plan.series} series, measured after ${plan.scrapes} scrapes, one each ${plan.intervalSeconds} s\n\n`,
    );
    const results: Result[] = [];
    for (const system of availableSystems(values.only)) results.push(await measure(system, plan));
    printResults(results);
  }
}

async function measure(system: SystemUnderTest, plan: Plan): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-bench-'));
  const emptyBytes = await measureEmpty(system, folder);
  const fleet = await startFleet(plan);
  try {
    const configFile = join(folder, 'prometheus.yml');
    writeFileSync(configFile, renderFleetConfig(plan, fleet.port));
    const dataFolder = join(folder, 'data');
    const program = await system.start({configFile, dataFolder});
    const pid = program.child.pid!;
    try {
      const scrapes = plan.targets * plan.scrapes;
      while ((await fleet.report()).served < scrapes) await sleep(250);
      // Before the query, which takes memory of its own.
      const {now, highest} = residentBytes(pid);
      const samples = (await fleet.report()).served * plan.series;
      const cpuMicrosPerSample = (cpuSeconds(pid) / samples) * 1e6;
      return {
        name: system.name,
        series: await seriesOf(program, plan),
        emptyBytes,
        residentBytes: now,
        highestBytes: highest,
        sharedBytes: await sharedBytes(program),
        cpuMicrosPerSample,
        diskBytesPerSample: folderBytes(dataFolder) / samples,
      };
    } finally {
      await stopProgram(program.child);
    }
  } finally {
    await fleet.stop();
    rmSync(folder, {recursive: true, force: true});
  }
}

/** Some refuse to count so many, or are too slow under such a load: what was sent stands in for it then. */
async function seriesOf({name, baseUrl}: RunningSystem, {targets, series}: Plan): Promise<number> {
  try {
    return await countFleetSeries(baseUrl);
  } catch (cause) {
    process.stderr.write(`${name}: ${(cause as Error).message}; ${targets * series} were sent\n`);
    return targets * series;
  }
}

/** Memory of a program that has nothing to do. */
async function measureEmpty(system: SystemUnderTest, folder: string): Promise<number> {
  const configFile = join(folder, 'empty.yml');
  writeFileSync(configFile, 'global:\n  scrape_interval: 15s\n');
  const program = await system.start({configFile, dataFolder: join(folder, 'empty')});
  await sleep(1000);
  const {now} = residentBytes(program.child.pid!);
  await stopProgram(program.child);
  return now;
}

async function sharedBytes({baseUrl}: RunningSystem): Promise<number> {
  const text = await (await fetch(`${baseUrl}/metrics`)).text();
  return Number(/^narthex_shared_memory_used_bytes (\S+)$/m.exec(text)?.[1] ?? NaN);
}

function printResults(results: Result[]): void {
  const [first] = results;
  if (first === undefined) return;
  printTable(
    [
      'system',
      'series',
      'RSS MB',
      'bytes/series',
      'ratio',
      'empty MB',
      'highest MB',
      'shared bytes/series',
      'CPU µs/sample',
      'disk B/sample',
    ],
    results.map((result) => [
      result.name,
      String(result.series),
      result.residentBytes / 1e6,
      result.residentBytes / result.series,
      `${(first.residentBytes / result.residentBytes).toFixed(2)} x`,
      result.emptyBytes / 1e6,
      result.highestBytes / 1e6,
      result.sharedBytes / result.series,
      result.cpuMicrosPerSample,
      result.diskBytesPerSample,
    ]),
  );
  process.stdout.write(`\nA ratio is ${first.name}'s figure divided by that system's.\n`);
  const bytes = first.residentBytes / first.series;
  if (first.series < barSeries) process.stdout.write('\n');
  else {
    const verdict = bytes <= barBytes ? 'met' : 'MISSED';
    process.stdout.write(`Bar: at most ${barBytes} bytes/series; ${bytes.toFixed(0)}: ${verdict}\n\n`);
  }
}
