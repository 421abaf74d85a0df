// The API server of the tests beside clients that were not written for it: kubectl and @kubernetes/client-node.
import {CoreV1Api, KubeConfig, makeInformer, type V1Pod, Watch} from '@kubernetes/client-node';
import assert from 'node:assert/strict';
import {execFile, spawn} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {TestAuthority} from '../../src/http/testing-certificates.ts';
import {connectionOfKubeconfig} from '../../src/kube/kubeconfig.ts';
import {findProgram} from '../../tools/programs.ts';
import {TestKubeApi} from '../lib/kubeapi.ts';
import {fillSmallCluster, podObject} from '../lib/kubecluster.ts';

const token = 'the-token';

interface Cluster {
  api: TestKubeApi;
  folder: string;
  /** A kubeconfig file. */
  file: string;
  text: string;
}

/** A filled server with TLS and a token. */
async function withCluster(run: (cluster: Cluster) => Promise<void>): Promise<void> {
  const authority = new TestAuthority();
  const tls = authority.issue({names: ['127.0.0.1']});
  const api = new TestKubeApi({tls, token, bookmarkMs: 100});
  fillSmallCluster(api, true);
  await api.listen();
  const folder = mkdtempSync(join(tmpdir(), 'narthex-kube-'));
  const text = `apiVersion: v1
kind: Config
current-context: test
contexts: [{name: test, context: {cluster: test, user: test, namespace: default}}]
clusters:
- name: test
  cluster: {server: '${api.url}', certificate-authority-data: ${btoa(authority.cert)}}
users: [{name: test, user: {token: ${token}}}]
`;
  const file = join(folder, 'config');
  writeFileSync(file, text);
  try {
    await run({api, folder, file, text});
  } finally {
    await api.stop();
    rmSync(folder, {recursive: true, force: true});
  }
}

function podKeys(api: TestKubeApi, namespace = ''): string[] {
  const keys = [...api.store.collection('', 'v1', 'pods').objects.keys()];
  return keys.filter((key) => key.startsWith(namespace)).sort();
}

const kubectl = findProgram('kubectl');

/** Runs kubectl with a home of its own; gives what it printed. */
function run({file, folder}: Cluster, args: string[], input = ''): Promise<string> {
  const environment = {...process.env, HOME: folder, KUBECONFIG: file};
  return new Promise((resolve, reject) => {
    const child = execFile(kubectl!, args, {env: environment, timeout: 30_000}, (error, stdout, stderr) =>
      error === null ? resolve(stdout) : reject(new Error(`${error.message}\n${stderr}`)),
    );
    child.stdin?.end(input);
  });
}

const manifest = (replicas: number, label: string): string => `apiVersion: apps/v1
kind: Deployment
metadata: {name: shop, namespace: shop, labels: {tier: ${label}}}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
      - {name: shop, image: 'shop:${replicas}', ports: [{containerPort: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: shop, namespace: shop}
spec: {selector: {app: shop}, ports: [{port: 80, protocol: TCP}]}
`;

