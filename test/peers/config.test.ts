// What Prometheus makes of a configuration, and how it shows it, against what Narthex makes of the same file.
import assert from 'node:assert/strict';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test, {after, before} from 'node:test';
import {Random} from '../../src/base/random.ts';
import {resolveScalar} from '../../src/base/yaml-resolve.ts';
import {FlowSequence, writeYaml, type YamlValue} from '../../src/base/yaml-write.ts';
import {parseYaml, type YamlNode} from '../../src/base/yaml.ts';
import {formatConfig, loadConfig, parseConfig} from '../../src/config/config.ts';
import {foreignConfigs, foreignFolder} from '../lib/foreignconfigs.ts';
import {type StartedServer, startPrometheus} from '../lib/narthex.ts';

let prometheus: StartedServer;
/** Of the peer: 3014 for 3.14. */
let version = 0;

before(async () => {
  prometheus = await startPrometheus();
  const response = await fetch(`${prometheus.url}/api/v1/status/buildinfo`);
  const {data} = (await response.json()) as {data: {version: string}};
  const [major, minor] = data.version.split('.').map(Number);
  version = major! * 1000 + minor!;
});

after(async () => {
  await prometheus.stop();
});

/** The text of /api/v1/status/config after a reload with this configuration; throws Prometheus's complaint. */
async function shownByPrometheus(text: string): Promise<string> {
  writeFileSync(join(prometheus.folder, 'prometheus.yml'), text);
  const reload = await fetch(`${prometheus.url}/-/reload`, {method: 'POST'});
  const complaint = await reload.text();
  if (!reload.ok) throw new Error(complaint.trim());
  const response = await fetch(`${prometheus.url}/api/v1/status/config`);
  return ((await response.json()) as {data: {yaml: string}}).data.yaml;
}

function shownByNarthex(): string {
  return formatConfig(loadConfig(join(prometheus.folder, 'prometheus.yml')));
}

function root(text: string): YamlNode {
  return parseYaml(text).root!;
}

/** What newer versions show and older ones do not, or the other way round. Everything else must be the same. */
const shownByNewer = new Set([
  'runtime',
  'otlp',
  'storage',
  'alerting',
  'track_timestamps_staleness',
  'scrape_protocols',
  'enable_compression',
  'scrape_native_histograms',
  'always_scrape_classic_histograms',
  'convert_classic_histograms_to_nhcb',
  'metric_name_validation_scheme',
  'metric_name_escaping_scheme',
  'extra_scrape_metrics',
  'label_name_underscore_sanitization',
  'label_name_preserve_multiple_underscores',
  'outofordertimewindow',
  'retention',
]);

function isShownByOlder(path: string, value: YamlNode): boolean {
  if (path === 'global.scrape_protocols') return true;
  return path.endsWith('.regex') && value.kind === 'scalar' && value.text === '(.*)';
}

function assertSame(theirs: YamlNode, ours: YamlNode, path: string): void {
  assert.equal(ours.kind, theirs.kind, path);
  if (theirs.kind === 'scalar' && ours.kind === 'scalar') {
    // Older versions show their number for a version of TLS.
    if (/\.m(?:in|ax)_version$/.test(path)) return;
    // An empty pattern was shown as null.
    if (path.endsWith('.regex') && ours.text === '' && theirs.text === 'null') return;
    assert.deepEqual(resolveScalar(ours), resolveScalar(theirs), path);
  } else if (theirs.kind === 'sequence' && ours.kind === 'sequence') {
    assert.equal(ours.items.length, theirs.items.length, path);
    for (const [i, item] of theirs.items.entries()) assertSame(item, ours.items[i]!, `${path}[${i}]`);
  } else if (theirs.kind === 'mapping' && ours.kind === 'mapping') {
    const below = (key: string): string => (path === '' ? key : `${path}.${key}`);
    const common = theirs.entries.filter(({key, value}) => {
      if (ours.entries.some((entry) => entry.key === key)) return true;
      assert.ok(isShownByOlder(below(key), value), `Prometheus shows ${below(key)}, Narthex does not`);
      return false;
    });
    const matching = ours.entries.filter(({key, value}) => {
      if (theirs.entries.some((entry) => entry.key === key)) return true;
      const empty = value.kind === 'scalar' && value.text === '';
      assert.ok(shownByNewer.has(key) || empty, `Narthex shows ${below(key)}, Prometheus does not`);
      return false;
    });
    assert.deepEqual(
      matching.map(({key}) => key),
      common.map(({key}) => key),
      `order of the fields of ${path}`,
    );
    for (const [i, {key, value}] of common.entries()) assertSame(value, matching[i]!.value, below(key));
  }
}

