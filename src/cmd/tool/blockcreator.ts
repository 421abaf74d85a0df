import type {MemoryStore} from '../../storage/memory.ts';
import {Symbols} from '../../storage/symbols.ts';
import {nodeFileSystem} from '../../sys/fs.ts';
import {noLogger} from '../../sys/log.ts';
import {Compactor} from '../../tsdb/block/compactor.ts';
import type {BlockMeta} from '../../tsdb/block/meta.ts';
import {exponentialRanges} from '../../tsdb/block/plan.ts';
import {QuerierSource} from '../../tsdb/block/queriersource.ts';
import {makeScratch} from './readonlydb.ts';

const shortestMs = 7_200_000;

/** Writes samples from elsewhere to blocks, each for two hours, or for longer where that is asked for. */
export class BlockCreator {
  /** What a block spans. */
  readonly blockMs: number;
  readonly #scratch = makeScratch();
  readonly #compactor: Compactor;

  constructor(dir: string, blockMsMax: number) {
    this.blockMs =
      exponentialRanges(shortestMs, 10, 3).findLast((range) => range <= blockMsMax) ?? shortestMs;
    const scratch = this.#scratch;
    this.#compactor = new Compactor({fs: nodeFileSystem, dir, scratch, log: noLogger, nowMs: Date.now});
  }

  /** A block of the store's series, whose first and last sample are at these times; null where there are none. */
  write(store: MemoryStore, mint: number, maxt: number): BlockMeta | null {
    if (store.seriesCount === 0) return null;
    const symbols = new Symbols();
    const querier = store.querier({mint, maxt}, symbols);
    const source = new QuerierSource({querier, symbols, scratch: this.#scratch, mint, maxt});
    const {meta} = this.#compactor.write(source, {minTime: mint, maxTime: maxt + 1});
    source.close();
    return meta;
  }
}
