import assert from 'node:assert/strict';
import test from 'node:test';
import {noLogger} from '../sys/log.ts';
import {FakeBackend} from './fakebackend.ts';
import {createApiServer, type ApiServer, type ApiServerOptions} from './server.ts';

async function setUp(
  more: Partial<ApiServerOptions> = {},
): Promise<{backend: FakeBackend; server: ApiServer}> {
  const backend = new FakeBackend();
  const server = createApiServer({
    backend,
    logger: noLogger,
    buildInfo: {version: '1', revision: 'r', branch: 'b', buildUser: '', buildDate: '', goVersion: 'node26'},
    listenAddresses: [],
    externalUrl: '/',
    routePrefix: '/',
    webRoot: '/nonexistent',
    enableLifecycle: false,
    enableRemoteWriteReceiver: false,
    parseSelector: () => [],
    ...more,
  });
  return {backend, server};
}

async function scrape(server: ApiServer, accept?: string): Promise<{type: unknown; lines: string[]}> {
  const headers = accept === undefined ? {} : {accept};
  const response = await server.http.inject({method: 'GET', url: '/metrics', headers});
  assert.equal(response.statusCode, 200);
  return {type: response.headers['content-type'], lines: response.body.split('\n')};
}

test('/metrics shows what the threads have counted, by the names of Prometheus', async () => {
  const {server} = await setUp();
  await server.http.inject({method: 'GET', url: '/api/v1/query?query=up'});
  await server.http.inject({method: 'GET', url: '/api/v1/series'});
  const {type, lines} = await scrape(server);
  assert.equal(type, 'text/plain; version=0.0.4; charset=utf-8');
  for (const line of [
    '# TYPE prometheus_tsdb_head_series gauge',
    'prometheus_tsdb_head_series 10',
    'prometheus_tsdb_head_samples_appended_total{type="float"} 12345',
    'prometheus_tsdb_head_chunks 20',
    'prometheus_tsdb_wal_segment_current 7',
    'prometheus_tsdb_wal_fsync_duration_seconds_count 4',
    'prometheus_engine_queries 1',
    'prometheus_engine_query_duration_seconds{slice="inner_eval",quantile="0.5"} NaN',
    'prometheus_engine_query_duration_seconds_count{slice="inner_eval"} 3',
    'prometheus_target_interval_length_seconds{interval="15s",quantile="0.5"} 15',
    'prometheus_target_scrape_pool_targets{scrape_job="a"} 2',
    'prometheus_config_last_reload_successful 1',
    'prometheus_ready 1',
    'prometheus_http_requests_total{handler="/api/v1/query",code="200"} 1',
    'prometheus_http_requests_total{handler="/api/v1/series",code="400"} 1',
    'prometheus_http_request_duration_seconds_bucket{handler="/api/v1/query",le="0.1"} 1',
    'prometheus_http_request_duration_seconds_bucket{handler="/api/v1/query",le="+Inf"} 1',
    'prometheus_http_response_size_bytes_bucket{handler="/api/v1/query",le="1e+06"} 1',
    'prometheus_http_response_size_bytes_sum{handler="/api/v1/query"} 34',
    'prometheus_api_remote_write_invalid_labels_samples_total 1',
  ]) {
    assert.ok(lines.includes(line), line);
  }
  for (const name of [
    'process_cpu_seconds_total',
    'process_resident_memory_bytes',
    'nodejs_heap_size_used_bytes',
  ]) {
    const line = lines.find((each) => each.startsWith(`${name} `));
    assert.ok(Number(line?.split(' ')[1]) > 0, name);
  }
  assert.ok(lines.some((line) => line.startsWith('prometheus_build_info{') && line.endsWith(' 1')));
});

test('/metrics lists families once, sorted, each with help and type', async () => {
  const {server} = await setUp();
  const {lines} = await scrape(server);
  const types = lines.filter((line) => line.startsWith('# TYPE')).map((line) => line.split(' ')[2]!);
  assert.deepEqual(types, [...new Set(types)].sort());
  for (const line of lines) {
    assert.match(line, /^$|^# (?:HELP|TYPE) [a-z_]+ .+$|^[a-z_]+(?:\{.*\})? (?:[-+0-9.e]+|NaN|\+Inf)$/);
  }
});

test('/metrics speaks OpenMetrics with those who prefer it', async () => {
  const {server} = await setUp();
  async function f(accept: string, openMetrics: boolean): Promise<void> {
    const {type, lines} = await scrape(server, accept);
    const expected = openMetrics
      ? 'application/openmetrics-text; version=1.0.0; charset=utf-8'
      : 'text/plain; version=0.0.4; charset=utf-8';
    assert.equal(type, expected, accept);
    assert.equal(lines.at(-2) === '# EOF', openMetrics);
    assert.ok(
      lines.includes(`# TYPE prometheus_tsdb_head_series_created${openMetrics ? '' : '_total'} counter`),
    );
    assert.ok(lines.includes('prometheus_tsdb_head_series_created_total 12'));
  }
  // As Prometheus itself asks.
  await f(
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
    true,
  );
  await f('application/openmetrics-text', true);
  await f('text/plain', false);
  await f('*/*', false);
  await f('application/openmetrics-text;q=0.1, text/plain', false);
  await f('application/openmetrics-text; version=2.0.0', false);
});

test('/metrics shows the rest where a thread does not answer', async () => {
  const {backend, server} = await setUp();
  backend.storage.statistics = () => Promise.reject(new Error('not open yet'));
  const {lines} = await scrape(server);
  assert.ok(!lines.some((line) => line.startsWith('prometheus_tsdb_head_series ')));
  assert.ok(lines.includes('prometheus_engine_queries 1'));
  assert.ok(lines.includes('prometheus_ready 1'));
});

test('/metrics shows the rest where what else runs in the process does not answer', async () => {
  const {server} = await setUp({otherFamilies: () => Promise.reject(new Error('cannot be loaded'))});
  const {lines} = await scrape(server);
  assert.ok(lines.includes('prometheus_engine_queries 1'));
  assert.ok(lines.some((line) => line.startsWith('prometheus_tsdb_head_series ')));
});
