import type {BlockMeta} from './meta.ts';

/** A block as retention sees it. */
export interface RetainedBlock {
  readonly meta: BlockMeta;
  readonly bytes: number;
}

export interface RetentionLimits {
  /** 0 = not limited. */
  timeMs: number;
  /** Of all blocks and of what the head has on the disk; 0 = not limited. */
  bytes: number;
}

export interface RetentionResult {
  /** ULIDs of the blocks to delete. */
  ulids: Set<string>;
  byTime: boolean;
  bySize: boolean;
}

/** What is to be deleted: by Prometheus's rules (tsdb/db.go, BeyondTimeRetention and BeyondSizeRetention). */
export function beyondRetention(
  blocks: readonly RetainedBlock[],
  limits: RetentionLimits,
  headBytes: number,
): RetentionResult {
  const newestFirst = [...blocks].sort((left, right) => right.meta.maxTime - left.meta.maxTime);
  const byTime = beyondTime(newestFirst, limits.timeMs);
  const bySize = beyondSize(newestFirst, limits.bytes, headBytes);
  return {
    ulids: new Set([...byTime, ...bySize].map(({meta}) => meta.ulid)),
    byTime: byTime.length > 0,
    bySize: bySize.length > 0,
  };
}

function beyondTime(newestFirst: readonly RetainedBlock[], timeMs: number): readonly RetainedBlock[] {
  if (timeMs <= 0 || newestFirst.length === 0) return [];
  const newest = newestFirst[0]!.meta.maxTime;
  const first = newestFirst.findIndex(({meta}, i) => i > 0 && newest - meta.maxTime >= timeMs);
  return first < 0 ? [] : newestFirst.slice(first);
}

function beyondSize(
  newestFirst: readonly RetainedBlock[],
  bytesMax: number,
  headBytes: number,
): readonly RetainedBlock[] {
  if (bytesMax <= 0) return [];
  let bytes = headBytes;
  const first = newestFirst.findIndex((block) => (bytes += block.bytes) > bytesMax);
  return first < 0 ? [] : newestFirst.slice(first);
}
