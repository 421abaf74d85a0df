import {mkdirSync, readFileSync} from 'node:fs';
import {parseExposition} from '../../formats/body.ts';
import {type Labels, withLabel} from '../../model/labels.ts';
import {MemoryStore} from '../../storage/memory.ts';
import {nodeFileSystem} from '../../sys/fs.ts';
import {BlockCreator} from './blockcreator.ts';
import {formatLabels} from './tsdbdump.ts';
import {formatBlocks} from './tsdblist.ts';
import type {Output} from './output.ts';
import {Block} from '../../tsdb/block/block.ts';
import {PageCache} from '../../tsdb/block/blockfile.ts';

export interface CreateBlocksOptions {
  /** OpenMetrics text in which each sample has a timestamp. */
  input: string;
  outputDir: string;
  humanReadable: boolean;
  quiet: boolean;
  /** Longest block. */
  blockMsMax: number;
  /** Labels that all series get. */
  labels: Readonly<Record<string, string>>;
}

/**
 * `tsdb create-blocks-from openmetrics`: a block for each two hours of a file, or for longer where that is asked for. The file is
 * read once for each block, so that only the samples of one block are in memory.
 */
export function createBlocks(options: CreateBlocksOptions, output: Output): void {
  const {outputDir, humanReadable} = options;
  const body = readFileSync(options.input);
  const {mint, maxt} = timeRange(body);
  mkdirSync(outputDir, {recursive: true});
  const creator = new BlockCreator(outputDir, options.blockMsMax);
  const {blockMs} = creator;
  let withHeader = true;
  // Blocks begin at multiples of their length, counted towards zero.
  let next = blockMs * Math.trunc(mint / blockMs);
  while (next <= maxt) {
    const range = {mint: next, maxt: next + blockMs - 1};
    const part = readPart(body, range, options.labels);
    next =
      part.next === Infinity ? next + blockMs : next + blockMs * Math.floor((part.next - next) / blockMs);
    if (part.store.seriesCount === 0) {
      if (part.next === Infinity) return;
      continue;
    }
    const meta = creator.write(part.store, part.mint, part.maxt);
    if (meta === null || options.quiet) continue;
    const block = new Block({fs: nodeFileSystem, dir: `${outputDir}/${meta.ulid}`, cache: new PageCache(0)});
    output.write(formatBlocks([block], {withHeader, humanReadable}));
    block.close();
    withHeader = false;
  }
}

interface Part {
  store: MemoryStore;
  /** Times of its first and last sample. */
  mint: number;
  maxt: number;
  /** The first time after the range; Infinity = there is none. */
  next: number;
}

function readPart(
  body: Uint8Array,
  range: {mint: number; maxt: number},
  extra: Readonly<Record<string, string>>,
): Part {
  const part: Part = {store: new MemoryStore(), mint: Infinity, maxt: -Infinity, next: Infinity};
  parseExposition(body, 'openmetrics', {
    sample(parser) {
      const time = parser.timestampMs;
      if (time > range.maxt) part.next = Math.min(part.next, time);
      if (time < range.mint || time > range.maxt) return;
      let labels: Labels = parser.labels();
      for (const [name, value] of Object.entries(extra)) labels = withLabel(labels, name, value);
      part.store.append(labels, time, parser.value);
      part.mint = Math.min(part.mint, time);
      part.maxt = Math.max(part.maxt, time);
    },
  });
  return part;
}

function timeRange(body: Uint8Array): {mint: number; maxt: number} {
  const range = {mint: Infinity, maxt: -Infinity};
  parseExposition(body, 'openmetrics', {
    sample(parser) {
      if (!parser.hasTimestamp) {
        throw new SyntaxError(`expected timestamp for series ${formatLabels(parser.labels())}, got none`);
      }
      range.mint = Math.min(range.mint, parser.timestampMs);
      range.maxt = Math.max(range.maxt, parser.timestampMs);
    },
  });
  return range;
}
