import {headChunkPath, listHeadChunkFiles} from '../headchunks/format.ts';
import {readLateMark} from '../headchunks/latemark.ts';
import {repairHeadChunks} from '../headchunks/scan.ts';
import {scanHeadChunksInParallel} from '../headchunks/scan-parallel.ts';
import type {ChunkFilesOptions} from './chunkfiles.ts';
import type {Head} from './head.ts';
import {removeSnapshots} from '../snapshot/format.ts';
import {LoadedChunks} from './loadedchunks.ts';

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
  },
): Promise<LoadedChunks | null> {
  const {fs, dir, log, elapsed} = options;
  const started = elapsed();
  const loaded = new LoadedChunks();
  const {damage, files, chunks, ...scan} = await scanHeadChunksInParallel(
    fs,
    dir,
    (chunk) => loaded.add(chunk),
    options,
  );
  const mark = readLateMark(fs, dir, log);
  if (mark !== null) loaded.mark(mark);
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
  return loaded.length === 0 ? null : loaded;
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
