// CRC-32 as gzip has it (reflected polynomial 0xedb88320), slicing by 16 over tables in the static data, as crc32c.ts does it.

/** 16 tables of 256 words: table[256 k + b] is the CRC of byte b followed by k zero bytes. */
const tables: usize = memory.data(16 * 256 * 4, 16);

// Every thread that loads the kernels writes the same bytes here.
makeTables();

function makeTables(): void {
  for (let byte: u32 = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
    store<u32>(tables + (<usize>byte << 2), crc);
  }
  for (let i: usize = 256; i < 16 * 256; i++) {
    const before = load<u32>(tables + ((i - 256) << 2));
    store<u32>(tables + (i << 2), (before >>> 8) ^ load<u32>(tables + ((before & 255) << 2)));
  }
}

// @ts-ignore: decorator
@inline
function at(table: usize, byte: u64): u32 {
  return load<u32>(tables + (table << 10) + ((<usize>byte & 255) << 2));
}

/** CRC-32 of the bytes [start, start + length); `crc` is the result for what came before, 0 at the start. */
export function crc32(start: usize, length: usize, crc: u32): u32 {
  let state = ~crc;
  let place = start;
  const end = start + length;
  for (; place + 16 <= end; place += 16) {
    const low = load<u64>(place) ^ <u64>state;
    const high = load<u64>(place, 8);
    state =
      at(15, low) ^ at(14, low >>> 8) ^ at(13, low >>> 16) ^ at(12, low >>> 24) ^
      at(11, low >>> 32) ^ at(10, low >>> 40) ^ at(9, low >>> 48) ^ at(8, low >>> 56) ^
      at(7, high) ^ at(6, high >>> 8) ^ at(5, high >>> 16) ^ at(4, high >>> 24) ^
      at(3, high >>> 32) ^ at(2, high >>> 40) ^ at(1, high >>> 48) ^ at(0, high >>> 56);
  }
  for (; place < end; place++) state = (state >>> 8) ^ at(0, state ^ <u32>load<u8>(place));
  return ~state;
}
