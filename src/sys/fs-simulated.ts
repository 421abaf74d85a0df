// A disk for tests: files in memory that can fail at any call and lose power. What a sync has not confirmed may be lost, in any
// mixture of sectors, as on a real disk.

import {Random} from '../base/random.ts';
import type {FileStatus, FileSystem} from './fs.ts';

const sectorBytes = 512;

/** The calls that can fail. */
export type FileOperation =
  | 'open'
  | 'read'
  | 'write'
  | 'truncate'
  | 'sync'
  | 'syncDirectory'
  | 'list'
  | 'rename'
  | 'remove'
  | 'makeDirectory';

/** An error as the operating system reports it; for a write, how many bytes it takes before the next call; or how long the call takes. */
export type Fault =
  | {code: 'ENOSPC' | 'EIO' | 'EACCES' | 'EMFILE' | 'ENFILE'}
  | {short: number}
  | {slowMs: number};

interface SimulatedFile {
  /** What reads see: the page cache. */
  cache: Uint8Array;
  length: number;
  /** What survives a loss of power. */
  disk: Uint8Array;
  diskLength: number;
  /** Sectors that were written since the last sync. */
  dirty: Set<number>;
  /** The call that last wrote: time does not pass here. */
  modified: number;
  /** Whether the directory entry survives. */
  entryDurable: boolean;
}

/** Files under absolute paths with `/` between names. */
export class SimulatedFileSystem implements FileSystem {
  /** Asked before each call that could fail. `index` counts those calls. */
  fault: (operation: FileOperation, path: string, index: number) => Fault | null = () => null;
  /** Called when a call is slow, before it is done: for a clock. */
  onSlow: (ms: number) => void = () => {};
  /** Calls that could have failed so far. */
  calls = 0;
  readonly #files = new Map<string, SimulatedFile>();
  readonly #directories = new Set<string>(['']);
  readonly #open = new Map<number, {path: string; file: SimulatedFile}>();
  #nextFile = 3;
  /** Renames that a loss of power may undo, the oldest first, with what they replaced. */
  #renames: {from: string; to: string; replaced: SimulatedFile | null}[] = [];

