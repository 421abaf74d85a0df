// What promtool says of files, against what `narthex tool` says of the same.
import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {after} from 'node:test';
import {TestAuthority} from '../../src/http/testing-certificates.ts';
import {foreignConfigs, foreignFolder} from '../lib/foreignconfigs.ts';
import {requireProgram} from '../lib/narthex.ts';

const narthex = join(import.meta.dirname, '../../bin/narthex');
const folder = mkdtempSync(join(tmpdir(), 'narthex-promtool-'));
after(() => rmSync(folder, {recursive: true}));

interface Said {
  code: number | null;
  out: string;
  errors: string;
}

function run(command: string, args: readonly string[], input = ''): Said {
  const options = {cwd: folder, encoding: 'utf8', timeout: 60_000, input} as const;
  const {status, stdout, stderr} = spawnSync(command, args, options);
  return {code: status, out: stdout, errors: stderr};
}

function both(...args: string[]): {theirs: Said; ours: Said} {
  return bothGiven('', ...args);
}

/** With a standard input. */
function bothGiven(input: string, ...args: string[]): {theirs: Said; ours: Said} {
  const promtool = process.env['PROMTOOL'] ?? requireProgram('promtool', 'prometheus');
  return {theirs: run(promtool, args, input), ours: run(narthex, ['tool', ...args], input)};
}

function file(name: string, text: string): void {
  writeFileSync(join(folder, name), text);
}

const {cert, key} = new TestAuthority().issue();
file(
  'good.yml',
  'rule_files: [r.yml, "x/*.yml"]\nscrape_configs: [{job_name: a, static_configs: [{targets: [a]}]}]\n',
);
file('r.yml', 'groups: [{name: a, rules: [{record: x, expr: up}, {record: y, expr: up}]}]\n');
file('token.yml', 'scrape_configs: [{job_name: a, authorization: {credentials_file: nothere}}]\n');
file('tls.yml', 'scrape_configs: [{job_name: a, tls_config: {cert_file: nothere, key_file: k}}]\n');
file('sd.yml', 'scrape_configs: [{job_name: a, file_sd_configs: [{files: [sd.json, none.yml]}]}]\n');
file('sd.json', '[{"targets": ["b:1"]}]');
file('norule.yml', 'rule_files: [nothere.yml]\n');
file('badrule.yml', 'rule_files: [broken.rules]\n');
file('broken.rules', 'groups: [{name: a, rules: [{record: x, expr: "sum("}]}]\n');
file('long.yml', 'scrape_configs: [{job_name: a, scrape_interval: 10m}]\n');
file('am.yml', 'alerting: {alertmanagers: [{file_sd_configs: [{files: [sd.json, no.json]}]}]}\n');

test('check config says what promtool says, and ends with the same code', () => {
  const f = (...args: string[]): void => {
    const {theirs, ours} = both('check', 'config', ...args);
    assert.deepEqual(ours, theirs, args.join(' '));
  };
  f('good.yml');
  f('token.yml');
  f('--syntax-only', 'token.yml');
  f('tls.yml');
  f('sd.yml');
  f('norule.yml');
  f('--syntax-only', 'norule.yml');
  f('--lint=all', 'long.yml');
  f('--lint=too-long-scrape-interval', '--lint-fatal', 'long.yml');
  f('am.yml');
  f('good.yml', 'norule.yml', 'long.yml');
});

test('check config says of configurations of others what promtool says', (t) => {
  const there = foreignConfigs();
  if (there.length === 0) return t.skip(`no configurations in ${foreignFolder}`);
  const same: string[] = [];
  for (const {path, text} of there) {
    file('foreign.yml', text);
    const {theirs, ours} = both('check', 'config', 'foreign.yml');
    if (/field \w+ not found/.test(theirs.errors) || /is not supported yet/.test(ours.errors)) continue;
    assert.deepEqual(ours, theirs, path);
    same.push(path);
  }
  t.diagnostic(`${same.length}: ${same.join(', ')}`);
  assert.ok(same.length > 0, `none of ${there.length} configurations was compared`);
});

test('check config ends with the code of promtool where the words differ', () => {
  const f = (...args: string[]): void => {
    const {theirs, ours} = both('check', 'config', ...args);
    assert.equal(ours.code, theirs.code, args.join(' '));
  };
  f('--agent', 'norule.yml');
  f('badrule.yml');
  f('nothere.yml');
  f();
});

file('cert.pem', cert);
file('key.pem', key);

test('check web-config agrees with promtool', () => {
  const f = (text: string): void => {
    file('web.yml', text);
    const {theirs, ours} = both('check', 'web-config', 'web.yml');
    assert.equal(ours.code, theirs.code, `${text}: ${ours.errors}`);
    if (theirs.code === 0) assert.equal(ours.errors, theirs.errors);
    // Theirs is the last line: ours has the place before it.
    else assert.ok(ours.errors.includes(theirs.errors.trim().replace(/^web\.yml FAILED: /, '')), ours.errors);
  };
  const tls = 'tls_server_config: {cert_file: cert.pem, key_file: key.pem';
  f('');
  f(`${tls}}`);
  f(`${tls}, client_auth_type: RequireAndVerifyClientCert, client_ca_file: cert.pem, min_version: TLS13}`);
  f(`${tls}, cipher_suites: [TLS_AES_128_GCM_SHA256], curve_preferences: [X25519]}`);
  f(`${tls}, cipher_suites: [nothing]}`);
  f(`${tls}, client_auth_type: x}`);
  f(`${tls}, client_ca_file: cert.pem}`);
  f('tls_server_config: {cert_file: cert.pem}');
  f('tls_server_config: {cert_file: no.pem, key_file: key.pem}');
  f('http_server_config: {http2: false, headers: {X-Frame-Options: deny}}');
  f('http_server_config: {headers: {X-Frame-Options: allow}}');
  f('http_server_config: {headers: {Server: x}}');
  f('rate_limit: {interval: 1s, burst: 5}');
  f('basic_auth_users: {a: $2b$12$hNf2lSsxfm0.i4a.1kVpSOVyBCfIB51VRjgBUyv6kdnyTlgWj81Ay}');
  f('basic_auth_users: {a: topsecret}');
});

