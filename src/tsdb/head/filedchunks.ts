// Index entries whose chunks are in files (headchunks/). The last eight bytes of an entry (chunks.ts) then mean:
//
//     low word    tag 7: 3 bits   samples: 8 bits (255 = more than 254)   file: 21 bits
//     high word   offset: 27 bits   encoding: 3 bits   unused: 2 bits
//
// They are stored as one, so a reader sees the chunk either in memory or in its file. No address and no encoding has tag 7.

import {filedTag, samplesUnknown} from '../../kernels/index-layout.ts';
import {assert} from '../../base/assert.ts';
import {chunkReference, referenceFile, referenceOffset} from '../headchunks/format.ts';

/** Where they are in an index entry. */
export const chunkWordsOffset = 16;
const fileLimit = 2 ** 21;
const offsetLimit = 2 ** 27;

/** The low word of an entry says that the chunk is in a file. */
export function isFiled(low: number): boolean {
  return (low & filedTag) === filedTag;
}

export function filedFile(low: number): number {
  return low >>> 11;
}

/** Samples of the chunk; -1 = more than can be noted here: the chunk's header says it. */
export function filedSamples(low: number): number {
  const samples = (low >>> 3) & 0xff;
  return samples === samplesUnknown ? -1 : samples;
}

export function filedOffset(high: number): number {
  return high & (offsetLimit - 1);
}

export function filedEncoding(high: number): number {
  return (high >>> 27) & 7;
}

/** The two words of an index entry at `entry` that say where its chunk is. For the writing thread. */
export function chunkWords(u32: Uint32Array, entry: number): {low: number; high: number} {
  const word = (entry + chunkWordsOffset) >>> 2;
  return {low: u32[word]!, high: u32[word + 1]!};
}

/** Reference of the chunk, which is in a file, of the index entry at `entry`. */
export function entryReference(u32: Uint32Array, entry: number): number {
  const {low, high} = chunkWords(u32, entry);
  return chunkReference(filedFile(low), filedOffset(high));
}

export interface FiledChunk {
  /** See headchunks/format.ts. */
  reference: number;
  samples: number;
  encoding: number;
}

/** The low word of an entry. */
export function filedLow({reference, samples}: FiledChunk): number {
  const file = referenceFile(reference);
  // Messages are made only where they are needed: this is called for each chunk of a start.
  if (file >= fileLimit) assert(false, `file ${file} has a number below ${fileLimit}`);
  return ((file << 11) | (Math.min(samples, samplesUnknown) << 3) | filedTag) >>> 0;
}

/** The high word of an entry. */
export function filedHigh({reference, encoding}: FiledChunk): number {
  const offset = referenceOffset(reference);
  if (offset >= offsetLimit) assert(false, `offset ${offset} is below ${offsetLimit}`);
  return ((encoding << 27) | offset) >>> 0;
}

/** Publishes both words at `address`, a multiple of 8: the chunk is in a file. */
export function publishFiled(u64: BigUint64Array, address: number, filed: FiledChunk): void {
  Atomics.store(u64, address >>> 3, (BigInt(filedHigh(filed)) << 32n) | BigInt(filedLow(filed)));
}
