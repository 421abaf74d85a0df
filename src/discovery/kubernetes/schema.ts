// The entries of `kubernetes_sd_configs`.

import type * as z from 'zod';
import {quoteGo} from '../../base/quote.ts';
import type {YamlMap, YamlValue} from '../../base/yaml-write.ts';
import {type Complain, httpClientShape, joinDirectory, readHttpClient} from '../../http/client-config.ts';
import {redactUrl, urlText} from '../../http/go-url.ts';
import {parseFieldSelector, parseLabelSelector} from '../../kube/selector.ts';
import {boolean, choice, list, section, text} from '../../model/fields.ts';
import type {KubernetesDiscoveryConfig, KubernetesRoleName} from '../config.ts';
import type {ReadOne} from '../readone.ts';

const roleName = choice<KubernetesRoleName>(
  ['node', 'pod', 'service', 'endpoints', 'endpointslice', 'ingress'],
  (wrong) => `unknown Kubernetes SD role ${quoteGo(wrong)}`,
);

export const kubernetesFields = section(
  () => ({
    ...httpClientShape,
    api_server: urlText.default(''),
    role: roleName.default(''),
    kubeconfig_file: text.default(''),
    namespaces: section(() => ({
      own_namespace: boolean.default(false),
      names: list(text).default([]),
    })).default({
      own_namespace: false,
      names: [],
    }),
    selectors: list(
      section(() => ({role: roleName.default(''), label: text.default(''), field: text.default('')})),
      '[]kubernetes.SelectorConfig',
    ).default([]),
    attach_metadata: section(() => ({
      node: boolean.default(false),
      namespace: boolean.default(false),
      deployment: boolean.default(false),
      job: boolean.default(false),
      cronjob: boolean.default(false),
    })).default({node: false, namespace: false, deployment: false, job: false, cronjob: false}),
  }),
  'empty or null section in kubernetes_sd_configs',
);

type KubernetesFields = z.output<typeof kubernetesFields>;

/** Which selectors a role knows, in the order of Prometheus's complaint. */
const allowedSelectors: Record<KubernetesRoleName, readonly KubernetesRoleName[]> = {
  pod: ['pod', 'node'],
  service: ['service'],
  endpointslice: ['pod', 'service', 'endpointslice'],
  endpoints: ['pod', 'service', 'endpoints'],
  node: ['node'],
  ingress: ['ingress'],
};

export function readKubernetesConfig(
  fields: KubernetesFields,
  directory: string,
  complain: Complain,
): ReadOne {
  const {config: client, document: http} = readHttpClient(fields, directory, complain);
  const {role} = fields;
  checkPlace(fields, isCustom(http), complain);
  if (role === '')
    complain(['role'], 'role missing (one of: pod, service, endpoints, endpointslice, node, ingress)');
  else checkSelectors(role, fields.selectors, complain);
  const {own_namespace: own, names} = fields.namespaces;
  const kubeconfigFile = joinDirectory(directory, fields.kubeconfig_file);
  const config: KubernetesDiscoveryConfig = {
    mechanism: 'kubernetes',
    role: role === '' ? 'pod' : role,
    apiServer: fields.api_server,
    kubeconfigFile,
    namespaces: {own, names},
    selectors: fields.selectors.flatMap(({role: of, label, field}) =>
      of === '' ? [] : [{role: of, label, field}],
    ),
    metadata: fields.attach_metadata,
    client,
  };
  return {config, document: documentOf(fields, kubeconfigFile, http)};
}

/** Whether the section says anything of its own about HTTP. */
function isCustom(http: YamlMap): boolean {
  return [...http].some(
    ([name, value]) => !((name === 'follow_redirects' || name === 'enable_http2') && value === true),
  );
}

/** There is one way to the API server: the one that is given, or that of the cluster itself. */
function checkPlace(fields: KubernetesFields, isCustomHttp: boolean, complain: Complain): void {
  const {api_server: apiServer, kubeconfig_file: kubeconfig, namespaces} = fields;
  if (apiServer !== '' && kubeconfig !== '')
    complain(['kubeconfig_file'], "cannot use 'kubeconfig_file' and 'api_server' simultaneously");
  if (kubeconfig !== '' && isCustomHttp)
    complain(
      ['kubeconfig_file'],
      "cannot use a custom HTTP client configuration together with 'kubeconfig_file'",
    );
  else if (apiServer === '' && isCustomHttp)
    complain([], "to use custom HTTP client configuration please provide the 'api_server' URL explicitly");
  if (!namespaces.own_namespace) return;
  if (apiServer !== '')
    complain(
      ['namespaces', 'own_namespace'],
      "cannot use 'api_server' and 'namespaces.own_namespace' simultaneously",
    );
  if (kubeconfig !== '')
    complain(
      ['namespaces', 'own_namespace'],
      "cannot use 'kubeconfig_file' and 'namespaces.own_namespace' simultaneously",
    );
}

function checkSelectors(
  role: KubernetesRoleName,
  selectors: KubernetesFields['selectors'],
  complain: Complain,
): void {
  const seen = new Set<string>();
  const allowed = allowedSelectors[role];
  for (const [index, {role: of, label, field}] of selectors.entries()) {
    const complainOf = (name: string, message: string): void => complain(['selectors', index, name], message);
    if (seen.has(of)) complainOf('role', `duplicated selector role: ${of}`);
    seen.add(of);
    if (of === '' || !allowed.includes(of))
      complainOf('role', `${role} role supports only ${allowed.join(', ')} selectors`);
    const check = (name: string, parse: () => unknown): void => {
      try {
        parse();
      } catch (error) {
        complainOf(name, (error as Error).message);
      }
    };
    check('field', () => parseFieldSelector(field));
    check('label', () => parseLabelSelector(label));
  }
}

function documentOf(fields: KubernetesFields, kubeconfigFile: string, http: YamlMap): YamlMap {
  const {api_server: apiServer, role, namespaces, selectors, attach_metadata: metadata} = fields;
  const document: YamlMap = new Map();
  if (apiServer !== '') document.set('api_server', redactUrl(apiServer));
  document.set('role', role);
  document.set('kubeconfig_file', kubeconfigFile);
  for (const [name, value] of http) document.set(name, value);
  if (namespaces.own_namespace || namespaces.names.length > 0)
    document.set('namespaces', mapOf({own_namespace: namespaces.own_namespace, names: namespaces.names}));
  if (selectors.length > 0)
    document.set(
      'selectors',
      selectors.map((selector) =>
        mapOf(Object.fromEntries(Object.entries(selector).filter(([, value]) => value !== ''))),
      ),
    );
  if (Object.values(metadata).includes(true)) document.set('attach_metadata', mapOf(metadata));
  return document;
}

function mapOf(record: Record<string, YamlValue>): YamlMap {
  return new Map(Object.entries(record));
}
