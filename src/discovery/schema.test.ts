import assert from 'node:assert/strict';
import test from 'node:test';
import {writeYaml, type YamlMap} from '../base/yaml-write.ts';
import {parseYaml} from '../base/yaml.ts';
import {section} from '../model/fields.ts';
import {discoveryShape, type ReadDiscovery, readDiscovery} from './schema.ts';

const fields = section(() => discoveryShape);

function read(text: string): {read: ReadDiscovery; complaints: string[]} {
  const parsed = fields.safeParse(parseYaml(text).root);
  if (!parsed.success) throw parsed.error;
  const complaints: string[] = [];
  const complain = (path: (string | number)[], message: string): void => {
    complaints.push(`${path.join('.')}: ${message}`);
  };
  return {read: readDiscovery(parsed.data, '/etc/prometheus', complain), complaints};
}

test('readDiscovery() fills in defaults, resolves files and hides secrets', () => {
  const f = (text: string, configs: unknown[], document: string): void => {
    const {read: result, complaints} = read(text);
    assert.deepEqual(complaints, []);
    assert.deepEqual(result.configs, configs);
    const lines: YamlMap = new Map(result.documents);
    assert.equal(writeYaml(lines), document);
  };
  f(
    'file_sd_configs: [{files: [sd/*.yml, /a/b.json]}, {files: [x.yaml], refresh_interval: 1m}]',
    [
      {mechanism: 'file', files: ['/etc/prometheus/sd/*.yml', '/a/b.json'], refreshIntervalMs: 300_000},
      {mechanism: 'file', files: ['/etc/prometheus/x.yaml'], refreshIntervalMs: 60_000},
    ],
    `file_sd_configs:
- files:
  - /etc/prometheus/sd/*.yml
  - /a/b.json
  refresh_interval: 5m
- files:
  - /etc/prometheus/x.yaml
  refresh_interval: 1m
`,
  );
  f(
    'consul_sd_configs: [{token: t, username: u, password: p, node_meta: {b: c, a: d}, services: [x]}]',
    [
      {
        mechanism: 'consul',
        server: 'localhost:8500',
        pathPrefix: '',
        token: 't',
        datacenter: '',
        namespace: '',
        partition: '',
        tagSeparator: ',',
        scheme: 'http',
        allowStale: true,
        refreshIntervalMs: 30_000,
        services: ['x'],
        tags: [],
        nodeMeta: {b: 'c', a: 'd'},
        filter: '',
        healthFilter: '',
        client: {followRedirects: true, basicAuth: {username: 'u', password: 'p'}},
      },
    ],
    `consul_sd_configs:
- server: localhost:8500
  token: <secret>
  tag_separator: ','
  scheme: http
  username: u
  password: <secret>
  allow_stale: true
  refresh_interval: 30s
  services:
  - x
  node_meta:
    a: d
    b: c
  basic_auth:
    username: u
    password: <secret>
  follow_redirects: true
  enable_http2: true
`,
  );
  f(
    'dns_sd_configs: [{names: [_x._tcp.y]}, {names: [a], type: aaaa, port: 80}]',
    [
      {mechanism: 'dns', names: ['_x._tcp.y'], type: 'SRV', port: 0, refreshIntervalMs: 30_000},
      {mechanism: 'dns', names: ['a'], type: 'AAAA', port: 80, refreshIntervalMs: 30_000},
    ],
    `dns_sd_configs:
- names:
  - _x._tcp.y
  refresh_interval: 30s
  type: SRV
  port: 0
- names:
  - a
  refresh_interval: 30s
  type: aaaa
  port: 80
`,
  );
  f(
    'http_sd_configs: [{url: "https://u:p@sd/t?x=1", basic_auth: {username: a, password: b}}]',
    [
      {
        mechanism: 'http',
        url: 'https://u:p@sd/t?x=1',
        refreshIntervalMs: 60_000,
        client: {followRedirects: true, basicAuth: {username: 'a', password: 'b'}},
      },
    ],
    `http_sd_configs:
- basic_auth:
    username: a
    password: <secret>
  follow_redirects: true
  enable_http2: true
  refresh_interval: 1m
  url: https://u:p@sd/t?x=1
`,
  );
});

