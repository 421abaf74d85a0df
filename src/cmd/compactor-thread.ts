// Makes blocks: reads the shared memory and the blocks of the data folder, writes new ones. It runs only while there is something to do.
import {setPriority} from 'node:os';
import {parentPort, threadId, workerData} from 'node:worker_threads';
import {assert} from '../base/assert.ts';
import {SizeClassArena} from '../kernels/arena.ts';
import {loadKernels} from '../kernels/kernels.ts';
import {LinearMemory} from '../kernels/memory.ts';
import {nodeFileSystem} from '../sys/fs.ts';
import {createLogger, type LogOptions} from '../sys/log.ts';
import {serve} from '../sys/rpc.ts';
import type {CompactionRange} from '../tsdb/compactions.ts';
import type {DeletionRequest} from '../tsdb/administration.ts';
import {BlockMaker} from '../tsdb/blockmaker.ts';
import {headChunksDirectory} from '../tsdb/headchunks/format.ts';
import {HeadChunkReader} from '../tsdb/headchunks/reader.ts';
import {HeadReader} from '../tsdb/head/reader.ts';

export interface CompactorThreadData {
  memory: WebAssembly.Memory;
  dataFolder: string;
  log: LogOptions;
  /** One word: 1 = give up. */
  cancel: Int32Array;
}

const scratchBytes = 2 ** 30;
/** Scraping and queries come first. */
const niceness = 10;

const data = workerData as CompactorThreadData;
assert(parentPort !== null, 'compactor-thread.ts runs in a worker');

// On Linux a priority belongs to a thread; elsewhere it would be that of the whole process.
if (process.platform === 'linux') setPriority(niceness);

const memory = LinearMemory.reserve(scratchBytes);
const scratch = {
  memory,
  kernels: loadKernels(memory),
  arena: new SizeClassArena(memory, 65_536, memory.byteLength),
};
const maker = new BlockMaker(
  {
    fs: nodeFileSystem,
    dir: data.dataFolder,
    scratch,
    log: createLogger(data.log).child({component: 'tsdb'}),
    nowMs: Date.now,
    cancelled: () => Atomics.load(data.cancel, 0) !== 0,
  },
  new HeadReader(
    new LinearMemory(data.memory),
    scratch,
    threadId,
    new HeadChunkReader(nodeFileSystem, headChunksDirectory(data.dataFolder)),
  ),
);

serve(parentPort, {
  writeHead: (range: CompactionRange & {dir?: string}) => maker.writeHead(range),
  deleteSamples: (request: DeletionRequest & {ulid: string}) => maker.deleteSamples(request),
  writeLate: (range: CompactionRange & {reference: number}) => maker.writeLate(range),
  writeStale: (range: CompactionRange & {refs: Float64Array}) => maker.writeStale(range),
  compact: (ulids: string[]) => maker.compact(ulids),
  clean: (ulid: string) => maker.clean(ulid),
});