test(
  'kubectl gets, applies, labels and deletes',
  {skip: kubectl === null && 'kubectl is not there: apt-get install kubernetes-client'},
  async () => {
    await withCluster(async (cluster) => {
      const {api} = cluster;
      const all = JSON.parse(await run(cluster, ['get', 'pods', '-A', '-o', 'json'])) as {
        items: {metadata: {name: string; namespace: string}}[];
      };
      const keys = all.items.map(({metadata}) => `${metadata.namespace}/${metadata.name}`);
      assert.deepEqual(keys.sort(), podKeys(api));
      const names = async (...args: string[]): Promise<string[]> =>
        (await run(cluster, ['get', 'pods', '-o', 'name', ...args])).trim().split('\n').sort();
      assert.deepEqual(
        await names('--chunk-size=2', '-l', 'app=web', '--field-selector=spec.nodeName=node-2'),
        ['pod/web-2'],
      );
      assert.ok(api.requests.some((each) => each.includes('limit=2')));
      api.requests.length = 0;
      assert.equal((await names('--chunk-size=2')).length, podKeys(api, 'default/').length);
      assert.ok(api.requests.filter((each) => each.includes('continue=')).length >= 2);
      assert.match(await run(cluster, ['get', 'nodes']), /node-2/);
      assert.match(await run(cluster, ['api-resources']), /endpointslices/);

      const file = join(cluster.folder, 'shop.yaml');
      // The schemas of the server say nothing of how lists are merged.
      const apply = ['apply', '--openapi-patch=false', '-f', file];
      writeFileSync(file, manifest(1, 'old'));
      assert.match(await run(cluster, apply), /deployment.apps\/shop created\nservice\/shop created/);
      writeFileSync(file, manifest(3, 'new'));
      assert.match(await run(cluster, apply), /deployment.apps\/shop configured\nservice\/shop unchanged/);
      const {object} = api.store.get(api.store.collection('apps', 'v1', 'deployments'), 'shop/shop');
      const spec = object['spec'] as {replicas: number; template: {spec: {containers: unknown[]}}};
      assert.deepEqual(
        [spec.replicas, object.metadata.labels, object.metadata.generation],
        [3, {tier: 'new'}, 2],
      );
      assert.deepEqual(spec.template.spec.containers, [
        {name: 'shop', image: 'shop:3', ports: [{containerPort: 80}]},
      ]);
      await run(cluster, ['label', 'pod', 'web-1', 'extra=yes', 'app-']);
      const pod = api.store.get(api.store.collection('', 'v1', 'pods'), 'default/web-1').object;
      assert.deepEqual(pod.metadata.labels, {'pod-template-hash': '5d89', extra: 'yes'});
      await run(cluster, ['delete', 'pod', 'web-1', '--timeout=20s']);
      assert.ok(!podKeys(api).includes('default/web-1'));
      await assert.rejects(run(cluster, ['get', 'pod', 'web-1']), /pods "web-1" not found/);
      api.token = 'another';
      await assert.rejects(run(cluster, ['get', 'pods']), /logged in|Unauthorized/);
    });
  },
);

test(
  'kubectl watches',
  {skip: kubectl === null && 'kubectl is not there: apt-get install kubernetes-client'},
  async () => {
    await withCluster(async ({api, file, folder}) => {
      const child = spawn(kubectl!, ['get', 'pods', '--watch', '-o', 'name'], {
        env: {...process.env, HOME: folder, KUBECONFIG: file},
      });
      let printed = '';
      child.stdout.on('data', (data: Buffer) => (printed += data.toString()));
      try {
        await until(() => printed.includes('pod/web-1') && api.watches.size === 1);
        api.put(podObject('fresh', {ip: '10.5.5.5'}));
        await until(() => printed.includes('pod/fresh'));
        api.remove(podObject('fresh'));
        await until(() => printed.split('pod/fresh').length === 3);
      } finally {
        child.kill();
      }
    });
  },
);

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 1500; i++) {
    if (condition()) return;
    await sleep(10);
  }
  assert.fail(`not within 15 s: ${condition.toString()}`);
}

