// One target that serves the same families as protobuf, OpenMetrics and text, scraped by Narthex and by Prometheus side by side:
// samples, native histograms, exemplars, metadata, start timestamps and what was asked for are compared.
import assert from 'node:assert/strict';
import http from 'node:http';
import type {AddressInfo} from 'node:net';
import test from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {encodeFamilies, type FamilyModel} from '../../src/formats/family-encode.ts';
import {startNarthex, startPrometheus} from '../lib/narthex.ts';

const nowMs = Math.floor(Date.now() / 1000) * 1000;
const startMs = nowMs - 60_000;
const timeMs = nowMs - 5000;
const startSeconds = startMs / 1000;
const timeSeconds = timeMs / 1000;

const families: FamilyModel[] = [
  {
    name: 'requests_total',
    help: 'All "requests"\nwith \\ odd characters',
    type: 'counter',
    metrics: [
      {
        labels: {code: '200', empty: ''},
        value: 10,
        startMs,
        exemplar: {labels: {trace: 'a'}, value: 1, timeMs},
      },
      {labels: {code: '500', job: 'mine'}, value: 0.5, startMs},
    ],
  },
  {
    name: 'temperature_celsius',
    unit: 'celsius',
    help: 'Of the room',
    type: 'gauge',
    metrics: [
      {value: -3.25},
      {labels: {room: 'ä\u{1F600}'}, value: Infinity},
      {labels: {room: 'none'}, value: NaN},
    ],
  },
  {name: 'untyped', type: 'untyped', metrics: [{value: 1e21}]},
  {name: 'name.with.dots', help: '', type: 'gauge', metrics: [{labels: {'label/slash': 'x'}, value: 5}]},
  {
    name: 'latency_seconds',
    help: 'A summary',
    type: 'summary',
    metrics: [
      {
        count: 7,
        sum: 3.5,
        startMs,
        quantiles: [
          [0.5, 0.4],
          [0.999, 2],
          [1, 3],
        ],
      },
      {labels: {path: '/'}, count: 0, sum: 0, startMs},
    ],
  },
  {
    name: 'classic_seconds',
    help: 'A classic histogram',
    type: 'histogram',
    metrics: [
      {
        labels: {path: '/a'},
        count: 9,
        sum: 20,
        startMs,
        buckets: [
          {bound: 0.1, count: 1, exemplar: {labels: {trace: 'b'}, value: 0.05, timeMs}},
          {bound: 1, count: 4, exemplar: {labels: {trace: 'c'}, value: 0.7, timeMs}},
          {bound: 1e6, count: 8},
          {bound: Infinity, count: 9},
        ],
      },
      {labels: {path: '/b'}, count: 2, sum: 1, startMs, buckets: [{bound: 1, count: 2}]},
    ],
  },
  {
    name: 'both_seconds',
    help: 'Classic and native',
    type: 'histogram',
    metrics: [
      {
        labels: {path: '/a'},
        count: 12,
        sum: 20,
        startMs,
        buckets: [
          {bound: 1, count: 6, exemplar: {labels: {trace: 'd'}, value: 0.7, timeMs}},
          {bound: 2, count: 8},
        ],
        native: {
          schema: 2,
          zeroThreshold: 0.001,
          zeroCount: 2,
          positiveSpans: [
            {offset: -2, length: 2},
            {offset: 3, length: 1},
          ],
          positiveCounts: [3, 0, 4],
          negativeSpans: [{offset: 1, length: 2}],
          negativeCounts: [1, 2],
          exemplars: [
            {labels: {trace: 'f'}, value: 3, timeMs},
            {labels: {trace: 'e'}, value: 1, timeMs: timeMs - 1000},
          ],
        },
      },
    ],
  },
  {
    name: 'float_native',
    type: 'histogram',
    metrics: [
      {
        count: 3.5,
        sum: 1,
        native: {
          float: true,
          schema: -1,
          zeroThreshold: 0,
          zeroCount: 0.5,
          positiveSpans: [{offset: 0, length: 2}],
          positiveCounts: [1.5, 1.5],
        },
      },
    ],
  },
  {
    name: 'gauge_native',
    type: 'gaugeHistogram',
    metrics: [
      {
        count: 3,
        sum: 1,
        native: {
          schema: 8,
          zeroThreshold: 0.5,
          zeroCount: 1,
          positiveSpans: [{offset: 300, length: 1}],
          positiveCounts: [2],
        },
      },
    ],
  },
  {
    name: 'quiet_native',
    type: 'histogram',
    metrics: [
      {
        count: 0,
        sum: 0,
        native: {schema: 3, zeroThreshold: 0, zeroCount: 0, positiveSpans: [{offset: 0, length: 0}]},
      },
    ],
  },
];

