// The same rule files, over the same samples, in Prometheus and in Narthex: what is stored, what the API tells, and what an
// Alertmanager is sent must be the same. Both evaluate at the same times, since these follow from names and files.
import assert from 'node:assert/strict';
import {createServer, type Server} from 'node:http';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {after, before} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {isDeepStrictEqual} from 'node:util';
import {labelsOf} from '../../src/model/labels.ts';
import {pushSamples, type PushedSeries} from '../../tools/remotewrite.ts';
import {startNarthex, startPrometheus, type StartedServer} from '../lib/narthex.ts';

const rules = `
groups:
  - name: recording
    rules:
      - record: job:load:sum
        expr: sum by (job) (load)
      - record: job:load:twice
        expr: job:load:sum * 2
        labels: {kind: "twice", zone: ""}
      - record: coming
        expr: load{instance="a"} > 3
      - record: nothing
        expr: absent_metric
      - record: scalar
        expr: 42 + scalar(count(load)) * 0
  - name: alerting
    labels: {team: ops, severity: info}
    rules:
      - alert: High
        expr: load > 3
        for: 2s
        keep_firing_for: 3s
        labels: {severity: page, level: '{{ if gt $value 4.0 }}very{{ end }}'}
        annotations:
          summary: '{{ $labels.instance }} of {{ $labels.job }}: {{ $value | humanize }} at {{ $externalLabels.cluster }}'
          url: '{{ $externalURL }} {{ externalURL }} {{ pathPrefix }}'
          total: '{{ with query "sum(load)" }}{{ . | first | value | printf "%.1f" }}{{ end }}'
          broken: '{{ index $labels 3 }}'
      - alert: Always
        expr: count(load) > 0
      - alert: Never
        expr: load > 1000
        annotations: {text: "never < & >"}
      - alert: NaN
        expr: load * NaN
      - alert: Later
        expr: load{instance="b"} > 0
        for: 1h
  - name: failing
    limit: 1
    rules:
      - record: too_many
        expr: load
      - alert: TooMany
        expr: load
      - record: same
        expr: sum without (instance) (load) or load
        labels: {instance: x}
      - alert: Same
        expr: load
        labels: {instance: x, job: y, zone: z}
      - record: matching
        expr: load * on (job) load
      - alert: String
        expr: '"text"'
  - name: offset
    interval: 2s
    query_offset: 1s
    limit: 7
    rules:
      - record: late
        expr: load
      - alert: LateAlert
        expr: load > 3
`;

const startSeconds = Math.floor(Date.now() / 1000);
/** When there are samples: both servers have started then, and have evaluated twice. */
const firstSecond = 7;

/** Samples for the whole time of the test, in the future. */
function samples(): PushedSeries[] {
  const times = Float64Array.from({length: 30}, (_, i) => (startSeconds + firstSecond + i) * 1000);
  const series = (labels: Record<string, string>, value: (second: number) => number): PushedSeries => ({
    labels: labelsOf({__name__: 'load', ...labels}),
    times,
    values: times.map((time) => value(time / 1000 - startSeconds)),
  });
  return [
    series({instance: 'a', job: 'x', zone: 'z1'}, (second) => (second >= 10 && second < 15 ? 5 : 1)),
    series({instance: 'b', job: 'x', zone: 'z2'}, (second) => second / 10),
    series({instance: 'c', job: 'y'}, () => 4),
  ];
}

interface Received {
  path: string;
  alerts: Record<string, unknown>[];
}

