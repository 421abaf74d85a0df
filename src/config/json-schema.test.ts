import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'node:test';
import {Ajv2020} from 'ajv/dist/2020.js';
import {load} from 'js-yaml';
import {parseConfig} from './config.ts';
import {configJsonSchema, configJsonSchemaText} from './json-schema.ts';

const shipped = join(import.meta.dirname, '../../docs/schemas/prometheus.schema.json');
const validate = new Ajv2020({strict: false}).compile(configJsonSchema());

/** Whether the schema accepts a text, and whether reading it does. */
function both(text: string): {bySchema: boolean; byReading: boolean} {
  let byReading = true;
  try {
    parseConfig(text, {file: '/prometheus.yml', variables: {}, files: {expand: () => [], read: () => ''}});
  } catch {
    byReading = false;
  }
  return {bySchema: validate(load(text)), byReading};
}

test('the shipped JSON Schema is what the definitions make: narthex tool schema > docs/schemas/prometheus.schema.json', () => {
  assert.equal(readFileSync(shipped, 'utf8'), configJsonSchemaText());
});

test('the JSON Schema accepts what is accepted when a file is read', () => {
  const f = (text: string): void =>
    assert.deepEqual(
      both(text),
      {bySchema: true, byReading: true},
      `${text}: ${JSON.stringify(validate.errors)}`,
    );
  f('global:');
  f('global: {scrape_interval: 15s, scrape_timeout: 0, external_labels: {a: 1, b: yes}, sample_limit: 10}');
  f(`scrape_configs:
  - job_name: 7
    honor_labels: on
    scrape_interval: 1m30s
    params: {a: [b, 1]}
    body_size_limit: 1.5MB
    oauth2: {client_id: a, token_url: http://t, claims: {a: {b: [1]}}}
    tls_config: {ca_file: a, min_version: TLS12, insecure_skip_verify: true}
    http_headers: {X-A: {values: [b]}}
    static_configs: [{targets: [a:1], labels: {b: c}}]
    relabel_configs: [{action: Keep, source_labels: [a], regex: b}, {action: hashmod, modulus: 2, target_label: c}]
    kubernetes_sd_configs: [{role: pod, namespaces: {names: [a]}}]
    consul_sd_configs: [{server: a, services: [b]}]
    dns_sd_configs: [{names: [a]}]
    file_sd_configs: [{files: [a.yml], refresh_interval: 1m}]
    http_sd_configs: [{url: http://a}]
    azure_sd_configs: []
`);
  f('rule_files: [a.yml]\nscrape_config_files: [b.yml]');
  f('remote_write: [{url: http://a, queue_config: {max_shards: 3}, metadata_config: {send: false}}]');
  f('remote_read: [{url: http://a, required_matchers: {a: b}}]');
  f('alerting: {alertmanagers: [{scheme: https, timeout: 3s, static_configs: [{targets: [a]}]}]}');
  f('storage: {tsdb: {out_of_order_time_window: 1h, retention: {time: 15d, size: 5GB, percentage: 2.5}}}');
  f('tracing: {endpoint: a, client_type: http}\notlp: {translation_strategy: NoTranslation}');
});

test('the JSON Schema refuses what is refused when a file is read', () => {
  const f = (text: string): void => assert.deepEqual(both(text), {bySchema: false, byReading: false}, text);
  f('globals: {}');
  f('global: {scrape_interval: soon}');
  f('global: {scrape_interval: 15}');
  f('scrape_configs: {}');
  f('scrape_configs: [{job_name: a, foo: 1}]');
  f('scrape_configs: [{job_name: a, honor_labels: maybe}]');
  f('scrape_configs: [{job_name: a, sample_limit: -1}]');
  f('scrape_configs: [{job_name: a, body_size_limit: 10}]');
  f('scrape_configs: [{job_name: a, tls_config: {min_version: TLS9}}]');
  f('scrape_configs: [{job_name: a, static_configs: [{target: [a]}]}]');
  f('scrape_configs: [{job_name: a, azure_sd_configs: [{subscription_id: a}]}]');
  f('remote_write: [{url: http://a, queue_config: {shards: 3}}]');
  f('otlp: {translation_strategy: x}');
  f('scrape_configs: [{job_name: [a]}]');
});
