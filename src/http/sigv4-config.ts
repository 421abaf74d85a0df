// How requests to services of AWS are signed. The fields are those of prometheus/sigv4's SigV4Config.

import type * as z from 'zod';
import type {YamlMap} from '../base/yaml-write.ts';
import {boolean, secret, section, text} from '../model/fields.ts';
import {type Complain, hide, linesOf} from './config-parts.ts';

export interface SigV4Config {
  /** '' = what the environment says; so with the other fields. */
  region: string;
  accessKey: string;
  secretKey: string;
  profile: string;
  roleArn: string;
  externalId: string;
  useFipsStsEndpoint: boolean;
  serviceName: string;
}

export const sigV4Fields = section(() => ({
  region: text.default(''),
  access_key: text.default(''),
  secret_key: secret.default(''),
  profile: text.default(''),
  role_arn: text.default(''),
  external_id: text.default(''),
  use_fips_sts_endpoint: boolean.default(false),
  service_name: text.default(''),
}));

export interface ReadSigV4 {
  config: SigV4Config;
  /** Lines of the section, secrets hidden. */
  document: YamlMap;
}

/** Checks what the fields say together. */
export function readSigV4(fields: z.output<typeof sigV4Fields>, complain: Complain): ReadSigV4 {
  if ((fields.access_key === '') !== (fields.secret_key === ''))
    complain(
      [fields.access_key === '' ? 'secret_key' : 'access_key'],
      'must provide a AWS SigV4 Access key and Secret Key if credentials are specified in the SigV4 config',
    );
  if (fields.external_id !== '' && fields.role_arn === '')
    complain(['external_id'], 'external_id can only be used with role_arn');
  const {use_fips_sts_endpoint: useFipsStsEndpoint, ...lines} = fields;
  return {
    config: {
      region: fields.region,
      accessKey: fields.access_key,
      secretKey: fields.secret_key,
      profile: fields.profile,
      roleArn: fields.role_arn,
      externalId: fields.external_id,
      useFipsStsEndpoint,
      serviceName: fields.service_name,
    },
    document: linesOf({
      ...lines,
      secret_key: hide(fields.secret_key),
      use_fips_sts_endpoint: useFipsStsEndpoint || '',
      service_name: fields.service_name,
    }),
  };
}