  open(path: string, mode: 'r' | 'r+' | 'wx'): number {
    this.#ask('open', path);
    let file = this.#files.get(path);
    if (mode === 'wx') {
      if (file !== undefined) throw systemError('EEXIST', 'open', path);
      if (!this.#directories.has(parentOf(path))) throw systemError('ENOENT', 'open', path);
      file = {
        cache: new Uint8Array(1024),
        length: 0,
        disk: new Uint8Array(0),
        diskLength: 0,
        dirty: new Set(),
        modified: this.calls,
        entryDurable: false,
      };
      this.#files.set(path, file);
    }
    if (file === undefined) throw systemError('ENOENT', 'open', path);
    this.#open.set(this.#nextFile, {path, file});
    return this.#nextFile++;
  }

  close(file: number): void {
    if (!this.#open.delete(file)) throw systemError('EBADF', 'close', String(file));
  }

  /** Files that are open. */
  get openCount(): number {
    return this.#open.size;
  }

  read(file: number, into: Uint8Array, offset: number, length: number, position: number): number {
    const {path, file: found} = this.#get(file);
    this.#ask('read', path);
    const count = Math.max(0, Math.min(length, found.length - position));
    into.set(found.cache.subarray(position, position + count), offset);
    return count;
  }

  write(file: number, bytes: Uint8Array, offset: number, length: number, position: number): number {
    const {path, file: found} = this.#get(file);
    const fault = this.#ask('write', path);
    const count = fault !== null && 'short' in fault ? Math.min(length, Math.max(1, fault.short)) : length;
    grow(found, position + count);
    found.cache.set(bytes.subarray(offset, offset + count), position);
    this.#touch(found, position, position + count);
    return count;
  }

  size(file: number): number {
    return this.#get(file).file.length;
  }

  links(file: number): number {
    const {file: found} = this.#get(file);
    let count = 0;
    for (const each of this.#files.values()) if (each === found) count++;
    return count;
  }

  truncate(file: number, bytes: number): void {
    const {path, file: found} = this.#get(file);
    this.#ask('truncate', path);
    grow(found, bytes);
    if (bytes < found.length) found.cache.fill(0, bytes, found.length);
    this.#touch(found, Math.min(bytes, found.length), Math.max(bytes, found.length));
    found.length = bytes;
  }

  sync(file: number): void {
    const {path, file: found} = this.#get(file);
    try {
      this.#ask('sync', path);
    } catch (error) {
      // The system drops what it could not write and takes it for clean (fsyncgate): half of it, here.
      for (const sector of found.dirty) if (sector % 2 === 0) this.#writeSector(found, sector);
      found.dirty.clear();
      throw error;
    }
    for (const sector of found.dirty) this.#writeSector(found, sector);
    found.dirty.clear();
    found.diskLength = found.length;
  }

  async syncLater(file: number): Promise<void> {
    await Promise.resolve();
    this.sync(file);
  }

  syncDirectory(path: string): void {
    this.#ask('syncDirectory', path);
    for (const [each, file] of this.#files) if (parentOf(each) === path) file.entryDurable = true;
    this.#renames = this.#renames.filter(({to}) => parentOf(to) !== path);
  }

  makeDirectory(path: string): void {
    this.#ask('makeDirectory', path);
    for (let each = path; each !== ''; each = parentOf(each)) this.#directories.add(each);
  }

  list(path: string): string[] {
    this.#ask('list', path);
    if (!this.#directories.has(path)) throw systemError('ENOENT', 'scandir', path);
    const names = [...this.#files.keys(), ...this.#directories].filter(
      (each) => each !== '' && parentOf(each) === path,
    );
    return names.map((each) => each.slice(path.length + 1));
  }

  status(path: string): FileStatus | null {
    const file = this.#files.get(path);
    if (file !== undefined) return {bytes: file.length, directory: false, modifiedMs: file.modified};
    return this.#directories.has(path) ? {bytes: 4096, directory: true, modifiedMs: 0} : null;
  }

  rename(from: string, to: string): void {
    this.#ask('rename', from);
    if (!this.#files.has(from) && !this.#directories.has(from)) throw systemError('ENOENT', 'rename', from);
    if (this.#directories.has(from) && this.status(to) !== null) throw systemError('EEXIST', 'rename', to);
    const replaced = this.#files.get(to) ?? null;
    this.#move(from, to);
    this.#renames.push({from, to, replaced});
  }

  #move(from: string, to: string): void {
    const moves = (path: string): boolean => path === from || path.startsWith(`${from}/`);
    for (const path of [...this.#files.keys()].filter(moves)) {
      this.#files.set(to + path.slice(from.length), this.#files.get(path)!);
      this.#files.delete(path);
    }
    for (const path of [...this.#directories].filter(moves)) {
      this.#directories.delete(path);
      this.#directories.add(to + path.slice(from.length));
    }
  }

  link(from: string, to: string): void {
    this.#ask('rename', from);
    const file = this.#files.get(from);
    if (file === undefined) throw systemError('ENOENT', 'link', from);
    if (this.status(to) !== null) throw systemError('EEXIST', 'link', to);
    this.#files.set(to, file);
  }

  remove(path: string): void {
    this.#ask('remove', path);
    for (const each of this.#files.keys()) {
      if (each === path || each.startsWith(`${path}/`)) this.#files.delete(each);
    }
    for (const each of this.#directories) {
      if (each === path || each.startsWith(`${path}/`)) this.#directories.delete(each);
    }
  }

  /** The process is gone; files keep what was written. */
  kill(): void {
    this.#open.clear();
  }

  /** Power is gone: each sector that was not synced is as it was, or as it should be, at random; so is each length. */
  losePower(random: Random): void {
    this.kill();
    // Directories forget the newest changes first.
    while (this.#renames.length > 0 && random.below(2) === 0) {
      const {from, to, replaced} = this.#renames.pop()!;
      if (this.status(to) === null || this.status(from) !== null) continue;
      this.#move(to, from);
      // A name stands for the old file or for the new one.
      if (replaced !== null) this.#files.set(to, replaced);
    }
    // What was renamed for good has its new name.
    for (const {to} of this.#renames) {
      const file = this.#files.get(to);
      if (file !== undefined) file.entryDurable = true;
    }
    this.#renames = [];
    for (const [path, file] of this.#files) {
      if (!file.entryDurable && random.below(2) === 0) {
        this.#files.delete(path);
        continue;
      }
      for (const sector of file.dirty) if (random.below(2) === 0) this.#writeSector(file, sector);
      const low = Math.min(file.length, file.diskLength);
      const high = Math.max(file.length, file.diskLength);
      file.diskLength = random.pick([low, high, low + random.below(high - low + 1)]);
      file.cache = new Uint8Array(Math.max(1024, file.diskLength));
      file.cache.set(file.disk.subarray(0, file.diskLength));
      file.length = file.diskLength;
      file.dirty.clear();
      file.entryDurable = true;
    }
  }

  /** The contents of a file. */
  contents(path: string): Uint8Array {
    const file = this.#files.get(path);
    if (file === undefined) throw systemError('ENOENT', 'open', path);
    return file.cache.slice(0, file.length);
  }

  /** Puts a durable file in place. */
  put(path: string, bytes: Uint8Array): void {
    this.makeDirectory(parentOf(path));
    this.#files.set(path, {
      cache: bytes.slice(),
      length: bytes.length,
      disk: bytes.slice(),
      diskLength: bytes.length,
      dirty: new Set(),
      modified: this.calls,
      entryDurable: true,
    });
  }

  #get(file: number): {path: string; file: SimulatedFile} {
    const found = this.#open.get(file);
    if (found === undefined) throw systemError('EBADF', 'file', String(file));
    return found;
  }

  #ask(operation: FileOperation, path: string): Fault | null {
    const fault = this.fault(operation, path, this.calls++);
    if (fault !== null && 'code' in fault) throw systemError(fault.code, operation, path);
    if (fault !== null && 'slowMs' in fault) this.onSlow(fault.slowMs);
    return fault;
  }

  #touch(file: SimulatedFile, start: number, end: number): void {
    for (let sector = Math.floor(start / sectorBytes); sector * sectorBytes < end; sector++)
      file.dirty.add(sector);
    file.length = Math.max(file.length, end);
    file.modified = this.calls;
  }

  #writeSector(file: SimulatedFile, sector: number): void {
    const start = sector * sectorBytes;
    const end = start + sectorBytes;
    if (file.disk.length < end) {
      const grown = new Uint8Array(Math.max(end, 2 * file.disk.length));
      grown.set(file.disk);
      file.disk = grown;
    }
    file.disk.fill(0, start, end);
    file.disk.set(file.cache.subarray(start, end), start);
  }
}

function grow(file: SimulatedFile, length: number): void {
  if (length <= file.cache.length) return;
  const grown = new Uint8Array(Math.max(length, 2 * file.cache.length));
  grown.set(file.cache);
  file.cache = grown;
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

function systemError(code: string, call: string, path: string): Error {
  return Object.assign(new Error(`${code}: simulated, ${call} '${path}'`), {code});
}
