import type {Arena} from '../kernels/arena.ts';
import type {Kernels} from '../kernels/kernels.ts';
import type {LinearMemory} from '../kernels/memory.ts';
import type {ChunkCache} from './chunkcache.ts';

/** Private memory of a reading thread: chunks are copied there and decoded. */
export interface Scratch {
  memory: LinearMemory;
  /** Over `memory`. */
  kernels: Kernels;
  arena: Arena;
  /** Chunks that were read before; left out where reading again is not worth it. */
  chunks?: ChunkCache;
}
