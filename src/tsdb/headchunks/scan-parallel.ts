import {type FileSystem, nodeFileSystem} from '../../sys/fs.ts';
import type {LogMemory} from '../wal/page-buffer.ts';
import {headChunkPath, listHeadChunkFiles} from './format.ts';
import {
  emptyChunk,
  type HeadChunkScan,
  type ScannedChunk,
  scanHeadChunkFiles,
  type ScanOptions,
} from './scan.ts';
import {ScanAhead, scanBytesMin} from './scan-ahead.ts';
import {chunkOfRow, type ScanThreadResult, visitBlocks} from './scan-rows.ts';

/**
 * The same as scanHeadChunks(), with half of the files read by another thread where there are many. What comes to `receive` comes in
 * the same order.
 */
export async function scanHeadChunksInParallel(
  fs: FileSystem,
  dir: string,
  receive: (chunk: ScannedChunk) => void,
  options: ScanOptions & {linear: LogMemory},
): Promise<HeadChunkScan> {
  const files = listHeadChunkFiles(fs, dir);
  const split = splitOf(fs, dir, files);
  if (split === 0) return scanHeadChunkFiles(fs, dir, files, receive, options);
  const second = new ScanAhead(options.linear, dir, files.slice(split));
  try {
    const total = files.length;
    const onProgress = (done: number): void => options.onProgress?.(done, total);
    const scan = scanHeadChunkFiles(fs, dir, files.slice(0, split), receive, {...options, onProgress});
    if (scan.damage !== null) return scan;
    const result = await second.result;
    // A thread that has failed has said nothing of the files.
    const rest =
      result === null || files[split] !== scan.lastFile + 1
        ? scanHeadChunkFiles(fs, dir, files.slice(split), receive, {...options, previousFile: scan.lastFile})
        : give(result, receive);
    return {
      files: scan.files + rest.files,
      chunks: scan.chunks + rest.chunks,
      lastFile: rest.files > 0 ? rest.lastFile : scan.lastFile,
      damage: rest.damage,
    };
  } finally {
    await second.end();
  }
}

/** Number of files for this thread; 0 = all of them. */
function splitOf(fs: FileSystem, dir: string, files: readonly number[]): number {
  if (fs !== nodeFileSystem || files.length < 2) return 0;
  const bytes = files.map((file) => fs.status(headChunkPath(dir, file))?.bytes ?? 0);
  const total = bytes.reduce((sum, each) => sum + each, 0);
  if (total < scanBytesMin) return 0;
  let before = 0;
  let split = 0;
  while (split < files.length - 1 && before + bytes[split]! <= total / 2) before += bytes[split++]!;
  return split;
}

function give(result: ScanThreadResult, receive: (chunk: ScannedChunk) => void): HeadChunkScan {
  const chunk = emptyChunk();
  visitBlocks(result, (block, rows) => {
    for (let row = 0; row < rows; row++) {
      chunkOfRow(block, row, chunk);
      receive(chunk);
    }
  });
  return result.scan;
}
