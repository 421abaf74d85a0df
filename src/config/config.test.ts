import assert from 'node:assert/strict';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'node:test';
import {describeError} from '../sys/log.ts';
import {Random} from '../base/random.ts';
import type {ScrapeConfig} from '../scrape/config.ts';
import {type Config, type ConfigOptions, formatConfig, loadConfig, parseConfig} from './config.ts';
import {ConfigError} from '../model/problems.ts';

function parse(text: string, options: ConfigOptions = {}): Config {
  return parseConfig(text, {file: '/etc/narthex/prometheus.yml', variables: {}, ...options});
}

/** The only scrape config of a text. */
function job(lines: string, global = ''): ScrapeConfig {
  const indented = lines.replaceAll('\n', '\n    ');
  return parse(`${global}\nscrape_configs:\n  - ${indented}\n`).scrapeConfigs[0]!;
}

/** Problems as `line:column message`. */
function problems(text: string): string[] {
  try {
    parse(text);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.problems.map(({line, column, message}) => `${line}:${column} ${message}`);
  }
  return [];
}

test('parseConfig() of nothing gives the defaults', () => {
  for (const text of ['', '# nothing', '{}', 'global:', 'scrape_configs:\nrule_files:\nalerting:\n']) {
    const config = parse(text);
    assert.deepEqual(config.scrapeConfigs, []);
    assert.equal(config.global.scrapeIntervalMs, 60_000);
    assert.equal(config.global.scrapeTimeoutMs, 10_000);
    assert.equal(config.global.evaluationIntervalMs, 60_000);
    assert.equal(config.storage.retention.timeMs, 15 * 86_400_000);
  }
});

test('a scrape config has the defaults of Prometheus', () => {
  assert.deepEqual(job('job_name: x'), {
    followRedirects: true,
    jobName: 'x',
    scrapeIntervalMs: 60_000,
    scrapeTimeoutMs: 10_000,
    metricsPath: '/metrics',
    scheme: 'http',
    params: {},
    honorLabels: false,
    honorTimestamps: true,
    trackTimestampsStaleness: false,
    enableCompression: true,
    scrapeProtocols: [
      'OpenMetricsText1.0.0',
      'OpenMetricsText0.0.1',
      'PrometheusText1.0.0',
      'PrometheusText0.0.4',
    ],
    fallbackScrapeProtocol: '',
    scrapeFailureLogFile: '',
    scrapeNativeHistograms: false,
    alwaysScrapeClassicHistograms: false,
    convertClassicHistogramsToNhcb: false,
    nativeHistogramBucketLimit: 0,
    nativeHistogramMinBucketFactor: 0,
    metricNameValidationScheme: 'utf8',
    metricNameEscapingScheme: 'allow-utf-8',
    extraScrapeMetrics: false,
    bodySizeLimitBytes: 0,
    sampleLimit: 0,
    targetLimit: 0,
    labelLimit: 0,
    labelNameLengthLimit: 0,
    labelValueLengthLimit: 0,
    keepDroppedTargets: 0,
    relabelConfigs: [],
    metricRelabelConfigs: [],
    staticConfigs: [],
    discoveryConfigs: [],
  });
});

test('a scrape config takes from the global section what it does not say itself', () => {
  const global = `global:
  scrape_interval: 30s
  scrape_timeout: 20s
  scrape_protocols: [PrometheusText0.0.4]
  body_size_limit: 10MB
  sample_limit: 1
  target_limit: 2
  label_limit: 3
  label_name_length_limit: 4
  label_value_length_limit: 5
  keep_dropped_targets: 6`;
  const inherited = job('job_name: x', global);
  assert.equal(inherited.scrapeIntervalMs, 30_000);
  assert.equal(inherited.scrapeTimeoutMs, 20_000);
  assert.deepEqual(inherited.scrapeProtocols, ['PrometheusText0.0.4']);
  assert.equal(inherited.bodySizeLimitBytes, 10 * 2 ** 20);
  assert.deepEqual(
    [
      inherited.sampleLimit,
      inherited.targetLimit,
      inherited.labelLimit,
      inherited.labelNameLengthLimit,
      inherited.labelValueLengthLimit,
      inherited.keepDroppedTargets,
    ],
    [1, 2, 3, 4, 5, 6],
  );
  const own = job('job_name: x\nscrape_interval: 1m\nsample_limit: 9\nbody_size_limit: 1KB', global);
  assert.deepEqual(
    [own.scrapeIntervalMs, own.scrapeTimeoutMs, own.sampleLimit, own.bodySizeLimitBytes],
    [60_000, 20_000, 9, 1024],
  );
});

