import {createRequire} from 'node:module';

const snappy = createRequire(import.meta.url)('snappy-wasm') as {
  compress_raw(bytes: Uint8Array): Uint8Array;
  decompress_raw(bytes: Uint8Array): Uint8Array;
};

/** A snappy copy of 3 bytes makes at most 64. */
const expansionMax = 22;

export function compressSnappy(bytes: Uint8Array): Uint8Array {
  return snappy.compress_raw(bytes);
}

/**
 * Undoes snappy's block format. Throws RangeError with Go's words where the bytes are damaged or would make more than
 * `sizeMax`. Nothing is allocated before the declared length was looked at.
 */
export function decompressSnappy(bytes: Uint8Array, sizeMax: number): Uint8Array {
  const size = declaredSize(bytes);
  if (size > sizeMax) throw new RangeError(`decoded size exceeds the ${sizeMax} bytes limit`);
  if (size > expansionMax * bytes.length) throw new RangeError('snappy: corrupt input');
  try {
    return snappy.decompress_raw(bytes);
  } catch (cause) {
    throw new RangeError('snappy: corrupt input', {cause});
  }
}

/** The varint in front: at most 32 bits. */
function declaredSize(bytes: Uint8Array): number {
  let size = 0;
  for (let i = 0, scale = 1; i < 5 && i < bytes.length; i++, scale *= 0x80) {
    size += (bytes[i]! & 0x7f) * scale;
    if (bytes[i]! < 0x80) {
      if (size > 0xffff_ffff) break;
      return size;
    }
  }
  throw new RangeError('snappy: corrupt input');
}
