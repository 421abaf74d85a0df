// CRC-32 as gzip has it.
import {crcOf, crcTablesBytes, fillCrcTables} from './crc';

const tables: usize = memory.data(crcTablesBytes, 16);
fillCrcTables(tables, 0xedb88320);

/** CRC-32 of the bytes [start, start + length); `crc` is the result for what came before, 0 at the start. */
export function crc32(start: usize, length: usize, crc: u32): u32 {
  return crcOf(tables, start, length, crc);
}
