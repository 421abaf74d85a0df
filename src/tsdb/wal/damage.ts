import type {CorruptionError} from './corruption.ts';

/** Where a reader of one segment stands. */
interface ReaderState {
  readonly start: number;
  readonly end: number;
  readonly bytes: number;
  readonly torn: boolean;
}

/** What is damaged in a segment: gathered while its records are read. */
export class Damage {
  first: CorruptionError | null = null;
  /** Separate stretches of damage. */
  places = 0;
  /** The end of the last sound record before the first damage. */
  firstOffset = 0;
  /** Whether sound records follow the damage. */
  recordsFollow = false;
  #bytes = 0;
  #soundEnd: number;
  #open = false;
  #torn = false;

  /** Reading begins at `start` of the segment. */
  constructor(start = 0) {
    this.#soundEnd = start;
  }

  /** The reader has found damage. */
  found(error: CorruptionError, reader: ReaderState): void {
    if (this.first === null) {
      this.first = error;
      this.firstOffset = this.#soundEnd;
    }
    if (!this.#open) this.places++;
    this.#open = true;
    this.#torn = reader.torn;
  }

  /** The reader stands on a sound record. */
  sound(reader: ReaderState): void {
    if (this.#open) {
      this.#bytes += reader.start - this.#soundEnd;
      this.#open = false;
      this.recordsFollow = true;
    }
    this.#soundEnd = reader.end;
  }

  /** The segment just ends inside a record: its writer was killed. */
  get onlyTorn(): boolean {
    return this.places === 1 && this.#open && this.#torn;
  }

  /** Bytes without a sound record, when the segment was read to its end. */
  lostBytes(reader: ReaderState): number {
    return this.#bytes + (this.#open ? reader.bytes - this.#soundEnd : 0);
  }
}
