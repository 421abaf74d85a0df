// TLS as clients use it. The fields are those of prometheus/common's TLSConfig.

import type * as z from 'zod';
import type {YamlMap} from '../base/yaml-write.ts';
import {boolean, choice, type Field, secret, section, text} from '../model/fields.ts';
import {type Complain, givenOf, hide, joinDirectory, linesOf, secretReference} from './config-parts.ts';

export type TlsVersion = 'TLS10' | 'TLS11' | 'TLS12' | 'TLS13';

export interface TlsClientConfig {
  insecureSkipVerify: boolean;
  /** PEM texts, or the files that hold them. */
  ca?: string;
  caFile?: string;
  cert?: string;
  certFile?: string;
  key?: string;
  keyFile?: string;
  serverName?: string;
  minVersion?: TlsVersion;
  maxVersion?: TlsVersion;
}

const tlsVersion: Field<TlsVersion | ''> = choice(
  ['TLS10', 'TLS11', 'TLS12', 'TLS13'],
  (wrong) => `unknown TLS version: ${wrong}`,
);

export const tlsFields = section(() => ({
  ca: text.default(''),
  cert: text.default(''),
  key: secret.default(''),
  ca_file: text.default(''),
  cert_file: text.default(''),
  key_file: text.default(''),
  ca_ref: secretReference.optional(),
  cert_ref: secretReference.optional(),
  key_ref: secretReference.optional(),
  server_name: text.default(''),
  insecure_skip_verify: boolean.default(false),
  min_version: tlsVersion.default(''),
  max_version: tlsVersion.default(''),
}));

export type TlsFields = z.output<typeof tlsFields>;

export interface ReadTls {
  config: TlsClientConfig;
  /** Lines of the section, secrets hidden. */
  document: YamlMap;
}

/** Checks what the fields say together. null where they say nothing: as in Go, a section of zeros counts as absent. */
export function readTls(fields: TlsFields | null, directory: string, complain: Complain): ReadTls | null {
  if (fields === null) return null;
  checkTls(fields, (message) => complain([], message));
  const [caFile, certFile, keyFile] = [fields.ca_file, fields.cert_file, fields.key_file].map((file) =>
    joinDirectory(directory, file),
  ) as [string, string, string];
  const {ca, cert, key, server_name: serverName} = fields;
  const config: TlsClientConfig = {
    insecureSkipVerify: fields.insecure_skip_verify,
    ...givenOf({ca, caFile, cert, certFile, key, keyFile, serverName}),
    ...(fields.min_version !== '' && {minVersion: fields.min_version}),
    ...(fields.max_version !== '' && {maxVersion: fields.max_version}),
  };
  if (Object.keys(config).length === 1 && !config.insecureSkipVerify) return null;
  const document = linesOf({
    ca,
    cert,
    key: hide(key),
    ca_file: caFile,
    cert_file: certFile,
    key_file: keyFile,
    server_name: serverName,
    insecure_skip_verify: fields.insecure_skip_verify,
    min_version: fields.min_version,
    max_version: fields.max_version,
  });
  return {config, document};
}

function checkTls(fields: TlsFields, complain: (message: string) => void): void {
  if (fields.ca !== '' && fields.ca_file !== '')
    complain('at most one of ca, ca_file & ca_ref must be configured');
  if (fields.cert !== '' && fields.cert_file !== '')
    complain('at most one of cert, cert_file & cert_ref must be configured');
  if (fields.key !== '' && fields.key_file !== '')
    complain('at most one of key and key_file must be configured');
  const hasCert = fields.cert !== '' || fields.cert_file !== '';
  const hasKey = fields.key !== '' || fields.key_file !== '';
  if (hasCert && !hasKey)
    complain('exactly one of key or key_file must be configured when a client certificate is configured');
  if (hasKey && !hasCert)
    complain('exactly one of cert or cert_file must be configured when a client key is configured');
  if (fields.min_version !== '' && fields.max_version !== '' && fields.max_version < fields.min_version)
    complain(
      'tls_config.max_version must be greater than or equal to tls_config.min_version if both are specified',
    );
}
