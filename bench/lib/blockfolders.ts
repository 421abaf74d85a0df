// What blocks in a data folder take, by their files. Read without this project's code: they may be anybody's.
import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {lengthsBelow} from '../../tools/programs.ts';

export interface BlockSize {
  /** Milliseconds; samples have minTime <= time < maxTime. */
  minTime: number;
  maxTime: number;
  samples: number;
  chunkCount: number;
  chunkBytes: number;
  indexBytes: number;
  /** All files. */
  bytes: number;
}

interface Meta {
  minTime: number;
  maxTime: number;
  stats: {numSamples: number; numChunks: number};
}

/** The blocks that are complete, by their times. */
export function blocksIn(folder: string): BlockSize[] {
  const blocks: BlockSize[] = [];
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    const block = join(folder, name);
    if (!/^[0-9A-Z]{26}$/.test(name) || !existsSync(join(block, 'meta.json'))) continue;
    try {
      blocks.push(sizeOf(block));
    } catch (cause) {
      // A compaction has deleted it meanwhile.
      if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    }
  }
  return blocks.sort((left, right) => left.minTime - right.minTime || left.maxTime - right.maxTime);
}

function sizeOf(block: string): BlockSize {
  const {minTime, maxTime, stats} = JSON.parse(readFileSync(join(block, 'meta.json'), 'utf8')) as Meta;
  return {
    minTime,
    maxTime,
    samples: stats.numSamples,
    chunkCount: stats.numChunks,
    chunkBytes: lengthsBelow(join(block, 'chunks')),
    indexBytes: lengthsBelow(join(block, 'index')),
    bytes: lengthsBelow(block),
  };
}
