import {unguarded, type ReadGuard} from '../../storage/querier.ts';
import {BlockDamage, throwUnlessDamage} from './damage.ts';
import {type BlockIndex, seriesAlignment} from './index.ts';
import {noRefs, type Refs} from './refs.ts';
import {SeriesBatch} from './seriesbatch.ts';
import {SeriesEntries, seriesSectionEnd} from './seriesentries.ts';

/** How many series are looked at between two looks at whether to go on. */
const seriesUnchecked = 1024;

/** What a selection goes by. Without the two that are told of damage, it is thrown. */
export interface SelectionOptions {
  guard?: ReadGuard | undefined;
  /** A series cannot be read, and is left out. */
  onDamage?: ((damage: BlockDamage) => void) | undefined;
  /** A list of postings cannot be read, and was made again, so that nothing is left out for that. */
  onMended?: ((damage: BlockDamage) => void) | undefined;
}

/**
 * Reads lists of postings. A damaged one is made again of what the series say themselves, which takes about as long as
 * looking at all series of the block; the index keeps it for the next time.
 */
export class PostingsReader {
  readonly #index: BlockIndex;
  readonly #guard: ReadGuard;
  readonly #options: SelectionOptions;

  constructor(index: BlockIndex, options: SelectionOptions = {}) {
    this.#index = index;
    this.#guard = options.guard ?? unguarded;
    this.#options = options;
  }

  /** The series that have this label pair, rising; an empty name and value stand for all series. */
  list(name: string, value: string): Refs {
    const offset = this.#index.table.find(name, value);
    return offset < 0 ? noRefs : this.at(offset, name, value);
  }

  /** The list of the label pair, which stands at `offset`. */
  at(offset: number, name: string, value: string): Refs {
    const kept = this.#index.mended(offset);
    if (kept !== null) return kept;
    try {
      return this.#index.postingsAt(offset);
    } catch (damage) {
      const {onMended} = this.#options;
      if (onMended === undefined || !(damage instanceof BlockDamage)) throw damage;
      const refs = name === '' ? this.#allSeries() : this.#seriesWith(name, value);
      this.#index.keepMended(offset, refs);
      onMended(damage);
      return refs;
    }
  }

  /** Reads a series' labels into the empty `batch`. False where it is damaged, which is told. */
  readLabels(ref: number, batch: SeriesBatch): boolean {
    batch.clear();
    try {
      this.#index.series(ref, batch, Infinity, -Infinity);
      return true;
    } catch (damage) {
      const {onDamage} = this.#options;
      if (onDamage === undefined || !(damage instanceof BlockDamage)) throw damage;
      onDamage(damage);
      return false;
    }
  }

  #seriesWith(name: string, value: string): Refs {
    const nameSymbol = this.#index.symbols.find(name);
    const valueSymbol = this.#index.symbols.find(value);
    const batch = new SeriesBatch();
    const all = this.list('', '');
    const found = new Uint32Array(all.length);
    let count = 0;
    for (const [at, ref] of all.entries()) {
      if (at % seriesUnchecked === 0) this.#guard.check();
      if (!this.readLabels(ref, batch)) continue;
      for (let i = 0; i < batch.labelsLength; i += 2) {
        if (batch.labels[i] === nameSymbol && batch.labels[i + 1] === valueSymbol) found[count++] = ref;
      }
    }
    return found.slice(0, count);
  }

  #allSeries(): Refs {
    const {file, toc, version} = this.#index;
    const step = version === 1 ? 1 : seriesAlignment;
    const refs: number[] = [];
    let steps = 0;
    new SeriesEntries(file).walk(
      {start: toc.series, end: seriesSectionEnd(toc, file.size), step},
      {
        onEntry: (place) => void refs.push(place / step),
        onStep: () => {
          if (steps++ % seriesUnchecked === 0) this.#guard.check();
        },
        // What the disk does not read now, it may read later: that ends the query, and nothing of it is kept.
        onError: throwUnlessDamage,
        onGap: (from, to) =>
          this.#options.onDamage?.(new BlockDamage(file.path, from, `no series up to byte ${to} is whole`)),
      },
    );
    return Uint32Array.from(refs);
  }
}
