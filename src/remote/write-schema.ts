// The remote_write section of the configuration file.

import type * as z from 'zod';
import {sortedMap, type YamlMap} from '../base/yaml-write.ts';
import {httpClientShape, readHttpClient} from '../http/client-config.ts';
import {type Complain, linesOf} from '../http/config-parts.ts';
import {redactUrl, urlText} from '../http/go-url.ts';
import {readSigV4, sigV4Fields} from '../http/sigv4-config.ts';
import {formatDuration} from '../model/duration.ts';
import {
  boolean,
  duration,
  type Field,
  integer,
  optionalSection,
  scalarField,
  section,
  text,
} from '../model/fields.ts';
import {namedRules, relabelConfigs} from '../relabel/schema.ts';
import {azureAdFields, readAzureAd} from './azuread-config.ts';
import {checkPlainHeaders, ownAuthorization, plainHeaders} from './headers-config.ts';
import type {MetadataConfig, QueueConfig, RemoteWriteConfig, RemoteWriteMessage} from './write-config.ts';

const messages: readonly RemoteWriteMessage[] = ['prometheus.WriteRequest', 'io.prometheus.write.v2.Request'];

const message: Field<RemoteWriteMessage> = scalarField(
  'string',
  'prometheus.WriteRequest',
  (scalar): RemoteWriteMessage => {
    const known = messages.find((each) => each === scalar.text);
    if (known !== undefined) return known;
    throw new SyntaxError(
      `invalid protobuf_message value: unknown type for remote write protobuf message ${scalar.text}, supported: ${messages.join(', ')}`,
    );
  },
);

const queueFields = section(() => ({
  capacity: integer.default(10_000),
  max_shards: integer.default(50),
  min_shards: integer.default(1),
  max_samples_per_send: integer.default(2000),
  batch_send_deadline: duration.default(5000),
  min_backoff: duration.default(30),
  max_backoff: duration.default(5000),
  retry_on_http_429: boolean.default(false),
  sample_age_limit: duration.default(0),
}));

const metadataFields = section(() => ({
  send: boolean.default(true),
  send_interval: duration.default(60_000),
  max_samples_per_send: integer.default(2000),
}));

const empty = {kind: 'mapping', entries: [], offset: 0} as const;
const queueDefaults = queueFields.parse(empty);
const metadataDefaults = metadataFields.parse(empty);

type QueueFields = z.output<typeof queueFields>;
type MetadataFields = z.output<typeof metadataFields>;

// As in Go, a section that is there without a value is one of zeros.
const noQueue: QueueFields = {
  capacity: 0,
  max_shards: 0,
  min_shards: 0,
  max_samples_per_send: 0,
  batch_send_deadline: 0,
  min_backoff: 0,
  max_backoff: 0,
  retry_on_http_429: false,
  sample_age_limit: 0,
};
const noMetadata: MetadataFields = {send: false, send_interval: 0, max_samples_per_send: 0};

export const remoteWriteFields = section(
  () => ({
    url: urlText.default(''),
    remote_timeout: duration.default(30_000),
    headers: plainHeaders,
    write_relabel_configs: relabelConfigs('empty or null relabeling rule in remote write config'),
    name: text.default(''),
    send_exemplars: boolean.default(false),
    send_native_histograms: boolean.default(false),
    round_robin_dns: boolean.default(false),
    protobuf_message: message.default('prometheus.WriteRequest'),
    failed_request_logging: boolean.default(false),
    ...httpClientShape,
    enable_http2: boolean.default(false),
    queue_config: optionalSection(queueFields).default(queueDefaults),
    metadata_config: optionalSection(metadataFields).default(metadataDefaults),
    sigv4: optionalSection(sigV4Fields).default(null),
    azuread: optionalSection(azureAdFields).default(null),
    google_iam: optionalSection(section(() => ({credentials_file: text.default('')}))).default(null),
  }),
  'empty or null remote write config section',
);

type Fields = z.output<typeof remoteWriteFields>;

export interface ReadRemoteWrite {
  config: RemoteWriteConfig;
  /** Lines of the section, secrets hidden. */
  document: YamlMap;
}

export interface RemoteOptions {
  /** Files are relative to it. */
  directory: string;
  legacyNames: boolean;
  variables: Readonly<Record<string, string | undefined>>;
}

