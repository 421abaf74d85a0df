// meta.json says what a block is. See tsdb/block.go of Prometheus; engines that share blocks add fields of their own (Thanos),
// which are kept.

import {type FileSystem, readWhole, writeFully} from '../../sys/fs.ts';
import {BlockDamage} from './damage.ts';
import {isUlid} from './ulid.ts';

export const metaFile = 'meta.json';
const metaVersion = 1;
const metaBytesMax = 64 * 2 ** 20;

/** What a block was made of, where that matters to planning and to the replay of the log. */
export const hint = {
  outOfOrder: 'from-out-of-order',
  staleSeries: 'from-stale-series',
  selectedSeries: 'from-selected-series',
} as const;

export interface BlockStats {
  numSamples: number;
  numFloatSamples: number;
  numHistogramSamples: number;
  numSeries: number;
  numChunks: number;
  numTombstones: number;
}

export interface BlockParent {
  ulid: string;
  minTime: number;
  maxTime: number;
}

export interface BlockMeta {
  ulid: string;
  /** All samples have minTime <= time < maxTime, in milliseconds. */
  minTime: number;
  maxTime: number;
  stats: BlockStats;
  compaction: {
    level: number;
    /** The blocks of level 1 that went into this one. */
    sources: string[];
    /** The block turned out to be empty when it was compacted. */
    deletable: boolean;
    /** The blocks that this one was made of and stands for. */
    parents: BlockParent[];
    failed: boolean;
    hints: string[];
  };
  /** Fields that Prometheus does not know. */
  extra: Record<string, unknown>;
}

export function emptyStats(): BlockStats {
  return {
    numSamples: 0,
    numFloatSamples: 0,
    numHistogramSamples: 0,
    numSeries: 0,
    numChunks: 0,
    numTombstones: 0,
  };
}

/** A new block of level 1. */
export function newMeta(ulid: string, minTime: number, maxTime: number): BlockMeta {
  return {
    ulid,
    minTime,
    maxTime,
    stats: emptyStats(),
    compaction: {level: 1, sources: [ulid], deletable: false, parents: [], failed: false, hints: []},
    extra: {},
  };
}

/** Reads a file at once, with no more room than it needs. Throws BlockDamage where it is longer than `bytesMax`. */
export function readSmallFile(fs: FileSystem, path: string, bytesMax: number): Uint8Array {
  const bytes = fs.status(path)?.bytes ?? 0;
  if (bytes > bytesMax) throw new BlockDamage(path, -1, `${bytes} bytes are too many`);
  return readWhole(fs, path, bytes);
}

export function readMeta(fs: FileSystem, dir: string): BlockMeta {
  const path = `${dir}/${metaFile}`;
  return parseMeta(new TextDecoder().decode(readSmallFile(fs, path, metaBytesMax)), path);
}

/** Throws BlockDamage where `text` is no meta.json; `path` is for the message. */
export function parseMeta(text: string, path: string): BlockMeta {
  const complain = (why: string): never => {
    throw new BlockDamage(path, -1, why);
  };
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new BlockDamage(path, -1, `it is not JSON: ${(cause as Error).message}`, cause);
  }
  if (!isRecord(parsed)) return complain('it is not a JSON object');
  const {ulid, minTime, maxTime, stats, compaction, version, ...extra} = parsed;
  if (version !== metaVersion) complain(`unexpected meta file version ${JSON.stringify(version ?? 0)}`);
  if (typeof ulid !== 'string' || !isUlid(ulid)) complain(`ulid is ${JSON.stringify(ulid)}`);
  const from = wholeNumber(minTime, 'minTime', complain);
  const to = wholeNumber(maxTime, 'maxTime', complain);
  if (from > to) complain(`minTime ${from} is after maxTime ${to}`);
  return {
    ulid: ulid as string,
    minTime: from,
    maxTime: to,
    stats: parseStats(stats, complain),
    compaction: parseCompaction(compaction, complain),
    extra,
  };
}

type Complain = (why: string) => never;

