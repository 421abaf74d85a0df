// The table that says what refs of the log stand for, lent by the thread that uses records to the one that reads them ahead:
//
//     version:i32  reading:i32  refs:u32  known:u32  slots:u32  places:u32  minTime:f64
//
// Only records other than samples change it. Both sides count these, with the ends of segments among them: `version` is how many the first
// side had used when it lent the table, so that it holds as long as the other side has put no more of them into the ring.
import type {LinearMemory} from '../../kernels/memory.ts';
import type {SamplesTable} from './samplesdecoder.ts';

const versionField = 0;
const readingField = 4;
const refsField = 8;
const knownField = 12;
const slotsField = 16;
const placesField = 20;
const minTimeField = 24;
export const samplesTableBytes = 32;

const notLent = -1;
const lentNoMore = -2;

/** One side of a table that lies at `address`. */
export class LentSamplesTable {
  readonly #memory: LinearMemory;
  readonly #address: number;

  constructor(memory: LinearMemory, address: number) {
    this.#memory = memory;
    this.#address = address;
  }

  /** Before one side uses it. */
  clear(): void {
    this.#memory.u8.fill(0, this.#address, this.#address + samplesTableBytes);
    this.#store(versionField, notLent);
  }

  /** `version`: how many records other than samples were used. */
  lend(version: number, {refs, known, slots, places, minTime}: SamplesTable): void {
    const {u32, f64} = this.#memory;
    const word = this.#address >>> 2;
    // Its addresses are the same most times.
    u32[word + (refsField >>> 2)] = refs;
    u32[word + (knownField >>> 2)] = known;
    u32[word + (slotsField >>> 2)] = slots;
    u32[word + (placesField >>> 2)] = places;
    f64[(this.#address + minTimeField) >>> 3] = minTime;
    this.#store(versionField, version);
  }

  /** From here on the table may change at any time: waits until the other side does not read it, which it does for a record at a time. */
  close(): void {
    this.#store(versionField, lentNoMore);
    while (Atomics.load(this.#memory.i32, (this.#address + readingField) >>> 2) === 1) {
      Atomics.wait(this.#memory.i32, (this.#address + readingField) >>> 2, 1, 1);
    }
  }

  /** For the other side: the table where it is lent in this version; then release() must follow. */
  take(version: number): SamplesTable | null {
    // Nothing is told before it is known that the table is not taken back: close() looks in the other order.
    this.#store(readingField, 1);
    if (Atomics.load(this.#memory.i32, (this.#address + versionField) >>> 2) !== version) {
      this.release();
      return null;
    }
    const {u32, f64} = this.#memory;
    const word = this.#address >>> 2;
    return {
      refs: u32[word + (refsField >>> 2)]!,
      known: u32[word + (knownField >>> 2)]!,
      slots: u32[word + (slotsField >>> 2)]!,
      places: u32[word + (placesField >>> 2)]!,
      minTime: f64[(this.#address + minTimeField) >>> 3]!,
    };
  }

  release(): void {
    this.#store(readingField, 0);
  }

  #store(field: number, value: number): void {
    Atomics.store(this.#memory.i32, (this.#address + field) >>> 2, value);
  }
}
