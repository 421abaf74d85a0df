import assert from 'node:assert/strict';
import {mkdtempSync, rmSync, writeFileSync, mkdirSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'node:test';
import {timeMaxMs, timeMinMs} from '../model/timestamp.ts';
import {noLogger, type Logger} from '../sys/log.ts';
import type {QueryRequest} from './backend.ts';
import {FakeBackend} from './fakebackend.ts';
import {createApiServer, type ApiServer, type ApiServerOptions} from './server.ts';

const nowMs = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

interface Setup {
  backend: FakeBackend;
  server: ApiServer;
}

function setUp(options: Partial<ApiServerOptions> = {}): Setup {
  const backend = new FakeBackend();
  const server = createApiServer({
    backend,
    logger: noLogger,
    buildInfo: {
      version: '1.2.3',
      revision: 'abc',
      branch: 'main',
      buildUser: 'me',
      buildDate: '20260102',
      goVersion: 'node26',
    },
    listenAddresses: [{host: '127.0.0.1', port: 9090}],
    externalUrl: 'https://prom.example',
    routePrefix: '/',
    webRoot: '/nonexistent',
    enableLifecycle: false,
    enableRemoteWriteReceiver: true,
    parseSelector: (text) => {
      if (!text.startsWith('{job=')) throw new SyntaxError('1:1: parse error: not so');
      return [{type: '=', name: 'job', value: text.slice(6, -2)}];
    },
    now: () => nowMs,
    ...options,
  });
  return {backend, server};
}

interface Answer {
  status: number;
  body: string;
  headers: Record<string, unknown>;
}

/** `request` is `METHOD /path`, or a path alone for GET. */
async function send(
  {server}: Setup,
  request: string,
  {body, headers = {}}: {body?: string | Uint8Array; headers?: Record<string, string>} = {},
): Promise<Answer> {
  const [method, url] = request.includes(' ') ? request.split(' ') : ['GET', request];
  const form = typeof body === 'string' ? {'content-type': 'application/x-www-form-urlencoded'} : {};
  const response = await server.http.inject({
    method: method as 'GET',
    url: url!,
    headers: {...form, ...headers},
    ...(body === undefined ? {} : {payload: typeof body === 'string' ? body : Buffer.from(body)}),
  });
  return {status: response.statusCode, body: response.body, headers: response.headers};
}

const unlimited = {limit: 0};
const noOptions = {timeoutMs: 0, stats: ''};

test('queries and lookups reach the query backend as plain data', async () => {
  async function f(request: string, expected: QueryRequest, body?: string): Promise<void> {
    const setup = setUp();
    const answer = await send(setup, request, body === undefined ? {} : {body});
    assert.deepEqual(setup.backend.requests, [expected], request);
    assert.deepEqual([answer.status, answer.body], [200, '{"status":"success","data":"fake"}']);
    assert.equal(answer.headers['content-type'], 'application/json');
  }
  const all = {startMs: timeMinMs, endMs: timeMaxMs};
  const api = '/api/v1';
  await f(`${api}/query?query=up`, {kind: 'instant', query: 'up', timeMs: nowMs, ...unlimited, ...noOptions});
  await f(`${api}/query?query=up&time=1.5&limit=7&timeout=30s&lookback_delta=1m&stats=all`, {
    kind: 'instant',
    query: 'up',
    timeMs: 1500,
    limit: 7,
    timeoutMs: 30_000,
    lookbackDeltaMs: 60_000,
    stats: 'all',
  });
  await f(
    `POST ${api}/query?query=ignored`,
    {kind: 'instant', query: 'a + b', timeMs: 2000, ...unlimited, ...noOptions},
    'query=a+%2B+b&time=2',
  );
  await f(`${api}/query_range?query=x&start=0&end=60&step=15`, {
    kind: 'range',
    query: 'x',
    startMs: 0,
    endMs: 60_000,
    stepMs: 15_000,
    ...unlimited,
    ...noOptions,
  });
  await f(`${api}/query_range?query=x&start=2026-01-01T00:00:00Z&end=2026-01-01T00:00:00.5Z&step=0.25`, {
    kind: 'range',
    query: 'x',
    startMs: Date.UTC(2026, 0, 1),
    endMs: Date.UTC(2026, 0, 1) + 500,
    stepMs: 250,
    ...unlimited,
    ...noOptions,
  });
  await f(`${api}/query_range?query=x&start=0&end=11000&step=1`, {
    kind: 'range',
    query: 'x',
    startMs: 0,
    endMs: 11_000_000,
    stepMs: 1000,
    ...unlimited,
    ...noOptions,
  });
  await f(`${api}/labels`, {kind: 'labelNames', matches: [], ...unlimited, ...all});
  await f(
    `POST ${api}/labels`,
    {kind: 'labelNames', matches: ['up', '{a="b"}'], startMs: 1000, endMs: timeMaxMs, limit: 3},
    'match[]=up&match[]=%7Ba%3D%22b%22%7D&start=1&limit=3',
  );
  await f(`${api}/label/job/values?end=5`, {
    kind: 'labelValues',
    name: 'job',
    matches: [],
    ...unlimited,
    startMs: timeMinMs,
    endMs: 5000,
  });
  await f(`${api}/label/U__a_2e_b/values`, {
    kind: 'labelValues',
    name: 'a.b',
    matches: [],
    ...unlimited,
    ...all,
  });
  await f(`${api}/label/a%20b/values`, {kind: 'labelValues', name: 'a b', matches: [], ...unlimited, ...all});
  await f(`${api}/label/${'x'.repeat(5000)}/values`, {
    kind: 'labelValues',
    name: 'x'.repeat(5000),
    matches: [],
    ...unlimited,
    ...all,
  });
  await f(`${api}/series?match[]=up`, {kind: 'series', matches: ['up'], ...unlimited, ...all});
  await f(`${api}/format_query?query=a`, {kind: 'format', query: 'a'});
  await f(`POST ${api}/parse_query`, {kind: 'parse', query: 'b'}, 'query=b');
});

test('/federate asks for the newest samples and sends the text on', async () => {
  const setup = setUp();
  setup.backend.answer = {status: 200, body: Buffer.from('up{} 1 2\n')};
  const plain = await send(setup, '/federate?match[]=a&match[]=b');
  assert.deepEqual([plain.status, plain.body], [200, 'up{} 1 2\n']);
  assert.equal(
    plain.headers['content-type'],
    'text/plain; version=0.0.4; charset=utf-8; escaping=underscores',
  );
  assert.deepEqual(setup.backend.requests, [
    {
      kind: 'federate',
      matches: ['a', 'b'],
      startMs: nowMs - 300_000,
      endMs: nowMs,
      externalLabels: {},
      utf8Names: false,
    },
  ]);
  const accept = {headers: {accept: 'text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,*/*;q=0.2'}};
  const quoted = await send(setup, '/federate?match[]=a', accept);
  assert.equal(
    quoted.headers['content-type'],
    'text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8',
  );
  setup.backend.answer = {status: 503, body: Buffer.from('{"status":"error","error":"too slow"}')};
  const failed = await send(setup, '/federate?match[]=a');
  assert.deepEqual([failed.status, failed.body], [503, 'too slow\n']);
});

test('wrong parameters are answered with the words of Prometheus', async () => {
  async function f(request: string, error: string, body?: string): Promise<void> {
    const setup = setUp();
    const answer = await send(setup, request, body === undefined ? {} : {body});
    assert.equal(answer.status, 400, request);
    assert.deepEqual(JSON.parse(answer.body), {status: 'error', errorType: 'bad_data', error}, request);
    assert.deepEqual(setup.backend.requests, []);
  }
  const api = '/api/v1';
  await f(
    `${api}/query?query=x&time=abc`,
    `invalid parameter "time": invalid time value for 'time': cannot parse "abc" to a valid timestamp`,
  );
  await f(
    `${api}/query?query=x&timeout=1z`,
    'invalid parameter "timeout": cannot parse "1z" to a valid duration',
  );
  await f(
    `${api}/query?query=x&lookback_delta=q`,
    'error parsing lookback delta duration: cannot parse "q" to a valid duration',
  );
  await f(
    `${api}/query?query=x&limit=ten`,
    'invalid parameter "limit": strconv.Atoi: parsing "ten": invalid syntax',
  );
  await f(
    `${api}/query?limit=99999999999999999999`,
    'invalid parameter "limit": strconv.Atoi: parsing "99999999999999999999": value out of range',
  );
  await f(`${api}/query?limit=-1`, 'invalid parameter "limit": limit must be non-negative');
  await f(`${api}/query_range`, 'invalid parameter "start": cannot parse "" to a valid timestamp');
  await f(`${api}/query_range?start=1`, 'invalid parameter "end": cannot parse "" to a valid timestamp');
  await f(
    `${api}/query_range?start=2&end=1`,
    'invalid parameter "end": end timestamp must not be before start time',
  );
  await f(
    `${api}/query_range?start=1&end=2`,
    'invalid parameter "step": cannot parse "" to a valid duration',
  );
  const noStep = `invalid parameter "step": zero or negative query resolution step widths are not accepted. Try a positive integer`;
  await f(`${api}/query_range?start=1&end=2&step=0`, noStep);
  await f(`${api}/query_range?start=1&end=2&step=-3`, noStep);
  await f(`${api}/query_range?start=1&end=2&step=0.0001`, noStep);
  await f(
    `${api}/query_range?start=0&end=11001&step=1`,
    'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
  );
  await f(
    `${api}/query_range?start=1&end=2&step=1e10`,
    'invalid parameter "step": cannot parse "1e10" to a valid duration. It overflows int64',
  );
  await f(`${api}/series`, 'no match[] parameter provided');
  await f(`${api}/series?match[]=%zz`, 'error parsing form values: invalid URL escape "%zz"');
  await f(
    `${api}/series?match[]=up&start=x`,
    `invalid parameter "start": invalid time value for 'start': cannot parse "x" to a valid timestamp`,
  );
  await f(`${api}/labels?limit=x`, 'invalid parameter "limit": strconv.Atoi: parsing "x": invalid syntax');
  await f(`${api}/label/U__/values`, 'invalid label name: ""');
  await f(
    `${api}/query_exemplars?query=up&start=2&end=1`,
    'end timestamp must not be before start timestamp',
  );
  await f(`${api}/targets/metadata?limit=x`, 'limit must be a number');
  await f(
    `${api}/targets/metadata?match_target=up`,
    'invalid parameter "match_target": 1:1: parse error: not so',
  );
  await f(`${api}/metadata?limit=x`, 'limit must be a number');
  await f(`${api}/metadata?limit_per_metric=x`, 'limit_per_metric must be a number');
  await f(`${api}/status/tsdb?limit=0`, 'limit must be a positive number');
  await f(`${api}/status/tsdb?limit=10001`, 'limit must not exceed 10000');
  await f(`${api}/rules?type=x`, 'invalid parameter "type": not supported value "x"');
  await f(
    `${api}/rules?exclude_alerts=x`,
    'invalid parameter "exclude_alerts": error converting exclude_alerts: strconv.ParseBool: parsing "x": invalid syntax',
  );
  await f(
    `${api}/rules?group_next_token=x`,
    'invalid parameter "group_next_token": group_limit needs to be present in order to paginate over the groups',
  );
  await f(
    `${api}/rules?group_limit=0`,
    'invalid parameter "group_limit": group_limit needs to be greater than 0',
  );
});

test('an answer of the query backend is handed on as it is', async () => {
  const setup = setUp();
  setup.backend.answer = {status: 422, body: Buffer.from('{"status":"error"}')};
  const answer = await send(setup, '/api/v1/query?query=x');
  assert.deepEqual([answer.status, answer.body], [422, '{"status":"error"}']);
});

test('endpoints answer in the shapes of Prometheus', async () => {
  async function f(path: string, data: string): Promise<void> {
    const answer = await send(setUp(), `/api/v1${path}`);
    assert.equal(answer.body, `{"status":"success","data":${data}}`, path);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['content-type'], 'application/json');
    assert.equal(answer.headers['vary'], 'Origin');
  }
  const a = `{"discoveredLabels":{"__address__":"localhost:9090","job":"a"},"labels":{"instance":"localhost:9090","job":"a"},"scrapePool":"a","scrapeUrl":"http://localhost:9090/metrics","globalUrl":"https://prom.example/metrics","lastError":"","lastScrape":"2026-01-02T03:04:05.12Z","lastScrapeDuration":0.0125,"health":"up","scrapeInterval":"15s","scrapeTimeout":"10s"}`;
  const b = `{"discoveredLabels":{"__address__":"x:80","job":"b"},"labels":{"instance":"x:80","job":"b"},"scrapePool":"b","scrapeUrl":"http://x:80/metrics","globalUrl":"http://x:80/metrics","lastError":"connection refused","lastScrape":"0001-01-01T00:00:00Z","lastScrapeDuration":0,"health":"unknown","scrapeInterval":"1m","scrapeTimeout":"10s"}`;
  const gone = `{"discoveredLabels":{"__address__":"gone:1","job":"gone"},"scrapePool":"gone"}`;
  const counts = `{"a":0,"gone":1}`;
  await f(
    '/targets',
    `{"activeTargets":[${a},${b}],"droppedTargets":[${gone}],"droppedTargetCounts":${counts}}`,
  );
  await f(
    '/targets?state=active',
    `{"activeTargets":[${a},${b}],"droppedTargets":[],"droppedTargetCounts":null}`,
  );
  await f(
    '/targets?state=DROPPED',
    `{"activeTargets":[],"droppedTargets":[${gone}],"droppedTargetCounts":${counts}}`,
  );
  await f(
    '/targets?state=active&scrapePool=b',
    `{"activeTargets":[${b}],"droppedTargets":[],"droppedTargetCounts":null}`,
  );
  await f('/targets?state=other', `{"activeTargets":[],"droppedTargets":[],"droppedTargetCounts":null}`);
  await f('/scrape_pools', '{"scrapePools":["a","gone"]}');
  const labels = encodeURIComponent('{"a":"x"}');
  const rule = '"separator":";","regex":"(.*)","target_label":"b","replacement":"$1!","action":"replace"';
  await f(
    `/targets/relabel_steps?scrapePool=a&labels=${labels}`,
    `{"steps":[{"rule":{"source_labels":["a"],${rule}},"output":{"a":"x","b":"x!"},"keep":true},{"rule":{"source_labels":["b"],"separator":";","regex":"x!","replacement":"$1","action":"drop"},"output":{},"keep":false}]}`,
  );
  const up = '{"type":"gauge","unit":"","help":"Is it up?"}';
  const upToo = '{"type":"gauge","unit":"","help":"Up."}';
  const bytes = '{"type":"counter","unit":"bytes","help":"Bytes read."}';
  await f('/metadata', `{"read_bytes":[${bytes}],"up":[${up},${upToo}]}`);
  await f('/metadata?limit=1', `{"read_bytes":[${bytes}]}`);
  await f('/metadata?limit=0', '{}');
  await f('/metadata?metric=up&limit_per_metric=1', `{"up":[${up}]}`);
  await f('/metadata?metric=none', '{}');
  const row = '{"target":{"instance":"y:1","job":"b"},"metric":"up","type":"gauge","help":"Up.","unit":""}';
  await f('/targets/metadata?match_target={job="b"}', `[${row}]`);
  await f(
    '/targets/metadata?metric=read_bytes',
    '[{"target":{"instance":"x:1","job":"a"},"type":"counter","help":"Bytes read.","unit":"bytes"}]',
  );
  await f('/targets/metadata?limit=0', '[]');
  await f('/rules', '{"groups":[]}');
  await f('/alerts', '{"alerts":[]}');
  await f('/alertmanagers', '{"activeAlertmanagers":[],"droppedAlertmanagers":[]}');
  await f('/query_exemplars?query=up', '[]');
  await f(
    '/status/buildinfo',
    '{"version":"3.14.0+narthex.1.2.3","revision":"abc","branch":"main","buildUser":"me","buildDate":"20260102","goVersion":"node26"}',
  );
  await f('/status/config', '{"yaml":"global:\\n  scrape_interval: 15s\\n"}');
  await f('/status/flags', '{"config.file":"prometheus.yml","web.enable-lifecycle":"false"}');
  await f('/status/walreplay', '{"min":1,"max":4,"current":2}');
  await f(
    '/status/tsdb',
    '{"headStats":{"numSeries":10,"numLabelPairs":5,"chunkCount":20,"minTime":9223372036854775807,"maxTime":-9223372036854775808},' +
      '"seriesCountByMetricName":[{"name":"up","value":2}],"labelValueCountByLabelName":[{"name":"job","value":1}],' +
      '"memoryInBytesByLabelName":[{"name":"job","value":10}],"seriesCountByLabelValuePair":[{"name":"job=a","value":2}]}',
  );
  await f(
    '/status/tsdb/blocks',
    '{"blocks":[{"ulid":"01ARYZ6S410000000000000000","minTime":1,"maxTime":2}]}',
  );
  await f('/notifications', '[]');
});

