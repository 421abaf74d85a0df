import {Worker} from 'node:worker_threads';
import {type FileSystem, nodeFileSystem} from '../../sys/fs.ts';
import type {LogMemory} from '../wal/page-buffer.ts';
import {headChunkPath, listHeadChunkFiles} from './format.ts';
import type {HeadChunkScan} from './scan.ts';
import type {ScannedRows, ScanThreadData, ScanThreadResult} from './scan-rows.ts';

/** With less to read, a second thread costs more time than it saves. */
export const scanBytesMin = 96 * 1024 * 1024;
/** What the thread needs: an entry of the greatest length, and room. */
const scratchBytes = 40 * 1024 * 1024;

/** Two threads that scan files of full chunks, half of them each. What they have found comes at the end. */
export class ScanAhead {
  /** Null: a thread has failed, and has said nothing of its files. */
  readonly result: Promise<ScannedRows | null>;
  readonly #threads: ScanThread[];

  private constructor(linear: LogMemory, dir: string, halves: number[][]) {
    this.#threads = halves.map((files) => new ScanThread(linear, dir, files));
    this.result = Promise.all(this.#threads.map(({result}) => result)).then((parts) => joined(parts, halves));
  }

  /** Null where it would not pay, or threads could not see the files. */
  static start(
    fs: FileSystem,
    dir: string,
    {linear, bytesMin = scanBytesMin}: {linear: LogMemory; bytesMin?: number | undefined},
  ): ScanAhead | null {
    if (fs !== nodeFileSystem) return null;
    const files = listHeadChunkFiles(fs, dir);
    const bytes = files.map((file) => fs.status(headChunkPath(dir, file))?.bytes ?? 0);
    if (files.length === 0 || bytes.reduce((sum, each) => sum + each, 0) < bytesMin) return null;
    const half = halfOf(bytes);
    const halves = [files.slice(0, half), files.slice(half)];
    return new ScanAhead(
      linear,
      dir,
      halves.filter(({length}) => length > 0),
    );
  }

  async end(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.end()));
  }
}

/** How many come before the middle. */
function halfOf(bytes: readonly number[]): number {
  const total = bytes.reduce((sum, each) => sum + each, 0);
  let before = 0;
  let half = 0;
  while (half < bytes.length - 1 && before + bytes[half]! <= total / 2) before += bytes[half++]!;
  return half;
}

/** As if one had scanned all: nothing counts behind damage, nor behind a gap. */
function joined(
  results: readonly (ScanThreadResult | null)[],
  halves: readonly number[][],
): ScannedRows | null {
  const scan: HeadChunkScan = {files: 0, chunks: 0, lastFile: 0, damage: null};
  const parts: ScanThreadResult[] = [];
  for (const [i, part] of results.entries()) {
    if (scan.damage !== null) break;
    if (part === null) return null;
    const [first] = halves[i]!;
    if (scan.lastFile > 0 && first !== scan.lastFile + 1) {
      scan.damage = {file: first!, offset: 0, reason: `file ${scan.lastFile + 1} is missing`};
      break;
    }
    parts.push(part);
    scan.files += part.scan.files;
    scan.chunks += part.scan.chunks;
    scan.lastFile = part.scan.lastFile || scan.lastFile;
    scan.damage = part.scan.damage;
  }
  return {scan, parts};
}

class ScanThread {
  readonly result: Promise<ScanThreadResult | null>;
  readonly #linear: LogMemory;
  readonly #scratch: number;
  readonly #worker: Worker;

  constructor(linear: LogMemory, dir: string, files: number[]) {
    const {memory, arena} = linear;
    this.#linear = linear;
    this.#scratch = arena.alloc(scratchBytes);
    const data: ScanThreadData = {
      memory: memory.wasm,
      scratch: this.#scratch,
      scratchEnd: this.#scratch + scratchBytes,
      dir,
      files,
    };
    const worker = new Worker(new URL('./scan-thread.ts', import.meta.url), {
      workerData: data,
      name: 'head chunks',
      // It writes nothing. Otherwise this process's own output would be opened for it, which makes pipes non-blocking.
      stdout: true,
      stderr: true,
    });
    this.#worker = worker;
    this.result = new Promise<ScanThreadResult | null>((resolve) => {
      worker.on('message', (found: ScanThreadResult) => resolve(found));
      worker.on('error', () => resolve(null));
      worker.on('exit', () => resolve(null));
    });
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
    this.#linear.arena.free(this.#scratch, scratchBytes);
  }
}