const text = `# HELP requests_total All "requests"\\nwith \\\\ odd characters
# TYPE requests_total counter
requests_total{code="200",empty=""} 10
requests_total{code="500",job="mine"} 0.5
# TYPE untyped untyped
untyped 1e21
{"name.with.dots","label/slash"="x"} 5
# HELP classic_seconds A classic histogram
# TYPE classic_seconds histogram
classic_seconds_bucket{path="/a",le="0.1"} 1
classic_seconds_bucket{path="/a",le="1"} 4
classic_seconds_bucket{path="/a",le="1000000"} 8
classic_seconds_bucket{path="/a",le="+Inf"} 9
classic_seconds_sum{path="/a"} 20
classic_seconds_count{path="/a"} 9
classic_seconds_bucket{path="/b",le="1"} 2
classic_seconds_bucket{path="/b",le="+Inf"} 2
classic_seconds_sum{path="/b"} 1
classic_seconds_count{path="/b"} 2
# TYPE latency_seconds summary
latency_seconds{quantile="0.5"} 0.4
latency_seconds{quantile="1"} 3
latency_seconds_sum 3.5
latency_seconds_count 7
`;

const openMetrics = `# HELP requests All \\"requests\\"
# TYPE requests counter
requests_total{code="200"} 10 # {trace="a"} 1 ${timeSeconds}
requests_created{code="200"} ${startSeconds}
requests_total{code="500"} 0.5
requests_created{code="500"} ${startSeconds}
# TYPE temperature_celsius gauge
# UNIT temperature_celsius celsius
# HELP temperature_celsius Of the room
temperature_celsius -3.25
# TYPE classic_seconds histogram
# UNIT classic_seconds seconds
classic_seconds_bucket{le="0.1"} 1 # {trace="b"} 0.05 ${timeSeconds}
classic_seconds_bucket{le="1"} 4 # {trace="c"} 0.7 ${timeSeconds}
classic_seconds_bucket{le="+Inf"} 9
classic_seconds_count 9
classic_seconds_sum 20
classic_seconds_created ${startSeconds}
# TYPE latency_seconds summary
# UNIT latency_seconds seconds
latency_seconds{quantile="0.5"} 0.4
latency_seconds_count 7
latency_seconds_sum 3.5
latency_seconds_created ${startSeconds}
# TYPE state stateset
# UNIT state${' '}
state{state="on"} 1
# TYPE build info
# UNIT build${' '}
build_info{version="1"} 1
# EOF
`;

const pages: Record<string, [contentType: string, body: string | Uint8Array]> = {
  '/proto': [
    'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited',
    encodeFamilies(families),
  ],
  '/text': ['text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8', text],
  '/openmetrics': ['application/openmetrics-text; version=1.0.0; charset=utf-8', openMetrics],
};

// Prometheus 3.5 leaves `_created` series out behind a histogram that it converts; later versions do so only where they want start
// timestamps, as we do.
pages['/plain'] = [pages['/openmetrics']![0], openMetrics.replaceAll(/^.*_created.*\n/gm, '')];

