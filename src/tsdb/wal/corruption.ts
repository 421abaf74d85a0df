/** What a log's files hold is not what was written. `code` tells it from other errors. */
export class CorruptionError extends Error {
  readonly code = 'ERR_WAL_CORRUPTION';
  readonly dir: string;
  /** Number of the segment. */
  readonly segment: number;
  /** Byte of the segment where the damage was found. */
  readonly offset: number;
  readonly reason: string;

  constructor(dir: string, segment: number, offset: number, reason: string) {
    super(`corruption in segment ${dir}/${String(segment).padStart(8, '0')} at ${offset}: ${reason}`);
    this.name = 'CorruptionError';
    this.dir = dir;
    this.segment = segment;
    this.offset = offset;
    this.reason = reason;
  }
}
