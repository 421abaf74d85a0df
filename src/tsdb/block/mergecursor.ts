import type {FloatHistogram} from '../../model/histogram.ts';
import {compareStrings} from '../../model/labels.ts';
import type {ColumnFacts, LabelIds, ReadGuard, SeriesCursor} from '../../storage/querier.ts';
import type {Symbols} from '../../storage/symbols.ts';
import type {Scratch} from '../scratch.ts';
import {SampleColumns} from './columns.ts';
import {BlockCursor} from './cursor.ts';

/** A cursor with its current series; null at the end. */
interface Source {
  readonly cursor: SeriesCursor;
  labels: LabelIds | null;
}

/**
 * Series of several cursors, each of which gives them in the order of their labels: a series that more than one has comes once, with
 * the samples of all. Only the samples of one series are in memory at a time. Cursors come in the order of their times.
 */
export class MergeCursor implements SeriesCursor {
  times: Float64Array;
  values: Float64Array;
  valueWords: Uint32Array;
  histograms: readonly (FloatHistogram | undefined)[] | null = null;
  startTimes: Float64Array | null = null;
  facts: ColumnFacts | null = null;
  readonly #sources: Source[];
  readonly #symbols: Symbols;
  readonly #columns: SampleColumns;
  /** Those that have the current series. */
  #same: Source[] = [];
  #labels: LabelIds = [];
  #started = false;

  constructor(
    cursors: readonly SeriesCursor[],
    {symbols, scratch, guard}: {symbols: Symbols; scratch: Scratch; guard: ReadGuard},
  ) {
    this.#sources = cursors.map((cursor) => ({cursor, labels: null}));
    this.#symbols = symbols;
    this.#columns = new SampleColumns(scratch, guard);
    this.times = this.#columns.times;
    this.values = this.#columns.values;
    this.valueWords = this.#columns.valueWords;
  }

  get seriesCount(): number {
    return this.#sources.reduce((max, {cursor}) => Math.max(max, cursor.seriesCount), 0);
  }

  next(): boolean {
    for (const source of this.#started ? this.#same : this.#sources) {
      source.labels = source.cursor.next() ? source.cursor.labels() : null;
    }
    this.#started = true;
    const same = this.#same;
    same.length = 0;
    let smallest: LabelIds | null = null;
    for (const source of this.#sources) {
      if (source.labels === null) continue;
      const order = smallest === null ? -1 : this.#compare(source.labels, smallest);
      if (order > 0) continue;
      if (order < 0) {
        same.length = 0;
        smallest = source.labels;
      }
      same.push(source);
    }
    if (smallest === null) return false;
    this.#labels = smallest;
    return true;
  }

  labels(): LabelIds {
    // A new one, of the cursor that has it.
    return this.#labels;
  }

  read(mint: number, maxt: number): number {
    const columns = this.#columns;
    columns.clear();
    for (const {cursor} of this.#same) {
      // A block decodes straight into the common columns.
      if (cursor instanceof BlockCursor) cursor.appendTo(columns, mint, maxt);
      else columns.appendColumns(cursor, cursor.read(mint, maxt));
      columns.endSource();
    }
    this.times = columns.times;
    this.values = columns.values;
    this.valueWords = columns.valueWords;
    this.histograms = columns.histograms;
    this.startTimes = columns.startTimes;
    this.facts = columns.facts;
    return columns.length;
  }

  free(): void {
    this.#columns.free();
  }

  /** The order of label sets (model/labels.ts); most of what is compared is the same, and shows by its ids. */
  #compare(left: LabelIds, right: LabelIds): number {
    const length = Math.min(left.length, right.length);
    for (let i = 0; i < length; i++) {
      if (left[i] === right[i]) continue;
      return compareStrings(this.#symbols.text(left[i]!), this.#symbols.text(right[i]!));
    }
    return left.length - right.length;
  }
}
