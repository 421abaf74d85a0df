import assert from 'node:assert/strict';
import test from 'node:test';
import {type Config, formatConfig, parseConfig} from './config.ts';
import {ConfigError} from '../model/problems.ts';

function parse(text: string): Config {
  return parseConfig(text, {file: '/etc/prometheus/prometheus.yml', variables: {}});
}

const everything = `alerting:
  alert_relabel_configs:
    - {action: labeldrop, regex: replica}
  alertmanagers:
    - scheme: https
      path_prefix: /am
      timeout: 2s
      api_version: v2
      basic_auth: {username: u, password_file: pw}
      static_configs:
        - targets: [am1:9093, "am2:9093"]
          labels: {zone: a}
      dns_sd_configs:
        - {names: [_am._tcp.example]}
      relabel_configs:
        - {source_labels: [__address__], target_label: __alerts_path__}
      alert_relabel_configs:
        - {action: drop, source_labels: [severity], regex: info}
    - sigv4: {region: eu-west-1, access_key: a, secret_key: s}
      follow_redirects: false
      file_sd_configs: [{files: [am/*.yml]}]
`;

test('the alerting section is read with everything that it may say', () => {
  const {alerting} = parse(everything);
  const [drop] = alerting.alertRelabelConfigs;
  assert.deepEqual([drop?.action, drop?.regex], ['labeldrop', 'replica']);
  const [first, second] = alerting.alertmanagers;
  assert.deepEqual(
    {
      ...first,
      relabelConfigs: first?.relabelConfigs.length,
      alertRelabelConfigs: first?.alertRelabelConfigs.length,
    },
    {
      client: {followRedirects: true, basicAuth: {username: 'u', passwordFile: '/etc/prometheus/pw'}},
      sigV4: null,
      scheme: 'https',
      pathPrefix: '/am',
      timeoutMs: 2000,
      apiVersion: 'v2',
      relabelConfigs: 1,
      alertRelabelConfigs: 1,
      staticConfigs: [
        {source: '0', targets: [{__address__: 'am1:9093'}, {__address__: 'am2:9093'}], labels: {zone: 'a'}},
      ],
      discoveryConfigs: [
        {mechanism: 'dns', names: ['_am._tcp.example'], type: 'SRV', port: 0, refreshIntervalMs: 30_000},
      ],
    },
  );
  assert.deepEqual([second?.sigV4?.secretKey, second?.timeoutMs, second?.scheme], ['s', 10_000, 'http']);
});

test('the alerting section is shown as Prometheus shows it', () => {
  const shown = formatConfig(parse(everything));
  assert.equal(
    shown.slice(shown.indexOf('alerting:'), shown.indexOf('storage:')),
    `alerting:
  alert_relabel_configs:
  - separator: ;
    regex: replica
    replacement: $1
    action: labeldrop
  alertmanagers:
  - basic_auth:
      username: u
      password_file: /etc/prometheus/pw
    follow_redirects: true
    enable_http2: true
    scheme: https
    path_prefix: /am
    timeout: 2s
    api_version: v2
    relabel_configs:
    - source_labels: [__address__]
      separator: ;
      target_label: __alerts_path__
      replacement: $1
      action: replace
    alert_relabel_configs:
    - source_labels: [severity]
      separator: ;
      regex: info
      replacement: $1
      action: drop
    dns_sd_configs:
    - names:
      - _am._tcp.example
      refresh_interval: 30s
      type: SRV
      port: 0
    static_configs:
    - targets:
      - am1:9093
      - am2:9093
      labels:
        zone: a
  - follow_redirects: false
    enable_http2: true
    sigv4:
      region: eu-west-1
      access_key: a
      secret_key: <secret>
    scheme: http
    timeout: 10s
    api_version: v2
    file_sd_configs:
    - files:
      - /etc/prometheus/am/*.yml
      refresh_interval: 5m
`,
  );
});

test('what is wrong with the alerting section is said in the words of Prometheus, with its place', () => {
  const f = (text: string, expected: string): void =>
    assert.throws(
      () => parse(`alerting:\n  ${text}\n`),
      (error) => {
        assert.ok(error instanceof ConfigError);
        const [problem] = error.problems;
        assert.equal(`${problem!.line}:${problem!.column} ${problem!.message}`, expected);
        return true;
      },
    );
  f('alert_relabel_configs: [null]', '2:27 empty or null alert relabeling rule');
  f(
    'alertmanagers: [{api_version: v1}]',
    '2:33 expected Alertmanager api version to be one of [v2] but got v1',
  );
  f('alertmanagers: [{alert_relabel_configs: [~]}]', '2:44 empty or null Alertmanager alert relabeling rule');
  f('alertmanagers: [{relabel_configs: [~]}]', '2:38 empty or null Alertmanager target relabeling rule');
  f(
    'alertmanagers: [{timeout: soon}]',
    '2:29 not a valid duration string: "soon" (a duration is written like 15s, 1m30s or 90d)',
  );
  f('alertmanagers: [{path: x}]', '2:20 field path not found');
  f(
    'alertmanagers: [{static_configs: [{targets: ["http://a:1"]}]}]',
    '2:48 "http://a:1" is not a valid hostname (it is host:port; use scheme and metrics_path for the rest of a URL)',
  );
  f(
    'alertmanagers: [{sigv4: {access_key: a}}]',
    '2:40 must provide a AWS SigV4 Access key and Secret Key if credentials are specified in the SigV4 config',
  );
  f('alertmanagers: [{sigv4: {external_id: a}}]', '2:41 external_id can only be used with role_arn');
  f(
    'alertmanagers: [{sigv4: {}, basic_auth: {username: a}}]',
    '2:27 at most one of basic_auth, authorization, oauth2, & sigv4 must be configured',
  );
  f(
    'alertmanagers: [{azure_sd_configs: [{subscription_id: a}]}]',
    '2:20 service discovery with azure is not supported yet: leave it out',
  );
});