test('timeouts are capped by the interval', () => {
  assert.equal(parse('global: {scrape_interval: 5s}').global.scrapeTimeoutMs, 5000);
  assert.equal(job('job_name: x\nscrape_interval: 2s').scrapeTimeoutMs, 2000);
  assert.equal(
    job('job_name: x\nscrape_interval: 1m', 'global: {scrape_interval: 5s}').scrapeTimeoutMs,
    5000,
  );
});

test('a scrape config reads every field', () => {
  const config = job(`job_name: x
honor_labels: true
honor_timestamps: false
track_timestamps_staleness: yes
params:
  module: [http_2xx, "a b"]
metrics_path: /probe
scheme: https
enable_compression: off
fallback_scrape_protocol: PrometheusText0.0.4
follow_redirects: false
basic_auth: {username: u, password_file: secrets/p}
tls_config: {ca_file: /ca.pem, insecure_skip_verify: true, server_name: s, min_version: TLS12}
static_configs:
  - targets: [a:1, b]
    labels: {zone: 1, up: yes}
  - targets: [c]
relabel_configs:
  - {source_labels: [a, b], separator: "-", regex: (.+), target_label: t, replacement: x$1}
metric_relabel_configs:
  - {action: DROP, source_labels: [__name__], regex: go_.*}
  - {action: hashmod, modulus: 8, source_labels: [a], target_label: t}`);
  assert.equal(config.honorLabels, true);
  assert.equal(config.honorTimestamps, false);
  assert.equal(config.trackTimestampsStaleness, true);
  assert.deepEqual(config.params, {module: ['http_2xx', 'a b']});
  assert.equal(config.metricsPath, '/probe');
  assert.equal(config.scheme, 'https');
  assert.equal(config.enableCompression, false);
  assert.equal(config.fallbackScrapeProtocol, 'PrometheusText0.0.4');
  assert.equal(config.followRedirects, false);
  assert.deepEqual(config.basicAuth, {username: 'u', passwordFile: '/etc/narthex/secrets/p'});
  assert.deepEqual(config.tls, {
    insecureSkipVerify: true,
    caFile: '/ca.pem',
    serverName: 's',
    minVersion: 'TLS12',
  });
  assert.deepEqual(config.staticConfigs, [
    {source: '0', targets: [{__address__: 'a:1'}, {__address__: 'b'}], labels: {zone: '1', up: 'yes'}},
    {source: '1', targets: [{__address__: 'c'}], labels: {}},
  ]);
  assert.deepEqual(config.relabelConfigs, [
    {
      sourceLabels: ['a', 'b'],
      separator: '-',
      regex: '(.+)',
      modulus: 0,
      targetLabel: 't',
      replacement: 'x$1',
      action: 'replace',
    },
  ]);
  assert.deepEqual(
    config.metricRelabelConfigs.map(({action, modulus}) => [action, modulus]),
    [
      ['drop', 0],
      ['hashmod', 8],
    ],
  );
});

test('bearer_token means the same as authorization', () => {
  assert.deepEqual(job('job_name: x\nbearer_token: t').authorization, {type: 'Bearer', credentials: 't'});
  assert.deepEqual(job('job_name: x\nbearer_token_file: t').authorization, {
    type: 'Bearer',
    credentialsFile: '/etc/narthex/t',
  });
  assert.deepEqual(job('job_name: x\nauthorization: {type: " Token ", credentials: c}').authorization, {
    type: 'Token',
    credentials: 'c',
  });
});

