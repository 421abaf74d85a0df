// Objects of a cluster for the test API server: a small one that has every case, and big ones that are alike.
import {setTimeout as sleep} from 'node:timers/promises';
import type {TestKubeApi} from './kubeapi.ts';
import type {ApiObject} from './kubeapi-store.ts';

type Fields = Record<string, unknown>;

function object(apiVersion: string, kind: string, metadata: Fields, rest: Fields = {}): ApiObject {
  return {apiVersion, kind, metadata, ...rest} as unknown as ApiObject;
}

export function nodeObject(name: string, ip: string, metadata: Fields = {}): ApiObject {
  const labels = {
    'kubernetes.io/hostname': name,
    'kubernetes.io/os': 'linux',
    'topology.kubernetes.io/zone': 'zone-a',
  };
  return object(
    'v1',
    'Node',
    {name, labels, annotations: {'node.alpha/ttl': '0'}, ...metadata},
    {
      spec: {providerID: `test:///zone-a/${name}`},
      status: {
        addresses: [
          {type: 'InternalIP', address: ip},
          {type: 'Hostname', address: name},
          {type: 'ExternalIP', address: `203.0.113.${ip.split('.').at(-1)}`},
        ],
        conditions: [
          {type: 'MemoryPressure', status: 'False'},
          {type: 'DiskPressure', status: 'Unknown'},
          {type: 'Ready', status: 'True'},
        ],
        daemonEndpoints: {kubeletEndpoint: {Port: 10250}},
      },
    },
  );
}

export interface PodOptions {
  namespace?: string;
  ip?: string;
  node?: string;
  phase?: string;
  ready?: boolean;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  owner?: {kind: string; name: string; apiVersion?: string};
  containers?: Fields[];
  initContainers?: Fields[];
  ids?: Record<string, string>;
}

const webContainer: Fields = {
  name: 'web',
  image: 'registry.test/web:1.2',
  ports: [
    {containerPort: 8080, name: 'http', protocol: 'TCP'},
    {containerPort: 9090, name: 'metrics', protocol: 'TCP'},
  ],
};

export function podObject(name: string, options: PodOptions = {}): ApiObject {
  const {namespace = 'default', ip = '', node = 'node-1', phase = 'Running', ready = true, owner} = options;
  const {containers = [webContainer], initContainers, ids = {}} = options;
  const statusesOf = (list: Fields[]): Fields[] =>
    list.map((each) => ({
      name: each['name'],
      containerID: ids[each['name'] as string] ?? `containerd://${name}`,
    }));
  return object(
    'v1',
    'Pod',
    {
      name,
      namespace,
      labels: options.labels ?? {app: 'web', 'pod-template-hash': '5d89'},
      annotations: options.annotations ?? {'prometheus.io/scrape': 'true'},
      managedFields: [{manager: 'kubelet', operation: 'Update', fieldsV1: {'f:status': {'f:podIP': {}}}}],
      ...(owner !== undefined && {
        ownerReferences: [
          {
            apiVersion: 'apps/v1',
            uid: `uid-${owner.name}`,
            controller: true,
            blockOwnerDeletion: true,
            ...owner,
          },
        ],
      }),
    },
    {
      spec: {nodeName: node, containers, ...(initContainers !== undefined && {initContainers})},
      status: {
        phase,
        ...(ip !== '' && {podIP: ip, podIPs: [{ip}]}),
        hostIP: '10.0.0.1',
        conditions: [{type: 'Ready', status: ready ? 'True' : 'False'}],
        containerStatuses: statusesOf(containers),
        initContainerStatuses: statusesOf(initContainers ?? []),
      },
    },
  );
}

export function serviceObject(
  name: string,
  spec: Fields,
  metadata: Fields = {},
  status: Fields = {},
): ApiObject {
  const rest = {spec: {type: 'ClusterIP', clusterIP: '10.96.0.10', ...spec}, status};
  return object('v1', 'Service', {name, namespace: 'default', labels: {app: name}, ...metadata}, rest);
}

function podReference(name: string, namespace = 'default'): Fields {
  return {kind: 'Pod', name, namespace, uid: `uid-${name}`};
}

export function endpointsObject(name: string, subsets: unknown[], metadata: Fields = {}): ApiObject {
  return object('v1', 'Endpoints', {name, namespace: 'default', labels: {app: name}, ...metadata}, {subsets});
}

export function sliceObject(
  name: string,
  service: string | null,
  rest: Fields,
  metadata: Fields = {},
): ApiObject {
  const labels = service === null ? {odd: 'yes'} : {'kubernetes.io/service-name': service, team: 'a'};
  return object(
    'discovery.k8s.io/v1',
    'EndpointSlice',
    {name, namespace: 'default', labels, ...metadata},
    {
      addressType: 'IPv4',
      ...rest,
    },
  );
}

