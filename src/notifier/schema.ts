// The alerting section of the configuration file.

import type * as z from 'zod';
import type {YamlMap} from '../base/yaml-write.ts';
import {discoveryShape, missingDiscoveryShape, readDiscovery} from '../discovery/schema.ts';
import {
  checkStaticTargets,
  documentOfGroup,
  targetGroupFields,
  targetGroupOf,
} from '../discovery/targetlist.ts';
import {type Complain, httpClientShape, readHttpClient} from '../http/client-config.ts';
import {readSigV4, sigV4Fields} from '../http/sigv4-config.ts';
import {formatDuration} from '../model/duration.ts';
import {duration, list, optionalSection, scalarField, section, text} from '../model/fields.ts';
import {namedRules, relabelConfigs} from '../relabel/schema.ts';
import type {AlertingConfig, AlertmanagerConfig} from './config.ts';

const apiVersion = scalarField<'v2'>('string', 'v2', (scalar) => {
  if (scalar.text === 'v2') return 'v2';
  throw new SyntaxError(`expected Alertmanager api version to be one of [v2] but got ${scalar.text}`);
});

const alertmanagerFields = section(
  () => ({
    ...httpClientShape,
    sigv4: optionalSection(sigV4Fields).default(null),
    scheme: text.default('http'),
    path_prefix: text.default(''),
    timeout: duration.default(10_000),
    api_version: apiVersion.default('v2'),
    relabel_configs: relabelConfigs('empty or null Alertmanager target relabeling rule'),
    alert_relabel_configs: relabelConfigs('empty or null Alertmanager alert relabeling rule'),
    static_configs: list(
      targetGroupFields('empty or null section in static_configs'),
      'a list of static_configs',
    ).default([]),
    ...missingDiscoveryShape(),
    ...discoveryShape,
  }),
  'empty or null section in alertmanagers',
);

export const alertingFields = section(() => ({
  alert_relabel_configs: relabelConfigs('empty or null alert relabeling rule'),
  alertmanagers: list(alertmanagerFields, 'a list of alertmanagers').default([]),
}));

export interface ReadAlerting {
  config: AlertingConfig;
  /** Lines of the section, secrets hidden; empty where it says nothing. */
  document: YamlMap;
}

/** Checks what the fields say together; files are relative to `directory`. */
export function readAlerting(
  fields: z.output<typeof alertingFields>,
  options: {directory: string; legacyNames: boolean},
  complain: Complain,
): ReadAlerting {
  const alertmanagers = fields.alertmanagers.map((each, index) =>
    readAlertmanager(each, options, (path, message) => complain(['alertmanagers', index, ...path], message)),
  );
  const document: YamlMap = new Map();
  const rules = fields.alert_relabel_configs;
  if (rules.length > 0)
    document.set(
      'alert_relabel_configs',
      rules.map((rule) => rule.document),
    );
  if (alertmanagers.length > 0)
    document.set(
      'alertmanagers',
      alertmanagers.map((each) => each.document),
    );
  return {
    config: {
      alertRelabelConfigs: namedRules(rules, options.legacyNames, (path, message) =>
        complain(['alert_relabel_configs', ...path], message),
      ),
      alertmanagers: alertmanagers.map((each) => each.config),
    },
    document,
  };
}

function readAlertmanager(
  fields: z.output<typeof alertmanagerFields>,
  {directory, legacyNames}: {directory: string; legacyNames: boolean},
  complain: Complain,
): {config: AlertmanagerConfig; document: YamlMap} {
  const http = readHttpClient(fields, directory, complain);
  const below =
    (name: string): Complain =>
    (path, message) =>
      complain([name, ...path], message);
  const {basicAuth, authorization, oauth2} = http.config;
  const sigV4 = fields.sigv4 === null ? null : readSigV4(fields.sigv4, below('sigv4'));
  if (sigV4 !== null && (basicAuth ?? authorization ?? oauth2) !== undefined)
    complain(['sigv4'], 'at most one of basic_auth, authorization, oauth2, & sigv4 must be configured');
  if (fields.relabel_configs.length === 0) checkStaticTargets(fields.static_configs, complain);
  const discovery = readDiscovery(fields, directory, complain);
  const document: YamlMap = new Map(http.document);
  if (sigV4 !== null) document.set('sigv4', sigV4.document);
  if (fields.scheme !== '') document.set('scheme', fields.scheme);
  if (fields.path_prefix !== '') document.set('path_prefix', fields.path_prefix);
  if (fields.timeout !== 0) document.set('timeout', formatDuration(fields.timeout));
  document.set('api_version', fields.api_version);
  const {relabel_configs: relabel, alert_relabel_configs: alertRelabel} = fields;
  if (relabel.length > 0)
    document.set(
      'relabel_configs',
      relabel.map((rule) => rule.document),
    );
  if (alertRelabel.length > 0)
    document.set(
      'alert_relabel_configs',
      alertRelabel.map((rule) => rule.document),
    );
  for (const [name, value] of discovery.documents) document.set(name, value);
  if (fields.static_configs.length > 0)
    document.set('static_configs', fields.static_configs.map(documentOfGroup));
  return {
    config: {
      client: http.config,
      sigV4: sigV4?.config ?? null,
      scheme: fields.scheme,
      pathPrefix: fields.path_prefix,
      timeoutMs: fields.timeout,
      apiVersion: fields.api_version,
      relabelConfigs: namedRules(relabel, legacyNames, below('relabel_configs')),
      alertRelabelConfigs: namedRules(alertRelabel, legacyNames, below('alert_relabel_configs')),
      staticConfigs: fields.static_configs.map((group, index) => targetGroupOf(String(index), group)),
      discoveryConfigs: discovery.configs,
    },
    document,
  };
}
