import type {LinearMemory} from './memory.ts';
import {kernelsBase64} from './kernels.wasm.ts';

/** What kernels/index.ts exports; addresses and lengths are byte offsets into the memory the kernels were loaded over. */
export interface Kernels {
  /** Adds up the bytes [start, start + length). */
  sumBytes(start: number, length: number): number;
  /** CRC-32C of [start, start + length), signed; `crc` is the result for what came before, 0 at the start. Twin: crc32c.ts. */
  crc32c(start: number, length: number, crc: number): number;
  /** Encodes samples from columns of f64 for the WAL, gives the bytes written to `out`. Twin: walsamples.ts. */
  encodeSamples(
    refs: number,
    times: number,
    values: number,
    count: number,
    baseRef: number,
    baseTime: number,
    out: number,
  ): number;
}

let compiled: WebAssembly.Module | undefined;

/** Instantiates the kernels over `memory`. Every thread has its own instance; the machine code is compiled once per thread. */
export function loadKernels(memory: LinearMemory): Kernels {
  compiled ??= new WebAssembly.Module(Buffer.from(kernelsBase64, 'base64'));
  const instance = new WebAssembly.Instance(compiled, {
    env: {
      memory: memory.wasm,
      abort(_message: number, _file: number, line: number, column: number): never {
        throw new Error(`BUG: kernel aborted at ${line}:${column}`);
      },
    },
  });
  return instance.exports as unknown as Kernels;
}