/** A target, with the Accept headers that it was asked with by program and path. */
class Target {
  readonly accepts = new Map<string, string>();
  readonly #server = http.createServer((request, response) => {
    const path = request.url!;
    const own = request.headers['user-agent']!.includes('Narthex');
    this.accepts.set(`${own ? 'narthex' : 'prometheus'} ${path}`, request.headers.accept ?? '');
    const [contentType, body] = pages[path.replace(/\?.*/, '')]!;
    response.setHeader('content-type', contentType).end(body);
  });
  port = 0;

  async open(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.port = (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

const jobs: Record<string, string> = {
  proto: 'metrics_path: /proto',
  text: 'metrics_path: /text',
  openmetrics: 'metrics_path: /openmetrics',
  proto_classic: 'metrics_path: /proto, params: {j: [a]}, always_scrape_classic_histograms: true',
  proto_converted: 'metrics_path: /proto, params: {j: [b]}, convert_classic_histograms_to_nhcb: true',
  proto_all:
    'metrics_path: /proto, params: {j: [c]}, convert_classic_histograms_to_nhcb: true, always_scrape_classic_histograms: true',
  text_converted: 'metrics_path: /text, params: {j: [d]}, convert_classic_histograms_to_nhcb: true',
  openmetrics_converted:
    'metrics_path: /plain, params: {j: [e]}, convert_classic_histograms_to_nhcb: true, always_scrape_classic_histograms: true',
  limited: 'metrics_path: /proto, params: {j: [f]}, native_histogram_bucket_limit: 3',
  coarse: 'metrics_path: /proto, params: {j: [g]}, native_histogram_min_bucket_factor: 2',
  escaped: 'metrics_path: /text, params: {j: [h]}, metric_name_escaping_scheme: dots',
  one_protocol: 'metrics_path: /proto, params: {j: [i]}, scrape_protocols: [PrometheusProto]',
  too_many: 'metrics_path: /proto, params: {j: [k]}, sample_limit: 10',
};

function configOf(port: number, further: string, isWanted: (fields: string) => boolean): string {
  const lines = ['global: {scrape_interval: 1s, scrape_timeout: 1s}', 'scrape_configs:'];
  for (const [name, fields] of Object.entries(jobs)) {
    if (!isWanted(fields)) continue;
    const targets = `static_configs: [{targets: ['127.0.0.1:${port}']}]`;
    lines.push(`  - {job_name: ${name}, ${fields}${further}, ${targets}}`);
  }
  return `${lines.join('\n')}\n`;
}

async function api(url: string, path: string, parameters: Record<string, string>): Promise<unknown> {
  const response = await fetch(`${url}/api/v1/${path}?${new URLSearchParams(parameters).toString()}`);
  const answer = (await response.json()) as {status: string; data: unknown; error?: string};
  assert.equal(answer.status, 'success', `${path} ${JSON.stringify(parameters)}: ${answer.error}`);
  return answer.data;
}

interface Sample {
  metric: Record<string, string>;
  value?: [number, string];
  histogram?: unknown[];
  values?: [number, string][];
  histograms?: [number, unknown][];
}

/** Series as text, sorted, with their values. */
async function instant(url: string, expr: string): Promise<string[]> {
  const data = (await api(url, 'query', {query: expr})) as {result: Sample[]};
  return data.result
    .map(({metric, value, histogram}) => `${keyOf(metric)} ${JSON.stringify(value?.[1] ?? histogram![1])}`)
    .sort();
}

/** The first sample of each series. */
async function firsts(url: string, expr: string): Promise<string[]> {
  const data = (await api(url, 'query', {query: `${expr}[10m]`})) as {result: Sample[]};
  return data.result
    .map(
      ({metric, values, histograms}) => `${keyOf(metric)} ${JSON.stringify(values?.[0] ?? histograms![0])}`,
    )
    .filter((line) => line.includes(`[${startSeconds},`))
    .sort();
}

async function exemplars(url: string): Promise<string[]> {
  const range = {start: String(startSeconds - 100), end: String(startSeconds + 10_000)};
  const data = (await api(url, 'query_exemplars', {query: '{__name__!=""}', ...range})) as {
    seriesLabels: Record<string, string>;
    exemplars: {labels: Record<string, string>; value: string; timestamp: number}[];
  }[];
  return data
    .flatMap((series) =>
      series.exemplars.map(
        ({labels, value, timestamp}) =>
          `${keyOf(series.seriesLabels)} ${keyOf(labels)} ${value}@${timestamp}`,
      ),
    )
    .sort();
}

async function metadata(url: string): Promise<string[]> {
  const data = (await api(url, 'targets/metadata', {})) as Record<string, unknown>[];
  return data.map((each) => JSON.stringify(sorted(each))).sort();
}

function keyOf(labels: Record<string, string>): string {
  return JSON.stringify(sorted(labels));
}

function sorted(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1)));
}

