// `queries.active` in the data folder: the queries that are being evaluated, so that after a crash the log can say which they were. The
// format is Prometheus's (promql/query_logger.go): `[`, then places of 1000 bytes, each zeros or `{"query":…,"timestamp_sec":…}`, zeros
// and a comma at the end.

import {type FileSystem, hasCode, readWhole, writeFully} from '../sys/fs.ts';
import type {Logger} from '../sys/log.ts';

const placeBytes = 1000;
const name = 'queries.active';
/** Files of servers with more queries at once are not looked at. */
const fileBytesMax = 16 * 2 ** 20;

const encoder = new TextEncoder();

export interface ActiveQueriesOptions {
  fs: FileSystem;
  /** The data folder, which is ours. */
  dir: string;
  /** Queries at once (--query.max-concurrency). */
  max: number;
  log: Logger;
  now: () => number;
}

/** Notes queries while they run. What cannot be noted is no reason not to run it. */
export class ActiveQueries {
  readonly #options: ActiveQueriesOptions;
  readonly #free: number[] = [];
  readonly #zeros = new Uint8Array(placeBytes);
  #file: number | null = null;

  /** Logs what has not ended when the last process did, and begins the file anew. */
  constructor(options: ActiveQueriesOptions) {
    this.#options = options;
    const {fs, dir, max, log} = options;
    const path = `${dir}/${name}`;
    try {
      const unfinished = readUnfinished(fs, path);
      if (unfinished !== null) {
        log.info("These queries didn't finish in the last run:", {queries: unfinished});
      }
      fs.remove(path);
      this.#file = fs.open(path, 'wx');
      const bytes = new Uint8Array(1 + max * placeBytes);
      bytes[0] = '['.charCodeAt(0);
      writeFully(fs, this.#file, bytes, 0, bytes.length, 0);
      for (let place = max - 1; place >= 0; place--) this.#free.push(place);
    } catch (error) {
      log.error('Queries that run cannot be noted', {path, err: error});
      this.close();
    }
  }

  /** Returns the place of the note, for delete(); -1 = there is none. */
  insert(query: string): number {
    const place = this.#free.pop();
    if (place === undefined || this.#file === null) return -1;
    const bytes = new Uint8Array(placeBytes);
    bytes.set(entryOf(query, Math.floor(this.#options.now() / 1000)));
    bytes[placeBytes - 1] = ','.charCodeAt(0);
    this.#write(place, bytes);
    return place;
  }

  delete(place: number): void {
    if (place < 0) return;
    this.#write(place, this.#zeros);
    this.#free.push(place);
  }

  close(): void {
    if (this.#file !== null) this.#options.fs.close(this.#file);
    this.#file = null;
    this.#free.length = 0;
  }

  #write(place: number, bytes: Uint8Array): void {
    if (this.#file === null) return;
    const {fs, log} = this.#options;
    try {
      writeFully(fs, this.#file, bytes, 0, placeBytes, 1 + place * placeBytes);
    } catch (error) {
      log.error('Queries that run cannot be noted any more', {err: error});
      this.close();
    }
  }
}

/** The text of the entry, with as much of the query as fits. */
function entryOf(query: string, seconds: number): Uint8Array {
  let kept = query.slice(0, placeBytes);
  for (;;) {
    // As Go writes JSON.
    const text = JSON.stringify({query: kept, timestamp_sec: seconds}).replaceAll(
      /[<>&\u2028\u2029]/g,
      (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
    const bytes = encoder.encode(text);
    if (bytes.length < placeBytes) return bytes;
    const beyond = Math.max(1, Math.floor((bytes.length - placeBytes) / 6));
    kept = kept.slice(0, kept.length - beyond).replace(/[\ud800-\udbff]$/, '');
  }
}

/** Null where there are none. */
function readUnfinished(fs: FileSystem, path: string): string | null {
  let bytes: Uint8Array;
  try {
    bytes = readWhole(fs, path, fileBytesMax);
  } catch (error) {
    if (hasCode(error, 'ENOENT') || error instanceof RangeError) return null;
    throw error;
  }
  const text = new TextDecoder().decode(bytes.filter((byte) => byte !== 0));
  return text.length <= 1 ? null : `${text.slice(0, -1)}]`;
}
