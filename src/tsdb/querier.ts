import {Workspace} from '../kernels/workspace.ts';
import {compareStrings} from '../model/labels.ts';
import type {Matcher} from '../model/matcher.ts';
import {
  unguarded,
  type Querier,
  type Queryable,
  type ReadGuard,
  type SelectHints,
  type SeriesCursor,
} from '../storage/querier.ts';
import type {Symbols} from '../storage/symbols.ts';
import type {BlockSet} from './block/blockset.ts';
import type {BlockDamage} from './block/damage.ts';
import {MergeCursor} from './block/mergecursor.ts';
import {BlockQuerier} from './block/querier.ts';
import type {HeadReader} from './head/reader.ts';
import type {Scratch} from './scratch.ts';
import {guarded} from '../storage/guardedsort.ts';

/** Reads the head and the blocks of a database from a thread of its own. */
export class DbReader implements Queryable {
  readonly #head: HeadReader;
  readonly #blocks: BlockSet;

  constructor(head: HeadReader, blocks: BlockSet) {
    this.#head = head;
    this.#blocks = blocks;
  }

  querier(range: {mint: number; maxt: number}, symbols: Symbols, guard = unguarded): Querier {
    // The head first: what is moved from it to a block from now on stays in it until the querier is closed, and what was moved
    // before is in a block that is seen now.
    const head = this.#head.querier(range, symbols, guard);
    try {
      const {scratch} = this.#head;
      const blocks = this.#blocks.overlapping(range);
      for (const [ulid, {message}] of this.#blocks.leftOut(range)) {
        guard.warn?.(`block ${ulid} was left out: ${message}`);
      }
      if (blocks.length === 0) return head;
      const queriers: Querier[] = blocks.map((block) => {
        const onDamage = (damage: BlockDamage): void => {
          this.#blocks.notePartDamage(block, damage);
          guard.warn?.(`a part of block ${block.meta.ulid} was left out: ${damage.message}`);
        };
        const onMended = (damage: BlockDamage): void => this.#blocks.noteMended(block, damage);
        return new BlockQuerier({block, symbols, scratch, guard, onDamage, onMended});
      });
      const {min, max} = this.#head.timeRange();
      if (min <= range.maxt && max >= range.mint) queriers.push(head);
      else head.close();
      return queriers.length === 1 ? queriers[0]! : new MergeQuerier(queriers, {symbols, scratch, guard});
    } catch (error) {
      head.close();
      throw error;
    }
  }
}

interface Means {
  symbols: Symbols;
  scratch: Scratch;
  guard: ReadGuard;
}

/** Several queriers as one, the oldest first. Series come in the order of their labels. */
export class MergeQuerier implements Querier {
  readonly workspace: Workspace;
  readonly #queriers: readonly Querier[];
  readonly #means: Means;
  readonly #cursors: MergeCursor[] = [];

  constructor(queriers: readonly Querier[], means: Means) {
    this.#queriers = queriers;
    this.#means = means;
    this.workspace = new Workspace(means.scratch);
  }

  select(matchers: readonly Matcher[], hints: SelectHints): SeriesCursor {
    const sorted = {...hints, sorted: true};
    const cursors = this.#queriers.map((querier) => querier.select(matchers, sorted));
    const cursor = new MergeCursor(cursors, this.#means);
    this.#cursors.push(cursor);
    return cursor;
  }

  labelNames(matchers: readonly Matcher[]): string[] {
    return this.#unite(this.#queriers.map((querier) => querier.labelNames(matchers)));
  }

  labelValues(name: string, matchers: readonly Matcher[]): string[] {
    return this.#unite(this.#queriers.map((querier) => querier.labelValues(name, matchers)));
  }

  #unite(lists: readonly string[][]): string[] {
    if (lists.length === 1) return lists[0]!;
    const {guard} = this.#means;
    const texts = new Set<string>();
    for (const list of lists) {
      guard.check();
      guard.takeBytes(textPlacesBytes * list.length);
      for (const text of list) texts.add(text);
    }
    return [...texts].sort(guarded(compareStrings, guard));
  }

  close(): void {
    for (const cursor of this.#cursors.splice(0)) cursor.free();
    this.workspace.free();
    for (const querier of this.#queriers) querier.close();
  }
}

/** A text's places in a set, in a list and in the copy that is sorted. */
const textPlacesBytes = 56;
