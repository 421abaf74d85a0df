// `npm run bench -- restart`: how long a start takes with a head of many series and hours of samples: from the log alone, and from a
// snapshot of the memory. Narthex and whichever versions of Prometheus are installed, one after the other, each with a copy of the
// same data folder, and afterwards with the snapshot that it has written itself. Seconds are from the start of the process until it is
// ready; files are in the system's cache. `--keep FOLDER` keeps the data folder there and uses it again.
import {spawn} from 'node:child_process';
import {cpSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {parseArgs} from 'node:util';
import {cpuSeconds, folderBytes, residentBytes, stopProgram} from '../tools/programs.ts';
import {countSeries} from './lib/feed.ts';
import type {HeadPlan} from './lib/headfolder.ts';
import {
  availableSystems,
  type RunningSystem,
  type StartOptions,
  type SystemUnderTest,
} from './lib/systems.ts';
import {printTable} from './lib/table.ts';

/** The bars: Narthex's seconds by Prometheus's from the log. */
const barPlain = 1 / 4;
const barSnapshot = 1 / 20;

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
      only: {type: 'string', multiple: true, default: []},
      keep: {type: 'string'},
    },
  });
  const stepMs = 1000 * Number(values.interval);
  const folder = mkdtempSync(join(tmpdir(), 'narthex-bench-'));
  const sizes = {
    series: Number(values.series),
    samples: Math.floor((Number(values.hours) * 3_600_000) / stepMs),
    stepMs,
  };
  try {
    const plan = await headOf(sizes, {folder, keep: values.keep});
    const logBytes = folderBytes(join(plan.folder, 'wal'));
    const chunkBytes = folderBytes(join(plan.folder, 'chunks_head'));
    process.stdout.write(
      `${plan.series} series x ${plan.samples} samples, one each ${values.interval} s; log ${mega(logBytes)} MB, ` +
        `files of full chunks ${mega(chunkBytes)} MB\n\n`,
    );
    const results: Result[] = [];
    for (const system of availableSystems(values.only)) {
      if (system.name !== 'victoria-metrics') results.push(await measure(system, plan, folder));
    }
    printResults(results);
  } finally {
    rmSync(folder, {recursive: true, force: true});
  }
}

/** A data folder of that size: the newest one that was kept, or a new one. */
async function headOf(
  sizes: Omit<HeadPlan, 'folder' | 'endMs'>,
  {folder, keep}: {folder: string; keep: string | undefined},
): Promise<HeadPlan> {
  const endMs = Math.floor(Date.now() / sizes.stepMs) * sizes.stepMs;
  if (keep === undefined) {
    const plan = {...sizes, endMs, folder: join(folder, 'head')};
    await makeHead(plan);
    return plan;
  }
  mkdirSync(keep, {recursive: true});
  const prefix = `head-${sizes.series}-${sizes.samples}-${sizes.stepMs}-`;
  const kept = readdirSync(keep)
    .filter((name) => name.startsWith(prefix) && /^[0-9]+$/.test(name.slice(prefix.length)))
    .sort();
  const last = kept.at(-1);
  if (last !== undefined)
    return {...sizes, endMs: Number(last.slice(prefix.length)), folder: join(keep, last)};
  const plan = {...sizes, endMs, folder: join(keep, `${prefix}${endMs}`)};
  // One that was not finished is not used.
  rmSync(`${plan.folder}.tmp`, {recursive: true, force: true});
  await makeHead({...plan, folder: `${plan.folder}.tmp`});
  renameSync(`${plan.folder}.tmp`, plan.folder);
  return plan;
}

function mega(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}

/** In a process of its own, whose memory is gone afterwards. */
async function makeHead({folder, series, samples, stepMs, endMs}: HeadPlan): Promise<void> {
  const numbers = [series, samples, stepMs, endMs].map(String);
  const args = [join(import.meta.dirname, 'lib/headfolder.ts'), folder, ...numbers];
  const child = spawn(process.execPath, args, {stdio: 'inherit'});
  const code = await new Promise((resolve) => child.once('exit', resolve));
  if (code !== 0) throw new Error(`cannot make ${folder}: the process ended with ${String(code)}`);
}

async function measure(system: SystemUnderTest, plan: HeadPlan, folder: string): Promise<Result> {
  const configFile = join(folder, 'prometheus.yml');
  writeFileSync(configFile, 'global:\n  scrape_interval: 15s\n');
  const dataFolder = join(folder, 'data');
  const start = {configFile, dataFolder, flags: snapshotFlags, readySecondsMax: startSecondsMax};
  const empty = await system.start(start);
  await stopProgram(empty.child, 'SIGTERM', stopSecondsMax);
  rmSync(dataFolder, {recursive: true, force: true});
  cpSync(plan.folder, dataFolder, {recursive: true});
  try {
    let snapshotStopSeconds = 0;
    const plain = await measureStart(system, start, plan, async ({child}) => {
      const stopping = performance.now();
      await stopProgram(child, 'SIGTERM', stopSecondsMax);
      snapshotStopSeconds = (performance.now() - stopping) / 1000;
    });
    const snapshot = await measureStart(system, start, plan, ({child}) => stopProgram(child, 'SIGKILL'));
    return {name: system.name, emptySeconds: empty.readySeconds, plain, snapshot, snapshotStopSeconds};
  } finally {
    rmSync(dataFolder, {recursive: true, force: true});
  }
}

async function measureStart(
  system: SystemUnderTest,
  options: StartOptions,
  plan: HeadPlan,
  stop: (program: RunningSystem) => Promise<void>,
): Promise<Start> {
  const program = await system.start(options);
  try {
    const pid = program.child.pid!;
    const cpu = cpuSeconds(pid);
    const {highest} = residentBytes(pid);
    const series = await countSeries(program.baseUrl, plan.endMs);
    return {seconds: program.readySeconds, cpuSeconds: cpu, highestBytes: highest, series};
  } finally {
    await stop(program);
  }
}

function printResults(results: Result[]): void {
  const [first] = results;
  if (first === undefined) return;
  const rows: (string | number)[][] = [];
  for (const kind of ['plain', 'snapshot'] as const) {
    for (const result of results) {
      const {seconds, cpuSeconds: cpu, highestBytes, series} = result[kind];
      rows.push([
        `${result.name}, ${kind === 'plain' ? 'log' : 'snapshot'}`,
        String(series),
        seconds,
        `${(first[kind].seconds / seconds).toFixed(3)} x`,
        cpu,
        highestBytes / 1e6,
        kind === 'plain' ? result.emptySeconds : '',
        kind === 'snapshot' ? result.snapshotStopSeconds : '',
      ]);
    }
  }
  printTable(
    ['system', 'series', 'ready s', 'ratio', 'CPU s', 'highest MB', 'empty start s', 'stop s'],
    rows,
  );
  process.stdout.write(`\nA ratio is ${first.name}'s figure divided by that system's.\n`);
  for (const {name, plain} of results.slice(1)) {
    printBar(`from the log, of ${name}'s seconds`, first.plain.seconds / plain.seconds, barPlain);
    printBar(
      `from a snapshot, of ${name}'s seconds from the log`,
      first.snapshot.seconds / plain.seconds,
      barSnapshot,
    );
  }
}

function printBar(what: string, ratio: number, bar: number): void {
  const verdict = ratio <= bar ? 'met' : 'MISSED';
  process.stdout.write(`Bar: ${what}: at most ${bar.toFixed(3)}; ${ratio.toFixed(3)}: ${verdict}\n`);
}
