// Chunks of a block lie in segments, chunks/000001 and so on. See tsdb/docs/format/chunks.md of Prometheus:
//
//     magic:u32 0x85BD40DD  version:u8 1  padding:3  (length:uvarint  encoding:u8  data  CRC-32C of encoding and data:u32)*

import type {FileSystem} from '../../sys/fs.ts';
import {BlockFile, type PageCache} from './blockfile.ts';
import {BlockDamage} from './damage.ts';
import {uint32At} from './scan.ts';

export const chunksFolder = 'chunks';
export const segmentMagic = 0x85bd40dd;
export const segmentVersion = 1;
export const segmentHeaderBytes = 8;
/** A reference to a chunk: segment, counted from 0, times this, and the place in it. */
export const segmentFactor = 2 ** 32;
/** No block has so many. */
const segmentsMax = 2 ** 20;
/** Length, encoding and checksum around a chunk's data, at most. */
export const chunkFrameBytesMax = 5 + 1 + 4;

export function segmentName(number: number): string {
  return String(number).padStart(6, '0');
}

/** The segments of a block, open. A reference's segment is its position among the names in order. */
export class Segments {
  readonly files: readonly (BlockFile | undefined)[];
  readonly bytes: number;

  private constructor(files: readonly (BlockFile | undefined)[]) {
    this.files = files;
    this.bytes = files.reduce((sum, file) => sum + (file?.size ?? 0), 0);
  }

  /**
   * Opens what there is: what is wrong with a header is told to `complain`, and where a segment is missing, the others keep the
   * numbers of their names.
   */
  static openDamaged(
    fs: FileSystem,
    dir: string,
    cache: PageCache,
    complain: (problem: BlockDamage) => void,
  ): Segments {
    const files: (BlockFile | undefined)[] = [];
    for (const name of segmentNames(fs, dir)) {
      const number = Number(name) - 1;
      if (number < 0 || number >= segmentsMax) continue;
      const file = new BlockFile(fs, `${dir}/${chunksFolder}/${name}`, cache);
      while (files.length <= number) files.push(undefined);
      files[number] = file;
      try {
        checkHeader(file);
      } catch (error) {
        if (!(error instanceof BlockDamage)) throw error;
        complain(error);
      }
    }
    return new Segments(files);
  }

  /** Opens the segments and looks at their headers. Throws BlockDamage. */
  static open(fs: FileSystem, dir: string, cache: PageCache): Segments {
    const folder = `${dir}/${chunksFolder}`;
    const names = segmentNames(fs, dir);
    const files: BlockFile[] = [];
    try {
      for (const name of names) {
        files.push(new BlockFile(fs, `${folder}/${name}`, cache));
        checkHeader(files.at(-1)!);
      }
    } catch (error) {
      for (const file of files) file.close();
      throw error;
    }
    return new Segments(files);
  }

  /** The segment of a reference. Throws BlockDamage. */
  file(ref: number): BlockFile {
    const number = Math.floor(ref / segmentFactor);
    const file = this.files[number];
    if (file === undefined) throw new BlockDamage(chunksFolder, -1, `segment index ${number} out of range`);
    return file;
  }

  close(): void {
    for (const file of this.files) file?.close();
  }
}

function segmentNames(fs: FileSystem, dir: string): string[] {
  return fs
    .list(`${dir}/${chunksFolder}`)
    .filter((name) => /^[0-9]+$/.test(name))
    .sort();
}

function checkHeader(file: BlockFile): void {
  if (file.size < segmentHeaderBytes)
    throw new BlockDamage(file.path, 0, 'invalid segment header: too short');
  const header = file.bytes(0, segmentHeaderBytes);
  const magic = uint32At(header, 0);
  if (magic !== segmentMagic)
    throw new BlockDamage(file.path, 0, `invalid magic number ${magic.toString(16)}`);
  if (header[4] !== segmentVersion)
    throw new BlockDamage(file.path, 4, `invalid chunk format version ${header[4]}`);
}
