// The entries of series in an index, found without the lists that point to them: each has its length and a checksum of its own.

import {ByteReader} from '../../base/varint.ts';
import {crc32c} from '../../kernels/crc32c.ts';
import type {BlockFile} from './blockfile.ts';
import {whyUnreadable} from './damage.ts';
import {type IndexToc, tocBytes} from './index.ts';
import {uint32At} from './scan.ts';

/** Shorter entries hold no chunk: a run of zeros is none. */
const entryBytesMin = 4;

export interface EntryVisitor {
  onEntry: (place: number, bytes: Uint8Array) => void;
  /** Nothing in bytes [from, to) is a whole entry. */
  onGap: (from: number, to: number) => void;
  /** Called at each place that is looked at, entry or not; may end the walk by throwing. */
  onStep?: () => void;
  /** Why there is no entry at a place, where that was thrown. It throws what is no damage, and ends the walk. */
  onError?: (error: unknown) => void;
}

export class SeriesEntries {
  readonly #file: BlockFile;
  readonly #reader = new ByteReader(new Uint8Array(0));
  /** Behind the entry that was found last. */
  #end = 0;

  constructor(file: BlockFile) {
    this.#file = file;
  }

  /** The content of the entry at a place, or null where none stands there whole before `end`. */
  at(place: number, end: number, onError: (error: unknown) => void = whyUnreadable): Uint8Array | null {
    try {
      return this.#checked(place, end);
    } catch (error) {
      onError(error);
      return null;
    }
  }

  /** Visits all entries that are whole. Behind one that is not, the next begins at one of the following aligned places. */
  walk({start, end, step}: {start: number; end: number; step: number}, visitor: EntryVisitor): void {
    const {onEntry, onGap, onStep, onError} = visitor;
    const align = (at: number): number => Math.ceil(at / step) * step;
    let damage = -1;
    for (let at = align(start); at < end;) {
      onStep?.();
      const bytes = this.at(at, end, onError);
      if (bytes === null) {
        if (damage < 0) damage = at;
        at += step;
        continue;
      }
      if (damage >= 0) onGap(damage, at);
      damage = -1;
      const next = this.#end;
      onEntry(at, bytes);
      at = align(next);
    }
    if (damage >= 0) onGap(damage, end);
  }

  #checked(place: number, end: number): Uint8Array | null {
    const head = this.#reader;
    const start = this.#file.upTo(place, 10);
    head.reset(start, 0, start.length);
    const length = head.uvarint();
    const content = place + head.position;
    if (length < entryBytesMin || content + length + 4 > Math.min(end, this.#file.size)) return null;
    const bytes = this.#file.bytes(content, length + 4);
    if (crc32c(bytes, 0, length) !== uint32At(bytes, length)) return null;
    this.#end = content + length + 4;
    return bytes.subarray(0, length);
  }
}

/** Where the section of the series ends: where the next begins. */
export function seriesSectionEnd(toc: IndexToc, fileBytes: number): number {
  const {labelIndexes, labelIndexTable, postings, postingsTable} = toc;
  const behind = [labelIndexes, labelIndexTable, postings, postingsTable, fileBytes - tocBytes];
  return Math.min(...behind.filter((place) => place > toc.series));
}
