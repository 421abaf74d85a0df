// What silences and the notification log have in common: a state in memory that is kept in a file, and looked after from time to time.
import type {Clock} from '../sys/clock.ts';
import type {FileSystem} from '../sys/fs.ts';
import {StateFile} from './state-file.ts';
import {MaintenanceCounts} from './statistics.ts';

export interface KeptStateOptions {
  readonly fs: FileSystem;
  /** '' = nothing is kept on disk. */
  readonly path: string;
  readonly clock: Clock;
}

export class KeptState {
  readonly counts = new MaintenanceCounts();
  readonly file: StateFile | null;
  readonly #clock: Clock;
  readonly #messages: () => Iterable<Uint8Array>;
  #isOpen = false;

  /** `messages` gives the whole state. */
  constructor({fs, path, clock}: KeptStateOptions, messages: () => Iterable<Uint8Array>) {
    this.file = path === '' ? null : new StateFile(fs, path);
    this.#clock = clock;
    this.#messages = messages;
  }

  /** Reads the file; `complain` is told what is missing of it. Throws what the file system throws. */
  async open(take: (message: Uint8Array) => void, complain: (problem: string) => void): Promise<void> {
    const problem = this.file?.load(take).problem ?? '';
    if (problem !== '') {
      complain(problem);
      await this.snapshot();
    }
    this.#isOpen = true;
  }

  /** Lets `forget` take out what is no longer needed, and writes the whole. */
  async maintain(forget: () => void): Promise<void> {
    this.counts.maintenances++;
    const startMs = this.#clock.elapsed();
    forget();
    this.counts.collected(this.#clock.elapsed() - startMs);
    try {
      await this.snapshot();
    } catch (error) {
      this.counts.errors++;
      throw error;
    }
  }

  /** Writes the whole, unless it was never read: then what is on disk stays as it is. */
  async close(forget: () => void): Promise<void> {
    if (!this.#isOpen) return;
    await this.maintain(forget);
    await this.file?.close();
  }

  async snapshot(): Promise<void> {
    if (this.file === null) return;
    const startMs = this.#clock.elapsed();
    const size = await this.file.replace(this.#messages());
    this.counts.snapshot(this.#clock.elapsed() - startMs, size);
  }
}
