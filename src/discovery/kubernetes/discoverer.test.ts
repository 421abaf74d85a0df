import assert from 'node:assert/strict';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {ApiError} from '../../../test/lib/kubeapi-store.ts';
import {TestKubeApi} from '../../../test/lib/kubeapi.ts';
import {
  changeSmallCluster,
  endpointsObject,
  fillSmallCluster,
  podObject,
  serviceObject,
  sliceObject,
} from '../../../test/lib/kubecluster.ts';
import {TestAuthority} from '../../http/testing-certificates.ts';
import {KubeInformers} from '../../kube/informers.ts';
import {systemClock} from '../../sys/clock.ts';
import type {KubernetesDiscoveryConfig} from '../config.ts';
import {recordOf} from '../targetgroup.ts';
import {DiscoveryBench} from '../testing.ts';
import {kubernetesProjections} from './projections.ts';

const nothing = {node: false, namespace: false, deployment: false, job: false, cronjob: false};

function configOf(api: TestKubeApi, config: Partial<KubernetesDiscoveryConfig>): KubernetesDiscoveryConfig {
  return {
    mechanism: 'kubernetes',
    role: 'pod',
    apiServer: api.url,
    kubeconfigFile: '',
    namespaces: {own: false, names: []},
    selectors: [],
    metadata: nothing,
    client: {followRedirects: true},
    ...config,
  };
}

/** A manager that discovers on a server of its own; groups are merged with their labels. */
async function withCluster(
  config: Partial<KubernetesDiscoveryConfig>,
  run: (bench: DiscoveryBench, api: TestKubeApi) => Promise<void>,
  api = new TestKubeApi({bookmarkMs: 50}),
): Promise<void> {
  fillSmallCluster(api, true);
  await api.listen();
  const bench = new DiscoveryBench({
    clock: systemClock,
    kube: new KubeInformers(systemClock, kubernetesProjections),
  });
  bench.manager.apply([{jobName: 'j', staticConfigs: [], discoveryConfigs: [configOf(api, config)]}]);
  try {
    await run(bench, api);
  } finally {
    bench.manager.stop();
    await api.stop();
  }
}

type LabelSet = Readonly<Record<string, string>>;

function labelSets(bench: DiscoveryBench): LabelSet[] {
  return (bench.targets.get('j') ?? []).flatMap(({targets, labels}) =>
    targets.map((target) => ({...recordOf(labels), ...recordOf(target)})),
  );
}

function at(bench: DiscoveryBench, address: string): LabelSet | undefined {
  return labelSets(bench).find((each) => each['__address__'] === address);
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 500; i++) {
    if (condition()) return;
    await sleep(10);
  }
  assert.fail(`not within 5 s: ${condition.toString()}`);
}

test('labels that Prometheus got after 3.5: conditions of nodes, owners of owners, addresses of balancers', async () => {
  await withCluster({role: 'node'}, async (bench) => {
    await until(() => labelSets(bench).length > 0);
    const labels = at(bench, '10.0.0.1:10250')!;
    assert.equal(labels['__meta_kubernetes_node_condition_ready'], 'true');
    assert.equal(labels['__meta_kubernetes_node_condition_diskpressure'], 'unknown');
    assert.equal(labelSets(bench).length, 2, 'a node without an address is no target');
  });
  const all = {node: true, namespace: true, deployment: true, job: true, cronjob: true};
  await withCluster({metadata: all}, async (bench) => {
    await until(() => labelSets(bench).length > 0);
    assert.equal(at(bench, '10.1.0.1:8080')!['__meta_kubernetes_pod_deployment_name'], 'web');
    const job = at(bench, '10.1.0.3:8080')!;
    assert.equal(job['__meta_kubernetes_pod_job_name'], 'nightly-1');
    assert.equal(job['__meta_kubernetes_pod_cronjob_name'], 'nightly');
    assert.equal(job['__meta_kubernetes_namespace_label_a_b_c'], 'd');
    assert.equal(job['__meta_kubernetes_namespace_annotation_note'], 'of shop');
    assert.equal(job['__meta_kubernetes_node_label_kubernetes_io_os'], 'linux');
    assert.equal(at(bench, '10.1.0.9:8080'), undefined, 'a pod on a node that is not known');
  });
  await withCluster({role: 'service'}, async (bench) => {
    await until(() => labelSets(bench).length > 0);
    const ipOf = (name: string): string | undefined =>
      at(bench, `${name}.default.svc:80`)!['__meta_kubernetes_service_loadbalancer_ip'];
    assert.equal(ipOf('balanced'), '198.51.100.7');
    assert.equal(ipOf('balanced-2'), '198.51.100.8,198.51.100.9');
    assert.equal(ipOf('web'), undefined);
  });
  await withCluster({role: 'endpointslice'}, async (bench) => {
    await until(() => labelSets(bench).length > 0);
    assert.ok(at(bench, '10.1.0.18:80') !== undefined);
    assert.equal(at(bench, '[fd00::18]:80'), undefined, 'the other family of a service with two');
    assert.equal(at(bench, '10.1.0.1:8080')!['__meta_kubernetes_endpointslice_port_app_protocol'], 'http');
  });
});

