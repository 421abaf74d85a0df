// The files of scrape_failure_log_file: a line of JSON for each scrape that fails.

import {closeSync, openSync} from 'node:fs';
import {createLogger, type Logger} from '../sys/log.ts';
import {LogSink} from '../sys/log-sink.ts';

/** Where the failures of a pool are written. */
export interface FailureLog {
  write(error: Error, target: string): void;
}

class FailureFile implements FailureLog {
  readonly #descriptor: number;
  readonly #sink: LogSink;
  readonly #logger: Logger;

  constructor(path: string) {
    this.#descriptor = openSync(path, 'a', 0o666);
    const sink = new LogSink(this.#descriptor);
    this.#sink = sink;
    this.#logger = createLogger(
      {level: 'error', format: 'json'},
      {write: (line) => sink.write(line), now: () => new Date()},
    );
  }

  write(error: Error, target: string): void {
    this.#logger.error(error.message, {target});
  }

  close(): void {
    this.#sink.flushFinally();
    closeSync(this.#descriptor);
  }
}

/** Keeps the files open that the configuration names. */
export class FailureLogs {
  #files = new Map<string, FailureFile>();
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Opens the files anew, so that those that were moved away are let go. */
  apply(paths: Iterable<string>): void {
    const before = this.#files;
    this.#files = new Map();
    for (const path of new Set(paths)) {
      if (path === '') continue;
      try {
        this.#files.set(path, new FailureFile(path));
      } catch (cause) {
        this.#logger.error('Cannot open the scrape failure log', {file: path, err: cause});
      }
    }
    for (const file of before.values()) file.close();
  }

  /** null where the configuration names none, or it cannot be opened. */
  of(path: string): FailureLog | null {
    return this.#files.get(path) ?? null;
  }

  close(): void {
    this.apply([]);
  }
}