/** Writes a tree again; source_labels are what the original writes on one line. */
function valueOf(node: YamlNode, key = ''): YamlValue {
  if (node.kind === 'scalar') {
    const {value} = resolveScalar(node);
    return typeof value === 'bigint' ? Number(value) : value;
  }
  if (node.kind === 'mapping')
    return new Map(node.entries.map((entry) => [entry.key, valueOf(entry.value, entry.key)]));
  if (key === 'source_labels')
    return new FlowSequence(node.items.map((item) => (item.kind === 'scalar' ? item.text : '')));
  return node.items.map((item) => valueOf(item));
}

async function compare(text: string): Promise<void> {
  const theirs = await shownByPrometheus(text);
  const ours = shownByNarthex();
  // The version whose configuration Narthex shows.
  if (version >= 3014) assert.equal(ours, theirs);
  assertSame(root(theirs), root(ours), '');
  assert.equal(writeYaml(valueOf(root(theirs))), theirs, 'the layout of the text');
}

const jobs: Record<string, string> = {
  nothing: 'global: {}\n',
  'global fields': `global:
  scrape_interval: 15s
  scrape_timeout: 5s
  evaluation_interval: 1m30s
  external_labels: {monitor: x, a10: 1, a9: yes, z: "0x1", b: 1.50, _: ~}
scrape_configs:
  - job_name: x
`,
  'a job with everything': `global: {scrape_interval: 1d12h}
scrape_configs:
  - job_name: "first # job: with 'quotes'"
    honor_labels: on
    honor_timestamps: off
    scrape_interval: 90s
    scrape_timeout: 3s
    metrics_path: /probe?x
    scheme: https
    params:
      module: [http_2xx, "a b", ""]
      b: []
    sample_limit: 1_000
    target_limit: 0x10
    label_limit: 5
    label_name_length_limit: 6
    label_value_length_limit: 7
    body_size_limit: 1.5MB
    basic_auth: {username: user, password: topsecret}
    tls_config: {ca_file: ca.pem, cert_file: /c.pem, key_file: k.pem, server_name: s, insecure_skip_verify: true, min_version: TLS12}
    follow_redirects: false
    enable_http2: false
    static_configs:
      - targets: [a:1, "b"]
        labels: {z: "1", a: yes, u: 5m}
      - targets: []
      - targets:
  - job_name: 007
    authorization: {credentials: topsecret}
  - job_name: 1.5
    authorization: {type: Token, credentials_file: f}
  - job_name: yes
    bearer_token: topsecret
  - job_name: null # A comment.
    bearer_token_file: token
`.replace('job_name: null', 'job_name: "null"'),
  relabelling: `scrape_configs:
  - job_name: x
    relabel_configs:
      - source_labels: [__address__, __meta_very_long_label_name_number_one, __meta_very_long_label_name_number_two, __meta_3]
        regex: '([^:]+)(?::\\d+)?;(\\d+)'
        replacement: $1:$2
        target_label: __address__
      - {source_labels: [a], separator: "-", target_label: b}
      - {action: Keep, source_labels: [a, b], regex: "yes;no"}
      - {action: hashmod, source_labels: [__address__], modulus: 8, target_label: __tmp_hash}
      - {action: labelmap, regex: __meta_kubernetes_service_label_(.+)}
      - {action: labeldrop, regex: "a|'b'"}
      - {action: labelkeep, regex: ".*"}
      - {action: lowercase, source_labels: [a], target_label: a}
      - {action: keepequal, source_labels: [a], target_label: b}
      - {target_label: t, replacement: "multi\\nline"}
      - {target_label: t, replacement: "\${1}: x"}
    metric_relabel_configs:
      - {action: drop, source_labels: [__name__], regex: "go_.*|process_.*"}
`,
  'service discovery': `scrape_configs:
  - job_name: x
    static_configs: [{targets: [a:1]}]
    http_sd_configs:
      - url: https://user:pass@sd.example/targets?x=1
        tls_config: {ca_file: ca.pem}
      - {url: http://sd, refresh_interval: 30s, basic_auth: {username: a, password: topsecret}}
    file_sd_configs:
      - files: [sd/*.json, /a/b.yml]
      - {files: [c.YAML], refresh_interval: 1h}
    dns_sd_configs:
      - names: [_x._tcp.example, b]
      - {names: [a], type: aaaa, port: 80}
`,
  'anchors and merges':
    `x: &x 1\n`.slice(0, 0) +
    `scrape_configs:
  - &first
    job_name: a
    scrape_interval: &interval 20s
    static_configs: &targets
      - targets: [a:1]
  - <<: *first
    job_name: b
  - job_name: c
    scrape_interval: *interval
    static_configs: *targets
`,
};

