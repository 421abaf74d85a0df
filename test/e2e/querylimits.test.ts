// Queries that ask for too much, and clients that go away: the server answers the others.
import assert from 'node:assert/strict';
import {get, type ClientRequest} from 'node:http';
import test, {after, before} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {labelsOf} from '../../src/model/labels.ts';
import {pushSamples} from '../../tools/remotewrite.ts';
import {query, startNarthex, type StartedServer} from '../lib/narthex.ts';

const deadlineMs = 20_000;
const series = 200;
const samples = 1000;
/** Refuses what loads many samples. */
let limited: StartedServer;
/** Lets queries work for long. */
let narthex: StartedServer;
/** Gives queries little memory, and scrapes itself often. */
let small: StartedServer;
const smallSeries = 60_000;
const scrapeMs = 500;
let endMs = 0;

before(async () => {
  [limited, narthex, small] = await Promise.all([
    startNarthex({flags: ['--query.max-samples=150000']}),
    startNarthex({flags: ['--query.max-samples=5000000']}),
    startNarthex({
      flags: ['--query.max-memory=24MB', '--query.max-memory-total=64MB', '--query.timeout=8s'],
      config: `scrape_configs:
  - job_name: self
    scrape_interval: ${scrapeMs}ms
    scrape_timeout: ${scrapeMs}ms
    static_configs: [{targets: ['127.0.0.1:PORT']}]
`,
    }),
  ]);
  endMs = Date.now();
  const times = Float64Array.from({length: samples}, (_, i) => endMs - (samples - i) * 3000);
  const values = Float64Array.from({length: samples}, (_, i) => i);
  const batch = Array.from({length: series}, (_, i) => ({
    labels: labelsOf({__name__: 'load', i: String(i)}),
    times,
    values,
  }));
  for (const {url} of [limited, narthex]) await pushSamples(url, batch);
  const path = 'a'.repeat(60);
  for (let first = 0; first < smallSeries; first += 20_000) {
    const many = Array.from({length: 20_000}, (_, i) => ({
      labels: labelsOf({
        __name__: 'many',
        id: String(first + i),
        zone: `z${i % 10}`,
        path: `${path}${i % 5000}`,
      }),
      times: Float64Array.of(endMs - 15_000, endMs),
      values: Float64Array.of(i, i + 1),
    }));
    await pushSamples(small.url, many);
  }
});

after(() => Promise.all([limited.stop(), narthex.stop(), small.stop()]));

/**
 * A minute of work, where nobody ends it: a thousand times 200 series at 3,000 steps. What it holds, 3,000 samples a term, stays
 * below the limit, so that only its client or its timeout can end it.
 */
const endless = Array.from({length: 1000}, (_, i) => `sum(quantile_over_time(${i / 1000}, load[50m]))`).join(
  ' + ',
);

