import {Matcher} from '../model/matcher.ts';
import type {DeletionRequest} from './administration.ts';
import {Compactor, type CompactionResult, type CompactorOptions} from './block/compactor.ts';
import {hint} from './block/meta.ts';
import type {CompactionRange, CompactorCalls} from './compactions.ts';
import type {HeadReader} from './head/reader.ts';
import {HeadSource} from './head/source.ts';

/** Makes blocks in the thread in which it is called. */
export class BlockMaker implements CompactorCalls {
  readonly #compactor: Compactor;
  readonly #head: HeadReader;
  #cancelled = false;

  constructor(options: CompactorOptions, head: HeadReader) {
    this.#head = head;
    this.#compactor = new Compactor({
      ...options,
      cancelled: () => this.#cancelled || options.cancelled?.() === true,
    });
  }

  async writeHead(range: CompactionRange & {dir?: string}): Promise<CompactionResult> {
    await Promise.resolve();
    const source = new HeadSource(this.#head, {minTime: range.minTime, maxTime: range.maxTime - 1});
    try {
      return this.#compactor.write(source, range);
    } finally {
      source.close();
    }
  }

  async writeLate({reference, ...range}: CompactionRange & {reference: number}): Promise<CompactionResult> {
    await Promise.resolve();
    const bounds = {minTime: range.minTime, maxTime: range.maxTime - 1};
    const source = new HeadSource(this.#head, {...bounds, lateUntil: reference});
    try {
      return this.#compactor.write(source, {...range, hints: [hint.outOfOrder]});
    } finally {
      source.close();
    }
  }

  async writeStale({refs, ...range}: CompactionRange & {refs: Float64Array}): Promise<CompactionResult> {
    await Promise.resolve();
    const bounds = {minTime: range.minTime, maxTime: range.maxTime - 1};
    const source = new HeadSource(this.#head, {...bounds, refs});
    try {
      return this.#compactor.write(source, {...range, hints: [hint.staleSeries]});
    } finally {
      source.close();
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

  async deleteSamples({ulid, matchers, mint, maxt}: DeletionRequest & {ulid: string}): Promise<number> {
    await Promise.resolve();
    const made = matchers.map(({type, name, value}) => new Matcher(type, name, value));
    return this.#compactor.deleteSamples(ulid, {matchers: made, mint, maxt});
  }

  async rest(): Promise<void> {}

  cancel(): void {
    this.#cancelled = true;
  }
}
