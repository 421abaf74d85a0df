// Takes damage out of a segment, so that Prometheus, too, reads it to the end. What is taken out is kept in a directory beside the
// log first. (Prometheus drops all records behind the first damage, later segments included.)

import type {FileSystem} from '../../sys/fs.ts';
import {writeFully} from '../../sys/fs.ts';
import {compressRecord} from './compression.ts';
import {CorruptionError} from './corruption.ts';
import {RecordDecoder} from './decode.ts';
import {pageBytes, segmentName} from './format.ts';
import {Framer} from './framer.ts';
import {PageBuffer} from './page-buffer.ts';
import {ReaderBuffers, SegmentReader} from './segment-reader.ts';
import type {SegmentFile} from './segment-reader.ts';

const copyBytes = 1024 * 1024;

/** Copies of damaged segments that are kept; the oldest go first. A copy is at most as long as a segment. */
export const corruptCopiesMax = 16;

/** Cuts a segment behind `offset`. */
export function cutSegment(fs: FileSystem, segment: SegmentFile, offset: number): void {
  const file = fs.open(segment.path, 'r+');
  try {
    fs.truncate(file, offset);
    fs.sync(file);
  } finally {
    fs.close(file);
  }
}

/** Writes a segment over itself, the same bytes, and syncs it. */
export function writeAgain(fs: FileSystem, {path}: Pick<SegmentFile, 'path'>): void {
  const file = fs.open(path, 'r+');
  try {
    const bytes = new Uint8Array(Math.min(copyBytes, fs.size(file)));
    for (let at = 0; ;) {
      const count = fs.read(file, bytes, 0, bytes.length, at);
      if (count === 0) break;
      writeFully(fs, file, bytes, 0, count, at);
      at += count;
    }
    fs.sync(file);
  } finally {
    fs.close(file);
  }
}

/** Writes a segment anew from its sound records, and puts it in the place of the damaged one. */
export function rewriteSegment(fs: FileSystem, segment: SegmentFile): void {
  // Prometheus's own repair keeps its only copy in `.repair`: that name is not ours.
  const path = `${segment.path}.rewrite`;
  fs.remove(path);
  const file = fs.open(path, 'wx');
  try {
    let written = 0;
    const framer = new Framer(new PageBuffer(32 * pageBytes), (bytes, start, end) => {
      writeFully(fs, file, bytes, start, end, written);
      written += end - start;
    });
    forEachSoundRecord(fs, segment, (record, compressed) => {
      const stored = compressRecord(compressed ? 'snappy' : 'none', record);
      framer.append(stored.bits, stored.bytes, 0, stored.bytes.length);
    });
    framer.pad();
    framer.flush();
    fs.sync(file);
  } catch (error) {
    fs.remove(path);
    throw error;
  } finally {
    fs.close(file);
  }
  fs.rename(path, segment.path);
  fs.syncDirectory(segment.dir);
}

function forEachSoundRecord(
  fs: FileSystem,
  segment: SegmentFile,
  receive: (record: Uint8Array, compressed: boolean) => void,
): void {
  const decoder = new RecordDecoder();
  const reader = new SegmentReader(fs, segment, new ReaderBuffers());
  try {
    for (;;) {
      try {
        if (!reader.next()) return;
        if (!decoder.sound(reader.record)) continue;
      } catch (error) {
        if (!(error instanceof CorruptionError)) throw error;
        continue;
      }
      receive(reader.record, reader.compressed);
    }
  } finally {
    reader.close();
  }
}

/** Copies bytes [start, end of file) of a segment into `dir`, and gives the path of the copy. `now` is in milliseconds since 1970. */
export function keepCopy(
  fs: FileSystem,
  segment: SegmentFile,
  start: number,
  dir: string,
  now: number,
  copiesMax = corruptCopiesMax,
): string {
  fs.makeDirectory(dir);
  const folder = segment.dir.slice(segment.dir.lastIndexOf('/') + 1);
  const time = new Date(now).toISOString().replaceAll(/[-:.]/g, '');
  // Names sort by age.
  const path = freeName(fs, `${dir}/${time}-${folder}-${segmentName(segment.number)}-from-${start}`);
  const source = fs.open(segment.path, 'r');
  try {
    const target = fs.open(path, 'wx');
    try {
      copyBetween(fs, source, start, target);
      fs.sync(target);
    } finally {
      fs.close(target);
    }
  } finally {
    fs.close(source);
  }
  fs.syncDirectory(dir);
  dropOldest(fs, dir, copiesMax);
  return path;
}

function freeName(fs: FileSystem, path: string): string {
  let name = path;
  for (let copy = 2; fs.status(name) !== null; copy++) name = `${path}-${copy}`;
  return name;
}

function copyBetween(fs: FileSystem, source: number, start: number, target: number): void {
  const bytes = new Uint8Array(copyBytes);
  for (let at = start; ;) {
    const count = fs.read(source, bytes, 0, bytes.length, at);
    if (count === 0) return;
    writeFully(fs, target, bytes, 0, count, at - start);
    at += count;
  }
}

function dropOldest(fs: FileSystem, dir: string, copiesMax: number): void {
  const names = fs.list(dir).sort();
  for (const name of names.slice(0, -copiesMax)) fs.remove(`${dir}/${name}`);
}
