import {readFileSync, statSync} from 'node:fs';

const bytesMax = 64 << 20;

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EISDIR: 'is a directory',
};

/** Text of a file that a person has written. Throws with Go's words where it cannot be read. */
export function readTextFile(file: string): string {
  let bytes: Uint8Array;
  try {
    const {size} = statSync(file);
    if (size > bytesMax) throw new RangeError(`the file has ${size} bytes, the limit is ${bytesMax}`);
    bytes = readFileSync(file);
  } catch (error) {
    const {code, message} = error as NodeJS.ErrnoException;
    throw new Error(`open ${file}: ${reasons[code ?? ''] ?? message}`, {cause: error});
  }
  try {
    return new TextDecoder('utf-8', {fatal: true}).decode(bytes);
  } catch (error) {
    throw new SyntaxError(`the text is not UTF-8`, {cause: error});
  }
}