test('empty fields are zero, as in Go', () => {
  const config = job(
    'job_name: x\nhonor_timestamps:\nmetrics_path: ~\nscrape_interval: null\nrelabel_configs:\nstatic_configs:\n- targets:\n  labels:\n- targets: [a]',
  );
  assert.equal(config.honorTimestamps, false);
  assert.equal(config.metricsPath, '');
  assert.equal(config.scrapeIntervalMs, 60_000);
  assert.deepEqual(
    config.staticConfigs.map(({targets}) => targets.length),
    [0, 1],
  );
  const [rule] = job(
    'job_name: x\nrelabel_configs:\n- separator:\n  replacement:\n  regex:\n  target_label: t',
  ).relabelConfigs;
  assert.deepEqual([rule!.separator, rule!.replacement, rule!.regex], ['', '', '']);
});

test('external_labels have environment variables expanded', () => {
  const text = 'global:\n  external_labels:\n    a: $HOST-${ZONE}\n    b: $$x\n    c: ${NONE}\n    d: 1\n';
  const config = parse(text, {variables: {HOST: 'h', ZONE: 'z'}});
  assert.deepEqual(config.global.externalLabels, {a: 'h-z', b: '$x', d: '1'});
  assert.deepEqual(config.warnings, ['Empty environment variable "NONE" in external_labels']);
  assert.match(formatConfig(config), /external_labels:\n {4}a: h-z\n {4}b: \$x\n {4}c: ""\n {4}d: "1"\n/);
});

test('every problem is listed, with line, column and path', () => {
  const text = `global:
  scrape_interval: 15
  scrape_timout: 10s
scrape_configs:
  - job_name: a
    honor_labels: maybe
    body_size_limit: 10
    relabel_configs:
      - {regex: "(", target_label: x}
  - job_name: b
    static_configs: [{targets: ["http://x/"]}]
  - job_name: b
colour: red
`;
  assert.throws(
    () => parse(text),
    (error: Error) => {
      assert.equal(
        error.message,
        `parsing YAML file /etc/narthex/prometheus.yml: 8 problems
  /etc/narthex/prometheus.yml:2:20: global.scrape_interval: not a valid duration string: "15" (a duration is written like 15s, 1m30s or 90d)
  /etc/narthex/prometheus.yml:3:3: global.scrape_timout: field scrape_timout not found; did you mean scrape_timeout?
  /etc/narthex/prometheus.yml:6:19: scrape_configs[0].honor_labels: cannot unmarshal !!str \`maybe\` into bool
  /etc/narthex/prometheus.yml:7:22: scrape_configs[0].body_size_limit: units: unknown unit  in 10 (a size is written like 512KB, 10MB or 1GB)
  /etc/narthex/prometheus.yml:9:17: scrape_configs[0].relabel_configs[0].regex: error parsing regexp: missing closing ): \`^(?s:()$\`
  /etc/narthex/prometheus.yml:11:33: scrape_configs[1].static_configs[0].targets[0]: "http://x/" is not a valid hostname (it is host:port; use scheme and metrics_path for the rest of a URL)
  /etc/narthex/prometheus.yml:12:15: scrape_configs[2].job_name: found multiple scrape configs with job name "b"
  /etc/narthex/prometheus.yml:13:1: colour: field colour not found`,
      );
      return true;
    },
  );
});

