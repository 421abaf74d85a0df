// The same requests to Prometheus and to Narthex, which hold the same samples: statuses, types and bodies must be the same.
// Where versions of Prometheus differ, the newer one counts: a case names the version from which on it is compared.
import assert from 'node:assert/strict';
import http from 'node:http';
import test, {after, before} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {labelsOf} from '../../src/model/labels.ts';
import {compressSnappy} from '../../src/remote/snappy.ts';
import {WriteRequestEncoder, writeRequestHeaders} from '../../src/remote/writerequest-encode.ts';
import {pushSamples, type PushedSeries} from '../../tools/remotewrite.ts';
import {startNarthex, startPrometheus, type StartedServer} from '../lib/narthex.ts';
import {withoutHistogramLabels} from '../lib/newerlabels.ts';

/** Whole seconds, so that texts of times are the same however they are written. */
const endSeconds = Math.floor(Date.now() / 1000) - 60;
const startSeconds = endSeconds - 600;

let prometheus: StartedServer;
let narthex: StartedServer;
/** Major and minor version of the peer, for example 3.05. */
let version = 0;

before(async () => {
  const config = `
global:
  scrape_interval: 1h
  external_labels: {region: here}
scrape_configs:
  - job_name: gone
    scrape_interval: 30s
    static_configs:
      - targets: ['127.0.0.1:1']
        labels: {zone: b}
    relabel_configs:
      - {source_labels: [zone], regex: b, action: drop}
  - job_name: empty
`;
  [prometheus, narthex] = await Promise.all([startPrometheus({config}), startNarthex({config})]);
  for (const {url} of [prometheus, narthex]) await pushSamples(url, samples());
  const info = (await (await fetch(`${prometheus.url}/api/v1/status/buildinfo`)).json()) as {
    data: {version: string};
  };
  // What is discovered shows after a while.
  await untilDiscovered(prometheus.url);
  const [major, minor] = info.data.version.split('.').map(Number);
  version = major! + minor! / 100;
});

after(async () => {
  await prometheus?.stop();
  await narthex?.stop();
});

async function untilDiscovered(url: string): Promise<void> {
  for (let i = 0; i < 150; i++) {
    const answer = await (await fetch(`${url}/api/v1/targets`)).text();
    if (answer.includes('"gone"')) return;
    await sleep(100);
  }
}

function samples(): PushedSeries[] {
  const times = Float64Array.from({length: 41}, (_, i) => (startSeconds + 15 * i) * 1000);
  const series = (labels: Record<string, string>, value: (i: number) => number): PushedSeries => ({
    labels: labelsOf(labels),
    times,
    values: Float64Array.from(times, (_, i) => value(i)),
  });
  return [
    series({__name__: 'requests_total', code: '200', job: 'a'}, (i) => 10 * i),
    series({__name__: 'requests_total', code: '500', job: 'a'}, (i) => i % 7),
    series({__name__: 'requests_total', code: '200', job: 'b'}, (i) => i * i),
    series({__name__: 'temperature', place: 'a "quoted" <place> é'}, (i) => 20 + Math.sin(i)),
    series({__name__: 'tiny'}, () => 1e-9),
    series({__name__: 'huge'}, () => 1.5e300),
    series({__name__: 'nothing'}, () => NaN),
    series({__name__: 'endless'}, () => -Infinity),
  ];
}

interface Case {
  /** `METHOD /path`; GET where there is only a path. */
  request: string;
  body?: string | Uint8Array;
  headers?: Record<string, string>;
  /** The oldest version whose answer is the right one. */
  since?: number;
  /** Compare only the status. */
  statusOnly?: boolean;
}

interface Answer {
  status: number;
  type: string;
  location: string | undefined;
  allow: string | undefined;
  vary: string | undefined;
  cors: string | undefined;
  body: unknown;
}

const api = '/api/v1';
const range = `start=${startSeconds}&end=${endSeconds}`;

function encode(text: string): string {
  return encodeURIComponent(text);
}

/** Instant queries at the end of the samples. */
function instant(query: string, more = ''): Case {
  return {request: `${api}/query?time=${endSeconds}&query=${encode(query)}${more}`};
}

function ranged(query: string, step: string, more = ''): Case {
  return {request: `${api}/query_range?${range}&step=${step}&query=${encode(query)}${more}`};
}

