import assert from 'node:assert/strict';
import test from 'node:test';
import {type Config, formatConfig, parseConfig} from './config.ts';
import type {ConfigFiles} from './files.ts';
import {ConfigError} from '../model/problems.ts';

function parse(text: string, files: Record<string, string> = {}, more: {agentMode?: boolean} = {}): Config {
  return parseConfig(text, {file: '/etc/p/prometheus.yml', variables: {}, files: filesOf(files), ...more});
}

function filesOf(files: Record<string, string>): ConfigFiles {
  return {
    expand: (pattern) => {
      const [head = '', tail] = pattern.split('*');
      return Object.keys(files).filter(
        (file) => file.startsWith(head) && (tail === undefined ? file === head : file.endsWith(tail)),
      );
    },
    read: (file) => files[file]!,
  };
}

/** What is wrong, each with its place and path. */
function problems(
  text: string,
  files: Record<string, string> = {},
  more: {agentMode?: boolean} = {},
): string[] {
  try {
    parse(text, files, more);
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    const lines = error.problems.map(({line, column, message}) => `${line}:${column} ${message}`);
    return error.file === '/etc/p/prometheus.yml' ? lines : [error.file, ...lines];
  }
}

/** The lines of the effective configuration from `name` to the next section. */
function shown(config: Config, name: string): string {
  const [, lines = ''] = new RegExp(`^${name}:\\n((?:[ -].*\\n)*)`, 'm').exec(formatConfig(config)) ?? [];
  return lines;
}

test('remote_write is read and shown with its defaults', () => {
  const config = parse('remote_write:\n  - url: https://me:topsecret@host/push\n    headers: {b: c, a: d}\n');
  assert.equal(
    shown(config, 'remote_write'),
    `- url: https://me:xxxxx@host/push
  remote_timeout: 30s
  headers:
    a: d
    b: c
  protobuf_message: prometheus.WriteRequest
  follow_redirects: true
  enable_http2: false
  queue_config:
    capacity: 10000
    max_shards: 50
    min_shards: 1
    max_samples_per_send: 2000
    batch_send_deadline: 5s
    min_backoff: 30ms
    max_backoff: 5s
  metadata_config:
    send: true
    send_interval: 1m
    max_samples_per_send: 2000
`,
  );
  const [write] = config.remoteWrites;
  assert.deepEqual(write, {
    url: 'https://me:topsecret@host/push',
    name: '',
    timeoutMs: 30_000,
    headers: {a: 'd', b: 'c'},
    writeRelabelConfigs: [],
    sendExemplars: false,
    sendNativeHistograms: false,
    roundRobinDns: false,
    message: 'prometheus.WriteRequest',
    failedRequestLogging: false,
    client: {followRedirects: true, enableHttp2: false},
    queue: {
      capacity: 10_000,
      maxShards: 50,
      minShards: 1,
      maxSamplesPerSend: 2000,
      batchSendDeadlineMs: 5000,
      minBackoffMs: 30,
      maxBackoffMs: 5000,
      retryOnRateLimit: false,
      sampleAgeLimitMs: 0,
    },
    metadata: {send: true, sendIntervalMs: 60_000, maxSamplesPerSend: 2000},
    sigV4: null,
    azureAd: null,
    googleIamCredentialsFile: null,
  });
});