function range(): Record<string, string> {
  return {start: String(endMs / 1000 - 3000), end: String(endMs / 1000), step: '1'};
}

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${narthex.url}/metrics`)).text();
  const line = text.split('\n').find((each) => each.startsWith(`${name} `));
  assert.ok(line !== undefined, `there is no metric ${name}`);
  return Number(line.slice(name.length));
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + deadlineMs;
  while (!(await holds())) {
    assert.ok(Date.now() < end, `not within ${deadlineMs} ms: ${what}`);
    await sleep(50);
  }
}

test('a query that loads too many samples is refused', async () => {
  for (const expr of [
    'max_over_time(vector(1)[1000d:1ms])',
    'max_over_time(max_over_time(vector(1)[1000d:1s])[1000d:1s])',
  ]) {
    const answer = await query(limited.url, expr);
    assert.equal(answer.status, 'error', expr);
    assert.match(String(answer.error), /too many samples/);
  }
  const everything = await query(limited.url, '{__name__=~".+"}[1000d]', {time: String(endMs / 1000)});
  assert.match(String(everything.error), /too many samples/);
});

test('queries as long or deep as no human writes them are refused soon', async () => {
  const post = async (expr: string): Promise<string> => {
    const response = await fetch(`${limited.url}/api/v1/query`, {
      method: 'POST',
      body: new URLSearchParams({query: expr}),
    });
    assert.equal(response.status, 400);
    return ((await response.json()) as {error: string}).error;
  };
  assert.match(await post(`1${'+1'.repeat(1_000_000)}`), /query too long/);
  assert.match(await post('('.repeat(100_000)), /nested too deeply/);
  assert.match(await post(`up{job=~"${'(a{1000}){1000}'}"}`), /regexp/);
});

test('timeout ends a query, whose worker then answers others', async () => {
  const answer = await query(narthex.url, endless, {...range(), timeout: '300ms'});
  assert.equal(answer.status, 'error');
  assert.match(String(answer.error), /timed out/);
  assert.equal((await query(narthex.url, '1 + 1')).data.result[1], '2');
});

test('queries whose clients have gone are given up', async () => {
  const before = await metric('narthex_engine_queries_ended_total{reason="canceled"}');
  const parameters = new URLSearchParams({query: endless, ...range()}).toString();
  const requests: ClientRequest[] = [];
  for (let i = 0; i < 40; i++) {
    const request = get(`${narthex.url}/api/v1/query_range?${parameters}`);
    request.on('error', () => {});
    requests.push(request);
  }
  await until('the queries have arrived', async () => (await metric('prometheus_engine_queries')) === 40);
  for (const request of requests) request.destroy();
  await until('they are gone', async () => (await metric('prometheus_engine_queries')) === 0);
  const after = await metric('narthex_engine_queries_ended_total{reason="canceled"}');
  assert.equal(after - before, 40);
  assert.equal((await query(narthex.url, 'count(load)', {time: String(endMs / 1000)})).data.result.length, 1);
});

/** The longest time between two scrapes that the server has stored of itself since `fromMs`. */
async function longestGapMs(fromMs: number): Promise<number> {
  const seconds = Math.ceil((Date.now() - fromMs) / 1000);
  const expr = `up{job="self"}[${seconds}s]`;
  const answer = await query(small.url, expr, {time: String(Date.now() / 1000)});
  const times = answer.data.result[0]!.values.map(([time]) => time * 1000);
  assert.ok(times.length > 1, 'it scrapes itself');
  let longest = 0;
  for (let i = 1; i < times.length; i++) longest = Math.max(longest, times[i]! - times[i - 1]!);
  return longest;
}

async function statusOf(expr: string, localAddress = '127.0.0.1'): Promise<{status: number; text: string}> {
  const parameters = new URLSearchParams({query: expr, time: String(endMs / 1000)}).toString();
  return new Promise((resolve, reject) => {
    const request = get(
      `${small.url}/api/v1/query?${parameters}`,
      {localAddress, agent: false},
      (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => resolve({status: response.statusCode ?? 0, text}));
      },
    );
    request.on('error', reject);
  });
}

test('each query that needs too much memory says so, and what it would need', async () => {
  for (const expr of [
    'many',
    'sort(many)',
    'many[1h]',
    'sum by (id) (many)',
    'topk(100000, many)',
    'topk by (id) (1, many)',
    'count_values by (id) ("v", many)',
    'quantile by (id) (0.5, many)',
    'many / on (id) many',
    'many or many offset 1s',
    'label_replace(many, "x", "$1", "id", "(.*)")',
    'sum_over_time(vector(time())[1000000s:1s])',
  ]) {
    const {status, text} = await statusOf(expr);
    assert.equal(status, 422, `${expr}: ${text.slice(0, 200)}`);
    assert.match(text, /would need too much memory: at least [0-9.]+MiB, and a query may use 24MiB/, expr);
  }
  // The series of one selector are written as they come; those of several are kept until all are known.
  const one = await fetch(`${small.url}/api/v1/series?match[]=many`);
  assert.equal(one.status, 200);
  assert.equal(((await one.json()) as {data: unknown[]}).data.length, 60_000);
  const several = await fetch(`${small.url}/api/v1/series?match[]=many&match[]=up`);
  assert.equal(several.status, 422);
  const federated = await fetch(`${small.url}/federate?match[]=many`);
  assert.equal(federated.status, 422);
});

test('200 heavy queries do not keep a light one of another client waiting, nor scrapes', async () => {
  const began = Date.now();
  const ended = Array.from({length: 200}, (_, i) =>
    statusOf(`count(many{id!="${i}",path=~"(a*)*(aa|b)*[^0-9a-z]?.*"})`, '127.0.0.2'),
  );
  const all = Promise.all(ended);
  let finished = false;
  void all.then(() => (finished = true));
  let lights = 0;
  let slowestMs = 0;
  while (!finished) {
    const askedMs = performance.now();
    const {status, text} = await statusOf('count(up)');
    assert.equal(status, 200, text);
    slowestMs = Math.max(slowestMs, performance.now() - askedMs);
    lights++;
    await Promise.race([sleep(200), all]);
  }
  for (const {status, text} of await all) {
    assert.ok([200, 422, 503].includes(status), `${status}: ${text.slice(0, 200)}`);
  }
  assert.ok(lights > 1, 'the heavy ones took a while');
  assert.ok(slowestMs < 5000, `a light query took ${slowestMs} ms`);
  const gapMs = await longestGapMs(began);
  assert.ok(gapMs < scrapeMs + 2000, `between two scrapes were ${gapMs} ms`);
});
