// The tracing section of the configuration file.

import type * as z from 'zod';
import {sortedMap, type YamlMap} from '../base/yaml-write.ts';
import {type Complain, linesOf} from '../http/config-parts.ts';
import {readTls, type TlsClientConfig, tlsFields} from '../http/tls-config.ts';
import {formatDuration} from '../model/duration.ts';
import {boolean, duration, float, optionalSection, scalarField, section, text} from '../model/fields.ts';
import {checkPlainHeaders, plainHeaders} from '../remote/headers-config.ts';

/** Where traces of the server itself are sent. */
export interface TracingConfig {
  clientType: 'http' | 'grpc';
  endpoint: string;
  samplingFraction: number;
  insecure: boolean;
  tls: TlsClientConfig | null;
  headers: Record<string, string>;
  compression: '' | 'gzip';
  /** 0 = none. */
  timeoutMs: number;
}

const clientType = scalarField<'http' | 'grpc'>('string', 'grpc', (scalar) => {
  if (scalar.text === 'http' || scalar.text === 'grpc') return scalar.text;
  throw new SyntaxError(`expected tracing client type to be to be http or grpc, but got ${scalar.text}`);
});

const compression = scalarField<'' | 'gzip'>('string', '', (scalar) => {
  if (scalar.text === '' || scalar.text === 'gzip') return scalar.text;
  throw new SyntaxError(`invalid compression type ${scalar.text} provided, valid options: gzip`);
});

export const tracingFields = section(() => ({
  client_type: clientType.default('grpc'),
  endpoint: text.default(''),
  sampling_fraction: float.default(0),
  insecure: boolean.default(false),
  tls_config: optionalSection(tlsFields).default(null),
  headers: plainHeaders,
  compression: compression.default(''),
  timeout: duration.default(0),
}));

export interface ReadTracing {
  config: TracingConfig;
  document: YamlMap;
}

/** Checks what the fields say together, and resolves files against `directory`. */
export function readTracing(
  fields: z.output<typeof tracingFields>,
  directory: string,
  complain: Complain,
): ReadTracing {
  checkPlainHeaders(
    fields.headers,
    'custom authorization header configuration is not yet supported',
    complain,
  );
  if (fields.endpoint === '') complain(['endpoint'], 'tracing endpoint must be set');
  const tls = readTls(fields.tls_config, directory, (path, message) =>
    complain(['tls_config', ...path], message),
  );
  return {
    config: {
      clientType: fields.client_type,
      endpoint: fields.endpoint,
      samplingFraction: fields.sampling_fraction,
      insecure: fields.insecure,
      tls: tls?.config ?? null,
      headers: Object.fromEntries(fields.headers),
      compression: fields.compression,
      timeoutMs: fields.timeout,
    },
    document: linesOf({
      client_type: fields.client_type,
      endpoint: fields.endpoint,
      sampling_fraction: fields.sampling_fraction || '',
      insecure: fields.insecure || '',
      tls_config: tls?.document ?? '',
      headers: sortedMap(fields.headers),
      compression: fields.compression,
      timeout: fields.timeout === 0 ? '' : formatDuration(fields.timeout),
    }),
  };
}
