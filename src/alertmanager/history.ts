// A history of notifications: who was told of what, when and why, and who could not be. It has a bound, and is kept on disk.
import type {Clock} from '../sys/clock.ts';
import type {FileSystem} from '../sys/fs.ts';
import type {Logger} from '../sys/log.ts';
import type {NotificationRecord} from './notification-record.ts';
import {StateFile} from './state-file.ts';

/** A notification as it is kept and shown. */
export interface HistoryEntry {
  /** Milliseconds since 1970: when the notification was due. */
  readonly timeMs: number;
  readonly receiver: string;
  readonly integration: string;
  readonly index: number;
  readonly groupKey: string;
  /** `[name, value, …]` */
  readonly groupLabels: readonly string[];
  readonly reason: string;
  readonly firing: number;
  readonly resolved: number;
  /** Fingerprints of the first alerts. */
  readonly alerts: readonly string[];
  readonly attempts: number;
  readonly durationMs: number;
  /** '' = it was taken. */
  readonly error: string;
  readonly failure: string;
}

/** In memory: fingerprints are one text, which takes a quarter of what so many of them do. */
interface KeptEntry extends Omit<HistoryEntry, 'alerts'> {
  readonly alerts: string;
}

export interface HistoryOptions {
  readonly fs: FileSystem;
  /** '' = nothing is kept on disk. */
  readonly path: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly entriesMax?: number;
}

const entriesMaxDefault = 10_000;
const alertsMax = 20;
const errorCharactersMax = 500;
const utf8 = new TextEncoder();

export class NotificationHistory {
  readonly #options: HistoryOptions;
  readonly #file: StateFile | null;
  readonly #entriesMax: number;
  /** Oldest first. */
  #entries: KeptEntry[] = [];
  #isOpen = false;

  constructor(options: HistoryOptions) {
    this.#options = options;
    this.#entriesMax = options.entriesMax ?? entriesMaxDefault;
    this.#file = options.path === '' ? null : new StateFile(options.fs, options.path);
  }

  /** Reads the file. Throws what the file system throws. */
  async open(): Promise<void> {
    this.#isOpen = true;
    if (this.#file === null) return;
    const {problem} = this.#file.load((bytes) => {
      this.#entries.push(kept(JSON.parse(new TextDecoder().decode(bytes)) as HistoryEntry));
    });
    const isTooLong = this.#entries.length > this.#entriesMax;
    this.#forgetOld();
    if (problem !== '')
      this.#options.logger.error('The history of notifications is incomplete', {err: problem});
    if (problem !== '' || isTooLong) await this.#rewrite();
  }

  add(record: NotificationRecord): void {
    const {alerts, groupLabels, error, ...rest} = record;
    const entry: HistoryEntry = {
      ...rest,
      groupLabels,
      alerts: alerts.slice(0, alertsMax).map(({alert}) => alert.fingerprint),
      durationMs: Math.round(record.durationMs),
      error: error.slice(0, errorCharactersMax),
    };
    this.#entries.push(kept(entry));
    if (this.#entries.length > 2 * this.#entriesMax) this.#forgetOld();
    if (!this.#isOpen) return;
    try {
      this.#file?.append(utf8.encode(JSON.stringify(entry)));
    } catch (cause) {
      this.#options.logger.error('Cannot write the history of notifications', {err: cause});
    }
  }

  /** The newest first, those that `isWanted` says. */
  query(isWanted: (entry: Omit<HistoryEntry, 'alerts'>) => boolean, limit: number): HistoryEntry[] {
    const found: HistoryEntry[] = [];
    const oldest = Math.max(0, this.#entries.length - this.#entriesMax);
    for (let i = this.#entries.length - 1; i >= oldest && found.length < limit; i--) {
      const entry = this.#entries[i]!;
      if (isWanted(entry)) found.push(shown(entry));
    }
    return found;
  }

  /** Writes the file anew, without what is old. */
  async maintain(): Promise<void> {
    if (!this.#isOpen) return;
    this.#forgetOld();
    await this.#rewrite();
  }

  async close(): Promise<void> {
    if (!this.#isOpen) return;
    await this.maintain();
    await this.#file?.close();
  }

  #forgetOld(): void {
    if (this.#entries.length > this.#entriesMax) this.#entries = this.#entries.slice(-this.#entriesMax);
  }

  async #rewrite(): Promise<void> {
    await this.#file?.replace(this.#entries.map((entry) => utf8.encode(JSON.stringify(shown(entry)))));
  }
}

function kept({alerts, ...entry}: HistoryEntry): KeptEntry {
  return {...entry, alerts: alerts.join(' ')};
}

function shown({alerts, ...entry}: KeptEntry): HistoryEntry {
  return {...entry, alerts: alerts === '' ? [] : alerts.split(' ')};
}
