import {writeSync} from 'node:fs';

/** Lines that are written at once within one window; more than that are gathered until the window ends. */
const directLinesMax = 100;
const windowMs = 100;
/** What may wait for a slow reader of stderr. Beyond it lines are dropped and counted. */
const pendingCharsMax = 1 << 20;
const finalAttemptsMax = 200;

/**
 * Writes lines to a file descriptor. In calm times each line is written at once, so that it is there whatever happens
 * next; in a storm lines are gathered, so that logging costs little. Never throws: a reader that went away, or is slow,
 * must not stop the server.
 */
export class LogSink {
  readonly #fd: number;
  #pending = '';
  #windowStart = 0;
  #windowLines = 0;
  #dropped = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(fd: number) {
    this.#fd = fd;
  }

  write(line: string): void {
    if (this.#pending.length + line.length > pendingCharsMax) {
      this.#dropped++;
      return;
    }
    this.#pending += line;
    const now = performance.now();
    if (now - this.#windowStart > windowMs) {
      this.#windowStart = now;
      this.#windowLines = 0;
    }
    if (++this.#windowLines <= directLinesMax) this.#flush();
    if (this.#pending !== '') this.#schedule();
  }

  /** Writes what is left before the thread ends, waiting a little for a slow reader. */
  flushFinally(): void {
    for (let attempt = 0; attempt < finalAttemptsMax && !this.#flush(); attempt++) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }

  #schedule(): void {
    if (this.#timer !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      if (!this.#flush()) this.#schedule();
    }, windowMs);
    this.#timer.unref();
  }

  /** Whether nothing is pending any more. */
  #flush(): boolean {
    if (this.#dropped > 0) {
      this.#pending += `narthex: ${this.#dropped} log lines were dropped: nobody reads them fast enough\n`;
      this.#dropped = 0;
    }
    let bytes = new TextEncoder().encode(this.#pending);
    try {
      while (bytes.length > 0) bytes = bytes.subarray(writeSync(this.#fd, bytes));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') {
        this.#pending = new TextDecoder().decode(bytes);
        return false;
      }
      // EPIPE, ENOSPC, …: there is nowhere to say so.
    }
    this.#pending = '';
    return true;
  }
}