/** Runs both programs on the same target, and hands them to `compare`. */
async function sideBySide(
  features: string[],
  isWanted: (fields: string) => boolean,
  compare: (narthex: string, prometheus: string, target: Target) => Promise<void>,
): Promise<void> {
  const target = new Target();
  await target.open();
  const flag = (names: string[]): string[] => [`--enable-feature=${names.join(',')}`];
  const narthex = await startNarthex({
    config: configOf(target.port, ', scrape_native_histograms: true', isWanted),
    flags: flag(['exemplar-storage', ...features]),
  });
  const prometheus = await startPrometheus({
    config: configOf(target.port, '', isWanted),
    flags: flag(['exemplar-storage', 'native-histograms', ...features]),
  });
  try {
    for (const url of [narthex.url, prometheus.url]) {
      // Every target is scraped twice; Prometheus begins after some seconds.
      const expr = 'count_over_time(up[1h]) >= 2';
      const deadline = Date.now() + 30_000;
      while ((await instant(url, expr)).length < Object.values(jobs).filter(isWanted).length) {
        assert.ok(Date.now() < deadline, `${url} scrapes all targets`);
        await sleep(200);
      }
    }
    await compare(narthex.url, prometheus.url, target);
  } finally {
    await narthex.stop();
    await prometheus.stop();
    target.close();
  }
}

/** Reports that take their own time. */
const moving = 'scrape_duration_seconds';

test('samples, histograms, exemplars, metadata and Accept headers agree with Prometheus', async () => {
  await sideBySide(
    [],
    () => true,
    async (narthex, prometheus, target) => {
      for (const job of Object.keys(jobs)) {
        const expr = `{job="${job}",__name__!="${moving}"}`;
        const both = await Promise.all([instant(narthex, expr), instant(prometheus, expr)]);
        assert.ok(both[1].length >= 4, `${job}: ${both[1].length} series`);
        assert.deepEqual(both[0], both[1], job);
      }
      const examples = await Promise.all([exemplars(narthex), exemplars(prometheus)]);
      assert.ok(examples[1].length >= 15, `${examples[1].length} exemplars`);
      // In Prometheus 3.5 classic buckets of the protobuf format have none where they are converted; later they have.
      const isLater = (line: string): boolean => /classic_seconds_bucket.*"proto_all"/.test(line);
      assert.deepEqual(
        examples[0].filter((line) => !isLater(line)),
        examples[1],
      );
      const families = await Promise.all([metadata(narthex), metadata(prometheus)]);
      assert.ok(families[1].length >= 40, `${families[1].length} families`);
      assert.deepEqual(families[0], families[1]);
      for (const [key, accept] of target.accepts) {
        assert.equal(target.accepts.get(key.replace('prometheus', 'narthex')), accept, key);
      }
    },
  );
});

test('with features: start timestamps as zeros, type and unit labels, extra reports', async () => {
  const features = ['created-timestamp-zero-ingestion', 'type-and-unit-labels', 'extra-scrape-metrics'];
  // Prometheus 3.5 stores nothing of a target whose converted histograms have start timestamps.
  const isWanted = (fields: string): boolean => !fields.includes('convert');
  await sideBySide(features, isWanted, async (narthex, prometheus) => {
    for (const [job, fields] of Object.entries(jobs)) {
      if (!isWanted(fields)) continue;
      const expr = `{job="${job}",__name__!="${moving}"}`;
      assert.deepEqual(await instant(narthex, expr), await instant(prometheus, expr), job);
      assert.deepEqual(await firsts(narthex, expr), await firsts(prometheus, expr), job);
    }
    assert.ok((await firsts(prometheus, '{job="proto"}')).length >= 8);
  });
});

test('with st-storage: start timestamps are stored with the samples', async (context) => {
  const features = [
    'st-storage',
    'xor2-encoding',
    'histograms-st-encoding',
    'promql-experimental-functions',
    'use-start-timestamps',
  ];
  await sideBySide(
    features,
    () => true,
    async (narthex, prometheus) => {
      const known = await fetch(`${prometheus}/api/v1/query?query=start_timestamp(up)`);
      if (!known.ok) return context.skip('this Prometheus stores no start timestamps');
      let starts = 0;
      for (const job of Object.keys(jobs)) {
        // The function takes the name away: what has another name comes in another query.
        const names = (await instant(prometheus, `group by (__name__) ({job="${job}"})`)).map(
          (line) => /"__name__":"([^"]+)"/.exec(line)![1]!,
        );
        for (const name of names) {
          const expr = `start_timestamp({job="${job}",__name__="${name}"})`;
          const [own, expected] = [await instant(narthex, expr), await instant(prometheus, expr)];
          // Where native histograms have to be asked for in the configuration, Prometheus has classic ones instead.
          if (own.length === 0) continue;
          assert.deepEqual(own, expected, `${job} ${name}`);
          starts += expected.filter((line) => !line.endsWith(' "0"')).length;
        }
      }
      assert.ok(starts >= 20, `${starts} series with start timestamps`);
    },
  );
});
