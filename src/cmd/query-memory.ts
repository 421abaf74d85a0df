import {totalmem} from 'node:os';

const mebibyte = 2 ** 20;

/** A share of a small machine that still evaluates what dashboards ask. */
const totalMinBytes = 256 * mebibyte;
const totalMaxBytes = 8192 * mebibyte;

export interface QueryMemory {
  /** Bytes that one query may use. */
  queryBytesMax: number;
  /** Bytes that all queries together may use. */
  totalBytesMax: number;
}

/** The limits from their flags, where 0 stands for a default derived from the memory that there is. */
export function queryMemoryOf(
  flags: {queryMaxMemory: number; queryMaxMemoryTotal: number},
  systemBytes = availableBytes(),
): QueryMemory {
  const derived = Math.min(totalMaxBytes, Math.max(totalMinBytes, Math.floor(systemBytes / 4)));
  const totalBytesMax = flags.queryMaxMemoryTotal || Math.max(derived, flags.queryMaxMemory);
  return {totalBytesMax, queryBytesMax: Math.min(totalBytesMax, flags.queryMaxMemory || totalBytesMax / 2)};
}

/** The memory of the container, or of the machine. */
function availableBytes(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}

/**
 * Limits of a query thread's heap. What a query may use is counted, and what it counts lies partly in the heap and partly
 * in typed arrays beside it: the heap has room for all of it and for garbage, so that the counting refuses a query long
 * before V8 runs out and ends the thread.
 */
export function heapLimits(queryBytesMax: number): {
  maxOldGenerationSizeMb: number;
  maxYoungGenerationSizeMb: 8;
} {
  // A nursery that the temporary objects of a query fit into.
  return {
    maxOldGenerationSizeMb: 256 + Math.ceil((1.5 * queryBytesMax) / mebibyte),
    maxYoungGenerationSizeMb: 8,
  };
}
