// What the thread that scans files (scan-thread.ts) is given, and what it gives.
import type {HeadChunkScan} from './scan.ts';

export interface ScanThreadData {
  memory: WebAssembly.Memory;
  /** Memory for this thread alone: `[scratch, scratchEnd)`. */
  scratch: number;
  scratchEnd: number;
  dir: string;
  files: number[];
}

/** Rows of `rowFields` numbers, in blocks. */
export interface ScanThreadResult {
  scan: HeadChunkScan;
  blocks: Float64Array<ArrayBuffer>[];
  /** Rows in the last block; the others are full. */
  rowsInLast: number;
}

/** ref, minTime, maxTime, reference, samples × 256 + encoding with outOfOrderBit, bytes. */
export const rowFields = 6;
export const blockRows = 65_536;
