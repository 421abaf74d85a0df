// CRC-32C (Castagnoli), as in iSCSI, ext4 and Prometheus's files: polynomial 0x1EDC6F41, here in reflected form, first and last
// value inverted. Slicing by 8: eight tables take eight bytes at a time. See Kounavis and Berry, "A systematic approach to
// building high performance software-based CRC generators" (2005).

const polynomial = 0x82f63b78;

/** tables[256 k + b]: the CRC of byte b followed by k zero bytes, without the inversions. */
const tables = makeTables();

function makeTables(): Int32Array {
  const made = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? polynomial : 0);
    made[byte] = crc;
  }
  for (let i = 256; i < made.length; i++) {
    const before = made[i - 256]!;
    made[i] = (before >>> 8) ^ made[before & 255]!;
  }
  return made;
}

/**
 * CRC-32C of bytes[start, end), an unsigned 32-bit number. `crc` is the result for what came before, so that a long run can
 * be taken in pieces. Twin of kernels/crc32c.ts.
 */
export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length, crc = 0): number {
  const table = tables;
  let state = ~crc;
  let i = start;
  for (const stop = end - 7; i < stop; i += 8) {
    const low = state ^ (bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24));
    state =
      table[1792 + (low & 255)]! ^
      table[1536 + ((low >>> 8) & 255)]! ^
      table[1280 + ((low >>> 16) & 255)]! ^
      table[1024 + (low >>> 24)]! ^
      table[768 + bytes[i + 4]!]! ^
      table[512 + bytes[i + 5]!]! ^
      table[256 + bytes[i + 6]!]! ^
      table[bytes[i + 7]!]!;
  }
  for (; i < end; i++) state = (state >>> 8) ^ table[(state ^ bytes[i]!) & 255]!;
  return ~state >>> 0;
}