test('parseConfig() refuses with the words of Prometheus', () => {
  const f = (lines: string, expected: string): void => {
    const found = problems(`scrape_configs:\n  - ${lines.replaceAll('\n', '\n    ')}\n`);
    assert.equal(found.length, 1, found.join('\n'));
    assert.ok(found[0]!.includes(expected), `${found[0]}\n${expected}`);
  };
  f('honor_labels: true', '2:5 job_name is empty');
  f('job_name: ""', 'job_name is empty');
  f('null', 'empty or null scrape config section');
  f(
    'job_name: x\nscrape_interval: 5s\nscrape_timeout: 6s',
    '4:21 scrape timeout greater than scrape interval for scrape config with job name "x"',
  );
  f(
    'job_name: x\nscrape_protocols: []',
    'scrape_protocols cannot be empty for scrape config with job name "x"',
  );
  f(
    'job_name: x\nscrape_protocols: [PrometheusText0.0.4, prometheustext0.0.4]',
    'duplicated protocol in scrape_protocols, got [PrometheusText0.0.4 prometheustext0.0.4]',
  );
  f(
    'job_name: x\nscrape_protocols: [x]',
    'scrape_protocols: unknown scrape protocol x, supported: [OpenMetricsText0.0.1 OpenMetricsText1.0.0 PrometheusProto PrometheusText0.0.4 PrometheusText1.0.0] for scrape config with job name "x"',
  );
  f(
    'job_name: x\nfallback_scrape_protocol: x',
    'invalid fallback_scrape_protocol for scrape config with job name "x": unknown scrape protocol x',
  );
  f('job_name: x\nsample_limit: -1', 'cannot unmarshal !!int `-1` into uint');
  f('job_name: x\nparams: {a: b}', 'cannot unmarshal !!str `b` into []string');
  f('job_name: x\nparams: [a]', 'cannot unmarshal !!seq into url.Values');
  f('job_name: [x]', 'cannot unmarshal !!seq into string');
  f('job_name: x\nstatic_configs: x', 'cannot unmarshal !!str `x` into');
  f('job_name: x\nstatic_configs: [null]', 'empty or null section in static_configs');
  f('job_name: x\nstatic_configs:\n- targets: [a]\n  labels: {"": x}', '"" is not a valid label name');
  f('job_name: x\njob_name: y', 'field job_name already set');
  f('job_name: x\nscheme: ftp', 'unknown scheme "ftp": it is http or https');
});

test('authentication is checked with the words of Prometheus', () => {
  const f = (lines: string, expected: string): void => {
    const found = problems(`scrape_configs:\n  - job_name: x\n    ${lines.replaceAll('\n', '\n    ')}\n`);
    assert.ok(
      found.some((each) => each.includes(expected)),
      `${found.join('\n')}\n${expected}`,
    );
  };
  f(
    'bearer_token: a\nbearer_token_file: b',
    'at most one of bearer_token & bearer_token_file must be configured',
  );
  f(
    'basic_auth: {username: u}\nbearer_token: a',
    'at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured',
  );
  f(
    'basic_auth: {username: u, password: a, password_file: b}',
    'at most one of basic_auth password, password_file & password_ref must be configured',
  );
  f(
    'basic_auth: {username: u, username_file: b}',
    'at most one of basic_auth username, username_file & username_ref must be configured',
  );
  f(
    'basic_auth: {username: u}\nauthorization: {credentials: c}',
    'at most one of basic_auth, oauth2 & authorization must be configured',
  );
  f(
    'authorization: {credentials: c}\nbearer_token: a',
    'authorization is not compatible with bearer_token & bearer_token_file',
  );
  f(
    'authorization: {credentials: c, credentials_file: d}',
    'at most one of authorization credentials & credentials_file must be configured',
  );
  f('authorization: {type: Basic}', 'authorization type cannot be set to "basic", use "basic_auth" instead');
  f(
    'tls_config: {cert_file: c}',
    'exactly one of key or key_file must be configured when a client certificate is configured',
  );
  f(
    'tls_config: {key_file: c}',
    'exactly one of cert or cert_file must be configured when a client key is configured',
  );
  f('tls_config: {ca: a, ca_file: b}', 'at most one of ca, ca_file & ca_ref must be configured');
  f('tls_config: {min_version: TLS14}', 'unknown TLS version: TLS14');
});