test('/targets warns where discovery fails', async () => {
  const setup = setUp();
  const {storage} = setup.backend;
  const answer = await storage.targets({scrapePool: '', active: false, dropped: false});
  const failure = {jobName: 'a', mechanism: 'file', part: 'x.yml', error: 'EIO', sinceMs: 1_700_000_000_000};
  storage.targets = () => Promise.resolve({...answer, discoveryFailures: [failure, {...failure, part: ''}]});
  const {body} = await send(setup, '/api/v1/targets');
  const rest = 'fails since 2023-11-14T22:13:20Z, the targets are the last known ones: EIO';
  assert.deepEqual((JSON.parse(body) as {warnings: string[]}).warnings, [
    `scrape pool a: file discovery of x.yml ${rest}`,
    `scrape pool a: file discovery ${rest}`,
  ]);
});

test('/status/runtimeinfo has every field of Prometheus in its order', async () => {
  const {body} = await send(setUp(), '/api/v1/status/runtimeinfo');
  const {data} = JSON.parse(body) as {data: Record<string, unknown>};
  assert.deepEqual(Object.keys(data), [
    'startTime',
    'CWD',
    'hostname',
    'serverTime',
    'reloadConfigSuccess',
    'lastConfigTime',
    'corruptionCount',
    'goroutineCount',
    'GOMAXPROCS',
    'GOMEMLIMIT',
    'GOGC',
    'GODEBUG',
    'storageRetention',
  ]);
  assert.equal(data['startTime'], '2026-01-02T03:04:05.06Z');
  assert.equal(data['serverTime'], '2026-01-02T03:04:05.678Z');
  assert.equal(data['lastConfigTime'], '2026-01-02T03:04:06Z');
  assert.equal(data['corruptionCount'], 1);
  assert.equal(data['storageRetention'], '15d');
});

