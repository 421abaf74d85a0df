import {assert} from '../../base/assert.ts';
import {giveBack} from '../../sys/garbage.ts';

/** Bytes before each record in the queue: its length (u32, little-endian) and compression bits. */
const headBytes = 5;

const bytesAtFirst = 64 * 1024;

/** A queue that has grown beyond this, for a burst, is made anew when it is empty. */
const emptyBytesMax = 2 ** 20;

/**
 * The records that may not be on the disk yet, as they were framed. When fsync fails, the system may have dropped the pages
 * and a second fsync would say that all is well (https://lwn.net/Articles/752063/), so what was written since the last good one has to
 * be written again, elsewhere.
 *
 *     … dropped │ committed, not synced │ of the open batch │
 *             start               committed                end
 *
 * Positions count all bytes ever pushed.
 */
export class UnsyncedRecords {
  #bytes = new Uint8Array(bytesAtFirst);
  /** The position of #bytes[0]. */
  #base = 0;
  #start = 0;
  #committed = 0;
  #end = 0;

  /** Bytes held. */
  get size(): number {
    return this.#end - this.#start;
  }

  /** Bytes of committed records. */
  get inDoubt(): number {
    return this.#committed - this.#start;
  }

  /** The position up to which a sync that starts now makes records durable. */
  get committed(): number {
    return this.#committed;
  }

  push(bits: number, source: Uint8Array, start: number, end: number): void {
    const length = end - start;
    this.#reserve(headBytes + length);
    const at = this.#end - this.#base;
    new DataView(this.#bytes.buffer).setUint32(at, length, true);
    this.#bytes[at + 4] = bits;
    this.#bytes.set(source.subarray(start, end), at + headBytes);
    this.#end += headBytes + length;
  }

  commit(): void {
    this.#committed = this.#end;
  }

  /** Forgets the open batch. */
  rollback(): void {
    this.#end = Math.max(this.#committed, this.#start);
  }

  /** Forgets what is durable: all before `position`. */
  dropBefore(position: number): void {
    this.#start = Math.max(this.#start, Math.min(position, this.#end));
    this.#committed = Math.max(this.#committed, this.#start);
    if (this.#start === this.#end && this.#bytes.length > emptyBytesMax) {
      giveBack(this.#bytes);
      this.#bytes = new Uint8Array(bytesAtFirst);
      this.#base = this.#start;
    }
  }

  /** True where that takes records of the open batch, too. */
  dropAll(): boolean {
    const open = this.#end > this.#committed;
    this.dropBefore(this.#end);
    return open;
  }

  /** Calls `receive` for each committed record, or, with `open`, for each of the open batch. */
  forEach(
    part: 'committed' | 'open',
    receive: (bits: number, source: Uint8Array, start: number, end: number) => void,
  ): void {
    const view = new DataView(this.#bytes.buffer);
    const stop = (part === 'committed' ? this.#committed : this.#end) - this.#base;
    for (let at = (part === 'committed' ? this.#start : this.#committed) - this.#base; at < stop;) {
      const length = view.getUint32(at, true);
      const data = at + headBytes;
      receive(this.#bytes[at + 4]!, this.#bytes, data, data + length);
      at = data + length;
      assert(at <= stop, 'records end where the queue does');
    }
  }

  #reserve(count: number): void {
    const used = this.#end - this.#base;
    if (used + count <= this.#bytes.length) return;
    const held = this.#end - this.#start;
    const from = this.#start - this.#base;
    if (held + count <= this.#bytes.length / 2) {
      this.#bytes.copyWithin(0, from, used);
    } else {
      const grown = new Uint8Array(Math.max(2 * this.#bytes.length, held + count));
      grown.set(this.#bytes.subarray(from, used));
      giveBack(this.#bytes);
      this.#bytes = grown;
    }
    this.#base = this.#start;
  }
}
