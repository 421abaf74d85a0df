import {writeSync} from 'node:fs';

const bufferChars = 65_536;
/** Until a full pipe is tried again. */
const fullWaitMs = 1;
const nothing = new Int32Array(new SharedArrayBuffer(4));

/** Where a tool writes to. */
export interface Output {
  write(text: string): void;
}

/** Gathers small writes to a file descriptor, and waits for whoever reads it: what it does not take yet is not kept in memory. */
export class BufferedOutput implements Output {
  readonly #descriptor: number;
  #parts: string[] = [];
  #length = 0;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  write(text: string): void {
    this.#parts.push(text);
    this.#length += text.length;
    if (this.#length >= bufferChars) this.flush();
  }

  flush(): void {
    const bytes = Buffer.from(this.#parts.join(''));
    this.#parts = [];
    this.#length = 0;
    for (let at = 0; at < bytes.length;) at += this.#tryWrite(bytes, at);
  }

  #tryWrite(bytes: Uint8Array, at: number): number {
    try {
      return writeSync(this.#descriptor, bytes, at);
    } catch (error) {
      const {code} = error as NodeJS.ErrnoException;
      // Whoever read it, `head` for example, has seen enough.
      if (code === 'EPIPE') process.exit(0);
      if (code !== 'EAGAIN' && code !== 'ENOBUFS') throw error;
      Atomics.wait(nothing, 0, 0, fullWaitMs);
      return 0;
    }
  }
}

/** Columns as Go's tabwriter lays them out: `widthMin` wide, two spaces between; the last column has no width. */
export function alignColumns(rows: readonly (readonly string[])[], widthMin = 13): string {
  const columns = rows[0]?.length ?? 0;
  const widths = Array.from({length: columns - 1}, (_, column) =>
    Math.max(widthMin, ...rows.map((row) => row[column]!.length + 2)),
  );
  return rows.map((row) => `${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('')}\n`).join('');
}

/** Milliseconds as Go prints a time.Duration: `1h46m30.011s`, `1.5s`, `11ms`, `0s`. */
export function formatGoDuration(ms: number): string {
  if (ms === 0) return '0s';
  const sign = ms < 0 ? '-' : '';
  const left = Math.abs(ms);
  if (left < 1000) return `${sign}${left}ms`;
  const hours = Math.floor(left / 3_600_000);
  const minutes = Math.floor(left / 60_000) % 60;
  // To the nanosecond.
  const seconds = Number(((left % 60_000) / 1000).toFixed(9));
  let text = sign;
  if (hours > 0) text += `${hours}h`;
  if (hours > 0 || minutes > 0) text += `${minutes}m`;
  return `${text}${seconds}s`;
}
