import assert from 'node:assert/strict';
import test from 'node:test';
import {connectionOfKubeconfig, inClusterConnection, ownNamespace} from './kubeconfig.ts';

const head = `
apiVersion: v1
kind: Config
current-context: dev
contexts:
- name: other
  context: {cluster: x, user: x}
- name: dev
  context: {cluster: c, user: u, namespace: shop}
`;

const proxy = {url: '', noProxy: '', connectHeaders: {}};

function read(text: string): unknown {
  return connectionOfKubeconfig('/etc/kube/config', {readFile: () => head + text, environment: {}});
}

test('connectionOfKubeconfig() takes cluster and user of the current context', () => {
  const f = (cluster: string, user: string, expected: unknown): void =>
    assert.deepEqual(
      read(`clusters: [{name: c, cluster: ${cluster}}]\nusers: [{name: u, user: ${user}}]`),
      expected,
    );
  const server = 'https://k:6443/base';
  f(`{server: '${server}'}`, '{}', {server, http: {proxy, followRedirects: true}});
  f(
    `{server: '${server}', certificate-authority: ca.pem, tls-server-name: k}`,
    '{tokenFile: token, token: x}',
    {
      server,
      http: {
        authorization: {type: 'Bearer', credentialsFile: '/etc/kube/token'},
        tls: {insecureSkipVerify: false, caFile: '/etc/kube/ca.pem', serverName: 'k'},
        proxy,
        followRedirects: true,
      },
    },
  );
  f(
    `{server: '${server}', insecure-skip-tls-verify: true}`,
    `{client-certificate-data: ${btoa('CERT')}, client-key-data: ${btoa('KEY')}, client-key: ignored}`,
    {server, http: {tls: {insecureSkipVerify: true, cert: 'CERT', key: 'KEY'}, proxy, followRedirects: true}},
  );
  f(
    `{server: '${server}'}`,
    '{exec: {apiVersion: v, command: bin/aws, args: [a, 1], env: [{name: NAME, value: V}], provideClusterInfo: true}}',
    {
      server,
      exec: {
        apiVersion: 'v',
        command: '/etc/kube/bin/aws',
        args: ['a', '1'],
        env: {NAME: 'V'},
        installHint: '',
        cluster: {server, 'certificate-authority-data': ''},
      },
      http: {proxy, followRedirects: true},
    },
  );
  f(`{server: '${server}', proxy-url: 'http://p:1'}`, '{}', {
    server,
    http: {proxy: {...proxy, url: 'http://p:1'}, followRedirects: true},
  });
  f(`{server: '${server}'}`, '{username: 007, password: p}', {
    server,
    http: {basicAuth: {username: '7', password: 'p'}, proxy, followRedirects: true},
  });
});

test('connectionOfKubeconfig() says what is wrong', () => {
  const f = (text: string, message: RegExp): void => {
    assert.throws(() => read(text), {message}, text);
  };
  f('users: []', /^cannot use kubeconfig file \/etc\/kube\/config: cluster "c" does not exist$/);
  f(
    'clusters: [{name: c, cluster: {server: "https://k", proxy-url: "::"}}]\nusers: [{name: u}]',
    /the proxy "::" is not a URL of http, https or socks5/,
  );
  f(
    'clusters: [{name: c, cluster: {server: "https://k", proxy-url: "ftp://p"}}]\nusers: [{name: u}]',
    /the proxy "ftp:\/\/p" is not a URL of http, https or socks5/,
  );
  f('clusters: [{name: c, cluster: {server: "k"}}]\nusers: [{name: u}]', /the server "k" is not a URL/);
  f('clusters: [{name: c, cluster: {server: "http://k"}}]', /user "u" does not exist/);
  f(
    'clusters: [{name: c, cluster: {server: "http://k"}}]\nusers: [{name: u, user: {auth-provider: {name: gcp}}}]',
    /auth-provider of the user "u" is not supported yet/,
  );
  f('clusters: {', /line \d+, column \d+/);
  const missing = (): string => {
    throw new Error('open x: no such file or directory');
  };
  assert.throws(
    () => connectionOfKubeconfig('x', {readFile: missing, environment: {}}),
    /cannot use kubeconfig file x: open x/,
  );
});

test('inClusterConnection() finds what every pod has', () => {
  const environment = {KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443'};
  const folder = '/var/run/secrets/kubernetes.io/serviceaccount';
  const read = (file: string): string => (file.endsWith('namespace') ? 'shop' : 'token');
  assert.deepEqual(inClusterConnection({readFile: read, environment}), {
    server: 'https://[fd00::1]:443',
    http: {
      authorization: {type: 'Bearer', credentialsFile: `${folder}/token`},
      tls: {insecureSkipVerify: false, caFile: `${folder}/ca.crt`},
      proxy,
      followRedirects: true,
    },
  });
  assert.equal(ownNamespace({readFile: read, environment}), 'shop');
  assert.throws(() => inClusterConnection({readFile: read, environment: {}}), {
    message:
      'unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined',
  });
  assert.throws(() => ownNamespace({readFile: () => '', environment}), {
    message: 'could not read own namespace name (empty file)',
  });
});