test('@kubernetes/client-node lists in pages, creates, replaces and deletes', async () => {
  await withCluster(async ({api, text}) => {
    const config = new KubeConfig();
    config.loadFromString(text);
    const core = config.makeApiClient(CoreV1Api);
    const names: string[] = [];
    let token: string | undefined;
    do {
      const page = await core.listPodForAllNamespaces({
        limit: 3,
        ...(token !== undefined && {_continue: token}),
      });
      assert.ok(page.items.length <= 3);
      for (const {metadata} of page.items) names.push(`${metadata!.namespace}/${metadata!.name}`);
      token = page.metadata!._continue;
    } while (token !== undefined);
    assert.deepEqual(names.sort(), podKeys(api));
    const created = await core.createNamespacedPod({
      namespace: 'shop',
      body: {metadata: {generateName: 'made-'}, spec: {containers: [{name: 'c', image: 'i'}]}},
    });
    const name = created.metadata!.name!;
    assert.match(name, /^made-.{5,}$/);
    created.metadata!.labels = {a: 'b'};
    const replaced = await core.replaceNamespacedPod({namespace: 'shop', name, body: created});
    assert.deepEqual(replaced.metadata!.labels, {a: 'b'});
    await assert.rejects(
      core.replaceNamespacedPod({namespace: 'shop', name, body: created}),
      /the object has been modified/,
    );
    await core.deleteNamespacedPod({namespace: 'shop', name});
    await assert.rejects(core.readNamespacedPod({namespace: 'shop', name}), /not found/);
    await assert.rejects(
      core.createNamespacedPod({namespace: 'nowhere', body: {metadata: {name}}}),
      /nowhere.* not found/,
    );
  });
});

test('@kubernetes/client-node follows pods, and is told when its version is gone', async () => {
  await withCluster(async ({api, text}) => {
    const config = new KubeConfig();
    config.loadFromString(text);
    const core = config.makeApiClient(CoreV1Api);
    const informer = makeInformer(config, '/api/v1/namespaces/default/pods', () =>
      core.listNamespacedPod({namespace: 'default'}),
    );
    const seen = new Map<string, V1Pod>();
    for (const event of ['add', 'update'] as const)
      informer.on(event, (pod) => seen.set(pod.metadata!.name!, pod));
    informer.on('delete', (pod) => seen.delete(pod.metadata!.name!));
    informer.on('error', () => {});
    await informer.start();
    try {
      await until(() => seen.size === podKeys(api, 'default/').length && api.watches.size > 0);
      api.put(podObject('fresh', {ip: '10.5.5.5'}));
      api.remove(podObject('web-1'));
      await until(() => seen.has('fresh') && !seen.has('web-1'));
      assert.equal(seen.get('fresh')!.status!.podIP, '10.5.5.5');
    } finally {
      await informer.stop();
    }
    api.store.compact();
    api.put(podObject('later', {ip: '10.5.5.6'}));
    const events: {type: string; object: {code?: number; reason?: string; metadata?: {name?: string}}}[] = [];
    const watch = new Watch(config);
    const request = await watch.watch(
      '/api/v1/namespaces/default/pods',
      {resourceVersion: '1000', allowWatchBookmarks: true},
      (type, object) => events.push({type, object}),
      () => {},
    );
    await until(() => events.length > 0);
    assert.deepEqual(
      [events[0]!.type, events[0]!.object.code, events[0]!.object.reason],
      ['ERROR', 410, 'Expired'],
    );
    request.abort();
    events.length = 0;
    const initial = await watch.watch(
      '/api/v1/namespaces/shop/pods',
      {sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan', allowWatchBookmarks: true},
      (type, object) => events.push({type, object}),
      () => {},
    );
    await until(() => events.length >= 2);
    assert.deepEqual(
      events.slice(0, 2).map(({type, object}) => `${type} ${object.metadata?.name ?? ''}`),
      ['ADDED job-1', 'BOOKMARK '],
    );
    initial.abort();
  });
});

test('a kubeconfig file means to this program what it means to @kubernetes/client-node', async () => {
  await withCluster(async ({api, file, text}) => {
    const config = new KubeConfig();
    config.loadFromString(text);
    const {server, http} = connectionOfKubeconfig(file, {readFile: () => text, environment: {}});
    assert.equal(server, config.getCurrentCluster()!.server);
    assert.equal(http.authorization!.credentials, config.getCurrentUser()!.token);
    assert.equal(btoa(http.tls!.ca!), config.getCurrentCluster()!.caData);
    assert.equal(server, api.url);
  });
});
