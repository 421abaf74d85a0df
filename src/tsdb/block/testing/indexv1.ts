import {putUint32, putUvarint, putVarint, putUint64} from '../../../base/varint.ts';
import {crc32c} from '../../../kernels/crc32c.ts';
import type {FileSystem} from '../../../sys/fs.ts';
import {type IndexToc, indexHeaderBytes, indexMagic, tocBytes} from '../index.ts';
import {SeriesBatch} from '../seriesbatch.ts';
import {openBlock} from './blocks.ts';

/** An index as Prometheus 2.0 wrote it: symbols and series are named by their places in the file, series are not aligned. */
class IndexV1 {
  bytes = new Uint8Array(1 << 20);
  length = indexHeaderBytes;

  constructor() {
    putUint32(this.bytes, 0, indexMagic);
    this.bytes[4] = 1;
  }

  text(text: string): void {
    const utf8 = new TextEncoder().encode(text);
    this.length = putUvarint(this.bytes, this.length, utf8.length);
    this.bytes.set(utf8, this.length);
    this.length += utf8.length;
  }

  uint32(value: number): void {
    this.length = putUint32(this.bytes, this.length, value);
  }

  uvarint(value: number): void {
    this.length = putUvarint(this.bytes, this.length, value);
  }

  /** A section of what `write` writes: its length, and its checksum behind it. Returns where it begins. */
  section(write: () => void): number {
    const start = this.length;
    this.length += 4;
    write();
    putUint32(this.bytes, start, this.length - start - 4);
    this.uint32(crc32c(this.bytes, start + 4, this.length));
    return start;
  }
}

/** Writes the index of the block in `dir` anew in the oldest format. */
export function rewriteAsVersion1(fs: FileSystem, dir: string): void {
  const block = openBlock(fs, dir);
  const {index} = block;
  const out = new IndexV1();
  const symbols = new Map<string, number>();
  const texts = [...index.symbols.texts()];
  const symbolsAt = out.section(() => {
    out.uint32(texts.length);
    for (const text of texts) {
      symbols.set(text, out.length);
      out.text(text);
    }
  });
  const places = new Map<number, number>();
  const batch = new SeriesBatch();
  const seriesAt = out.length;
  for (const ref of index.postings('', '')) {
    batch.clear();
    index.series(ref, batch, -Infinity, Infinity);
    places.set(ref, out.length);
    writeSeries(out, batch, (symbol) => symbols.get(index.symbols.text(symbol))!);
  }
  const postingsAt = out.length;
  const lists: [name: string, value: string, offset: number][] = [];
  for (const name of ['', ...index.table.names]) {
    index.table.walk(name, '', (value, offset) => {
      const refs = index.postingsAt(offset);
      const at = out.section(() => {
        out.uint32(refs.length);
        for (const ref of refs) out.uint32(places.get(ref)!);
      });
      return lists.push([name, value, at]) > 0;
    });
  }
  const tableAt = out.section(() => {
    out.uint32(lists.length);
    for (const [name, value, offset] of lists) {
      out.bytes[out.length++] = 2;
      out.text(name);
      out.text(value);
      out.uvarint(offset);
    }
  });
  writeToc(out, {
    symbols: symbolsAt,
    series: seriesAt,
    labelIndexes: postingsAt,
    labelIndexTable: 0,
    postings: postingsAt,
    postingsTable: tableAt,
  });
  block.close();
  const path = `${dir}/index`;
  fs.remove(path);
  const file = fs.open(path, 'wx');
  fs.write(file, out.bytes, 0, out.length, 0);
  fs.close(file);
}

function writeSeries(out: IndexV1, batch: SeriesBatch, symbolOf: (symbol: number) => number): void {
  const body = new Uint8Array(100 + 10 * batch.labelsLength + 40 * batch.chunksLength);
  let at = putUvarint(body, 0, batch.labelsLength / 2);
  for (let i = 0; i < batch.labelsLength; i++) at = putUvarint(body, at, symbolOf(batch.labels[i]!));
  at = putUvarint(body, at, batch.chunksLength);
  for (let i = 0; i < batch.chunksLength; i++) {
    const [min, max, ref] = [batch.chunkMin[i]!, batch.chunkMax[i]!, batch.chunkRefs[i]!];
    at = i === 0 ? putVarint(body, at, min) : putUvarint(body, at, min - batch.chunkMax[i - 1]!);
    at = putUvarint(body, at, max - min);
    at = i === 0 ? putUvarint(body, at, ref) : putVarint(body, at, ref - batch.chunkRefs[i - 1]!);
  }
  out.uvarint(at);
  const start = out.length;
  out.bytes.set(body.subarray(0, at), start);
  out.length += at;
  out.uint32(crc32c(out.bytes, start, out.length));
}

function writeToc(out: IndexV1, toc: IndexToc): void {
  const start = out.length;
  const names = [
    'symbols',
    'series',
    'labelIndexes',
    'labelIndexTable',
    'postings',
    'postingsTable',
  ] as const;
  for (const name of names) out.length = putUint64(out.bytes, out.length, toc[name]);
  out.uint32(crc32c(out.bytes, start, start + tocBytes - 4));
}
