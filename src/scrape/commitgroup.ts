import type {Appender} from '../storage/appender.ts';

/** Samples of one commit: with their columns they fit into a second-level cache beside the series that they go to. */
const samplesMax = 1024;
/** So long scrapes wait for others that are under way. */
const waitMs = 5;

/** A scrape whose samples are ready, on its way into the store. */
export interface ReadyScrape {
  /** Samples that fill() adds. */
  readonly sampleCount: number;
  /** Adds the samples to the appender's batch, behind those of other scrapes. Does not throw. */
  fill(): void;
  /**
   * Looks at what became of the samples: a sampleStatus each. May commit others, and does not throw where that fails. Not called
   * where all samples were accepted.
   */
  settle(statuses: Uint8Array): void;
}

/**
 * Commits scrapes that end together in one batch of the appender, which is one write to the log for all of them
 * (`npm run bench -- targets`). The batch is used during a flush only, so who else appends need not know of it.
 */
export class CommitGroup {
  readonly #appender: Appender;
  #ready: ReadyScrape[] = [];
  #samples = 0;
  #done = Promise.withResolvers<void>();
  #underWay = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(appender: Appender) {
    this.#appender = appender;
  }

  /** A scrape asks its target. */
  begin(): void {
    this.#underWay++;
  }

  /** It has its answer, or has none. If it has one it comes to add() without others in between, or to flush(). */
  end(): void {
    this.#underWay--;
  }

  /**
   * Settles once the scrape's samples are in the store; it rejects where the store takes none of them. That is at once where
   * nothing else is under way, or else some milliseconds later at most.
   */
  add(scrape: ReadyScrape): Promise<void> {
    if (this.#samples + scrape.sampleCount > Math.min(samplesMax, this.#appender.batch.capacity))
      this.flush();
    this.#ready.push(scrape);
    this.#samples += scrape.sampleCount;
    const {promise} = this.#done;
    if (this.#underWay === 0 || this.#samples >= samplesMax) this.flush();
    else if (this.#ready.length === 1) this.#wait();
    return promise;
  }

  /** Commits what is ready. Who commits by other ways does this first, so that samples are stored in the order of their scrapes. */
  flush(): void {
    const ready = this.#ready;
    if (ready.length === 0) return;
    const {resolve, reject} = this.#done;
    this.#ready = [];
    this.#samples = 0;
    this.#done = Promise.withResolvers();
    try {
      this.#commit(ready);
      resolve();
    } catch (cause) {
      this.#appender.batch.length = 0;
      reject(cause);
    }
  }

  #commit(ready: readonly ReadyScrape[]): void {
    const {batch} = this.#appender;
    for (const scrape of ready) scrape.fill();
    const {length} = batch;
    const {outOfOrder, duplicates, outOfBounds, noSeries} = this.#appender.commit();
    if (outOfOrder + duplicates + outOfBounds + noSeries === 0) return;
    // Whoever settles may use the batch.
    const statuses = batch.statuses.slice(0, length);
    let first = 0;
    for (const scrape of ready) {
      const end = first + scrape.sampleCount;
      scrape.settle(statuses.subarray(first, end));
      first = end;
    }
  }

  #wait(): void {
    if (this.#timer === null) this.#timer = setTimeout(() => this.flush(), waitMs);
    else this.#timer.refresh();
  }
}