test('relabelling rules are checked with the words of Prometheus', () => {
  const f = (rule: string, expected: string): void => {
    const found = problems(`scrape_configs:\n  - job_name: x\n    relabel_configs:\n      - ${rule}\n`);
    assert.deepEqual(
      found.map((each) => each.replace(/^\S+ /, '')),
      [expected],
    );
  };
  f('null', 'empty or null target relabeling rule in scrape config');
  f('{action: foo}', 'unknown relabel action "foo"');
  f('{action: }', 'relabel action cannot be empty');
  f('{action: replace}', "relabel configuration for replace action requires 'target_label' value");
  f('{action: lowercase}', "relabel configuration for lowercase action requires 'target_label' value");
  f('{action: hashmod, target_label: x}', 'relabel configuration for hashmod requires non-zero modulus');
  f(
    '{action: hashmod, modulus: 1}',
    "relabel configuration for hashmod action requires 'target_label' value",
  );
  f(
    '{action: uppercase, target_label: x, replacement: y}',
    "'replacement' can not be set for uppercase action",
  );
  f('{action: labelmap, replacement: ""}', `"" is invalid 'replacement' for labelmap action`);
  f(
    '{action: keepequal, target_label: x, regex: (.*)}',
    "keepequal action requires only 'source_labels' and `target_label`, and no other fields",
  );
  f(
    '{action: dropequal, target_label: x, separator: x}',
    "dropequal action requires only 'source_labels' and `target_label`, and no other fields",
  );
  f('{action: labeldrop, source_labels: [a]}', "labeldrop action requires only 'regex', and no other fields");
  f('{action: labelkeep, target_label: a}', "labelkeep action requires only 'regex', and no other fields");
  f('{target_label: x, regex: "a**"}', 'error parsing regexp: invalid nested repetition operator: `**`');
  f('{target_label: x, source_labels: [""]}', '"" is not a valid label name');
});

test('native histograms and names: from the global section, and what follows from them', () => {
  const native = job('job_name: x', 'global: {scrape_native_histograms: true, extra_scrape_metrics: true}');
  assert.deepEqual([native.scrapeNativeHistograms, native.extraScrapeMetrics], [true, true]);
  assert.equal(native.scrapeProtocols[0], 'PrometheusProto');
  const off = 'job_name: x\nscrape_native_histograms: false';
  assert.equal(job(off, 'global: {scrape_native_histograms: true}').scrapeProtocols.length, 4);
  const own = 'global: {scrape_native_histograms: true, scrape_protocols: [PrometheusText0.0.4]}';
  assert.deepEqual(job('job_name: x', own).scrapeProtocols, ['PrometheusText0.0.4']);
  const names = (lines: string, global = ''): string[] => {
    const config = job(`job_name: x\n${lines}`, global);
    return [config.metricNameValidationScheme, config.metricNameEscapingScheme];
  };
  const legacy = 'global: {metric_name_validation_scheme: legacy}';
  assert.deepEqual(names('', legacy), ['legacy', 'underscores']);
  assert.deepEqual(names('metric_name_validation_scheme: utf8', legacy), ['utf8', 'allow-utf-8']);
  assert.deepEqual(names('metric_name_validation_scheme: legacy'), ['legacy', 'underscores']);
  assert.deepEqual(names('metric_name_escaping_scheme: dots', legacy), ['legacy', 'dots']);
  assert.deepEqual(
    problems(
      'scrape_configs: [{job_name: x, metric_name_validation_scheme: legacy, metric_name_escaping_scheme: allow-utf-8}]',
    ).map((problem) => problem.replace(/^\S+ /, '')),
    ['utf8 metric names requested but validation scheme is not set to UTF8'],
  );
});

test('a mechanism that is not there yet is named, where its key stands', () => {
  const f = (field: string, name: string): void =>
    assert.deepEqual(problems(`scrape_configs:\n  - job_name: x\n    ${field}\n`), [
      `3:5 service discovery with ${name} is not supported yet: leave it out`,
    ]);
  f('azure_sd_configs: [{subscription_id: x}]', 'azure');
  f('vultr_sd_configs: [{}]', 'vultr');
  assert.deepEqual(problems('scrape_configs: [{job_name: x, azure_sd_configs: []}]'), []);
});

test('sections without effect are said to be so', () => {
  const f = (text: string, ...expected: string[]): void => assert.deepEqual(parse(text).warnings, expected);
  const idle = (name: string, consequence: string): string =>
    `The section ${name} has no effect yet: ${consequence}`;
  f('remote_write: [{url: http://x}]', idle('remote_write', 'nothing is sent'));
  f('remote_read: [{url: http://x}]', idle('remote_read', 'queries see what is stored here only'));
  f('tracing: {endpoint: x}', idle('tracing', 'no traces are sent'));
  f('global: {query_log_file: q}', 'global.query_log_file has no effect yet: queries are not logged');
  f(`rule_files:
  # - "first.yml"
alerting:
  alertmanagers:
    - static_configs:
        - targets:
          # - alertmanager:9093
remote_write: []
tracing:
otlp: {promote_resource_attributes: [service.name]}
runtime: {gogc: 80}
storage: {exemplars: {max_exemplars: 10}}
`);
});

