// The remote_read section of the configuration file.

import type * as z from 'zod';
import {sortedMap, type YamlMap} from '../base/yaml-write.ts';
import {type HttpClientConfig, httpClientShape, readHttpClient} from '../http/client-config.ts';
import {type Complain, linesOf} from '../http/config-parts.ts';
import {redactUrl, urlText} from '../http/go-url.ts';
import {formatDuration} from '../model/duration.ts';
import {boolean, count, duration, labelSet, section, text} from '../model/fields.ts';
import {checkPlainHeaders, ownAuthorization, plainHeaders} from './headers-config.ts';

/** One entry of remote_read, defaults filled in. Plain data: it travels between threads. */
export interface RemoteReadConfig {
  url: string;
  /** '' = made of what the entry says. */
  name: string;
  timeoutMs: number;
  /** Of a frame of a streamed answer. */
  chunkedReadBytesMax: number;
  headers: Record<string, string>;
  /** Asked for times that the own storage covers, too. */
  readRecent: boolean;
  client: HttpClientConfig;
  /** Only selectors with these are sent. */
  requiredMatchers: Record<string, string>;
  filterExternalLabels: boolean;
}

export const remoteReadFields = section(
  () => ({
    url: urlText.default(''),
    remote_timeout: duration.default(60_000),
    chunked_read_limit: count.default(50_000_000),
    headers: plainHeaders,
    read_recent: boolean.default(false),
    name: text.default(''),
    ...httpClientShape,
    required_matchers: labelSet.default(new Map()),
    filter_external_labels: boolean.default(true),
  }),
  'empty or null remote read config section',
);

export interface ReadRemoteRead {
  config: RemoteReadConfig;
  /** Lines of the section, secrets hidden. */
  document: YamlMap;
}

/** Checks what the fields say together, and resolves files against `directory`. */
export function readRemoteRead(
  fields: z.output<typeof remoteReadFields>,
  directory: string,
  complain: Complain,
): ReadRemoteRead {
  if (fields.url === '') complain(['url'], 'url for remote_read is empty');
  checkPlainHeaders(fields.headers, ownAuthorization, complain);
  const http = readHttpClient(fields, directory, complain);
  return {
    config: {
      url: fields.url,
      name: fields.name,
      timeoutMs: fields.remote_timeout,
      chunkedReadBytesMax: fields.chunked_read_limit,
      headers: Object.fromEntries(fields.headers),
      readRecent: fields.read_recent,
      client: http.config,
      requiredMatchers: Object.fromEntries(fields.required_matchers),
      filterExternalLabels: fields.filter_external_labels,
    },
    document: new Map([
      ...linesOf({
        url: redactUrl(fields.url),
        remote_timeout: fields.remote_timeout === 0 ? '' : formatDuration(fields.remote_timeout),
        chunked_read_limit: fields.chunked_read_limit || '',
        headers: sortedMap(fields.headers),
        read_recent: fields.read_recent || '',
        name: fields.name,
      }),
      ...http.document,
      ...linesOf({
        required_matchers: sortedMap(fields.required_matchers),
        filter_external_labels: fields.filter_external_labels || '',
      }),
    ]),
  };
}