test('/features names functions and operators', async () => {
  const {body} = await send(setUp(), '/api/v1/features');
  const {data} = JSON.parse(body) as {data: Record<string, Record<string, boolean>>};
  assert.equal(data['api']!['remote_write_receiver'], true);
  assert.equal(data['promql_functions']!['rate'], true);
  assert.equal(data['promql_functions']!['mad_over_time'], false);
  assert.equal(data['promql_operators']!['<='], true);
  assert.ok(body.includes('"<="'), 'operators are not escaped');
});

test('/version is plain JSON', async () => {
  const {body} = await send(setUp(), '/version');
  assert.equal(
    body,
    '{"version":"3.14.0+narthex.1.2.3","revision":"abc","branch":"main","buildUser":"me","buildDate":"20260102","goVersion":"node26"}\n',
  );
});

test('a server that is not ready answers 503 to what needs it', async () => {
  for (const [state, stopping] of [
    ['starting', 'false'],
    ['stopping', 'true'],
  ] as const) {
    for (const path of [
      '/api/v1/query?query=up',
      '/api/v1/targets',
      '/-/ready',
      'HEAD /-/ready',
      'POST /api/v1/write',
    ]) {
      const setup = setUp();
      setup.backend.state = state;
      const answer = await send(setup, path);
      assert.equal(answer.status, 503, path);
      const progress = 'Service Unavailable\nReading the write-ahead log: segment 2 of 4.\n';
      const body = path === '/-/ready' && state === 'starting' ? progress : 'Service Unavailable';
      assert.equal(answer.body, path.startsWith('HEAD') ? '' : body);
      assert.equal(answer.headers['x-prometheus-stopping'], stopping);
      assert.deepEqual(setup.backend.requests, []);
    }
    for (const path of ['/-/healthy', '/metrics', '/query', '/version', '/api/v1/status/walreplay']) {
      const setup = setUp();
      setup.backend.state = state;
      const answer = await send(setup, path);
      assert.equal(answer.status, 200, path);
      // While it starts, it says what the numbers are about.
      const phase = state === 'starting' ? ',"phase":"log"' : '';
      const progress = `{"status":"success","data":{"min":1,"max":4,"current":2${phase}}}`;
      if (path.endsWith('walreplay')) assert.equal(answer.body, progress);
    }
  }
});

