// Sections that Alertmanager has beside alerting: they are checked, and have no effect yet.
import type * as z from 'zod';
import type {YamlMap} from '../base/yaml-write.ts';
import type {YamlNode} from '../base/yaml.ts';
import type {Complain} from '../http/client-config.ts';
import {formatDuration} from '../model/duration.ts';
import {
  anything,
  boolean,
  choice,
  duration,
  float,
  integer,
  list,
  optionalSection,
  section,
  text,
} from '../model/fields.ts';
import {linesOf} from './fields.ts';
import {httpConfig, readTlsConfig, tlsConfig} from './global.ts';

interface Complaints {
  readonly complain: Complain;
  readonly complainOfSchema: (error: z.ZodError) => void;
}

const tracingFields = section(() => ({
  client_type: choice(
    ['grpc', 'http'],
    (wrong) => `expected tracing client type to be to be http or grpc, but got ${wrong}`,
  ).default('grpc'),
  endpoint: text.default(''),
  sampling_fraction: float.default(0),
  insecure: boolean.default(false),
  tls_config: tlsConfig,
  headers: optionalSection(anything).default(null),
  compression: text.default(''),
  timeout: duration.default(0),
}));

/** The section `tracing` as it is shown; null where it is wrong. */
export function readTracing(node: YamlNode, directory: string, complaints: Complaints): YamlMap | null {
  const read = tracingFields.safeParse(node);
  if (!read.success) {
    complaints.complainOfSchema(read.error);
    return null;
  }
  const {endpoint, compression, timeout, sampling_fraction: fraction} = read.data;
  if (endpoint === '') complaints.complain([], 'tracing endpoint must be set');
  if (compression !== '' && compression !== 'gzip')
    complaints.complain(
      ['compression'],
      `invalid compression type ${compression} provided, valid options: gzip`,
    );
  const tls =
    read.data.tls_config === null
      ? undefined
      : readTlsConfig(read.data.tls_config, 'tls_config', directory, complaints.complain).document;
  return linesOf({
    client_type: read.data.client_type,
    endpoint,
    sampling_fraction: fraction === 0 ? undefined : fraction,
    insecure: read.data.insecure || undefined,
    tls_config: tls,
    compression,
    timeout: timeout === 0 ? undefined : formatDuration(timeout),
  });
}

const eventRecorderFields = section(() => ({
  file_outputs: list(section(() => ({path: text.default('')}))).default([]),
  webhook_outputs: list(
    section(() => ({
      url: text.default(''),
      http_config: httpConfig,
      timeout: duration.default(0),
      workers: integer.default(0),
      max_retries: integer.default(0),
      retry_backoff: duration.default(0),
      batch: boolean.default(false),
      batch_max_events: integer.default(0),
      batch_max_bytes: integer.default(0),
      batch_flush_interval: duration.default(0),
    })),
  ).default([]),
  kafka_outputs: list(
    section(() => ({
      brokers: list(text).default([]),
      topic: text.default(''),
      client_id: text.default(''),
      format: text.default(''),
      acks: text.default(''),
      compression: text.default(''),
      buffer_size: integer.default(0),
      tls_config: tlsConfig,
    })),
  ).default([]),
  stdout_outputs: list(anything).default([]),
}));

/** The section `event_recorder`; null where it is wrong. */
export function readEventRecorder(
  node: YamlNode,
  _directory: string,
  complaints: Complaints,
): YamlMap | null {
  const read = eventRecorderFields.safeParse(node);
  if (!read.success) {
    complaints.complainOfSchema(read.error);
    return null;
  }
  return linesOf({
    file_outputs: read.data.file_outputs.map(({path}): YamlMap => new Map([['path', path]])),
  });
}
