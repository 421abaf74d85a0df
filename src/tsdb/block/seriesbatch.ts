import {freeColumn} from '../../base/buffers.ts';
import type {ByteReader} from '../../base/varint.ts';

/**
 * Series of an index in columns: their references, their labels as pairs of symbols, and their chunks. It grows as needed;
 * clear() keeps the room.
 */
export class SeriesBatch {
  length = 0;
  refs = new Uint32Array(16);
  /** Where each series' labels end in `labels`. */
  labelEnds = new Uint32Array(16);
  chunkEnds = new Uint32Array(16);
  /** Symbols: name, value, name, value … */
  labels = new Float64Array(256);
  labelsLength = 0;
  /** Times of each chunk's first and last sample. */
  chunkMin = new Float64Array(256);
  chunkMax = new Float64Array(256);
  /** segment number * 2^32 + place in the segment. */
  chunkRefs = new Float64Array(256);
  chunksLength = 0;

  clear(): void {
    this.length = 0;
    this.labelsLength = 0;
    this.chunksLength = 0;
  }

  /** Gives the memory back at once; the batch is not used again. */
  free(): void {
    const {refs, labelEnds, chunkEnds, labels, chunkMin, chunkMax, chunkRefs} = this;
    for (const column of [refs, labelEnds, chunkEnds, labels, chunkMin, chunkMax, chunkRefs])
      freeColumn(column);
  }

  /** Removes what was added of a series that was not ended. */
  dropPart(): void {
    this.labelsLength = this.labelStart(this.length);
    this.chunksLength = this.chunkStart(this.length);
  }

  /** Room that there is, in bytes. */
  get bytes(): number {
    const perSeries = this.refs.byteLength + this.labelEnds.byteLength + this.chunkEnds.byteLength;
    return perSeries + this.labels.byteLength + 3 * this.chunkMin.byteLength;
  }

  /** The room that there would be with this many more labels (as numbers: names and values) and chunks of one more series. */
  bytesWith(labels: number, chunks: number): number {
    const series = roomFor(this.refs.length, this.length + 1);
    const labelRoom = roomFor(this.labels.length, this.labelsLength + labels);
    const chunkRoom = roomFor(this.chunkMin.length, this.chunksLength + chunks);
    return 12 * series + 8 * labelRoom + 24 * chunkRoom;
  }

  /** Appends a series of another, with those chunks that overlap [mint, maxt]. */
  append(from: SeriesBatch, series: number, mint: number, maxt: number): void {
    const start = from.labelStart(series);
    const labels = from.labelEnds[series]! - start;
    while (this.labelsLength + labels > this.labels.length) this.labels = doubled(this.labels);
    for (let i = 0; i < labels; i++) this.labels[this.labelsLength + i] = from.labels[start + i]!;
    this.labelsLength += labels;
    const end = from.chunkEnds[series]!;
    for (let i = from.chunkStart(series); i < end; i++) {
      const min = from.chunkMin[i]!;
      const max = from.chunkMax[i]!;
      if (min <= maxt && max >= mint) this.addChunk(min, max, from.chunkRefs[i]!);
    }
    this.endSeries(from.refs[series]!);
  }

  labelStart(series: number): number {
    return series === 0 ? 0 : this.labelEnds[series - 1]!;
  }

  chunkStart(series: number): number {
    return series === 0 ? 0 : this.chunkEnds[series - 1]!;
  }

  addLabel(name: number, value: number): void {
    if (this.labelsLength + 2 > this.labels.length) this.labels = doubled(this.labels);
    this.labels[this.labelsLength++] = name;
    this.labels[this.labelsLength++] = value;
  }

  addChunk(min: number, max: number, ref: number): void {
    const at = this.chunksLength;
    if (at === this.chunkMin.length) {
      this.chunkMin = doubled(this.chunkMin);
      this.chunkMax = doubled(this.chunkMax);
      this.chunkRefs = doubled(this.chunkRefs);
    }
    this.chunkMin[at] = min;
    this.chunkMax[at] = max;
    this.chunkRefs[at] = ref;
    this.chunksLength = at + 1;
  }

  /** Ends the series whose labels and chunks were added last. */
  endSeries(ref: number): void {
    const at = this.length;
    if (at === this.refs.length) {
      this.refs = doubledWords(this.refs);
      this.labelEnds = doubledWords(this.labelEnds);
      this.chunkEnds = doubledWords(this.chunkEnds);
    }
    this.refs[at] = ref;
    this.labelEnds[at] = this.labelsLength;
    this.chunkEnds[at] = this.chunksLength;
    this.length = at + 1;
  }
}

/**
 * Appends a series entry:
 *
 *     labels:uvarint  (name:uvarint value:uvarint)*  chunks:uvarint
 *     (first: mint:varint, later: mint - maxt before:uvarint)  maxt - mint:uvarint  (first: ref:uvarint, later: change:varint)
 *
 * Throws RangeError where the entry is cut short; the batch then has a part of it, which clear() or dropPart() removes.
 */
export function readSeries(
  reader: ByteReader,
  batch: SeriesBatch,
  {ref, mint, maxt}: {ref: number; mint: number; maxt: number},
): void {
  const labels = reader.uvarint();
  for (let i = 0; i < labels; i++) batch.addLabel(reader.uvarint(), reader.uvarint());
  const chunks = reader.uvarint();
  let last = 0;
  let chunkRef = 0;
  for (let i = 0; i < chunks; i++) {
    const min = i === 0 ? reader.varint() : last + reader.uvarint();
    last = min + reader.uvarint();
    chunkRef = i === 0 ? reader.uvarint() : chunkRef + reader.varint();
    if (min <= maxt && last >= mint) batch.addChunk(min, last, chunkRef);
  }
  batch.endSeries(ref);
}

/** The length of a column that is doubled until it holds `needed`. */
function roomFor(length: number, needed: number): number {
  let room = length;
  while (room < needed) room *= 2;
  return room;
}

function doubled(column: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(column.length * 2);
  larger.set(column);
  freeColumn(column);
  return larger;
}

function doubledWords(column: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(column.length * 2);
  larger.set(column);
  freeColumn(column);
  return larger;
}
