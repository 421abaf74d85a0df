const known: Record<string, string> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EISDIR: 'is a directory',
};

/** Why a file cannot be read, in Go's words. */
export function wordsOfFile(error: unknown, file: string): string {
  const {code = '', message} = error as NodeJS.ErrnoException;
  const words = known[code];
  return words === undefined ? message : `${code === 'EISDIR' ? 'read' : 'open'} ${file}: ${words}`;
}
