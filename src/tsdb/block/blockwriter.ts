import type {FileSystem} from '../../sys/fs.ts';
import type {Scratch} from '../scratch.ts';
import {indexFile} from './index.ts';
import {IndexWriter} from './indexwriter.ts';
import {type BlockMeta, writeMeta} from './meta.ts';
import {populate, type PopulateOptions} from './populate.ts';
import {chunksFolder} from './segments.ts';
import {SegmentWriter, segmentBytesDefault} from './segmentwriter.ts';
import type {SeriesSource} from './seriessource.ts';
import {Tombstones, writeTombstones} from './tombstones.ts';

export const creationSuffix = '.tmp-for-creation';
export const deletionSuffix = '.tmp-for-deletion';

export interface WriteBlockOptions {
  fs: FileSystem;
  /** The data folder; the block becomes a folder in it. */
  dir: string;
  /** What the block is; its statistics are filled in. */
  meta: BlockMeta;
  sources: readonly SeriesSource[];
  scratch: Scratch;
  segmentBytes?: number;
  cancelled?: () => boolean;
  onChunk?: PopulateOptions['onChunk'];
}

/**
 * Writes a block. It is made in a folder of its own and gets its name when all is durable, so that there is a whole block or
 * none. False where there is nothing to write: no block is made then.
 */
export function writeBlock(options: WriteBlockOptions): boolean {
  const {fs, dir, meta} = options;
  const target = `${dir}/${meta.ulid}`;
  const folder = `${target}${creationSuffix}`;
  fs.remove(folder);
  fs.makeDirectory(`${folder}/${chunksFolder}`);
  try {
    writeFiles(options, folder);
    if (meta.stats.numSamples === 0) {
      fs.remove(folder);
      return false;
    }
    writeTombstones(fs, folder, new Tombstones());
    writeMeta(fs, folder, meta);
    fs.syncDirectory(`${folder}/${chunksFolder}`);
    fs.syncDirectory(folder);
    fs.rename(folder, target);
    fs.syncDirectory(dir);
    return true;
  } catch (error) {
    fs.remove(folder);
    throw error;
  }
}

function writeFiles({fs, meta, sources, scratch, ...rest}: WriteBlockOptions, folder: string): void {
  const chunks = new SegmentWriter(fs, `${folder}/${chunksFolder}`, rest.segmentBytes ?? segmentBytesDefault);
  const index = new IndexWriter(fs, `${folder}/${indexFile}`);
  try {
    populate({
      sources,
      index,
      chunks,
      meta,
      scratch,
      ...(rest.cancelled === undefined ? {} : {cancelled: rest.cancelled}),
      ...(rest.onChunk === undefined ? {} : {onChunk: rest.onChunk}),
    });
    chunks.finish();
    index.finish();
  } finally {
    chunks.close();
    index.close();
  }
}
