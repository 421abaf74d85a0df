// A query worker: reads the shared memory, evaluates one query at a time, answers with finished bytes.
import {setPriority} from 'node:os';
import {parentPort, threadId, workerData} from 'node:worker_threads';
import {assert} from '../base/assert.ts';
import {SizeClassArena} from '../kernels/arena.ts';
import {loadKernels} from '../kernels/kernels.ts';
import {LinearMemory} from '../kernels/memory.ts';
import {PointWriter} from '../kernels/points.ts';
import {Engine, type EngineFeatures} from '../promql/engine/engine.ts';
import {MemoryLedger} from '../sys/memory-ledger.ts';
import {nodeFileSystem} from '../sys/fs.ts';
import {createLogger, type LogOptions} from '../sys/log.ts';
import {serve, transfer} from '../sys/rpc.ts';
import {PageCache} from '../tsdb/block/blockfile.ts';
import {BlockSet} from '../tsdb/block/blockset.ts';
import {headerBlocks} from '../tsdb/head/header.ts';
import {headChunksDirectory} from '../tsdb/headchunks/format.ts';
import {HeadChunkReader} from '../tsdb/headchunks/reader.ts';
import {HeadReader} from '../tsdb/head/reader.ts';
import {DbReader} from '../tsdb/querier.ts';
import type {WorkerAnswer} from './querypool.ts';
import {answerQuery, type EvaluateRequest} from './query-answers.ts';

export interface QueryThreadData {
  memory: WebAssembly.Memory;
  dataFolder: string;
  log: LogOptions;
  /** One word: 1 = give up. */
  cancel: Int32Array;
  lookbackDeltaMs: number;
  maxSamples: number;
  /** What one query may hold, what all may, and where this thread notes what it holds (MemoryLedger). */
  maxBytes: number;
  ledger: {bytesMax: number; places: Int32Array<SharedArrayBuffer>; place: number};
  features: EngineFeatures;
}

const scratchBytes = 2 ** 30;

/** How often a thread without queries looks whether blocks have gone. */
const blocksRefreshMs = 15_000;

/** Scraping and ingestion are on time before queries are fast: where cores are short, the system runs those threads first. */
const niceness = 5;

const data = workerData as QueryThreadData;
assert(parentPort !== null, 'query-thread.ts runs in a worker');

yieldToOthers();

const {bytesMax, places, place} = data.ledger;
const ledger = new MemoryLedger(bytesMax, places);
const privateMemory = LinearMemory.reserve(scratchBytes);
const scratch = {
  memory: privateMemory,
  kernels: loadKernels(privateMemory),
  arena: new SizeClassArena(privateMemory, 65_536, privateMemory.byteLength),
};
const shared = new LinearMemory(data.memory);
const logger = createLogger(data.log).child({component: 'tsdb'});
const blocks = new BlockSet({
  fs: nodeFileSystem,
  dir: data.dataFolder,
  cache: new PageCache(),
  version: () => Atomics.load(shared.i32, headerBlocks >>> 2),
  onDamage: (ulid, error) =>
    logger.error('A block cannot be read and is left out', {block: ulid, err: error}),
  onPartDamage: (ulid, damage) =>
    logger.error('A part of a block cannot be read and is left out of answers', {block: ulid, err: damage}),
});
const headChunks = new HeadChunkReader(nodeFileSystem, headChunksDirectory(data.dataFolder));
const head = new HeadReader(shared, scratch, threadId, headChunks);
/** Damage is told once. */
const told = new Set<string>();
head.onDamage = (error) => {
  if (told.has(error.message) || told.size > 1000) return;
  told.add(error.message);
  logger.error('A chunk of the head cannot be read and is left out of answers', {err: error});
};
const reader = new DbReader(head, blocks);
// What was deleted gives its room on the disk back when nobody has it open any more.
setInterval(() => blocks.refresh(), blocksRefreshMs).unref();
const engine = new Engine({
  lookbackDeltaMs: data.lookbackDeltaMs,
  maxSamples: data.maxSamples,
  maxBytes: data.maxBytes,
  sharedBudget: {bytesMax, hold: (bytes) => ledger.hold(place, bytes)},
  // Each request says what it is now.
  defaultEvalIntervalMs: 60_000,
  features: data.features,
});
const points = new PointWriter(scratch);
const cancelled = (): boolean => Atomics.load(data.cancel, 0) !== 0;

serve(parentPort, {
  run(request: EvaluateRequest): WorkerAnswer {
    const answer = answerQuery({engine, queryable: reader, cancelled, points}, request);
    // The bytes are moved where they own their buffer; a part of a larger one is copied.
    const whole = answer.body.byteLength === answer.body.buffer.byteLength;
    return whole ? transfer(answer, [answer.body.buffer as ArrayBuffer]) : answer;
  },
});

/** On Linux a priority belongs to a thread; elsewhere it would be that of the whole process. */
function yieldToOthers(): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(niceness);
  } catch {
    // Not allowed here: then all threads are equal.
  }
}
