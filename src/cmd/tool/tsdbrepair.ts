import {statSync} from 'node:fs';
import {systemClock} from '../../sys/clock.ts';
import {nodeFileSystem} from '../../sys/fs.ts';
import {type LogFields, type Logger, noLogger} from '../../sys/log.ts';
import {blockNames} from '../../tsdb/block/blockset.ts';
import type {Salvaged, SalvageLoss} from '../../tsdb/block/salvage.ts';
import {
  type BlockRepair,
  type DirectoryRepairOptions,
  type LogName,
  logNames,
  repairBlock,
  repairFullChunks,
  repairLog,
} from '../../tsdb/directoryrepair.ts';
import {DirectoryLock} from '../../tsdb/lock.ts';
import type {Output} from './output.ts';
import {makeScratch} from './readonlydb.ts';

interface RepairOptions extends DirectoryRepairOptions {
  log: LineLogger;
}

/**
 * `tsdb repair`: see directoryrepair.ts. True where nothing is lost; with `dryRun`, where nothing is damaged. Throws where a server
 * uses the folder.
 */
export async function repairDirectory(
  path: string,
  {dryRun}: {dryRun: boolean},
  output: Output,
): Promise<boolean> {
  // The words of the system, where there is no such folder.
  statSync(path);
  const dir = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
  const common = {fs: nodeFileSystem, dir, clock: systemClock, log: noLogger};
  const lock = dryRun ? null : await DirectoryLock.take(common);
  try {
    const options = {...common, scratch: makeScratch(), log: new LineLogger(), dryRun};
    let good = true;
    for (const ulid of blockNames(nodeFileSystem, dir))
      good = writeBlockRepair(options, ulid, output) && good;
    // What full chunks lose, the log has.
    good = (writeFullChunks(options, output) || !dryRun) && good;
    for (const name of logNames) good = (await writeLogRepair(options, name, output)) && good;
    return good;
  } finally {
    lock?.release();
  }
}

function writeBlockRepair(options: RepairOptions, ulid: string, output: Output): boolean {
  const {problems, salvaged, movedTo}: BlockRepair = repairBlock(options, ulid);
  if (salvaged === null) {
    output.write(`${ulid}: OK\n`);
    return true;
  }
  const {damaged, losses} = salvaged;
  output.write(`${ulid}: damaged\n`);
  for (const {part, why} of damaged) output.write(`  ${part}: ${why}\n`);
  if (damaged.length + losses.length === 0) {
    for (const problem of problems) output.write(`  ${problem}\n`);
  }
  for (const loss of losses) output.write(`  lost: ${formatLoss(loss)}\n`);
  output.write(`  ${formatSaved(salvaged, options.dryRun)}\n`);
  if (movedTo !== null) output.write(`  the damaged block is in ${movedTo} now\n`);
  return !options.dryRun && losses.length === 0;
}

function formatLoss({series, mint, maxt, why}: SalvageLoss): string {
  const times = mint === null || maxt === null ? 'times that are not known' : `${mint} to ${maxt}`;
  return `${series ?? 'all series'}, ${times}: ${why}`;
}

function formatSaved({meta}: Salvaged, dryRun: boolean): string {
  if (meta === null) return dryRun ? 'nothing can be saved' : 'nothing is saved';
  const {numSeries, numChunks, numSamples} = meta.stats;
  const counts = `${numSeries} series, ${numChunks} chunks, ${numSamples} samples`;
  return dryRun ? `can be saved: ${counts}` : `saved as ${meta.ulid}: ${counts}`;
}

function writeFullChunks(options: RepairOptions, output: Output): boolean {
  const damage = repairFullChunks(options);
  if (damage !== null) output.write('chunks_head: damaged\n');
  for (const line of options.log.lines.splice(0)) output.write(line);
  return damage === null;
}

/** What a writer that was killed has not finished was never acknowledged: it is damage, and no loss. */
async function writeLogRepair(options: RepairOptions, name: LogName, output: Output): Promise<boolean> {
  const result = await repairLog(options, name);
  if (result === null) return true;
  const {segments, corruptions, tornTails, bytesCut} = result;
  const places = corruptions.length + tornTails;
  if (places === 0) output.write(`${name}: OK, ${segments} segments\n`);
  else output.write(`${name}: damaged in ${places} segments, ${bytesCut} bytes without a whole record\n`);
  for (const line of options.log.lines.splice(0)) output.write(line);
  return options.dryRun ? places === 0 : corruptions.length === 0;
}

/** Warnings and errors as lines for people, to be written under what they belong to. */
class LineLogger implements Logger {
  lines: string[] = [];

  debug(): void {}

  info(): void {}

  warn(msg: string, fields: LogFields = {}): void {
    const details = Object.entries(fields).map(
      ([name, value]) => `${name}=${value instanceof Error ? value.message : String(value)}`,
    );
    this.lines.push(`  ${msg}${details.length === 0 ? '' : ` (${details.join(', ')})`}\n`);
  }

  error(msg: string, fields?: LogFields): void {
    this.warn(msg, fields);
  }

  child(): Logger {
    return this;
  }
}
