import type {Arena} from './arena.ts';
import type {Kernels} from './kernels.ts';
import type {LinearMemory} from './memory.ts';

/**
 * Columns in a thread's private linear memory, where kernels can work with them: for the time of one query. Whoever has a column
 * asks with holds() whether it lies there; its address is then its byteOffset.
 */
export class Workspace {
  readonly kernels: Kernels;
  readonly #buffer: ArrayBufferLike;
  readonly #arena: Arena;
  /** Addresses and sizes of what is to be freed. */
  readonly #blocks: number[] = [];

  constructor({memory, kernels, arena}: {memory: LinearMemory; kernels: Kernels; arena: Arena}) {
    this.kernels = kernels;
    this.#buffer = memory.wasm.buffer;
    this.#arena = arena;
  }

  holds(column: Float64Array | Int32Array | Uint8Array): boolean {
    return column.buffer === this.#buffer;
  }

  /** A column of zeros. */
  floats(length: number): Float64Array {
    return new Float64Array(this.#buffer, this.#alloc(8 * length), length).fill(0);
  }

  /** A column of zeros. */
  integers(length: number): Int32Array {
    return new Int32Array(this.#buffer, this.#alloc(4 * length), length).fill(0);
  }

  /** A column of zeros. */
  bytes(length: number): Uint8Array {
    return new Uint8Array(this.#buffer, this.#alloc(length), length).fill(0);
  }

  /** Gives all columns back. */
  free(): void {
    for (let i = 0; i < this.#blocks.length; i += 2) this.#arena.free(this.#blocks[i]!, this.#blocks[i + 1]!);
    this.#blocks.length = 0;
  }

  #alloc(bytes: number): number {
    const size = Math.max(16, bytes);
    const address = this.#arena.alloc(size);
    this.#blocks.push(address, size);
    return address;
  }
}
