import assert from 'node:assert/strict';
import test from 'node:test';
import {writeYaml} from '../../base/yaml-write.ts';
import {parseYaml} from '../../base/yaml.ts';
import type {ReadOne} from '../readone.ts';
import {kubernetesFields, readKubernetesConfig} from './schema.ts';

function read(text: string): {read: ReadOne; complaints: string[]} {
  const parsed = kubernetesFields.safeParse(parseYaml(text).root);
  if (!parsed.success) throw parsed.error;
  const complaints: string[] = [];
  const result = readKubernetesConfig(parsed.data, '/etc/prometheus', (path, message) => {
    complaints.push(`${path.join('.')}: ${message}`);
  });
  return {read: result, complaints};
}

test('readKubernetesConfig() prints what Prometheus prints', () => {
  const f = (text: string, document: string): void => {
    const {read: result, complaints} = read(text);
    assert.deepEqual(complaints, []);
    assert.equal(writeYaml(result.document), document);
  };
  f(
    '{role: pod}',
    `role: pod
kubeconfig_file: ""
follow_redirects: true
enable_http2: true
`,
  );
  f(
    `{role: endpoints, api_server: 'https://k', bearer_token_file: token, namespaces: {names: [a, b]}, selectors: [{role: pod, label: a=b}, {role: service, field: metadata.name=x}], attach_metadata: {node: true}}`,
    `api_server: https://k
role: endpoints
kubeconfig_file: ""
authorization:
  type: Bearer
  credentials_file: /etc/prometheus/token
follow_redirects: true
enable_http2: true
namespaces:
  own_namespace: false
  names:
  - a
  - b
selectors:
- role: pod
  label: a=b
- role: service
  field: metadata.name=x
attach_metadata:
  node: true
  namespace: false
  deployment: false
  job: false
  cronjob: false
`,
  );
  f(
    '{role: node, kubeconfig_file: kube/config}',
    `role: node
kubeconfig_file: /etc/prometheus/kube/config
follow_redirects: true
enable_http2: true
`,
  );
  f(
    '{role: pod, namespaces: {own_namespace: true}}',
    `role: pod
kubeconfig_file: ""
follow_redirects: true
enable_http2: true
namespaces:
  own_namespace: true
  names: []
`,
  );
});

test('readKubernetesConfig() complains as Prometheus does', () => {
  const f = (text: string, ...complaints: string[]): void =>
    assert.deepEqual(read(text).complaints, complaints);
  f('{}', 'role: role missing (one of: pod, service, endpoints, endpointslice, node, ingress)');
  f(
    "{role: pod, api_server: 'http://k', kubeconfig_file: x}",
    "kubeconfig_file: cannot use 'kubeconfig_file' and 'api_server' simultaneously",
  );
  f(
    '{role: pod, kubeconfig_file: x, basic_auth: {username: u}}',
    "kubeconfig_file: cannot use a custom HTTP client configuration together with 'kubeconfig_file'",
  );
  f(
    '{role: pod, follow_redirects: false}',
    ": to use custom HTTP client configuration please provide the 'api_server' URL explicitly",
  );
  f(
    "{role: pod, api_server: 'http://k', namespaces: {own_namespace: true}}",
    "namespaces.own_namespace: cannot use 'api_server' and 'namespaces.own_namespace' simultaneously",
  );
  f(
    '{role: pod, kubeconfig_file: x, namespaces: {own_namespace: true}}',
    "namespaces.own_namespace: cannot use 'kubeconfig_file' and 'namespaces.own_namespace' simultaneously",
  );
  f(
    '{role: endpoints, selectors: [{role: node}]}',
    'selectors.0.role: endpoints role supports only pod, service, endpoints selectors',
  );
  f(
    '{role: pod, selectors: [{role: service}]}',
    'selectors.0.role: pod role supports only pod, node selectors',
  );
  f(
    '{role: ingress, selectors: [{label: a}]}',
    'selectors.0.role: ingress role supports only ingress selectors',
  );
  f('{role: pod, selectors: [{role: pod}, {role: pod}]}', 'selectors.1.role: duplicated selector role: pod');
  f(
    "{role: pod, selectors: [{role: pod, field: metadata.status-Running, label: 'a b'}]}",
    "selectors.0.field: invalid selector: 'metadata.status-Running'; can't understand 'metadata.status-Running'",
    "selectors.0.label: unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt",
  );
  assert.throws(() => read('{role: pods}'), /unknown Kubernetes SD role \\"pods\\"/);
  assert.throws(() => read('{role: pod, namespaces: {foo: bar}}'), /field foo not found/);
});
