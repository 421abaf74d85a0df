import assert from 'node:assert/strict';
import test from 'node:test';
import type {DiscoveryConfig} from './config.ts';
import type {DiscoveryJob} from './manager.ts';
import {DiscoveryBench} from './testing.ts';

function file(name: string): DiscoveryConfig {
  return {mechanism: 'file', files: [`/sd/${name}.yml`], refreshIntervalMs: 300_000};
}

function job(jobName: string, discoveryConfigs: DiscoveryConfig[], targets: string[] = []): DiscoveryJob {
  const staticConfigs =
    targets.length === 0
      ? []
      : [{source: '0', targets: targets.map((each) => ({__address__: each})), labels: {}}];
  return {jobName, staticConfigs, discoveryConfigs};
}

test('DiscoveryManager hands static and discovered targets on together', async () => {
  const bench = new DiscoveryBench();
  bench.files.set('/sd/a.yml', '[{targets: [a]}]');
  bench.manager.apply([job('j', [file('a')], ['s']), job('static', [], ['t'])]);
  await bench.clock.pass(100);
  assert.deepEqual(bench.addresses('j'), ['a', 's']);
  assert.equal(bench.sends, 1);
  const {jobs, received, sent} = bench.manager.statistics();
  assert.deepEqual(
    jobs.map(({name, targets}) => [name, targets]),
    [
      ['j', 2],
      ['static', 1],
    ],
  );
  assert.deepEqual([received, sent], [1, 1]);
  bench.manager.stop();
});

test('DiscoveryManager hands changes on within 100 ms, and spends a tenth of its time on it', async () => {
  const f = async (sendMs: number, sendsMin: number, sendsMax: number): Promise<void> => {
    const bench = new DiscoveryBench();
    bench.manager.apply([job('j', [file('a')])]);
    await bench.clock.pass(60_000);
    bench.sends = 0;
    bench.sendMs = sendMs;
    const end = bench.clock.elapsed() + 60_000;
    // A change every 100 ms for a minute.
    let i = 0;
    for (; bench.clock.elapsed() < end; i++) {
      bench.files.set('/sd/a.yml', `[{targets: [a${i}]}]`);
      await bench.clock.pass(100);
      if (i === 2) assert.ok(bench.sends >= 1);
    }
    assert.ok(bench.sends >= sendsMin && bench.sends <= sendsMax, `${bench.sends} in a minute`);
    await bench.clock.pass(10_000);
    assert.deepEqual(bench.addresses('j'), [`a${i - 1}`]);
    bench.manager.stop();
  };
  await f(0, 250, 600);
  await f(50, 80, 130);
  // But Prometheus's 5 s are the most.
  await f(1000, 8, 16);
});

test('DiscoveryManager hands on only what has changed, and groups that stay the same as the same objects', async () => {
  const bench = new DiscoveryBench();
  bench.files.set('/sd/a.yml', '[{targets: [a]}, {targets: [b]}]');
  bench.manager.apply([job('j', [file('a')])]);
  await bench.clock.pass(10_000);
  const before = bench.targets.get('j')!;
  bench.files.set('/sd/a.yml', '[{targets: [a]}, {targets: [b]}]');
  await bench.clock.pass(10_000);
  assert.equal(bench.sends, 1);
  // It was looked at, though, which the metrics say.
  const {received, sent} = bench.manager.statistics();
  assert.deepEqual([received, sent], [2, 2]);
  bench.files.set('/sd/a.yml', '[{targets: [a]}, {targets: [c]}]');
  await bench.clock.pass(10_000);
  assert.deepEqual(bench.addresses('j'), ['a', 'c']);
  assert.equal(bench.targets.get('j')![0], before[0]);
  assert.notEqual(bench.targets.get('j')![1], before[1]);
  bench.manager.stop();
});

test('DiscoveryManager keeps discoverers that stay the same over a reload', async () => {
  const bench = new DiscoveryBench();
  bench.files.set('/sd/a.yml', '[{targets: [a]}]');
  bench.files.set('/sd/b.yml', '[{targets: [b]}]');
  bench.manager.apply([job('j', [file('a')])]);
  await bench.clock.pass(100);
  const before = bench.manager.statistics().fileScans.count;
  // Another job with the same configuration shares its discoverer, and what it has found.
  bench.manager.apply([job('j', [file('a')]), job('k', [file('a')], ['s'])]);
  assert.deepEqual(bench.manager.groupsOf('k')?.length, 2);
  assert.equal(bench.manager.statistics().fileScans.count, before);
  await bench.clock.pass(10_000);
  assert.deepEqual(bench.addresses('k'), ['a', 's']);
  bench.manager.apply([job('k', [file('b')])]);
  await bench.clock.pass(10_000);
  assert.deepEqual(bench.addresses('k'), ['b']);
  assert.deepEqual([...bench.files.watched.keys()], ['/sd/']);
  bench.manager.stop();
});

test('DiscoveryManager does not know the targets of a job before its discoverers have told of them', async () => {
  const bench = new DiscoveryBench();
  const answer = Promise.withResolvers<{text: string; headers: Record<string, string>}>();
  bench.server = () => answer.promise;
  const http: DiscoveryConfig = {
    mechanism: 'http',
    url: 'http://x/',
    refreshIntervalMs: 60_000,
    client: {followRedirects: true},
  };
  bench.manager.apply([job('j', [http], ['s'])]);
  assert.equal(bench.manager.groupsOf('j'), null);
  // Static targets do not wait for ever.
  await bench.clock.pass(1000);
  assert.deepEqual(bench.addresses('j'), ['s']);
  answer.resolve({text: '[{"targets": ["a"]}]', headers: {'content-type': 'application/json'}});
  await bench.clock.pass(1000);
  assert.deepEqual(bench.addresses('j'), ['a', 's']);
  assert.equal(bench.manager.groupsOf('j')?.length, 2);
  bench.manager.stop();
});
