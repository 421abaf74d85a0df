const bufferChars = 65_536;

/** Where a tool writes to. */
export interface Output {
  write(text: string): void;
}

/** Gathers small writes to a stream, and waits for it where it is slow. */
export class BufferedOutput implements Output {
  readonly #stream: NodeJS.WritableStream;
  #parts: string[] = [];
  #length = 0;

  constructor(stream: NodeJS.WritableStream) {
    this.#stream = stream;
    // Whoever read it, `head` for example, has seen enough.
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0);
      throw error;
    });
  }

  write(text: string): void {
    this.#parts.push(text);
    this.#length += text.length;
    if (this.#length >= bufferChars) this.flush();
  }

  /** Files and pipes take it at once. */
  flush(): void {
    if (this.#length > 0) this.#stream.write(this.#parts.join(''));
    this.#parts = [];
    this.#length = 0;
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
