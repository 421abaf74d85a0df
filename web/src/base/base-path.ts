// Where the UI is served. The server may put it below any path (--web.external-url), and the pages are one segment
// below that: `/monitoring/query` is the page `query` of the UI at `/monitoring`.

export const pages = ['query', 'targets', 'status', 'flags', 'config'] as const;
export type Page = (typeof pages)[number];

/** The path prefix without its slash at the end: '' at the root, else for example `/monitoring`. */
export function basePathOf(pathname: string): string {
  const trimmed = pathname.replace(/\/+$/, '');
  const slash = trimmed.lastIndexOf('/');
  const last = trimmed.slice(slash + 1);
  if ((pages as readonly string[]).includes(last) || last === 'graph') return trimmed.slice(0, slash);
  // The server answers unknown pages with an error, so what remains is the prefix itself, with or without its slash.
  return trimmed;
}
