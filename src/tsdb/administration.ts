import {randomBytes} from 'node:crypto';
import {Matcher, type MatchType} from '../model/matcher.ts';
import type {Clock} from '../sys/clock.ts';
import type {FileSystem} from '../sys/fs.ts';
import type {Logger} from '../sys/log.ts';
import type {BlockStore} from './block/blockstore.ts';
import {chunksFolder} from './block/segments.ts';
import type {Compactions, CompactorCalls} from './compactions.ts';
import type {Head} from './head/head.ts';
import {deleteFromHead} from './headdeletion.ts';
import type {Wal} from './wal/wal.ts';

/** A matcher as it goes from thread to thread. */
export interface MatcherText {
  type: MatchType;
  name: string;
  value: string;
}

/** Which samples to delete. */
export interface DeletionRequest {
  matchers: readonly MatcherText[];
  /** Both inclusive, in milliseconds. */
  mint: number;
  maxt: number;
}

export interface AdministrationOptions {
  fs: FileSystem;
  dir: string;
  head: Head;
  wal: Wal;
  store: BlockStore;
  compactions: Compactions;
  compactor: CompactorCalls;
  clock: Clock;
  log: Logger;
}

/** What operators do by hand: deletes samples, cleans up after that, takes snapshots. It never meets a compaction. */
export class Administration {
  readonly #options: AdministrationOptions;

  constructor(options: AdministrationOptions) {
    this.#options = options;
  }

  /**
   * Deletes samples from the head and from all blocks. They show no more at once; their room is given back by compactions. Rejects where a
   * block cannot be read, which may be better later, when all others are done.
   */
  deleteSamples(request: DeletionRequest): Promise<void> {
    const {store, compactions, compactor} = this.#options;
    return compactions.exclusively(async () => {
      this.#deleteFromHead(request);
      let changed = 0;
      store.reload();
      // Of the moment: when blocks are looked at again, one of them may be back.
      const unread = store.damaged;
      for (const {meta} of store.blocks) {
        if (meta.minTime > request.maxt || meta.maxTime <= request.mint) continue;
        changed += await compactor.deleteSamples({...request, ulid: meta.ulid});
      }
      if (changed > 0) store.changed();
      if (unread.length > 0) {
        throw new Error(
          `cannot delete from what cannot be read: block ${unread.join(', block ')}; the rest is deleted`,
        );
      }
    });
  }

  /** Writes blocks with tombstones anew, without what is deleted. */
  cleanTombstones(): Promise<void> {
    const {store, compactions, compactor, log} = this.#options;
    return compactions.exclusively(async () => {
      const start = performance.now();
      for (const {meta} of store.blocks) {
        if (meta.stats.numTombstones === 0) continue;
        const result = await compactor.clean(meta.ulid);
        // Nothing is left to say that the block is obsolete.
        if (result.meta === null) store.delete(meta.ulid);
        else store.trust(result.meta.ulid);
        store.reload();
      }
      log.info('Tombstones cleaned', {duration: `${((performance.now() - start) / 1000).toFixed(3)}s`});
    });
  }

  /** A copy of all blocks as further names of their files, and, unless it is not wanted, of the head as one more block. Gives its name. */
  snapshot(withHead: boolean): Promise<string> {
    const {fs, dir, head, store, compactions, compactor} = this.#options;
    return compactions.exclusively(async () => {
      const name = this.#snapshotName();
      const target = `${dir}/snapshots/${name}`;
      fs.makeDirectory(target);
      for (const {meta} of store.blocks) this.#linkBlock(meta.ulid, target);
      if (withHead && head.minTime <= head.maxTime) {
        await compactor.writeHead({minTime: head.minTime, maxTime: head.maxTime + 1, dir: target});
      }
      fs.syncDirectory(target);
      return name;
    });
  }

  #deleteFromHead({matchers, mint, maxt}: DeletionRequest): void {
    const {head, wal} = this.#options;
    const made = matchers.map(({type, name, value}) => new Matcher(type, name, value));
    deleteFromHead(head, wal, made, {mint, maxt});
  }

  #linkBlock(ulid: string, target: string): void {
    const {fs, dir} = this.#options;
    const from = `${dir}/${ulid}`;
    const to = `${target}/${ulid}`;
    for (const folder of ['', `/${chunksFolder}`]) {
      fs.makeDirectory(to + folder);
      for (const name of fs.list(from + folder)) {
        if (name === chunksFolder) continue;
        fs.link(`${from}${folder}/${name}`, `${to}${folder}/${name}`);
      }
      fs.syncDirectory(to + folder);
    }
  }

  /** As Prometheus names them: `20261126T121500Z-0123456789abcdef`. */
  #snapshotName(): string {
    const time = new Date(this.#options.clock.now()).toISOString().replaceAll(/[-:]|\.\d+/g, '');
    return `${time}-${randomBytes(8).toString('hex')}`;
  }
}
