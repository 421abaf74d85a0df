import {assert} from '../../base/assert.ts';
import {Workspace} from '../../kernels/workspace.ts';
import {compareStrings} from '../../model/labels.ts';
import type {Matcher} from '../../model/matcher.ts';
import {unguarded, type Querier, type ReadGuard, type SelectHints} from '../../storage/querier.ts';
import type {Symbols} from '../../storage/symbols.ts';
import type {Scratch} from '../scratch.ts';
import type {Block} from './block.ts';
import {BlockCursor, SymbolIds} from './cursor.ts';
import type {BlockDamage} from './damage.ts';
import {PostingsReader, type SelectionOptions} from './postings.ts';
import {selectSeries} from './selection.ts';
import {SeriesBatch} from './seriesbatch.ts';
import {guarded} from '../../storage/guardedsort.ts';

/** How many entries are looked at between two looks at whether to go on. */
export const itemsUnchecked = 1024;
/** A short text in a list, and in the copy of it that is sorted. */
const textBytes = 80;

export interface BlockQuerierOptions {
  block: Block;
  symbols: Symbols;
  scratch: Scratch;
  guard?: ReadGuard;
  /** Told of damage, see BlockCursorOptions. */
  onDamage?: (damage: BlockDamage) => void;
  /** Told of lists of postings that had to be made again, see SelectionOptions. */
  onMended?: (damage: BlockDamage) => void;
}

/** Reads one block. Series come in the order of their labels. */
export class BlockQuerier implements Querier {
  readonly block: Block;
  readonly workspace: Workspace;
  readonly #scratch: Scratch;
  readonly #guard: ReadGuard;
  readonly #onDamage: ((damage: BlockDamage) => void) | undefined;
  readonly #selection: SelectionOptions;
  readonly #ids: SymbolIds;
  readonly #cursors: BlockCursor[] = [];
  #closed = false;

  constructor({block, symbols, scratch, guard = unguarded, onDamage, onMended}: BlockQuerierOptions) {
    this.block = block;
    this.#onDamage = onDamage;
    this.#selection = {guard, onDamage, onMended};
    this.#guard = guard;
    this.#scratch = scratch;
    this.workspace = new Workspace(scratch);
    this.#ids = new SymbolIds(block, symbols);
    block.retain();
  }

  select(matchers: readonly Matcher[], hints: SelectHints): BlockCursor {
    assert(!this.#closed, 'a querier is used before it is closed');
    const {block} = this;
    const refs = selectSeries(block.index, matchers, this.#selection);
    const cursor = new BlockCursor({
      block,
      refs,
      ids: this.#ids,
      scratch: this.#scratch,
      guard: this.#guard,
      mint: hints.mint,
      maxt: hints.maxt,
      onDamage: this.#onDamage,
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
        if (values.length % itemsUnchecked === 0) this.#guard.check();
        this.#guard.takeBytes(textBytes + value.length);
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
    this.workspace.free();
    this.block.release();
  }

  #forLabels(matchers: readonly Matcher[], visit: (name: number, value: number) => void): void {
    const {index} = this.block;
    const batch = new SeriesBatch();
    let count = 0;
    const postings = new PostingsReader(index, this.#selection);
    for (const ref of selectSeries(index, matchers, this.#selection)) {
      if (count++ % itemsUnchecked === 0) this.#guard.check();
      if (!postings.readLabels(ref, batch)) continue;
      for (let i = 0; i < batch.labelsLength; i += 2) visit(batch.labels[i]!, batch.labels[i + 1]!);
    }
  }

  #sorted(symbols: Set<number>): string[] {
    this.#guard.takeBytes(textBytes * symbols.size);
    const texts = Array.from(symbols, (symbol) => {
      const text = this.block.index.symbols.text(symbol);
      this.#guard.takeBytes(text.length);
      return text;
    });
    return texts.sort(guarded(compareStrings, this.#guard));
  }
}
