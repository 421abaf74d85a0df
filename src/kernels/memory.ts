import {assert} from '../base/assert.ts';

/** Bytes of a WebAssembly page. */
const pageBytes = 65_536;

/**
 * Memory map, in bytes:
 *
 *     [0, 64 Ki)        static data of the kernels (tables), the same bytes written by every thread that loads them
 *     [64 Ki, 128 Ki)   header: epochs and roots of the shared structures (src/tsdb/head/header.ts)
 *     [128 Ki, size)    the arena (src/kernels/arena.ts)
 */
export const headerStart = 65_536;
export const arenaStart = 131_072;

/**
 * One linear memory with views over all of it. The whole address range is reserved at the start and the kernel of the
 * operating system hands out pages when they are first touched (measured: 4 GiB reserved cost 2 MB of resident
 * memory), so the memory never moves or grows and the views are made once per thread.
 */
export class LinearMemory {
  readonly wasm: WebAssembly.Memory;
  readonly byteLength: number;
  readonly u8: Uint8Array;
  readonly u16: Uint16Array;
  readonly u32: Uint32Array;
  readonly i32: Int32Array;
  readonly f64: Float64Array;

  constructor(wasm: WebAssembly.Memory) {
    const buffer = wasm.buffer;
    assert(buffer instanceof SharedArrayBuffer, 'kernel memory is shared');
    this.wasm = wasm;
    this.byteLength = buffer.byteLength;
    this.u8 = new Uint8Array(buffer);
    this.u16 = new Uint16Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.f64 = new Float64Array(buffer);
  }

  /**
   * Reserves up to `bytesMax` (4 GiB at most). Where the system refuses so much address space (ulimit -v), half as much
   * is tried, and so on down to 64 MiB.
   */
  static reserve(bytesMax = 2 ** 32): LinearMemory {
    let pages = Math.ceil(bytesMax / pageBytes);
    assert(pages > 2 && pages <= 65_536, `2..65536 pages, got ${pages}`);
    for (;;) {
      try {
        return new LinearMemory(new WebAssembly.Memory({shared: true, initial: pages, maximum: 65_536}));
      } catch (cause) {
        if (!(cause instanceof RangeError) || pages <= 1024) throw cause;
        pages = pages >>> 1;
      }
    }
  }
}
