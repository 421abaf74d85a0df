import type {Discoverer, DiscoveryContext} from './discoverer.ts';
import type {TargetGroup} from './targetgroup.ts';

export interface RefreshOptions {
  mechanism: string;
  intervalMs: number;
  /** Finds everything anew, or throws why it cannot. */
  refresh: (signal: AbortSignal) => Promise<TargetGroup[]>;
  /** Called once, when the last refresh was told to stop. */
  close?: () => void;
}

/** A discoverer that asks again and again. Where that fails, the last groups stay in force. */
export class RefreshDiscoverer implements Discoverer {
  readonly #context: DiscoveryContext;
  readonly #options: RefreshOptions;
  readonly #abort = new AbortController();
  #cancel: () => void = () => {};

  constructor(context: DiscoveryContext, options: RefreshOptions) {
    this.#context = context;
    this.#options = options;
    void this.#run();
  }

  stop(): void {
    this.#abort.abort();
    this.#cancel();
    this.#options.close?.();
  }

  async #run(): Promise<void> {
    const {clock} = this.#context.world;
    const started = clock.elapsed();
    await this.#refresh(started);
    if (this.#abort.signal.aborted) return;
    const wait = Math.max(0, this.#options.intervalMs - (clock.elapsed() - started));
    this.#cancel = clock.after(wait, () => void this.#run());
  }

  async #refresh(started: number): Promise<void> {
    const {world, counters, jobName, logger} = this.#context;
    const {signal} = this.#abort;
    let groups: TargetGroup[] | null = null;
    let failure: Error | null = null;
    try {
      groups = await this.#options.refresh(signal);
    } catch (cause) {
      failure = cause as Error;
    }
    if (signal.aborted) return;
    const seconds = (world.clock.elapsed() - started) / 1000;
    counters.observeRefresh(this.#options.mechanism, jobName, {seconds, failed: failure !== null});
    this.#context.report('', failure);
    if (groups === null) logger.error('Unable to refresh target groups', {err: failure});
    else this.#context.update(groups);
  }
}
