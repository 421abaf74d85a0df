import {compareStrings} from '../../model/labels.ts';
import type {Querier, SeriesCursor} from '../../storage/querier.ts';
import type {Symbols} from '../../storage/symbols.ts';
import {areWholeCounts} from '../chunkenc/columns.ts';
import type {Scratch} from '../scratch.ts';
import {ChunkEncoder, samplesPerChunk} from './chunkencoder.ts';
import {SampleColumns} from './columns.ts';
import type {SeriesSource} from './seriessource.ts';

export interface QuerierSourceOptions {
  /** Whose series are taken; it stays the caller's. */
  querier: Querier;
  symbols: Symbols;
  scratch: Scratch;
  /** First and last time, both inclusive. */
  mint: number;
  maxt: number;
}

/** What a querier finds, as chunks of 120 samples: a block of the head, or of whatever else can be read. */
export class QuerierSource implements SeriesSource {
  readonly minTime: number;
  readonly maxTime: number;
  labels = new Uint32Array(64);
  labelsLength = 0;
  chunkCount = 0;
  encoding = 0;
  data: Uint8Array = new Uint8Array(0);
  readonly deleted = undefined;
  readonly #options: QuerierSourceOptions;
  readonly #columns: SampleColumns;
  readonly #encoder: ChunkEncoder;
  /** Numbers of symbols' ids in the order of their texts. */
  readonly #numbers: Uint32Array;
  readonly #texts: string[];
  readonly #cursor: SeriesCursor;
  /** The current series' chunks, one after the other. */
  #bytes = new Uint8Array(16_384);
  readonly #chunks: {encoding: number; start: number; end: number; min: number; max: number}[] = [];

  constructor(options: QuerierSourceOptions) {
    const {scratch, symbols, mint, maxt} = options;
    this.#options = options;
    this.minTime = mint;
    this.maxTime = maxt;
    this.#columns = new SampleColumns(scratch);
    this.#encoder = new ChunkEncoder(scratch);
    // Once through the labels, to know all strings and their order; then through the samples.
    const used = usedSymbols(this.#select(), symbols);
    this.#texts = used.map((id) => symbols.text(id));
    this.#numbers = new Uint32Array(symbols.size);
    used.forEach((id, number) => (this.#numbers[id] = number));
    this.#cursor = this.#select();
  }

  symbols(): Iterable<string> {
    return this.#texts;
  }

  /** Series without samples in the range are passed over. */
  next(): boolean {
    const {mint, maxt} = this.#options;
    while (this.#cursor.next()) {
      const count = this.#cursor.read(mint, maxt);
      if (count === 0) continue;
      const labels = this.#cursor.labels();
      if (labels.length > this.labels.length) this.labels = new Uint32Array(2 * labels.length);
      for (let i = 0; i < labels.length; i++) this.labels[i] = this.#numbers[labels[i]!]!;
      this.labelsLength = labels.length;
      this.#columns.clear();
      this.#columns.appendColumns(this.#cursor, count);
      this.#encode();
      return true;
    }
    return false;
  }

  chunkMin(index: number): number {
    return this.#chunks[index]!.min;
  }

  chunkMax(index: number): number {
    return this.#chunks[index]!.max;
  }

  load(index: number): void {
    const {encoding, start, end} = this.#chunks[index]!;
    this.encoding = encoding;
    this.data = this.#bytes.subarray(start, end);
  }

  close(): void {
    this.#columns.free();
    this.#encoder.free();
  }

  #select(): SeriesCursor {
    const {querier, mint, maxt} = this.#options;
    return querier.select([], {mint, maxt, sorted: true});
  }

  #encode(): void {
    const {histograms} = this.#columns;
    const integerHistograms =
      histograms === null || histograms.every((each) => each === undefined || areWholeCounts(each));
    this.#chunks.length = 0;
    let at = 0;
    this.#encoder.encode(this.#columns, {samplesMax: samplesPerChunk, integerHistograms}, (chunk) => {
      const end = at + chunk.data.length;
      if (end > this.#bytes.length) {
        const bytes = new Uint8Array(2 * end);
        bytes.set(this.#bytes.subarray(0, at));
        this.#bytes = bytes;
      }
      this.#bytes.set(chunk.data, at);
      this.#chunks.push({encoding: chunk.encoding, start: at, end, min: chunk.min, max: chunk.max});
      at = end;
    });
    this.chunkCount = this.#chunks.length;
  }
}

/** The ids of all strings in the labels of the series, in the order of the strings. */
function usedSymbols(cursor: SeriesCursor, symbols: Symbols): number[] {
  const used = new Set<number>();
  while (cursor.next()) for (const id of cursor.labels()) used.add(id);
  return [...used].sort((left, right) => compareStrings(symbols.text(left), symbols.text(right)));
}
