import {SeriesBatch} from './seriesbatch.ts';

/** What the entries of one thread may take, with the room that is not used yet. Columns double, so this is a little above a power of two. */
const bytesMax = 4.5 * 2 ** 20;
/** A series with so many chunks that it takes more than this is not worth the room. */
const oneBytesMax = 256 * 2 ** 10;
/** Places in the table. Its length is a power of two. */
const tableMin = 1024;

/**
 * Entries of series that queries have read, verified and parsed: dashboards come back to the same ones. One for each thread. When it
 * is full, it begins anew.
 */
export class SeriesEntryCache {
  readonly #bytesMax: number;
  #one = new SeriesBatch();
  #known = new SeriesBatch();
  /** By entry of #known: the file that it is from. */
  #files = new Uint32Array(16);
  /** Open addressing: entry + 1, or 0. At most half full. */
  #table = new Uint32Array(tableMin);

  constructor(max = bytesMax) {
    this.#bytesMax = max;
  }

  get bytes(): number {
    return this.#known.bytes + this.#files.byteLength + this.#table.byteLength;
  }

  /** Appends the series `ref` of a file to `batch`, with those chunks that overlap [mint, maxt]. False where it is not known. */
  copyTo(batch: SeriesBatch, file: number, {ref, mint, maxt}: SeriesRequest): boolean {
    const entry = this.#table[this.#placeOf(file, ref)]!;
    if (entry === 0) return false;
    batch.append(this.#known, entry - 1, mint, maxt);
    return true;
  }

  /** An empty batch for a series that is not known, with all its chunks: read it, then call keepOne(). */
  emptyOne(): SeriesBatch {
    if (this.#one.bytes > oneBytesMax) this.#one = new SeriesBatch();
    this.#one.clear();
    return this.#one;
  }

  /** Keeps what was read into the batch of emptyOne(), where it is not too large. */
  keepOne(file: number): void {
    const one = this.#one;
    if (one.bytes > oneBytesMax) return;
    if (this.#bytesWith(one) > this.#bytesMax) this.#clear();
    const known = this.#known;
    const entry = known.length;
    known.append(one, 0, -Infinity, Infinity);
    if (entry === this.#files.length) {
      const files = new Uint32Array(2 * entry);
      files.set(this.#files);
      this.#files = files;
    }
    this.#files[entry] = file;
    if (2 * known.length > this.#table.length) this.#rebuild();
    else this.#table[this.#placeOf(file, known.refs[entry]!)] = entry + 1;
  }

  /** What it would take with one series more. */
  #bytesWith({labelsLength, chunksLength}: SeriesBatch): number {
    const known = this.#known;
    const files = this.#files.byteLength * (known.length === this.#files.length ? 2 : 1);
    const table = this.#table.byteLength * (2 * (known.length + 1) > this.#table.length ? 2 : 1);
    return known.bytesWith(labelsLength, chunksLength) + files + table;
  }

  #clear(): void {
    this.#known = new SeriesBatch();
    this.#files = new Uint32Array(16);
    this.#table = new Uint32Array(tableMin);
  }

  #rebuild(): void {
    this.#table = new Uint32Array(2 * this.#table.length);
    for (let entry = 0; entry < this.#known.length; entry++) {
      this.#table[this.#placeOf(this.#files[entry]!, this.#known.refs[entry]!)] = entry + 1;
    }
  }

  /** Where a series stands in the table, or belongs. */
  #placeOf(file: number, ref: number): number {
    const table = this.#table;
    const mask = table.length - 1;
    let place = Math.imul(ref ^ Math.imul(file, 0x85ebca6b), 0x9e3779b1);
    place = (place ^ (place >>> 15)) & mask;
    for (; ; place = (place + 1) & mask) {
      const entry = table[place]! - 1;
      if (entry < 0 || (this.#known.refs[entry] === ref && this.#files[entry] === file)) return place;
    }
  }
}

export interface SeriesRequest {
  ref: number;
  mint: number;
  maxt: number;
}
