// The file `lock` in the data directory. Prometheus holds it by flock, which Node cannot take; so the file says who holds it:
//
//     {"program":"narthex","pid":4711,"started":"8812345","place":"host/boot/namespace of process numbers"}
//
// At the same place, a process with that number and that time of start holds it, or nobody does. For another place (a container
// on the same volume) there is no telling, so the holder writes the file again every few seconds, and who sees no sign of
// life takes it over. A flock of Prometheus's shows in /proc/locks.

import {readFileSync, readlinkSync, statSync} from 'node:fs';
import {hostname} from 'node:os';
import type {Clock} from '../sys/clock.ts';
import type {FileSystem} from '../sys/fs.ts';
import {hasCode, readWhole, writeFully} from '../sys/fs.ts';
import type {Logger} from '../sys/log.ts';

export interface LockOptions {
  fs: FileSystem;
  clock: Clock;
  log: Logger;
  dir: string;
  processes?: Processes;
}

/** What the system knows about processes. */
export interface Processes {
  readonly pid: number;
  /** Where process numbers mean what they mean here. */
  readonly place: string;
  /** When the process was started, in some unit; '' where that is not known; null where there is no such process. */
  started(pid: number): string | null;
  /** A process that holds a flock on the file, or null. 0 where it is hidden. */
  flockHolder(path: string): number | null;
}

interface Holder {
  program: string;
  pid: number;
  started: string;
  place: string;
}

const signOfLifeMs = 5000;

/** Without a sign of life for so long, a holder at another place is taken for dead. */
const silenceMs = 15_000;
const pollMs = 500;
const lockBytesMax = 4096;

/** Whether the directory was left in order: as `prometheus_tsdb_clean_start`. */
export type CleanStart = 'replaced' | 'clean';

export class DirectoryLock {
  readonly cleanStart: CleanStart;
  readonly #options: LockOptions;
  readonly #path: string;
  readonly #text: string;
  #cancelTimer: () => void;

  private constructor(options: LockOptions, path: string, text: string, cleanStart: CleanStart) {
    this.#options = options;
    this.#path = path;
    this.#text = text;
    this.cleanStart = cleanStart;
    this.#cancelTimer = options.clock.after(signOfLifeMs, () => this.#showLife());
  }

  /** Takes the lock of a data directory. Throws where somebody else holds it. */
  static async take(options: LockOptions): Promise<DirectoryLock> {
    const {fs, log, dir, processes = systemProcesses} = options;
    const path = `${dir}/lock`;
    const found = await checkHolder(options, processes, path);
    if (found !== null) {
      log.warn('A lockfile from a previous execution already existed. It was replaced', {file: path});
      fs.remove(path);
    }
    const holder: Holder = {
      program: 'narthex',
      pid: processes.pid,
      started: processes.started(processes.pid) ?? '',
      place: processes.place,
    };
    const text = `${JSON.stringify(holder)}\n`;
    try {
      writeLock(fs, path, text, 'wx');
    } catch (error) {
      if (hasCode(error, 'EEXIST')) throw inUse(dir, 'another process that was started at the same time');
      throw error;
    }
    return new DirectoryLock(options, path, text, found === null ? 'clean' : 'replaced');
  }

  release(): void {
    this.#cancelTimer();
    if (this.#isOurs()) this.#options.fs.remove(this.#path);
  }

  #isOurs(): boolean {
    const {fs} = this.#options;
    return fs.status(this.#path) !== null && readText(fs, this.#path) === this.#text;
  }

  #showLife(): void {
    const {fs, clock, log} = this.#options;
    try {
      if (this.#isOurs()) writeLock(fs, this.#path, this.#text, 'r+');
      else
        log.error('The data directory was taken over by another process: two write to it', {
          file: this.#path,
        });
    } catch (error) {
      log.warn('Cannot renew the lockfile', {file: this.#path, err: error});
    }
    this.#cancelTimer = clock.after(signOfLifeMs, () => this.#showLife());
  }
}

/** The text of a lock file that nobody holds any more, or null where there is none. Throws where somebody holds it. */
async function checkHolder(options: LockOptions, processes: Processes, path: string): Promise<string | null> {
  const {fs, dir} = options;
  if (fs.status(path) === null) return null;
  const flock = processes.flockHolder(path);
  if (flock !== null) throw inUse(dir, flock === 0 ? 'a process with a lock on it' : `process ${flock}`);
  const text = readText(fs, path);
  const holder = parseHolder(text);
  if (holder === null) return text; // Prometheus's file is empty.
  if (holder.place === processes.place) {
    const started = processes.started(holder.pid);
    const alive = started !== null && (started === holder.started || started === '' || holder.started === '');
    if (alive) throw inUse(dir, `process ${holder.pid}`);
  } else if (await showsLife(options, path)) {
    throw inUse(dir, `process ${holder.pid} of ${holder.place}`);
  }
  return text;
}

/** Whether somebody writes to the lock file. */
async function showsLife({fs, clock, log}: LockOptions, path: string): Promise<boolean> {
  const before = fs.status(path)?.modifiedMs;
  log.info('The data directory may be in use elsewhere: waiting for a sign of life', {file: path});
  for (let waited = 0; waited < silenceMs; waited += pollMs) {
    await new Promise<void>((resolve) => void clock.after(pollMs, resolve, true));
    const now = fs.status(path);
    if (now === null) return false;
    if (now.modifiedMs !== before) return true;
  }
  return false;
}

function inUse(dir: string, who: string): Error {
  return new Error(`cannot lock the data directory ${dir}: ${who} uses it`);
}

function parseHolder(text: string): Holder | null {
  try {
    const holder = JSON.parse(text) as Partial<Holder> | null;
    const {program, pid, started, place} = holder ?? {};
    if (program !== 'narthex' || typeof pid !== 'number' || typeof started !== 'string') return null;
    return typeof place === 'string' ? {program, pid, started, place} : null;
  } catch {
    return null;
  }
}

function readText(fs: FileSystem, path: string): string {
  try {
    return new TextDecoder().decode(readWhole(fs, path, lockBytesMax));
  } catch (error) {
    if (error instanceof RangeError || hasCode(error, 'ENOENT')) return '';
    throw error;
  }
}

function writeLock(fs: FileSystem, path: string, text: string, mode: 'wx' | 'r+'): void {
  const bytes = new TextEncoder().encode(text);
  const file = fs.open(path, mode);
  try {
    writeFully(fs, file, bytes, 0, bytes.length, 0);
  } finally {
    fs.close(file);
  }
}

export const systemProcesses: Processes = {
  pid: process.pid,
  place: [hostname(), readSystem('/proc/sys/kernel/random/boot_id'), readNamespace()].join('/'),
  started(pid) {
    const stat = readSystem(`/proc/${pid}/stat`);
    // The name, in parentheses, may hold anything; field 22 is the time of start.
    if (stat !== '') return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
    try {
      process.kill(pid, 0);
      return '';
    } catch (error) {
      return hasCode(error, 'EPERM') ? '' : null;
    }
  },
  flockHolder(path) {
    const status = statSync(path, {throwIfNoEntry: false});
    if (status === undefined) return null;
    // 1: FLOCK  ADVISORY  WRITE 4711 08:01:131072 0 EOF
    for (const line of readSystem('/proc/locks').split('\n')) {
      const [, kind, , , pid, place] = line.trim().split(/\s+/);
      if (kind === 'FLOCK' && place?.endsWith(`:${status.ino}`)) return Math.max(0, Number(pid));
    }
    return null;
  },
};

function readSystem(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}

function readNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}
