// Where the UI is served. The server may put it below any path (--web.external-url), which the page finds out from where
// its own scripts came from: `/monitoring/assets/index-1a2b.js` is a script of the UI at `/monitoring`.

export const pages = [
  'query',
  'alerts',
  'rules',
  'silences',
  'routing',
  'notifications',
  'backtest',
  'targets',
  'service-discovery',
  'alertmanager-discovery',
  'status',
  'tsdb-status',
  'flags',
  'config',
] as const;
export type Page = (typeof pages)[number];

/** The path prefix without a slash at the end: '' at the root (and in development), else for example `/monitoring`. */
export function basePathOf(scriptPath: string): string {
  const assets = scriptPath.lastIndexOf('/assets/');
  return assets < 0 ? '' : scriptPath.slice(0, assets);
}