test('remote_write signs in with clouds', () => {
  const id = '00000000-0000-0000-0000-000000000001';
  const azure = (identity: string): Config =>
    parse(`remote_write: [{url: http://x, azuread: {${identity}}}]`);
  assert.deepEqual(azure(`managed_identity: {client_id: ${id}}`).remoteWrites[0]?.azureAd, {
    cloud: 'AzurePublic',
    scope: '',
    identity: {kind: 'managed', clientId: id},
  });
  const workload = azure(`workload_identity: {client_id: ${id}, tenant_id: ${id}}`);
  assert.match(
    shown(workload, 'remote_write'),
    /azuread:\n    workload_identity:\n      client_id: .*\n      tenant_id: .*\n      token_file_path: \/var\/run\/secrets\/azure\/tokens\/azure-identity-token\n    cloud: AzurePublic\n/,
  );
  assert.match(
    shown(parse('remote_write: [{url: http://x, google_iam: {}}]'), 'remote_write'),
    /google_iam: \{\}/,
  );
  const f = (entry: string, expected: string): void => {
    const found = problems(`remote_write: [{url: http://x, ${entry}}]`);
    assert.deepEqual(
      found.map((each) => each.replace(/^\S+ /, '')),
      [expected],
    );
  };
  f(
    'azuread: {}',
    'must provide an Azure Managed Identity, Azure Workload Identity, Azure OAuth, Azure Certificate or Azure SDK in the Azure AD config',
  );
  f('azuread: {sdk: {}, cloud: x}', 'must provide a cloud in the Azure AD config');
  f(
    'azuread: {sdk: {}, managed_identity: {}}',
    'cannot provide multiple authentication methods in the Azure AD config',
  );
  f(
    'azuread: {managed_identity: {client_id: x}}',
    'the provided Azure Managed Identity client_id is invalid',
  );
  f(
    `azuread: {oauth: {client_id: ${id}, tenant_id: a}}`,
    'must provide an Azure OAuth client_secret in the Azure AD config',
  );
  f('azuread: {sdk: {}, scope: "a;b"}', 'the provided scope contains invalid characters');
  f(
    'azuread: {sdk: {}}, basic_auth: {username: a}',
    'at most one of basic_auth, authorization, oauth2, sigv4, azuread or google_iam must be configured. Currently configured: [basic_auth azuread]',
  );
  f(
    'sigv4: {}, google_iam: {}',
    'at most one of basic_auth, authorization, oauth2, sigv4, azuread or google_iam must be configured. Currently configured: [sigv4 google_iam]',
  );
});

test('remote_read, tracing and otlp are read and shown', () => {
  const config = parse(`remote_read:
  - {url: http://r, read_recent: true, required_matchers: {b: c}, name: own}
tracing: {endpoint: "t:1", sampling_fraction: 0.5, timeout: 3s, compression: gzip, tls_config: {insecure_skip_verify: true}}
otlp: {promote_all_resource_attributes: true, ignore_resource_attributes: [" a "]}
`);
  assert.equal(
    shown(config, 'remote_read'),
    `- url: http://r
  remote_timeout: 1m
  chunked_read_limit: 50000000
  read_recent: true
  name: own
  follow_redirects: true
  enable_http2: true
  required_matchers:
    b: c
  filter_external_labels: true
`,
  );
  assert.equal(
    shown(config, 'tracing'),
    `  client_type: grpc
  endpoint: t:1
  sampling_fraction: 0.5
  tls_config:
    insecure_skip_verify: true
  compression: gzip
  timeout: 3s
`,
  );
  assert.deepEqual(config.otlp.ignoreResourceAttributes, ['a']);
  assert.equal(config.tracing?.samplingFraction, 0.5);
});

test('what is wrong with remote endpoints, tracing and otlp is said with its place', () => {
  const f = (text: string, ...expected: string[]): void => assert.deepEqual(problems(text), expected, text);
  f('remote_write: [null]', '1:16 empty or null remote write config section');
  f('remote_write: [{}]', '1:16 url for remote_write is empty');
  f(
    'remote_write: [{url: http://a}, {url: http://a}]',
    '1:33 duplicate remote write configs are not allowed, found duplicate for URL: http://a',
  );
  f('remote_write: [{url: "http://a b"}]', '1:22 parse "http://a b": invalid character " " in host name');
  f(
    'remote_write: [{url: http://a, queue_config: }]',
    ...['max_shards', 'min_shards', 'max_samples_per_send', 'capacity'].map(
      (name) => `1:32 remote write queue ${name} must be positive`,
    ),
  );
  f(
    'remote_write: [{url: http://a, queue_config: {max_shard: 1}}]',
    '1:47 field max_shard not found; did you mean max_shards?',
  );
  f(
    'remote_read: [{url: http://a, headers: {Host: b}}]',
    '1:47 Host is a reserved header. It must not be changed',
  );
  f(
    'tracing: {endpoint: a, client_type: udp}',
    '1:37 expected tracing client type to be to be http or grpc, but got udp',
  );
  f(
    'otlp: {promote_resource_attributes: [a, "", " a"]}',
    "1:41 invalid 'promote_resource_attributes': empty promoted OTel resource attribute",
    `1:45 invalid 'promote_resource_attributes': duplicated promoted OTel resource attribute "a"`,
  );
  f(
    'storage: {tsdb: {retention: {time: soon}}}',
    '1:36 not a valid duration string: "soon" (a duration is written like 15s, 1m30s or 90d)',
  );
});

