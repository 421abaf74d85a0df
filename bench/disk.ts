// `npm run bench -- disk`: bytes on the disk for each sample, after compaction, beside those of the installed versions of Prometheus
// for the same data. Two ways into blocks: samples of a day of the past are pushed by remote write, then each system moves its head
// to blocks and merges these by itself; and files in OpenMetrics format become blocks with `tsdb create-blocks-from openmetrics`.
// Blocks that all systems have, from one time to another, are compared: lengths of their files.
import {execFileSync} from 'node:child_process';
import {existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {parseArgs} from 'node:util';
import {findProgram, stopProgram} from '../tools/programs.ts';
import {pushBody} from '../tools/remotewrite.ts';
import type {Labels} from '../src/model/labels.ts';
import {WriteRequestEncoder} from '../src/remote/writerequest-encode.ts';
import {type BlockSize, blocksIn} from './lib/blockfolders.ts';
import {describeSeries, fillValues} from './lib/dataset.ts';
import {describeHistograms, type HistogramWalk} from './lib/histogramset.ts';
import {availableSystems, narthexCommand, type SystemUnderTest} from './lib/systems.ts';
import {printTable} from './lib/table.ts';

const hourMs = 3_600_000;
/** The longest blocks that a retention of 15 days makes: 2 h, three times as long, and three times that. */
const blockMs = 18 * hourMs;
/** The head keeps up to three hours, and a block is merged when there are later ones. */
const laterMs = 6 * hourMs;
/** Blocks of the second way. */
const shortBlockMs = 2 * hourMs;
const samplesAtOnce = 10_000;
/** Samples of a series in one request: no series is further ahead of the others than the head allows. */
const batch = 40;
const secondsMax = 300;

interface Data {
  instances: number;
  series: {labels: Labels; values: Float64Array}[];
  startMs: number;
  stepMs: number;
  steps: number;
}

interface Result {
  name: string;
  blocks: BlockSize[];
}

export async function run(options: string[]): Promise<void> {
  const {values} = parseArgs({
    args: options,
    options: {
      instances: {type: 'string', default: '4'},
      interval: {type: 'string', default: '15'},
      only: {type: 'string', multiple: true, default: []},
    },
  });
  const data = makeData(Number(values.instances), 1000 * Number(values.interval));
  const systems = availableSystems(values.only).filter(({name}) => name !== 'victoria-metrics');
  const folder = mkdtempSync(join(tmpdir(), 'narthex-bench-'));
  try {
    const {instances, series, steps, stepMs} = data;
    process.stdout.write(
      `${series.length} series of floats and ${describeHistograms(instances).length} of native histograms, ${steps} samples each, one each ${stepMs / 1000} s\n`,
    );
    const pushed: Result[] = [];
    for (const system of systems) pushed.push(await measurePushed(system, data, join(folder, system.name)));
    const ratios = printResults('Pushed by remote write, compacted by each system itself', pushed);
    const converted = convertAll(data, folder);
    ratios.push(...printResults('From OpenMetrics text', converted));
    printBar(ratios);
  } finally {
    rmSync(folder, {recursive: true, force: true});
  }
}

/** A day of the past: as long as the longest block, and later hours. */
function makeData(instances: number, stepMs: number): Data {
  const steps = (blockMs + laterMs) / stepMs;
  const startMs = Math.floor((Date.now() - blockMs - laterMs) / blockMs) * blockMs;
  const series = describeSeries(instances).map((each) => {
    const values = new Float64Array(steps);
    fillValues(each, values);
    return {labels: each.labels, values};
  });
  return {instances, series, startMs, stepMs, steps};
}

async function measurePushed(system: SystemUnderTest, data: Data, folder: string): Promise<Result> {
  mkdirSync(folder);
  const configFile = join(folder, 'prometheus.yml');
  writeFileSync(configFile, 'global:\n  scrape_interval: 15s\n');
  const dataFolder = join(folder, 'data');
  const flags = ['--enable-feature=native-histograms'];
  const program = await system.start({configFile, dataFolder, flags});
  try {
    const histograms = describeHistograms(data.instances);
    for (let from = 0; from < data.steps; from += batch) {
      await push(program.baseUrl, data, histograms, from);
    }
    const deadline = Date.now() + 1000 * secondsMax;
    while (blocksIn(dataFolder).every(({minTime, maxTime}) => maxTime - minTime < blockMs)) {
      if (Date.now() > deadline) {
        throw new Error(
          `${system.name} has no block of ${blockMs / hourMs} hours after ${secondsMax} s: ${program.output()}`,
        );
      }
      await sleep(500);
    }
  } finally {
    await stopProgram(program.child, 'SIGTERM', 60);
  }
  return {name: system.name, blocks: blocksIn(dataFolder)};
}

/** Pushes `batch` samples of each series. */
async function push(
  baseUrl: string,
  {series, steps, startMs, stepMs}: Data,
  histograms: HistogramWalk[],
  from: number,
): Promise<void> {
  const count = Math.min(batch, steps - from);
  const times = Float64Array.from({length: count}, (_, i) => startMs + (from + i) * stepMs);
  const encoder = new WriteRequestEncoder();
  const atOnce = Math.ceil(samplesAtOnce / count);
  for (let first = 0; first < series.length; first += atOnce) {
    encoder.reset();
    for (const {labels, values} of series.slice(first, first + atOnce)) {
      encoder.series(labels, times, values.subarray(from, from + count));
    }
    await pushBody(baseUrl, encoder.body());
  }
  encoder.reset();
  for (const each of histograms) {
    encoder.series(
      each.labels,
      [],
      [],
      Array.from(times, (time) => each.next(time)),
    );
  }
  await pushBody(baseUrl, encoder.body());
}

/** Blocks of the floats' first hours, made by Narthex's and Prometheus's own tools. */
function convertAll(data: Data, folder: string): Result[] {
  const text = join(folder, 'samples.om');
  writeFileSync(text, renderOpenMetrics(data, (3 * shortBlockMs) / data.stepMs));
  const results: Result[] = [];
  const convert = (name: string, command: string, args: string[]): void => {
    const target = join(folder, `blocks-${name}`);
    execFileSync(command, [...args, 'tsdb', 'create-blocks-from', 'openmetrics', text, target], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    results.push({name, blocks: blocksIn(target)});
  };
  convert('narthex', narthexCommand, ['tool']);
  for (const [name, promtool] of promtools()) convert(name, promtool, []);
  return results;
}

/** Prometheus's tool beside each Prometheus. */
function promtools(): [string, string][] {
  const found = new Map<string, string>();
  const installed = findProgram('promtool');
  if (installed !== null) found.set('promtool', installed);
  const newer = join(dirname(process.env['PROMETHEUS'] ?? ''), 'promtool');
  if (process.env['PROMETHEUS'] !== undefined && newer !== installed && existsSync(newer)) {
    found.set('promtool-3', newer);
  }
  return [...found];
}

/** Families one after the other, as the format wants it. */
function renderOpenMetrics({series, startMs, stepMs}: Data, steps: number): string {
  const lines: string[] = [];
  const families = Map.groupBy(series, ({labels}) => labels[1]!);
  for (const [family, members] of families) {
    lines.push(`# TYPE ${family} unknown`);
    for (const {labels, values} of members) {
      let key = '';
      for (let i = 2; i < labels.length; i += 2)
        key += `${i === 2 ? '' : ','}${labels[i]}=${JSON.stringify(labels[i + 1])}`;
      for (let i = 0; i < steps; i++)
        lines.push(`${family}{${key}} ${values[i]} ${(startMs + i * stepMs) / 1000}`);
    }
  }
  lines.push('# EOF\n');
  return lines.join('\n');
}

/** The blocks of each result that all others have, too. */
function commonBlocks(results: readonly Result[]): Result[] {
  const rangeOf = ({minTime, maxTime}: BlockSize): string => `${minTime}-${maxTime}`;
  const sets = results.map(({blocks}) => new Set(blocks.map(rangeOf)));
  return results.map(({name, blocks}) => ({
    name,
    blocks: blocks.filter((block) => sets.every((set) => set.has(rangeOf(block)))),
  }));
}

/** Gives Narthex's bytes by those of each other, for each length of blocks. */
function printResults(title: string, all: readonly Result[]): number[] {
  const results = commonBlocks(all);
  const own = results.find(({name}) => name === 'narthex');
  if (own === undefined) return [];
  const ratios: number[] = [];
  const rows: (string | number)[][] = [];
  const lengths = new Set(own.blocks.map(lengthOf));
  for (const length of [...lengths].sort((left, right) => right - left)) {
    const first = total(own, length);
    for (const result of results) {
      const {blocks, chunkCount, ...sum} = total(result, length);
      const ratio = first.bytes / first.samples / (sum.bytes / sum.samples);
      if (result.name !== 'narthex') ratios.push(ratio);
      rows.push([
        result.name,
        `${blocks} of ${Math.round(length / hourMs)} h`,
        String(sum.samples),
        String(chunkCount),
        (sum.chunkBytes / sum.samples).toFixed(4),
        (sum.indexBytes / sum.samples).toFixed(4),
        (sum.bytes / sum.samples).toFixed(4),
        `${ratio.toFixed(4)} x`,
      ]);
    }
  }
  process.stdout.write(`\n${title}\n\n`);
  printTable(
    ['system', 'blocks', 'samples', 'chunks', 'chunks B/sample', 'index B/sample', 'all B/sample', 'ratio'],
    rows,
  );
  process.stdout.write(`\nA ratio is ${own.name}'s figure divided by that system's.\n\n`);
  return ratios;
}

function lengthOf({minTime, maxTime}: BlockSize): number {
  return maxTime - minTime;
}

function total({blocks}: Result, length: number): Omit<BlockSize, 'minTime' | 'maxTime'> & {blocks: number} {
  const sum = {blocks: 0, samples: 0, chunkCount: 0, chunkBytes: 0, indexBytes: 0, bytes: 0};
  for (const block of blocks) {
    if (lengthOf(block) !== length) continue;
    sum.blocks++;
    sum.samples += block.samples;
    sum.chunkCount += block.chunkCount;
    sum.chunkBytes += block.chunkBytes;
    sum.indexBytes += block.indexBytes;
    sum.bytes += block.bytes;
  }
  return sum;
}

function printBar(ratios: readonly number[]): void {
  const bar = 'Bar: not more bytes for a sample than Prometheus: at most 1';
  if (ratios.length === 0) {
    process.stdout.write(`${bar}: nothing was compared, as no other system has a block that Narthex has\n`);
    process.exitCode = 1;
    return;
  }
  const ratio = Math.max(...ratios);
  process.stdout.write(`${bar}; ${ratio.toFixed(4)}: ${ratio <= 1 ? 'met' : 'MISSED'}\n`);
}