/** Checks what the fields say together. */
export function readRemoteWrite(fields: Fields, options: RemoteOptions, complain: Complain): ReadRemoteWrite {
  if (fields.url === '') complain(['url'], 'url for remote_write is empty');
  checkPlainHeaders(fields.headers, ownAuthorization, complain);
  const below =
    (name: string): Complain =>
    (path, text) =>
      complain([name, ...path], text);
  const rules = namedRules(fields.write_relabel_configs, options.legacyNames, below('write_relabel_configs'));
  const http = readHttpClient(fields, options.directory, complain);
  const queue = fields.queue_config ?? noQueue;
  checkQueue(queue, below('queue_config'));
  checkAuthentication(fields, complain);
  const sigV4 = fields.sigv4 === null ? null : readSigV4(fields.sigv4, below('sigv4'));
  const azureAd =
    fields.azuread === null ? null : readAzureAd(fields.azuread, options.variables, below('azuread'));
  const metadata = fields.metadata_config ?? noMetadata;
  return {
    config: {
      url: fields.url,
      name: fields.name,
      timeoutMs: fields.remote_timeout,
      headers: Object.fromEntries(fields.headers),
      writeRelabelConfigs: rules,
      sendExemplars: fields.send_exemplars,
      sendNativeHistograms: fields.send_native_histograms,
      roundRobinDns: fields.round_robin_dns,
      message: fields.protobuf_message,
      failedRequestLogging: fields.failed_request_logging,
      client: http.config,
      queue: queueOf(queue),
      metadata: metadataOf(metadata),
      sigV4: sigV4?.config ?? null,
      azureAd: azureAd?.config ?? null,
      googleIamCredentialsFile: fields.google_iam?.credentials_file ?? null,
    },
    document: new Map([
      ...linesOf({
        url: redactUrl(fields.url),
        remote_timeout: durationLine(fields.remote_timeout),
        headers: sortedMap(fields.headers),
        write_relabel_configs: fields.write_relabel_configs.map((rule) => rule.document),
        name: fields.name,
        send_exemplars: fields.send_exemplars || '',
        send_native_histograms: fields.send_native_histograms || '',
        round_robin_dns: fields.round_robin_dns || '',
        protobuf_message: fields.protobuf_message,
        failed_request_logging: fields.failed_request_logging || '',
      }),
      ...http.document,
      ...linesOf({queue_config: documentOfQueue(queue)}),
      ...new Map(metadata === noMetadata ? [] : [['metadata_config', documentOfMetadata(metadata)] as const]),
      ...sectionLine('sigv4', sigV4?.document),
      ...sectionLine('azuread', azureAd?.document),
      ...sectionLine('google_iam', fields.google_iam === null ? undefined : linesOf(fields.google_iam)),
    ]),
  };
}

/** A section that is shown even where it says nothing. */
function sectionLine(name: string, document: YamlMap | undefined): [string, YamlMap][] {
  return document === undefined ? [] : [[name, document]];
}

function durationLine(ms: number): string {
  return ms === 0 ? '' : formatDuration(ms);
}

function checkQueue(queue: QueueFields, complain: Complain): void {
  const positive = ['max_shards', 'min_shards', 'max_samples_per_send', 'capacity'] as const;
  for (const name of positive)
    if (queue[name] <= 0) complain([name], `remote write queue ${name} must be positive`);
  if (queue.min_shards > queue.max_shards && queue.max_shards > 0)
    complain(['min_shards'], 'remote write queue min_shards must not be greater than max_shards');
  if (queue.max_backoff < queue.min_backoff)
    complain(['max_backoff'], 'remote write queue max_backoff must not be less than min_backoff');
}

function checkAuthentication(fields: Fields, complain: Complain): void {
  const ways = ['basic_auth', 'authorization', 'oauth2', 'sigv4', 'azuread', 'google_iam'] as const;
  const given = ways.filter((way) => fields[way] !== null);
  // More than one of the first three was complained of already.
  if (given.length < 2 || given.every((way) => ways.indexOf(way) < 3)) return;
  complain(
    [given.at(-1)!],
    `at most one of basic_auth, authorization, oauth2, sigv4, azuread or google_iam must be configured. Currently configured: [${given.join(' ')}]`,
  );
}

function queueOf(fields: QueueFields): QueueConfig {
  return {
    capacity: fields.capacity,
    maxShards: fields.max_shards,
    minShards: fields.min_shards,
    maxSamplesPerSend: fields.max_samples_per_send,
    batchSendDeadlineMs: fields.batch_send_deadline,
    minBackoffMs: fields.min_backoff,
    maxBackoffMs: fields.max_backoff,
    retryOnRateLimit: fields.retry_on_http_429,
    sampleAgeLimitMs: fields.sample_age_limit,
  };
}

function documentOfQueue(fields: QueueFields): YamlMap {
  return linesOf({
    capacity: fields.capacity || '',
    max_shards: fields.max_shards || '',
    min_shards: fields.min_shards || '',
    max_samples_per_send: fields.max_samples_per_send || '',
    batch_send_deadline: durationLine(fields.batch_send_deadline),
    min_backoff: durationLine(fields.min_backoff),
    max_backoff: durationLine(fields.max_backoff),
    retry_on_http_429: fields.retry_on_http_429 || '',
    sample_age_limit: durationLine(fields.sample_age_limit),
  });
}

function metadataOf(fields: MetadataFields): MetadataConfig {
  return {
    send: fields.send,
    sendIntervalMs: fields.send_interval,
    maxSamplesPerSend: fields.max_samples_per_send,
  };
}

function documentOfMetadata(fields: MetadataFields): YamlMap {
  return linesOf({
    send: fields.send,
    send_interval: formatDuration(fields.send_interval),
    max_samples_per_send: fields.max_samples_per_send || '',
  });
}