test('retention in the file comes before the flag', () => {
  const retention = {timeMs: 1000, bytes: 5, percentage: 0};
  function f(text: string, expected: {timeMs: number; bytes: number; percentage: number}): void {
    assert.deepEqual(parse(text, {retention}).storage.retention, expected);
  }
  const day = 86_400_000;
  f('', retention);
  f('storage: {tsdb: {}}', retention);
  // A section replaces all that the flags say.
  f('storage: {tsdb: {retention: {time: 3d}}}', {timeMs: 3 * day, bytes: 0, percentage: 0});
  f('storage: {tsdb: {retention: {size: 1GB}}}', {timeMs: 0, bytes: 2 ** 30, percentage: 0});
  f('storage: {tsdb: {retention: {time: 1d, percentage: 80.5}}}', {timeMs: day, bytes: 0, percentage: 80.5});
});

test('a size is ignored beside a percentage, with a warning', () => {
  assert.deepEqual(parse('storage: {tsdb: {retention: {size: 1GB, percentage: 5}}}').warnings, [
    'storage.tsdb.retention.size is ignored, because storage.tsdb.retention.percentage is specified',
  ]);
});

test('retention is refused outside of its range', () => {
  assert.throws(
    () => parse('storage: {tsdb: {retention: {percentage: 101}}}'),
    /must be in the range \[0, 100\], got 101/,
  );
  assert.throws(
    () => parse('storage: {tsdb: {retention: {size: -1GB}}}'),
    /must be greater than or equal to 0/,
  );
});

test('formatConfig() shows the effective configuration and hides secrets', () => {
  const text = `global: {scrape_interval: 15s}
scrape_configs:
  - job_name: x
    basic_auth: {username: u, password: topsecret}
    tls_config: {cert: c, key: topsecret}
    static_configs: [{targets: [a:1]}]
    relabel_configs: [{source_labels: [a], target_label: b}]
  - job_name: y
    authorization: {credentials: topsecret}
`;
  const shown = formatConfig(parse(text));
  assert.doesNotMatch(shown, /topsecret/);
  assert.equal(shown.match(/<secret>/g)?.length, 3);
  assert.match(
    shown,
    /^global:\n {2}scrape_interval: 15s\n {2}scrape_timeout: 10s\n {2}evaluation_interval: 1m\n/,
  );
  assert.match(
    shown,
    /- source_labels: \[a\]\n {4}separator: ;\n {4}target_label: b\n {4}replacement: \$1\n {4}action: replace\n/,
  );
  assert.match(shown, /static_configs:\n {2}- targets:\n {4}- a:1\n/);
});

test('what formatConfig() shows is a configuration with the same meaning', () => {
  const text = `global: {scrape_interval: 15s, external_labels: {a: "1", b: "x y"}, body_size_limit: 1.5MB}
scrape_configs:
  - job_name: "x: y"
    params: {a: ["1", ""], b: []}
    metric_relabel_configs:
      - {regex: "a|'b'", replacement: "multi\\nline", target_label: t}
      - {action: labeldrop, regex: "x.*"}
    static_configs: [{targets: [], labels: {l: "yes"}}, {targets: ["a:1"]}]
`;
  const config = parse(text);
  const again = parse(formatConfig(config));
  assert.deepEqual(again.scrapeConfigs, config.scrapeConfigs);
  assert.deepEqual(again.global, {...config.global, scrapeProtocols: again.global.scrapeProtocols});
  assert.equal(formatConfig(again), formatConfig(config));
});

test('parseConfig() refuses a text that is no mapping, and says so once', () => {
  assert.deepEqual(problems('[]').length, 1);
  assert.deepEqual(problems('hello').length, 1);
  assert.match(problems('a: b: c')[0]!, /^1:5 yaml: /);
});

test('a billion laughs and a deep nest are errors', () => {
  let bomb = 'a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n';
  for (let i = 1; i < 12; i++) bomb += `a${i}: &a${i} [${`*a${i - 1}, `.repeat(10)}]\n`;
  assert.match(problems(bomb)[0]!, /excessive aliasing/);
  assert.match(problems('['.repeat(10_000))[0]!, /yaml: /);
});

