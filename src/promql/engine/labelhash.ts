// Prometheus's hash of a label set: xxHash64 over each string with its length before it (one byte below 255, else 255 and
// three bytes, little endian). https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md

import {xxhash64} from '../../base/xxhash64.ts';

const encoder = new TextEncoder();

/** The hash of `[name, value, …]`. */
export function labelsHash(labels: readonly string[]): bigint {
  return xxhash64(encodeLabels(labels));
}

/** The hash of `[name, value, …]` as a fraction of its largest value, in [0, 1]. */
export function labelsHashFraction(labels: readonly string[]): number {
  return Number(labelsHash(labels)) / 2 ** 64;
}

function encodeLabels(labels: readonly string[]): Uint8Array {
  const parts = labels.map((text) => encoder.encode(text));
  const size = parts.reduce((sum, part) => sum + part.length + (part.length < 255 ? 1 : 4), 0);
  const bytes = new Uint8Array(size);
  let end = 0;
  for (const part of parts) {
    if (part.length < 255) bytes[end++] = part.length;
    else {
      bytes[end++] = 255;
      bytes[end++] = part.length;
      bytes[end++] = part.length >> 8;
      bytes[end++] = part.length >> 16;
    }
    bytes.set(part, end);
    end += part.length;
  }
  return bytes;
}
