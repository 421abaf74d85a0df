// Repairs a data directory that no server uses: makes new blocks of what can be read of damaged ones, and does to the logs and the
// files of full chunks what a start does to them. Nothing is deleted: all that is damaged is in one folder afterwards.

import type {Clock} from '../sys/clock.ts';
import type {FileSystem} from '../sys/fs.ts';
import {type Logger, noLogger} from '../sys/log.ts';
import {Block} from './block/block.ts';
import {PageCache} from './block/blockfile.ts';
import {type Salvaged, salvageBlock} from './block/salvage.ts';
import {whyUnreadable} from './block/damage.ts';
import {verifyBlock} from './block/verify.ts';
import type {Scratch} from './scratch.ts';
import {headChunkPath, headChunksDirectory, listHeadChunkFiles} from './headchunks/format.ts';
import {type HeadChunkDamage, repairHeadChunks, scanHeadChunks} from './headchunks/scan.ts';
import type {ReplaySink} from './log.ts';
import {lateDirectory, walDirectory} from './logs.ts';
import {listSnapshots} from './snapshot/format.ts';
import {keepCopy} from './wal/repair.ts';
import {replay, type ReplayResult} from './wal/replay.ts';
import {lastCheckpoint, listSegments} from './wal/segments.ts';

/** In the data directory: what was damaged, as it was. */
export const damagedFolder = 'damaged';

/** Complaints about one block that are kept. */
const problemsMax = 20;

export interface DirectoryRepairOptions {
  fs: FileSystem;
  /** The data directory. */
  dir: string;
  scratch: Scratch;
  clock: Clock;
  /** Told of what is found and done in the logs and the files of full chunks. */
  log: Logger;
  /** Only say what would be done. */
  dryRun: boolean;
}

export interface BlockRepair {
  ulid: string;
  /** What verifyBlock() says, as far as it goes; none = the block is sound, and stays as it is. */
  problems: string[];
  /** Null where the block is sound. */
  salvaged: Salvaged | null;
  /** Where the damaged block is now; null where it was not moved. */
  movedTo: string | null;
}

/** Looks through one block, and replaces it where it is damaged. */
export function repairBlock(options: DirectoryRepairOptions, ulid: string): BlockRepair {
  const {fs, dir, scratch, clock, dryRun} = options;
  const problems = problemsOf(options, ulid);
  if (problems.length === 0) return {ulid, problems, salvaged: null, movedTo: null};
  const salvaged = salvageBlock({fs, dir, ulid, scratch, nowMs: () => clock.now(), dryRun});
  return {ulid, problems, salvaged, movedTo: dryRun ? null : moveAside(fs, dir, ulid)};
}

function problemsOf({fs, dir, scratch}: DirectoryRepairOptions, ulid: string): string[] {
  const problems: string[] = [];
  const complain = (problem: string): void => {
    if (problems.length < problemsMax) problems.push(problem);
  };
  try {
    const block = new Block({fs, dir: `${dir}/${ulid}`, cache: new PageCache()});
    try {
      verifyBlock(block, scratch, complain);
    } finally {
      block.close();
    }
  } catch (error) {
    complain(whyUnreadable(error));
  }
  return problems;
}

export const logNames = ['WAL', 'WBL'] as const;
export type LogName = (typeof logNames)[number];

/**
 * Reads the log, or that of late samples; where records are damaged, takes them out as a start does. Gives what was damaged; null
 * where there is no such log.
 */
export async function repairLog(
  options: DirectoryRepairOptions,
  name: LogName,
): Promise<ReplayResult | null> {
  const {fs, dir, clock, dryRun, log} = options;
  const folder = name === 'WAL' ? walDirectory(dir) : lateDirectory(dir);
  if (lastCheckpoint(fs, folder) === null && listSegments(fs, folder).length === 0) return null;
  const common = {fs, dir: folder, sink: noSink, clock, name, corruptDir: `${dir}/${damagedFolder}`};
  const found = await replay({...common, log: dryRun ? log : noLogger, readOnly: true});
  if (dryRun || found.corruptions.length + found.tornTails === 0) return found;
  moveSnapshots(options);
  keepTornTail(options, folder, found);
  return replay({...common, log, corruptCopiesMax: Infinity});
}

/** The end of a log whose writer was killed is cut off without a copy. */
function keepTornTail(
  {fs, dir, clock}: DirectoryRepairOptions,
  folder: string,
  {tornTails}: ReplayResult,
): void {
  if (tornTails === 0) return;
  const last = listSegments(fs, folder)
    .filter(({path}) => (fs.status(path)?.bytes ?? 0) > 0)
    .at(-1);
  if (last !== undefined) keepCopy(fs, last, 0, `${dir}/${damagedFolder}`, clock.now(), Infinity);
}

/** A snapshot of the memory goes on at a byte of the log, which is another one now. */
function moveSnapshots({fs, dir, log}: DirectoryRepairOptions): void {
  for (const {path} of listSnapshots(fs, dir)) {
    const name = path.slice(path.lastIndexOf('/') + 1);
    log.warn('Snapshot of the memory is moved aside, the next start reads the log', {
      to: moveAside(fs, dir, name),
    });
  }
}

/** Reads the files of full chunks; where they are damaged, does what a start does, with copies of what that takes away. */
export function repairFullChunks({
  fs,
  dir,
  clock,
  log,
  dryRun,
}: DirectoryRepairOptions): HeadChunkDamage | null {
  const folder = headChunksDirectory(dir);
  const {damage} = scanHeadChunks(fs, folder, () => {});
  if (damage === null) return null;
  log.error('Head chunks are damaged: the damaged ones and all behind them are read from the log again', {
    ...damage,
  });
  if (dryRun) return damage;
  for (const file of listHeadChunkFiles(fs, folder)) {
    const segment = {dir: folder, number: file, path: headChunkPath(folder, file)};
    if (file >= damage.file) keepCopy(fs, segment, 0, `${dir}/${damagedFolder}`, clock.now(), Infinity);
  }
  repairHeadChunks(fs, folder, damage, log);
  return damage;
}

/** Moves a folder of the data directory into that of damaged things, and gives its path there. */
function moveAside(fs: FileSystem, dir: string, name: string): string {
  const folder = `${dir}/${damagedFolder}`;
  fs.makeDirectory(folder);
  const target = freePath(fs, `${folder}/${name}`);
  fs.rename(`${dir}/${name}`, target);
  fs.syncDirectory(folder);
  fs.syncDirectory(dir);
  return target;
}

function freePath(fs: FileSystem, path: string): string {
  let free = path;
  for (let copy = 2; fs.status(free) !== null; copy++) free = `${path}-${copy}`;
  return free;
}

/** Only what replay itself finds is wanted. */
const noSink: ReplaySink = {
  series() {},
  samples() {},
  histograms() {},
  metadata() {},
  exemplar() {},
  marker() {},
  tombstone() {},
};
