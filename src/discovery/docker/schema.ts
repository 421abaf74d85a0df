// The entries of `docker_sd_configs`.

import type * as z from 'zod';
import {quoteGo} from '../../base/quote.ts';
import type {YamlMap} from '../../base/yaml-write.ts';
import {type Complain, httpClientShape, readHttpClient} from '../../http/client-config.ts';
import {formatDuration} from '../../model/duration.ts';
import {boolean, duration, integer, list, section, text} from '../../model/fields.ts';
import type {ReadOne} from '../readone.ts';

export const filterField = section(() => ({name: text.default(''), values: list(text).default([])}));

export const dockerFields = section(
  () => ({
    ...httpClientShape,
    host: text.default(''),
    port: integer.default(80),
    filters: list(filterField, '[]moby.Filter').default([]),
    host_networking_host: text.default('localhost'),
    refresh_interval: duration.default(60_000),
    match_first_network: boolean.default(true),
  }),
  'empty or null section in docker_sd_configs',
);

export function readDockerConfig(
  fields: z.output<typeof dockerFields>,
  directory: string,
  complain: Complain,
): ReadOne {
  if (fields.host === '') complain(['host'], 'host missing');
  else if (!/^(unix|tcp|https?):\/\/./.test(fields.host))
    complain(
      ['host'],
      `unable to parse docker host ${quoteGo(fields.host)}: unix:///var/run/docker.sock, tcp://… and http(s)://… are known`,
    );
  const {config: client, document: http} = readHttpClient(fields, directory, complain);
  const document: YamlMap = new Map(http);
  document.set('host', fields.host);
  document.set('port', fields.port);
  document.set('filters', documentOfFilters(fields.filters));
  document.set('host_networking_host', fields.host_networking_host);
  document.set('refresh_interval', formatDuration(fields.refresh_interval));
  document.set('match_first_network', fields.match_first_network);
  return {
    config: {
      mechanism: 'docker',
      host: fields.host,
      port: fields.port,
      filters: fields.filters,
      hostNetworkingHost: fields.host_networking_host,
      matchFirstNetwork: fields.match_first_network,
      refreshIntervalMs: fields.refresh_interval,
      client,
    },
    document,
  };
}

export function documentOfFilters(filters: readonly {name: string; values: string[]}[]): YamlMap[] {
  return filters.map(
    ({name, values}) =>
      new Map<string, string | string[]>([
        ['name', name],
        ['values', values],
      ]),
  );
}
