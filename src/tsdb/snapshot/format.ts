// What the head has in memory, written when the server is stopped in order (tsdb/docs/format/memory_snapshot.md of Prometheus), so that
// the log need not be read again: `chunk_snapshot.<segment>.<offset>` in the data folder, named by where the log ended. It is a log of
// its own, with other records:
//
//     series      1: u8   ref: u64   labels   0: i64   1 or 0: uvarint, and where it is 1
//                 minTime: i64   maxTime: i64   encoding: u8   length: uvarint   chunk
//                 XOR: 3 × (0: i64   0: f64)   0: i64   last value: f64      histograms: the last one
//     tombstones  2: u8   length: uvarint   (1: u8   (ref: uvarint   mint: varint   maxt: varint) …)
//     exemplars   3: u8   as in the log

import type {FileSystem} from '../../sys/fs.ts';

export const snapshotRecord = {series: 1, tombstones: 2, exemplars: 3} as const;
export const tombstonesVersion = 1;
export const temporarySuffix = '.tmp';

const prefix = 'chunk_snapshot.';

/** Where the log ended when a snapshot was taken. */
export interface LogPosition {
  segment: number;
  offset: number;
}

export interface Snapshot extends LogPosition {
  path: string;
}

export function snapshotPath(dir: string, {segment, offset}: LogPosition): string {
  return `${dir}/${prefix}${String(segment).padStart(6, '0')}.${String(offset).padStart(10, '0')}`;
}

/** The snapshots in a data folder, the oldest first. */
export function listSnapshots(fs: FileSystem, dir: string): Snapshot[] {
  const found: Snapshot[] = [];
  for (const name of fs.list(dir)) {
    const match = /^chunk_snapshot\.(\d{1,9})\.(\d{1,12})$/.exec(name);
    if (match !== null)
      found.push({segment: Number(match[1]), offset: Number(match[2]), path: `${dir}/${name}`});
  }
  return found.sort((left, right) => left.segment - right.segment || left.offset - right.offset);
}

/** Removes all snapshots but `kept`, and what was not finished. */
export function removeSnapshots(fs: FileSystem, dir: string, kept = ''): void {
  for (const name of fs.list(dir)) {
    if (name.startsWith(prefix) && `${dir}/${name}` !== kept) fs.remove(`${dir}/${name}`);
  }
}
