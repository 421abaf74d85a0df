import {closeSync, fstatSync, openSync, readdirSync, readFileSync, statSync, watch} from 'node:fs';

export interface ReadFile {
  text: string;
  modifiedMs: number;
}

/** Files as discovery uses them. Errors have the `code` of the operating system. */
export interface DiscoveryFiles {
  /** Names in a folder; none where there is no such folder, or it may not be read. Throws what may be otherwise later. */
  list(folder: string): string[];
  read(file: string): ReadFile;
  /** Equal as long as a file or folder is the same one; null where none can be seen. */
  identity(folder: string): string | null;
  /** Calls `onChange` when something in the folder has changed. Gives a function that ends it. Throws where that cannot be watched. */
  watch(folder: string, onChange: () => void, onError: (error: Error) => void): () => void;
}

/** A file with targets may have so many bytes. */
const fileBytesMax = 256 << 20;

const passingErrors: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EIO', 'EINTR']);

export const nodeDiscoveryFiles: DiscoveryFiles = {
  list(folder) {
    try {
      return readdirSync(folder);
    } catch (error) {
      // As in Go, but for what says nothing of the folder: a moment without descriptors would take all targets away.
      if (passingErrors.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
      return [];
    }
  },
  read(file) {
    const descriptor = openSync(file, 'r');
    try {
      const {mtimeMs, size} = fstatSync(descriptor);
      if (size > fileBytesMax)
        throw new RangeError(`cannot read ${file}: it has ${size} bytes, the limit is ${fileBytesMax}`);
      return {text: readFileSync(descriptor, 'utf8'), modifiedMs: mtimeMs};
    } finally {
      closeSync(descriptor);
    }
  },
  identity(folder) {
    try {
      const {dev, ino, birthtimeMs} = statSync(folder);
      return `${dev}:${ino}:${birthtimeMs}`;
    } catch {
      return null;
    }
  },
  watch(folder, onChange, onError) {
    const watcher = watch(folder, {persistent: false}, onChange);
    watcher.on('error', onError);
    return () => watcher.close();
  },
};

/** Files that match a pattern of Go's filepath.Glob, sorted. Throws SyntaxError where the pattern is none, and as list() does. */
export function expandGlob(files: DiscoveryFiles, pattern: string): string[] {
  // A file that is named can be there in a folder that may not be listed.
  if (!hasMeta(pattern) && files.identity(pattern) !== null) return [pattern];
  const slash = pattern.lastIndexOf('/');
  const folder = pattern.slice(0, slash + 1);
  const regexp = globRegexp(pattern.slice(slash + 1));
  const folders = hasMeta(folder)
    ? expandGlob(files, folder.replace(/\/+$/, '')).map((each) => `${each}/`)
    : [folder];
  const found: string[] = [];
  for (const each of folders) {
    const names = files.list(each === '' ? '.' : each).filter((name) => regexp.test(name));
    for (const name of names.sort()) found.push(each + name);
  }
  return found;
}

function hasMeta(pattern: string): boolean {
  return /[*?[\\]/.test(pattern);
}

/** One element of a path: `*`, `?`, `[a-z]`, `[^a-z]`, and `\` before a character that stands for itself. */
function globRegexp(pattern: string): RegExp {
  let source = '';
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i]!;
    if (char === '*') source += '.*';
    else if (char === '?') source += '.';
    else if (char === '[') {
      const [, body = ''] = /^\[(\^?(?:\\.|[^\]\\])+)\]/su.exec(pattern.slice(i)) ?? [];
      if (body === '') throw new SyntaxError('syntax error in pattern');
      source += `[${body.replaceAll('[', '\\[')}]`;
      i += body.length + 1;
    } else if (char === '\\') {
      if (++i === pattern.length) throw new SyntaxError('syntax error in pattern');
      source += RegExp.escape(pattern[i]!);
    } else source += RegExp.escape(char);
  }
  return new RegExp(`^${source}$`, 's');
}