/** A cluster that has every case that labels distinguish. `newer`: also those that older Prometheus read otherwise. */
export function fillSmallCluster(api: TestKubeApi, newer: boolean): void {
  for (const name of ['shop', 'other'])
    api.put(
      object('v1', 'Namespace', {
        name,
        labels: {team: name, 'a/b-c': 'd'},
        annotations: {note: `of ${name}`},
      }),
    );
  api.put(nodeObject('node-1', '10.0.0.1'));
  api.put(nodeObject('node-2', '10.0.0.2', {labels: {role: 'db', 'x.y/z': ''}}));
  const noAddress = nodeObject('node-3', '10.0.0.3');
  (noAddress['status'] as Fields)['addresses'] = [];
  api.put(noAddress);
  putPods(api, newer);
  putServices(api, newer);
  putEndpoints(api, false);
  putSlices(api, newer, false);
  putIngresses(api);
}

/**
 * What changes when a pod becomes ready, others come and go, and a node gets another label. Pods come first: Prometheus
 * does not look at endpoints again when a pod changes after them.
 */
export async function changeSmallCluster(api: TestKubeApi, newer: boolean): Promise<void> {
  api.put(podObject('web-3', {ip: '10.1.0.77'}));
  api.put(nodeObject('node-1', '10.0.0.1', {labels: {changed: 'yes'}}));
  api.put(
    podObject('web-2', {ip: '10.1.0.2', node: 'node-2', phase: 'Running', ids: {web: 'containerd://2'}}),
  );
  api.remove(endpointsObject('bare', []));
  api.remove(podObject('bare'));
  await sleep(500);
  putEndpoints(api, true);
  putSlices(api, newer, true);
}

function putPods(api: TestKubeApi, newer: boolean): void {
  const replicaSet = {kind: 'ReplicaSet', name: 'web-5d89'};
  const owned = {
    ownerReferences: [{apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: 'u1', controller: true}],
  };
  api.put(object('apps/v1', 'ReplicaSet', {name: 'web-5d89', namespace: 'default', ...owned}));
  const cron = {
    ownerReferences: [
      {apiVersion: 'batch/v1', kind: 'CronJob', name: 'nightly', uid: 'u2', controller: true},
    ],
  };
  api.put(object('batch/v1', 'Job', {name: 'nightly-1', namespace: 'shop', ...cron}));
  api.put(podObject('web-1', {ip: '10.1.0.1', owner: replicaSet}));
  api.put(
    podObject('web-2', {ip: '10.1.0.2', owner: replicaSet, node: 'node-2', ready: false, phase: 'Pending'}),
  );
  api.put(podObject('starting', {owner: replicaSet}));
  api.put(podObject('v6', {ip: 'fd00::17', labels: {'app.kubernetes.io/name': 'v6'}, annotations: {}}));
  api.put(
    podObject('job-1', {
      namespace: 'shop',
      ip: '10.1.0.3',
      owner: {kind: 'Job', name: 'nightly-1', apiVersion: 'batch/v1'},
    }),
  );
  api.put(
    podObject('bare', {
      ip: '10.1.0.4',
      containers: [{name: 'quiet', image: 'quiet:1'}, webContainer],
      initContainers: [{name: 'setup', image: 'init:1', ports: [{containerPort: 7000, protocol: 'UDP'}]}],
      ids: {quiet: 'containerd://q', setup: 'containerd://s'},
    }),
  );
  // Older ones tell its targets even where nodes are attached.
  if (newer) api.put(podObject('lost', {ip: '10.1.0.9', node: 'node-gone'}));
}

function putServices(api: TestKubeApi, newer: boolean): void {
  const ports = [{port: 80, name: 'http', protocol: 'TCP', targetPort: 8080}];
  api.put(serviceObject('web', {ports}, {annotations: {'prometheus.io/port': '8080'}}));
  api.put(
    serviceObject('outside', {
      type: 'ExternalName',
      clusterIP: undefined,
      externalName: 'db.example.org',
      ports,
    }),
  );
  api.put(
    serviceObject(
      'headless',
      {clusterIP: 'None', ports: [...ports, {port: 53, protocol: 'UDP'}]},
      {namespace: 'shop'},
    ),
  );
  api.put(serviceObject('portless', {}));
  api.put(serviceObject('balanced', {type: 'LoadBalancer', loadBalancerIP: '198.51.100.7', ports}));
  if (!newer) return;
  const ingress = [{ip: '198.51.100.8'}, {hostname: 'lb.example.org'}, {ip: '198.51.100.9'}];
  api.put(serviceObject('balanced-2', {type: 'LoadBalancer', ports}, {}, {loadBalancer: {ingress}}));
  api.put(serviceObject('dual', {ipFamilyPolicy: 'PreferDualStack', ipFamilies: ['IPv4', 'IPv6'], ports}));
}

