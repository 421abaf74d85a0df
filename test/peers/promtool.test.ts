// What promtool says of files, against what `narthex tool` says of the same.
import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {after} from 'node:test';
import {TestAuthority} from '../../src/http/testing-certificates.ts';
import {requireProgram} from '../lib/narthex.ts';

const narthex = join(import.meta.dirname, '../../bin/narthex');
const folder = mkdtempSync(join(tmpdir(), 'narthex-promtool-'));
after(() => rmSync(folder, {recursive: true}));

interface Said {
  code: number | null;
  out: string;
  errors: string;
}

function run(command: string, args: readonly string[]): Said {
  const {status, stdout, stderr} = spawnSync(command, args, {cwd: folder, encoding: 'utf8', timeout: 60_000});
  return {code: status, out: stdout, errors: stderr};
}

function both(...args: string[]): {theirs: Said; ours: Said} {
  const promtool = process.env['PROMTOOL'] ?? requireProgram('promtool', 'prometheus');
  return {theirs: run(promtool, args), ours: run(narthex, ['tool', ...args])};
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
