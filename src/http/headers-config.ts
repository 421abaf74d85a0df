// Headers that the configuration adds to requests. The fields are those of prometheus/common's Headers.

import {quoteGo} from '../base/quote.ts';
import {sortedMap, type YamlMap} from '../base/yaml-write.ts';
import {dictionary, type Field, list, secret, section, text} from '../model/fields.ts';
import {type Complain, hidden, joinDirectory, linesOf} from './config-parts.ts';

/** Values of one header: all of them are sent. */
export interface HeaderConfig {
  values: string[];
  secrets: string[];
  /** Their texts are values; they are read again when they change. */
  files: string[];
}

const headerFields = section(() => ({
  values: list(text).default([]),
  secrets: list(secret).default([]),
  files: list(text).default([]),
}));

type HeaderFields = (typeof headerFields)['_zod']['output'];

export const headersField: Field<Map<string, HeaderFields>> = dictionary(
  headerFields,
  'a section of headers',
);

/** Headers that change the connection, that others set, or that have fields of their own. */
const reserved: ReadonlySet<string> = new Set([
  'Authorization',
  'Host',
  'Content-Encoding',
  'Content-Length',
  'Content-Type',
  'User-Agent',
  'Connection',
  'Keep-Alive',
  'Proxy-Authenticate',
  'Proxy-Authorization',
  'Www-Authenticate',
  'Accept-Encoding',
  'X-Prometheus-Remote-Write-Version',
  'X-Prometheus-Remote-Read-Version',
  'X-Prometheus-Scrape-Timeout-Seconds',
  'X-Amz-Date',
  'X-Amz-Security-Token',
  'X-Amz-Content-Sha256',
]);

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** As Go writes the names of headers: `x-api-KEY` is `X-Api-Key`. */
export function canonicalHeader(name: string): string {
  if (!token.test(name)) return name;
  return name.toLowerCase().replaceAll(/(?<=^|-)[a-z]/g, (letter) => letter.toUpperCase());
}

export interface ReadHeaders {
  config: Record<string, HeaderConfig>;
  document: YamlMap;
}

/** Checks names, and resolves files against `directory`. */
export function readHeaders(
  fields: ReadonlyMap<string, HeaderFields>,
  directory: string,
  complain: Complain,
): ReadHeaders {
  const config: Record<string, HeaderConfig> = {};
  const documents = new Map<string, YamlMap>();
  for (const [name, {values, secrets, files: given}] of fields) {
    const canonical = canonicalHeader(name);
    if (reserved.has(canonical)) complain([name], `setting header ${quoteGo(canonical)} is not allowed`);
    else if (!token.test(name)) complain([name], `${quoteGo(name)} is not a name of a header`);
    for (const [index, value] of [...values, ...secrets].entries())
      if (hasControl(value)) {
        const place = index < values.length ? ['values', index] : ['secrets', index - values.length];
        complain([name, ...place], 'a header has no line breaks or other control characters');
      }
    const files = given.map((file) => joinDirectory(directory, file));
    config[name] = {values, secrets, files};
    documents.set(name, linesOf({values, secrets: secrets.map(() => hidden), files}));
  }
  return {config, document: sortedMap(documents)};
}

function hasControl(value: string): boolean {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if ((code < 0x20 && code !== 0x09) || code === 0x7f) return true;
  }
  return false;
}