test('health, readiness and methods', async () => {
  async function f(request: string, status: number, body: string, allow?: string): Promise<void> {
    const answer = await send(setUp(), request);
    assert.deepEqual([answer.status, answer.body, answer.headers['allow']], [status, body, allow], request);
  }
  const wrong = 'Method Not Allowed\n';
  await f('/-/healthy', 200, 'Prometheus Server is Healthy.\n');
  await f('HEAD /-/healthy', 200, '');
  await f('/-/ready', 200, 'Prometheus Server is Ready.\n');
  await f('HEAD /-/ready', 200, '');
  await f('POST /-/healthy', 405, wrong, 'GET, HEAD, OPTIONS');
  await f('/-/reload', 405, 'Only POST or PUT requests allowed');
  await f('/-/quit', 405, 'Only POST or PUT requests allowed');
  await f('DELETE /-/reload', 405, wrong, 'GET, OPTIONS, POST, PUT');
  await f('PUT /api/v1/query', 405, wrong, 'GET, OPTIONS, POST');
  await f('HEAD /api/v1/labels', 405, '', 'GET, OPTIONS, POST');
  await f('POST /api/v1/targets', 405, wrong, 'GET, OPTIONS');
  await f('GET /api/v1/write', 405, wrong, 'OPTIONS, POST');
  await f('OPTIONS /metrics', 200, '', 'GET, OPTIONS');
  await f('OPTIONS /api/v1/query', 204, '');
  await f('OPTIONS /api/v1/nothing', 204, '');
  await f('/nothing', 404, '404 page not found\n');
  await f('/api/v1/nothing', 404, '404 page not found\n');
  await f('POST /api/v1/nothing', 404, '404 page not found\n');
  await f('/api/v2/query', 404, '404 page not found\n');
});

