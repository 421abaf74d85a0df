// CRC-32C. Twin: src/kernels/crc32c.ts, which says where this comes from.
import {crcOf, crcsOf, crcTablesBytes, fillCrcTables} from './crc';

const tables: usize = memory.data(crcTablesBytes, 16);
fillCrcTables(tables, 0x82f63b78);

/** CRC-32C of the bytes [start, start + length); `crc` is the result for what came before, 0 at the start. */
export function crc32c(start: usize, length: usize, crc: u32): u32 {
  return crcOf(tables, start, length, crc);
}

/** CRC-32C of up to sixteen stretches: see crc-layout.ts. */
export function crc32cs(lanes: usize, count: u32): void {
  crcsOf(tables, lanes, count);
}