const queryCases: Case[] = [
  instant('requests_total'),
  instant('{place=~".+"}'),
  instant('tiny'),
  instant('huge'),
  instant('nothing'),
  instant('endless'),
  {...instant('requests_total[1m]'), since: 3},
  instant('1'),
  instant('-1.5e-7'),
  instant('"text <&> é"'),
  {...instant('sum by (job) (rate(requests_total[5m]))'), since: 3},
  instant('absent(no_such_metric)'),
  instant('no_such_metric'),
  instant('vector(1) == bool 2'),
  instant('topk(1, requests_total)'),
  instant('sort_desc(requests_total)'),
  {...instant('requests_total', '&limit=1'), since: 3.05},
  {...instant('requests_total', '&limit=100'), since: 3.05},
  {...instant('requests_total', '&timeout=10s')},
  {...instant('requests_total', '&lookback_delta=1s')},
  instant('requests_total offset 1h'),
  {request: `${api}/query?query=1&time=${endSeconds}.5`},
  {request: `${api}/query?query=requests_total&time=${encode(new Date(endSeconds * 1000).toISOString())}`},
  {
    request: `POST ${api}/query?query=2`,
    body: `query=${encode('requests_total{job="b"}')}&time=${endSeconds}`,
  },
  ranged('requests_total', '60'),
  ranged('requests_total', '1m30s'),
  {...ranged('rate(requests_total{job="a"}[1m])', '30'), since: 3},
  ranged('nothing', '300'),
  ranged('1', '300'),
  ranged('time() - 1', '300'),
  {...ranged('requests_total', '60', '&limit=1'), since: 3.05},
  {request: `POST ${api}/query_range`, body: `query=up&${range}&step=60`},
  {request: `${api}/labels?${range}`},
  {request: `POST ${api}/labels`, body: `${range}&match[]=temperature`},
  {request: `${api}/labels?${range}&match[]=temperature&match[]=requests_total`},
  {request: `${api}/labels?${range}&limit=2`, since: 3.05},
  {request: `${api}/labels?start=1&end=2`, statusOnly: true},
  {request: `${api}/label/job/values?${range}`},
  {request: `${api}/label/__name__/values?${range}`},
  {request: `${api}/label/code/values?${range}&match[]=${encode('{job="b"}')}`},
  {request: `${api}/label/no_such_label/values?${range}`},
  {request: `${api}/label/__name__/values?${range}&limit=2`, statusOnly: true},
  {request: `${api}/label/U__job/values?${range}`, since: 3.05},
  {request: `${api}/series?${range}&match[]=requests_total`},
  {request: `${api}/series?${range}&match[]=requests_total&match[]=${encode('{place!=""}')}`},
  {request: `${api}/series?${range}&match[]=no_such_metric`},
  {request: `POST ${api}/series`, body: `${range}&match[]=temperature`},
  {request: `${api}/format_query?query=${encode('sum(rate(x[5m]))by(job)')}`},
  {request: `${api}/parse_query?query=${encode('sum by (job) (rate(x{a="b"}[5m] offset 1m))')}`, since: 3.14},
  {request: `${api}/query_exemplars?query=requests_total&${range}`},
];

const badQueryCases: Case[] = [
  {request: `${api}/query`, since: 3.05},
  instant('requests_total{'),
  {...instant('requests_total['), since: 3.05},
  instant('sum('),
  instant('no_such_function(x)'),
  {...instant('rate(requests_total)'), since: 3.05},
  instant('1 + "a"'),
  instant('{}'),
  {...instant('requests_total{job=~"("}'), since: 3.05},
  {...instant('requests_total / on(job) requests_total'), since: 3.14},
  instant('requests_total[5m] + 1'),
  {request: `${api}/query?query=up&time=abc`, since: 3.05},
  {request: `${api}/query?query=up&timeout=abc`},
  {request: `${api}/query?query=up&limit=abc`, since: 3.05},
  {request: `${api}/query?query=up&limit=-1`, since: 3.05},
  {request: `${api}/query?query=up&lookback_delta=abc`, since: 3.05},
  {request: `${api}/query_range?query=up`},
  {request: `${api}/query_range?query=up&start=1`},
  {request: `${api}/query_range?query=up&start=1&end=2`},
  {request: `${api}/query_range?query=up&start=2&end=1&step=1`},
  {request: `${api}/query_range?query=up&start=1&end=2&step=0`},
  {request: `${api}/query_range?query=up&start=1&end=2&step=-1`},
  {request: `${api}/query_range?query=up&start=1&end=2&step=1e30`},
  {request: `${api}/query_range?query=up&start=0&end=11001&step=1`},
  {request: `${api}/query_range?query=${encode('up{')}&start=1&end=2&step=1`, since: 3.05},
  {request: `${api}/query_range?query=${encode('up[5m]')}&start=1&end=2&step=1`, since: 3.05},
  {request: `${api}/labels?start=abc`, since: 3.05},
  {request: `${api}/labels?match[]=${encode('{')}`},
  {request: `${api}/labels?match[]=${encode('{a=""}')}`},
  {request: `${api}/labels?limit=x`, since: 3.05},
  {request: `${api}/label/job/values?end=abc`, since: 3.05},
  {request: `${api}/label/job/values?match[]=${encode('{a=~".*"}')}`},
  {request: `${api}/series`},
  {request: `${api}/series?match[]=${encode('{')}`},
  {request: `${api}/series?match[]=${encode('{a!="b"}')}`},
  {request: `${api}/series?match[]=up&start=abc`, since: 3.05},
  {request: `${api}/series?match[]=%zz`},
  {request: `${api}/query_exemplars?query=${encode('up{')}`},
  {request: `${api}/query_exemplars?query=up&start=2&end=1`},
  {request: `${api}/format_query?query=${encode('up{')}`},
  {request: `${api}/parse_query?query=${encode('up{')}`, since: 3.05},
  {
    request: `POST ${api}/query`,
    body: new TextEncoder().encode('{"query":"up"}'),
    headers: {'content-type': 'application/json'},
    since: 3.05,
  },
];