test('lifecycle requests', async () => {
  const off = setUp();
  for (const request of ['POST /-/reload', 'PUT /-/reload', 'POST /-/quit', 'PUT /-/quit']) {
    const answer = await send(off, request);
    assert.deepEqual([answer.status, answer.body], [403, 'Lifecycle API is not enabled.']);
  }
  assert.deepEqual([off.backend.reloads, off.backend.quits], [0, 0]);

  const on = setUp({enableLifecycle: true});
  assert.equal((await send(on, 'POST /-/reload')).status, 200);
  on.backend.reloadError = new Error('line 3: no such field');
  const failed = await send(on, 'PUT /-/reload');
  assert.deepEqual([failed.status, failed.body], [500, 'failed to reload config: line 3: no such field\n']);
  assert.equal(on.backend.reloads, 2);
  assert.equal((await send(on, 'POST /-/quit')).body, 'Requesting termination... Goodbye!');
  assert.equal((await send(on, 'POST /-/quit')).body, 'Termination already in progress.');
  assert.equal(on.backend.quits, 1);
});

test('remote write hands the body on and the outcome back', async () => {
  const setup = setUp();
  const body = Uint8Array.of(1, 2, 3);
  const stored = await send(setup, 'POST /api/v1/write', {
    body,
    headers: {'content-type': 'application/x-protobuf'},
  });
  assert.deepEqual([stored.status, stored.body], [204, '']);
  assert.deepEqual(Buffer.from(setup.backend.writes[0]!), Buffer.from(body));
  setup.backend.outcome = {...setup.backend.outcome, status: 400, message: 'out of order sample'};
  const refused = await send(setup, 'POST /api/v1/write', {body});
  assert.deepEqual([refused.status, refused.body], [400, 'out of order sample\n']);
  const wrongType = await send(setup, 'POST /api/v1/write', {body, headers: {'content-type': 'text/plain'}});
  assert.equal(wrongType.status, 415);
  assert.equal(setup.backend.writes.length, 2);
});