test('loadConfig() reads a file, and says what stands in the way', () => {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-config-'));
  const file = join(folder, 'prometheus.yml');
  try {
    const missing = `open ${file}: no such file or directory`;
    assert.throws(
      () => loadConfig(file),
      (error: unknown) => describeError(error) === missing,
    );
    assert.throws(() => loadConfig(folder), /is a directory/);
    writeFileSync(file, 'scrape_configs: [{job_name: x, bearer_token_file: t}]\n');
    assert.equal(loadConfig(file).scrapeConfigs[0]!.authorization?.credentialsFile, join(folder, 't'));
    writeFileSync(file, Uint8Array.of(0x61, 0x3a, 0x20, 0x31, 0x0a, 0x62, 0xff));
    assert.throws(() => loadConfig(file), /prometheus\.yml:2:2: the text is not UTF-8/);
  } finally {
    rmSync(folder, {recursive: true});
  }
});

test('a file with very many problems is not read to its end', () => {
  const text = `scrape_configs:\n${'  - {job_name: x, foo: 1, scrape_interval: 5}\n'.repeat(5000)}`;
  const found = problems(text);
  assert.ok(found.length >= 500 && found.length < 600, `${found.length} problems`);
  assert.throws(() => parse(text), /\n {2}and more$/);
});

test('any text is a configuration or a ConfigError, for any seed', () => {
  const text = `global: {scrape_interval: 15s, external_labels: {a: "1", b: $X}}
scrape_configs:
  - job_name: &name x
    params: {a: [b, "c"]}
    basic_auth: {username: u, password: p}
    static_configs:
      - targets: [a:1, 'b']
        labels:
          <<: {x: y}
          z: |
            text
    relabel_configs:
      - {source_labels: [a], regex: "(.*)", target_label: b, replacement: $1, action: replace}
  - {job_name: y, metrics_path: *name, scrape_timeout: 5s}
`;
  const pieces = [
    '\n',
    ' ',
    ':',
    '- ',
    '{',
    '}',
    '[',
    ']',
    '"',
    "'",
    '&a ',
    '*a',
    '!!str ',
    '|',
    '~',
    '1',
    'x',
    '\t',
    '\0',
    '<<',
    '?',
    '#',
    '%',
    '---\n',
    'é',
    '\ud800',
    '__proto__',
    'constructor',
  ];
  let valid = 0;
  for (let seed = 0; seed < 1500; seed++) {
    const random = new Random(seed);
    let mutated = text;
    for (let i = random.below(4); i >= 0; i--) {
      const at = random.below(mutated.length);
      mutated = mutated.slice(0, at) + random.pick([...pieces, '']) + mutated.slice(at + random.below(4));
    }
    try {
      formatConfig(parse(mutated));
      valid++;
    } catch (error) {
      assert.ok(error instanceof ConfigError, `seed ${seed}: ${String(error)}\n${mutated}`);
      for (const {line, column} of error.problems) assert.ok(line >= 1 && column >= 1, `seed ${seed}`);
    }
  }
  assert.ok(valid > 10, `${valid} of 1500 are valid`);
});

test('parseConfig() reads how floats are stored, and when stale series leave the head', () => {
  const f = (text: string, floats: string, threshold: number): void => {
    const config = parse(`storage: {tsdb: {${text}}}`);
    assert.deepEqual(
      [config.storage.floatEncoding, config.storage.staleSeriesThreshold],
      [floats, threshold],
    );
    if (text !== '')
      assert.ok(formatConfig(config).includes(text.replaceAll(/[{}]/g, '').split(': ').at(-1)!));
  };
  f('', '', 0);
  f('chunk_encoding: {floats: xor}', 'xor', 0);
  f('chunk_encoding: {floats: xor2}', 'xor2', 0);
  f('stale_series_compaction_threshold: 0.25', '', 0.25);
  assert.match(
    problems('storage: {tsdb: {chunk_encoding: {floats: XOR2}}}')[0]!,
    /must be 'xor' or 'xor2', or the field must be omitted entirely, got "XOR2"/,
  );
});
