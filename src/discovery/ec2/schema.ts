// The entries of `ec2_sd_configs`.

import type * as z from 'zod';
import type {YamlMap} from '../../base/yaml-write.ts';
import {type Complain, hidden, httpClientShape, readHttpClient} from '../../http/client-config.ts';
import {formatDuration} from '../../model/duration.ts';
import {duration, integer, list, secret, section, text} from '../../model/fields.ts';
import {documentOfFilters, filterField} from '../docker/schema.ts';
import type {ReadOne} from '../readone.ts';

export const ec2Fields = section(
  () => ({
    ...httpClientShape,
    endpoint: text.default(''),
    region: text.default(''),
    access_key: text.default(''),
    secret_key: secret.default(''),
    profile: text.default(''),
    role_arn: text.default(''),
    external_id: text.default(''),
    refresh_interval: duration.default(60_000),
    port: integer.default(80),
    filters: list(filterField, '[]*aws.Filter').default([]),
  }),
  'empty or null section in ec2_sd_configs',
);

export function readEc2Config(
  fields: z.output<typeof ec2Fields>,
  directory: string,
  complain: Complain,
): ReadOne {
  const {region, profile, endpoint, filters, port, refresh_interval: refreshIntervalMs} = fields;
  for (const [index, {values}] of filters.entries()) {
    if (values.length === 0)
      complain(['filters', index, 'values'], 'EC2 SD configuration filter values cannot be empty');
  }
  const {config: client, document: http} = readHttpClient(fields, directory, complain);
  const hasKeys = fields.access_key !== '' && fields.secret_key !== '';
  return {
    config: {
      mechanism: 'ec2',
      endpoint,
      identity: {
        region,
        accessKey: hasKeys ? fields.access_key : '',
        secretKey: hasKeys ? fields.secret_key : '',
        profile,
        roleArn: fields.role_arn,
        externalId: fields.external_id,
        useFipsStsEndpoint: false,
        serviceName: '',
      },
      port,
      filters,
      refreshIntervalMs,
      client,
    },
    document: documentOf(fields, http),
  };
}

function documentOf(fields: z.output<typeof ec2Fields>, http: YamlMap): YamlMap {
  const {endpoint, region, port, filters, refresh_interval: refreshIntervalMs} = fields;
  const document: YamlMap = new Map([
    ['endpoint', endpoint],
    ['region', region],
  ]);
  const optional = {
    access_key: fields.access_key,
    secret_key: fields.secret_key === '' ? '' : hidden,
    profile: fields.profile,
    role_arn: fields.role_arn,
    external_id: fields.external_id,
  };
  for (const [name, value] of Object.entries(optional)) if (value !== '') document.set(name, value);
  document.set('refresh_interval', formatDuration(refreshIntervalMs));
  document.set('port', port);
  document.set('filters', documentOfFilters(filters));
  for (const [name, value] of http) document.set(name, value);
  return document;
}
