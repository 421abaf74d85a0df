// Exemplars of a write request:
//
//     Exemplar   repeated Label labels = 1; double value = 2; int64 timestamp = 3

import {type ProtobufReader, wireBytes, wireFixed64, wireVarint} from '../base/protobuf.ts';
import {type CheckingAppender, type SeriesRef} from '../storage/appender.ts';
import type {Exemplar} from '../storage/exemplar.ts';
import {InvalidLabels, readExemplarLabels} from './writelabels.ts';

const tagLabels = (1 << 3) | wireBytes;
const tagValue = (2 << 3) | wireFixed64;
const tagTimestamp = (3 << 3) | wireVarint;

/** Larger ones are not looked at: their labels are too long in any case. */
const exemplarBytesMax = 64 * 1024;
/** Waiting for the next commit, at most. */
const waitingMax = 16_384;

/** Reads an Exemplar up to `end`; null where its labels are none, or longer than any that is stored. Throws SyntaxErrors. */
function readExemplar(reader: ProtobufReader, end: number): Exemplar | null {
  if (end - reader.position > exemplarBytesMax) {
    reader.position = end;
    return null;
  }
  const ranges: number[] = [];
  let value = 0;
  let timeMs = 0;
  while (reader.position < end) {
    const tag = reader.readTag(end);
    if (tag === tagValue) value = reader.readDouble(end);
    else if (tag === tagTimestamp) timeMs = reader.readInt64(end);
    else if (tag === tagLabels) {
      reader.readBytes(end);
      ranges.push(reader.position, reader.end);
      reader.position = reader.end;
    } else reader.skip(tag, end);
  }
  try {
    return {labels: readExemplarLabels(reader.bytes, ranges), value, timeMs};
  } catch (cause) {
    if (!(cause instanceof InvalidLabels)) throw cause;
    return null;
  }
}

/** Exemplars of a request on their way: what is wrong with one is no error to the sender, as in Prometheus. */
export class WrittenExemplars {
  /** Of the request at hand: given to the appender, and those that were not stored, for whatever reason. */
  stored = 0;
  skipped = 0;
  outOfOrder = 0;
  readonly #appender: CheckingAppender;
  #waiting: (SeriesRef & {exemplar: Exemplar})[] = [];

  constructor(appender: CheckingAppender) {
    this.#appender = appender;
  }

  get isFull(): boolean {
    return this.#waiting.length >= waitingMax;
  }

  get length(): number {
    return this.#waiting.length;
  }

  /** For a new request, or another pass over one. */
  reset(): void {
    this.stored = 0;
    this.skipped = 0;
    this.outOfOrder = 0;
    this.#waiting.length = 0;
  }

  /** Reads an Exemplar up to `end` of a series, or of none. */
  read(reader: ProtobufReader, end: number, series: SeriesRef | null, timeMax: number): void {
    if (series === null || !this.#appender.takesExemplars) {
      reader.position = end;
      this.skipped++;
      return;
    }
    const exemplar = readExemplar(reader, end);
    const isTaken = exemplar !== null && Math.abs(exemplar.timeMs) <= Number.MAX_SAFE_INTEGER;
    if (!isTaken || exemplar.timeMs > timeMax) this.skipped++;
    else this.#waiting.push({slot: series.slot, generation: series.generation, exemplar});
  }

  /** Hands those that wait to the appender, for its next commit. */
  give(): void {
    for (const {slot, generation, exemplar} of this.#waiting) {
      const status = this.#appender.exemplar(slot, generation, exemplar);
      if (status === 'accepted') this.stored++;
      else this.skipped++;
      if (status === 'outOfOrder') this.outOfOrder++;
    }
    this.#waiting.length = 0;
  }

  /** Forgets those that wait. */
  forget(): void {
    this.#waiting.length = 0;
  }
}