let folder: string;
let receiver: Server;
const received: Received[] = [];
let prometheus: StartedServer;
let narthex: StartedServer;
let version = 0;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'narthex-rules-'));
  const file = join(folder, 'rules.yml');
  writeFileSync(file, rules);
  receiver = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      received.push({path: request.url!, alerts: JSON.parse(text) as Received['alerts']});
      response.end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const {port} = receiver.address() as AddressInfo;
  const config = (name: string): string => `
global:
  evaluation_interval: 1s
  external_labels: {cluster: here, severity: none}
rule_files: ['${file}']
alerting:
  alert_relabel_configs:
    - {action: labeldrop, regex: zone}
  alertmanagers:
    - path_prefix: /${name}
      static_configs: [{targets: ['127.0.0.1:${port}', 'dropped:1']}]
      relabel_configs: [{source_labels: [__address__], regex: 'dropped.*', action: drop}]
`;
  const flags = ['--web.external-url=http://example.org/prom', '--web.route-prefix=/'];
  [prometheus, narthex] = await Promise.all([
    startPrometheus({config: config('prometheus'), flags}),
    startNarthex({config: config('narthex'), flags}),
  ]);
  for (const {url} of [prometheus, narthex]) await pushSamples(url, samples());
  const info = (await get(prometheus, '/status/buildinfo')) as {version: string};
  const [major, minor] = info.version.split('.').map(Number);
  version = major! + minor! / 100;
  await sleep(Math.max(0, (startSeconds + 24) * 1000 - Date.now()));
});

after(async () => {
  await prometheus?.stop();
  await narthex?.stop();
  receiver?.close();
  if (folder !== undefined) rmSync(folder, {recursive: true, force: true});
});

async function get({url}: StartedServer, path: string): Promise<unknown> {
  const answer = (await (await fetch(`${url}/api/v1${path}`)).json()) as {data: unknown; error?: string};
  return answer.error ?? answer.data;
}

type Matrix = {result: {metric: Record<string, string>; values: [number, string][]}[]};

async function stored(server: StartedServer, selector: string): Promise<Map<string, [number, string][]>> {
  const query = new URLSearchParams({query: `${selector}[1m]`, time: String(startSeconds + 23)});
  const {result} = (await get(server, `/query?${query.toString()}`)) as Matrix;
  return new Map(result.map(({metric, values}) => [JSON.stringify(labelsOf(metric)), values]));
}

test('rules store the same samples at the same times', async () => {
  const selector = '{__name__=~"job:.*|coming|scalar|nothing|late|too_many|same|matching|ALERTS.*"}';
  const [theirs, ours] = await Promise.all([stored(prometheus, selector), stored(narthex, selector)]);
  assert.deepEqual([...ours.keys()].sort(), [...theirs.keys()].sort());
  assert.ok(theirs.size > 12, `${theirs.size} series`);
  // Neither starts in the same moment.
  const from = startSeconds + firstSecond;
  const tail = (values: [number, string][]): [number, string][] => values.filter(([time]) => time > from);
  for (const [labels, values] of theirs) assert.deepEqual(tail(ours.get(labels)!), tail(values), labels);
});

/** What differs from moment to moment is replaced by its kind. */
function normal(value: unknown, key = ''): unknown {
  if (key === 'evaluationTime') return typeof value;
  if (key === 'lastEvaluation') return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.test(String(value));
  if (key === 'activeAt' || key === 'keepFiringSince') return Math.floor(Date.parse(String(value)));
  if (key === 'alerts' && Array.isArray(value)) {
    const alerts = value.map((each) => normal(each) as {labels: object});
    return alerts.sort((left, right) =>
      JSON.stringify(left.labels) < JSON.stringify(right.labels) ? -1 : 1,
    );
  }
  if (Array.isArray(value)) return value.map((each) => normal(each));
  // Of two series, either may come first.
  if (key === 'lastError')
    return String(value).replace(/(on the right hand-side of the operation).*(;many-to-many)/, '$1$2');
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(
    ([name, each]) => version >= 3.14 || name !== 'labels' || Object.keys(each as object).length > 0,
  );
  return Object.fromEntries(entries.map(([name, each]) => [name, normal(each, name)]));
}

/** One of them may have evaluated a rule a moment earlier: only a difference that stays is one. */
async function same(path: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    const [theirs, ours] = (await Promise.all([get(prometheus, path), get(narthex, path)])).map((each) =>
      normal(each),
    );
    if (tries < 4 && !isDeepStrictEqual(ours, theirs)) {
      await sleep(400);
      continue;
    }
    assert.deepEqual(ours, theirs, path);
    return;
  }
}