for (const [name, text] of Object.entries(jobs)) {
  test(`Prometheus and Narthex show the same: ${name}`, async (t) => {
    try {
      await shownByPrometheus(text);
    } catch (error) {
      // Programs may be built without them.
      if (!/field \w+_sd_configs not found/.test((error as Error).message)) throw error;
      return t.skip((error as Error).message);
    }
    await compare(text);
  });
}

test('Prometheus and Narthex show the same: any text in labels, for ten seeds', async () => {
  const pieces = [
    'a',
    'B',
    'word',
    'yes',
    '1',
    ' ',
    '  ',
    ':',
    ': ',
    '#',
    ' #',
    '-',
    "'",
    '"',
    '\n',
    '\t',
    '\\',
    '{',
    ']',
    ',',
    '&',
    '*',
    'é',
    '火',
    '\u{1f600}',
    '%',
    '?',
    '|',
    '~',
    '0x',
    '.',
    '$1',
    '@',
    '`',
    '!',
    '>',
    '=',
  ];
  for (let seed = 0; seed < 10; seed++) {
    const random = new Random(seed);
    const labels = Array.from({length: 150}, (_, i) => {
      const value = Array.from({length: random.below(40)}, () => random.pick(pieces)).join('');
      return `          l${i}: ${JSON.stringify(value)}\n`;
    });
    const text = `scrape_configs:\n  - job_name: x\n    static_configs:\n      - targets: []\n        labels:\n${labels.join('')}`;
    try {
      await compare(text);
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, {cause: error});
    }
  }
});

/** Sections that older versions do not know in full. */
const newer: Record<string, {since: number; text: string}> = {
  'remote endpoints': {
    since: 3014,
    text: `remote_write:
  - url: https://me:topsecret@host/push?a=b
    name: first
    remote_timeout: 5s
    headers: {b: c, A: d}
    write_relabel_configs: [{source_labels: [__name__], regex: "x.*", action: drop}]
    send_exemplars: true
    send_native_histograms: true
    round_robin_dns: true
    protobuf_message: io.prometheus.write.v2.Request
    oauth2:
      client_id: id
      client_secret: topsecret
      token_url: https://token/
      scopes: [a, b]
      endpoint_params: {z: "1", a: x}
      tls_config: {server_name: s}
      proxy_url: http://proxy:3128
    queue_config: {max_shards: 3, retry_on_http_429: true, sample_age_limit: 1h}
    metadata_config: {send: false, send_interval: 5m, max_samples_per_send: 0}
  - url: http://second
    sigv4: {region: r, access_key: a, secret_key: topsecret}
  - url: http://third
    azuread: {oauth: {client_id: 00000000-0000-0000-0000-000000000001, client_secret: topsecret, tenant_id: 00000000-0000-0000-0000-000000000002}}
  - url: http://fourth
    queue_config: {}
    metadata_config:
remote_read:
  - url: http://r/read
    read_recent: true
    required_matchers: {b: c, a: "1"}
    headers: {x: y}
    filter_external_labels: false
    proxy_from_environment: true
    proxy_connect_header: {X-A: [topsecret]}
`,
  },
  'alerts, traces and the rest': {
    since: 3014,
    text: `alerting:
  alert_relabel_configs: [{action: labeldrop, regex: replica}]
  alertmanagers:
    - scheme: https
      path_prefix: /am
      timeout: 2s
      sigv4: {region: r, access_key: a, secret_key: topsecret}
      static_configs: [{targets: [a:1], labels: {b: c}}]
      relabel_configs: [{source_labels: [a], target_label: b}]
      alert_relabel_configs: [{action: drop, source_labels: [x], regex: y}]
    - file_sd_configs: [{files: [am.json]}]
      http_headers: {X-B: {values: [v], secrets: [topsecret], files: [f]}, a: {values: [w]}}
tracing: {endpoint: "127.0.0.1:1", client_type: http, sampling_fraction: 0.25, insecure: true, headers: {b: c}, compression: gzip, timeout: 7s}
otlp: {promote_resource_attributes: [b, " a "], translation_strategy: NoUTF8EscapingWithSuffixes, keep_identifying_resource_attributes: true}
storage: {tsdb: {out_of_order_time_window: 30m}, exemplars: {max_exemplars: 5}}
runtime: {gogc: 42}
rule_files: []
`,
  },
  'what 3.14 knows': {
    since: 3014,
    text: `global:
  metric_name_validation_scheme: legacy
  scrape_native_histograms: true
  extra_scrape_metrics: true
  scrape_failure_log_file: fail.log
  query_log_file: query.log
storage: {tsdb: {retention: {time: 1w, size: 1.5GB, percentage: 12.5}, stale_series_compaction_threshold: 0.5, chunk_encoding: {floats: xor2}}}
otlp: {promote_all_resource_attributes: true, ignore_resource_attributes: [x], promote_scope_metadata: true, label_name_underscore_sanitization: false}
scrape_configs:
  - job_name: a
    metric_name_validation_scheme: utf8
    scrape_failure_log_file: own.log
  - job_name: b
    metric_name_escaping_scheme: values
    scrape_native_histograms: false
  - job_name: c
    oauth2: {client_id: a, token_url: http://t, grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", client_certificate_key: topsecret, claims: {b: [1, {k: x}]}}
`,
  },
  'empty sections': {
    since: 3014,
    text: 'global:\nruntime:\notlp:\nstorage:\ntracing:\nalerting:\nremote_write:\n',
  },
};

