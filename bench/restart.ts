// `npm run bench -- restart`: how long a start takes with a head of many series and hours of samples: from the log alone, and from a
// snapshot of the memory. Narthex and whichever versions of Prometheus are installed, one after the other, each with what it
// has written itself. Seconds are from the start of the process until it is ready; files are in the system's cache.
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {parseArgs} from 'node:util';
import {cpuSeconds, folderBytes, residentBytes, stopProgram} from '../tools/programs.ts';
import {countSeries, feed, type FeedPlan, manySeries} from './lib/feed.ts';
import {
  availableSystems,
  type RunningSystem,
  type StartOptions,
  type SystemUnderTest,
} from './lib/systems.ts';
import {printTable} from './lib/table.ts';

const snapshotFlags = ['--enable-feature=memory-snapshot-on-shutdown'];
const startSecondsMax = 1800;
/** A snapshot takes its time. */
const stopSecondsMax = 600;

interface Start {
  seconds: number;
  cpuSeconds: number;
  highestBytes: number;
  series: number;
}

interface Result {
  name: string;
  emptySeconds: number;
  logBytes: number;
  plain: Start;
  snapshot: Start;
  /** Until a process that writes a snapshot has ended. */
  snapshotStopSeconds: number;
}

export async function run(options: string[]): Promise<void> {
  const {values} = parseArgs({
    args: options,
    options: {
      series: {type: 'string', default: '50000'},
      hours: {type: 'string', default: '2'},
      interval: {type: 'string', default: '15'},
      batch: {type: 'string', default: '10'},
      only: {type: 'string', multiple: true, default: []},
    },
  });
  const stepMs = 1000 * Number(values.interval);
  const plan: FeedPlan = {
    series: manySeries(Number(values.series)),
    samples: Math.floor((Number(values.hours) * 3_600_000) / stepMs),
    stepMs,
    endMs: Math.floor(Date.now() / stepMs) * stepMs,
    batch: Number(values.batch),
  };
  process.stdout.write(
    `${plan.series.length} series x ${plan.samples} samples, one each ${values.interval} s, ` +
      `pushed ${plan.batch} of a series at a time\n\n`,
  );
  const results: Result[] = [];
  for (const system of availableSystems(values.only)) {
    if (system.name !== 'victoria-metrics') results.push(await measure(system, plan));
  }
  printResults(results);
}

async function measure(system: SystemUnderTest, plan: FeedPlan): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-bench-'));
  try {
    const configFile = join(folder, 'prometheus.yml');
    writeFileSync(configFile, 'global:\n  scrape_interval: 15s\n');
    const start = {configFile, dataFolder: join(folder, 'data'), readySecondsMax: startSecondsMax};
    const loading = await system.start(start);
    await whileRunning(loading, () => feed(loading.baseUrl, plan));
    const logBytes = folderBytes(join(folder, 'data/wal')) + folderBytes(join(folder, 'data/chunks_head'));
    const plain = await measureStart(system, start, plan);
    const writing = await system.start({...start, flags: snapshotFlags});
    const stopping = performance.now();
    await stopProgram(writing.child, 'SIGTERM', stopSecondsMax);
    const snapshotStopSeconds = (performance.now() - stopping) / 1000;
    const snapshot = await measureStart(system, {...start, flags: snapshotFlags}, plan);
    const {readySeconds: emptySeconds} = loading;
    return {name: system.name, emptySeconds, logBytes, plain, snapshot, snapshotStopSeconds};
  } finally {
    rmSync(folder, {recursive: true, force: true});
  }
}

async function measureStart(system: SystemUnderTest, options: StartOptions, plan: FeedPlan): Promise<Start> {
  const program = await system.start(options);
  return whileRunning(program, async () => {
    const pid = program.child.pid!;
    const cpu = cpuSeconds(pid);
    const {highest} = residentBytes(pid);
    const series = await countSeries(program.baseUrl, plan.endMs);
    return {seconds: program.readySeconds, cpuSeconds: cpu, highestBytes: highest, series};
  });
}

async function whileRunning<T>({child}: RunningSystem, use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } finally {
    await stopProgram(child, 'SIGTERM', stopSecondsMax);
  }
}

function printResults(results: Result[]): void {
  const [first] = results;
  if (first === undefined) return;
  const rows: (string | number)[][] = [];
  const add = (result: Result, kind: 'plain' | 'snapshot'): void => {
    const {seconds, cpuSeconds: cpu, highestBytes, series} = result[kind];
    rows.push([
      `${result.name}, ${kind}`,
      String(series),
      seconds,
      `${(first[kind].seconds / seconds).toFixed(2)} x`,
      cpu,
      highestBytes / 1e6,
      kind === 'plain' ? result.logBytes / 1e6 : '',
      kind === 'plain' ? result.emptySeconds : '',
      kind === 'snapshot' ? result.snapshotStopSeconds : '',
    ]);
  };
  for (const kind of ['plain', 'snapshot'] as const) for (const result of results) add(result, kind);
  printTable(
    ['system', 'series', 'ready s', 'ratio', 'CPU s', 'highest MB', 'log MB', 'empty start s', 'stop s'],
    rows,
  );
  process.stdout.write(`\nA ratio is ${first.name}'s figure divided by that system's.\n`);
}