test('groups change one by one, as objects do', async () => {
  for (const role of ['pod', 'endpoints', 'endpointslice'] as const) {
    await withCluster({role}, async (bench, api) => {
      await until(() => at(bench, '10.1.0.1:8080') !== undefined);
      const before = new Map(bench.targets.get('j')!.map((group) => [group.source, group]));
      const prefix = {pod: 'pod', endpoints: 'endpoints', endpointslice: 'endpointslice'}[role];
      const name = {pod: 'web-1', endpoints: 'web', endpointslice: 'web-abc'}[role];
      assert.ok(before.has(`${prefix}/default/${name}`), [...before.keys()].join(' '));
      await changeSmallCluster(api, true);
      await until(() =>
        labelSets(bench).some(
          (each) =>
            each['__meta_kubernetes_pod_container_id'] === 'containerd://2' ||
            (each['__meta_kubernetes_pod_ready'] === 'true' && each['__address__'] === '10.1.0.2:8080'),
        ),
      );
      await until(() => role !== 'pod' || at(bench, '10.1.0.77:8080') !== undefined);
      const after = new Map(bench.targets.get('j')!.map((group) => [group.source, group]));
      const same = [...after].filter(([source, group]) => before.get(source) === group);
      assert.ok(
        same.length > 0 && same.length < after.size,
        `${same.length} of ${after.size} stayed the same`,
      );
    });
  }
});

test('a pod that comes after its endpoints gives its labels to them; one that goes before takes none away', async () => {
  await withCluster({role: 'endpoints'}, async (bench, api) => {
    await until(() => at(bench, '10.1.0.5:1234') !== undefined);
    assert.equal(at(bench, '10.1.0.5:1234')!['__meta_kubernetes_pod_name'], undefined);
    api.put(podObject('unknown', {ip: '10.1.0.5'}));
    await until(() => at(bench, '10.1.0.5:1234')!['__meta_kubernetes_pod_name'] === 'unknown');
    assert.ok(at(bench, '10.1.0.5:8080') !== undefined, 'and its other ports');
    api.put(serviceObject('web', {}, {labels: {fresh: 'yes'}}));
    await until(() => at(bench, '10.1.0.5:1234')!['__meta_kubernetes_service_label_fresh'] === 'yes');
    api.remove(podObject('unknown'));
    api.put(endpointsObject('mark', [{addresses: [{ip: '10.7.7.7'}], ports: [{port: 7}]}]));
    await until(() => at(bench, '10.7.7.7:7') !== undefined);
    assert.equal(at(bench, '10.1.0.5:1234')!['__meta_kubernetes_pod_name'], 'unknown');
  });
});

test('configurations that follow the same objects share their watches, which end a while after the last one', async () => {
  const api = new TestKubeApi();
  fillSmallCluster(api, true);
  await api.listen();
  const bench = new DiscoveryBench({kube: new KubeInformers(systemClock, kubernetesProjections)});
  const jobs = (['pod', 'endpoints', 'endpointslice', 'service'] as const).map((role) => ({
    jobName: role,
    staticConfigs: [],
    discoveryConfigs: [configOf(api, {role})],
  }));
  try {
    bench.manager.apply(jobs);
    await until(() => api.watches.size === 4);
    await sleep(50);
    assert.equal(
      api.requests.filter((each) => !each.includes('watch=')).length,
      4,
      'pods, services, endpoints and slices',
    );
    await bench.clock.pass(1000);
    for (const {jobName} of jobs) assert.ok(bench.addresses(jobName).length > 0, jobName);
    // One that comes later gets what is known.
    bench.manager.apply([
      ...jobs,
      {
        jobName: 'again',
        staticConfigs: [],
        discoveryConfigs: [configOf(api, {metadata: {...nothing, job: true}})],
      },
    ]);
    await until(() => api.watches.size === 5);
    await sleep(50);
    await bench.clock.pass(10_000);
    assert.deepEqual(bench.addresses('again'), bench.addresses('pod'));
  } finally {
    bench.manager.stop();
    await api.stop();
  }
});

