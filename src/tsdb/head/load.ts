import {headChunkPath, listHeadChunkFiles} from '../headchunks/format.ts';
import {type LateMark, readLateMark} from '../headchunks/latemark.ts';
import {repairHeadChunks, scanHeadChunks} from '../headchunks/scan.ts';
import type {ScanAhead} from '../headchunks/scan-ahead.ts';
import type {ScannedRows} from '../headchunks/scan-rows.ts';
import type {ChunkFilesOptions} from './chunkfiles.ts';
import type {Head} from './head.ts';
import {removeSnapshots} from '../snapshot/format.ts';
import {writeAgain} from '../wal/repair.ts';
import {LoadedChunks} from './loadedchunks.ts';

/** What the files of full chunks have. */
export interface LoadedHeadChunks {
  chunks: LoadedChunks;
  /** Where threads have scanned the files: their rows, which are not among `chunks`. */
  rows: ScannedRows | null;
  mark: LateMark | null;
}

/**
 * Reads what the files of full chunks have, takes away what is damaged with all behind it, and lets the head go on behind the rest.
 * Where files cannot be read at all, the head starts without them: the log has everything.
 */
export async function loadHeadChunks(
  head: Head,
  options: Omit<ChunkFilesOptions, 'firstFile' | 'lastFile'> & {
    dataFolder: string;
    /** Between files: `done` of `total` are read. */
    onProgress: (done: number, total: number) => void;
    /** Threads that have begun to scan the files. */
    ahead?: ScanAhead | null;
  },
): Promise<LoadedHeadChunks> {
  const {fs, dir, log, elapsed} = options;
  const started = elapsed();
  log.info('Replaying on-disk memory mappable chunks if any');
  const loaded = new LoadedChunks();
  const {ahead = null} = options;
  if (ahead !== null) options.onProgress(0, listHeadChunkFiles(fs, dir).length);
  const rows = ahead === null ? null : await ahead.result;
  const {damage, files, chunks, ...scan} =
    rows?.scan ?? scanHeadChunks(fs, dir, (chunk) => loaded.add(chunk), options);
  const mark = readLateMark(fs, dir, log);
  let {lastFile} = scan;
  if (damage !== null) {
    log.error('Head chunks are damaged: the damaged ones and all behind them are read from the log again', {
      ...damage,
    });
    // A snapshot leaves full chunks to these files.
    removeSnapshots(fs, options.dataFolder);
    if (damage.unreadable === true) lastFile = listHeadChunkFiles(fs, dir).at(-1) ?? lastFile;
    else lastFile = repairHeadChunks(fs, dir, damage, log);
  }
  if (files > 0) {
    log.info('On-disk memory mappable chunks replay completed', {
      files,
      chunks,
      duration: `${((elapsed() - started) / 1000).toFixed(3)}s`,
    });
  }
  const synced = files === 0 || syncFile(options, headChunkPath(dir, lastFile));
  head.useFiles({...options, firstFile: listHeadChunkFiles(fs, dir)[0] ?? 1, lastFile});
  head.files!.damages = damage === null && synced ? 0 : 1;
  return {chunks: loaded, rows, mark};
}

/**
 * Sees to it that all files of full chunks are on the disk: where the log is damaged, they may have what it has no more. Files are synced when
 * the next one is begun, but that may have failed, and did no harm as long as the log had everything. They are written over themselves, as
 * after a sync that has failed the system may take what was not written for written.
 */
export function syncHeadChunks(
  head: Head,
  {fs, dir, log}: Pick<ChunkFilesOptions, 'fs' | 'log' | 'dir'>,
): void {
  const files = listHeadChunkFiles(fs, dir);
  try {
    for (const file of files) writeAgain(fs, {path: headChunkPath(dir, file)});
    // Their names, too.
    if (files.length > 0) fs.syncDirectory(dir);
  } catch (error) {
    log.error('Head chunks: cannot sync files', {dir, err: error});
    head.files!.damages = 1;
  }
}

/** What a killed process has written last is not on the disk yet, and a snapshot would rely on it. */
function syncFile({fs, log}: Pick<ChunkFilesOptions, 'fs' | 'log'>, path: string): boolean {
  try {
    const file = fs.open(path, 'r+');
    try {
      fs.sync(file);
    } finally {
      fs.close(file);
    }
    return true;
  } catch (error) {
    log.error('Head chunks: cannot sync the newest file', {path, err: error});
    return false;
  }
}