function putEndpoints(api: TestKubeApi, isReady: boolean): void {
  const second = {ip: '10.1.0.2', nodeName: 'node-2', targetRef: podReference('web-2'), hostname: 'two'};
  api.put(
    endpointsObject('web', [
      {
        addresses: [
          {ip: '10.1.0.1', nodeName: 'node-1', targetRef: podReference('web-1')},
          ...(isReady ? [second] : []),
        ],
        notReadyAddresses: isReady ? [] : [second],
        ports: [{port: 8080, name: 'http', protocol: 'TCP'}],
      },
      {
        addresses: [
          {ip: '10.0.0.2', targetRef: {kind: 'Node', name: 'node-2'}},
          {ip: '192.0.2.1'},
          {ip: '10.1.0.5', targetRef: podReference('unknown')},
        ],
        ports: [{port: 1234, protocol: 'UDP'}],
      },
    ]),
  );
  api.put(
    endpointsObject('orphan', [{addresses: [{ip: '10.9.9.9'}], ports: [{port: 1}]}], {
      namespace: 'shop',
      annotations: {a: 'b'},
    }),
  );
  api.put(endpointsObject('empty', []));
  if (isReady) return;
  const ports = [{port: 7000, name: 'init', protocol: 'UDP'}];
  api.put(endpointsObject('bare', [{addresses: [{ip: '10.1.0.4', targetRef: podReference('bare')}], ports}]));
}

function putSlices(api: TestKubeApi, newer: boolean, isReady: boolean): void {
  api.put(
    sliceObject('web-abc', 'web', {
      endpoints: [
        {
          addresses: ['10.1.0.1'],
          conditions: {ready: true, serving: true, terminating: false},
          nodeName: 'node-1',
          zone: 'zone-a',
          targetRef: podReference('web-1'),
        },
        {
          addresses: ['10.1.0.2', '10.1.0.22'],
          conditions: {ready: isReady},
          hostname: 'two',
          nodeName: 'node-2',
          targetRef: podReference('web-2'),
          deprecatedTopology: {'kubernetes.io/hostname': 'node-2'},
        },
        {addresses: ['10.0.0.2'], targetRef: {kind: 'Node', name: 'node-2'}},
      ],
      ports: [
        {port: 8080, name: 'http', protocol: 'TCP', appProtocol: 'http'},
        {port: 9999, name: '', protocol: 'UDP'},
      ],
    }),
  );
  api.put(
    sliceObject('free', null, {endpoints: [{addresses: ['10.9.9.9']}], ports: [{}]}, {namespace: 'shop'}),
  );
  api.put(
    sliceObject('v6-abc', 'missing', {
      addressType: 'IPv6',
      endpoints: [{addresses: ['fd00::17']}],
      ports: [{port: 80}],
    }),
  );
  if (!newer) return;
  const endpoints = [{addresses: ['fd00::18'], conditions: {ready: true}}];
  api.put(sliceObject('dual-6', 'dual', {addressType: 'IPv6', endpoints, ports: [{port: 80}]}));
  api.put(sliceObject('dual-4', 'dual', {endpoints: [{addresses: ['10.1.0.18']}], ports: [{port: 80}]}));
}

function putIngresses(api: TestKubeApi): void {
  const ingress = (name: string, spec: Fields, metadata: Fields = {}): ApiObject =>
    object('networking.k8s.io/v1', 'Ingress', {name, namespace: 'default', ...metadata}, {spec});
  api.put(
    ingress(
      'web',
      {
        ingressClassName: 'nginx',
        tls: [{hosts: ['*.example.org', 'exact.test']}],
        rules: [
          {host: 'a.example.org', http: {paths: [{path: '/x', pathType: 'Prefix'}, {pathType: 'Exact'}]}},
          {host: 'exact.test'},
          {host: 'a.b.example.org', http: {paths: [{path: '/y'}]}},
          {http: {paths: [{path: '/any'}]}},
          {host: 'none.test', http: {paths: []}},
        ],
      },
      {labels: {app: 'web'}, annotations: {'nginx.ingress.kubernetes.io/rewrite-target': '/'}},
    ),
  );
  api.put(
    ingress('plain', {rules: [{host: 'plain.test', http: {paths: [{path: '/'}]}}]}, {namespace: 'shop'}),
  );
}
