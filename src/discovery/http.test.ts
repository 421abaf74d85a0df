import assert from 'node:assert/strict';
import test from 'node:test';
import type {HttpDiscoveryConfig} from './config.ts';
import {DiscoveryBench, type FakeAnswer} from './testing.ts';

const url = 'http://sd/targets';
const config: HttpDiscoveryConfig = {
  mechanism: 'http',
  url,
  refreshIntervalMs: 60_000,
  client: {followRedirects: true},
};
const job = {jobName: 'j', staticConfigs: [], discoveryConfigs: [config]};

function json(text: string, type = 'application/json'): FakeAnswer {
  return {text, headers: {'content-type': type}};
}

test('the http discoverer asks as Prometheus does, and follows what it is told', async () => {
  const bench = new DiscoveryBench();
  const asked: unknown[] = [];
  let answer = json('[{"targets": ["a:1"], "labels": {"x": "y"}}, {"targets": ["b:1"]}]');
  bench.server = ({url: requested, headers}) => {
    asked.push([requested, headers]);
    return answer;
  };
  bench.manager.apply([job]);
  await bench.clock.pass(100);
  assert.deepEqual(asked, [
    [url, {accept: 'application/json', 'x-prometheus-refresh-interval-seconds': '60'}],
  ]);
  assert.deepEqual(bench.targets.get('j'), [
    {source: `${url}:0`, targets: [{__address__: 'a:1'}], labels: {x: 'y', __meta_url: url}},
    {source: `${url}:1`, targets: [{__address__: 'b:1'}], labels: {__meta_url: url}},
  ]);
  answer = json('[{"targets": ["c:1"]}]', 'application/JSON; charset="utf-8"');
  await bench.clock.pass(61_000);
  assert.equal(asked.length, 2);
  assert.deepEqual(bench.addresses('j'), ['c:1']);
  answer = json('[]');
  await bench.clock.pass(61_000);
  assert.deepEqual(bench.addresses('j'), []);
  bench.manager.stop();
  await bench.clock.pass(200_000);
  assert.equal(asked.length, 3);
});

test('the http discoverer keeps the last targets when it fails, and says why', async () => {
  const f = async (answer: FakeAnswer | Error, message: string): Promise<void> => {
    const bench = new DiscoveryBench();
    bench.server = () => json('[{"targets": ["a"]}]');
    bench.manager.apply([job]);
    await bench.clock.pass(1000);
    bench.server = () => {
      if (answer instanceof Error) throw answer;
      return answer;
    };
    await bench.clock.pass(60_000);
    assert.deepEqual(bench.addresses('j'), ['a']);
    assert.deepEqual(bench.errors, [`Unable to refresh target groups: ${message}`]);
    assert.equal(bench.manager.failures()[0]?.error, message);
    const {httpFailures, refreshes, refreshHistograms} = bench.manager.statistics();
    assert.equal(httpFailures, 1);
    assert.deepEqual(
      refreshes.map(({mechanism, config: name, failures, durations}) => [
        mechanism,
        name,
        failures,
        durations.count,
      ]),
      [['http', 'j', 1, 2]],
    );
    assert.equal(refreshHistograms[0]?.histogram.count, 2);
    bench.manager.stop();
  };
  await f(
    {status: 503, statusText: 'Service Unavailable'},
    'server returned HTTP status 503 Service Unavailable',
  );
  await f(json('[]', 'text/plain'), 'unsupported content type "text/plain"');
  await f({text: '[]'}, 'unsupported content type ""');
  await f(json('[null]'), 'nil target group item found');
  await f(json('{}'), 'json: cannot unmarshal object into a list of target groups');
  await f(new Error('Get "http://sd/targets": EOF'), 'Get "http://sd/targets": EOF');
});
