// Files of full chunks of the head (`chunks_head/000001`, …; tsdb/chunks/head_chunks.go in Prometheus). Numbers are big-endian.
//
//     magic: u32   version 1: u8   0: 3 bytes   entry …   zeros, as far as the file was made longer beforehand
//
//     entry   series ref: u64   minTime: i64   maxTime: i64   encoding: u8   length: uvarint   data   CRC-32C of all before: u32
//
// The top bit of `encoding` says that the chunk holds out-of-order samples. A chunk is named by file number << 32 | offset of its
// entry. Files are at most 128 MiB long, their numbers begin with 1 and have no gaps, and only whole files are dropped, the oldest
// first. Nothing is stored only here: the log has all that the head has, so what is damaged here is read from there again.

import {putUint32} from '../../base/varint.ts';
import type {FileSystem} from '../../sys/fs.ts';

export const headChunksMagic = 0x0130bc91;
export const headChunksVersion = 1;
export const fileHeaderBytes = 8;
export const fileBytesMax = 128 * 1024 * 1024;
/** The first bytes of a file. */
export function fileHeader(): Uint8Array {
  const header = new Uint8Array(fileHeaderBytes);
  putUint32(header, 0, headChunksMagic);
  header[4] = headChunksVersion;
  return header;
}

/** The length that a file gets when it is made. */
export const preallocatedBytes = 128 * 1024;

/** Bytes of ref, times and encoding. */
export const entryFixedBytes = 25;
export const checksumBytes = 4;
/** All of an entry but its data, at most. Prometheus wants so many bytes, or zeros, from where an entry begins. */
export const entryMetaBytesMax = entryFixedBytes + 5 + checksumBytes;

export const outOfOrderBit = 0x80;

/** Longer data are taken for damage. A chunk has about a kilobyte; a histogram with very many buckets may have more. */
export const chunkBytesMax = 16 * 1024 * 1024;

/** So that the last entry of a file has entryMetaBytesMax bytes. A chunk with one sample has 11. */
export const chunkBytesMin = 5;

const offsetLimit = 2 ** 32;

/** Where an entry begins, as one number below 2^53. */
export function chunkReference(file: number, offset: number): number {
  return file * offsetLimit + offset;
}

export function referenceFile(reference: number): number {
  return Math.floor(reference / offsetLimit);
}

export function referenceOffset(reference: number): number {
  return reference % offsetLimit;
}

/** In a data folder. */
export function headChunksDirectory(dataFolder: string): string {
  return `${dataFolder}/chunks_head`;
}

export function headChunkPath(dir: string, file: number): string {
  return `${dir}/${String(file).padStart(6, '0')}`;
}

/** Numbers of the files in `dir`, rising. None where there is no such directory. */
export function listHeadChunkFiles(fs: FileSystem, dir: string): number[] {
  if (fs.status(dir) === null) return [];
  return fs
    .list(dir)
    .filter((name) => /^\d{1,9}$/.test(name))
    .map(Number)
    .sort((left, right) => left - right);
}