for (const [name, {since, text}] of Object.entries(newer)) {
  test(`Prometheus and Narthex show the same: ${name}`, async (t) => {
    if (version < since) return t.skip(`the peer is older than ${since / 1000}`);
    await compare(text);
  });
}

/** What both must refuse, and words that both must use. */
const refused: [string, string][] = [
  ['global: {scrape_interval: 15}', 'not a valid duration string: "15"'],
  ['global: {scrape_interval: 1s, scrape_timeout: 2s}', 'global scrape timeout greater than scrape interval'],
  ['globals: {}', 'field globals not found'],
  ['scrape_configs: [{job_name: ""}]', 'job_name is empty'],
  ['scrape_configs: [null]', 'empty or null scrape config section'],
  ['scrape_configs: [{job_name: a}, {job_name: a}]', 'found multiple scrape configs with job name "a"'],
  ['scrape_configs: [{job_name: a, foo: 1}]', 'field foo not found'],
  ['scrape_configs: [{job_name: a, job_name: b}]', 'field job_name already set'],
  ['scrape_configs: [{job_name: a, honor_labels: maybe}]', 'cannot unmarshal !!str `maybe` into bool'],
  ['scrape_configs: [{job_name: a, sample_limit: -1}]', 'cannot unmarshal !!int `-1` into uint'],
  ['scrape_configs: [{job_name: a, sample_limit: many}]', 'cannot unmarshal !!str `many` into uint'],
  ['scrape_configs: [{job_name: a, body_size_limit: 10}]', 'units: unknown unit  in 10'],
  ['scrape_configs: [{job_name: a, params: {a: b}}]', 'cannot unmarshal !!str `b` into []string'],
  ['scrape_configs: [{job_name: [a]}]', 'cannot unmarshal !!seq into string'],
  [
    'scrape_configs: [{job_name: a, scrape_interval: 1s, scrape_timeout: 2s}]',
    'scrape timeout greater than scrape interval for scrape config with job name "a"',
  ],
  [
    'scrape_configs: [{job_name: a, static_configs: [{targets: ["http://x"]}]}]',
    '"http://x" is not a valid hostname',
  ],
  ['scrape_configs: [{job_name: a, static_configs: [{target: []}]}]', 'field target not found'],
  [
    'scrape_configs: [{job_name: a, bearer_token: a, bearer_token_file: b}]',
    'at most one of bearer_token & bearer_token_file must be configured',
  ],
  [
    'scrape_configs: [{job_name: a, authorization: {type: basic}}]',
    'authorization type cannot be set to "basic", use "basic_auth" instead',
  ],
  [
    'scrape_configs: [{job_name: a, relabel_configs: [{action: foo, target_label: a}]}]',
    'unknown relabel action "foo"',
  ],
  [
    'scrape_configs: [{job_name: a, relabel_configs: [{regex: "(", target_label: a}]}]',
    'error parsing regexp: missing closing ): `^(?',
  ],
  [
    'scrape_configs: [{job_name: a, relabel_configs: [{action: hashmod, target_label: a}]}]',
    'relabel configuration for hashmod requires non-zero modulus',
  ],
  ['scrape_configs: [{job_name: a, relabel_configs: [{regex: a}]}]', "requires 'target_label' value"],
  [
    'scrape_configs: [{job_name: a, relabel_configs: [{action: labeldrop, regex: a, target_label: b}]}]',
    "labeldrop action requires only 'regex', and no other fields",
  ],
  [
    'scrape_configs: [{job_name: a, relabel_configs: [{action: keepequal, target_label: b, regex: x}]}]',
    "keepequal action requires only 'source_labels' and `target_label`, and no other fields",
  ],
  ['scrape_configs: [{job_name: a, file_sd_configs: [{}]}]', 'must contain at least one path name'],
  [
    'scrape_configs: [{job_name: a, file_sd_configs: [{files: ["*/a.yml"]}]}]',
    'path name "*/a.yml" is not valid for file discovery',
  ],
  ['scrape_configs: [{job_name: a, http_sd_configs: [{}]}]', 'URL is missing'],
  ['scrape_configs: [{job_name: a, http_sd_configs: [{url: "x"}]}]', "URL scheme must be 'http' or 'https'"],
  ['scrape_configs: [{job_name: a, http_sd_configs: [{url: "http:///x"}]}]', 'host is missing in URL'],
  ['scrape_configs: [{job_name: a, http_sd_configs: [null]}]', 'empty or null section in http_sd_configs'],
  ['scrape_configs: [{job_name: a, dns_sd_configs: [{}]}]', 'must contain at least one SRV record name'],
  [
    'scrape_configs: [{job_name: a, dns_sd_configs: [{names: [a], type: A}]}]',
    'a port is required in DNS-SD',
  ],
  [
    'scrape_configs: [{job_name: a, dns_sd_configs: [{names: [a], type: X}]}]',
    'invalid DNS-SD records type X',
  ],
  ['scrape_configs: {a: b}', 'cannot unmarshal !!map into'],
  ['a: b: c', 'yaml: '],
  ['a: [', 'yaml: '],
];