test('readDiscovery() complains in the words of Prometheus, with the place', () => {
  const f = (text: string, ...expected: string[]): void => assert.deepEqual(read(text).complaints, expected);
  f(
    'file_sd_configs: [{files: []}]',
    'file_sd_configs.0.files: file service discovery config must contain at least one path name',
  );
  const name = 'is not valid for file discovery';
  f(
    'file_sd_configs: [{files: [a.yml, a.txt, "*/a.yml", "a*/b.json"]}]',
    `file_sd_configs.0.files.1: path name "a.txt" ${name}`,
    `file_sd_configs.0.files.2: path name "*/a.yml" ${name}`,
    `file_sd_configs.0.files.3: path name "a*/b.json" ${name}`,
  );
  f(
    'file_sd_configs: [{files: [a.yml], refresh_interval: 0s}]',
    'file_sd_configs.0.refresh_interval: refresh_interval must be greater than 0',
  );
  f(
    'consul_sd_configs: [{server: ""}, {token: t, authorization: {credentials: c}}]',
    'consul_sd_configs.0.server: consul SD configuration requires a server address',
    'consul_sd_configs.1.token: at most one of consul SD token, authorization, or oauth2 can be configured',
  );
  f(
    'dns_sd_configs: [{}, {names: [a], type: A}, {names: [a], type: X}]',
    'dns_sd_configs.0.names: DNS-SD config must contain at least one SRV record name',
    'dns_sd_configs.1.port: a port is required in DNS-SD configs for all record types except SRV',
    'dns_sd_configs.2.type: invalid DNS-SD records type X',
  );
  f('http_sd_configs: [{}]', 'http_sd_configs.0.url: URL is missing');
  f('http_sd_configs: [{url: ftp://x}]', "http_sd_configs.0.url: URL scheme must be 'http' or 'https'");
  f('http_sd_configs: [{url: x/y}]', "http_sd_configs.0.url: URL scheme must be 'http' or 'https'");
  f('http_sd_configs: [{url: "http://"}]', 'http_sd_configs.0.url: host is missing in URL');
  f(
    'http_sd_configs: [{url: http://x, bearer_token: a, bearer_token_file: b}]',
    'http_sd_configs.0.bearer_token_file: at most one of bearer_token & bearer_token_file must be configured',
  );
});

test('readDiscovery() prints docker and ec2 as Prometheus does, and complains', () => {
  const f = (text: string, document: string): void => {
    const {read: result, complaints} = read(text);
    assert.deepEqual(complaints, []);
    assert.equal(writeYaml(new Map(result.documents)), document);
  };
  f(
    "docker_sd_configs: [{host: 'unix:///var/run/docker.sock'}, {host: 'tcp://d:1', filters: [{name: label, values: [a, b]}]}]",
    `docker_sd_configs:
- follow_redirects: true
  enable_http2: true
  host: unix:///var/run/docker.sock
  port: 80
  filters: []
  host_networking_host: localhost
  refresh_interval: 1m
  match_first_network: true
- follow_redirects: true
  enable_http2: true
  host: tcp://d:1
  port: 80
  filters:
  - name: label
    values:
    - a
    - b
  host_networking_host: localhost
  refresh_interval: 1m
  match_first_network: true
`,
  );
  f(
    'ec2_sd_configs: [{region: eu-west-1, access_key: a, secret_key: b, filters: [{name: tag:x, values: [y]}]}]',
    `ec2_sd_configs:
- endpoint: ""
  region: eu-west-1
  access_key: a
  secret_key: <secret>
  refresh_interval: 1m
  port: 80
  filters:
  - name: tag:x
    values:
    - "y"
  follow_redirects: true
  enable_http2: true
`,
  );
  const g = (text: string, ...complaints: string[]): void =>
    assert.deepEqual(read(text).complaints, complaints);
  g('docker_sd_configs: [{port: 1}]', 'docker_sd_configs.0.host: host missing');
  g(
    'docker_sd_configs: [{host: /var/run/docker.sock}]',
    'docker_sd_configs.0.host: unable to parse docker host "/var/run/docker.sock": unix:///var/run/docker.sock, tcp://… and http(s)://… are known',
  );
  g(
    'ec2_sd_configs: [{filters: [{name: x}]}]',
    'ec2_sd_configs.0.filters.0.values: EC2 SD configuration filter values cannot be empty',
  );
});