test('remote write is off unless it is asked for', async () => {
  const answer = await send(setUp({enableRemoteWriteReceiver: false}), 'POST /api/v1/write', {body: 'x'});
  assert.equal(answer.status, 404);
  assert.equal(
    answer.body,
    'remote write receiver needs to be enabled with --web.enable-remote-write-receiver\n',
  );
});

test('pages of other origins may read answers where the flag says so', async () => {
  const origin = {headers: {origin: 'https://grafana.example'}};
  async function f(corsOrigin: string | undefined, allowed: string | undefined): Promise<void> {
    const setup = setUp(corsOrigin === undefined ? {} : {corsOrigin});
    for (const request of ['/api/v1/query?query=x', '/api/v1/series', 'OPTIONS /api/v1/query']) {
      const {headers} = await send(setup, request, origin);
      assert.equal(headers['access-control-allow-origin'], allowed, request);
      assert.equal(headers['access-control-allow-methods'], 'GET, POST, OPTIONS');
      assert.equal(headers['vary'], 'Origin');
    }
  }
  await f(undefined, '*');
  await f('https://.*\\.example', 'https://grafana.example');
  await f('https://other', undefined);
});

test('a fault is a 500 in the envelope, with a stack in the log', async () => {
  const lines: unknown[][] = [];
  const logger: Logger = {...noLogger, error: (...line) => lines.push(line), child: () => logger};
  const setup = setUp({logger});
  setup.backend.failure = new Error('the <thread> ended');
  for (const request of ['/api/v1/query?query=x', 'POST /api/v1/write']) {
    const answer = await send(setup, request, request.startsWith('POST') ? {body: new Uint8Array(1)} : {});
    assert.equal(answer.status, 500);
    assert.deepEqual(JSON.parse(answer.body), {
      status: 'error',
      errorType: 'internal',
      error: 'the <thread> ended',
    });
    assert.ok(answer.body.includes('\\u003cthread\\u003e'));
  }
  assert.equal(lines.length, 2);
  assert.match(String((lines[0]![1] as {stack: string}).stack), /server\.test\.ts/);
});

