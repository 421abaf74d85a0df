// `npm run bench -- churn`: memory while a tenth of the series is replaced every ten minutes, for a day of an accelerated clock. Scrapes
// go through line tables into a database on the disk; after each block's length the head gives up what a block would have.
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {parseArgs} from 'node:util';
import {SizeClassArena} from '../src/kernels/arena.ts';
import {loadKernels} from '../src/kernels/kernels.ts';
import {arenaStart, LinearMemory} from '../src/kernels/memory.ts';
import {Churn, type ChurnReport} from '../src/scrape/testing-churn.ts';
import {noLogger} from '../src/sys/log.ts';
import {Db} from '../src/tsdb/db.ts';
import {folderBytes} from '../tools/programs.ts';
import {median, printTable} from './lib/table.ts';

/** After so many hours the head is as full as it gets. */
const settledHours = 6;
/** The bar: memory at the end of a day by what it was then. */
const bar = 1.05;

export async function run(options: string[]): Promise<void> {
  const {values} = parseArgs({
    args: options,
    options: {
      targets: {type: 'string', default: '200'},
      series: {type: 'string', default: '200000'},
      hours: {type: 'string', default: '24'},
      interval: {type: 'string', default: '60'},
    },
  });
  const targets = Number(values.targets);
  const series = Number(values.series) / targets;
  process.stdout.write(
    `${targets} targets x ${series} series, scraped each ${values.interval} s, a tenth replaced each 600 s\n\n`,
  );
  const dir = mkdtempSync(join(tmpdir(), 'narthex-bench-'));
  const memory = LinearMemory.reserve();
  const kernels = loadKernels(memory);
  const arena = new SizeClassArena(memory, arenaStart, memory.byteLength);
  const db = await Db.open({dir, memory, kernels, arena, log: noLogger});
  try {
    const intervalMs = 1000 * Number(values.interval);
    const churn = new Churn({db, memory, kernels, arena, targets, series, intervalMs, replaceMs: 600_000});
    const rows: (ChurnReport & {residentBytes: number; diskBytes: number})[] = [];
    const started = performance.now();
    await churn.run(Number(values.hours), (report) =>
      rows.push({...report, residentBytes: residentBytes(), diskBytes: folderBytes(dir)}),
    );
    printRows(rows);
    const seconds = (performance.now() - started) / 1000;
    process.stdout.write(`\n${churn.samples} samples in ${seconds.toFixed(0)} s\n`);
    printBar(rows);
  } finally {
    await db.close();
    rmSync(dir, {recursive: true, force: true});
  }
}

function residentBytes(): number {
  const status = readFileSync('/proc/self/status', 'utf8');
  return 1024 * Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0);
}

function printRows(rows: (ChurnReport & {residentBytes: number; diskBytes: number})[]): void {
  printTable(
    [
      'hours',
      'series made',
      'in the head',
      'symbols',
      'in use MB',
      'reserved MB',
      'line tables MB',
      'RSS MB',
      'disk MB',
    ],
    rows.map((row) => [
      String(row.hours),
      String(row.seriesCreated),
      String(row.series),
      String(row.symbols),
      row.bytesInUse / 1e6,
      row.bytesReserved / 1e6,
      row.tableBytes / 1e6,
      row.residentBytes / 1e6,
      row.diskBytes / 1e6,
    ]),
  );
}

/** What is resident goes up and down with the collector: medians are compared, of the first and the last hours after it is full. */
function printBar(rows: (ChurnReport & {residentBytes: number})[]): void {
  const full = rows.filter(({hours}) => hours >= settledHours);
  const count = Math.floor(full.length / 2);
  if (count === 0) return;
  const [early, late] = [full.slice(0, count), full.slice(-count)];
  for (const field of ['bytesInUse', 'residentBytes'] as const) {
    const [before, after] = [early, late].map((part) => median(part.map((row) => row[field])));
    const ratio = after! / before!;
    const what = `${field} from hour ${late[0]!.hours} on by that of hours ${early[0]!.hours} to ${early.at(-1)!.hours}`;
    process.stdout.write(
      `Bar: ${what}: at most ${bar}; ${ratio.toFixed(3)}: ${ratio <= bar ? 'met' : 'MISSED'}\n`,
    );
  }
}
