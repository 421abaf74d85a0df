// What a thread needs to answer queries: its way to the head and the blocks, and an engine.
import {SizeClassArena} from '../kernels/arena.ts';
import {loadKernels} from '../kernels/kernels.ts';
import {LinearMemory} from '../kernels/memory.ts';
import {PointWriter} from '../kernels/points.ts';
import {Engine, type EngineFeatures} from '../promql/engine/engine.ts';
import {nodeFileSystem} from '../sys/fs.ts';
import {createLogger, type LogOptions} from '../sys/log.ts';
import {MemoryLedger} from '../sys/memory-ledger.ts';
import {PageCache} from '../tsdb/block/blockfile.ts';
import {BlockSet} from '../tsdb/block/blockset.ts';
import {ChunkCache} from '../tsdb/chunkcache.ts';
import {headerBlocks} from '../tsdb/head/header.ts';
import {HeadReader} from '../tsdb/head/reader.ts';
import {headChunksDirectory} from '../tsdb/headchunks/format.ts';
import {HeadChunkReader} from '../tsdb/headchunks/reader.ts';
import {DbReader} from '../tsdb/querier.ts';
import type {AnswerWorld} from './query-answers.ts';

export interface QueryWorldOptions {
  memory: WebAssembly.Memory;
  dataFolder: string;
  log: LogOptions;
  lookbackDeltaMs: number;
  maxSamples: number;
  /** What one query may hold, what all may, and where this thread notes what it holds (MemoryLedger). */
  maxBytes: number;
  ledger: {bytesMax: number; places: Int32Array<SharedArrayBuffer>; place: number};
  features: EngineFeatures;
}

const scratchBytes = 2 ** 30;
/** Chunks are kept in some thirty sizes, each of which has a span that is not full. */
const spanBytes = 16_384;
/** Kernels read some bytes more than they are given. */
const slackBytes = 64;
/** What a thread keeps of chunks that it has read, and of the files that the head's are in. */
const chunkBytesMax = 12 * 2 ** 20;
const headWindowBytesMax = 2 ** 20;

/** How often a thread without queries looks whether blocks have gone. */
const blocksRefreshMs = 15_000;

/** Opens the way to the data. `owner` is the number by which the storage thread knows this reader of the shared memory, not 0. */
export function openQueryWorld(
  options: QueryWorldOptions,
  {owner, pagesBytesMax}: {owner: number; pagesBytesMax?: number},
): Omit<AnswerWorld, 'cancelled'> {
  const {bytesMax, places, place} = options.ledger;
  const ledger = new MemoryLedger(bytesMax, places);
  const privateMemory = LinearMemory.reserve(scratchBytes);
  const linear = {
    memory: privateMemory,
    kernels: loadKernels(privateMemory),
    arena: new SizeClassArena(privateMemory, 65_536, privateMemory.byteLength - slackBytes, spanBytes),
  };
  const scratch = {...linear, chunks: new ChunkCache(linear, pagesBytesMax ?? chunkBytesMax)};
  const shared = new LinearMemory(options.memory);
  const logger = createLogger(options.log).child({component: 'tsdb'});
  const damaged: string[] = [];
  const blocks = new BlockSet({
    fs: nodeFileSystem,
    dir: options.dataFolder,
    cache: new PageCache(pagesBytesMax),
    version: () => Atomics.load(shared.i32, headerBlocks >>> 2),
    onDamage: (ulid, error) =>
      logger.error('A block cannot be read and is left out', {block: ulid, err: error}),
    onPartDamage: (ulid, damage) => {
      damaged.push(damage.message);
      logger.error('A part of a block cannot be read and is left out of answers', {block: ulid, err: damage});
    },
    onMended: (ulid, damage) => {
      damaged.push(damage.message);
      logger.error('A list of postings cannot be read and is made again of the series', {
        block: ulid,
        err: damage,
      });
    },
  });
  const headChunks = new HeadChunkReader(
    nodeFileSystem,
    headChunksDirectory(options.dataFolder),
    headWindowBytesMax,
  );
  const head = new HeadReader(shared, scratch, owner, headChunks);
  /** Damage is told once. */
  const told = new Set<string>();
  head.onDamage = (error) => {
    if (told.has(error.message) || told.size > 1000) return;
    told.add(error.message);
    damaged.push(error.message);
    logger.error('A chunk of the head cannot be read and is left out of answers', {err: error});
  };
  // What was deleted gives its room on the disk back when nobody has it open any more.
  setInterval(() => blocks.refresh(), blocksRefreshMs).unref();
  const engine = new Engine({
    lookbackDeltaMs: options.lookbackDeltaMs,
    maxSamples: options.maxSamples,
    maxBytes: options.maxBytes,
    sharedBudget: {bytesMax, hold: (bytes) => ledger.hold(place, bytes)},
    // Each request says what it is now.
    defaultEvalIntervalMs: 60_000,
    features: options.features,
  });
  return {
    engine,
    queryable: new DbReader(head, blocks),
    points: new PointWriter(scratch),
    takeDamage: () => damaged.splice(0),
  };
}
