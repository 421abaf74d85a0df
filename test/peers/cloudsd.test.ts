// docker_sd_configs and ec2_sd_configs side by side with Prometheus on one server: the same targets with the same labels.
import assert from 'node:assert/strict';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {fillDocker, TestDocker} from '../lib/docker.ts';
import {fillEc2, TestEc2} from '../lib/ec2.ts';
import {startNarthex, startPrometheus} from '../lib/narthex.ts';

/** Labels that Prometheus got after 3.5. */
const newer =
  /^__meta_docker_container_image(_id)?$|^__meta_ec2_default_ipv6_address$|^__(always_scrape|convert_classic|scrape_native)_/;
/** Those with an address of IPv6 alone, which older Prometheus cannot find. */
const newerTargets = new Set(['six', 'i-six']);

async function targetsOf(url: string): Promise<string[]> {
  const response = await fetch(`${url}/api/v1/targets`);
  const {data} = (await response.json()) as {
    data: {activeTargets: {discoveredLabels: Record<string, string>; labels: unknown; scrapeUrl: string}[]};
  };
  const isKnown = ({discoveredLabels: labels}: {discoveredLabels: Record<string, string>}): boolean =>
    !newerTargets.has(labels['__meta_docker_container_id'] ?? labels['__meta_ec2_instance_id'] ?? '');
  return data.activeTargets
    .filter(isKnown)
    .map(({discoveredLabels, labels, scrapeUrl}) => {
      const known = Object.entries(discoveredLabels).filter(([name]) => !newer.test(name));
      return JSON.stringify({discoveredLabels: Object.fromEntries(known), labels, scrapeUrl});
    })
    .sort();
}

/** Waits until both say the same, and `needle` is in it. */
async function agree(urls: readonly string[], needle: string): Promise<string[]> {
  let [ours, theirs]: string[][] = [];
  for (let i = 0; i < 150; i++) {
    [ours, theirs] = await Promise.all(urls.map(targetsOf));
    if (JSON.stringify(ours) === JSON.stringify(theirs) && ours!.join().includes(needle)) return ours!;
    await sleep(100);
  }
  assert.deepEqual(ours, theirs);
  assert.fail(`no ${needle} in ${ours!.join('\n')}`);
}

async function sideBySide(jobs: string, run: (urls: string[]) => Promise<void>): Promise<void> {
  const config = `global: {scrape_interval: 1h}\nscrape_configs:\n${jobs}`;
  const servers = await Promise.all([startNarthex({config}), startPrometheus({config})]);
  try {
    await run(servers.map(({url}) => url));
  } finally {
    await Promise.all(servers.map((each) => each.stop()));
  }
}

test('docker_sd_configs find the targets that Prometheus finds, over HTTP and a socket', async () => {
  const docker = new TestDocker();
  fillDocker(docker);
  const folder = mkdtempSync(join(tmpdir(), 'narthex-docker-'));
  const [byHttp, bySocket] = await Promise.all([docker.listen(), docker.listen(join(folder, 'docker.sock'))]);
  const jobs = `
  - job_name: all
    docker_sd_configs: [{host: '${byHttp.url}', refresh_interval: 1s, match_first_network: false, port: 9100, host_networking_host: me}]
  - job_name: first
    docker_sd_configs: [{host: '${bySocket.url}', refresh_interval: 1s}]
  - job_name: filtered
    docker_sd_configs: [{host: '${byHttp.url.replace('http', 'tcp')}', refresh_interval: 1s, filters: [{name: label, values: [team=a]}]}]
`;
  try {
    await sideBySide(jobs, async (urls) => {
      const first = await agree(urls, '172.17.0.2:8080');
      for (const part of ['"job":"first"', '"job":"filtered"', '10.9.0.3:9100', '"__address__":"me"'])
        assert.ok(first.join().includes(part), part);
      docker.containers = docker.containers.filter(({Id: id}) => id !== 'two');
      const fewer = await agree(urls, '172.17.0.2:8080');
      for (let i = 0; i < 50 && (await targetsOf(urls[0]!)).join().includes('10.9.0.3'); i++)
        await sleep(100);
      assert.ok(fewer.length <= first.length);
      docker.failure = 'broken';
      await sleep(1500);
      const own = (await (await fetch(`${urls[0]}/api/v1/targets`)).json()) as {
        warnings: string[];
        data: {activeTargets: unknown[]};
      };
      assert.match(
        own.warnings.join('\n'),
        /docker discovery fails since .*: error while listing containers: Error response from daemon: broken/,
      );
      assert.ok(own.data.activeTargets.length > 5);
    });
  } finally {
    byHttp.close();
    bySocket.close();
    rmSync(folder, {recursive: true, force: true});
  }
});

test('ec2_sd_configs find the targets that Prometheus finds', async () => {
  const ec2 = new TestEc2();
  fillEc2(ec2);
  const server = await ec2.listen();
  const keys = `endpoint: '${server.url}', region: eu-west-1, access_key: ${ec2.accessKey}, secret_key: '${ec2.secretKey}', refresh_interval: 1s`;
  const jobs = `
  - job_name: all
    ec2_sd_configs: [{${keys}}]
  - job_name: large
    ec2_sd_configs: [{${keys}, port: 9100, filters: [{name: instance-type, values: [m5.large, x]}]}]
`;
  try {
    await sideBySide(jobs, async (urls) => {
      const found = await agree(urls, '10.0.0.1:80');
      assert.equal(found.length, 5);
      for (const part of ['10.0.0.3:9100', 'euw1-az2', 'web & co', ',,2001:db8::3,'])
        assert.ok(found.join().includes(part), part);
      assert.ok(ec2.requests.some((form) => form.get('NextToken') === '4'));
    });
  } finally {
    server.close();
  }
});
