// Where the sources of log lines are, for lines that the bundle writes: it has the sources' texts, but not their names and lines.
// tools/build-server.ts writes a small table of them beside the bundle, which each thread that logs reads once.

import {readFileSync} from 'node:fs';

/** The table's file, in the bundle's folder. */
export const logSitesFile = 'log-sites.json';

/** By file of the bundle, by `line:column` of the method's name in a call, both from 1 on: `file.ts:line`. */
export type LogSites = Record<string, Record<string, string>>;

let known: LogSites | null = null;

/** `file.ts:line` of a call at this place, or the place itself where it is not of the bundle. */
export function sourceOf(script: string, line: number, column: number): string {
  const file = script.slice(script.lastIndexOf('/') + 1);
  const source = file.endsWith('.js') ? (known ??= readSites())[file]?.[`${line}:${column}`] : undefined;
  return source ?? `${file}:${line}`;
}

function readSites(): LogSites {
  try {
    return JSON.parse(readFileSync(new URL(logSitesFile, import.meta.url), 'utf8')) as LogSites;
  } catch {
    return {}; // A line that names the bundle's file is better than none.
  }
}
