// Which blocks are to be merged next. See tsdb/compact.go of Prometheus (Plan).

import {type BlockMeta, hint} from './meta.ts';

/** Blocks are merged when more than this part of their series has tombstones. */
const tombstonesRatio = 0.05;

/** Lengths of blocks, each `factor` times the one before. */
export function exponentialRanges(shortestMs: number, steps: number, factor: number): number[] {
  return Array.from({length: steps}, (_, step) => shortestMs * factor ** step);
}

/** The lengths of blocks for a retention: 2 h, 6 h, 18 h … up to the longest, which is 31 days or a tenth of the retention. */
export function blockRanges(shortestMs: number, longestMs: number): number[] {
  return exponentialRanges(shortestMs, 10, 3).filter((range, i) => i === 0 || range <= longestMs);
}

/**
 * The blocks to merge into one, or one block to rewrite without what is deleted in it; none where nothing is to be done. Blocks
 * that overlap come first, then those that together fill a longer range, then those with many tombstones.
 */
export function planCompaction(metas: readonly BlockMeta[], ranges: readonly number[]): BlockMeta[] {
  const has = (meta: BlockMeta, which: string): boolean => meta.compaction.hints.includes(which);
  const stale = metas.filter((meta) => has(meta, hint.staleSeries));
  const selected = metas.filter((meta) => !stale.includes(meta) && has(meta, hint.selectedSeries));
  const others = metas.filter((meta) => !stale.includes(meta) && !selected.includes(meta));
  // Late samples of a range whose other samples are still in the head: merged with older blocks they would make these say that all of
  // the range is in blocks, and the next start would not read it from the log. (Prometheus merges them.)
  const inOrder = others.filter((meta) => !has(meta, hint.outOfOrder));
  const inOrderEnd = inOrder.reduce((end, {maxTime}) => Math.max(end, maxTime), -Infinity);
  const isAhead = (meta: BlockMeta): boolean => has(meta, hint.outOfOrder) && meta.maxTime > inOrderEnd;
  const ahead = others.filter(isAhead);
  const whole = others.filter((meta) => !isAhead(meta));
  // A block that has only a part of the head's series is merged with its like only: what it says of the replay of the log has to
  // hold for all that is in it.
  for (const kind of [whole, ahead, stale, selected]) {
    const planned = planKind(kind, ranges);
    if (planned.length > 0) return planned;
  }
  return [];
}

function planKind(metas: readonly BlockMeta[], ranges: readonly number[]): BlockMeta[] {
  if (metas.length === 0) return [];
  const sorted = [...metas].sort((left, right) => left.minTime - right.minTime);
  const overlapping = firstOverlapping(sorted);
  if (overlapping.length > 0) return overlapping;
  // The newest block is left alone, so that it can be copied away before it becomes a part of a larger one.
  const older = sorted.slice(0, -1);
  const level = firstLevel(older, ranges);
  return level.length > 0 ? level : muchDeleted(older, ranges);
}

/** The first blocks in time that overlap each other; none where that has failed before. */
function firstOverlapping(sorted: readonly BlockMeta[]): BlockMeta[] {
  const found: BlockMeta[] = [];
  let end = sorted[0]!.maxTime;
  for (let i = 1; i < sorted.length; i++) {
    const meta = sorted[i]!;
    if (meta.minTime < end) {
      if (found.length === 0) found.push(sorted[i - 1]!);
      found.push(meta);
    } else if (found.length > 0) break;
    end = Math.max(end, meta.maxTime);
  }
  return found.some(({compaction}) => compaction.failed) ? [] : found;
}

/** The first blocks that fill a range of the next length, or whose range is over. */
function firstLevel(sorted: readonly BlockMeta[], ranges: readonly number[]): BlockMeta[] {
  if (ranges.length < 2 || sorted.length === 0) return [];
  const newest = sorted.at(-1)!.minTime;
  for (const range of ranges.slice(1)) {
    for (const part of splitByRange(sorted, range)) {
      if (part.length < 2 || part.some(({compaction}) => compaction.failed)) continue;
      const end = part.at(-1)!.maxTime;
      if (end - part[0]!.minTime === range || end <= newest) return part;
    }
  }
  return [];
}

/** Blocks by the ranges [n * range, (n + 1) * range) in which they lie as a whole. */
export function splitByRange(sorted: readonly BlockMeta[], range: number): BlockMeta[][] {
  const parts = new Map<number, BlockMeta[]>();
  for (const meta of sorted) {
    const start = Math.floor(meta.minTime / range) * range;
    if (meta.maxTime > start + range) continue;
    const part = parts.get(start);
    if (part === undefined) parts.set(start, [meta]);
    else part.push(meta);
  }
  return [...parts.values()];
}

/** The newest block, of those that are large or empty by now, of which much is deleted. */
function muchDeleted(sorted: readonly BlockMeta[], ranges: readonly number[]): BlockMeta[] {
  for (let i = sorted.length - 1; i >= 0; i--) {
    const meta = sorted[i]!;
    const {numTombstones, numSeries} = meta.stats;
    if (meta.maxTime - meta.minTime < ranges[Math.floor(ranges.length / 2)]!) {
      return numTombstones > 0 && numTombstones >= numSeries ? [meta] : [];
    }
    if (numTombstones / (numSeries + 1) > tombstonesRatio) return [meta];
  }
  return [];
}

/** What is known of the block that others are merged into. */
export function mergedMeta(ulid: string, metas: readonly BlockMeta[]): BlockMeta {
  const hints = new Set<string>();
  for (const which of [hint.staleSeries, hint.selectedSeries]) {
    if (metas.some(({compaction}) => compaction.hints.includes(which))) hints.add(which);
  }
  if (metas.every(({compaction}) => compaction.hints.includes(hint.outOfOrder))) hints.add(hint.outOfOrder);
  const sources = new Set(metas.flatMap(({compaction}) => compaction.sources));
  return {
    ulid,
    minTime: Math.min(...metas.map(({minTime}) => minTime)),
    maxTime: Math.max(...metas.map(({maxTime}) => maxTime)),
    stats: {
      numSamples: 0,
      numFloatSamples: 0,
      numHistogramSamples: 0,
      numSeries: 0,
      numChunks: 0,
      numTombstones: 0,
    },
    compaction: {
      level: Math.max(...metas.map(({compaction}) => compaction.level)) + 1,
      sources: [...sources].sort(),
      deletable: false,
      parents: metas.map(({ulid: parent, minTime, maxTime}) => ({ulid: parent, minTime, maxTime})),
      failed: false,
      hints: [...hints].sort(),
    },
    extra: {},
  };
}
