import {formatSize} from '../../model/size.ts';
import type {Block} from '../../tsdb/block/block.ts';
import {openBlocks} from './readonlydb.ts';
import {alignColumns, formatGoDuration, type Output} from './output.ts';

const header = [
  'BLOCK ULID',
  'MIN TIME',
  'MAX TIME',
  'DURATION',
  'NUM SAMPLES',
  'NUM CHUNKS',
  'NUM SERIES',
  'SIZE',
];

/** `tsdb list`: the blocks of a data folder. */
export function listBlocks(dir: string, humanReadable: boolean, output: Output): void {
  const blocks = openBlocks(dir);
  try {
    output.write(formatBlocks(blocks.blocks, {withHeader: true, humanReadable}));
  } finally {
    blocks.close();
  }
}

export function formatBlocks(
  blocks: readonly Block[],
  {withHeader, humanReadable}: {withHeader: boolean; humanReadable: boolean},
): string {
  const rows = blocks.map(({meta, bytes}) => [
    meta.ulid,
    formatTime(meta.minTime, humanReadable),
    formatTime(meta.maxTime, humanReadable),
    formatGoDuration(meta.maxTime - meta.minTime),
    String(meta.stats.numSamples),
    String(meta.stats.numChunks),
    String(meta.stats.numSeries),
    humanReadable ? formatSize(bytes) : String(bytes),
  ]);
  return alignColumns(withHeader ? [header, ...rows] : rows);
}

/** As Go prints a time.Time. */
function formatTime(ms: number, humanReadable: boolean): string {
  if (!humanReadable) return String(ms);
  const text = new Date(Math.trunc(ms / 1000) * 1000).toISOString();
  return `${text.slice(0, 10)} ${text.slice(11, 19)} +0000 UTC`;
}
