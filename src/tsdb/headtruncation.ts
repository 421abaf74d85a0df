import type {Logger} from '../sys/log.ts';
import type {Head} from './head/head.ts';
import type {LogTruncation} from './wal/truncation.ts';

/** Series that are looked at before others get their turn. */
const gcSteps = 20_000;

/** Gives up what blocks have: in memory, in the files of full chunks, in the log. */
export class HeadTruncation {
  readonly #head: Head;
  readonly #wal: LogTruncation;
  readonly #log: Logger;
  #running: Promise<void> = Promise.resolve();

  constructor(head: Head, wal: LogTruncation, log: Logger) {
    this.#head = head;
    this.#wal = wal;
    this.#log = log;
  }

  /**
   * Gives up what is before `mint`. Other things get their turn meanwhile. Rejects where the log cannot be truncated: it is only longer
   * than it needs to be then, and the next call tries again. Calls wait for each other.
   */
  run(mint: number): Promise<void> {
    return this.exclusively(() => this.#truncate(mint));
  }

  /** Runs `task` when no truncation is under way, and before the next one. */
  exclusively(task: () => Promise<void>): Promise<void> {
    const next = this.#running.then(task);
    this.#running = next.catch(() => {});
    return next;
  }

  /** Resolves when nothing is under way. */
  settled(): Promise<void> {
    return this.#running;
  }

  async #truncate(mint: number): Promise<void> {
    const head = this.#head;
    head.files?.move();
    const pass = head.startGc(mint);
    while (pass.run(gcSteps)) await new Promise((resolve) => setImmediate(resolve));
    const {series, chunks, refs} = pass.result();
    this.#log.info('Head GC completed', {series, chunks});
    this.#wal.expire(refs);
    const alive = head.series.refs();
    await this.#wal.run(mint, (ref) => alive.find(ref) !== -1, Math.min(mint, head.minTimeLate));
  }
}
