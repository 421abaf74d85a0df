import assert from 'node:assert/strict';
import test from 'node:test';
import {fillDocker, TestDocker} from '../../../test/lib/docker.ts';
import type {DockerDiscoveryConfig} from '../config.ts';
import {recordOf} from '../targetgroup.ts';
import {DiscoveryBench} from '../testing.ts';

const config: DockerDiscoveryConfig = {
  mechanism: 'docker',
  host: 'unix:///var/run/docker.sock',
  port: 80,
  filters: [],
  hostNetworkingHost: 'localhost',
  matchFirstNetwork: true,
  refreshIntervalMs: 60_000,
  client: {followRedirects: true},
};

async function benchOf(
  docker: TestDocker,
  options: Partial<DockerDiscoveryConfig> = {},
): Promise<DiscoveryBench> {
  const bench = new DiscoveryBench();
  bench.server = ({url}) => docker.answer(url.replace(/^http:\/\/[^/]*/, ''));
  bench.manager.apply([{jobName: 'j', staticConfigs: [], discoveryConfigs: [{...config, ...options}]}]);
  await bench.clock.pass(1000);
  return bench;
}

test('createDockerDiscoverer() finds ports of containers in their networks', async () => {
  const docker = new TestDocker();
  fillDocker(docker);
  const bench = await benchOf(docker);
  assert.deepEqual(bench.addresses('j'), [
    '10.9.0.3:80',
    '172.17.0.2:80',
    '172.17.0.2:80',
    '172.17.0.2:80',
    '172.17.0.2:8080',
    '172.17.0.2:9',
    '[2001:db8::5]:90',
    'localhost',
  ]);
  assert.deepEqual(docker.requests, ['/_ping', '/v1.44/containers/json', '/v1.44/networks']);
  const [web] = bench.targets.get('j')![0]!.targets.map(recordOf);
  assert.equal(web!['__meta_docker_container_image'], 'image-of-web');
  assert.equal(web!['__meta_docker_container_image_id'], 'sha256:web');
  bench.manager.stop();
  const all = await benchOf(docker, {matchFirstNetwork: false, port: 9100, hostNetworkingHost: 'me'});
  for (const address of ['10.9.0.3:9100', '172.17.0.3:9100', 'me'])
    assert.ok(all.addresses('j').includes(address), address);
  all.manager.stop();
});

test('createDockerDiscoverer() sends filters, and keeps what it found when the daemon fails', async () => {
  const docker = new TestDocker();
  fillDocker(docker);
  const bench = await benchOf(docker, {
    filters: [
      {name: 'name', values: ['web', 'udp']},
      {name: 'label', values: ['team=a']},
    ],
  });
  assert.ok(
    docker.requests[1]!.endsWith(
      encodeURIComponent('{"name":{"web":true,"udp":true},"label":{"team=a":true}}'),
    ),
  );
  assert.deepEqual(bench.addresses('j'), ['172.17.0.2:80', '172.17.0.2:8080']);
  docker.failure = 'it is broken';
  await bench.clock.pass(60_000);
  assert.deepEqual(bench.errors, [
    'Unable to refresh target groups: error while listing containers: Error response from daemon: it is broken',
  ]);
  assert.equal(bench.manager.failures()[0]!.mechanism, 'docker');
  assert.equal(bench.addresses('j').length, 2);
  bench.manager.stop();
});

test('containers that share their networks in a circle have none', async () => {
  const docker = new TestDocker();
  const network = (id: string, other: string): TestDocker['containers'][number] => ({
    Id: id,
    Names: [`/${id}`],
    HostConfig: {NetworkMode: `container:${other}`},
    NetworkSettings: {Networks: {}},
  });
  docker.containers = [network('a', 'b'), network('b', 'a')];
  const bench = await benchOf(docker);
  assert.deepEqual(bench.addresses('j'), []);
  bench.manager.stop();
});
