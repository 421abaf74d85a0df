import {assert} from '../../base/assert.ts';
import {compareStrings} from '../../model/labels.ts';
import type {Matcher} from '../../model/matcher.ts';
import type {Querier, SelectHints} from '../../storage/querier.ts';
import type {Symbols} from '../../storage/symbols.ts';
import type {Scratch} from '../head/reader.ts';
import type {Block} from './block.ts';
import {BlockCursor, SymbolIds} from './cursor.ts';
import {selectSeries} from './selection.ts';
import {SeriesBatch} from './seriesbatch.ts';

export interface BlockQuerierOptions {
  block: Block;
  symbols: Symbols;
  scratch: Scratch;
}

/** Reads one block. Series come in the order of their labels. */
export class BlockQuerier implements Querier {
  readonly block: Block;
  readonly #scratch: Scratch;
  readonly #ids: SymbolIds;
  readonly #cursors: BlockCursor[] = [];
  #closed = false;

  constructor({block, symbols, scratch}: BlockQuerierOptions) {
    this.block = block;
    this.#scratch = scratch;
    this.#ids = new SymbolIds(block, symbols);
    block.retain();
  }

  select(matchers: readonly Matcher[], hints: SelectHints): BlockCursor {
    assert(!this.#closed, 'a querier is used before it is closed');
    const {block} = this;
    const refs = selectSeries(block.index, matchers);
    const cursor = new BlockCursor({
      block,
      refs,
      ids: this.#ids,
      scratch: this.#scratch,
      mint: hints.mint,
      maxt: hints.maxt,
    });
    this.#cursors.push(cursor);
    return cursor;
  }

  labelNames(matchers: readonly Matcher[]): string[] {
    const {index} = this.block;
    if (matchers.length === 0) return [...index.table.names];
    const symbols = new Set<number>();
    this.#forLabels(matchers, (name) => symbols.add(name));
    return this.#sorted(symbols);
  }

  labelValues(name: string, matchers: readonly Matcher[]): string[] {
    const {index} = this.block;
    if (matchers.length === 0) {
      const values: string[] = [];
      index.table.walk(name, '', (value) => {
        values.push(value);
        return true;
      });
      return values;
    }
    const symbol = index.symbols.find(name);
    const symbols = new Set<number>();
    if (symbol >= 0) {
      this.#forLabels(matchers, (each, value) => {
        if (each === symbol) symbols.add(value);
      });
    }
    return this.#sorted(symbols);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const cursor of this.#cursors) cursor.free();
    this.block.release();
  }

  #forLabels(matchers: readonly Matcher[], visit: (name: number, value: number) => void): void {
    const {index} = this.block;
    const batch = new SeriesBatch();
    for (const ref of selectSeries(index, matchers)) {
      batch.clear();
      index.series(ref, batch, Infinity, -Infinity);
      for (let i = 0; i < batch.labelsLength; i += 2) visit(batch.labels[i]!, batch.labels[i + 1]!);
    }
  }

  #sorted(symbols: Set<number>): string[] {
    return Array.from(symbols, (symbol) => this.block.index.symbols.text(symbol)).sort(compareStrings);
  }
}
