import {assert} from '../../base/assert.ts';
import {
  putUint32,
  putUint64,
  putUvarint,
  putVarint,
  uvarintBytes,
  varintBytesMax,
} from '../../base/varint.ts';
import {crc32c} from '../../kernels/crc32c.ts';
import type {FileSystem} from '../../sys/fs.ts';
import {BlockFile, PageCache} from './blockfile.ts';
import {FileWriter} from './filewriter.ts';
import {indexHeaderBytes, indexMagic, type IndexToc, seriesAlignment, tocBytes} from './index.ts';
import {PostingsCollector} from './postingscollector.ts';
import {SymbolTable} from './symboltable.ts';

const version = 2;
/** References to series are 32 bits wide, of 16 bytes each. */
const fileBytesMax = 2 ** 36;
const sectionBytesMax = 2 ** 32 - 1;

/** Chunks of one series: times of the first and last sample, and where they are. */
export interface ChunkList {
  length: number;
  min: Float64Array;
  max: Float64Array;
  refs: Float64Array;
}

/**
 * Writes an index of version 2, the same bytes as Prometheus 3.14: all symbols in order, then all series in the order of their
 * labels, then finish().
 */
export class IndexWriter {
  symbolCount = 0;
  readonly #fs: FileSystem;
  readonly #file: FileWriter;
  readonly #toc: IndexToc = {
    symbols: indexHeaderBytes,
    series: 0,
    labelIndexes: 0,
    labelIndexTable: 0,
    postings: 0,
    postingsTable: 0,
  };
  readonly #postings = new PostingsCollector();
  readonly #names = new Map<number, string>();
  #buffer = new Uint8Array(65_536);
  #lastLabels: number[] = [];
  #lastRef = 0;

  constructor(fs: FileSystem, path: string) {
    this.#fs = fs;
    this.#file = new FileWriter(fs, path);
    const header = new Uint8Array(indexHeaderBytes + 8);
    putUint32(header, 0, indexMagic);
    header[4] = version;
    this.#file.write(header);
  }

  get bytes(): number {
    return this.#file.position;
  }

  /** Adds the next string, above all before. Its number is how many were there before. */
  addSymbol(text: string): void {
    assert(this.#toc.series === 0, 'symbols come before series');
    this.symbolCount++;
    this.#writeText(text);
  }

  /** Adds the next series, above all before: its labels as numbers of symbols. Gives its reference. */
  addSeries(labels: ArrayLike<number>, labelsLength: number, chunks: ChunkList): number {
    if (this.#toc.series === 0) this.#finishSymbols();
    assert(this.#inOrder(labels, labelsLength), 'series rise');
    this.#file.pad(seriesAlignment);
    if (this.#file.position >= fileBytesMax) {
      throw new RangeError(`cannot write ${this.#file.path}: exceeding max size of 64GiB`);
    }
    const ref = this.#file.position / seriesAlignment;
    const end = this.#encodeSeries(labels, labelsLength, chunks);
    const length = new Uint8Array(varintBytesMax);
    this.#file.write(length, 0, putUvarint(length, 0, end));
    putUint32(this.#buffer, end, crc32c(this.#buffer, 0, end));
    this.#file.write(this.#buffer, 0, end + 4);
    this.#postings.addSeries(ref, labels, labelsLength);
    return ref;
  }

  /** Writes the rest. All is durable then. */
  finish(): void {
    if (this.#toc.series === 0) this.#finishSymbols();
    this.#toc.labelIndexes = this.#file.position;
    this.#toc.postings = this.#file.position;
    this.#file.pad(4);
    const offsets = this.#writePostings();
    this.#toc.labelIndexTable = this.#file.position;
    this.#toc.postingsTable = this.#file.position;
    this.#writePostingsTable(offsets);
    this.#writeToc();
    this.#file.finish();
  }

  /** Gives the file back after an error. */
  close(): void {
    this.#file.close();
  }

  #inOrder(labels: ArrayLike<number>, length: number): boolean {
    const last = this.#lastLabels;
    let order = last.length - length;
    for (let i = 0; i < length && i < last.length; i++) {
      if (labels[i] === last[i]) continue;
      order = last[i]! - labels[i]!;
      break;
    }
    last.length = length;
    for (let i = 0; i < length; i++) last[i] = labels[i]!;
    return order < 0 || (length === 0 && this.#postings.seriesCount === 0);
  }

  #encodeSeries(labels: ArrayLike<number>, labelsLength: number, chunks: ChunkList): number {
    const needed = (2 + labelsLength + 3 * chunks.length) * varintBytesMax + 4;
    if (this.#buffer.length < needed) this.#buffer = new Uint8Array(2 * needed);
    const buffer = this.#buffer;
    let at = putUvarint(buffer, 0, labelsLength / 2);
    for (let i = 0; i < labelsLength; i++) at = putUvarint(buffer, at, labels[i]!);
    at = putUvarint(buffer, at, chunks.length);
    for (let i = 0; i < chunks.length; i++) {
      const min = chunks.min[i]!;
      const max = chunks.max[i]!;
      const ref = chunks.refs[i]!;
      assert(max >= min && ref >= this.#lastRef, 'chunks rise');
      if (i === 0) at = putVarint(buffer, at, min);
      else {
        assert(min > chunks.max[i - 1]!, 'chunks of a series do not overlap');
        at = putUvarint(buffer, at, min - chunks.max[i - 1]!);
      }
      at = putUvarint(buffer, at, max - min);
      at = i === 0 ? putUvarint(buffer, at, ref) : putVarint(buffer, at, ref - this.#lastRef);
      this.#lastRef = ref;
    }
    return at;
  }

  #finishSymbols(): void {
    const start = this.#toc.symbols;
    const end = this.#file.position;
    if (end - start - 4 > sectionBytesMax) {
      throw new RangeError(
        `cannot write ${this.#file.path}: symbol table size exceeds 4 bytes: ${end - start - 4}`,
      );
    }
    const head = new Uint8Array(8);
    putUint32(head, 0, end - start - 4);
    putUint32(head, 4, this.symbolCount);
    this.#file.patch(head, start);
    this.#writeUint32(this.#file.checksum(start + 4, end));
    this.#toc.series = this.#file.position;
  }

  /** Writes all lists, and gives their places in the order of the pairs. */
  #writePostings(): Float64Array {
    const offsets = new Float64Array(this.#postings.pairCount + 1);
    let number = 0;
    this.#postings.forEachList((refs) => {
      offsets[number++] = this.#file.position;
      const content = new Uint8Array(4 + 4 + 4 * refs.length + 4);
      putUint32(content, 0, 4 + 4 * refs.length);
      putUint32(content, 4, refs.length);
      for (let i = 0; i < refs.length; i++) putUint32(content, 8 + 4 * i, refs[i]!);
      putUint32(content, content.length - 4, crc32c(content, 4, content.length - 4));
      this.#file.write(content);
    });
    return offsets;
  }

  #writePostingsTable(offsets: Float64Array): void {
    // The strings are read again from what was written.
    this.#file.flush();
    const file = new BlockFile(this.#fs, this.#file.path, new PageCache(2 ** 20));
    try {
      const symbols = new SymbolTable(file, this.#toc.symbols, version);
      this.#writeTable(offsets, symbols);
    } finally {
      file.close();
    }
  }

  #writeTable(offsets: Float64Array, symbols: SymbolTable): void {
    const start = this.#file.position;
    this.#file.write(new Uint8Array(4));
    this.#writeUint32(offsets.length);
    this.#writeTableEntry('', '', offsets[0]!);
    let number = 1;
    this.#postings.forEachPair((name, value) => {
      let nameText = this.#names.get(name);
      if (nameText === undefined) this.#names.set(name, (nameText = symbols.text(name)));
      this.#writeTableEntry(nameText, symbols.text(value), offsets[number++]!);
    });
    const end = this.#file.position;
    if (end - start - 4 > sectionBytesMax) {
      throw new RangeError(
        `cannot write ${this.#file.path}: length size exceeds 4 bytes: ${end - start - 4}`,
      );
    }
    const length = new Uint8Array(4);
    putUint32(length, 0, end - start - 4);
    this.#file.patch(length, start);
    this.#writeUint32(this.#file.checksum(start + 4, end));
  }

  #writeTableEntry(name: string, value: string, offset: number): void {
    this.#file.write(Uint8Array.of(2));
    this.#writeText(name);
    this.#writeText(value);
    const bytes = new Uint8Array(varintBytesMax);
    this.#file.write(bytes, 0, putUvarint(bytes, 0, offset));
  }

  #writeToc(): void {
    const toc = this.#toc;
    const bytes = new Uint8Array(tocBytes);
    let at = 0;
    for (const place of [
      toc.symbols,
      toc.series,
      toc.labelIndexes,
      toc.labelIndexTable,
      toc.postings,
      toc.postingsTable,
    ]) {
      at = putUint64(bytes, at, place);
    }
    putUint32(bytes, at, crc32c(bytes, 0, at));
    this.#file.write(bytes);
  }

  #writeText(text: string): void {
    const room = text.length * 3 + varintBytesMax;
    if (this.#buffer.length < room) this.#buffer = new Uint8Array(2 * room);
    const buffer = this.#buffer;
    const {written} = encoder.encodeInto(text, buffer.subarray(varintBytesMax));
    const head = varintBytesMax - uvarintBytes(written);
    putUvarint(buffer, head, written);
    this.#file.write(buffer, head, varintBytesMax + written);
  }

  #writeUint32(value: number): void {
    const bytes = new Uint8Array(4);
    putUint32(bytes, 0, value);
    this.#file.write(bytes);
  }
}

const encoder = new TextEncoder();
