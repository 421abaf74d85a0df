import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import {promisify} from 'node:util';

export interface FileStatus {
  bytes: number;
  directory: boolean;
  modifiedMs: number;
}

/**
 * Files as the stores use them, passed in so that tests can let a disk fill up, fail and lose power (fs-simulated.ts).
 * Errors have the `code` of the operating system (ENOENT, ENOSPC, EIO …). Files are named by numbers while they are open.
 */
export interface FileSystem {
  /** 'r' reads, 'r+' reads and writes what is there, 'wx' makes a new file and fails with EEXIST where there is one. */
  open(path: string, mode: 'r' | 'r+' | 'wx'): number;
  close(file: number): void;
  /** Reads up to `length` bytes from `position` of the file to `offset` of `into`. Gives how many: 0 at the end. */
  read(file: number, into: Uint8Array, offset: number, length: number, position: number): number;
  /** Writes bytes[offset, offset + length) at `position` of the file. Gives how many were written: it may be fewer. */
  write(file: number, bytes: Uint8Array, offset: number, length: number, position: number): number;
  size(file: number): number;
  /** How many names an open file has: 0 when it was removed, and what is written to it is lost. */
  links(file: number): number;
  truncate(file: number, bytes: number): void;
  /** Returns when the file's data is on the disk (fdatasync). After an error nobody knows what of it is: see wal/log-file.ts. */
  sync(file: number): void;
  /** The same in the thread pool. The file must stay open until then. */
  syncLater(file: number): Promise<void>;
  /** Makes the names in a directory durable. */
  syncDirectory(path: string): void;
  /** Makes a directory, and those above it, where they are missing. */
  makeDirectory(path: string): void;
  /** Names in a directory, in no particular order. */
  list(path: string): string[];
  /** null where there is nothing. */
  status(path: string): FileStatus | null;
  rename(from: string, to: string): void;
  /** Gives a file a second name. */
  link(from: string, to: string): void;
  /** Removes a file, or a directory and all that is in it. Nothing there is no error. */
  remove(path: string): void;
}

const fdatasyncLater = promisify(fdatasync);

export const nodeFileSystem: FileSystem = {
  open: (path, mode) => openSync(path, mode, 0o666),
  close: closeSync,
  read: (file, into, offset, length, position) => readSync(file, into, offset, length, position),
  write: (file, bytes, offset, length, position) => writeSync(file, bytes, offset, length, position),
  size: (file) => fstatSync(file).size,
  links: (file) => fstatSync(file).nlink,
  truncate: ftruncateSync,
  sync: fdatasyncSync,
  syncLater: fdatasyncLater,
  syncDirectory(path) {
    const directory = openSync(path, 'r');
    try {
      fsyncSync(directory);
    } finally {
      closeSync(directory);
    }
  },
  makeDirectory(path) {
    mkdirSync(path, {recursive: true, mode: 0o777});
  },
  list: (path) => readdirSync(path),
  status(path) {
    const found = statSync(path, {throwIfNoEntry: false});
    return found === undefined
      ? null
      : {bytes: found.size, directory: found.isDirectory(), modifiedMs: found.mtimeMs};
  },
  rename: renameSync,
  link: linkSync,
  remove(path) {
    rmSync(path, {recursive: true, force: true});
  },
};

/** Reads a small file as a whole. Throws RangeError where it is longer than `bytesMax`. */
export function readWhole(fs: FileSystem, path: string, bytesMax: number): Uint8Array {
  const file = fs.open(path, 'r');
  try {
    const bytes = new Uint8Array(bytesMax + 1);
    let length = 0;
    for (;;) {
      const count = fs.read(file, bytes, length, bytes.length - length, length);
      if (count === 0) return bytes.subarray(0, length);
      length += count;
      if (length > bytesMax) throw new RangeError(`cannot read ${path}: it is longer than ${bytesMax} bytes`);
    }
  } finally {
    fs.close(file);
  }
}

/** Writes bytes[start, end) at `position`, in as many steps as it takes. */
export function writeFully(
  fs: FileSystem,
  file: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  position: number,
): void {
  for (let at = start; at < end;) {
    const count = fs.write(file, bytes, at, end - at, position + (at - start));
    if (count <= 0) throw new Error(`cannot write to a file: the system took 0 of ${end - at} bytes`);
    at += count;
  }
}

export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === code;
}
