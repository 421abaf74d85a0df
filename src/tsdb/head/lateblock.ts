import type {LinearMemory} from '../../kernels/memory.ts';
import {type Annexes, blockRows} from './annex.ts';

/** One of the blocks of late samples that an annex may have: rows of a time and two words, sorted by time. */
export class LateBlock {
  readonly #memory: LinearMemory;
  readonly #annexes: Annexes;
  /** Where in the annex the block's address is. */
  readonly #field: number;

  constructor({memory, annexes}: {memory: LinearMemory; annexes: Annexes}, field: number) {
    this.#memory = memory;
    this.#annexes = annexes;
    this.#field = field;
  }

  /** Address of the block of the slot at `slot` (an address); 0 = it has none. */
  find(slot: number): number {
    const annex = this.#annexes.find(slot);
    return annex === 0 ? 0 : this.#memory.u32[(annex + this.#field) >>> 2]!;
  }

  count(slot: number): number {
    const block = this.find(slot);
    return block === 0 ? 0 : this.#memory.u32[block >>> 2]!;
  }

  has(slot: number, time: number): boolean {
    const block = this.find(slot);
    if (block === 0) return false;
    const at = this.#place(block, time);
    return at < this.#memory.u32[block >>> 2]! && this.#memory.f64[(blockRows(block) >>> 3) + at] === time;
  }

  /** Puts a row into its place; there is none with its time. */
  insert(slot: number, time: number, low: number, high: number): void {
    const {u32, f64} = this.#memory;
    const annex = this.#annexes.make(slot);
    const before = u32[(annex + this.#field) >>> 2]!;
    const count = before === 0 ? 0 : u32[before >>> 2]!;
    const at = before === 0 ? 0 : this.#place(before, time);
    const block = this.#annexes.makeBlock(count + 1);
    const times = blockRows(block) >>> 3;
    const values = times + count + 1;
    if (before !== 0) {
      const from = blockRows(before) >>> 3;
      const rest = from + count;
      f64.copyWithin(times, from, from + at);
      f64.copyWithin(times + at + 1, from + at, rest);
      // Words, so that no NaN changes.
      u32.copyWithin(2 * values, 2 * rest, 2 * (rest + at));
      u32.copyWithin(2 * (values + at + 1), 2 * (rest + at), 2 * (rest + count));
    }
    f64[times + at] = time;
    u32[2 * (values + at)] = low;
    u32[2 * (values + at) + 1] = high;
    this.#annexes.publish(annex + this.#field, block);
  }

  /** Takes the block away. */
  clear(slot: number): void {
    const annex = this.#annexes.find(slot);
    if (annex !== 0) this.#annexes.publish(annex + this.#field, 0);
  }

  /** The first row that is not before `time`. */
  #place(block: number, time: number): number {
    const {u32, f64} = this.#memory;
    const first = blockRows(block) >>> 3;
    let at = u32[block >>> 2]!;
    while (at > 0 && f64[first + at - 1]! >= time) at--;
    return at;
  }
}

/** Reads start timestamps of late samples whose times rise. For any thread. */
export class StartCursor {
  readonly #memory: LinearMemory;
  readonly #times: number;
  readonly #count: number;
  #at = 0;

  /** `block` is 0 where there are none. */
  constructor(memory: LinearMemory, block: number) {
    this.#memory = memory;
    this.#times = blockRows(block) >>> 3;
    this.#count = block === 0 ? 0 : memory.u32[block >>> 2]!;
  }

  /** Of the sample with this time; 0 = it has none. */
  of(time: number): number {
    const {f64} = this.#memory;
    while (this.#at < this.#count && f64[this.#times + this.#at]! < time) this.#at++;
    const isThere = this.#at < this.#count && f64[this.#times + this.#at] === time;
    return isThere ? f64[this.#times + this.#count + this.#at]! : 0;
  }
}

const oneNumber = new Float64Array(1);
const twoWords = new Uint32Array(oneNumber.buffer);

/** The two words of a number. */
export function wordsOf(value: number): [low: number, high: number] {
  oneNumber[0] = value;
  return [twoWords[0]!, twoWords[1]!];
}
