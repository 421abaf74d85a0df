// The `*_sd_configs` of a scrape config.

import * as z from 'zod';
import {quoteGo} from '../base/quote.ts';
import {sortedMap, type YamlMap, type YamlValue} from '../base/yaml-write.ts';
import {type Complain, httpClientShape, joinDirectory, readHttpClient} from '../http/client-config.ts';
import {formatDuration} from '../model/duration.ts';
import {
  anything,
  boolean,
  dictionary,
  duration,
  integer,
  list,
  refused,
  secret,
  section,
  text,
} from '../model/fields.ts';
import type {DiscoveryConfig} from './config.ts';
import {dockerFields, readDockerConfig} from './docker/schema.ts';
import {ec2Fields, readEc2Config} from './ec2/schema.ts';
import {kubernetesFields, readKubernetesConfig} from './kubernetes/schema.ts';
import type {ReadOne} from './readone.ts';
import type {DnsType} from './resolver.ts';

/** Mechanisms that are there, by their names in Prometheus. */
export const discoveryMechanisms = ['consul', 'dns', 'docker', 'ec2', 'file', 'http', 'kubernetes'] as const;

/** Those that are not there yet. */
const missing =
  'aws azure digitalocean dockerswarm ecs elasticache eureka gce hetzner ionos kuma lightsail linode marathon msk nerve nomad oci openstack outscale ovhcloud puppetdb rds scaleway serverset stackit triton uyuni vultr'
    .split(' ')
    .map((name) => `${name}_sd_configs`);

/** To be spread into the shape of a scrape config. */
export function missingDiscoveryShape(): Record<string, z.ZodType<unknown>> {
  return Object.fromEntries(
    missing.map((name) => [
      name,
      refused(
        anything,
        `service discovery with ${name.slice(0, -'_sd_configs'.length)} is not supported yet: leave it out`,
      ).optional(),
    ]),
  );
}

function configList<T>(name: string, fields: z.ZodType<T>): z.ZodDefault<z.ZodType<T[]>> {
  return list(fields, `a list of ${name}`).default([]);
}

const consulFields = section(
  () => ({
    server: text.default('localhost:8500'),
    path_prefix: text.default(''),
    token: secret.default(''),
    datacenter: text.default(''),
    namespace: text.default(''),
    partition: text.default(''),
    tag_separator: text.default(','),
    scheme: text.default('http'),
    username: text.default(''),
    password: secret.default(''),
    allow_stale: boolean.default(true),
    refresh_interval: duration.default(30_000),
    services: list(text).default([]),
    tags: list(text).default([]),
    node_meta: dictionary(text).default(new Map()),
    filter: text.default(''),
    health_filter: text.default(''),
    ...httpClientShape,
  }),
  'empty or null section in consul_sd_configs',
);

const dnsFields = section(
  () => ({
    names: list(text).default([]),
    refresh_interval: duration.default(30_000),
    type: text.default('SRV'),
    port: integer.default(0),
  }),
  'empty or null section in dns_sd_configs',
);

const fileFields = section(
  () => ({files: list(text).default([]), refresh_interval: duration.default(300_000)}),
  'empty or null section in file_sd_configs',
);

const httpFields = section(
  () => ({...httpClientShape, refresh_interval: duration.default(60_000), url: text.default('')}),
  'empty or null section in http_sd_configs',
);

/** To be spread into the shape of a scrape config. */
export const discoveryShape = {
  consul_sd_configs: configList('consul_sd_configs', consulFields),
  dns_sd_configs: configList('dns_sd_configs', dnsFields),
  docker_sd_configs: configList('docker_sd_configs', dockerFields),
  ec2_sd_configs: configList('ec2_sd_configs', ec2Fields),
  file_sd_configs: configList('file_sd_configs', fileFields),
  http_sd_configs: configList('http_sd_configs', httpFields),
  kubernetes_sd_configs: configList('kubernetes_sd_configs', kubernetesFields),
} as const;

