import {assert} from '../../base/assert.ts';
import {crc32c} from '../../kernels/crc32c.ts';
import type {Arena} from '../../kernels/arena.ts';
import type {Kernels} from '../../kernels/kernels.ts';
import type {LinearMemory} from '../../kernels/memory.ts';

/** What the log's buffers and kernels live in. */
export interface LogMemory {
  memory: LinearMemory;
  kernels: Kernels;
  arena: Arena;
}

/**
 * Bytes with their checksum. In the linear memory the kernel takes the checksum, at twice the speed of its twin (`npm run
 * bench -- wal`); elsewhere the twin.
 */
export class PageBuffer {
  readonly bytes: Uint8Array;
  readonly #linear: LogMemory | null;
  /** Of the bytes in the linear memory. */
  readonly address: number;

  constructor(byteLength: number, linear: LogMemory | null = null) {
    this.#linear = linear;
    if (linear === null) {
      this.address = 0;
      this.bytes = new Uint8Array(byteLength);
    } else {
      this.address = linear.arena.alloc(byteLength);
      this.bytes = linear.memory.u8.subarray(this.address, this.address + byteLength);
    }
  }

  checksum(start: number, end: number): number {
    assert(
      start <= end && end <= this.bytes.length,
      `checksum of ${start}..${end} of ${this.bytes.length} bytes`,
    );
    if (this.#linear === null) return crc32c(this.bytes, start, end);
    return this.#linear.kernels.crc32c(this.address + start, end - start, 0) >>> 0;
  }

  /** Gives the bytes back to the arena. */
  free(): void {
    this.#linear?.arena.free(this.address, this.bytes.length);
  }
}