test('older names alone are allowed where the configuration says so', () => {
  const f = (text: string, ...expected: string[]): void =>
    assert.deepEqual(problems(`global: {metric_name_validation_scheme: legacy${text}`), expected, text);
  const rules = (rule: string): string => `}\nscrape_configs: [{job_name: a, relabel_configs: [${rule}]}]`;
  f(', external_labels: {"a.b": c}}', '1:74 "a.b" is not a valid label name');
  f(rules('{target_label: "${1}_a"}'));
  f(rules('{target_label: a.b}'), `2:65 "a.b" is invalid 'target_label' for replace action`);
  f(rules('{target_label: "$1.b"}'), `2:65 "$1.b" is invalid 'target_label' for replace action`);
  f(
    rules('{action: labelmap, replacement: "a-$1"}'),
    `2:82 "a-$1" is invalid 'replacement' for labelmap action`,
  );
  f(
    rules('{action: hashmod, modulus: 2, target_label: a.b}'),
    `2:94 "a.b" is invalid 'target_label' for hashmod action`,
  );
  f(
    '}\notlp: {translation_strategy: NoTranslation}',
    '2:30 OTLP translation strategy "NoTranslation" is not allowed when UTF8 is disabled',
  );
  const [job] = parse(
    `global: {metric_name_validation_scheme: legacy${rules('{target_label: a}')}`,
  ).scrapeConfigs;
  assert.equal(job?.relabelConfigs[0]?.legacyNames, true);
});

test('scrape configs are taken from further files, whose own files are relative to them', () => {
  const files = {
    '/etc/p/jobs/a.yml': 'scrape_configs: [{job_name: a, bearer_token_file: t}]',
    '/etc/p/jobs/b.yml': 'scrape_configs: [{job_name: b}]\n',
    '/etc/p/empty.yml': '',
  };
  const text = 'scrape_config_files: [jobs/*.yml, /etc/p/empty.yml]\nscrape_configs: [{job_name: own}]\n';
  const config = parse(text, files);
  assert.deepEqual(
    config.scrapeConfigs.map(({jobName, authorization}) => [jobName, authorization?.credentialsFile]),
    [
      ['own', undefined],
      ['a', '/etc/p/jobs/t'],
      ['b', undefined],
    ],
  );
  assert.equal(shown(config, 'scrape_config_files'), '- /etc/p/jobs/*.yml\n- /etc/p/empty.yml\n');
  assert.doesNotMatch(formatConfig(config), /job_name: a/);
  const f = (content: string, ...expected: string[]): void =>
    assert.deepEqual(problems(text, {'/etc/p/jobs/a.yml': content}), ['/etc/p/jobs/a.yml', ...expected]);
  f(
    'scrape_configs: [{job_name: own}]',
    '1:29 found multiple scrape configs with job name "own", first found in main config file',
  );
  f('scrape_configs: [{job_name: c, sample_limit: x}]', '1:46 cannot unmarshal !!str `x` into uint');
  f('global: {}', '1:1 field global not found');
  f('a: [', '1:5 yaml: unexpected end of the stream within a flow collection');
  assert.deepEqual(
    problems(text, {
      '/etc/p/jobs/a.yml': 'scrape_configs: [{job_name: c}]',
      '/etc/p/jobs/b.yml': 'scrape_configs: [{job_name: c}]',
    }),
    [
      '/etc/p/jobs/b.yml',
      '1:29 found multiple scrape configs with job name "c", first found in "/etc/p/jobs/a.yml"',
    ],
  );
  assert.deepEqual(problems('scrape_config_files: [a/*/b.yml]'), [
    '1:23 invalid scrape config file path "a/*/b.yml"',
  ]);
});

test('an agent has no rules, no alerts and no remote reads', () => {
  const f = (text: string, ...expected: string[]): void =>
    assert.deepEqual(problems(text, {}, {agentMode: true}), expected);
  f('rule_files: [a]', '1:1 field rule_files is not allowed in agent mode');
  f('remote_read: [{url: http://a}]', '1:1 field remote_read is not allowed in agent mode');
  f('alerting: {alertmanagers: [{}]}', '1:1 field alerting is not allowed in agent mode');
  f('alerting: {}\nscrape_configs: [{job_name: a}]');
});

test('values may be written as base64', () => {
  assert.deepEqual(parse('global: {external_labels: {a: !!binary aMOp}}').global.externalLabels, {a: 'hé'});
  assert.deepEqual(problems('global: {external_labels: {a: !!binary "/w=="}}'), [
    '1:40 the bytes of a !!binary value are not UTF-8',
  ]);
  assert.deepEqual(problems('global: {external_labels: {a: !!binary "a$"}}'), [
    '1:40 !!binary value contains invalid base64 data',
  ]);
});
