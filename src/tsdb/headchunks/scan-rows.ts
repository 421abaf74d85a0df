// What a thread that scans files (scan-thread.ts) is given, and what it gives.
import {outOfOrderBit, referenceFile, referenceOffset} from './format.ts';
import type {HeadChunkScan, ScannedChunk} from './scan.ts';

export interface ScanThreadData {
  memory: WebAssembly.Memory;
  /** Memory for this thread alone: `[scratch, scratchEnd)`. */
  scratch: number;
  scratchEnd: number;
  dir: string;
  files: number[];
}

/** What threads have found in all files together. */
export interface ScannedRows {
  scan: HeadChunkScan;
  /** In the order of the files. */
  parts: ScanThreadResult[];
}

/** What one thread has found: rows of `rowFields` numbers, in blocks. */
export interface ScanThreadResult {
  scan: HeadChunkScan;
  blocks: Float64Array<ArrayBuffer>[];
  /** Rows in the last block; the others are full. */
  rowsInLast: number;
}

/** ref, minTime, maxTime, reference, samples × 256 + encoding with outOfOrderBit, bytes. */
export const rowFields = 6;
export const blockRows = 65_536;

/** Calls `visit` with each block and the number of its rows. */
export function visitBlocks(
  {parts}: ScannedRows,
  visit: (block: Float64Array<ArrayBuffer>, rows: number) => void,
): void {
  for (const {blocks, rowsInLast} of parts) {
    for (const [i, block] of blocks.entries()) visit(block, i === blocks.length - 1 ? rowsInLast : blockRows);
  }
}

export function chunkOfRow(block: Float64Array, row: number, chunk: ScannedChunk): void {
  const at = row * rowFields;
  const reference = block[at + 3]!;
  const header = block[at + 4]!;
  chunk.ref = block[at]!;
  chunk.minTime = block[at + 1]!;
  chunk.maxTime = block[at + 2]!;
  chunk.file = referenceFile(reference);
  chunk.offset = referenceOffset(reference);
  chunk.encoding = header & (outOfOrderBit - 1);
  chunk.outOfOrder = (header & outOfOrderBit) !== 0;
  chunk.samples = header >>> 8;
  chunk.bytes = block[at + 5]!;
}