test('while the server refuses, the last targets stay and it is said; configurations are tried again', async () => {
  await withCluster({namespaces: {own: false, names: ['shop']}}, async (bench, api) => {
    await until(() => at(bench, '10.1.0.3:8080') !== undefined);
    assert.equal(labelSets(bench).length, 2);
    api.refuse = () =>
      new ApiError(403, 'Forbidden', 'pods is forbidden: User "x" cannot list resource "pods"');
    api.endWatches();
    await until(() => bench.manager.failures().length > 0);
    const [failure] = bench.manager.failures();
    assert.equal(failure!.part, 'pods in shop');
    assert.match(failure!.error, /^pods is forbidden/);
    assert.equal(labelSets(bench).length, 2);
    assert.ok(bench.manager.statistics().kubernetesFailures > 0);
    assert.match(bench.errors.join('\n'), /Failed to watch pods in shop: pods is forbidden/);
    api.refuse = () => null;
    await until(() => bench.manager.failures().length === 0);
    api.put(podObject('new', {namespace: 'shop', ip: '10.3.3.3'}));
    await until(() => at(bench, '10.3.3.3:8080') !== undefined);
  });
  const bench = new DiscoveryBench();
  const config = configOf(new TestKubeApi(), {apiServer: '', namespaces: {own: true, names: []}});
  bench.manager.apply([{jobName: 'j', staticConfigs: [], discoveryConfigs: [config]}]);
  assert.match(bench.errors[0]!, /^Cannot create service discovery: unable to load in-cluster configuration/);
  assert.equal(bench.manager.failures()[0]!.part, '');
  await bench.clock.pass(15_000);
  assert.equal(bench.errors.length, 2);
  bench.manager.stop();
});

test('events are counted as in Prometheus', async () => {
  await withCluster({role: 'endpoints'}, async (bench, api) => {
    await until(() => labelSets(bench).length > 0);
    const count = (role: string, event: string): number =>
      bench.manager.statistics().kubernetesEvents.find((each) => each.role === role && each.event === event)!
        .count;
    assert.equal(count('endpoints', 'add'), 4);
    assert.equal(count('service', 'add'), 7);
    assert.equal(count('pod', 'add'), 0);
    await changeSmallCluster(api, true);
    await until(() => count('endpoints', 'update') === 1);
    assert.equal(count('pod', 'update'), 1);
    assert.equal(count('endpoints', 'delete'), 1);
  });
});

test('thousands of objects are followed as one by one', async () => {
  const api = new TestKubeApi({bookmarkMs: 50});
  for (let i = 0; i < 3000; i++) api.put(podObject(`many-${i}`, {ip: `10.2.${i >> 8}.${i & 255}`}));
  await withCluster(
    {role: 'pod'},
    async (bench) => {
      await until(() => labelSets(bench).length > 0);
      assert.equal(bench.addresses('j').filter((each) => each.startsWith('10.2.')).length, 6000);
      // Before anything is known, the job has no targets.
      assert.ok(bench.sends <= 2);
      for (let i = 0; i < 3000; i += 2) api.remove(podObject(`many-${i}`));
      await until(() => bench.addresses('j').filter((each) => each.startsWith('10.2.')).length === 3000);
      api.put(sliceObject('x', null, {}));
    },
    api,
  );
});

test('a kubeconfig file leads over TLS to the server, and a token that is renewed is read again', async () => {
  const authority = new TestAuthority();
  const api = new TestKubeApi({tls: authority.issue({names: ['127.0.0.1']}), token: 'first', bookmarkMs: 50});
  fillSmallCluster(api, true);
  await api.listen();
  const folder = mkdtempSync(join(tmpdir(), 'narthex-kube-'));
  const file = join(folder, 'config');
  writeFileSync(
    file,
    JSON.stringify({
      'current-context': 'c',
      contexts: [{name: 'c', context: {cluster: 'c', user: 'u'}}],
      clusters: [{name: 'c', cluster: {server: api.url, 'certificate-authority-data': btoa(authority.cert)}}],
      users: [{name: 'u', user: {tokenFile: 'token'}}],
    }),
  );
  writeFileSync(join(folder, 'token'), 'first\n');
  const bench = new DiscoveryBench({
    clock: systemClock,
    kube: new KubeInformers(systemClock, kubernetesProjections),
    kubeWorld: {readFile: (name) => readFileSync(name, 'utf8'), environment: {}},
  });
  const config = configOf(api, {apiServer: '', kubeconfigFile: file});
  bench.manager.apply([{jobName: 'j', staticConfigs: [], discoveryConfigs: [config]}]);
  try {
    await until(() => at(bench, '10.1.0.1:8080') !== undefined);
    api.token = 'second';
    api.endWatches();
    await until(() => bench.manager.failures().some(({error}) => error === 'Unauthorized'));
    writeFileSync(join(folder, 'token'), 'second\n');
    await until(() => bench.manager.failures().length === 0);
    api.put(podObject('fresh', {ip: '10.8.8.8'}));
    await until(() => at(bench, '10.8.8.8:8080') !== undefined);
  } finally {
    bench.manager.stop();
    await api.stop();
    rmSync(folder, {recursive: true, force: true});
  }
});
