// `npm run bench -- memory`: what a series costs in resident memory. The same series, with several samples each, are pushed by
// remote write into Narthex and whichever peers are installed, one after the other. All is included: resident memory of the
// whole process tree divided by the number of series.
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {parseArgs} from 'node:util';
import {cpuSeconds, residentBytes, stopProgram} from '../tools/programs.ts';
import {countSeries, feed, type FeedPlan, manySeries} from './lib/feed.ts';
import {availableSystems, type SystemUnderTest} from './lib/systems.ts';
import {printTable} from './lib/table.ts';

interface Result {
  name: string;
  series: number;
  emptyBytes: number;
  residentBytes: number;
  highestBytes: number;
  loadSeconds: number;
  cpuSeconds: number;
}

export async function run(options: string[]): Promise<void> {
  const {values} = parseArgs({
    args: options,
    options: {
      series: {type: 'string', default: '200000'},
      samples: {type: 'string', default: '10'},
      interval: {type: 'string', default: '15'},
      settle: {type: 'string', default: '20'},
      only: {type: 'string', multiple: true, default: []},
    },
  });
  const stepMs = 1000 * Number(values.interval);
  const plan: FeedPlan = {
    series: manySeries(Number(values.series)),
    samples: Number(values.samples),
    stepMs,
    endMs: Math.floor(Date.now() / stepMs) * stepMs,
    // As scrapes come: one sample of each series, then the next.
    batch: 1,
  };
  const settleSeconds = Number(values.settle);
  process.stdout.write(
    `${plan.series.length} series x ${plan.samples} samples, measured ${settleSeconds} s after the last\n\n`,
  );
  const results: Result[] = [];
  for (const system of availableSystems(values.only)) {
    results.push(await measure(system, plan, settleSeconds));
  }
  printResults(plan, results);
}

async function measure(system: SystemUnderTest, plan: FeedPlan, settleSeconds: number): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-bench-'));
  try {
    const configFile = join(folder, 'prometheus.yml');
    writeFileSync(configFile, 'global:\n  scrape_interval: 15s\n');
    const program = await system.start({configFile, dataFolder: join(folder, 'data')});
    const pid = program.child.pid!;
    try {
      await sleep(1000);
      const empty = residentBytes(pid).now;
      const cpuBefore = cpuSeconds(pid);
      const loadSeconds = await feed(program.baseUrl, plan);
      const cpu = cpuSeconds(pid) - cpuBefore;
      await sleep(1000 * settleSeconds);
      // Before the query, which takes memory of its own.
      const resident = residentBytes(pid);
      const series = await countSeries(program.baseUrl, plan.endMs);
      return {
        name: system.name,
        series,
        emptyBytes: empty,
        residentBytes: resident.now,
        highestBytes: resident.highest,
        loadSeconds,
        cpuSeconds: cpu,
      };
    } finally {
      await stopProgram(program.child);
    }
  } finally {
    rmSync(folder, {recursive: true, force: true});
  }
}

function printResults(plan: FeedPlan, results: Result[]): void {
  const [first] = results;
  if (first === undefined) return;
  const millions = (plan.series.length * plan.samples) / 1e6;
  printTable(
    [
      'system',
      'series',
      'RSS MB',
      'bytes/series',
      'ratio',
      'empty MB',
      'bytes/series above empty',
      'highest MB',
      'CPU s/1M samples',
      'loaded in s',
    ],
    results.map((result) => [
      result.name,
      String(result.series),
      result.residentBytes / 1e6,
      result.residentBytes / result.series,
      `${(first.residentBytes / result.residentBytes).toFixed(2)} x`,
      result.emptyBytes / 1e6,
      (result.residentBytes - result.emptyBytes) / result.series,
      result.highestBytes / 1e6,
      result.cpuSeconds / millions,
      result.loadSeconds,
    ]),
  );
  process.stdout.write(`\nA ratio is ${first.name}'s figure divided by that system's.\n`);
}
