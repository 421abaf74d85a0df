// Scans files of head chunks while another thread scans those before them, and hands over what it found, in columns.
import {setPriority} from 'node:os';
import {parentPort, workerData} from 'node:worker_threads';
import {SizeClassArena} from '../../kernels/arena.ts';
import {loadKernels} from '../../kernels/kernels.ts';
import {LinearMemory} from '../../kernels/memory.ts';
import {nodeFileSystem} from '../../sys/fs.ts';
import {chunkReference, outOfOrderBit} from './format.ts';
import {type ScannedChunk, scanHeadChunkFiles} from './scan.ts';
import {blockRows, rowFields, type ScanThreadData, type ScanThreadResult} from './scan-rows.ts';

/** The thread that reads series meanwhile has more to do, and goes first. */
const niceness = 5;

class Rows {
  readonly blocks: Float64Array<ArrayBuffer>[] = [];
  /** Rows in the last block. */
  length = blockRows;

  add(chunk: ScannedChunk): void {
    if (this.length === blockRows) {
      this.blocks.push(new Float64Array(blockRows * rowFields));
      this.length = 0;
    }
    const block = this.blocks.at(-1)!;
    let at = this.length++ * rowFields;
    block[at++] = chunk.ref;
    block[at++] = chunk.minTime;
    block[at++] = chunk.maxTime;
    block[at++] = chunkReference(chunk.file, chunk.offset);
    block[at++] = (chunk.samples << 8) | (chunk.outOfOrder ? outOfOrderBit : 0) | chunk.encoding;
    block[at] = chunk.bytes;
  }
}

function scan(data: ScanThreadData): void {
  const memory = new LinearMemory(data.memory);
  const arena = new SizeClassArena(memory, data.scratch, data.scratchEnd);
  const linear = {memory, kernels: loadKernels(memory), arena};
  const rows = new Rows();
  const found = scanHeadChunkFiles(nodeFileSystem, data.dir, data.files, (chunk) => rows.add(chunk), {
    linear,
  });
  const result: ScanThreadResult = {scan: found, blocks: rows.blocks, rowsInLast: rows.length};
  parentPort!.postMessage(
    result,
    rows.blocks.map(({buffer}) => buffer),
  );
}

/** On Linux a priority belongs to a thread; elsewhere it would be that of the whole process. */
function yieldToOthers(): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(niceness);
  } catch {
    // Not allowed here: then all threads are equal.
  }
}

yieldToOthers();
scan(workerData as ScanThreadData);
