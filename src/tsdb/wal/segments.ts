import type {FileSystem} from '../../sys/fs.ts';
import {checkpointNumber, segmentName} from './format.ts';
import type {SegmentFile} from './segment-reader.ts';

/** The segments in `dir`, by number. None where there is no such directory. */
export function listSegments(fs: FileSystem, dir: string): SegmentFile[] {
  if (fs.status(dir) === null) return [];
  const segments: SegmentFile[] = [];
  for (const name of fs.list(dir)) {
    // Early versions of Prometheus wrote six digits.
    if (/^\d{1,8}$/.test(name)) segments.push({dir, number: Number(name), path: `${dir}/${name}`});
  }
  return segments.sort((left, right) => left.number - right.number);
}

export interface Checkpoint {
  /** The last segment that it covers. */
  number: number;
  path: string;
}

/** The newest checkpoint in `dir`, or null. */
export function lastCheckpoint(fs: FileSystem, dir: string): Checkpoint | null {
  let last: Checkpoint | null = null;
  if (fs.status(dir) === null) return last;
  for (const name of fs.list(dir)) {
    const number = checkpointNumber(name);
    if (number > (last?.number ?? -1)) last = {number, path: `${dir}/${name}`};
  }
  return last;
}

export function segmentPath(dir: string, segment: number): string {
  return `${dir}/${segmentName(segment)}`;
}

/** Bytes of all files in a directory and below it, as `prometheus_tsdb_wal_storage_size_bytes` counts them. */
export function directoryBytes(fs: FileSystem, path: string): number {
  const status = fs.status(path);
  if (status === null) return 0;
  if (!status.directory) return status.bytes;
  let bytes = 0;
  for (const name of fs.list(path)) bytes += directoryBytes(fs, `${path}/${name}`);
  return bytes;
}