function parseStats(value: unknown, complain: Complain): BlockStats {
  const stats = emptyStats();
  const fields = optionalRecord(value, 'stats', complain);
  for (const name of Object.keys(stats) as (keyof BlockStats)[]) {
    if (fields[name] !== undefined) stats[name] = wholeNumber(fields[name], `stats.${name}`, complain);
  }
  return stats;
}

function parseCompaction(value: unknown, complain: Complain): BlockMeta['compaction'] {
  const fields = optionalRecord(value, 'compaction', complain);
  const parents = optionalArray(fields.parents, 'compaction.parents', complain).map((parent) => {
    const {ulid, minTime, maxTime} = optionalRecord(parent, 'compaction.parents', complain);
    return {
      ulid: ulidOf(ulid, 'compaction.parents.ulid', complain),
      minTime: wholeNumber(minTime, 'compaction.parents.minTime', complain),
      maxTime: wholeNumber(maxTime, 'compaction.parents.maxTime', complain),
    };
  });
  return {
    level: wholeNumber(fields.level ?? 0, 'compaction.level', complain),
    sources: optionalArray(fields.sources, 'compaction.sources', complain).map((source) =>
      ulidOf(source, 'compaction.sources', complain),
    ),
    deletable: fields.deletable === true,
    parents,
    failed: fields.failed === true,
    hints: optionalArray(fields.hints, 'compaction.hints', complain).filter(
      (each): each is string => typeof each === 'string',
    ),
  };
}

/** The text of meta.json, with Prometheus's order of fields and indentation. */
export function formatMeta(meta: BlockMeta): string {
  const {compaction} = meta;
  const stats = Object.fromEntries(Object.entries(meta.stats).filter(([, count]) => count !== 0));
  return JSON.stringify(
    {
      ulid: meta.ulid,
      minTime: meta.minTime,
      maxTime: meta.maxTime,
      stats,
      compaction: {
        level: compaction.level,
        ...(compaction.sources.length > 0 ? {sources: compaction.sources} : {}),
        ...(compaction.deletable ? {deletable: true} : {}),
        ...(compaction.parents.length > 0 ? {parents: compaction.parents} : {}),
        ...(compaction.failed ? {failed: true} : {}),
        ...(compaction.hints.length > 0 ? {hints: compaction.hints} : {}),
      },
      version: metaVersion,
      ...meta.extra,
    },
    null,
    '\t',
  );
}

/** Writes meta.json so that a crash leaves the old one or the new one. */
export function writeMeta(fs: FileSystem, dir: string, meta: BlockMeta): void {
  replaceFile(fs, dir, metaFile, new TextEncoder().encode(formatMeta(meta)));
}

/** Writes a small file of a block in place of what was there, durably, at once or not at all. */
export function replaceFile(fs: FileSystem, dir: string, name: string, bytes: Uint8Array): void {
  const path = `${dir}/${name}`;
  const temporary = `${path}.tmp`;
  fs.remove(temporary);
  const file = fs.open(temporary, 'wx');
  try {
    writeFully(fs, file, bytes, 0, bytes.length, 0);
    fs.sync(file);
  } finally {
    fs.close(file);
  }
  fs.rename(temporary, path);
  fs.syncDirectory(dir);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function optionalRecord(value: unknown, name: string, complain: Complain): Record<string, unknown> {
  if (value === undefined || value === null) return {};
  return isRecord(value) ? value : complain(`${name} is not an object`);
}

function optionalArray(value: unknown, name: string, complain: Complain): unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : complain(`${name} is not a list`);
}

function ulidOf(value: unknown, name: string, complain: Complain): string {
  return typeof value === 'string' && isUlid(value)
    ? value
    : complain(`${name} has ${JSON.stringify(value)}`);
}

function wholeNumber(value: unknown, name: string, complain: Complain): number {
  return typeof value === 'number' && Number.isInteger(value)
    ? value
    : complain(`${name} is ${JSON.stringify(value)}`);
}