test('/api/v1/rules tells the same', async () => {
  await same('/rules');
  await same('/rules?type=alert');
  await same('/rules?type=Record');
  await same('/rules?exclude_alerts=true&rule_group[]=alerting');
  await same('/rules?rule_name[]=High&rule_name[]=late');
  await same('/rules?rule_group[]=offset&rule_group[]=none');
  await same(`/rules?file[]=${encodeURIComponent(join(folder, 'rules.yml'))}&type=record`);
  await same('/rules?file[]=other');
  await same(
    `/rules?match[]=${encodeURIComponent('{severity="page"}')}&match[]=${encodeURIComponent('{kind=~".+"}')}`,
  );
  await same(`/rules?match[]=${encodeURIComponent('{severity=~".*"}')}`);
  await same('/rules?match[]=%7B');
  await same('/rules?type=x');
  await same('/rules?exclude_alerts=maybe');
  await same('/rules?group_limit=0');
  await same('/rules?group_limit=x');
  await same('/rules?group_next_token=x');
  await same('/rules?group_limit=1&group_next_token=x');
});

test('/api/v1/rules tells the same page by page', async () => {
  const pages = async (server: StartedServer): Promise<unknown[][]> => {
    const found: unknown[][] = [];
    for (let token: string | undefined = ''; token !== undefined && found.length < 9;) {
      const page = (await get(server, `/rules?group_limit=1${token && `&group_next_token=${token}`}`)) as {
        groups: {name: string}[];
        groupNextToken?: string;
      };
      found.push([page.groups.map(({name}) => name), page.groupNextToken]);
      token = page.groupNextToken;
    }
    return found;
  };
  const [theirs, ours] = [await pages(prometheus), await pages(narthex)];
  assert.equal(ours.length, 4);
  // Older ones make their tokens in another way.
  const known = (all: unknown[][]): unknown => (version < 3.14 ? all.map(([names]) => names) : all);
  assert.deepEqual(known(ours), known(theirs));
});

test('/api/v1/alerts and /api/v1/alertmanagers tell the same', async () => {
  await same('/alerts');
  const [theirs, ours] = await Promise.all([
    get(prometheus, '/alertmanagers'),
    get(narthex, '/alertmanagers'),
  ]);
  assert.deepEqual(JSON.parse(JSON.stringify(ours).replaceAll('/narthex/', '/prometheus/')), theirs);
});

test('Alertmanagers are sent the same', () => {
  const sent = (name: string): string[] => {
    const texts = received
      .filter(({path}) => path === `/${name}/api/v2/alerts`)
      .flatMap(({alerts}) => alerts)
      .filter(({startsAt}) => Date.parse(startsAt as string) > (startSeconds + firstSecond) * 1000)
      .map((alert) => JSON.stringify(alert));
    return [...new Set(texts)].sort();
  };
  const theirs = sent('prometheus');
  assert.ok(theirs.length >= 3, theirs.join('\n'));
  assert.deepEqual(sent('narthex'), theirs);
  assert.ok(received.every(({path}) => /^\/(?:prometheus|narthex)\/api\/v2\/alerts$/.test(path)));
});

test('/metrics has the same names and labels of rules and notifications', async () => {
  const names = async ({url}: StartedServer): Promise<string[]> => {
    const text = await (await fetch(`${url}/metrics`)).text();
    const lines = text.split('\n').filter((line) => /^prometheus_(?:rule|notifications)_/.test(line));
    return [
      ...new Set(
        lines.map((line) => line.slice(0, line.lastIndexOf(' ')).replaceAll('/narthex/', '/prometheus/')),
      ),
    ].sort();
  };
  // Labels in any order.
  const sorted = (lines: string[]): string[] =>
    lines.map((line) => {
      const [, name = '', labels = ''] = /^([^{]*)(?:\{(.*)\})?$/.exec(line)!;
      return `${name}{${labels
        .split(/,(?=[a-z_]+=)/)
        .sort()
        .join(',')}}`;
    });
  const theirs = sorted(await names(prometheus)).filter(
    (line) => version >= 3.07 || !line.includes('notifications'),
  );
  const ours = new Set(sorted(await names(narthex)));
  assert.deepEqual(
    theirs.filter((line) => !ours.has(line)),
    [],
  );
});