export type DiscoveryFields = {
  [Name in keyof typeof discoveryShape]: z.output<(typeof discoveryShape)[Name]>;
};

export interface ReadDiscovery {
  configs: DiscoveryConfig[];
  /** Lines of the scrape config, secrets hidden, sorted by name. */
  documents: [string, YamlValue][];
}

/** Checks the mechanisms' fields, and resolves files against `directory`. */
export function readDiscovery(fields: DiscoveryFields, directory: string, complain: Complain): ReadDiscovery {
  const read: ReadDiscovery = {configs: [], documents: []};
  const add = <T extends object>(
    name: string,
    sections: readonly T[],
    readOne: (section: T, directory: string, complain: Complain) => ReadOne,
  ): void => {
    if (sections.length === 0) return;
    const documents: YamlMap[] = [];
    for (const [index, each] of sections.entries()) {
      const complainBelow: Complain = (path, message) => complain([name, index, ...path], message);
      if ('refresh_interval' in each && each.refresh_interval === 0)
        complainBelow(['refresh_interval'], 'refresh_interval must be greater than 0');
      const {config, document} = readOne(each, directory, complainBelow);
      read.configs.push(config);
      documents.push(document);
    }
    read.documents.push([name, documents]);
  };
  add('consul_sd_configs', fields.consul_sd_configs, readConsulConfig);
  add('dns_sd_configs', fields.dns_sd_configs, readDnsConfig);
  add('docker_sd_configs', fields.docker_sd_configs, readDockerConfig);
  add('ec2_sd_configs', fields.ec2_sd_configs, readEc2Config);
  add('file_sd_configs', fields.file_sd_configs, readFileConfig);
  add('http_sd_configs', fields.http_sd_configs, readHttpConfig);
  add('kubernetes_sd_configs', fields.kubernetes_sd_configs, readKubernetesConfig);
  return read;
}

function readConsulConfig(
  fields: z.output<typeof consulFields>,
  directory: string,
  complain: Complain,
): ReadOne {
  const {username, password, token} = fields;
  if (fields.server.trim() === '') complain(['server'], 'consul SD configuration requires a server address');
  const own = username !== '' || password !== '';
  if (own && fields.basic_auth !== null)
    complain(
      ['basic_auth'],
      'at most one of consul SD configuration username and password and basic auth can be configured',
    );
  if (token !== '' && fields.authorization !== null)
    complain(['token'], 'at most one of consul SD token, authorization, or oauth2 can be configured');
  const basicAuth = own
    ? {
        username,
        username_file: '',
        password,
        password_file: '',
        username_ref: undefined,
        password_ref: undefined,
      }
    : fields.basic_auth;
  const {config, document} = readHttpClient({...fields, basic_auth: basicAuth}, directory, complain);
  return {
    config: {
      mechanism: 'consul',
      server: fields.server.trim(),
      pathPrefix: fields.path_prefix,
      token,
      datacenter: fields.datacenter,
      namespace: fields.namespace,
      partition: fields.partition,
      tagSeparator: fields.tag_separator,
      scheme: fields.scheme,
      allowStale: fields.allow_stale,
      refreshIntervalMs: fields.refresh_interval,
      services: fields.services,
      tags: fields.tags,
      nodeMeta: Object.fromEntries(fields.node_meta),
      filter: fields.filter,
      healthFilter: fields.health_filter,
      client: config,
    },
    document: documentOfConsul(fields, document),
  };
}

