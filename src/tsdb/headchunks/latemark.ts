// `chunks_head/late.json`: up to which chunk late samples are in blocks. Their chunks stay in the file as long as others of it are
// needed, and a start would take them for samples that are in no block: what was deleted of them since would come back. Prometheus
// passes over the file. Since it may make files anew under the same numbers, the mark says which chunk is meant.

import {type FileSystem, hasCode, readWhole} from '../../sys/fs.ts';
import type {Logger} from '../../sys/log.ts';
import {replaceFile} from '../block/meta.ts';

/** The newest late chunk that blocks have. */
export interface LateMark {
  /** See headchunks/format.ts. */
  reference: number;
  minTime: number;
  maxTime: number;
}

const fields = ['reference', 'minTime', 'maxTime'] as const;
const bytesMax = 1000;
const name = 'late.json';

/** Writes the mark in place of another. Throws where that fails; the other one is there then. */
export function writeLateMark(fs: FileSystem, dir: string, mark: LateMark): void {
  replaceFile(fs, dir, name, new TextEncoder().encode(`${JSON.stringify(mark)}\n`));
}

/** Null where there is none, or where it says nothing that can be understood. */
export function readLateMark(fs: FileSystem, dir: string, log: Logger): LateMark | null {
  try {
    const parsed: unknown = JSON.parse(new TextDecoder().decode(readWhole(fs, `${dir}/${name}`, bytesMax)));
    const isMark = (value: unknown): value is LateMark =>
      typeof value === 'object' &&
      value !== null &&
      fields.every((field) => Number.isSafeInteger((value as Record<string, unknown>)[field]));
    if (isMark(parsed)) return parsed;
    throw new SyntaxError('it has not all fields');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null;
    log.warn('Head chunks: cannot read which late chunks are in blocks, all are taken for new', {
      path: `${dir}/${name}`,
      err: error,
    });
    return null;
  }
}
