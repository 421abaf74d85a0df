import type {HistogramAppender} from '../chunkenc/histogram.ts';
import type {Xor2Appender} from '../chunkenc/xor2.ts';

export type TaggedAppender = HistogramAppender | Xor2Appender;

interface Entry {
  /** The open chunk's block that the appender has written. */
  block: number;
  appender: TaggedAppender;
  bytes: number;
}

/** How much is remembered: beyond, some of the appenders are made again from their chunks each time. */
const bytesMax = 64 * 2 ** 20;
const appendersMax = 8192;

/** Of those that do not fit, one in so many is taken in the place of the oldest. */
const turnover = 8;

/**
 * The appenders of open chunks that are remembered, by the address of the slot. Series are appended to in turn: were the
 * oldest dropped for each new one, all would be gone when they are needed.
 */
export class AppenderCache {
  readonly #entries = new Map<number, Entry>();
  readonly #max: number;
  #bytes = 0;
  #passed = 0;

  constructor(max: number = appendersMax) {
    this.#max = max;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The appender that has written the open chunk at `block`. */
  get(slot: number, block: number): TaggedAppender | undefined {
    const entry = this.#entries.get(slot);
    return entry?.block === block ? entry.appender : undefined;
  }

  set(slot: number, block: number, appender: TaggedAppender): void {
    const bytes = appender.stateBytes;
    const known = this.#entries.get(slot);
    if (known !== undefined) {
      this.#bytes += bytes - known.bytes;
      known.block = block;
      known.appender = appender;
      known.bytes = bytes;
      return;
    }
    if (this.#entries.size >= this.#max || this.#bytes > bytesMax) {
      if (++this.#passed % turnover !== 0) return;
      this.#dropOldest();
    }
    this.#entries.set(slot, {block, appender, bytes});
    this.#bytes += bytes;
  }

  delete(slot: number): void {
    const entry = this.#entries.get(slot);
    if (entry === undefined) return;
    this.#bytes -= entry.bytes;
    this.#entries.delete(slot);
  }

  /** As many as are too much. */
  #dropOldest(): void {
    do {
      const oldest = this.#entries.keys().next();
      if (oldest.done === true) return;
      this.delete(oldest.value);
    } while (this.#bytes > bytesMax);
  }
}