test('admin endpoints delete, clean up and take snapshots', async () => {
  const setup = setUp({enableAdminApi: true});
  const {administered} = setup.backend;
  const path = '/api/v1/admin/tsdb';
  const post = async (request: string, status: number, body: string): Promise<void> => {
    const answer = await send(setup, `POST ${path}/${request}`);
    assert.deepEqual([answer.status, answer.body], [status, body], request);
  };
  const all = {mint: timeMinMs, maxt: timeMaxMs};
  const matchers = [{type: '=', name: 'job', value: 'a'}];
  await post('delete_series?match[]={job="a"}', 204, '');
  await post('delete_series?match[]={job="a"}&match[]={job="b"}&start=1&end=2.5', 204, '');
  assert.deepEqual(administered.splice(0), [
    ['deleteSeries', {matchers, ...all}],
    ['deleteSeries', {matchers, mint: 1000, maxt: 2500}],
    ['deleteSeries', {matchers: [{...matchers[0], value: 'b'}], mint: 1000, maxt: 2500}],
  ]);
  await post('clean_tombstones', 204, '');
  await post('snapshot', 200, '{"status":"success","data":{"name":"a-snapshot"}}');
  await post('snapshot?skip_head=true', 200, '{"status":"success","data":{"name":"a-snapshot"}}');
  assert.deepEqual(administered.splice(0), [['cleanTombstones'], ['snapshot', true], ['snapshot', false]]);
  const failed = (type: string, error: string): string =>
    JSON.stringify({status: 'error', errorType: type, error});
  await post('delete_series', 400, failed('bad_data', 'no match[] parameter provided'));
  const wrong = 'invalid parameter "match[]": 1:1: parse error: not so';
  await post('delete_series?match[]=x', 400, failed('bad_data', wrong));
  const reason = 'unable to parse boolean: strconv.ParseBool: parsing "x": invalid syntax';
  await post('snapshot?skip_head=x', 400, failed('bad_data', `invalid parameter "skip_head": ${reason}`));
  assert.deepEqual(administered, []);
  setup.backend.failure = new Error('disk full');
  await post('clean_tombstones', 500, failed('internal', 'disk full'));
});

