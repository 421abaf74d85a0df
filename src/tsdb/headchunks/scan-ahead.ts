import {Worker} from 'node:worker_threads';
import {type FileSystem, nodeFileSystem} from '../../sys/fs.ts';
import type {LogMemory} from '../wal/page-buffer.ts';
import {headChunkPath, listHeadChunkFiles} from './format.ts';
import type {ScanThreadData, ScanThreadResult} from './scan-rows.ts';

/** With less to read, a second thread costs more time than it saves. */
export const scanBytesMin = 96 * 1024 * 1024;
/** What the thread needs: an entry of the greatest length, and room. */
const scratchBytes = 40 * 1024 * 1024;

/** A thread that scans files of full chunks. What it has found comes at the end. */
export class ScanAhead {
  /** Null: the thread has failed, and has said nothing of the files. */
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

  /** A thread that scans all files. Null where it would not pay, or could not see them. */
  static start(
    fs: FileSystem,
    dir: string,
    {linear, bytesMin = scanBytesMin}: {linear: LogMemory; bytesMin?: number | undefined},
  ): ScanAhead | null {
    if (fs !== nodeFileSystem) return null;
    const files = listHeadChunkFiles(fs, dir);
    const bytes = files.reduce((sum, file) => sum + (fs.status(headChunkPath(dir, file))?.bytes ?? 0), 0);
    return bytes < bytesMin ? null : new ScanAhead(linear, dir, files);
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
    this.#linear.arena.free(this.#scratch, scratchBytes);
  }
}
