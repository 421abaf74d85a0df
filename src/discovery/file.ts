import type {FileDiscoveryConfig} from './config.ts';
import type {Discoverer, DiscoveryContext} from './discoverer.ts';
import {expandGlob} from './files.ts';
import {recordOf, type TargetGroup} from './targetgroup.ts';
import {parseJsonTargets, parseYamlTargets, targetGroupOf} from './targetlist.ts';

/** Changes of a folder come in bursts; files are read when it has been quiet for so long, */
const settleMs = 50;
/** or is not quiet for so long: others may write logs there. */
const settleMsMax = 1000;

/**
 * Reads targets from files, when something in their folders changes and now and then. A file that cannot be read keeps its
 * last groups; one that is gone loses them.
 */
export class FileDiscoverer implements Discoverer {
  readonly #config: FileDiscoveryConfig;
  readonly #context: DiscoveryContext;
  /** How many groups each file had. */
  #groupCounts = new Map<string, number>();
  readonly #times = new Map<string, number>();
  readonly #watched = new Map<string, {end: () => void; identity: string | null}>();
  #cancelInterval: () => void = () => {};
  #cancelSettle: (() => void) | null = null;
  /** When the first of the changes came that have not been read yet. */
  #changedAtMs = 0;

  constructor(config: FileDiscoveryConfig, context: DiscoveryContext) {
    this.#config = config;
    this.#context = context;
    context.counters.fileTimes.set(this, this.#times);
    this.#run();
  }

  stop(): void {
    this.#cancelInterval();
    this.#cancelSettle?.();
    for (const {end} of this.#watched.values()) end();
    this.#watched.clear();
    this.#context.counters.fileTimes.delete(this);
  }

  #run(): void {
    this.#refresh();
    const {clock} = this.#context.world;
    this.#cancelInterval = clock.after(this.#config.refreshIntervalMs, () => this.#run());
  }

  #onChange(): void {
    const {clock} = this.#context.world;
    const nowMs = clock.elapsed();
    if (this.#cancelSettle === null) this.#changedAtMs = nowMs;
    this.#cancelSettle?.();
    const waitMs = Math.min(settleMs, Math.max(0, this.#changedAtMs + settleMsMax - nowMs));
    this.#cancelSettle = clock.after(waitMs, () => {
      this.#cancelSettle = null;
      this.#refresh();
    });
  }

  #refresh(): void {
    const {clock} = this.#context.world;
    const started = clock.elapsed();
    // Before the files are read, so that no change is missed.
    this.#watchFolders();
    const counts = new Map<string, number>();
    const updates: TargetGroup[] = [];
    const {files, isWhole} = this.#listFiles();
    for (const file of files) {
      const groups = this.#readFile(file);
      // What cannot be read keeps what it had.
      counts.set(file, groups?.length ?? this.#groupCounts.get(file) ?? 0);
      for (const group of groups ?? []) updates.push(group);
    }
    if (!isWhole)
      for (const [file, count] of this.#groupCounts) if (!files.has(file)) counts.set(file, count);
    for (const [file, before] of this.#groupCounts) {
      const now = counts.get(file);
      if (now === undefined) {
        this.#times.delete(file);
        this.#context.report(file, null);
      }
      for (let i = now ?? 0; i < before; i++) updates.push({source: `${file}:${i}`, targets: [], labels: {}});
    }
    this.#groupCounts = counts;
    this.#context.update(updates);
    this.#context.counters.fileScans.observe((clock.elapsed() - started) / 1000);
  }

  /** Not whole where a folder could not be listed for now: nothing is known to be gone then. */
  #listFiles(): {files: Set<string>; isWhole: boolean} {
    const {world, logger} = this.#context;
    const files = new Set<string>();
    let isWhole = true;
    for (const pattern of this.#config.files) {
      try {
        for (const file of expandGlob(world.files, pattern)) files.add(file);
      } catch (err) {
        isWhole &&= err instanceof SyntaxError;
        logger.error('Error expanding glob', {glob: pattern, err});
      }
    }
    return {files, isWhole};
  }

  /** null where the file cannot be read. */
  #readFile(file: string): TargetGroup[] | null {
    const {world, counters, logger} = this.#context;
    try {
      const {text, modifiedMs} = world.files.read(file);
      const groups = /\.json$/i.test(file) ? parseJsonTargets(text) : parseYamlTargets(text);
      this.#times.set(file, Math.floor(modifiedMs / 1000));
      this.#context.report(file, null);
      return groups.map((group, index) => {
        const {source, targets, labels} = targetGroupOf(`${file}:${index}`, group);
        return {source, targets, labels: {...recordOf(labels), __meta_filepath: file}};
      });
    } catch (cause) {
      counters.fileReadErrors++;
      logger.error('Error reading file', {path: file, err: cause});
      this.#context.report(file, cause as Error);
      return null;
    }
  }

  #watchFolders(): void {
    const {world, counters, logger} = this.#context;
    for (const pattern of this.#config.files) {
      const folder = pattern.slice(0, pattern.lastIndexOf('/') + 1) || './';
      const identity = world.files.identity(folder);
      const before = this.#watched.get(folder);
      if (before !== undefined && before.identity === identity) continue;
      // A folder that was removed and made again tells nothing to those who watched the old one.
      before?.end();
      this.#watched.delete(folder);
      const onError = (err: unknown): void => {
        counters.fileWatcherErrors++;
        logger.error('Error watching file', {path: folder, err});
        this.#watched.get(folder)?.end();
        this.#watched.delete(folder);
      };
      try {
        const end = world.files.watch(folder, () => this.#onChange(), onError);
        this.#watched.set(folder, {end, identity});
      } catch (err) {
        // Tried again at the next refresh.
        logger.error('Error adding file watch', {path: folder, err});
      }
    }
  }
}