test('admin endpoints say that they are off', async () => {
  const answer = await send(setUp(), 'POST /api/v1/admin/tsdb/snapshot');
  assert.equal(answer.status, 500);
  assert.equal(answer.body, '{"status":"error","errorType":"unavailable","error":"admin APIs disabled"}');
});

test('what is not there says so', async () => {
  async function f(request: string, status: number, body: string): Promise<void> {
    const answer = await send(setUp(), request);
    assert.deepEqual([answer.status, answer.body], [status, body]);
  }
  await f(
    'POST /api/v1/otlp/v1/metrics',
    404,
    'otlp write receiver needs to be enabled with --web.enable-otlp-receiver\n',
  );
  await f(
    'POST /api/v1/read',
    501,
    'remote read is not supported yet: query /api/v1/query_range, or use federation\n',
  );
  await f('/api/v1/notifications/live', 204, '');
});

test('the UI: redirects, pages, files', async () => {
  const webRoot = mkdtempSync(join(tmpdir(), 'narthex-web-'));
  try {
    mkdirSync(join(webRoot, 'assets'));
    writeFileSync(join(webRoot, 'index.html'), '<!doctype html><p>Narthex');
    writeFileSync(join(webRoot, 'assets/index-a1B2c3D4.js'), 'export {};');
    const setup = setUp({webRoot});
    const root = await send(setup, '/');
    assert.deepEqual([root.status, root.headers['location']], [302, '/query']);
    const graph = await send(setup, '/graph?g0.expr=up');
    assert.deepEqual([graph.status, graph.headers['location']], [302, '/query?g0.expr=up']);
    for (const path of ['/query', '/targets', '/alerts', '/status', '/tsdb-status', '/query?g0.expr=up']) {
      const page = await send(setup, path);
      assert.deepEqual([page.status, page.body], [200, '<!doctype html><p>Narthex'], path);
      assert.equal(page.headers['cache-control'], 'no-cache');
      assert.equal(page.headers['content-type'], 'text/html; charset=utf-8');
    }
    const script = await send(setup, '/assets/index-a1B2c3D4.js');
    assert.equal(script.headers['cache-control'], 'public, max-age=31536000, immutable');
    assert.equal(script.headers['content-type'], 'text/javascript; charset=utf-8');
    for (const path of [
      '/assets/none.js',
      '/assets/../index.html/x',
      '/assets/%2e%2e/index.html',
      '/favicon.ico',
    ]) {
      assert.equal((await send(setup, path)).status, 404, path);
    }
  } finally {
    rmSync(webRoot, {recursive: true});
  }
});

test('without a built UI, its pages say how to build it', async () => {
  const page = await send(setUp(), '/query');
  assert.equal(page.status, 200);
  assert.match(page.body, /npm run build:web/);
});

test('a route prefix is in front of every address', async () => {
  const setup = setUp({externalUrl: 'https://x.example/prom', routePrefix: '/prom'});
  async function f(path: string, status: number, location?: string): Promise<void> {
    const answer = await send(setup, path);
    assert.deepEqual([answer.status, answer.headers['location']], [status, location], path);
  }
  await f('/prom/api/v1/query?query=up', 200);
  await f('/prom/-/healthy', 200);
  await f('/prom/metrics', 200);
  await f('/prom/', 302, '/prom/query');
  await f('/prom', 301, '/prom/');
  await f('/', 302, '/prom');
  await f('/api/v1/query?query=up', 404);
  await f('/-/healthy', 404);
});

test('with an external path but no prefix, a proxy takes the path away', async () => {
  const setup = setUp({externalUrl: 'https://x.example/prom', routePrefix: '/'});
  assert.equal((await send(setup, '/')).headers['location'], '/prom/query');
  assert.equal((await send(setup, '/api/v1/query?query=up')).status, 200);
});
