// A cluster of 5,000 pods, 500 services and 1,000 endpoint slices that changes 50 times a second, while its API server
// restarts and forgets its history: targets follow, nothing is lost, and memory stays where it is.
import assert from 'node:assert/strict';
import test from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {residentBytes} from '../../tools/programs.ts';
import {BigCluster, bigClusterConfig} from '../lib/bigcluster.ts';
import {differences, follow, percentile, waitForTargets} from '../lib/following.ts';
import {TestKubeApi} from '../lib/kubeapi.ts';
import {startNarthex} from '../lib/narthex.ts';

test(
  'targets follow a big cluster over restarts of its API server and lost history',
  {timeout: 180_000},
  async () => {
    const api = new TestKubeApi({bookmarkMs: 2000});
    const cluster = new BigCluster(api, {pods: 5000, services: 500, slices: 1000});
    cluster.fill();
    await api.listen();
    const server = await startNarthex({config: bigClusterConfig(api.url)});
    try {
      await waitForTargets(server.url, 'pods', 15_000);
      await waitForTargets(server.url, 'services', 500);
      const steady = await follow(server.url, cluster, {seconds: 6, changesPerSecond: 50});
      assert.deepEqual(steady.lost, []);
      assert.ok(steady.latenciesMs.length > 10, `${steady.latenciesMs.length} pods came`);
      // A machine that does a lot else at the same time is given some of it back.
      const median = percentile(steady.latenciesMs, 0.5);
      assert.ok(median < 1000, `half of the changes took more than ${Math.round(median)} ms`);
      const resident: number[] = [];
      for (let round = 0; round < 2; round++) {
        const rough = await follow(server.url, cluster, {
          seconds: 8,
          changesPerSecond: 50,
          everySecond: async (second) => {
            if (second === 2) await restart(api, false);
            if (second === 5) await restart(api, true);
            if (second === 7) api.endWatches();
          },
        });
        assert.deepEqual(rough.lost, []);
        resident.push(residentBytes(server.child.pid!).now);
      }
      // The first round has brought the heap to the size that it needs.
      const grown = resident[1]! - resident[0]!;
      assert.ok(grown < 200 << 20, `memory grew by ${Math.round(grown / 2 ** 20)} MiB`);
      await until(async () => (await differences(server.url, cluster)).length === 0);
      const {warnings} = (await (
        await fetch(`${server.url}/api/v1/targets?state=dropped&scrapePool=none`)
      ).json()) as {warnings?: string[]};
      assert.deepEqual(warnings ?? [], []);
      const metrics = await (await fetch(`${server.url}/metrics`)).text();
      assert.match(metrics, /prometheus_sd_kubernetes_events_total\{event="update",role="pod"\} [1-9]/);
      assert.match(metrics, /prometheus_sd_kubernetes_failures_total [1-9]/);
    } finally {
      await server.stop();
      await api.stop();
    }
  },
);

async function restart(api: TestKubeApi, forgets: boolean): Promise<void> {
  await api.stop();
  await sleep(500);
  if (forgets) api.store.compact();
  await api.listen();
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 60; i++) {
    if (await condition()) return;
    await sleep(500);
  }
  assert.fail('the targets are not those of the cluster after 30 s');
}