test('check service-discovery prints what promtool prints', () => {
  file(
    'jobs.yml',
    `scrape_configs:
  - job_name: a
    file_sd_configs: [{files: [sd.json]}]
    params: {m: [x]}
    relabel_configs: [{source_labels: [__address__], target_label: t}]
  - job_name: b
`,
  );
  const args = ['check', 'service-discovery', 'jobs.yml'];
  const {theirs, ours} = both(...args, 'a', '--timeout=2s');
  // Some versions fall over their own time limit.
  if (theirs.code === 0) {
    // Older versions do not say what is to be done with histograms.
    const older = ours.out.replaceAll(
      /^ *"__(?:always|convert|scrape_native)_\w*histograms\w*": ".*",?\n/gm,
      '',
    );
    const isOlder = !theirs.out.includes('__scrape_native_histograms__');
    assert.deepEqual(JSON.parse(isOlder ? older : ours.out), JSON.parse(theirs.out));
  }
  assert.equal(ours.code, 0);
  const unknown = both(...args, 'c');
  assert.deepEqual(unknown.ours, unknown.theirs);
});

const goodMetrics = `# HELP http_requests_total Requests.
# TYPE http_requests_total counter
http_requests_total{code="200"} 5
http_requests_total{code="500"} 5
http_requests_total{code="501"} 5
# TYPE wait_seconds histogram
# HELP wait_seconds Time that was waited.
wait_seconds_bucket{queue="a",le="1"} 1
wait_seconds_bucket{queue="a",le="+Inf"} 1
wait_seconds_sum{queue="a"} 1
wait_seconds_count{queue="a"} 1
wait_seconds_bucket{queue="b",le="1"} 1
wait_seconds_bucket{queue="b",le="+Inf"} 1
wait_seconds_sum{queue="b"} 1
wait_seconds_count{queue="b"} 1
# HELP answer_seconds Time to answer.
# TYPE answer_seconds summary
answer_seconds{quantile="0.5"} 1
answer_seconds_sum 1
answer_seconds_count 1
answer_seconds{handler="x",quantile="0.5"} 1
answer_seconds_sum{handler="x"} 1
answer_seconds_count{handler="x"} 1
# HELP temperature_celsius Of the room.
temperature_celsius 20 1700000000000
`;

const oddMetrics = `# TYPE latency_milliseconds histogram
latency_milliseconds_bucket{le="1"} 1
latency_milliseconds_sum 1
latency_milliseconds_count 1
# HELP camelCase x
# TYPE camelCase gauge
camelCase{someLabel="a",le="3",quantile="1"} 1
camelCase{someLabel="a",le="3",quantile="1"} 1
camelCase{someLabel="b",otherLabel="c"} 1
camelCase{someLabel="a",le="3",quantile="1"} 1
# TYPE x_gauge gauge
x_gauge 1
x_total 1
# TYPE y_total gauge
y_total 1
# TYPE z counter
z 1
# HELP t_count
# TYPE t_count gauge
t_count 1
t_sum 3
# TYPE a_bucket counter
a_bucket 3
a:b_ms 4
a_d_h_b 1
dur_hours 4
net_kilobits 4
in_Miles 3
# TYPE nothing gauge
# TYPE p_summary summary
p_summary{le="1",quantile="2"} 3
# TYPE of_untyped untyped
of_untyped{le="1"} 3
# HELP x_histogram_size y
# TYPE x_histogram_size histogram
x_histogram_size_count 1
`;

test('check metrics finds what promtool finds, and ends with the same code', () => {
  const f = (text: string, ...args: string[]): void => {
    const {theirs, ours} = bothGiven(text, 'check', 'metrics', ...args);
    assert.deepEqual(ours, theirs, `${args.join(' ')} of ${text}`);
  };
  f(goodMetrics);
  f(goodMetrics, '--extended');
  f(oddMetrics);
  f('');
  f('# HELP a b\n# HELP a c\n');
  f('# TYPE a counter\n# TYPE a gauge\n');
  f('a 1\n# TYPE a gauge\n');
  f('# TYPE a thing\na 1\n');
  f('a 1');
});

test('check metrics ends with the code of promtool where the words differ', () => {
  for (const text of ['a\n', 'a{b=1} 2\n', 'a{b="1" 2\n', '1a 2\n', 'a 1 2 3\n', 'a x\n', 'a{b="\\x"} 1\n']) {
    const {theirs, ours} = bothGiven(text, 'check', 'metrics');
    assert.equal(ours.code, theirs.code, text);
  }
});
