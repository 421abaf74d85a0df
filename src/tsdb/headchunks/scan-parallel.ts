import {Worker} from 'node:worker_threads';
import {type FileSystem, nodeFileSystem} from '../../sys/fs.ts';
import type {LogMemory} from '../wal/page-buffer.ts';
import {headChunkPath, listHeadChunkFiles, outOfOrderBit, referenceFile, referenceOffset} from './format.ts';
import {type HeadChunkScan, type ScannedChunk, scanHeadChunkFiles, type ScanOptions} from './scan.ts';
import {blockRows, rowFields, type ScanThreadData, type ScanThreadResult} from './scan-rows.ts';

/** With less to read, a second thread costs more time than it saves. */
const bytesMin = 96 * 1024 * 1024;
/** What the thread needs: an entry of the greatest length, and room. */
const scratchBytes = 40 * 1024 * 1024;

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
  const {memory, arena} = options.linear;
  const scratch = arena.alloc(scratchBytes);
  const second = startThread({
    memory: memory.wasm,
    scratch,
    scratchEnd: scratch + scratchBytes,
    dir,
    files: files.slice(split),
  });
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
    arena.free(scratch, scratchBytes);
  }
}

/** Number of files for this thread; 0 = all of them. */
function splitOf(fs: FileSystem, dir: string, files: readonly number[]): number {
  if (fs !== nodeFileSystem || files.length < 2) return 0;
  const bytes = files.map((file) => fs.status(headChunkPath(dir, file))?.bytes ?? 0);
  const total = bytes.reduce((sum, each) => sum + each, 0);
  if (total < bytesMin) return 0;
  let before = 0;
  let split = 0;
  while (split < files.length - 1 && before + bytes[split]! <= total / 2) before += bytes[split++]!;
  return split;
}

function startThread(data: ScanThreadData): {
  result: Promise<ScanThreadResult | null>;
  end(): Promise<unknown>;
} {
  const worker = new Worker(new URL('./scan-thread.ts', import.meta.url), {
    workerData: data,
    name: 'head chunks',
    // It writes nothing. Otherwise this process's own output would be opened for it, which makes pipes non-blocking.
    stdout: true,
    stderr: true,
  });
  const result = new Promise<ScanThreadResult | null>((resolve) => {
    worker.on('message', (found: ScanThreadResult) => resolve(found));
    worker.on('error', () => resolve(null));
    worker.on('exit', () => resolve(null));
  });
  return {result, end: () => worker.terminate()};
}

function give(
  {scan, blocks, rowsInLast}: ScanThreadResult,
  receive: (chunk: ScannedChunk) => void,
): HeadChunkScan {
  const chunk: ScannedChunk = {
    ref: 0,
    minTime: 0,
    maxTime: 0,
    encoding: 0,
    outOfOrder: false,
    file: 0,
    offset: 0,
    bytes: 0,
    samples: 0,
  };
  for (const [i, block] of blocks.entries()) {
    const rows = i === blocks.length - 1 ? rowsInLast : blockRows;
    for (let at = 0; at < rows * rowFields; at += rowFields) {
      chunk.ref = block[at]!;
      chunk.minTime = block[at + 1]!;
      chunk.maxTime = block[at + 2]!;
      chunk.file = referenceFile(block[at + 3]!);
      chunk.offset = referenceOffset(block[at + 3]!);
      const header = block[at + 4]!;
      chunk.encoding = header & (outOfOrderBit - 1);
      chunk.outOfOrder = (header & outOfOrderBit) !== 0;
      chunk.samples = header >>> 8;
      chunk.bytes = block[at + 5]!;
      receive(chunk);
    }
  }
  return scan;
}
