// `npm run bench -- scrape`: the same synthetic fleet scraped by Narthex and by whichever peers are installed, one after
// the other, with the same configuration. CPU is that of the whole process tree; memory is resident memory.
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {parseArgs} from 'node:util';
import {HeavyQueries} from './lib/heavyqueries.ts';
import {cpuSeconds, folderBytes, residentBytes, stopProgram} from '../tools/programs.ts';
import {countFleetSeries, type FleetPlan, renderFleetConfig, startFleet} from './lib/scrapedfleet.ts';
import {availableSystems, type SystemUnderTest} from './lib/systems.ts';
import {printTable} from './lib/table.ts';

interface Plan extends FleetPlan {
  warmupSeconds: number;
  seconds: number;
  /** Heavy queries that run all the time while it is measured. */
  queries: number;
}

interface Result {
  name: string;
  readySeconds: number;
  samplesPerSecond: number;
  cpuMicrosPerSample: number;
  residentBytes: number;
  residentBytesHighest: number;
  diskBytesPerSample: number;
  series: number;
  gapMsMax: number;
  queriesAnswered: number;
}

export async function run(options: string[]): Promise<void> {
  const {values} = parseArgs({
    args: options,
    options: {
      targets: {type: 'string', default: '200'},
      series: {type: 'string', default: '1000'},
      interval: {type: 'string', default: '2'},
      warmup: {type: 'string', default: '20'},
      seconds: {type: 'string', default: '60'},
      plain: {type: 'boolean', default: false},
      queries: {type: 'string', default: '0'},
      only: {type: 'string', multiple: true, default: []},
    },
  });
  const plan: Plan = {
    targets: Number(values.targets),
    series: Number(values.series),
    intervalSeconds: Number(values.interval),
    warmupSeconds: Number(values.warmup),
    seconds: Number(values.seconds),
    gzip: !values.plain,
    queries: Number(values.queries),
  };
  process.stdout.write(
    `${plan.targets} targets x ${plan.series} series every ${plan.intervalSeconds} s, ${plan.gzip ? 'gzip' : 'plain'} bodies, ` +
      `measured for ${plan.seconds} s after ${plan.warmupSeconds} s\n\n`,
  );
  const results: Result[] = [];
  for (const system of availableSystems(values.only)) results.push(await measure(system, plan));
  printResults(results);
}

async function measure(system: SystemUnderTest, plan: Plan): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-bench-'));
  const fleet = await startFleet(plan);
  try {
    const configFile = join(folder, 'prometheus.yml');
    writeFileSync(configFile, renderFleetConfig(plan, fleet.port));
    const dataFolder = join(folder, 'data');
    const program = await system.start({configFile, dataFolder});
    const pid = program.child.pid!;
    try {
      await sleep(plan.warmupSeconds * 1000);
      const cpuBefore = cpuSeconds(pid);
      const {served: servedBefore} = await fleet.report('reset');
      const heavy = new HeavyQueries(program.baseUrl, plan.queries);
      const started = performance.now();
      await sleep(plan.seconds * 1000);
      const cpu = cpuSeconds(pid) - cpuBefore;
      const {served: servedAfter, gapMsMax} = await fleet.report();
      const samples = (servedAfter - servedBefore) * plan.series;
      const seconds = (performance.now() - started) / 1000;
      const queriesAnswered = await heavy.stop();
      const series = await countFleetSeries(program.baseUrl);
      const memory = residentBytes(pid);
      await stopProgram(program.child);
      return {
        name: system.name,
        readySeconds: program.readySeconds,
        samplesPerSecond: samples / seconds,
        cpuMicrosPerSample: (cpu / samples) * 1e6,
        residentBytes: memory.now,
        residentBytesHighest: memory.highest,
        diskBytesPerSample: folderBytes(dataFolder) / (servedAfter * plan.series),
        series,
        gapMsMax,
        queriesAnswered,
      };
    } finally {
      await stopProgram(program.child);
    }
  } finally {
    await fleet.stop();
    rmSync(folder, {recursive: true, force: true});
  }
}

function printResults(results: Result[]): void {
  const first = results[0]!;
  printTable(
    [
      'system',
      'samples/s',
      'series',
      'CPU s/1M samples',
      'ratio',
      'RSS MB',
      'bytes/series',
      'ratio',
      'highest MB',
      'disk B/sample',
      'ready s',
      'longest gap s',
      'queries',
    ],
    results.map((result) => [
      result.name,
      result.samplesPerSecond,
      result.series,
      result.cpuMicrosPerSample,
      `${(first.cpuMicrosPerSample / result.cpuMicrosPerSample).toFixed(2)} x`,
      result.residentBytes / 1e6,
      result.residentBytes / result.series,
      `${(first.residentBytes / result.residentBytes).toFixed(2)} x`,
      result.residentBytesHighest / 1e6,
      result.diskBytesPerSample,
      result.readySeconds,
      result.gapMsMax / 1000,
      result.queriesAnswered,
    ]),
  );
  process.stdout.write(`\nA ratio is ${first.name}'s figure divided by that system's.\n`);
}
