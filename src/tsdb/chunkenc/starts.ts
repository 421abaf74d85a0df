// Start timestamps, which follow the samples of a chunk: that of the first sample where there is one, then nothing until one
// differs from the one before, then one for each sample. A byte of the header says so (docs: tsdb/docs/format/chunks.md):
//
//     firstKnown:1  changedAt:7        number of the first sample with one of its own, 0 = none so far

import type {BitReader, BitWriter} from './bits.ts';
import {readVarbitInt, writeVarbitInt} from './varbit.ts';

/** From this sample on all have one: the header cannot say a later number. */
const changedAtMax = 127;

export class StartTimes {
  /** Start timestamp of the last sample in milliseconds; 0 = not known. */
  start = 0;
  firstKnown = false;
  changedAt = 0;
  /** By how much it was before the time of the sample before. */
  #distance = 0;

  get header(): number {
    return (this.firstKnown ? 0x80 : 0) | this.changedAt;
  }

  set header(byte: number) {
    this.firstKnown = (byte & 0x80) !== 0;
    this.changedAt = byte & 0x7f;
  }

  /** Writes the start timestamp of sample `number`, counted from 0, whose time and the one before are given. */
  write(out: BitWriter, number: number, start: number, times: {time: number; before: number}): void {
    if (number === 0) {
      if (start !== 0) {
        out.writeVarint(times.time - start);
        this.firstKnown = true;
      }
    } else if (this.changedAt > 0) {
      const distance = times.before - start;
      writeVarbitInt(out, distance - this.#distance);
      this.#distance = distance;
    } else if (start !== this.start || number === changedAtMax) {
      this.changedAt = number;
      this.#distance = times.before - start;
      writeVarbitInt(out, this.#distance);
    }
    this.start = start;
  }

  /** Reads it; `header` is set. */
  read(from: BitReader, number: number, times: {time: number; before: number}): void {
    if (number === 0) {
      if (this.firstKnown) this.start = times.time - from.readVarint();
      return;
    }
    if (this.changedAt === 0 || number < this.changedAt) return;
    const code = readVarbitInt(from);
    this.#distance = number === this.changedAt ? code : this.#distance + code;
    this.start = times.before - this.#distance;
  }
}
