import type {CompactionRange} from './compactions.ts';
import type {Head} from './head/head.ts';
import {lateReferences} from './head/late-ranges.ts';
import {writeLateMark} from './headchunks/latemark.ts';
import type {HeadTruncation} from './headtruncation.ts';
import {listSegments} from './wal/segments.ts';
import {Wal, type WalOptions} from './wal/wal.ts';

export interface LatenessOptions {
  head: Head;
  truncation: HeadTruncation;
  /** Where late chunks are. */
  chunksDir: string;
  /** For the log of late samples; `segment` is the first that may be written. */
  wal: WalOptions;
}

/** What is late of the head, on its way to blocks. */
export interface LateCompaction {
  /** The ranges of the blocks that late samples belong to. */
  ranges: CompactionRange[];
  /** Late chunks up to this reference belong to it. */
  reference: number;
  /** The blocks are there, and all who read know: gives up what they have. */
  finish: () => Promise<void>;
}

/** Late samples of a database: their log, which is made when there may be some, and their way to blocks. */
export class Lateness {
  readonly #options: LatenessOptions;
  #wal: Wal | null = null;

  constructor(options: LatenessOptions) {
    this.#options = options;
    const {fs, dir} = options.wal;
    if (listSegments(fs, dir).length > 0) this.#open();
  }

  /** How far behind the newest sample others may be; 0 = late samples are refused. Milliseconds. */
  set windowMs(windowMs: number) {
    if (windowMs > 0) this.#open();
    this.#options.head.late.windowMs = windowMs;
  }

  /** Puts all that is late into files, as far as that can be done, and says what is there; null = nothing, or not now. */
  begin(): LateCompaction | null {
    const {head, truncation, chunksDir} = this.#options;
    const {fs} = this.#options.wal;
    const wal = this.#wal;
    if (wal === null || head.annexes.size === 0) return null;
    if (!head.late.sealAll()) return null;
    const found = lateReferences(head);
    if (found === null) return null;
    const {ranges, newest} = found;
    const {reference} = newest;
    wal.cut();
    const {segment} = wal.position;
    const finish = (): Promise<void> =>
      truncation.exclusively(async () => {
        writeLateMark(fs, chunksDir, newest);
        head.dropLateUntil(reference);
        this.#removeBefore(segment);
        await Promise.resolve();
      });
    return {ranges, reference, finish};
  }

  async sync(): Promise<void> {
    await this.#wal?.sync();
  }

  async close(): Promise<void> {
    await this.#wal?.close();
  }

  #open(): void {
    if (this.#wal !== null) return;
    this.#wal = new Wal(this.#options.wal);
    this.#options.head.late.log = this.#wal;
    this.#options.head.late.settle();
  }

  #removeBefore(segment: number): void {
    const {fs, dir, log} = this.#options.wal;
    for (const {number, path} of listSegments(fs, dir)) {
      if (number >= segment) return;
      try {
        fs.remove(path);
      } catch (error) {
        log.error('WBL: cannot remove what is no longer needed', {path, err: error});
        return;
      }
    }
  }
}
