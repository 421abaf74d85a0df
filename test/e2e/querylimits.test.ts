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
let endMs = 0;

before(async () => {
  [limited, narthex] = await Promise.all([
    startNarthex({flags: ['--query.max-samples=150000']}),
    startNarthex({flags: ['--query.max-samples=5000000']}),
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
});

after(() => Promise.all([limited.stop(), narthex.stop()]));

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
