import {Symbols} from '../storage/symbols.ts';
import {Compactor, type CompactionResult, type CompactorOptions} from './block/compactor.ts';
import {QuerierSource} from './block/queriersource.ts';
import type {CompactorCalls} from './compactions.ts';
import type {HeadReader} from './head/reader.ts';

/** Makes blocks in the thread in which it is called. */
export class BlockMaker implements CompactorCalls {
  readonly #compactor: Compactor;
  readonly #head: HeadReader;
  readonly #options: CompactorOptions;
  #cancelled = false;

  constructor(options: CompactorOptions, head: HeadReader) {
    this.#options = options;
    this.#head = head;
    this.#compactor = new Compactor({
      ...options,
      cancelled: () => this.#cancelled || options.cancelled?.() === true,
    });
  }

  async writeHead(range: {minTime: number; maxTime: number}): Promise<CompactionResult> {
    await Promise.resolve();
    const symbols = new Symbols();
    const bounds = {mint: range.minTime, maxt: range.maxTime - 1};
    const querier = this.#head.querier(bounds, symbols);
    try {
      const {scratch} = this.#options;
      const source = new QuerierSource({querier, symbols, scratch, ...bounds});
      try {
        return this.#compactor.write(source, range);
      } finally {
        source.close();
      }
    } finally {
      querier.close();
    }
  }

  async compact(ulids: readonly string[]): Promise<CompactionResult> {
    await Promise.resolve();
    return this.#compactor.compact(ulids);
  }

  async clean(ulid: string): Promise<CompactionResult> {
    await Promise.resolve();
    return this.#compactor.clean(ulid);
  }

  async rest(): Promise<void> {}

  cancel(): void {
    this.#cancelled = true;
  }
}
