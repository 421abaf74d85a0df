// `npm run bench -- targets`: many small targets, scraped by Narthex and by Prometheus, one after the other, with the same
// configuration: 10,000 targets of 100 series every 15 seconds. What a scrape costs shows here, what a sample costs in
// `scrape`. All scrapes have to be on time; CPU is that of the whole process tree.
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {parseArgs} from 'node:util';
import {cpuSeconds, residentBytes, stopProgram} from '../tools/programs.ts';
import {
  countFleetSeries,
  type FleetPlan,
  renderFleetConfig,
  type ScrapedFleet,
  startFleet,
} from './lib/scrapedfleet.ts';
import {availableSystems, type SystemUnderTest} from './lib/systems.ts';
import {printTable} from './lib/table.ts';

interface Plan extends FleetPlan {
  /** Each has files open for its targets and their connections, of which a process may have so many. */
  processes: number;
  warmupSeconds: number;
  seconds: number;
}

interface Result {
  name: string;
  scrapesPerSecond: number;
  cpuSeconds: number;
  cpuMicrosPerScrape: number;
  residentBytes: number;
  residentBytesHighest: number;
  series: number;
  gapMsMax: number;
  silent: number;
}

export async function run(options: string[]): Promise<void> {
  const {values} = parseArgs({
    args: options,
    options: {
      targets: {type: 'string', default: '10000'},
      series: {type: 'string', default: '100'},
      interval: {type: 'string', default: '15'},
      processes: {type: 'string', default: '2'},
      warmup: {type: 'string', default: '40'},
      seconds: {type: 'string', default: '60'},
      plain: {type: 'boolean', default: false},
      only: {type: 'string', multiple: true, default: []},
    },
  });
  const plan: Plan = {
    targets: Number(values.targets),
    series: Number(values.series),
    intervalSeconds: Number(values.interval),
    processes: Number(values.processes),
    warmupSeconds: Number(values.warmup),
    seconds: Number(values.seconds),
    gzip: !values.plain,
  };
  process.stdout.write(
    `${plan.targets} targets x ${plan.series} series every ${plan.intervalSeconds} s, ${plan.gzip ? 'gzip' : 'plain'} bodies, ` +
      `measured for ${plan.seconds} s after ${plan.warmupSeconds} s\n\n`,
  );
  const systems = availableSystems(values.only).filter(({name}) => name !== 'victoria-metrics');
  const results: Result[] = [];
  for (const system of systems) results.push(await measure(system, plan));
  printResults(results);
}

async function measure(system: SystemUnderTest, plan: Plan): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-bench-'));
  const share = Math.ceil(plan.targets / plan.processes);
  const fleets: ScrapedFleet[] = [];
  try {
    for (let first = 0; first < plan.targets; first += share)
      fleets.push(await startFleet({...plan, targets: Math.min(share, plan.targets - first)}, first));
    const configFile = join(folder, 'prometheus.yml');
    writeFileSync(
      configFile,
      renderFleetConfig(plan, (index) => fleets[Math.floor(index / share)]!.port),
    );
    const program = await system.start({configFile, dataFolder: join(folder, 'data')});
    const pid = program.child.pid!;
    try {
      await sleep(plan.warmupSeconds * 1000);
      const before = await reportOf(fleets, 'reset');
      const cpuBefore = cpuSeconds(pid);
      const started = performance.now();
      await sleep(plan.seconds * 1000);
      const cpu = cpuSeconds(pid) - cpuBefore;
      const after = await reportOf(fleets);
      const scrapes = after.served - before.served;
      const memory = residentBytes(pid);
      return {
        name: system.name,
        scrapesPerSecond: scrapes / ((performance.now() - started) / 1000),
        cpuSeconds: cpu,
        cpuMicrosPerScrape: (cpu / scrapes) * 1e6,
        residentBytes: memory.now,
        residentBytesHighest: memory.highest,
        series: await countFleetSeries(program.baseUrl),
        gapMsMax: after.gapMsMax,
        silent: after.silent,
      };
    } finally {
      await stopProgram(program.child);
    }
  } finally {
    for (const fleet of fleets) await fleet.stop();
    rmSync(folder, {recursive: true, force: true});
  }
}

async function reportOf(
  fleets: readonly ScrapedFleet[],
  command?: string,
): Promise<{served: number; gapMsMax: number; silent: number}> {
  const reports = await Promise.all(fleets.map((fleet) => fleet.report(command)));
  return {
    served: reports.reduce((sum, {served}) => sum + served, 0),
    gapMsMax: Math.max(...reports.map(({gapMsMax}) => gapMsMax)),
    silent: reports.reduce((sum, {silent}) => sum + silent, 0),
  };
}

function printResults(results: Result[]): void {
  const first = results[0]!;
  printTable(
    [
      'system',
      'scrapes/s',
      'series',
      'CPU s',
      'CPU us/scrape',
      'ratio',
      'RSS MB',
      'ratio',
      'highest MB',
      'longest gap s',
      'not scraped',
    ],
    results.map((result) => [
      result.name,
      result.scrapesPerSecond,
      result.series,
      result.cpuSeconds,
      result.cpuMicrosPerScrape,
      `${(first.cpuMicrosPerScrape / result.cpuMicrosPerScrape).toFixed(2)} x`,
      result.residentBytes / 1e6,
      `${(first.residentBytes / result.residentBytes).toFixed(2)} x`,
      result.residentBytesHighest / 1e6,
      result.gapMsMax / 1000,
      result.silent,
    ]),
  );
  process.stdout.write(`\nA ratio is ${first.name}'s figure divided by that system's.\n`);
}