test('Prometheus and Narthex refuse the same, with the same words', async () => {
  for (const [text, words] of refused) {
    await assert.rejects(shownByPrometheus(text), (error: Error) => {
      if (/field dns_sd_configs not found/.test(error.message)) return true;
      assert.ok(error.message.includes(words), `Prometheus on ${text}: ${error.message}`);
      return true;
    });
    assert.throws(shownByNarthex, (error: Error) => {
      assert.ok(error.message.includes(words), `Narthex on ${text}: ${error.message}`);
      return true;
    });
  }
});

test('Prometheus and Narthex show the same: configurations of others', async (t) => {
  const there = foreignConfigs();
  if (there.length === 0) return t.skip(`no configurations in ${foreignFolder}`);
  const same = new Map<string, string>();
  let leftOut = 0;
  for (const {path: file, text: whole} of there) {
    let text = whole;
    let refusal: string | null = null;
    try {
      parseConfig(text, {file});
    } catch (error) {
      refusal = (error as Error).message;
    }
    if (refusal !== null) {
      // Each of the other mechanisms is named.
      assert.match(refusal, /service discovery with \w+ is not supported yet/, file);
      continue;
    }
    try {
      await shownByPrometheus(text);
    } catch (error) {
      // What came after the version at hand, or was left out of it.
      const {message} = error as Error;
      t.diagnostic(`${file}: ${message}`);
      const unknown = [...message.matchAll(/field (\w+) not found/g)].map(([, field]) => field!);
      text = text.replaceAll(new RegExp(`^ *(?:${unknown.join('|')}): \\w+$`, 'gm'), '');
      if (unknown.length === 0 || unknown.some((field) => new RegExp(`^[ -]*${field}:`, 'm').test(text))) {
        leftOut++;
        continue;
      }
    }
    await compare(text);
    same.set(shownByNarthex(), file);
  }
  const files = [...same.values()];
  t.diagnostic(`${files.length} different configurations are shown alike: ${files.join(', ')}`);
  // Peers are built without some mechanisms of discovery.
  assert.ok(files.length >= (leftOut === 0 ? 10 : 1), `${files.length} configurations, ${leftOut} left out`);
});
