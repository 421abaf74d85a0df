// Prometheus's hash of a label set: xxHash64 over each string with its length before it (one byte below 255, else 255 and
// three bytes, little endian). https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md

const prime1 = 0x9e3779b185ebca87n;
const prime2 = 0xc2b2ae3d27d4eb4fn;
const prime3 = 0x165667b19e3779f9n;
const prime4 = 0x85ebca77c2b2ae63n;
const prime5 = 0x27d4eb2f165667c5n;
const mask = 0xffffffffffffffffn;

const encoder = new TextEncoder();

/** The hash of `[name, value, …]`. */
export function labelsHash(labels: readonly string[]): bigint {
  return xxHash64(encodeLabels(labels));
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

/** xxHash64 with seed 0. */
export function xxHash64(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = bytes.length;
  let at = 0;
  let hash: bigint;
  if (size >= 32) {
    const lanes = [(prime1 + prime2) & mask, prime2, 0n, -prime1 & mask];
    for (; at + 32 <= size; at += 32) {
      for (let lane = 0; lane < 4; lane++) {
        lanes[lane] = round(lanes[lane]!, view.getBigUint64(at + 8 * lane, true));
      }
    }
    hash = rotate(lanes[0]!, 1n) + rotate(lanes[1]!, 7n) + rotate(lanes[2]!, 12n) + rotate(lanes[3]!, 18n);
    for (const lane of lanes) hash = ((hash ^ round(0n, lane)) * prime1 + prime4) & mask;
  } else {
    hash = prime5;
  }
  hash = (hash + BigInt(size)) & mask;
  for (; at + 8 <= size; at += 8) {
    hash = (rotate(hash ^ round(0n, view.getBigUint64(at, true)), 27n) * prime1 + prime4) & mask;
  }
  if (at + 4 <= size) {
    hash =
      (rotate(hash ^ ((BigInt(view.getUint32(at, true)) * prime1) & mask), 23n) * prime2 + prime3) & mask;
    at += 4;
  }
  for (; at < size; at++) hash = (rotate(hash ^ ((BigInt(bytes[at]!) * prime5) & mask), 11n) * prime1) & mask;
  hash = ((hash ^ (hash >> 33n)) * prime2) & mask;
  hash = ((hash ^ (hash >> 29n)) * prime3) & mask;
  return hash ^ (hash >> 32n);
}

function round(lane: bigint, input: bigint): bigint {
  return (rotate((lane + input * prime2) & mask, 31n) * prime1) & mask;
}

function rotate(value: bigint, bits: bigint): bigint {
  return ((value << bits) | (value >> (64n - bits))) & mask;
}