const otherCases: Case[] = [
  {request: `${api}/targets`, since: 3.05},
  {request: `${api}/targets?state=active`, since: 3.05},
  {request: `${api}/targets?state=dropped`, since: 3.05},
  {request: `${api}/targets?state=any&scrapePool=gone`, since: 3.05},
  {request: `${api}/targets/metadata`},
  {request: `${api}/targets/metadata?limit=x`},
  {request: `${api}/targets/metadata?match_target=${encode('{')}`},
  {request: `${api}/scrape_pools`},
  {request: `${api}/targets/relabel_steps`, since: 3.14},
  {request: `${api}/targets/relabel_steps?scrapePool=gone`, since: 3.14},
  {request: `${api}/targets/relabel_steps?scrapePool=nowhere&labels=${encode('{}')}`, since: 3.14},
  {
    request: `${api}/targets/relabel_steps?scrapePool=gone&labels=${encode('{"__address__":"a:1","z":"1","a":"2"}')}`,
    since: 3.14,
  },
  {request: `${api}/metadata`},
  {request: `${api}/metadata?limit=x`},
  {request: `${api}/metadata?limit_per_metric=x`, since: 3.05},
  {request: `${api}/rules`},
  {request: `${api}/rules?type=x`},
  {request: `${api}/alerts`},
  {request: `${api}/alertmanagers`},
  {request: `${api}/status/tsdb?limit=0`, since: 3.05},
  {request: `${api}/status/tsdb?limit=x`, since: 3.05},
  {request: `POST ${api}/admin/tsdb/snapshot`},
  {request: `POST ${api}/admin/tsdb/clean_tombstones`},
  {request: '/', since: 3.05},
  {request: '/graph?g0.expr=up', since: 3.05},
  {request: '/nothing'},
  {request: `${api}/nothing`},
  {request: '/api/v2/query'},
  {request: '/-/healthy'},
  {request: 'HEAD /-/healthy'},
  {request: '/-/ready'},
  {request: 'HEAD /-/ready'},
  {request: '/-/reload'},
  {request: 'POST /-/reload', statusOnly: true},
  {request: '/-/quit'},
  {request: `PUT ${api}/query`},
  {request: `HEAD ${api}/query`},
  {request: `DELETE ${api}/labels`},
  {request: `POST ${api}/targets`},
  {request: `${api}/write`},
  {request: 'POST /metrics'},
  {request: 'OPTIONS /metrics'},
  {request: `OPTIONS ${api}/query`},
  {request: `OPTIONS ${api}/nothing`},
  {request: `OPTIONS ${api}/query`, headers: {origin: 'https://grafana.example'}, since: 3.14},
  {request: `${api}/query?query=1&time=1`, headers: {origin: 'https://grafana.example'}, since: 3.14},
  {request: `${api}/query_range?query=1&start=0&end=1000&step=1`, headers: {'accept-encoding': 'gzip'}},
  {request: '/metrics', headers: {accept: 'text/plain'}, statusOnly: true},
  {request: '/version', statusOnly: true},
  {request: '/federate', since: 3.05},
  {request: `/federate?match[]=${encode('{__name__=~"requests_total|t.*"}')}&match[]=huge`, since: 3.05},
  {request: `/federate?match[]=${encode('{')}`},
];