function documentOfConsul(fields: z.output<typeof consulFields>, http: YamlMap): YamlMap {
  const document: YamlMap = new Map();
  const hide = (value: string): string => (value === '' ? '' : '<secret>');
  const texts = {
    server: fields.server,
    path_prefix: fields.path_prefix,
    token: hide(fields.token),
    datacenter: fields.datacenter,
    namespace: fields.namespace,
    partition: fields.partition,
    tag_separator: fields.tag_separator,
    scheme: fields.scheme,
    username: fields.username,
    password: hide(fields.password),
  };
  const addTexts = (values: Record<string, string>): void => {
    for (const [name, value] of Object.entries(values)) if (value !== '') document.set(name, value);
  };
  addTexts(texts);
  document.set('allow_stale', fields.allow_stale);
  document.set('refresh_interval', formatDuration(fields.refresh_interval));
  if (fields.services.length > 0) document.set('services', fields.services);
  if (fields.tags.length > 0) document.set('tags', fields.tags);
  if (fields.node_meta.size > 0) document.set('node_meta', sortedMap(fields.node_meta));
  addTexts({filter: fields.filter, health_filter: fields.health_filter});
  for (const [name, value] of http) document.set(name, value);
  return document;
}

const dnsTypes: readonly DnsType[] = ['A', 'AAAA', 'MX', 'NS', 'SRV'];

function readDnsConfig(fields: z.output<typeof dnsFields>, _directory: string, complain: Complain): ReadOne {
  const {names, port, refresh_interval: refreshIntervalMs} = fields;
  if (names.length === 0) complain(['names'], 'DNS-SD config must contain at least one SRV record name');
  const type = dnsTypes.find((each) => each === fields.type.toUpperCase());
  if (type === undefined) complain(['type'], `invalid DNS-SD records type ${fields.type}`);
  else if (type !== 'SRV' && port === 0)
    complain(['port'], 'a port is required in DNS-SD configs for all record types except SRV');
  return {
    config: {mechanism: 'dns', names, type: type ?? 'SRV', port, refreshIntervalMs},
    document: new Map<string, YamlValue>([
      ['names', names],
      ['refresh_interval', formatDuration(refreshIntervalMs)],
      ['type', fields.type],
      ['port', port],
    ]),
  };
}

/** An asterisk may only stand in the last element of the path. */
const filePattern = /^[^*]*(\*[^/]*)?\.(json|yml|yaml|JSON|YML|YAML)$/;

function readFileConfig(fields: z.output<typeof fileFields>, directory: string, complain: Complain): ReadOne {
  if (fields.files.length === 0)
    complain(['files'], 'file service discovery config must contain at least one path name');
  for (const [index, file] of fields.files.entries()) {
    if (!filePattern.test(file))
      complain(['files', index], `path name ${quoteGo(file)} is not valid for file discovery`);
  }
  const files = fields.files.map((file) => joinDirectory(directory, file));
  return {
    config: {mechanism: 'file', files, refreshIntervalMs: fields.refresh_interval},
    document: new Map<string, YamlValue>([
      ['files', files],
      ['refresh_interval', formatDuration(fields.refresh_interval)],
    ]),
  };
}

function readHttpConfig(fields: z.output<typeof httpFields>, directory: string, complain: Complain): ReadOne {
  const problem = complainOfUrl(fields.url);
  if (problem !== null) complain(['url'], problem);
  const {config, document} = readHttpClient(fields, directory, complain);
  document.set('refresh_interval', formatDuration(fields.refresh_interval));
  document.set('url', fields.url);
  return {
    config: {mechanism: 'http', url: fields.url, refreshIntervalMs: fields.refresh_interval, client: config},
    document,
  };
}

/** What is wrong with a URL, in Prometheus's words, or null. */
function complainOfUrl(url: string): string | null {
  if (url === '') return 'URL is missing';
  const [, scheme = '', rest = ''] = /^([A-Za-z][A-Za-z0-9+.-]*):(.*)$/s.exec(url) ?? [];
  if (!/^https?$/i.test(scheme)) return "URL scheme must be 'http' or 'https'";
  if (!/^\/\/[^/?#]/.test(rest)) return 'host is missing in URL';
  return URL.canParse(url) ? null : `parse ${quoteGo(url)}: not a valid URL`;
}