function writeBody(...series: [Record<string, string>, timeSeconds: number, value: number][]): Uint8Array {
  const encoder = new WriteRequestEncoder();
  for (const [labels, time, value] of series) encoder.series(labelsOf(labels), [time * 1000], [value]);
  return encoder.body();
}

const written = {__name__: 'written_total', job: 'w'};
const unsorted = ['job', 'w', '__name__', 'unsorted_total'];

/** In this order: they build on each other. */
const writeCases: Case[] = [
  {request: `POST ${api}/write`, body: writeBody([written, endSeconds, 1])},
  {request: `POST ${api}/write`, body: writeBody([written, endSeconds, 1])},
  // Nothing of these is stored.
  {
    request: `POST ${api}/write`,
    body: writeBody([{__name__: 'beside_older'}, endSeconds, 5], [written, endSeconds - 10, 1]),
  },
  {
    request: `POST ${api}/write`,
    body: writeBody([{__name__: 'beside_other'}, endSeconds, 5], [written, endSeconds, 2]),
    statusOnly: true,
  },
  {
    request: `POST ${api}/write`,
    body: writeBody([{__name__: 'beside_future'}, endSeconds, 5], [written, endSeconds + 7200, 2]),
    since: 3.05,
  },
  {
    request: `POST ${api}/write`,
    body: writeBody(
      [{__name__: 'before_future'}, endSeconds, 5],
      [written, endSeconds - 5, 1],
      [written, endSeconds + 7200, 2],
    ),
    since: 3.05,
  },
  // Of these, what names a series.
  {
    request: `POST ${api}/write`,
    body: writeBody([{job: 'nameless'}, endSeconds, 1], [{__name__: 'beside_nameless'}, endSeconds, 2]),
  },
  {request: `POST ${api}/write`, body: emptyNameBody(), since: 3.05},
  {request: `POST ${api}/write`, body: unsortedBody()},
  {request: `POST ${api}/write`, body: writeBody()},
  {request: `POST ${api}/write`, body: new Uint8Array(0)},
  {request: `POST ${api}/write`, body: Uint8Array.of(5, 1, 2)},
  {request: `POST ${api}/write`, body: compressSnappy(Uint8Array.of(10, 9, 1)), statusOnly: true},
  {
    request: `POST ${api}/write`,
    body: writeBody(),
    headers: {'Content-Type': 'text/plain'},
    since: 3.05,
    statusOnly: true,
  },
  {
    request: `POST ${api}/write`,
    body: writeBody(),
    headers: {'Content-Encoding': 'zstd'},
    since: 3.05,
    statusOnly: true,
  },
  {
    request: `POST ${api}/write`,
    body: writeBody(),
    headers: {'Content-Type': 'application/x-protobuf;proto=io.prometheus.write.v2.Request'},
    since: 3.14,
  },
  {...instant('{__name__=~"written_total|unsorted_total|beside_.*|before_.*"}'), since: 3.05},
  instant('{__name__=~"written_total|unsorted_total|beside_older|before_.*"}'),
];

function unsortedBody(): Uint8Array {
  const encoder = new WriteRequestEncoder();
  encoder.series(unsorted, [endSeconds * 1000], [1]);
  return encoder.body();
}

function emptyNameBody(): Uint8Array {
  const encoder = new WriteRequestEncoder();
  encoder.series(['', 'x', '__name__', 'empty_name'], [endSeconds * 1000], [1]);
  encoder.series(['__name__', 'twice', 'a', '1', 'a', '2'], [endSeconds * 1000], [1]);
  encoder.series(['__name__', 'beside_twice', 'empty', ''], [endSeconds * 1000], [1]);
  return encoder.body();
}

async function ask(url: string, {request, body, headers = {}}: Case): Promise<Answer> {
  const [method = 'GET', path = ''] = request.includes(' ') ? request.split(' ') : ['GET', request];
  const type =
    typeof body === 'string'
      ? {'Content-Type': 'application/x-www-form-urlencoded'}
      : path.endsWith('/write') && body !== undefined
        ? writeRequestHeaders
        : {};
  const {hostname, port} = new URL(url);
  const content = typeof body === 'string' ? Buffer.from(body) : body;
  const length = content === undefined ? {} : {'Content-Length': content.length};
  const answer = Promise.withResolvers<http.IncomingMessage>();
  // Not fetch(), which would change paths and follow redirects.
  const sent = http.request(
    {hostname, port, method, path, headers: {...type, ...length, ...headers}},
    (response) => answer.resolve(response),
  );
  sent.on('error', answer.reject);
  sent.end(content);
  const response = await answer.promise;
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part as Buffer);
  return describe(url, response, Buffer.concat(parts));
}

function describe(url: string, {statusCode = 0, headers}: http.IncomingMessage, content: Buffer): Answer {
  const packed = headers['content-encoding'] === 'gzip';
  const text = (packed ? Buffer.from('(packed)') : content).toString();
  const type = headers['content-type'] ?? '';
  const cors = headers['access-control-allow-origin'];
  return {
    status: statusCode,
    type: text === '' ? '' : type,
    location: headers['location'],
    allow: headers['allow'],
    // Answers that are not worth compressing do not vary by it.
    vary: headers['vary']?.replace(/(^|, *)Accept-Encoding/, '').replace(/^, /, ''),
    cors: typeof cors === 'string' ? `${cors} ${headers['access-control-allow-headers']}` : undefined,
    body: type === 'application/json' && !packed ? normalize(JSON.parse(text), url) : text,
  };
}

/** Takes out what may differ: ports, ages, orders that are no orders. */
function normalize(value: unknown, url: string): unknown {
  const port = new URL(url).port;
  const text = JSON.stringify(value)
    .replaceAll(`:${port}`, ':PORT')
    .replaceAll(/"lastScrape(Duration)?":("[^"]*"|[0-9.e-]+)/g, '"lastScrape$1":0');
  return sortResults(JSON.parse(text));
}

/** Series come in any order, save where the query sorts them. */
function sortResults(answer: unknown): unknown {
  const {data} = answer as {data?: unknown};
  const rows = Array.isArray(data) ? (data as unknown[]) : (data as {result?: unknown[]} | undefined)?.result;
  if (Array.isArray(rows) && typeof rows[0] === 'object')
    rows.sort((left, right) => (JSON.stringify(left) < JSON.stringify(right) ? -1 : 1));
  return answer;
}

async function compare(cases: readonly Case[]): Promise<void> {
  const wrong: string[] = [];
  for (const each of cases) {
    if (each.since !== undefined && version < each.since) continue;
    const [theirs, ours] = [await ask(prometheus.url, each), await ask(narthex.url, each)];
    if (version < 3) theirs.vary = ours.vary;
    if (version < 3.14) ours.body = withoutHistogramLabels(ours.body);
    theirs.vary ||= undefined;
    try {
      if (each.statusOnly === true) assert.equal(ours.status, theirs.status);
      else assert.deepEqual(ours, theirs);
    } catch {
      wrong.push(`${each.request}\n  ours   ${JSON.stringify(ours)}\n  theirs ${JSON.stringify(theirs)}`);
    }
  }
  assert.equal(wrong.length, 0, `${wrong.length} of ${cases.length} differ:\n${wrong.join('\n')}`);
}

test('good queries have the same answers', () => compare(queryCases));

test('bad queries have the same errors', () => compare(badQueryCases));

test('everything else has the same answers', () => compare(otherCases));

test('remote writes have the same outcomes', () => compare(writeCases));

test('status endpoints have the same fields', async () => {
  for (const path of ['buildinfo', 'runtimeinfo', 'config', 'tsdb', 'walreplay']) {
    const shapes: string[] = [];
    for (const {url} of [prometheus, narthex]) {
      const response = await fetch(`${url}${api}/status/${path}`);
      const {data} = (await response.json()) as {data: Record<string, unknown>};
      assert.equal(response.status, 200, path);
      shapes.push(
        Object.entries(data)
          .map(([key, value]) => `${key}: ${typeof value}`)
          .join(', '),
      );
    }
    const missing = shapes[0]!.split(', ').filter((field) => !shapes[1]!.split(', ').includes(field));
    assert.deepEqual(missing, [], path);
    if (version >= 3.05) {
      const [theirs, ours] = shapes.map((shape) => shape.split(', '));
      assert.deepEqual(
        ours!.filter((field) => theirs!.includes(field)),
        theirs,
        `order of fields in ${path}`,
      );
    }
  }
});

test('flags have the same names', async () => {
  const names: Set<string>[] = [];
  for (const {url} of [prometheus, narthex]) {
    const response = await fetch(`${url}${api}/status/flags`);
    const {data} = (await response.json()) as {data: Record<string, string>};
    names.push(new Set(Object.keys(data)));
  }
  const missing = [...names[0]!].filter((name) => !names[1]!.has(name));
  if (version >= 3) assert.deepEqual(missing, []);
});
